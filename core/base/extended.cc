#include "core/base/extended.h"

#include <utility>

#include "core/base/big_uint.h"
#include "core/base/float_text.h"
#include "core/base/numbers.h"

namespace kvasm::base {
namespace {

constexpr size_t kTextMax = 5 * 1024;
constexpr uint64_t k10To17 = 100'000'000'000'000'000;

// All values are less than 10^4953, and more than its inverse.
constexpr int64_t kDecimalMagnitudeMax = 4953;

// value / 2^bits, rounded to nearest, ties to even.
uint128 ShiftRounded(uint128 value, int64_t bits, bool sticky) {
  if (bits > 128) return 0;
  const uint128 kept = bits == 128 ? 0 : value >> bits;
  const uint128 rest = bits == 128 ? value : value - (kept << bits);
  const uint128 half = uint128{1} << (bits - 1);
  if (rest < half) return kept;
  if (rest == half && !sticky && (kept & 1) == 0) return kept;
  return kept + 1;
}

}  // namespace

Extended Extended::Infinity(bool negative) {
  Extended result;
  result.kind_ = Kind::kInfinite;
  result.negative_ = negative;
  return result;
}

Extended Extended::Round(bool negative, uint128 mantissa, int64_t exponent, bool sticky) {
  Extended result;
  result.negative_ = negative;
  if (mantissa == 0) return result;
  int64_t unit = exponent + base::BitWidth(mantissa) - 64;
  if (unit < kExponentMin) unit = kExponentMin;
  const int64_t drop = unit - exponent;
  uint128 kept = drop <= 0 ? mantissa << -drop : ShiftRounded(mantissa, drop, sticky);
  if (kept >> 64 != 0) {
    kept >>= 1;
    ++unit;
  }
  if (unit > kExponentMax) return Infinity(negative);
  result.mantissa_ = static_cast<uint64_t>(kept);
  result.exponent_ = result.mantissa_ == 0 ? kExponentMin : static_cast<int32_t>(unit);
  return result;
}

Extended Extended::FromInt64(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  return Round(value < 0, value < 0 ? 0 - bits : bits, 0, false);
}

std::optional<Extended> Extended::Parse(std::string_view text) {
  if (text.size() >= kTextMax) return std::nullopt;
  const std::optional<FloatText> scanned = FloatText::Scan(text);
  if (!scanned) return std::nullopt;
  if (scanned->kind == FloatText::Kind::kInfinity) return Infinity(scanned->negative);
  const bool hex = scanned->kind == FloatText::Kind::kHex;
  const BinaryParts parts = hex ? ReadHex(*scanned) : ReadDecimal(*scanned, kDecimalMagnitudeMax);
  const Extended value = Round(scanned->negative, parts.mantissa, parts.exponent, parts.sticky);
  if (value.kind_ != Kind::kFinite) return std::nullopt;
  if (value.mantissa_ == 0 && !scanned->IsZero()) return std::nullopt;
  return value;
}

Extended operator+(Extended a, Extended b) {
  using Kind = Extended::Kind;
  if (a.kind_ != Kind::kFinite || b.kind_ != Kind::kFinite) {
    if (a.kind_ == Kind::kFinite) return b;
    if (b.kind_ == Kind::kFinite || a.kind_ == Kind::kNan) return a;
    if (b.kind_ == Kind::kNan || a.negative_ == b.negative_) return b;
    a.kind_ = Kind::kNan;
    return a;
  }
  // Make `a` the one of larger magnitude.
  if (std::pair(a.exponent_, a.mantissa_) < std::pair(b.exponent_, b.mantissa_)) std::swap(a, b);
  // 63 bits below the last place of `a` hold all of `b` that matters; what lies lower is sticky.
  constexpr int kBelow = 63;
  const int distance = a.exponent_ - b.exponent_;
  const uint128 large = uint128{a.mantissa_} << kBelow;
  uint128 small = uint128{b.mantissa_} << kBelow;
  bool sticky = false;
  if (distance >= 128) {
    sticky = small != 0;
    small = 0;
  } else if (distance > 0) {
    const uint128 shifted = small >> distance;
    sticky = shifted << distance != small;
    small = shifted;
  }
  const int64_t exponent = int64_t{a.exponent_} - kBelow;
  if (a.negative_ == b.negative_)
    return Extended::Round(a.negative_, large + small, exponent, sticky);
  if (large == small && !sticky) return Extended();
  return Extended::Round(a.negative_, large - small - (sticky ? 1 : 0), exponent, sticky);
}

std::string Extended::Text() const {
  if (kind_ == Kind::kNan) return "nan";
  if (kind_ == Kind::kInfinite) return negative_ ? "-inf" : "inf";
  std::string text;
  if (exponent_ > 0) {
    BigUint value(mantissa_);
    value.ShiftLeft(static_cast<uint32_t>(exponent_));
    text = value.Text();
  } else {
    const int bits = -exponent_;  // below the point
    uint64_t whole = bits < 64 ? mantissa_ >> bits : 0;
    const uint64_t below = bits < 64 ? mantissa_ - (whole << bits) : mantissa_;
    const uint128 scaled = uint128{below} * k10To17;
    auto fraction = static_cast<uint64_t>(bits == 0 ? scaled : ShiftRounded(scaled, bits, false));
    if (fraction == k10To17) {
      ++whole;
      fraction = 0;
    }
    char digits[kIntCharsMax];
    text.assign(digits, FormatUint64(digits, whole));
    if (fraction != 0) {
      // The leading 1 stands where the point goes and keeps the zeros after it.
      const size_t size = FormatUint64(digits, fraction + k10To17);
      digits[0] = '.';
      text.append(digits, size);
      text.erase(text.find_last_not_of('0') + 1);
    }
  }
  if (negative_ && text != "0") text.insert(text.begin(), '-');
  return text;
}

}  // namespace kvasm::base
