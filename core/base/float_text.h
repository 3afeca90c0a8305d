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

// A FloatText as mantissa x 2^exponent, plus a little more if `sticky`: non-zero bits were cut off
// below, and then the mantissa has at least 66 bits.
struct BinaryParts {
  uint128 mantissa = 0;
  int64_t exponent = 0;
  bool sticky = false;
};
BinaryParts ReadHex(const FloatText& text);
// For values of 10^magnitude_max and more, or of less than its inverse, the parts are just as large
// or small: for types that cannot hold them. Exact if no more than 5120 digits count, else good
// enough for rounding to a double. O((digits + magnitude_max)^2), with a small constant.
BinaryParts ReadDecimal(const FloatText& text, int64_t magnitude_max);

}  // namespace kvasm::base
