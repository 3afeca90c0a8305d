// Arithmetic on pairs of doubles, for functions that are to be rounded only once: about 104 bits.
#pragma once

namespace kvasm::base {

// A number as the unevaluated sum of two doubles, the second at most half a unit in the last place
// of the first.
struct DoublePair {
  double high = 0;
  double low = 0;
};

// Exact: a + b as a pair.
constexpr DoublePair Sum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

// As Sum, for |a| >= |b|.
constexpr DoublePair SumOfOrdered(double a, double b) {
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

// Exact: a * b as a pair. Each factor is cut into halves of 26 bits, whose products are exact.
constexpr DoublePair Product(double a, double b) {
  constexpr double kSplit = 0x1p27 + 1;
  const double a_scaled = a * kSplit;
  const double a_high = a_scaled - (a_scaled - a);
  const double a_low = a - a_high;
  const double b_scaled = b * kSplit;
  const double b_high = b_scaled - (b_scaled - b);
  const double b_low = b - b_high;
  const double product = a * b;
  const double rest = a_high * b_high - product;
  return {product, ((rest + a_high * b_low) + a_low * b_high) + a_low * b_low};
}

constexpr DoublePair operator-(DoublePair a) { return {-a.high, -a.low}; }

constexpr DoublePair operator+(DoublePair a, DoublePair b) {
  DoublePair sum = Sum(a.high, b.high);
  const DoublePair lows = Sum(a.low, b.low);
  sum = SumOfOrdered(sum.high, sum.low + lows.high);
  return SumOfOrdered(sum.high, sum.low + lows.low);
}

constexpr DoublePair operator*(DoublePair a, DoublePair b) {
  const DoublePair product = Product(a.high, b.high);
  return SumOfOrdered(product.high, product.low + (a.high * b.low + a.low * b.high));
}

constexpr DoublePair operator/(DoublePair a, double b) {
  const double quotient = a.high / b;
  const DoublePair back = Product(quotient, b);
  const double rest = ((a.high - back.high) - back.low) + a.low;
  return SumOfOrdered(quotient, rest / b);
}

constexpr DoublePair operator/(DoublePair a, DoublePair b) {
  const double quotient = a.high / b.high;
  const DoublePair rest = a + -(b * DoublePair{quotient, 0});
  return SumOfOrdered(quotient, (rest.high + rest.low) / b.high);
}

}  // namespace kvasm::base
