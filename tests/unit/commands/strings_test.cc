#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::ListJournal;
using testing::TestEngine;

TEST(Strings, SetThenGetReturnsTheValue) {
  TestEngine t;
  EXPECT_EQ(t.Run("SET greeting hello"), "+OK");
  EXPECT_EQ(t.Run("GET greeting"), "\"hello\"");
  EXPECT_EQ(t.Run("GET absent"), "(nil)");
}

TEST(Strings, SetWithExpiryEndsAfterItsTime) {
  TestEngine t;
  EXPECT_EQ(t.Run("SET k v EX 10"), "+OK");
  t.AdvanceTime(10s);
  EXPECT_EQ(t.Run("GET k"), "\"v\"");
  t.AdvanceTime(1ms);
  EXPECT_EQ(t.Run("GET k"), "(nil)");
}

TEST(Strings, SetConditions) {
  TestEngine t;
  EXPECT_EQ(t.Run("SET k 1 XX"), "(nil)");
  EXPECT_EQ(t.Run("SET k 1 NX"), "+OK");
  EXPECT_EQ(t.Run("SET k 2 NX"), "(nil)");
  EXPECT_EQ(t.Run("SET k 2 XX GET"), "\"1\"");
  EXPECT_EQ(t.Run("SET k 3 NX XX"), "-ERR syntax error");
  EXPECT_EQ(t.Run("SET k 3 EX 0"), "-ERR invalid expire time in 'set' command");
  EXPECT_EQ(t.Run("GET k"), "\"2\"");
}

TEST(Strings, RejectedSetrangeChangesNothing) {
  TestEngine t;
  t.Run("SET k abc");
  EXPECT_EQ(t.Run("SETRANGE k 4294967295 x"),
            "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  EXPECT_EQ(t.Run("SETRANGE k 9223372036854775807 x"),
            "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  EXPECT_EQ(t.Run("SETRANGE k -1 x"), "-ERR offset is out of range");
  EXPECT_EQ(t.Run("GET k"), "\"abc\"");
  EXPECT_EQ(t.Run("SETRANGE k 5 x"), ":6");
  EXPECT_EQ(t.Run("GETRANGE k 0 2"), "\"abc\"");
}

TEST(Strings, CountersStopAtTheirLimits) {
  TestEngine t;
  t.Run("SET n 9223372036854775806");
  EXPECT_EQ(t.Run("INCR n"), ":9223372036854775807");
  EXPECT_EQ(t.Run("INCR n"), "-ERR increment or decrement would overflow");
  EXPECT_EQ(t.Run("DECRBY n -9223372036854775808"), "-ERR decrement would overflow");
  EXPECT_EQ(t.Run("INCRBYFLOAT f 0.1"), "\"0.1\"");
  EXPECT_EQ(t.Run("INCRBYFLOAT f 0.2"), "\"0.3\"");
}

TEST(Strings, JournalHoldsEffects) {
  TestEngine t;
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  t.Run("SET k v PX 100");
  t.Run("GET k");
  t.Run("INCRBYFLOAT f 1.5");
  t.Run("SET k v NX");
  // What says when, to the millisecond, stays as it was called.
  t.Run("set a v pxat 1700000900123 get");
  t.Run("SET a v EXAT 1700000900 GET");
  t.AdvanceTime(1s);
  t.Run("APPEND k x");
  const std::vector<std::string> expected = {"SELECT 0",
                                             "SET k v PXAT " + std::to_string(1'700'000'000'100),
                                             "SET f 1.5 KEEPTTL",
                                             "set a v pxat 1700000900123 get",
                                             "SET a v PXAT 1700000900000",
                                             "MULTI",
                                             "DEL k",
                                             "APPEND k x",
                                             "EXEC"};
  EXPECT_EQ(journal.records, expected);
}

TEST(Strings, LongKeysAndValues) {
  TestEngine t;
  const std::string key(1000, 'k');
  const std::string value(100000, 'v');
  EXPECT_EQ(t.RunArgs({"SET", key, value}), "+OK");
  EXPECT_EQ(t.RunArgs({"GET", key}), "\"" + value + "\"");
  EXPECT_EQ(t.RunArgs({"SET", key, "1"}), "+OK");
  EXPECT_EQ(t.RunArgs({"APPEND", key, value}), ":100001");
}

TEST(Strings, NoLimitOfTheConfigurationLetsALengthPassTheEnd) {
  TestEngine t;
  EXPECT_EQ(t.Run("CONFIG SET proto-max-bulk-len 9223372036854775807"), "+OK");
  t.Run("SET k v");
  const std::string too_long = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";
  EXPECT_EQ(t.Run("SETRANGE k 4294967295 x"), too_long);
  EXPECT_EQ(t.Run("SETRANGE k 9223372036854775807 x"), too_long);
  EXPECT_EQ(t.Run("SETBIT k 34359738367 1"), "-ERR bit offset is not an integer or out of range");
  EXPECT_EQ(t.Run("GET k"), "\"v\"");
  services::Session& session = t.OpenNetwork();
  EXPECT_EQ(t.Raw(session, "*2\r\n$3\r\nGET\r\n$9223372036854775807\r\nk\r\n"), "");
}

}  // namespace
}  // namespace kvasm
