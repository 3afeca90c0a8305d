#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

TEST(Functions, FlushLeavesAnEmptyListAndRefusesOtherModes) {
  testing::TestEngine t;
  EXPECT_EQ(t.Run("FUNCTION FLUSH"), "+OK");
  EXPECT_EQ(t.Run("FUNCTION FLUSH ASYNC"), "+OK");
  EXPECT_EQ(t.Run("FUNCTION FLUSH foo"), "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  EXPECT_EQ(t.Run("FUNCTION LIST WITHCODE"), "[]");
  EXPECT_EQ(t.Run("FUNCTION LIST x"), "-ERR Unknown argument x");
}

}  // namespace
}  // namespace kvasm
