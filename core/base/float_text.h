#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/uint128.h"

namespace kvasm::base {

// A floating point number as text, taken apart but not yet rounded: the grammar of C's strtod in
// the C locale without leading space, "nan" excluded.
struct FloatText {
  enum class Kind : uint8_t { kInfinity, kDecimal, kHex };

  Kind kind = Kind::kDecimal;
  bool negative = false;
  std::string_view number;  // unsigned, without "0x": digits, point, exponent; a view of the input
  std::string_view whole;   // digits before the point
  std::string_view fraction;  // digits after the point
  int32_t exponent = 0;       // power of ten, or of two if hex; clamped to +-kExponentMax

  static constexpr int32_t kExponentMax = 100'000'000;

  // Null unless the whole text is one number.
  static std::optional<FloatText> Scan(std::string_view text);

  // True if no digit is other than 0.
  bool IsZero() const;
};

// A hexadecimal FloatText as mantissa x 2^exponent; `sticky` if non-zero digits were cut off below.
struct HexValueParts {
  uint128 mantissa = 0;
  int64_t exponent = 0;
  bool sticky = false;
};
HexValueParts ReadHex(const FloatText& text);

}  // namespace kvasm::base
