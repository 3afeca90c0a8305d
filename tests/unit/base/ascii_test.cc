#include "core/base/ascii.h"

#include <gtest/gtest.h>

namespace kvasm::base {
namespace {

TEST(Ascii, ComparesWithoutCase) {
  EXPECT_TRUE(EqualsIgnoreCase("withScores", "WITHSCORES"));
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
  EXPECT_FALSE(EqualsIgnoreCase("@", "`"));
  EXPECT_TRUE(StartsWithIgnoreCase("HELLO", "hel"));
  EXPECT_FALSE(StartsWithIgnoreCase("he", "hel"));
  EXPECT_LT(CompareIgnoreCase("Abc", "abd"), 0);
  EXPECT_EQ(CompareIgnoreCase("Abc", "aBC"), 0);
  EXPECT_GT(CompareIgnoreCase("abc", "AB"), 0);
}

TEST(Ascii, LeavesOtherBytesAlone) {
  EXPECT_EQ(ToLower('\xc4'), '\xc4');
  EXPECT_EQ(LowerCopy("ABC\xc4[z"), "abc\xc4[z");
  EXPECT_EQ(UpperCopy("abc\xe4{Z"), "ABC\xe4{Z");
}

TEST(Ascii, ReadsHexDigits) {
  EXPECT_EQ(HexValue('0'), 0);
  EXPECT_EQ(HexValue('f'), 15);
  EXPECT_EQ(HexValue('A'), 10);
  EXPECT_EQ(HexValue('g'), -1);
  EXPECT_EQ(HexValue('/'), -1);
}

}  // namespace
}  // namespace kvasm::base
