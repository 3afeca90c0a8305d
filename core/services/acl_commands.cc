#include "core/services/acl_commands.h"

#include "core/base/ascii.h"

namespace kvasm::services {

int32_t AclCommands::Find(std::string_view name) const {
  for (size_t i = 0; i < commands_.size(); ++i) {
    if (base::EqualsIgnoreCase(commands_[i].name, name)) return static_cast<int32_t>(i);
  }
  return kNone;
}

uint32_t AclCommands::CategoryBit(std::string_view name) const {
  for (size_t i = 0; i < categories_.size(); ++i) {
    if (base::EqualsIgnoreCase(categories_[i], name)) return 1u << i;
  }
  return 0;
}

}  // namespace kvasm::services
