#include "core/base/trigonometry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/prng.h"

namespace kvasm::base {
namespace {

// A number in [low, high).
double Between(Prng& prng, double low, double high) {
  return low + (high - low) * (static_cast<double>(prng.Next() >> 11) * 0x1p-53);
}

// That many doubles lie between two numbers of about the same size.
double UnitsApart(double a, double b) {
  if (a == b) return 0;
  const double unit = std::nextafter(std::abs(b), std::numeric_limits<double>::infinity());
  return std::abs(a - b) / (unit - std::abs(b));
}

// Computed with 40 digits and rounded once; the last two are where a library is most easily wrong.
TEST(Trigonometry, GivesTheNearestDouble) {
  EXPECT_EQ(Sine(0.5), 0x1.eaee8744b05fp-2);
  EXPECT_EQ(Cosine(0.5), 0x1.c1528065b7d5p-1);
  EXPECT_EQ(ArcSine(0.5), 0x1.0c152382d7366p-1);
  EXPECT_EQ(Sine(1), 0x1.aed548f090ceep-1);
  EXPECT_EQ(Cosine(1), 0x1.14a280fb5068cp-1);
  EXPECT_EQ(ArcSine(1), 0x1.921fb54442d18p+0);
  EXPECT_EQ(Sine(3.141592653589793), 0x1.1a62633145c07p-53);
  EXPECT_EQ(Cosine(1.5707963267948966), 0x1.1a62633145c07p-54);
}

TEST(Trigonometry, IsExactAtZeroAndOdd) {
  EXPECT_EQ(Sine(0), 0);
  EXPECT_EQ(Cosine(0), 1);
  EXPECT_EQ(ArcSine(0), 0);
  EXPECT_EQ(Sine(1e-300), 1e-300);
  EXPECT_EQ(ArcSine(1e-300), 1e-300);
  for (const double x : {0.001, 0.1, 0.7, 1.5, 3.0, 7.9}) {
    EXPECT_EQ(Sine(-x), -Sine(x)) << x;
    EXPECT_EQ(Cosine(-x), Cosine(x)) << x;
  }
  for (const double x : {0.001, 0.1, 0.7, 1.0}) EXPECT_EQ(ArcSine(-x), -ArcSine(x)) << x;
}

TEST(Trigonometry, IsNotANumberOutsideItsDomain) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double x : {8.1, -9.0, 1e300, infinity, std::nan("")}) {
    EXPECT_TRUE(std::isnan(Sine(x))) << x;
    EXPECT_TRUE(std::isnan(Cosine(x))) << x;
  }
  for (const double x : {1.0000000000000002, -2.0, infinity, std::nan("")}) {
    EXPECT_TRUE(std::isnan(ArcSine(x))) << x;
  }
}

TEST(Trigonometry, AgreesWithTheLibraryToTheLastPlace) {
  Prng prng(1);
  for (int i = 0; i < 200'000; ++i) {
    double angle = Between(prng, -8, 8);
    double value = Between(prng, -1, 1);
    if (i % 3 == 0) {
      angle *= 0.01;
      value *= 0.01;
    }
    EXPECT_LE(UnitsApart(Sine(angle), std::sin(angle)), 1) << angle;
    EXPECT_LE(UnitsApart(Cosine(angle), std::cos(angle)), 1) << angle;
    EXPECT_LE(UnitsApart(ArcSine(value), std::asin(value)), 1) << value;
  }
}

TEST(Trigonometry, ArcSineIsTheInverseOfSine) {
  Prng prng(2);
  for (int i = 0; i < 100'000; ++i) {
    const double angle = Between(prng, -1.5, 1.5);
    EXPECT_NEAR(ArcSine(Sine(angle)), angle, 4e-15) << angle;
  }
}

}  // namespace
}  // namespace kvasm::base
