// What hashes, sets and sorted sets owe besides their replies (those are in tests/conformance):
// keyspace events and their order, journal records, encodings of stored results.
#include <gtest/gtest.h>

#include "tests/unit/support/list_events.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::ListEvents;
using testing::ListJournal;
using testing::TestEngine;
using Lines = std::vector<std::string>;

class CollectionCommands : public ::testing::Test {
 protected:
  CollectionCommands() {
    t.engine.keyspace().Attach(events_);
    t.engine.keyspace().journal().Attach(journal_);
  }
  ~CollectionCommands() override {
    t.engine.keyspace().journal().Detach(journal_);
    t.engine.keyspace().Detach(events_);
  }

  // Runs a line and returns the events it caused.
  Lines Events(std::string_view line) {
    events_.events.clear();
    t.Run(line);
    return events_.events;
  }
  // Runs a line and returns what it recorded, without SELECT.
  Lines Records(std::string_view line) {
    journal_.records.clear();
    t.Run(line);
    if (!journal_.records.empty() && journal_.records[0].starts_with("SELECT")) {
      journal_.records.erase(journal_.records.begin());
    }
    return journal_.records;
  }
  std::string Encoding(std::string_view key) {
    return t.Run("OBJECT ENCODING " + std::string(key));
  }

  TestEngine t;
  ListEvents events_;
  ListJournal journal_;
};

TEST_F(CollectionCommands, TheLastElementTakesItsKeyAlong) {
  t.Run("HSET h f v");
  EXPECT_EQ(Events("HDEL h f"), (Lines{"hdel h", "del h"}));
  t.Run("SADD s m");
  EXPECT_EQ(Events("SREM s m"), (Lines{"srem s", "del s"}));
  t.Run("SADD s m");
  EXPECT_EQ(Events("SPOP s"), (Lines{"spop s", "del s"}));
  t.Run("ZADD z 1 m");
  EXPECT_EQ(Events("ZREM z m"), (Lines{"zrem z", "del z"}));
  t.Run("ZADD z 1 m");
  EXPECT_EQ(Events("ZPOPMAX z"), (Lines{"zpopmax z", "del z"}));
  t.Run("ZADD z 1 m");
  EXPECT_EQ(Events("ZREMRANGEBYRANK z 0 -1"), (Lines{"zremrangebyrank z", "del z"}));
}

TEST_F(CollectionCommands, WhatChangesNothingIsSilent) {
  t.Run("HSET h f v");
  t.Run("SADD s m");
  t.Run("ZADD z 1 m");
  for (const char* line : {"HSETNX h f w", "HDEL h x", "SADD s m", "SREM s x", "ZADD z 1 m",
                           "ZADD z NX 2 m", "ZREM z x", "ZREMRANGEBYSCORE z 5 9"}) {
    EXPECT_EQ(Events(line), Lines{}) << line;
    EXPECT_EQ(Records(line), Lines{}) << line;
  }
}

TEST_F(CollectionCommands, SmoveTellsTheSourceFirst) {
  t.Run("SADD a m");
  EXPECT_EQ(Events("SMOVE a b m"), (Lines{"srem a", "del a", "sadd b"}));
  EXPECT_EQ(Events("SMOVE b b m"), Lines{});
  EXPECT_EQ(Records("SMOVE b c m"), (Lines{"SMOVE b c m"}));
}

TEST_F(CollectionCommands, RandomAndComputedEffectsAreRecordedAsWhatTheyDid) {
  t.Run("SADD s m");
  EXPECT_EQ(Records("SPOP s"), (Lines{"SREM s m"}));
  t.Run("SADD s a b");
  EXPECT_EQ(Records("SPOP s 5"), (Lines{"DEL s"}));
  t.Run("HSET h n 1");
  EXPECT_EQ(Records("HINCRBYFLOAT h n 1.5"), (Lines{"HSET h n 2.5"}));
  t.Run("ZADD z 1 a 2 b 3 c");
  EXPECT_EQ(Records("ZMPOP 2 none z MAX COUNT 2"), (Lines{"ZPOPMAX z 2"}));
  EXPECT_EQ(Records("ZPOPMIN z"), (Lines{"ZPOPMIN z"}));
}

TEST_F(CollectionCommands, PoppingManyIsRecordedInBatches) {
  std::string add = "SADD s";
  for (int i = 0; i < 3000; ++i) add += " m" + std::to_string(i);
  t.Run(add);
  const Lines records = Records("SPOP s 1500");
  ASSERT_EQ(records.size(), 4u);  // MULTI, two SREM, EXEC
  EXPECT_EQ(records[0], "MULTI");
  EXPECT_EQ(records[3], "EXEC");
  EXPECT_EQ(t.Run("SCARD s"), ":1500");
}

TEST_F(CollectionCommands, EmptyResultsDeleteTheirTarget) {
  t.Run("SADD target x");
  EXPECT_EQ(Events("SINTERSTORE target none none"), (Lines{"del target"}));
  EXPECT_EQ(Events("SINTERSTORE target none none"), Lines{});
  t.Run("ZADD target 1 x");
  EXPECT_EQ(Events("ZUNIONSTORE target 1 none"), (Lines{"del target"}));
  t.Run("ZADD z 1 a");
  EXPECT_EQ(Events("ZRANGESTORE target z 0 -1"), (Lines{"zrangestore target"}));
  EXPECT_EQ(Events("ZRANGESTORE target z 5 9"), (Lines{"del target"}));
}

TEST_F(CollectionCommands, StoredResultsReplaceAnyTypeAndItsExpiry) {
  t.Run("SADD a 1 2");
  t.Run("SET target x EX 100");
  EXPECT_EQ(t.Run("SUNIONSTORE target a"), ":2");
  EXPECT_EQ(t.Run("TTL target"), ":-1");
  EXPECT_EQ(t.Run("SDIFFSTORE a a none"), ":2");
  EXPECT_EQ(t.Run("ZUNIONSTORE a 2 a target"), ":2");
  EXPECT_EQ(t.Run("ZRANGE a 0 -1 WITHSCORES"), "[\"1\", \"2\", \"2\", \"2\"]");
}

TEST_F(CollectionCommands, StoredResultsAreAsCompactAsTheyCanBe) {
  t.Run("SADD ints 1 2 3");
  t.Run("SADD mixed 1 2 x");
  t.Run("SINTERSTORE d mixed ints");
  EXPECT_EQ(Encoding("d"), "\"intset\"");
  t.Run("SUNIONSTORE d mixed ints");
  EXPECT_EQ(Encoding("d"), "\"listpack\"");
  t.Run("ZUNIONSTORE d 1 mixed");
  EXPECT_EQ(Encoding("d"), "\"listpack\"");
}

TEST_F(CollectionCommands, ARejectedCommandChangesNothing) {
  t.Run("ZADD z 1 a");
  EXPECT_EQ(Events("ZADD z 2 a x b"), Lines{});
  EXPECT_EQ(t.Run("ZSCORE z a"), "\"1\"");
  EXPECT_EQ(t.Run("HINCRBY new f x"), "-ERR value is not an integer or out of range");
  EXPECT_EQ(t.Run("EXISTS new"), ":0");
  EXPECT_EQ(t.Run("HSET new f"), "-ERR wrong number of arguments for 'hset' command");
  EXPECT_EQ(t.Run("SMOVE z other a"),
            "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

TEST_F(CollectionCommands, TheLowestCountIsRefused) {
  t.Run("SADD s m");
  EXPECT_EQ(t.Run("SRANDMEMBER s -9223372036854775808").substr(0, 27),
            "-ERR value is out of range,");
}

}  // namespace
}  // namespace kvasm
