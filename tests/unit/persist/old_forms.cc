#include "tests/unit/persist/old_forms.h"

#include <algorithm>
#include <cstdint>

#include "core/base/numbers.h"

namespace kvasm::testing {
namespace {

std::string Little(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string ZiplistNumber(int64_t value) {
  if (value >= 0 && value <= 12) return std::string(1, static_cast<char>(0xf1 + value));
  const auto bits = static_cast<uint64_t>(value);
  const auto fits = [value](int width) {
    return value >= -(int64_t{1} << (width - 1)) && value < int64_t{1} << (width - 1);
  };
  if (fits(8)) return "\xfe" + Little(bits, 1);
  if (fits(16)) return "\xc0" + Little(bits, 2);
  if (fits(24)) return "\xf0" + Little(bits, 3);
  if (fits(32)) return "\xd0" + Little(bits, 4);
  return "\xe0" + Little(bits, 8);
}

std::string ZiplistText(const std::string& text) {
  const size_t size = text.size();
  if (size < 64) return static_cast<char>(size) + text;
  if (size < 16384) {
    return std::string{static_cast<char>(0x40 | size >> 8), static_cast<char>(size)} + text;
  }
  std::string length = Little(size, 4);
  std::reverse(length.begin(), length.end());
  return "\x80" + length + text;
}

std::string ShortLength(size_t size) {
  if (size < 254) return std::string(1, static_cast<char>(size));
  return "\xfe" + Little(size, 4);
}

}  // namespace

std::string Ziplist(const std::vector<std::string>& texts) {
  constexpr size_t kHeaderBytes = 10;
  std::string entries;
  size_t last = kHeaderBytes;
  size_t previous_bytes = 0;
  for (const std::string& text : texts) {
    const auto number = base::ParseInt64(text);
    const std::string entry =
        ShortLength(previous_bytes) + (number ? ZiplistNumber(*number) : ZiplistText(text));
    last = kHeaderBytes + entries.size();
    entries += entry;
    previous_bytes = entry.size();
  }
  return Little(kHeaderBytes + entries.size() + 1, 4) + Little(last, 4) + Little(texts.size(), 2) +
         entries + "\xff";
}

std::string Zipmap(const std::vector<std::string>& texts, int unused) {
  std::string map(1, static_cast<char>(std::min<size_t>(texts.size() / 2, 254)));
  for (size_t i = 0; i + 1 < texts.size(); i += 2) {
    map += ShortLength(texts[i].size()) + texts[i] + ShortLength(texts[i + 1].size());
    map += static_cast<char>(unused);
    map += texts[i + 1] + std::string(static_cast<size_t>(unused), '?');
  }
  return map + "\xff";
}

}  // namespace kvasm::testing
