// What may still arrive when memory is full, or fills it little by little: nothing of it may use
// the ballast up.
#include <gtest/gtest.h>

#include "core/base/alloc.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::TestEngine;

constexpr char kOom[] = "-OOM command not allowed when used memory > 'maxmemory'.";
constexpr int kEnough = 20'000;  // more than memory holds of whatever is tried

class MemoryFull : public ::testing::Test {
 protected:
  void SetUp() override { base::SetHeapLimit(base::HeapUsedBytes() + (64u << 20)); }
  void TearDown() override { base::SetHeapLimit(0); }

  // Writes until refused.
  void Fill(int value_bytes = 1000) {
    const std::string value(static_cast<size_t>(value_bytes), 'v');
    for (int i = 0; t.RunArgs({"SET", "fill" + std::to_string(i), value}) != kOom; ++i) {
    }
  }

  TestEngine t;
};

// A text of 60 KB that no other number gives.
std::string Long(int number) { return std::to_string(number) + std::string(60'000, 'x'); }

TEST_F(MemoryFull, AQueueEndsWithTheMemory) {
  t.Run("MULTI");
  std::string reply = "+QUEUED";
  for (int i = 0; reply == "+QUEUED" && i < kEnough; ++i) reply = t.RunArgs({"ECHO", Long(i)});
  EXPECT_EQ(reply, kOom);
  EXPECT_EQ(t.Run("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
  EXPECT_EQ(t.Run("SET k v"), "+OK");
}

TEST_F(MemoryFull, NothingIsQueuedAboveMaxmemory) {
  t.Run("MULTI");
  t.engine.config().mutable_settings().maxmemory = 1;
  EXPECT_EQ(t.Run("GET k"), kOom);
  EXPECT_EQ(t.Run("MULTI"), "-ERR MULTI calls can not be nested");
  EXPECT_EQ(t.Run("DISCARD"), "+OK");
  EXPECT_EQ(t.Run("GET k"), "(nil)");
}

TEST_F(MemoryFull, ATransactionThatFillsItIsRefusedTheRest) {
  for (int i = 0; i < 10'000; ++i) t.Run("SADD s " + std::to_string(i) + std::string(60, 'm'));
  t.Run("MULTI");
  for (int i = 0; i < 200; ++i) ASSERT_EQ(t.Run("COPY s s" + std::to_string(i)), "+QUEUED");
  ASSERT_EQ(t.Run("SCARD s"), "+QUEUED");
  const std::string reply = t.Run("EXEC");
  EXPECT_TRUE(reply.starts_with("[:1, :1, ")) << reply;
  EXPECT_TRUE(reply.ends_with(std::string(kOom) + ", :10000]")) << reply;
  EXPECT_EQ(t.Run("EXISTS s0 s199"), ":1");
}

TEST_F(MemoryFull, WatchedKeysEndWithTheMemory) {
  std::string reply = "+OK";
  for (int i = 0; reply == "+OK" && i < kEnough; ++i) reply = t.RunArgs({"WATCH", Long(i)});
  EXPECT_EQ(reply, kOom);
  EXPECT_EQ(t.Run("UNWATCH"), "+OK");
  EXPECT_EQ(t.Run("WATCH k"), "+OK");
}

TEST_F(MemoryFull, ACommandThatCannotBeKeptDoesNotWait) {
  std::string reply;
  size_t waiting = 0;
  for (int i = 0; reply.empty() && i < kEnough; ++i) {
    services::Session& session = t.OpenNetwork();
    session.reply.set_protocol(2);
    reply = t.Run(session, "BLPOP " + Long(i) + " 0");
    waiting += session.waiting ? 1 : 0;
  }
  EXPECT_EQ(reply, kOom);
  EXPECT_GT(waiting, 100u);
  EXPECT_EQ(t.engine.waiters().size(), waiting);
  EXPECT_EQ(t.Run("PING"), "+PONG");
}

TEST_F(MemoryFull, NothingIsDeliveredToAGroup) {
  t.Run("XGROUP CREATE s g 0 MKSTREAM");
  for (int i = 0; i < 100'000; ++i) t.Run("XADD s " + std::to_string(i + 1) + " f v");
  ASSERT_TRUE(t.Run("XREADGROUP GROUP g c COUNT 2 STREAMS s >").starts_with("[["));
  Fill();
  for (int i = 0; i < 20; ++i) {
    const std::string consumer = "d" + std::to_string(i);
    EXPECT_EQ(t.Run("XREADGROUP GROUP g c COUNT 5000 STREAMS s >"), kOom);
    EXPECT_EQ(t.Run("XREADGROUP GROUP g " + consumer + " STREAMS s 0"), kOom);
    EXPECT_EQ(t.Run("XCLAIM s g " + consumer + " 0 7-0 FORCE"), kOom);
    EXPECT_EQ(t.Run("XAUTOCLAIM s g " + consumer + " 0 0"), kOom);
  }
  EXPECT_EQ(t.Run("XREADGROUP GROUP g c COUNT 1 STREAMS s 0"),
            "[[\"s\", [[\"1-0\", [\"f\", \"v\"]]]]]");
  EXPECT_EQ(t.Run("XACK s g 1-0 2-0"), ":2");
}

TEST_F(MemoryFull, NamesDoNotGrow) {
  for (int i = 0; i < 500; ++i) t.Run("SET " + std::to_string(i) + " v");
  Fill();
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(t.RunArgs({"RENAME", std::to_string(i), Long(i)}), kOom);
    EXPECT_EQ(t.RunArgs({"RENAMENX", std::to_string(i), Long(i)}), kOom);
  }
  EXPECT_EQ(t.Run("RENAME 1 2"), "+OK");
}

}  // namespace
}  // namespace kvasm
