// The joined table of all commands and the look-up by name. Built once per engine from the
// families' tables (core/commands/all.h); nothing registers itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/command/packed.h"
#include "core/command/spec.h"

namespace kvasm::command {

class Table {
 public:
  static constexpr int32_t kNone = -1;

  // Names must be unique.
  explicit Table(std::span<const PackedSpecs> families);

  size_t size() const { return specs_.size(); }
  // By index: top-level commands and subcommands ("config|get") alike.
  const CommandSpec& at(size_t index) const { return specs_[index]; }

  // The index of a top-level command or of "container|subcommand", in any case, as clients call it;
  // kNone if unknown.
  int32_t Find(std::string_view name) const;
  // The index of a spec of this table, whatever clients call it.
  int32_t IndexOf(const CommandSpec& spec) const { return Lookup(spec.name, {}); }
  // Has Find know a command by another name only, or, if that is "", by none: `rename-command`.
  // The spec stays: ACL rules, statistics and documentation go by its own name. Returns "" or what
  // is wrong; nothing has changed then.
  std::string_view Rename(std::string_view from, std::string_view to);
  // The index of a container's subcommand; kNone if there is none of that name.
  int32_t FindSubcommand(size_t container, std::string_view name) const;

  // The index of what these arguments call, a subcommand if they name one; kNone if unknown.
  int32_t Resolve(std::span<const std::string_view> args) const;

  // Whether the command has subcommands.
  bool IsContainer(size_t index) const { return subcommands_[index] > 0; }
  static bool IsSubcommand(const CommandSpec& spec) {
    return spec.name.find('|') != std::string_view::npos;
  }
  // Calls visit(index, spec) for each subcommand of a container, in the order of declaration.
  template <class F>
  void ForEachSubcommand(size_t container, F visit) const {
    const std::string_view name = specs_[container].name;
    for (size_t i = 0; i < specs_.size(); ++i) {
      const std::string_view full = specs_[i].name;
      if (full.size() > name.size() && full[name.size()] == '|' && full.starts_with(name)) {
        visit(i, specs_[i]);
      }
    }
  }
  size_t top_level_count() const { return top_level_count_; }

 private:
  int32_t Lookup(std::string_view first, std::string_view second) const;
  void SetName(std::string_view name, int32_t index);

  std::vector<CommandSpec> specs_;
  std::vector<uint16_t> subcommands_;  // per command
  std::vector<int32_t> slots_;         // open addressing, a power of two
  size_t top_level_count_ = 0;
  std::vector<std::pair<std::string, int32_t>> renamed_;  // go before slots_; kNone: not found
};

}  // namespace kvasm::command
