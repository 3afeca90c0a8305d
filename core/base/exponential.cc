#include "core/base/exponential.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "core/base/double_pair.h"

namespace kvasm::base {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr DoublePair kLn2{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
constexpr DoublePair kLn10{0x1.26bb1bbb55516p+1, -0x1.f48ad494ea3e9p-53};
constexpr double kSquareRootOfHalf = 0x1.6a09e667f3bcdp-1;

// Beyond, e^x is infinite or rounds to zero whatever follows the point.
constexpr double kExponentMax = 710;
constexpr double kExponentMin = -746;

// Whole exponents up to this are multiplied out.
constexpr double kFactorsMax = 64;

// x * 2^exponent, rounded once even where the result is subnormal. 2^-64 <= x < 2^64.
double Scaled(DoublePair x, int exponent) {
  const double rounded = std::ldexp(x.high, exponent);
  if (std::isinf(rounded)) return rounded;
  const double rest = (x.high - std::ldexp(rounded, -exponent)) + x.low;
  return rounded + std::ldexp(rest, exponent);
}

// 2 * atanh(s): s + s^3/3 + s^5/5 + ..., what is below 2^-25 of the sum as doubles. |s| < 0.172.
DoublePair TwiceArTanh(DoublePair s) {
  constexpr int kPairs = 11;  // the exponent of the first term that needs no pair
  constexpr int kLast = 33;
  const DoublePair square = s * s;
  double tail = 0;
  for (int i = kLast; i >= kPairs; i -= 2) tail = tail * square.high + 1.0 / i;
  DoublePair sum{tail, 0};
  for (int i = kPairs - 2; i > 0; i -= 2) sum = sum * square + DoublePair{1, 0} / i;
  sum = sum * s;
  return {2 * sum.high, 2 * sum.low};
}

// Of a positive, finite number.
DoublePair LogarithmOf(double x) {
  int exponent = 0;
  double fraction = std::frexp(x, &exponent);
  if (fraction < kSquareRootOfHalf) {
    fraction *= 2;
    --exponent;
  }
  const DoublePair scaled = TwiceArTanh(DoublePair{fraction - 1, 0} / Sum(fraction, 1));
  return kLn2 * DoublePair{static_cast<double>(exponent), 0} + scaled;
}

// e^x, for kExponentMin < x < kExponentMax.
double ExponentialOf(DoublePair x) {
  constexpr int kSquarings = 3;
  constexpr double kScale = 1 << kSquarings;
  const double twos = std::nearbyint(x.high / kLn2.high);
  const DoublePair left = x + -(kLn2 * DoublePair{twos, 0});
  const DoublePair r{left.high / kScale, left.low / kScale};
  // 1 + r + r^2/2 + r^3/6 + ..., what is below 2^-22 as doubles. |r| < 0.044.
  double tail = 0;
  for (int i = 12; i > 3; --i) tail = (tail + 1) * r.high / i;
  DoublePair sum{tail, 0};
  for (int i = 3; i > 0; --i) sum = (sum + DoublePair{1, 0}) * r / i;
  sum = sum + DoublePair{1, 0};
  for (int i = 0; i < kSquarings; ++i) sum = sum * sum;
  return Scaled(sum, static_cast<int>(twos));
}

double ExponentialOrLimit(DoublePair x) {
  if (x.high >= kExponentMax) return kInfinity;
  if (x.high <= kExponentMin) return 0;
  return ExponentialOf(x);
}

// x^factors, x being positive and finite.
double Multiplied(double x, int factors, bool inverse) {
  int exponent = 0;
  DoublePair base{std::frexp(x, &exponent), 0};
  exponent *= inverse ? -factors : factors;
  DoublePair product{1, 0};
  for (int left = factors; left > 0; left >>= 1) {
    if ((left & 1) != 0) product = product * base;
    base = base * base;
  }
  return Scaled(inverse ? DoublePair{1, 0} / product : product, exponent);
}

bool IsWhole(double x) { return x == std::trunc(x); }
bool IsOdd(double x) { return IsWhole(x) && !IsWhole(x / 2); }

// x^y for x > 0, which may be infinite, and y any number but NaN.
double PowerOfPositive(double x, double y) {
  if (x == 1 || y == 0) return 1;
  if (std::isinf(x) || std::isinf(y)) return (x > 1) == (y > 0) ? kInfinity : 0;
  const double factors = std::abs(y);
  if (factors <= kFactorsMax && IsWhole(y)) {
    return Multiplied(x, static_cast<int>(factors), y < 0);
  }
  const DoublePair logarithm = LogarithmOf(x);
  const double rough = logarithm.high * y;
  // What rounds to 1 is not worth the products, whose parts may be too small for a double.
  if (std::abs(rough) < 0x1p-60) return 1;
  if (!(rough < kExponentMax && rough > kExponentMin)) return rough > 0 ? kInfinity : 0;
  return ExponentialOrLimit(logarithm * DoublePair{y, 0});
}

}  // namespace

double Power(double x, double y) {
  if (y == 0 || x == 1) return 1;
  if (std::isnan(x) || std::isnan(y)) return x + y;
  if (x == -1 && std::isinf(y)) return 1;
  const bool negative = std::signbit(x) && IsOdd(y);
  if (x < 0 && !std::isinf(x) && !IsWhole(y)) return (x - x) / (x - x);
  double result = 0;
  if (x == 0) {
    result = y < 0 ? kInfinity : 0;
  } else {
    result = PowerOfPositive(std::abs(x), y);
  }
  return negative ? -result : result;
}

double Exponential(double x) {
  if (std::isnan(x)) return x;
  return ExponentialOrLimit({x, 0});
}

double Logarithm(double x) {
  if (x == 0) return -kInfinity;
  if (x < 0) return (x - x) / (x - x);
  if (!(x < kInfinity)) return x;
  const DoublePair logarithm = LogarithmOf(x);
  return logarithm.high + logarithm.low;
}

double Logarithm10(double x) {
  if (!(x > 0 && x < kInfinity)) return Logarithm(x);
  const DoublePair logarithm = LogarithmOf(x) / kLn10;
  return logarithm.high + logarithm.low;
}

}  // namespace kvasm::base
