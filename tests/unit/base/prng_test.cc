#include "core/base/prng.h"

#include <gtest/gtest.h>

#include <vector>

namespace kvasm::base {
namespace {

TEST(Prng, SameSeedSameNumbers) {
  Prng a(42), b(42), c(43);
  EXPECT_EQ(a.Next(), b.Next());
  EXPECT_EQ(a.Next(), b.Next());
  EXPECT_NE(a.Next(), c.Next());
}

TEST(Prng, NumbersArePinned) {
  Prng prng(1);
  EXPECT_EQ(prng.Next(), 0xb3f2af6d0fc710c5u);
  EXPECT_EQ(prng.Next(), 0x853b559647364ceau);
}

TEST(Prng, BelowStaysBelowAndIsEven) {
  Prng prng(7);
  constexpr uint64_t kBound = 7;
  std::vector<int> seen(kBound);
  for (int i = 0; i < 70000; ++i) ++seen[prng.Below(kBound)];
  for (const int count : seen) EXPECT_NEAR(count, 10000, 500);
}

TEST(Prng, BelowHandlesTheBounds) {
  Prng prng(7);
  EXPECT_EQ(prng.Below(0), 0u);
  EXPECT_EQ(prng.Below(1), 0u);
  const uint64_t huge = (uint64_t{1} << 63) + 1;
  bool upper_half = false;
  for (int i = 0; i < 100; ++i) {
    const uint64_t value = prng.Below(huge);
    ASSERT_LT(value, huge);
    upper_half |= value > huge / 2;
  }
  EXPECT_TRUE(upper_half);
  for (int i = 0; i < 100; ++i) ASSERT_LT(prng.Below(0xffffffff), 0xffffffffu);
}

TEST(Prng, UnitLiesInTheHalfOpenInterval) {
  Prng prng(7);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = prng.Unit();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

}  // namespace
}  // namespace kvasm::base
