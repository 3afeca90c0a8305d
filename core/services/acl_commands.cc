#include "core/services/acl_commands.h"

#include <algorithm>
#include <utility>

#include "core/base/ascii.h"

namespace kvasm::services {

AclCommands::AclCommands(std::vector<AclCommand> commands,
                         std::span<const std::string_view> categories)
    : commands_(std::move(commands)), categories_(categories) {
  for (size_t i = 0; i < commands_.size(); ++i) by_name_.push_back(static_cast<uint16_t>(i));
  std::sort(by_name_.begin(), by_name_.end(), [this](uint16_t a, uint16_t b) {
    return base::CompareIgnoreCase(commands_[a].name, commands_[b].name) < 0;
  });
}

int32_t AclCommands::Find(std::string_view name) const {
  const auto at = std::lower_bound(
      by_name_.begin(), by_name_.end(), name, [this](uint16_t index, std::string_view wanted) {
        return base::CompareIgnoreCase(commands_[index].name, wanted) < 0;
      });
  if (at == by_name_.end() || !base::EqualsIgnoreCase(commands_[*at].name, name)) return kNone;
  return *at;
}

uint32_t AclCommands::CategoryBit(std::string_view name) const {
  for (size_t i = 0; i < categories_.size(); ++i) {
    if (base::EqualsIgnoreCase(categories_[i], name)) return 1u << i;
  }
  return 0;
}

}  // namespace kvasm::services
