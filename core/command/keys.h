// Which of a command's arguments are keys, and what it does with each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/command/spec.h"

namespace kvasm::command {

struct KeyPosition {
  size_t index;    // into the arguments, the command's name being 0
  uint16_t flags;  // KeyFlag bits
};

// The keys that the key specs and, where `kVariableKeys` says so, the arguments themselves tell.
// False if the arguments make no sense (a count that is no number or that counts too far).
bool FindKeys(const CommandSpec& spec, std::span<const std::string_view> args,
              std::vector<KeyPosition>* keys);

bool HasKeys(const CommandSpec& spec);

// Where the keys stand by the older description of COMMAND INFO, which knows one range only.
// `movable`: the range does not tell all.
struct LegacyRange {
  int first = 0;
  int last = 0;
  int step = 0;
  bool movable = false;
};
LegacyRange LegacyRangeOf(const CommandSpec& spec);

}  // namespace kvasm::command
