// Which keys go when maxmemory is exceeded.
#include "core/keyspace/eviction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/alloc.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::TestEngine;

constexpr int kKeys = 2000;
const std::string kValue(400, 'v');

// Sets `count` keys named `prefix` and a number, with a time to live if `seconds` > 0.
void Fill(TestEngine& t, const std::string& prefix, int count, int seconds = 0) {
  for (int i = 0; i < count; ++i) {
    std::vector<std::string> command = {"SET", prefix + std::to_string(i), kValue};
    if (seconds > 0) command.insert(command.end(), {"EX", std::to_string(seconds + i)});
    ASSERT_EQ(t.RunArgs(command), "+OK");
  }
}

int Count(TestEngine& t, const std::string& prefix, int from, int to) {
  int found = 0;
  for (int i = from; i < to; ++i) {
    found += t.Run("TOUCH " + prefix + std::to_string(i)) == ":1" ? 1 : 0;
  }
  return found;
}

// Leaves a limit that holds what there is now, and a policy.
void LimitHere(TestEngine& t, const std::string& policy) {
  t.Run("CONFIG SET maxmemory-policy " + policy);
  t.Run("CONFIG SET maxmemory " + std::to_string(base::HeapUsedBytes()));
}

uint64_t Limit(TestEngine& t) {
  return static_cast<uint64_t>(t.engine.config().settings().maxmemory);
}

TEST(Eviction, TheTableOfKeysDoesNotGrowBeyondTheLimit) {
  TestEngine t;
  t.engine.config().mutable_settings().enable_debug_command = "yes";
  for (int i = 0; i < 4096; ++i) t.Run("SET " + std::to_string(i) + " 1");
  t.Run("CONFIG SET maxmemory-policy allkeys-random maxmemory " +
        std::to_string(base::HeapUsedBytes() + 10 * 1024));
  t.Run("SET a 1");
  t.Run("SET b 1");
  EXPECT_EQ(t.Run("DBSIZE"), ":4098") << "a larger table would have cost keys";
  EXPECT_EQ(t.Run("DEBUG HTSTATS 0").find("table size: 8192"), std::string::npos);
  t.Run("CONFIG SET maxmemory 0");
  t.Run("SET c 1");
  EXPECT_NE(t.Run("DEBUG HTSTATS 0").find("table size: 8192"), std::string::npos);
}

TEST(Eviction, NoEvictionRefusesWrites) {
  TestEngine t;
  Fill(t, "k", kKeys);
  LimitHere(t, "noeviction");
  t.Run("CONFIG SET maxmemory " + std::to_string(Limit(t) + 100 * kValue.size()));
  int set = 0;
  while (set < kKeys && t.RunArgs({"SET", "new" + std::to_string(set), kValue}) == "+OK") ++set;
  EXPECT_GT(set, 10);
  EXPECT_LT(set, 100);
  EXPECT_TRUE(t.RunArgs({"SET", "another", kValue}).starts_with("-OOM"));
  EXPECT_EQ(t.Run("DEL k0"), ":1");
  EXPECT_EQ(t.Run("DBSIZE"), ":" + std::to_string(kKeys + set - 1));
}

TEST(Eviction, LruKeepsWhatIsUsed) {
  TestEngine t;
  t.Run("CONFIG SET maxmemory-policy allkeys-lru");
  Fill(t, "k", kKeys);
  t.AdvanceTime(100s);
  ASSERT_EQ(Count(t, "k", 0, kKeys / 2), kKeys / 2);  // the first half is used
  t.AdvanceTime(100s);
  LimitHere(t, "allkeys-lru");
  Fill(t, "new", kKeys / 4);
  EXPECT_LE(base::HeapUsedBytes(), Limit(t) + 4096);
  EXPECT_GT(Count(t, "k", 0, kKeys / 2), kKeys / 2 * 19 / 20);
  EXPECT_LT(Count(t, "k", kKeys / 2, kKeys), kKeys / 2 * 3 / 4);
}

TEST(Eviction, LfuKeepsWhatIsUsedOften) {
  TestEngine t;
  t.Run("CONFIG SET maxmemory-policy allkeys-lfu");
  t.Run("CONFIG SET lfu-log-factor 1");
  Fill(t, "k", kKeys);
  for (int round = 0; round < 20; ++round) Count(t, "k", 0, kKeys / 2);
  LimitHere(t, "allkeys-lfu");
  Fill(t, "new", kKeys / 4);
  EXPECT_GT(Count(t, "k", 0, kKeys / 2), kKeys / 2 * 19 / 20);
}

TEST(Eviction, VolatilePoliciesNeverTakePersistentKeys) {
  for (const char* policy : {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}) {
    TestEngine t;
    Fill(t, "persistent", kKeys / 2);
    Fill(t, "volatile", kKeys / 2, 1000);
    LimitHere(t, policy);
    int set = 0;
    while (set < kKeys && t.RunArgs({"SET", "new" + std::to_string(set), kValue}) == "+OK") ++set;
    EXPECT_GT(set, kKeys / 4) << policy;
    EXPECT_LT(set, kKeys) << policy << ": what is persistent makes no room";
    EXPECT_EQ(Count(t, "persistent", 0, kKeys / 2), kKeys / 2) << policy;
    EXPECT_EQ(Count(t, "volatile", 0, kKeys / 2), 0) << policy;
  }
}

TEST(Eviction, TtlTakesWhatEndsFirst) {
  TestEngine t;
  Fill(t, "k", kKeys, 1000);
  LimitHere(t, "volatile-ttl");
  Fill(t, "new", kKeys / 4);
  const int left = Count(t, "k", 0, kKeys);
  EXPECT_LT(left, kKeys);
  EXPECT_EQ(Count(t, "k", kKeys - left, kKeys), left);
}

TEST(Eviction, RandomTakesFromAllDatabases) {
  TestEngine t;
  Fill(t, "k", kKeys / 2);
  t.Run("SELECT 5");
  Fill(t, "k", kKeys / 2);
  LimitHere(t, "allkeys-random");
  Fill(t, "new", kKeys / 2);
  EXPECT_LT(Count(t, "k", 0, kKeys / 2), kKeys / 2);
  t.Run("SELECT 0");
  EXPECT_LT(Count(t, "k", 0, kKeys / 2), kKeys / 2);
}

TEST(Eviction, EachKeyIsJournalledAndCounted) {
  TestEngine t;
  Fill(t, "k", kKeys);
  LimitHere(t, "allkeys-lru");
  testing::ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  ASSERT_EQ(t.RunArgs({"SET", "more", std::string(20'000, 'v')}), "+OK");
  ASSERT_EQ(t.Run("SET one v"), "+OK");
  t.engine.keyspace().journal().Detach(journal);
  const uint64_t evicted = t.engine.keyspace().stats().evicted_keys;
  EXPECT_GT(evicted, 0u);
  uint64_t deletions = 0;
  for (const std::string& record : journal.records) deletions += record.starts_with("DEL k");
  EXPECT_EQ(deletions, evicted);
  // They are no transaction.
  EXPECT_EQ(journal.records.size(), evicted + 3);
  t.engine.config().mutable_settings().maxmemory = 0;  // INFO would make room, too
  EXPECT_NE(t.Run("INFO stats").find("evicted_keys:" + std::to_string(evicted)), std::string::npos);
}

TEST(Eviction, WhatIsEvictedAmidATransactionBelongsToIt) {
  TestEngine t;
  Fill(t, "k", kKeys);
  LimitHere(t, "allkeys-lru");
  testing::ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  t.Run("MULTI");
  t.RunArgs({"SET", "more", std::string(20'000, 'v')});
  t.Run("EVAL \"return 1\" 0");
  t.Run("INCR n");
  const uint64_t before = t.engine.keyspace().stats().evicted_keys;
  t.Run("EXEC");
  t.engine.keyspace().journal().Detach(journal);
  EXPECT_GT(t.engine.keyspace().stats().evicted_keys, before);
  const auto at = [&](std::string_view start) {
    const auto found = std::find_if(journal.records.begin(), journal.records.end(),
                                    [&](const std::string& r) { return r.starts_with(start); });
    return found - journal.records.begin();
  };
  EXPECT_LT(at("MULTI"), at("SET more"));
  EXPECT_LT(at("INCR n"), at("EXEC"));
  EXPECT_EQ(at("EXEC"), std::ssize(journal.records) - 1);
  EXPECT_EQ(std::count(journal.records.begin(), journal.records.end(), "MULTI"), 1);
}

TEST(Eviction, ALowerLimitIsReachedByTheChores) {
  TestEngine t;
  Fill(t, "k", kKeys);
  LimitHere(t, "allkeys-random");
  t.Run("CONFIG SET maxmemory " + std::to_string(Limit(t) - kKeys / 2 * kValue.size()));
  EXPECT_GT(base::HeapUsedBytes(), Limit(t));
  for (int i = 0; i < 100 && t.engine.Tick(1000) == 0; ++i) {
  }
  EXPECT_LE(base::HeapUsedBytes(), Limit(t));
  EXPECT_GT(Count(t, "k", 0, kKeys), kKeys / 4);
}

TEST(Eviction, AWatchedKeyThatIsEvictedEndsTheTransaction) {
  TestEngine t;
  t.Run("SET w v");
  t.Run("WATCH w");
  LimitHere(t, "allkeys-random");
  t.Run("CONFIG SET maxmemory 1");
  t.engine.Tick(1000);
  EXPECT_EQ(t.Run("DBSIZE"), ":0");
  t.Run("CONFIG SET maxmemory 0");
  t.Run("MULTI");
  EXPECT_EQ(t.Run("EXEC"), "(nil)");
}

TEST(Eviction, ACommandThatOnlyReadsMakesRoomToo) {
  TestEngine t;
  Fill(t, "k", 100);
  t.Run("CONFIG SET maxmemory-policy allkeys-random");
  t.Run("CONFIG SET maxmemory 1");
  EXPECT_NE(t.Run("DBSIZE"), ":100");
}

TEST(Eviction, PausedClientsLoseNothing) {
  TestEngine t;
  Fill(t, "k", 100);
  t.Run("CONFIG SET maxmemory-policy allkeys-random");
  t.Run("CLIENT PAUSE 10000 WRITE");
  t.Run("CONFIG SET maxmemory 1");
  t.engine.Tick(1000);
  EXPECT_EQ(t.Run("DBSIZE"), ":100");
}

}  // namespace
}  // namespace kvasm
