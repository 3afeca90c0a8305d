// What SCAN, HSCAN, SSCAN and ZSCAN have in common. Behaviour: Redis 7.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/glob.h"
#include "core/command/arguments.h"

namespace kvasm::commands {

// A cursor as strtoul reads it; null when it is none.
std::optional<uint64_t> ParseScanCursor(std::string_view text);

struct ScanOptions {
  uint64_t count = 10;
  std::string_view pattern = "*";

  bool Matches(std::string_view text) const {
    return base::MatchesAll(pattern) || base::GlobMatch(pattern, text);
  }
  // Buckets to visit at most, so that a sparse table does not hold a call up.
  uint64_t buckets_max() const { return count * 10; }
};

// Reads COUNT and MATCH up to the end of the arguments; another word is a syntax error.
ScanOptions ReadScanOptions(command::Arguments& in);

}  // namespace kvasm::commands
