// What access control has to know of the commands: their names, their categories and which belong
// to which container. Made by the engine of its command table, in the table's order.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace kvasm::services {

struct AclCommand {
  std::string_view name;  // lower case; a subcommand is "container|name"; borrowed
  uint32_t categories = 0;
  int32_t container = -1;  // of a subcommand: the index of its container
  bool has_subcommands = false;
};

class AclCommands {
 public:
  static constexpr int32_t kNone = -1;

  // `categories` are the names of the categories, bit by bit; borrowed.
  AclCommands(std::vector<AclCommand> commands, std::span<const std::string_view> categories)
      : commands_(std::move(commands)), categories_(categories) {}

  size_t size() const { return commands_.size(); }
  const AclCommand& at(size_t index) const { return commands_[index]; }
  std::span<const std::string_view> categories() const { return categories_; }

  // By the full name, in any case. Looks through all of them: rules are rarely given.
  int32_t Find(std::string_view name) const;
  // The bit of a category by its name without '@', in any case; 0 if there is none.
  uint32_t CategoryBit(std::string_view name) const;

 private:
  std::vector<AclCommand> commands_;
  std::span<const std::string_view> categories_;
};

}  // namespace kvasm::services
