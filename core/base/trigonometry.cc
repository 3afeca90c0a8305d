#include "core/base/trigonometry.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/base/double_pair.h"

namespace kvasm::base {
namespace {

// --- sine and cosine of multiples of 1/32 ---

struct Angle {
  DoublePair sine;
  DoublePair cosine;
};

constexpr double kStepsInOne = 32;
constexpr int kAngles = 26;  // the last one is the nearest to pi/4

// An angle as the module carries it: 77 bits of each value are more than enough.
struct PackedAngle {
  double sine_high = 0;
  double cosine_high = 0;
  float sine_low = 0;
  float cosine_low = 0;
};

// x - x^3/3! + ... or, starting with 1, 1 - x^2/2! + ...
constexpr DoublePair Taylor(DoublePair term, int exponent, DoublePair x) {
  DoublePair sum = term;
  for (int i = 0; i < 10; ++i) {
    term = -(term * x * x / ((exponent + 1) * (exponent + 2)));
    exponent += 2;
    sum = sum + term;
  }
  return sum;
}

constexpr std::array<PackedAngle, kAngles> MakeAngles() {
  std::array<PackedAngle, kAngles> angles{};
  const DoublePair x{1 / kStepsInOne, 0};
  const Angle step{Taylor(x, 1, x), Taylor({1, 0}, 0, x)};
  Angle angle{{0, 0}, {1, 0}};
  for (PackedAngle& packed : angles) {
    packed = {angle.sine.high, angle.cosine.high, static_cast<float>(angle.sine.low),
              static_cast<float>(angle.cosine.low)};
    angle = {angle.sine * step.cosine + angle.cosine * step.sine,
             angle.cosine * step.cosine + -(angle.sine * step.sine)};
  }
  return angles;
}

constexpr std::array<PackedAngle, kAngles> kTable = MakeAngles();

Angle AngleAt(size_t index) {
  const PackedAngle& packed = kTable[index];
  return {{packed.sine_high, packed.sine_low}, {packed.cosine_high, packed.cosine_low}};
}

// --- from the angle of the table to the one asked for, at most 1/63 away ---

// sin(t) - t and cos(t) - 1.
double SineRest(double t) {
  const double square = t * t;
  return t * square * (-1.0 / 6 + square * (1.0 / 120 + square * (-1.0 / 5040)));
}
double CosineRest(double t) {
  const double square = t * t;
  return square * (-1.0 / 2 + square * (1.0 / 24 + square * (-1.0 / 720 + square * (1.0 / 40320))));
}

// Where an angle in [0, pi/4] stands: `table` steps and `rest` beyond.
struct Place {
  size_t table;
  DoublePair rest;
};

Place PlaceOf(DoublePair x) {
  const double steps = std::nearbyint(x.high * kStepsInOne);
  return {static_cast<size_t>(steps), Sum(x.high - steps / kStepsInOne, x.low)};
}

double SineOf(Place at) {
  const Angle angle = AngleAt(at.table);
  const double t = at.rest.high;
  const double rest = SineRest(t) + at.rest.low;
  if (at.table == 0) return t + rest;
  const DoublePair product = Product(angle.cosine.high, t);
  const DoublePair sum = SumOfOrdered(angle.sine.high, product.high);
  const double tail = angle.sine.low + product.low + angle.cosine.low * t +
                      angle.cosine.high * rest + angle.sine.high * CosineRest(t);
  return sum.high + (sum.low + tail);
}

double CosineOf(Place at) {
  const Angle angle = AngleAt(at.table);
  const double t = at.rest.high;
  const double rest = SineRest(t) + at.rest.low;
  const DoublePair product = Product(-angle.sine.high, t);
  const DoublePair sum = SumOfOrdered(angle.cosine.high, product.high);
  const double tail = angle.cosine.low + product.low - angle.sine.low * t - angle.sine.high * rest +
                      angle.cosine.high * CosineRest(t);
  return sum.high + (sum.low + tail);
}

// --- any angle ---

// An angle as quarter turns and what is left of it, |rest| <= pi/4.
struct Turned {
  unsigned quarters;
  DoublePair rest;
};

constexpr double kAngleMax = 8;

// pi/2 in three parts
constexpr double kHigh = 0x1.921fb54442d18p+0;
constexpr double kMiddle = 0x1.1a62633145c07p-54;
constexpr double kLow = -0x1.f1976b7ed8fbcp-110;

Turned Turn(double x) {
  if (std::abs(x) <= kHigh / 2) return {0, {x, 0}};
  const double quarters = std::nearbyint(x / kHigh);
  DoublePair rest = DoublePair{x, 0} + -Product(quarters, kHigh);
  rest = rest + -Product(quarters, kMiddle);
  rest = rest + DoublePair{-quarters * kLow, 0};
  return {static_cast<unsigned>(static_cast<int>(quarters)) & 3, rest};
}

double SineOfTurned(Turned angle) {
  const bool mirrored = angle.rest.high < 0;
  const Place place = PlaceOf(mirrored ? -angle.rest : angle.rest);
  const bool is_cosine = (angle.quarters & 1) != 0;
  const double value = is_cosine ? CosineOf(place) : SineOf(place);
  const bool negative = ((angle.quarters & 2) != 0) != (mirrored && !is_cosine);
  return negative ? -value : value;
}

// --- arc sine ---

DoublePair SquareRoot(DoublePair x) {
  if (x.high == 0) return {};
  const double root = std::sqrt(x.high);
  const DoublePair square = Product(root, root);
  const double rest = ((x.high - square.high) - square.low) + x.low;
  return SumOfOrdered(root, rest / (2 * root));
}

// To about 1e-4, for x in [0, 1] (Abramowitz and Stegun, 4.4.45).
double RoughArcSine(double x) {
  constexpr double kQuarterTurn = 1.5707963267948966;
  return kQuarterTurn -
         std::sqrt(1 - x) * (1.5707288 + x * (-0.2121144 + x * (0.0742610 - 0.0187293 * x)));
}

// asin(t) - t
double ArcSineRest(double t) {
  const double square = t * t;
  return t * square *
         (1.0 / 6 + square * (3.0 / 40 + square * (15.0 / 336 + square * (105.0 / 3456))));
}

double ArcSineOfPositive(double x) {
  DoublePair sine{x, 0};
  DoublePair cosine = SquareRoot(Sum(1, -x) * Sum(1, x));
  // The table ends at pi/4: beyond, it is a quarter turn less the angle of the complement.
  const bool is_complement = x > cosine.high;
  if (is_complement) std::swap(sine, cosine);
  const double steps = std::nearbyint(RoughArcSine(sine.high) * kStepsInOne);
  if (steps == 0 && !is_complement) return x + ArcSineRest(x);
  // The sine of what is left after the table's angle: sin(y - angle), y being the result.
  const Angle angle = AngleAt(static_cast<size_t>(steps));
  const DoublePair left = sine * angle.cosine + -(cosine * angle.sine);
  DoublePair sum = Sum(steps / kStepsInOne, left.high);
  sum.low += left.low + ArcSineRest(left.high);
  if (is_complement) sum = DoublePair{kHigh, kMiddle} + -sum;
  return sum.high + sum.low;
}

}  // namespace

double Sine(double x) {
  if (!(std::abs(x) <= kAngleMax)) return std::numeric_limits<double>::quiet_NaN();
  return SineOfTurned(Turn(x));
}

double Cosine(double x) {
  if (!(std::abs(x) <= kAngleMax)) return std::numeric_limits<double>::quiet_NaN();
  Turned angle = Turn(x);
  angle.quarters = (angle.quarters + 1) & 3;
  return SineOfTurned(angle);
}

double ArcSine(double x) {
  if (!(std::abs(x) <= 1)) return std::numeric_limits<double>::quiet_NaN();
  return x < 0 ? -ArcSineOfPositive(-x) : ArcSineOfPositive(x);
}

}  // namespace kvasm::base
