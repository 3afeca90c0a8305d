#include "core/base/float_text.h"

#include "core/base/ascii.h"

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

HexValueParts ReadHex(const FloatText& text) {
  HexValueParts parts{.exponent = text.exponent};
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

}  // namespace kvasm::base
