#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/uint128.h"

namespace kvasm::base {

// The x87 80-bit floating point number (64-bit mantissa, 15-bit exponent), in software: INCRBYFLOAT
// and HINCRBYFLOAT of Redis on x86 are defined by it, and wasm has nothing like it. Rounds to
// nearest, ties to even. A value type of 16 bytes.
class Extended {
 public:
  Extended() = default;  // +0
  static Extended FromInt64(int64_t value);

  // The whole text as strtold reads it: decimal, hexadecimal or "inf". Refused as Redis refuses:
  // empty, 5120 bytes or more, leading space, embedded NUL, NaN, overflow, underflow to zero.
  // O((digits + |exponent|)^2), with a small constant.
  static std::optional<Extended> Parse(std::string_view text);

  // The correctly rounded sum; inf + -inf is NaN.
  friend Extended operator+(Extended a, Extended b);

  bool IsNanOrInfinite() const { return kind_ != Kind::kFinite; }

  // Plain notation, 17 digits after the point with trailing zeros dropped ("3", "3.1", "-0.5", "0",
  // "inf", "nan"): up to 4951 bytes. For values from 2^64 on O(exponent^2).
  std::string Text() const;

 private:
  enum class Kind : uint8_t { kFinite, kInfinite, kNan };

  // mantissa x 2^exponent, plus a little more if sticky (then the mantissa has at least 65 bits),
  // rounded.
  static Extended Round(bool negative, uint128 mantissa, int64_t exponent, bool sticky);
  static Extended Infinity(bool negative);

  // Value = mantissa_ x 2^exponent_. The mantissa's highest bit is set, unless exponent_ is the
  // smallest (a subnormal number) or the value is zero.
  uint64_t mantissa_ = 0;
  int32_t exponent_ = kExponentMin;
  bool negative_ = false;
  Kind kind_ = Kind::kFinite;

  static constexpr int32_t kExponentMin = -16445;
  static constexpr int32_t kExponentMax = 16320;
};

}  // namespace kvasm::base
