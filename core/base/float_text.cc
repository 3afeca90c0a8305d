#include "core/base/float_text.h"

#include "core/base/ascii.h"
#include "core/base/big_uint.h"

namespace kvasm::base {
namespace {

std::string_view TakeDigits(std::string_view text, size_t& at, bool hex) {
  const size_t start = at;
  while (at < text.size() && (hex ? HexValue(text[at]) >= 0 : IsDigit(text[at]))) ++at;
  return text.substr(start, at - start);
}

// The digits after 'e' or 'p'. Null if there are none.
std::optional<int32_t> TakeExponent(std::string_view text, size_t& at) {
  bool negative = false;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';
  const std::string_view digits = TakeDigits(text, at, false);
  if (digits.empty()) return std::nullopt;
  int32_t value = 0;
  for (const char c : digits) {
    value = value * 10 + (c - '0');
    if (value > FloatText::kExponentMax) value = FloatText::kExponentMax;
  }
  return negative ? -value : value;
}

}  // namespace

std::optional<FloatText> FloatText::Scan(std::string_view text) {
  FloatText result;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    result.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (EqualsIgnoreCase(text, "inf") || EqualsIgnoreCase(text, "infinity")) {
    result.kind = Kind::kInfinity;
    return result;
  }
  const bool hex = text.size() > 2 && text[0] == '0' && ToLower(text[1]) == 'x';
  if (hex) {
    result.kind = Kind::kHex;
    text.remove_prefix(2);
  }
  result.number = text;
  size_t at = 0;
  result.whole = TakeDigits(text, at, hex);
  if (at < text.size() && text[at] == '.') result.fraction = TakeDigits(text, ++at, hex);
  if (result.whole.empty() && result.fraction.empty()) return std::nullopt;
  if (at < text.size() && ToLower(text[at]) == (hex ? 'p' : 'e')) {
    const std::optional<int32_t> exponent = TakeExponent(text, ++at);
    if (!exponent) return std::nullopt;
    result.exponent = *exponent;
  }
  if (at != text.size()) return std::nullopt;
  return result;
}

bool FloatText::IsZero() const {
  return whole.find_first_not_of('0') == std::string_view::npos &&
         fraction.find_first_not_of('0') == std::string_view::npos;
}

BinaryParts ReadHex(const FloatText& text) {
  BinaryParts parts{.exponent = text.exponent};
  const auto take = [&parts](std::string_view digits, int64_t per_taken, int64_t per_dropped) {
    for (const char c : digits) {
      const auto digit = static_cast<unsigned>(HexValue(c));
      if ((parts.mantissa >> 120) == 0) {
        parts.mantissa = parts.mantissa << 4 | digit;
        parts.exponent += per_taken;
      } else {
        parts.sticky |= digit != 0;
        parts.exponent += per_dropped;
      }
    }
  };
  take(text.whole, 0, 4);
  take(text.fraction, -4, 0);
  return parts;
}

BinaryParts ReadDecimal(const FloatText& text, int64_t magnitude_max) {
  constexpr uint32_t kDigitsMax = 5120;
  constexpr uint32_t kGroup = 1'000'000'000;
  int64_t exponent = text.exponent;
  uint32_t count = 0;  // from the first digit that is not 0
  bool sticky = false;
  BigUint value;
  uint32_t group = 0;  // digits not yet in `value`
  uint32_t scale = 1;
  const auto take = [&](std::string_view digits, int64_t per_taken, int64_t per_dropped) {
    for (const char c : digits) {
      const auto digit = static_cast<uint32_t>(c - '0');
      if (count == kDigitsMax) {
        sticky |= digit != 0;
        exponent += per_dropped;
        continue;
      }
      exponent += per_taken;
      if (count == 0 && digit == 0) continue;
      ++count;
      group = group * 10 + digit;
      scale *= 10;
      if (scale < kGroup) continue;
      value.MultiplyAdd(scale, group);
      group = 0;
      scale = 1;
    }
  };
  take(text.whole, 0, 1);
  take(text.fraction, -1, 0);
  value.MultiplyAdd(scale, group);
  if (count == 0) return {};
  constexpr int64_t kFar = 1 << 20;
  if (exponent + count > magnitude_max) return {.mantissa = 1, .exponent = kFar};
  if (exponent + count <= -magnitude_max) return {.mantissa = 1, .exponent = -kFar};

  BinaryParts parts{.exponent = exponent};
  if (exponent >= 0) {
    value.MultiplyByPowerOf5(static_cast<uint32_t>(exponent));
  } else {
    constexpr int64_t kBits = 66;
    const int64_t bits_of_power = -exponent * 7 / 3 + 1;  // at least
    const int64_t shift = kBits + bits_of_power - value.BitWidth();
    if (shift > 0) {
      value.ShiftLeft(static_cast<uint32_t>(shift));
      parts.exponent -= shift;
    }
    sticky |= value.DivideByPowerOf5(static_cast<uint32_t>(-exponent));
  }
  int64_t below = 0;
  parts.mantissa = value.Top(below, parts.sticky);
  parts.exponent += below;
  parts.sticky |= sticky;
  return parts;
}

}  // namespace kvasm::base
