// Running out of memory: an -OOM reply on the command that cannot be served, a healthy engine
// after.
#include <gtest/gtest.h>

#include "core/base/alloc.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::TestEngine;

constexpr char kOom[] = "-OOM command not allowed when used memory > 'maxmemory'.";

class Memory : public ::testing::Test {
 protected:
  void SetUp() override { base::SetHeapLimit(base::HeapUsedBytes() + (160u << 20)); }
  void TearDown() override { base::SetHeapLimit(0); }
};

// Writes until refused; the number of writes served.
int Fill(TestEngine& t, const std::string& command, size_t value_bytes) {
  const std::string value(value_bytes, 'v');
  for (int i = 0;; ++i) {
    const std::string reply = command == "SET"
                                  ? t.RunArgs({"SET", "key:" + std::to_string(i), value})
                                  : t.RunArgs({command, "all", std::to_string(i), value});
    if (reply == kOom) return i;
    EXPECT_FALSE(reply.starts_with('-')) << reply;
    if (i > 10'000'000) return -1;
  }
}

TEST_F(Memory, SmallWritesAreRefusedWhenFullAndServedAgainAfterDeleting) {
  TestEngine t;
  const int stored = Fill(t, "SET", 100);
  ASSERT_GT(stored, 100'000);
  EXPECT_EQ(t.Run("GET key:0"), "\"" + std::string(100, 'v') + "\"");
  EXPECT_EQ(t.Run("SET another value"), kOom);
  EXPECT_EQ(t.Run("GET another"), "(nil)");
  for (int i = 0; i < stored; ++i) t.Run("DEL key:" + std::to_string(i));
  EXPECT_EQ(t.Run("SET another value"), "+OK");
}

TEST_F(Memory, FieldsOfOneHashAreRefusedWhenFull) {
  TestEngine t;
  EXPECT_GT(Fill(t, "HSET", 100), 100'000);
  EXPECT_EQ(t.Run("HLEN all").front(), ':');
  EXPECT_EQ(t.Run("DEL all"), ":1");
  EXPECT_EQ(t.Run("HSET all f v"), ":1");
}

TEST_F(Memory, AValueThatDoesNotFitChangesNothing) {
  TestEngine t;
  t.Run("SET k abc");
  EXPECT_EQ(t.Run("SETRANGE k 400000000 x"), kOom);
  EXPECT_EQ(t.Run("SETRANGE fresh 400000000 x"), kOom);
  EXPECT_EQ(t.Run("SETBIT k 4294967295 1"), kOom);
  EXPECT_EQ(t.RunArgs({"HSET", "h", "f", std::string(60u << 20, 'x')}), kOom);
  EXPECT_EQ(t.Run("GET k"), "\"abc\"");
  EXPECT_EQ(t.Run("EXISTS fresh h"), ":0");
}

TEST_F(Memory, ExpiriesAreRefusedWhenTheirIndexCannotGrow) {
  TestEngine t;
  int kept = 0;
  std::string reply;
  do {
    reply = t.RunArgs({"SET", "k" + std::to_string(kept), "v", "EX", "1000"});
    if (reply == "+OK") ++kept;
  } while (reply == "+OK" && kept < 10'000'000);
  EXPECT_EQ(reply, kOom);
  EXPECT_EQ(t.Run("SET k0 w GET EX 100"), kOom);
  t.AdvanceTime(std::chrono::seconds(1001));
  while (t.engine.Tick(100'000) == 0) {
  }
  EXPECT_EQ(t.Run("SET k0 w EX 100"), "+OK");
}

TEST_F(Memory, TheOnlyKeyThatExpiresMovesWithItsExpiryWhenFull) {
  TestEngine t;
  t.Run("SET a 1 EX 1000");
  Fill(t, "SET", 100);
  EXPECT_EQ(t.Run("RENAME a b"), "+OK");
  EXPECT_EQ(t.Run("TTL b"), ":1000");
  EXPECT_EQ(t.Run("MOVE b 1"), ":1");
  EXPECT_EQ(t.Run("PERSIST b"), ":0");
  t.Run("SELECT 1");
  EXPECT_EQ(t.Run("PERSIST b"), ":1");
  EXPECT_EQ(t.Run("EXPIRE b 50"), ":1");
  EXPECT_EQ(t.Run("TTL b"), ":50");
}

class CountingSink final : public keyspace::Journal::Sink {
 public:
  void Record(std::span<const std::string_view> arguments) override { count += arguments.size(); }
  uint64_t count = 0;
};

// What cannot be recorded at once ends a little later.
TEST_F(Memory, ManyFieldsEndAtOnceWhenFull) {
  constexpr int kFields = 100'000;
  TestEngine t;
  CountingSink sink;
  for (int i = 0; i < kFields; ++i) {
    const std::string field = "a field of some length:" + std::to_string(i);
    t.RunArgs({"HSETEX", "h", "PX", "1000", "FIELDS", "1", field, ""});
  }
  t.Run("HSET h stays v");
  Fill(t, "SET", 100);
  t.engine.keyspace().journal().Attach(sink);
  t.AdvanceTime(std::chrono::seconds(1));
  EXPECT_EQ(t.Run("HGET h stays"), "\"v\"");
  while (t.engine.Tick(1000) == 0) {
  }
  EXPECT_EQ(t.Run("HLEN h"), ":1");
  EXPECT_GE(sink.count, uint64_t{kFields});
  t.engine.keyspace().journal().Detach(sink);
}

TEST_F(Memory, AReplyThatDoesNotFitIsAnError) {
  TestEngine t;
  ASSERT_EQ(t.RunArgs({"SET", "k", std::string(20u << 20, 'x')}), "+OK");
  EXPECT_EQ(t.Run("MGET k k k k k k k k"), kOom);
  EXPECT_EQ(t.Run("STRLEN k"), ":" + std::to_string(20u << 20));
}

TEST_F(Memory, AReplyThatGrowsElementByElementEndsWithTheMemory) {
  TestEngine t;
  t.Run("HSET h f v");
  EXPECT_EQ(t.Run("HRANDFIELD h -2147483648"), kOom);
  EXPECT_EQ(t.Run("SADD s a"), ":1");
  EXPECT_EQ(t.Run("SRANDMEMBER s -9223372036854775807"), kOom);
  EXPECT_EQ(t.Run("SET k v"), "+OK");
}

TEST_F(Memory, AValueThatCannotBeRepliedIsNotLost) {
  TestEngine t;
  ASSERT_EQ(t.Run("SETRANGE k 83886079 x"), ":83886080");
  EXPECT_EQ(t.Run("GETDEL k"), kOom);
  EXPECT_EQ(t.Run("GETSET k v"), kOom);
  EXPECT_EQ(t.Run("SET k v GET"), kOom);
  EXPECT_EQ(t.Run("STRLEN k"), ":83886080");
}

TEST_F(Memory, MembersThatCannotBeRepliedAreNotPopped) {
  TestEngine t;
  for (int i = 0; i < 80; ++i) {
    const std::string member = std::to_string(i) + std::string(1u << 20, 'm');
    ASSERT_EQ(t.RunArgs({"ZADD", "z", "1", member}), ":1");
  }
  EXPECT_EQ(t.Run("ZPOPMIN z 80"), kOom);
  EXPECT_EQ(t.Run("ZMPOP 1 z MIN COUNT 80"), kOom);
  EXPECT_EQ(t.Run("ZCARD z"), ":80");
  t.Run("FLUSHALL");
  for (int i = 0; i < 80; ++i) {
    const std::string member = std::to_string(i) + std::string(1u << 20, 'm');
    ASSERT_EQ(t.RunArgs({"SADD", "s", member}), ":1");
  }
  EXPECT_EQ(t.Run("SPOP s 80"), kOom);
  EXPECT_EQ(t.Run("SCARD s"), ":80");
}

TEST_F(Memory, ReadingMuchWhenFullIsAReplyOrAnErrorButNoTrap) {
  TestEngine t;
  std::vector<std::string> many(100'000, "s");
  many[0] = "SUNION";
  base::SetHeapLimit(base::HeapUsedBytes() + (48u << 20));
  std::string reply;
  for (int i = 0; reply != kOom; ++i) reply = t.Run("SADD s " + std::to_string(i) + ":member");
  for (int i = 0; i < 20'000; ++i) t.Run("SREM s " + std::to_string(i) + ":member");
  reply.clear();
  for (int i = 0; reply != kOom; ++i) reply = t.Run("SET " + std::to_string(i) + " v");
  EXPECT_NE(t.Run("SCAN 0 COUNT 100000000"), "");
  EXPECT_NE(t.Run("SRANDMEMBER s 50000"), "");
  EXPECT_EQ(t.RunArgs(many), kOom);
  EXPECT_EQ(t.Run("PING"), "+PONG");
}

TEST_F(Memory, AFewLargeMembersAmongManySmallOnesAreCounted) {
  TestEngine t;
  for (int i = 0; i < 5000; ++i) t.Run("SADD s " + std::to_string(i) + ":");
  for (int i = 0; i < 85; ++i) {
    ASSERT_EQ(t.RunArgs({"SADD", "s", std::to_string(i) + std::string(1u << 20, 'm')}), ":1");
  }
  EXPECT_EQ(t.Run("COPY s copy"), kOom);
  EXPECT_EQ(t.Run("SUNIONSTORE copy s"), kOom);
  EXPECT_EQ(t.Run("ZUNIONSTORE copy 1 s"), kOom);
  EXPECT_EQ(t.Run("EXISTS copy"), ":0");
}

TEST_F(Memory, AClientListLongerThanMemoryIsAnError) {
  TestEngine t;
  t.RunArgs({"CLIENT", "SETNAME", std::string(100'000, 'n')});
  std::vector<std::string> list(3000, "1");
  list[0] = "CLIENT";
  list[1] = "LIST";
  list[2] = "ID";
  EXPECT_EQ(t.RunArgs(list), kOom);
  EXPECT_EQ(t.Run("PING"), "+PONG");
}

TEST_F(Memory, ARefusedCopyLeavesTheDestination) {
  TestEngine t;
  t.RunArgs({"SET", "from", std::string(500'000, 'x')});
  t.Run("SET to kept");
  std::string reply;
  for (int i = 0; reply != kOom; ++i) {
    reply = t.Run("SETRANGE fill" + std::to_string(i) + " 399999 x");
  }
  EXPECT_EQ(t.Run("COPY from to REPLACE"), kOom);
  EXPECT_EQ(t.Run("GET to"), "\"kept\"");
}

TEST_F(Memory, PopulateEndsWhenFull) {
  TestEngine t;
  t.engine.config().mutable_settings().enable_debug_command = "yes";
  EXPECT_EQ(t.Run("DEBUG POPULATE 2147483647 k 100000"), kOom);
  EXPECT_EQ(t.Run("DEBUG POPULATE 10 m 536870912"), kOom);
  EXPECT_EQ(t.Run("FLUSHALL"), "+OK");
  EXPECT_EQ(t.Run("SET k v"), "+OK");
}

TEST_F(Memory, CopiesAndStoresThatDoNotFitAreRefused) {
  TestEngine t;
  const std::string member(1000, 'm');
  for (int i = 0; i < 80'000; ++i) {
    ASSERT_EQ(t.RunArgs({"SADD", "s", member + std::to_string(i)}), ":1");
    if (i % 2 == 0) t.RunArgs({"ZADD", "z", "1", std::to_string(i) + member});
  }
  EXPECT_EQ(t.Run("COPY s s2"), kOom);
  EXPECT_EQ(t.Run("SUNIONSTORE s2 s"), kOom);
  EXPECT_EQ(t.Run("SDIFFSTORE s2 s"), kOom);
  EXPECT_EQ(t.Run("SINTERSTORE s2 s s"), kOom);
  EXPECT_EQ(t.Run("SUNION s"), kOom);
  EXPECT_EQ(t.Run("ZUNIONSTORE s2 2 z s"), kOom);
  EXPECT_EQ(t.Run("ZRANGESTORE s2 z 0 -1"), kOom);
  EXPECT_EQ(t.Run("SCARD s"), ":80000");
}

TEST_F(Memory, SortsThatDoNotFitAreRefused) {
  TestEngine t;
  t.Run("SET d kept");
  for (int i = 0; i < 80'000; ++i) {
    ASSERT_EQ(t.RunArgs({"RPUSH", "l", std::to_string(i) + std::string(1000, 'm')}).front(), ':');
  }
  EXPECT_EQ(t.Run("SORT l ALPHA"), kOom);
  EXPECT_EQ(t.Run("SORT l ALPHA STORE d"), kOom);
  EXPECT_EQ(t.Run("SORT l BY nosort"), kOom);
  EXPECT_EQ(t.Run("GET d"), "\"kept\"");
  EXPECT_EQ(t.Run("LLEN l"), ":80000");
}

TEST_F(Memory, ASortThatGathersMoreThanFitsIsRefused) {
  TestEngine t;
  t.Run("SET d kept");
  t.RunArgs({"SET", "large", std::string(1u << 20, 'x')});
  t.Run("RPUSH l large");
  for (int i = 0; i < 8; ++i) t.Run("SORT l BY nosort GET # GET # STORE l");
  ASSERT_EQ(t.Run("LLEN l"), ":256");
  EXPECT_EQ(t.Run("SORT l ALPHA GET *"), kOom);
  EXPECT_EQ(t.Run("SORT l ALPHA GET * STORE d"), kOom);
  EXPECT_EQ(t.Run("SORT l ALPHA BY *"), kOom);
  EXPECT_EQ(t.Run("GET d"), "\"kept\"");
  EXPECT_EQ(t.Run("PING"), "+PONG");
}

TEST_F(Memory, SearchesThatDoNotFitAreRefused) {
  TestEngine t;
  t.Run("SET d kept");
  for (int i = 0; i < 80'000; ++i) {
    ASSERT_EQ(t.RunArgs({"GEOADD", "g", "1", "1", std::to_string(i) + std::string(1000, 'm')}),
              ":1");
  }
  EXPECT_EQ(t.Run("GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 km ASC"), kOom);
  EXPECT_EQ(t.Run("GEOSEARCHSTORE d g FROMLONLAT 1 1 BYRADIUS 1 km"), kOom);
  EXPECT_EQ(t.Run("GET d"), "\"kept\"");
  EXPECT_NE(t.Run("GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 km COUNT 1 ANY"), "[]");
}

TEST_F(Memory, ASearchForAnyPointAsksForNoMoreThanItReturns) {
  TestEngine t;
  for (int i = 0; i < 300'000; ++i) t.Run("GEOADD g 1 1 " + std::to_string(i));
  base::SetHeapLimit(base::HeapUsedBytes() + (20u << 20));
  EXPECT_EQ(t.Run("GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 km"), kOom);
  EXPECT_EQ(t.Run("GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 km COUNT 1 ANY"), "[\"0\"]");
}

TEST_F(Memory, WhatAwaitsItsFreeingMakesRoomForAHyperLogLog) {
  TestEngine t;
  std::vector<std::string> push(30'000, std::string(1000, 'x'));
  push[0] = "RPUSH";
  push[1] = "l";
  t.RunArgs(push);
  push.clear();
  push.shrink_to_fit();
  EXPECT_EQ(t.Run("UNLINK l"), ":1");
  ASSERT_GT(t.engine.keyspace().lazy_free().pending(), 0u);
  Fill(t, "SET", 20'000);
  EXPECT_EQ(t.Run("PFADD h a"), ":1");
}

// 80 fields of the hash h, 1 MB each; they fit once, but not once more in a reply.
std::string FillLargeHash(TestEngine& t) {
  std::string fields = "FIELDS 80";
  for (int i = 0; i < 80; ++i) {
    const std::string field = std::to_string(i);
    EXPECT_EQ(t.RunArgs({"HSET", "h", field, std::string(1u << 20, 'v')}), ":1");
    fields += " " + field;
  }
  return fields;
}

TEST_F(Memory, FieldsThatCannotBeRepliedAreNotDeleted) {
  TestEngine t;
  const std::string fields = FillLargeHash(t);
  EXPECT_EQ(t.Run("HGETDEL h " + fields), kOom);
  EXPECT_EQ(t.Run("HGETEX h PXAT 1 " + fields), kOom);
  EXPECT_EQ(t.Run("HLEN h"), ":80");
  EXPECT_EQ(t.Run("HGETEX h EX 100 " + fields), kOom);
  EXPECT_EQ(t.Run("HTTL h FIELDS 2 0 79"), "[:-1, :-1]");
}

TEST_F(Memory, MessagesThatCannotBeRepliedAreNotDelivered) {
  TestEngine t;
  t.Run("XADD small 1-1 f v");
  t.Run("XGROUP CREATE small g 0");
  t.Run("XGROUP CREATE large g 0 MKSTREAM");
  for (int i = 0; i < 80; ++i) {
    t.RunArgs({"XADD", "large", "*", "f", std::string(1u << 20, 'v')});
  }
  EXPECT_EQ(t.Run("XREADGROUP GROUP g c STREAMS large small > >"), kOom);
  EXPECT_EQ(t.Run("XPENDING large g"), "[:0, (nil), (nil), (nil)]");
  EXPECT_EQ(t.Run("XPENDING small g"), "[:0, (nil), (nil), (nil)]");
  // What has been replied before is delivered; the rest is left to another call.
  EXPECT_EQ(t.Run("XREADGROUP GROUP g c STREAMS small large > >"),
            "[[\"small\", [[\"1-1\", [\"f\", \"v\"]]]]]");
  EXPECT_EQ(t.Run("XPENDING large g"), "[:0, (nil), (nil), (nil)]");
  EXPECT_EQ(t.Run("XPENDING small g"), "[:1, \"1-1\", \"1-1\", [[\"c\", \"1\"]]]");
  EXPECT_EQ(t.Run("XREADGROUP GROUP g c COUNT 1 BLOCK 0 STREAMS large >").substr(0, 9),
            "[[\"large\"");
}

TEST_F(Memory, ASortEndsWhereItsReplyDoes) {
  TestEngine t;
  t.RunArgs({"SET", "large", std::string(1u << 20, 'x')});
  for (int i = 0; i < 5000; ++i) t.Run("RPUSH l large");
  const uint64_t hits = t.engine.keyspace().stats().hits;
  EXPECT_EQ(t.Run("SORT l BY nosort GET *"), kOom);
  EXPECT_LT(t.engine.keyspace().stats().hits - hits, 500u);
}

}  // namespace
}  // namespace kvasm
