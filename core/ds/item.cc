#include "core/ds/item.h"

#include <charconv>

namespace kvasm::ds {

std::string_view Item::WriteNumber(int64_t number, NumberText& scratch) {
  auto end = std::to_chars(scratch.bytes, scratch.bytes + sizeof(scratch.bytes), number).ptr;
  return {scratch.bytes, static_cast<size_t>(end - scratch.bytes)};
}

bool ParseCanonicalInteger(std::string_view text, int64_t* number) {
  if (text.empty() || text.size() > 20) return false;
  const char* at = text.data();
  const char* end = at + text.size();
  bool negative = *at == '-';
  if (negative && ++at == end) return false;
  if (*at == '0') {
    *number = 0;
    return text.size() == 1;
  }
  uint64_t value = 0;
  if (end - at > 19) return false;
  for (; at != end; ++at) {
    auto digit = static_cast<uint32_t>(*at) - '0';
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  constexpr uint64_t kMaxPositive = 0x7fffffffffffffffu;
  if (value > kMaxPositive + (negative ? 1 : 0)) return false;
  *number = static_cast<int64_t>(negative ? 0 - value : value);
  return true;
}

}  // namespace kvasm::ds
