#include "core/commands/scan_options.h"

#include "core/base/ascii.h"

namespace kvasm::commands {

std::optional<uint64_t> ParseScanCursor(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
  }
  uint64_t cursor = 0;
  for (char c : text) {
    if (!base::IsDigit(c)) return std::nullopt;
    if (__builtin_mul_overflow(cursor, 10u, &cursor) ||
        __builtin_add_overflow(cursor, static_cast<uint64_t>(c - '0'), &cursor)) {
      return std::nullopt;
    }
  }
  return negative ? 0 - cursor : cursor;
}

ScanOptions ReadScanOptions(command::Arguments& in) {
  constexpr uint64_t kCountMax = UINT64_MAX / 10;
  ScanOptions options;
  while (in.More()) {
    if (in.TakeWithValue("COUNT")) {
      int64_t count = in.Int();
      if (count < 1) in.Fail(errors::kSyntax);
      options.count = std::min(static_cast<uint64_t>(count), kCountMax);
    } else if (in.TakeWithValue("MATCH")) {
      options.pattern = in.Next();
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  return options;
}

}  // namespace kvasm::commands
