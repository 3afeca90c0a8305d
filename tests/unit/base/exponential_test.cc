#include "core/base/exponential.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "core/base/prng.h"

namespace kvasm::base {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A number in [low, high).
double Between(Prng& prng, double low, double high) {
  return low + (high - low) * (static_cast<double>(prng.Next() >> 11) * 0x1p-53);
}

// Positive, of any size.
double AnySize(Prng& prng) {
  return std::ldexp(Between(prng, 1, 2), static_cast<int>(prng.Next() % 2098) - 1074);
}

bool SameOrBothNan(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b && std::signbit(a) == std::signbit(b);
}

// The doubles between two of the same sign.
uint64_t UnitsApart(double a, double b) {
  int64_t a_bits = 0, b_bits = 0;
  static_assert(sizeof(a) == sizeof(a_bits));
  __builtin_memcpy(&a_bits, &a, sizeof(a));
  __builtin_memcpy(&b_bits, &b, sizeof(b));
  return static_cast<uint64_t>(a_bits > b_bits ? a_bits - b_bits : b_bits - a_bits);
}

// Computed with 60 digits and rounded once.
TEST(ExponentialFunctions, GiveTheNearestDouble) {
  EXPECT_EQ(Exponential(0.5), 0x1.a61298e1e069cp+0);
  EXPECT_EQ(Exponential(1.0), 0x1.5bf0a8b145769p+1);
  EXPECT_EQ(Exponential(3.7), 0x1.4394144eeec81p+5);
  EXPECT_EQ(Exponential(-20.25), 0x1.b93de1e27ca3bp-30);
  EXPECT_EQ(Exponential(700.1), 0x1.058614179b2a5p+1010);
  EXPECT_EQ(Logarithm(0.5), -0x1.62e42fefa39efp-1);
  EXPECT_EQ(Logarithm(2.0), 0x1.62e42fefa39efp-1);
  EXPECT_EQ(Logarithm(3.0), 0x1.193ea7aad030bp+0);
  EXPECT_EQ(Logarithm(10.0), 0x1.26bb1bbb55516p+1);
  EXPECT_EQ(Logarithm(0.999), -0x1.064670d979b73p-10);
  EXPECT_EQ(Logarithm(1.001), 0x1.060354f8c3cc4p-10);
  EXPECT_EQ(Logarithm(1e+300), 0x1.5963447f87fb5p+9);
  EXPECT_EQ(Logarithm10(2.0), 0x1.34413509f79ffp-2);
  EXPECT_EQ(Logarithm10(0.3), -0x1.0bb6c34d81502p-1);
  EXPECT_EQ(Logarithm10(12345.678), 0x1.05db618083a9ep+2);
  EXPECT_EQ(Power(2.0, 0.5), 0x1.6a09e667f3bcdp+0);
  EXPECT_EQ(Power(10.0, 0.1), 0x1.4248ef8fc2604p+0);
  EXPECT_EQ(Power(1.0001, 12345.6), 0x1.b7e445de4bfe7p+1);
  EXPECT_EQ(Power(0.1, 3.0), 0x1.0624dd2f1a9fdp-10);
  EXPECT_EQ(Power(0.1, -7.0), 0x1.312cffffffffep+23);
  EXPECT_EQ(Power(7.5, 64.0), 0x1.076119663ebd3p+186);
  EXPECT_EQ(Power(7.5, 65.0), 0x1.edd60f9fb5a2cp+188);
  EXPECT_EQ(Power(1.5, -300.5), 0x1.29eada22446cfp-176);
}

TEST(ExponentialFunctions, AreExactWhereTheResultIs) {
  double ten = 1;
  for (int i = 0; i <= 22; ++i, ten *= 10) {
    EXPECT_EQ(Power(10, i), ten);
    EXPECT_EQ(Logarithm10(ten), i);
  }
  for (int i = -1074; i < 1024; ++i) EXPECT_EQ(Power(2, i), std::ldexp(1.0, i)) << i;
  EXPECT_EQ(Power(6.25, 0.5), 2.5);
  EXPECT_EQ(Power(-3, 3), -27);
  EXPECT_EQ(Power(-3, 4), 81);
  EXPECT_EQ(Power(8, -1), 0.125);
  EXPECT_EQ(Power(0x1.000002p+0, 2), 0x1.000002p+0 * 0x1.000002p+0) << "half way: to even";
  EXPECT_EQ(Exponential(0), 1);
  EXPECT_EQ(Exponential(1e-300), 1);
  EXPECT_EQ(Logarithm(1), 0);
}

TEST(ExponentialFunctions, TreatLimitsAsCDoes) {
  const double values[] = {0.0,
                           -0.0,
                           1,
                           -1,
                           2,
                           -2,
                           0.5,
                           -0.5,
                           3,
                           -3,
                           2.5,
                           -2.5,
                           1e300,
                           -1e300,
                           1e-300,
                           5e-324,
                           64,
                           65,
                           -65,
                           1e19,
                           9007199254740993.0,
                           9007199254740991.0,
                           kInfinity,
                           -kInfinity,
                           std::nan("")};
  for (const double x : values) {
    EXPECT_TRUE(SameOrBothNan(Exponential(x), std::exp(x)) ||
                UnitsApart(Exponential(x), std::exp(x)) == 1)
        << x;
    if (x < 0) {
      EXPECT_TRUE(std::isnan(Logarithm(x)) && std::isnan(Logarithm10(x))) << x;
    } else {
      EXPECT_TRUE(SameOrBothNan(Logarithm(x), std::log(x))) << x;
      EXPECT_TRUE(SameOrBothNan(Logarithm10(x), std::log10(x))) << x;
    }
    for (const double y : values) {
      const double power = Power(x, y);
      const double expected = std::pow(x, y);
      EXPECT_TRUE(SameOrBothNan(power, expected) || UnitsApart(power, expected) == 1)
          << x << "^" << y << " = " << power << ", not " << expected;
    }
  }
}

TEST(ExponentialFunctions, GoToTheEndsOfTheRange) {
  EXPECT_EQ(Exponential(0x1.62e42fefa39efp+9), 0x1.fffffffffff2ap+1023);
  EXPECT_EQ(Exponential(0x1.62e42fefa39fp+9), kInfinity);
  EXPECT_EQ(Exponential(-745.13), 5e-324);
  EXPECT_EQ(Exponential(-745.14), 0);
  EXPECT_EQ(Power(2, 1024), kInfinity);
  EXPECT_EQ(Power(0.5, 1074), 5e-324);
  EXPECT_EQ(Power(0.5, 1076), 0);
  EXPECT_EQ(Power(1e-160, 2), 1e-320);
  EXPECT_EQ(Power(1e308, 1.5), kInfinity);
  EXPECT_EQ(Power(1e-308, 1.5), 0);
  EXPECT_EQ(Logarithm(5e-324), -0x1.74385446d71c3p+9);
}

TEST(ExponentialFunctions, AreAUnitAtMostFromTheCLibrarys) {
  Prng prng(7);
  int differences = 0;
  constexpr int kRounds = 100000;
  const auto compare = [&differences](double ours, double theirs) {
    if (SameOrBothNan(ours, theirs)) return true;
    ++differences;
    return UnitsApart(ours, theirs) == 1;
  };
  for (int i = 0; i < kRounds; ++i) {
    const double x = AnySize(prng);
    const double y = Between(prng, -3, 3) * std::ldexp(1.0, static_cast<int>(prng.Next() % 9));
    const double whole = std::trunc(y);
    const double exponent = Between(prng, -750, 712);
    const double near_one = Between(prng, 0.5, 2);
    ASSERT_TRUE(compare(Power(near_one, y), std::pow(near_one, y))) << near_one << "^" << y;
    ASSERT_TRUE(compare(Power(x, y), std::pow(x, y))) << x << "^" << y;
    ASSERT_TRUE(compare(Power(near_one, whole), std::pow(near_one, whole))) << near_one << whole;
    ASSERT_TRUE(compare(Exponential(exponent), std::exp(exponent))) << exponent;
    ASSERT_TRUE(compare(Logarithm(x), std::log(x))) << x;
    ASSERT_TRUE(compare(Logarithm(near_one), std::log(near_one))) << near_one;
  }
  EXPECT_LT(differences, 6 * kRounds / 100);
}

}  // namespace
}  // namespace kvasm::base
