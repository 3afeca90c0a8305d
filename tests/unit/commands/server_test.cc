#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::ListJournal;
using testing::TestEngine;

TEST(Server, FlushdbEmptiesOneDatabaseAndFlushallEveryOne) {
  TestEngine t;
  t.Run("SET a 1");
  t.Run("SELECT 1");
  t.Run("SET b 1");
  EXPECT_EQ(t.Run("FLUSHDB ASYNC"), "+OK");
  EXPECT_EQ(t.Run("DBSIZE"), ":0");
  t.Run("SET b 1");
  EXPECT_EQ(t.Run("FLUSHALL now"), "-ERR syntax error");
  EXPECT_EQ(t.Run("DBSIZE"), ":1");
  EXPECT_EQ(t.Run("FLUSHALL SYNC"), "+OK");
  EXPECT_EQ(t.Run("DBSIZE"), ":0");
  t.Run("SELECT 0");
  EXPECT_EQ(t.Run("DBSIZE"), ":0");
}

TEST(Server, WholeDatabaseCommandsAreJournaledAsCalled) {
  TestEngine t;
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  t.Run("FLUSHDB");
  t.Run("SWAPDB 0 1");
  t.Run("FLUSHALL ASYNC");
  t.Run("SWAPDB 0 x");
  EXPECT_EQ(journal.records,
            (std::vector<std::string>{"SELECT 0", "FLUSHDB", "SWAPDB 0 1", "FLUSHALL ASYNC"}));
  t.engine.keyspace().journal().Detach(journal);
}

TEST(Server, SwapdbExchangesContentsAndExpiries) {
  TestEngine t;
  t.Run("SET k v EX 10");
  EXPECT_EQ(t.Run("SWAPDB 0 1"), "+OK");
  EXPECT_EQ(t.Run("EXISTS k"), ":0");
  t.Run("SELECT 1");
  EXPECT_EQ(t.Run("TTL k"), ":10");
  EXPECT_EQ(t.Run("SWAPDB 0 4294967297"), "-ERR invalid second DB index");
  EXPECT_EQ(t.Run("SWAPDB 0 16"), "-ERR DB index is out of range");
}

TEST(Server, TheNumberOfDatabasesIsChosenAtStartUp) {
  TestEngine t;
  const auto set = [&](const std::string& count) {
    const services::Config::Pair pair{"databases", count};
    return t.engine.config().Set({&pair, 1}, services::Config::Source::kStartup).ok();
  };
  EXPECT_TRUE(set("20"));
  EXPECT_EQ(t.Run("SELECT 19"), "+OK");
  EXPECT_EQ(t.Run("SELECT 20"), "-ERR DB index is out of range");
  // Not while a session uses them.
  EXPECT_TRUE(set("2"));
  EXPECT_EQ(t.Run("SET k v"), "+OK");
  t.Run("FLUSHALL");
  t.Run("SELECT 0");
  EXPECT_TRUE(set("3"));
  EXPECT_EQ(t.Run("SELECT 2"), "+OK");
  EXPECT_EQ(t.Run("SELECT 3"), "-ERR DB index is out of range");
  EXPECT_FALSE(set("2147483647"));
}

TEST(Server, WritesBeyondMaxmemoryAreRefused) {
  TestEngine t;
  t.Run("SET k v");
  EXPECT_EQ(t.Run("CONFIG SET maxmemory 1"), "+OK");
  EXPECT_EQ(t.Run("SET k w"), "-OOM command not allowed when used memory > 'maxmemory'.");
  EXPECT_EQ(t.Run("GET k"), "\"v\"");
  EXPECT_EQ(t.Run("DEL k"), ":1");
  EXPECT_EQ(t.Run("CONFIG SET maxmemory 0"), "+OK");
  EXPECT_EQ(t.Run("SET k w"), "+OK");
}

TEST(Server, TimeIsTheHostsClock) {
  TestEngine t;
  EXPECT_EQ(t.Run("TIME"), "[\"1700000000\", \"0\"]");
  t.AdvanceTime(1500ms);
  EXPECT_EQ(t.Run("TIME"), "[\"1700000001\", \"500000\"]");
}

TEST(Server, ShutdownIsAnEffectForTheHost) {
  TestEngine t;
  EXPECT_EQ(t.Run("SHUTDOWN SAVE NOSAVE"), "-ERR syntax error");
  EXPECT_EQ(t.Run("SHUTDOWN ABORT"), "-ERR No shutdown in progress.");
  EXPECT_TRUE(t.engine.effects().Take().empty());
  t.Run("SHUTDOWN NOSAVE NOW FORCE");
  const std::vector<services::Effect> effects = t.engine.effects().Take();
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(effects[0].kind, services::Effect::Kind::kShutdown);
}

TEST(Server, ConfigGetTellsEachDirectiveOnce) {
  TestEngine t;
  EXPECT_EQ(t.Run("CONFIG GET maxmemory MAXMEMORY maxmemor[yz]"), "[\"maxmemory\", \"0\"]");
  EXPECT_EQ(t.Run("CONFIG SET maxmemory 1 timeout"), "-ERR syntax error");
  EXPECT_EQ(t.Run("CONFIG SET hash-max-ziplist-entries 7"), "+OK");
  EXPECT_EQ(t.engine.config().settings().limits.hash_max_listpack_entries, 7);
  EXPECT_EQ(t.Run("CONFIG REWRITE"), "-ERR The server is running without a config file");
}

TEST(Server, DebugNeedsPermission) {
  TestEngine t;
  EXPECT_TRUE(t.Run("DEBUG SLEEP 1").starts_with("-ERR DEBUG command not allowed."));
  const services::Config::Pair local{"enable-debug-command", "local"};
  ASSERT_TRUE(t.engine.config().Set({&local, 1}, services::Config::Source::kStartup).ok());
  services::Session& far = t.OpenNetwork();
  far.address = "203.0.113.9:1234";
  EXPECT_TRUE(t.Run(far, "DEBUG SLEEP 1").starts_with("-ERR DEBUG command not allowed."));
  // Nor does a machine become this one by going before it is asked who it is.
  for (const char* address : {"?:0", "203.0.113.9:0127", "128.0.0.1:1", "[::ffff:1]:1", ""}) {
    far.address = address;
    EXPECT_TRUE(t.Run(far, "DEBUG SLEEP 1").starts_with("-ERR DEBUG command not allowed."))
        << address;
  }
  for (const char* address :
       {"127.0.0.1:5", "[::1]:5", "/tmp/a.sock:0", "a.sock:0", "127.0.0.1:0"}) {
    far.address = address;
    EXPECT_EQ(t.Run(far, "DEBUG SLEEP 0"), "+OK") << address;
  }
  const int64_t before_ms = t.now_ms();
  EXPECT_EQ(t.Run("DEBUG SLEEP 1.5"), "+OK");
  EXPECT_EQ(t.now_ms() - before_ms, 1500);
}

TEST(Server, DebugSetActiveExpireStopsTheChore) {
  TestEngine t;
  const services::Config::Pair allowed{"enable-debug-command", "yes"};
  ASSERT_TRUE(t.engine.config().Set({&allowed, 1}, services::Config::Source::kStartup).ok());
  t.Run("SET k v PX 1");
  EXPECT_EQ(t.Run("DEBUG SET-ACTIVE-EXPIRE 0"), "+OK");
  t.AdvanceTime(1s);
  t.engine.Tick(1000);
  EXPECT_EQ(t.Run("DBSIZE"), ":1");
  EXPECT_EQ(t.Run("DEBUG SET-ACTIVE-EXPIRE 1"), "+OK");
  t.engine.Tick(1000);
  EXPECT_EQ(t.Run("DBSIZE"), ":0");
}

}  // namespace
}  // namespace kvasm
