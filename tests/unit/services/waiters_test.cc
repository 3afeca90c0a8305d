#include "core/services/waiters.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/support/test_engine.h"

namespace kvasm::services {
namespace {

using testing::TestEngine;
using types::Type;

// Waiters beside those of an engine, so that nobody serves them but the test.
class WaitersTest : public ::testing::Test {
 protected:
  void Park(uint64_t id, std::vector<std::string> keys, int64_t deadline_ms = 0) {
    waiters.Park({.session_id = id,
                  .keys = std::move(keys),
                  .type = Type::kList,
                  .deadline_ms = deadline_ms});
  }
  // The sessions to be called, up to the end or to `most` of them.
  std::vector<uint64_t> Called(size_t most = 100) {
    std::vector<uint64_t> ids;
    while (ids.size() < most) {
      const auto call = waiters.NextCall();
      if (!call) break;
      ids.push_back(call->session_id);
    }
    return ids;
  }

  TestEngine t;
  Waiters waiters{t.engine.keyspace()};
};

using Ids = std::vector<uint64_t>;

TEST_F(WaitersTest, AreCalledInTheOrderInWhichTheyCame) {
  Park(3, {"k"});
  Park(1, {"other", "k"});
  Park(2, {"k", "k"});
  t.Run("RPUSH k a b c");
  EXPECT_EQ(Called(), (Ids{3, 1, 2}));
  EXPECT_FALSE(waiters.has_calls());
}

TEST_F(WaitersTest, NobodyIsCalledForWhatTheOneBeforeHasTaken) {
  for (uint64_t id = 1; id <= 3; ++id) Park(id, {"k"});
  t.Run("RPUSH k a");
  EXPECT_EQ(Called(1), Ids{1});
  t.Run("LPOP k");
  EXPECT_EQ(Called(), Ids{});
  t.Run("RPUSH k a");
  EXPECT_EQ(Called(1), Ids{1});
  t.Run("DEL k");
  t.Run("SET k string");
  EXPECT_EQ(Called(), Ids{});
}

TEST_F(WaitersTest, WhoComesWhileAKeyIsServedWaitsForItsNextTurn) {
  Park(1, {"k"});
  Park(2, {"k"});
  t.Run("RPUSH k a");
  EXPECT_EQ(Called(1), Ids{1});
  waiters.Remove(1);
  Park(1, {"k"});
  EXPECT_EQ(Called(), Ids{2});
  t.Run("DEL k");
  t.Run("RPUSH k b");
  EXPECT_EQ(Called(), (Ids{2, 1}));
}

TEST_F(WaitersTest, AKeyIsReadyOnceHoweverOftenItChanges) {
  t.Run("RPUSH k a");
  Park(1, {"k"});
  for (int i = 0; i < 3; ++i) {
    waiters.Flushed(t.engine.keyspace().db(0));
    t.Run("RPUSH k a");
  }
  EXPECT_EQ(Called(), Ids{1});
}

TEST_F(WaitersTest, EndInTheOrderOfTheirDeadlines) {
  const int64_t now_ms = t.now_ms();
  Park(1, {"k"}, now_ms + 30);
  Park(2, {"k"}, now_ms + 10);
  Park(3, {"k"});
  Park(4, {"k"}, now_ms + 20);
  EXPECT_EQ(waiters.NextDeadlineMs(), now_ms + 10);
  waiters.Expire(now_ms + 9);
  EXPECT_FALSE(waiters.has_calls());
  waiters.Expire(now_ms + 20);
  waiters.Expire(now_ms + 20);
  EXPECT_EQ(Called(), (Ids{2, 4}));
  EXPECT_EQ(waiters.NextDeadlineMs(), now_ms + 30);
  waiters.Remove(1);
  EXPECT_EQ(waiters.NextDeadlineMs(), -1);
}

TEST_F(WaitersTest, AWaitEndsOnce) {
  Park(1, {"k"}, t.now_ms() + 10);
  EXPECT_TRUE(waiters.Unblock(1, true));
  EXPECT_FALSE(waiters.Unblock(1, false));
  EXPECT_FALSE(waiters.Unblock(2, false));
  waiters.Expire(t.now_ms() + 10);
  const auto call = waiters.NextCall();
  ASSERT_TRUE(call);
  EXPECT_EQ(call->wake, Waiters::Wake::kError);
  EXPECT_FALSE(waiters.NextCall());
}

TEST_F(WaitersTest, APauseEndsNoEarlierThanTheOneItFollows) {
  waiters.Pause(t.now_ms() + 100, false);
  waiters.Pause(t.now_ms() + 10, true);
  waiters.Expire(t.now_ms() + 99);
  EXPECT_TRUE(waiters.paused());
  waiters.Expire(t.now_ms() + 100);
  EXPECT_FALSE(waiters.paused());
}

TEST_F(WaitersTest, APauseHoldsBackNoLessThanTheOneItFollows) {
  waiters.Pause(t.now_ms() + 100, true);
  EXPECT_TRUE(waiters.pauses_only_writes());
  waiters.Pause(t.now_ms() + 100, false);
  EXPECT_FALSE(waiters.pauses_only_writes());
  waiters.Pause(t.now_ms() + 200, true);
  EXPECT_FALSE(waiters.pauses_only_writes());
  waiters.Unpause();
  waiters.Pause(t.now_ms() + 100, true);
  EXPECT_TRUE(waiters.pauses_only_writes());
}

}  // namespace
}  // namespace kvasm::services
