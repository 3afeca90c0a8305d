#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm::testing {
namespace {

using namespace std::chrono_literals;

class ClockTest : public ::testing::Test {
 protected:
  // How often the clock was read to run `line`.
  int ReadingsOf(std::string_view line) {
    const int before = t_.clock.readings;
    t_.Run(line);
    return t_.clock.readings - before;
  }

  TestEngine t_;
};

TEST_F(ClockTest, IsReadOnceACommandAndAroundItToTimeIt) {
  EXPECT_EQ(ReadingsOf("SET key value PX 1000"), 3);
  EXPECT_EQ(ReadingsOf("GET key"), 3);
}

TEST_F(ClockTest, WhenSlowIsReadByCommandsThatNeedTheTime) {
  t_.clock.slow = true;
  // The first call of each is timed.
  for (const char* line : {"SET plain value", "GET plain", "PTTL plain"}) t_.Run(line);
  EXPECT_EQ(ReadingsOf("SET plain value"), 0);
  EXPECT_EQ(ReadingsOf("GET plain"), 0);
  EXPECT_EQ(ReadingsOf("SET mortal value PX 1000"), 1);
  EXPECT_EQ(ReadingsOf("GET mortal"), 1);
  EXPECT_EQ(ReadingsOf("PTTL mortal"), 1);
}

TEST_F(ClockTest, WhenSlowKeysStillEndOnTime) {
  t_.clock.slow = true;
  EXPECT_EQ(t_.Run("SET key value PX 1000"), "+OK");
  t_.AdvanceTime(1000ms);
  EXPECT_EQ(t_.Run("GET key"), "\"value\"");
  t_.AdvanceTime(1ms);
  EXPECT_EQ(t_.Run("GET key"), "(nil)");
}

TEST_F(ClockTest, WhenSlowIsReadNowAndThenAnyway) {
  t_.clock.slow = true;
  const int before = t_.clock.readings;
  for (int i = 0; i < 640; ++i) t_.Run("SET plain value");
  // Every 64th for the time of day, around every 16th to time it.
  EXPECT_EQ(t_.clock.readings - before, 640 / 64 + 2 * 640 / 16);
}

}  // namespace
}  // namespace kvasm::testing
