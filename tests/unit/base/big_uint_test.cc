#include "core/base/big_uint.h"

#include <gtest/gtest.h>

#include <string>

namespace kvasm::base {
namespace {

TEST(BigUint, PrintsPowers) {
  BigUint value(1);
  value.ShiftLeft(100);
  EXPECT_EQ(value.Text(), "1267650600228229401496703205376");
  EXPECT_EQ(value.BitWidth(), 101);
  BigUint power(1);
  power.MultiplyByPowerOf5(30);
  EXPECT_EQ(power.Text(), "931322574615478515625");
  EXPECT_EQ(BigUint(0).Text(), "0");
  EXPECT_EQ(BigUint(1'000'000'000).Text(), "1000000000");
}

TEST(BigUint, UndoesWhatItDoes) {
  BigUint value(123456789);
  value.MultiplyAdd(1'000'000'007, 42);
  BigUint same = value;
  EXPECT_EQ(same.DivideBy(1'000'000'007), 42u);
  EXPECT_EQ(same.Text(), "123456789");
  same.MultiplyByPowerOf5(40);
  EXPECT_FALSE(same.DivideByPowerOf5(40));
  EXPECT_EQ(same.Text(), "123456789");
  EXPECT_TRUE(same.DivideByPowerOf5(2));
  EXPECT_EQ(same.Text(), "4938271");
  EXPECT_TRUE(same.DivideByPowerOf5(13));
  EXPECT_TRUE(same.IsZero());
}

TEST(BigUint, TopTellsWhatItCutsOff) {
  BigUint value(5);
  int64_t shift = -1;
  bool sticky = true;
  EXPECT_TRUE(value.Top(shift, sticky) == 5);
  EXPECT_EQ(shift, 0);
  EXPECT_FALSE(sticky);
  value.ShiftLeft(200);
  EXPECT_TRUE(value.Top(shift, sticky) == uint128{5} << 125);
  EXPECT_EQ(shift, 75);
  EXPECT_FALSE(sticky);
  BigUint one_more = value;
  one_more.MultiplyAdd(1, 1);
  EXPECT_TRUE(one_more.Top(shift, sticky) == uint128{5} << 125);
  EXPECT_TRUE(sticky);
}

}  // namespace
}  // namespace kvasm::base
