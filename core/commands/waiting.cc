#include "core/commands/waiting.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "core/base/extended.h"

namespace kvasm::commands {
namespace {

// Redis reads the number with 80 bits: what no double holds is not refused for that.
std::optional<double> ParseSeconds(std::string_view text) {
  if (const std::optional<double> seconds = base::ParseDouble(text)) return seconds;
  const std::optional<base::Extended> wide = base::Extended::Parse(text);
  if (!wide) return std::nullopt;
  const std::string digits = wide->Text();
  if (digits == "-0") return 0;
  if (digits == "0") return std::numeric_limits<double>::min();
  constexpr double kHuge = std::numeric_limits<double>::max();
  return text.starts_with('-') ? -kHuge : kHuge;
}

}  // namespace

int64_t ReadDeadline(command::Arguments& in, int64_t now_ms) {
  const std::string_view text = in.Next();
  if (!in.ok()) return 0;
  const std::optional<double> seconds = ParseSeconds(text);
  if (!seconds) {
    in.Fail(errors::kTimeoutNotFloat);
    return 0;
  }
  constexpr auto kMost = static_cast<double>(std::numeric_limits<int64_t>::max());
  const double wait_ms = std::ceil(*seconds * 1000);
  if (wait_ms < 0) {
    in.Fail(errors::kTimeoutNegative);
  } else if (wait_ms >= kMost - static_cast<double>(now_ms)) {
    in.Fail(errors::kTimeoutOutOfRange);
  }
  return in.ok() && wait_ms > 0 ? now_ms + static_cast<int64_t>(wait_ms) : 0;
}

int64_t ReadDeadlineMs(command::Arguments& in, int64_t now_ms) {
  const int64_t timeout_ms = in.Int(errors::kTimeoutNotInteger);
  if (!in.ok()) return 0;
  if (timeout_ms < 0) in.Fail(errors::kTimeoutNegative);
  if (timeout_ms > std::numeric_limits<int64_t>::max() - now_ms) {
    in.Fail(errors::kTimeoutOutOfRange);
  }
  return in.ok() && timeout_ms > 0 ? now_ms + timeout_ms : 0;
}

}  // namespace kvasm::commands
