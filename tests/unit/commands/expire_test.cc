#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::ListJournal;
using testing::TestEngine;

TEST(Expire, EndsAKeyAfterItsTime) {
  TestEngine t;
  t.Run("SET a 1");
  EXPECT_EQ(t.Run("EXPIRE a 10"), ":1");
  EXPECT_EQ(t.Run("TTL a"), ":10");
  t.AdvanceTime(10s);
  EXPECT_EQ(t.Run("EXISTS a"), ":1");
  EXPECT_EQ(t.Run("PTTL a"), ":0");
  t.AdvanceTime(1ms);
  EXPECT_EQ(t.Run("EXISTS a"), ":0");
  EXPECT_EQ(t.Run("EXPIRE a 10"), ":0");
}

TEST(Expire, RoundsSecondsToTheNearest) {
  TestEngine t;
  t.Run("SET a 1");
  t.Run("PEXPIRE a 1500");
  EXPECT_EQ(t.Run("TTL a"), ":2");
  t.Run("PEXPIRE a 1499");
  EXPECT_EQ(t.Run("TTL a"), ":1");
  EXPECT_EQ(t.Run("TTL absent"), ":-2");
  t.Run("SET b 1");
  EXPECT_EQ(t.Run("PTTL b"), ":-1");
}

TEST(Expire, AbsoluteTimes) {
  TestEngine t;
  t.Run("SET a 1");
  EXPECT_EQ(t.Run("EXPIREAT a 1700000100"), ":1");
  EXPECT_EQ(t.Run("TTL a"), ":100");
  EXPECT_EQ(t.Run("EXPIRETIME a"), ":1700000100");
  EXPECT_EQ(t.Run("PEXPIREAT a 1700000100600"), ":1");
  EXPECT_EQ(t.Run("PEXPIRETIME a"), ":1700000100600");
  EXPECT_EQ(t.Run("EXPIRETIME a"), ":1700000101");
  EXPECT_EQ(t.Run("PEXPIRETIME absent"), ":-2");
  t.Run("PERSIST a");
  EXPECT_EQ(t.Run("EXPIRETIME a"), ":-1");
}

TEST(Expire, TimesInThePastDelete) {
  TestEngine t;
  for (const char* line : {"EXPIRE a 0", "EXPIRE a -1", "PEXPIREAT a 1", "EXPIREAT a -5"}) {
    t.Run("SET a 1");
    EXPECT_EQ(t.Run(line), ":1") << line;
    EXPECT_EQ(t.Run("EXISTS a"), ":0") << line;
  }
}

TEST(Expire, PersistRemovesTheTime) {
  TestEngine t;
  t.Run("SET a 1 EX 10");
  EXPECT_EQ(t.Run("PERSIST a"), ":1");
  EXPECT_EQ(t.Run("PERSIST a"), ":0");
  EXPECT_EQ(t.Run("PERSIST absent"), ":0");
  t.AdvanceTime(11s);
  EXPECT_EQ(t.Run("GET a"), "\"1\"");
}

TEST(Expire, Conditions) {
  TestEngine t;
  t.Run("SET a 1");
  EXPECT_EQ(t.Run("EXPIRE a 100 XX"), ":0");
  EXPECT_EQ(t.Run("EXPIRE a 100 GT"), ":0");
  EXPECT_EQ(t.Run("EXPIRE a 100 LT"), ":1");
  EXPECT_EQ(t.Run("EXPIRE a 50 NX"), ":0");
  EXPECT_EQ(t.Run("EXPIRE a 50 GT"), ":0");
  EXPECT_EQ(t.Run("EXPIRE a 100 GT"), ":0");
  EXPECT_EQ(t.Run("EXPIRE a 200 GT"), ":1");
  EXPECT_EQ(t.Run("EXPIRE a 300 LT"), ":0");
  EXPECT_EQ(t.Run("EXPIRE a 150 xx lt"), ":1");
  EXPECT_EQ(t.Run("TTL a"), ":150");
  t.Run("PERSIST a");
  EXPECT_EQ(t.Run("EXPIRE a 10 nx"), ":1");
}

TEST(Expire, RefusesBadArguments) {
  TestEngine t;
  t.Run("SET a 1 EX 100");
  EXPECT_EQ(t.Run("EXPIRE a 1 NX XX"),
            "-ERR NX and XX, GT or LT options at the same time are not compatible");
  EXPECT_EQ(t.Run("EXPIRE a 1 GT LT"),
            "-ERR GT and LT options at the same time are not compatible");
  EXPECT_EQ(t.Run("EXPIRE a 1 AB"), "-ERR Unsupported option AB");
  EXPECT_EQ(t.Run("EXPIRE a x"), "-ERR value is not an integer or out of range");
  EXPECT_EQ(t.Run("EXPIRE a 9223372036854775807"), "-ERR invalid expire time in 'expire' command");
  EXPECT_EQ(t.Run("EXPIRE a -9223372036854775808"), "-ERR invalid expire time in 'expire' command");
  EXPECT_EQ(t.Run("PEXPIRE a 9223372036854775807"),
            "-ERR invalid expire time in 'pexpire' command");
  EXPECT_EQ(t.Run("EXPIREAT a 9223372036854775807"),
            "-ERR invalid expire time in 'expireat' command");
  EXPECT_EQ(t.Run("TTL a"), ":100");
  EXPECT_EQ(t.Run("PEXPIREAT a 9223372036854775807"), ":1");
  EXPECT_EQ(t.Run("PEXPIRETIME a"), ":9223372036854775807");
  EXPECT_EQ(t.Run("EXPIRETIME a"), ":9223372036854776");
  EXPECT_EQ(t.engine.Tick(100), 100);
}

TEST(Expire, KeysThatAreMetExpiredAreNoTransaction) {
  TestEngine t;
  ListJournal journal;
  for (const char* line : {"SCAN 0", "RANDOMKEY", "", "SUNION a b"}) {
    t.Run("MSET a 1 b 2");
    t.Run("PEXPIRE a 1");
    t.Run("PEXPIRE b 1");
    t.AdvanceTime(10ms);
    journal.records.clear();
    t.engine.keyspace().journal().Attach(journal);
    *line == 0 ? static_cast<void>(t.engine.Tick(1000)) : static_cast<void>(t.Run(line));
    t.engine.keyspace().journal().Detach(journal);
    std::vector<std::string>& records = journal.records;
    EXPECT_EQ(t.Run("DBSIZE"), ":0") << line;
    // A command that names them is one with them.
    const bool is_one = std::string_view(line).starts_with("SUNION");
    EXPECT_EQ(records.size(), is_one ? 5u : 3u) << line;
    EXPECT_EQ(std::count(records.begin(), records.end(), "MULTI"), is_one ? 1 : 0) << line;
    EXPECT_EQ(std::count(records.begin(), records.end(), "DEL a"), 1) << line;
    EXPECT_EQ(std::count(records.begin(), records.end(), "DEL b"), 1) << line;
  }
}

TEST(Expire, JournalHoldsAbsoluteTimes) {
  TestEngine t;
  t.Run("MSET s 1 vol 1");
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  for (const char* line : {"EXPIRE s 100", "PEXPIRE s 200000 XX", "EXPIREAT s 9999999999",
                           "EXPIRE s 100 GT", "PEXPIREAT s 9999999999001 GT", "EXPIRE s -1",
                           "EXPIRE vol 5", "PERSIST vol", "PERSIST vol", "TTL vol"}) {
    t.Run(line);
  }
  const std::vector<std::string> expected = {"SELECT 0",
                                             "PEXPIREAT s 1700000100000",
                                             "PEXPIREAT s 1700000200000 XX",
                                             "PEXPIREAT s 9999999999000",
                                             "PEXPIREAT s 9999999999001 GT",
                                             "DEL s",
                                             "PEXPIREAT vol 1700000005000",
                                             "PERSIST vol"};
  EXPECT_EQ(journal.records, expected);
}

TEST(Expire, TheTickRemovesKeysNobodyLooksAt) {
  TestEngine t;
  for (int i = 0; i < 100; ++i) t.Run("SET key:" + std::to_string(i) + " x PX 10");
  t.AdvanceTime(11ms);
  t.engine.Tick(30);
  EXPECT_EQ(t.engine.keyspace().db(0).size(), 70u);
  t.engine.Tick(1000);
  EXPECT_EQ(t.engine.keyspace().db(0).size(), 0u);
}

}  // namespace
}  // namespace kvasm
