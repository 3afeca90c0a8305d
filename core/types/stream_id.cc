#include "core/types/stream_id.h"

#include "core/base/ascii.h"
#include "core/base/bytes.h"
#include "core/base/numbers.h"

namespace kvasm::types {
namespace {

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
// Redis reads ids through a buffer of this size.
constexpr size_t kTextBytesMax = 127;

// What Redis's string2ull takes: a canonical signed number that is not negative, else whatever
// strtoull takes (where a negative number that is not canonical, "-01", wraps around).
std::optional<uint64_t> ParsePart(std::string_view text) {
  if (const std::optional<int64_t> number = base::ParseInt64(text)) {
    if (*number < 0) return std::nullopt;
    return static_cast<uint64_t>(*number);
  }
  size_t at = 0;
  while (at < text.size() && base::IsSpace(text[at])) ++at;
  bool negative = false;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  if (at == text.size()) return std::nullopt;
  uint64_t value = 0;
  for (; at < text.size(); ++at) {
    if (!base::IsDigit(text[at])) return std::nullopt;
    const auto digit = static_cast<uint64_t>(text[at] - '0');
    if (value > (kMost - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return negative ? uint64_t{0} - value : value;
}

bool IsEdge(std::string_view text, char edge) { return text.size() == 1 && text[0] == edge; }

std::string_view AsRead(std::string_view text) { return text.substr(0, text.find('\0')); }

std::optional<NewStreamId> Parse(std::string_view text, uint64_t missing_seq, bool star_allowed) {
  if (text.size() > kTextBytesMax) return std::nullopt;
  text = AsRead(text);
  if (IsEdge(text, '-') || IsEdge(text, '+')) return std::nullopt;
  const size_t dash = text.find('-');
  const std::optional<uint64_t> ms = ParsePart(text.substr(0, dash));
  if (!ms) return std::nullopt;
  if (dash == text.npos) return NewStreamId{{*ms, missing_seq}, true};
  const std::string_view seq_text = text.substr(dash + 1);
  if (star_allowed && seq_text == "*") return NewStreamId{{*ms, 0}, false};
  const std::optional<uint64_t> seq = ParsePart(seq_text);
  if (!seq) return std::nullopt;
  return NewStreamId{{*ms, *seq}, true};
}

}  // namespace

bool StreamId::Increment() {
  if (++seq != 0) return true;
  return ++ms != 0;
}

bool StreamId::Decrement() {
  if (seq-- != 0) return true;
  return ms-- != 0;
}

StreamKey::StreamKey(StreamId id) {
  base::Store64(bytes, __builtin_bswap64(id.ms));
  base::Store64(bytes + sizeof id.ms, __builtin_bswap64(id.seq));
}

StreamId StreamIdOfKey(std::string_view key) {
  return {__builtin_bswap64(base::Load64(key.data())),
          __builtin_bswap64(base::Load64(key.data() + sizeof(uint64_t)))};
}

size_t FormatStreamId(char* out, StreamId id) {
  size_t size = base::FormatUint64(out, id.ms);
  out[size++] = '-';
  return size + base::FormatUint64(out + size, id.seq);
}

std::string StreamIdText(StreamId id) { return std::string(StreamIdChars(id).view()); }

std::optional<StreamId> ParseStreamId(std::string_view text, uint64_t missing_seq) {
  const std::optional<NewStreamId> parsed = Parse(text, missing_seq, false);
  if (!parsed) return std::nullopt;
  return parsed->id;
}

std::optional<StreamId> ParseStreamIdOrEdge(std::string_view text, uint64_t missing_seq) {
  if (text.size() <= kTextBytesMax) {
    if (IsEdge(AsRead(text), '-')) return StreamId::Lowest();
    if (IsEdge(AsRead(text), '+')) return StreamId::Highest();
  }
  return ParseStreamId(text, missing_seq);
}

std::optional<NewStreamId> ParseNewStreamId(std::string_view text) { return Parse(text, 0, true); }

std::optional<StreamBound> ParseStreamBound(std::string_view text, uint64_t missing_seq) {
  const bool open = text.size() > 1 && text[0] == '(';
  const std::optional<StreamId> id =
      open ? ParseStreamId(text.substr(1), missing_seq) : ParseStreamIdOrEdge(text, missing_seq);
  if (!id) return std::nullopt;
  return StreamBound{*id, open};
}

}  // namespace kvasm::types
