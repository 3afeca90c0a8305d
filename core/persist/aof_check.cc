#include "core/persist/aof_check.h"

#include <optional>

#include "core/base/ascii.h"
#include "core/base/numbers.h"

namespace kvasm::persist {
namespace {

constexpr std::string_view kTimestamp = "#TS:";

}  // namespace

AofCheck::Verdict AofCheck::Feed(std::string_view bytes) {
  if (verdict_ == Verdict::kMore && reader_.Feed(bytes) == AofReader::Outcome::kFailed &&
      verdict_ == Verdict::kMore) {
    verdict_ = Verdict::kFaulty;
  }
  return verdict_;
}

AofCheck::Verdict AofCheck::Finish() {
  if (verdict_ == Verdict::kMore) {
    verdict_ = reader_.Finish() == AofReader::End::kWhole ? Verdict::kGood : Verdict::kFaulty;
  }
  return verdict_;
}

uint64_t AofCheck::fault_offset() const {
  const bool in_last = refused_multi_or_exec() || fault().kind == AofFault::Kind::kTransaction;
  return in_last ? last_offset_ : fault().offset;
}

bool AofCheck::Command(std::span<const std::string_view> arguments) {
  const bool multi = base::EqualsIgnoreCase(arguments[0], "multi");
  const bool exec = base::EqualsIgnoreCase(arguments[0], "exec");
  if (!multi && !exec && !in_multi_) return true;
  // The first argument stands behind two lines.
  char digits[base::kIntCharsMax];
  const size_t count_chars = base::FormatUint64(digits, arguments.size());
  const size_t bytes_chars = base::FormatUint64(digits, arguments[0].size());
  const uint64_t name_offset = reader_.offset() + 1 + count_chars + 2 + 1 + bytes_chars + 2;
  if (multi || exec) {
    last_offset_ = name_offset;
    if (multi == in_multi_) {
      verdict_ = multi ? Verdict::kNestedMulti : Verdict::kExecWithout;
      return false;
    }
    in_multi_ = multi;
    if (multi) multi_offset_ = reader_.offset();
  }
  last_offset_ = name_offset + static_cast<uint64_t>(arguments.back().data() - arguments[0].data());
  return true;
}

bool AofCheck::Annotation(std::string_view line) {
  last_offset_ = reader_.offset();
  if (until_s_ == 0 || line.substr(0, kTimestamp.size()) != kTimestamp) return true;
  std::string_view digits = line.substr(kTimestamp.size());
  if (digits.ends_with("\r\n")) digits.remove_suffix(2);
  const std::optional<int64_t> at_s = base::ParseInt64(digits);
  if (at_s && *at_s <= until_s_) return true;
  verdict_ = at_s ? Verdict::kPastTime : Verdict::kNotATime;
  return false;
}

}  // namespace kvasm::persist
