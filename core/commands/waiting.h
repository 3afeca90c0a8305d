// Shared by the commands that wait for something to take.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "core/command/arguments.h"

namespace kvasm::commands {

// The milliseconds since the epoch at which waiting ends, from seconds as a float; 0: never.
inline int64_t ReadDeadline(command::Arguments& in, int64_t now_ms) {
  const double seconds = in.Double(errors::kTimeoutNotFloat);
  if (!in.ok()) return 0;
  constexpr auto kMost = static_cast<double>(std::numeric_limits<int64_t>::max());
  const double wait_ms = std::ceil(seconds * 1000);
  if (seconds < 0) {
    in.Fail(errors::kTimeoutNegative);
  } else if (wait_ms >= kMost - static_cast<double>(now_ms)) {
    in.Fail(errors::kTimeoutOutOfRange);
  }
  return in.ok() && wait_ms > 0 ? now_ms + static_cast<int64_t>(wait_ms) : 0;
}

}  // namespace kvasm::commands
