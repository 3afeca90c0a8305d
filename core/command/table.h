// The joined table of all commands and the look-up by name. Built once per engine from the
// families' tables (core/commands/all.h); nothing registers itself.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/command/spec.h"

namespace kvasm::command {

class Table {
 public:
  static constexpr int32_t kNone = -1;

  // The specs are borrowed (static tables). Names must be unique.
  explicit Table(std::span<const std::span<const CommandSpec>> families);

  size_t size() const { return specs_.size(); }
  // By index: top-level commands and subcommands ("config|get") alike.
  const CommandSpec& at(size_t index) const { return *specs_[index]; }

  // The index of a top-level command or of "container|subcommand", in any case; kNone if unknown.
  int32_t Find(std::string_view name) const;
  // The index of a container's subcommand; kNone if there is none of that name.
  int32_t FindSubcommand(size_t container, std::string_view name) const;

  // Whether the command has subcommands.
  bool IsContainer(size_t index) const { return subcommands_[index] > 0; }
  static bool IsSubcommand(const CommandSpec& spec) {
    return spec.name.find('|') != std::string_view::npos;
  }
  // Calls visit(index, spec) for each subcommand of a container, in the order of declaration.
  template <class F>
  void ForEachSubcommand(size_t container, F visit) const {
    const std::string_view name = specs_[container]->name;
    for (size_t i = 0; i < specs_.size(); ++i) {
      const std::string_view full = specs_[i]->name;
      if (full.size() > name.size() && full[name.size()] == '|' && full.starts_with(name)) {
        visit(i, *specs_[i]);
      }
    }
  }
  size_t top_level_count() const { return top_level_count_; }

 private:
  int32_t Lookup(std::string_view first, std::string_view second) const;

  std::vector<const CommandSpec*> specs_;
  std::vector<uint16_t> subcommands_;  // per command
  std::vector<int32_t> slots_;         // open addressing, a power of two
  size_t top_level_count_ = 0;
};

}  // namespace kvasm::command
