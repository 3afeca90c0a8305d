#include "core/commands/scan_options.h"

#include "core/base/ascii.h"

namespace kvasm::commands {

std::optional<uint64_t> ParseScanCursor(std::string_view text) { return base::ParseCursor(text); }

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
