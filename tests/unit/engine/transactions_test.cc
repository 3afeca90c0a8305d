// MULTI and EXEC, with what only the engine's inside shows: two sessions, records, waits.
#include <gtest/gtest.h>

#include <string>

#include "core/base/alloc.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::ListJournal;
using testing::TestEngine;

TEST(Transactions, QueuedCommandsRunTogether) {
  TestEngine t;
  EXPECT_EQ(t.Run("MULTI"), "+OK");
  EXPECT_EQ(t.Run("SET k 1"), "+QUEUED");
  EXPECT_EQ(t.Run("INCR k"), "+QUEUED");
  EXPECT_EQ(t.Run("LPUSH k x"), "+QUEUED");
  services::Session& other = t.OpenNetwork();
  EXPECT_EQ(t.Run(other, "EXISTS k"), ":0");
  EXPECT_EQ(t.Run("EXEC"),
            "[+OK, :2, -WRONGTYPE Operation against a key holding the wrong kind of value]");
  EXPECT_EQ(t.Run("GET k"), "\"2\"");
  EXPECT_EQ(t.Run("EXEC"), "-ERR EXEC without MULTI");
}

TEST(Transactions, ARefusedCommandAbortsThemAll) {
  TestEngine t;
  for (const char* refused : {"NOSUCH", "GET", "CONFIG NOSUCH", "OBJECT"}) {
    t.Run("MULTI");
    EXPECT_EQ(t.Run("SET k 1"), "+QUEUED");
    EXPECT_TRUE(t.Run(refused).starts_with("-ERR")) << refused;
    EXPECT_EQ(t.Run("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
    EXPECT_EQ(t.Run("EXISTS k"), ":0");
  }
  // What is obeyed at once and fails aborts nothing.
  t.Run("MULTI");
  EXPECT_EQ(t.Run("MULTI"), "-ERR MULTI calls can not be nested");
  EXPECT_EQ(t.Run("WATCH k"), "-ERR WATCH inside MULTI is not allowed");
  EXPECT_EQ(t.Run("EXEC"), "[]");
}

TEST(Transactions, DiscardAndResetForgetThem) {
  TestEngine t;
  t.Run("MULTI");
  t.Run("SET k 1");
  EXPECT_EQ(t.Run("DISCARD"), "+OK");
  EXPECT_EQ(t.Run("DISCARD"), "-ERR DISCARD without MULTI");
  t.Run("MULTI");
  EXPECT_EQ(t.Run("RESET"), "+RESET");
  EXPECT_EQ(t.Run("EXISTS k"), ":0");
}

// What `write` does to the watched key w ends the transaction, or does not.
std::string ExecAfter(const std::string& write) {
  TestEngine t;
  services::Session& other = t.OpenNetwork();
  t.Run("SET w v");
  t.Run("WATCH w absent");
  t.Run(other, write);
  t.Run("MULTI");
  t.Run("PING");
  return t.Run("EXEC");
}

TEST(Transactions, AWriteToAWatchedKeyEndsThem) {
  for (const char* write : {"SET w v", "DEL w", "APPEND w x", "EXPIRE w 10", "RENAME w x",
                            "FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "SET absent v", "MOVE w 1"}) {
    EXPECT_EQ(ExecAfter(write), "(nil)") << write;
  }
  for (const char* write : {"GET w", "SET other v", "DEL absent", "PERSIST w", "SWAPDB 1 2"}) {
    EXPECT_EQ(ExecAfter(write), "[+PONG]") << write;
  }
}

TEST(Transactions, AFlushTouchesOnlyWhatWasThere) {
  TestEngine t;
  services::Session& other = t.OpenNetwork();
  t.Run("WATCH absent");
  t.Run(other, "FLUSHALL");
  t.Run("MULTI");
  EXPECT_EQ(t.Run("EXEC"), "[]");
}

TEST(Transactions, AWatchedKeyThatExpiresEndsThem) {
  TestEngine t;
  t.Run("SET w v PX 10");
  t.Run("WATCH w");
  t.AdvanceTime(20ms);
  t.Run("MULTI");
  EXPECT_EQ(t.Run("EXEC"), "(nil)");
  t.Run("WATCH w");  // it is gone already
  t.Run("MULTI");
  EXPECT_EQ(t.Run("EXEC"), "[]");
}

TEST(Transactions, AnExpiredKeySwappedInIsNoChange) {
  for (const bool swapped_for_expired : {false, true}) {
    TestEngine t;
    t.Run("SET w v PX 10");
    t.Run("SELECT 1");
    if (swapped_for_expired) t.Run("SET w v PX 10");
    t.AdvanceTime(20ms);
    t.Run("WATCH w");
    t.Run("SWAPDB 0 1");
    t.Run("MULTI");
    EXPECT_EQ(t.Run("EXEC"), "[]");
  }
}

TEST(Transactions, ToWatchAnExpiredKeyRemovesNothing) {
  for (const char* write : {"GET w", "SET w x", "SWAPDB 0 1", "FLUSHALL"}) {
    TestEngine t;
    services::Session& other = t.OpenNetwork();
    t.Run("SET w v PX 10");
    t.AdvanceTime(20ms);
    t.Run("WATCH w");
    EXPECT_EQ(t.Run("DBSIZE"), ":1");
    t.Run("MULTI");
    t.Run(other, write);
    EXPECT_EQ(t.Run("EXEC"), write == std::string("SET w x") ? "(nil)" : "[]") << write;
  }
}

TEST(Transactions, NothingIsQueuedOnceTheyCannotSucceed) {
  TestEngine t;
  services::Session& session = t.OpenNetwork();
  t.Run(session, "WATCH w");
  t.Run(session, "MULTI");
  t.Run(session, "SET a 1");
  EXPECT_EQ(session.transaction.size(), 1u);
  t.Run("SET w x");
  EXPECT_EQ(t.Run(session, "SET a 2"), "+QUEUED");
  EXPECT_EQ(session.transaction.size(), 1u);
  EXPECT_EQ(t.Run(session, "EXEC"), "(nil)");
  t.Run(session, "MULTI");
  t.Run(session, "NOSUCH");
  EXPECT_EQ(t.Run(session, "SET a 3"), "+QUEUED");
  EXPECT_EQ(session.transaction.size(), 0u);
}

TEST(Transactions, ClientListTellsThatAWatchedKeyWasWritten) {
  TestEngine t;
  services::Session& session = t.OpenNetwork();
  const auto is_dirty = [&] {
    return t.Run(session, "CLIENT INFO").find(" flags=d ") != std::string::npos;
  };
  t.Run(session, "WATCH w");
  EXPECT_FALSE(is_dirty());
  t.Run("SET w x");
  EXPECT_TRUE(is_dirty());
  t.Run(session, "UNWATCH");
  EXPECT_FALSE(is_dirty());
}

TEST(Transactions, ClientReplySilencesFromWhereItStandsInThem) {
  TestEngine t;
  services::Session& session = t.OpenNetwork();
  EXPECT_EQ(t.Raw(session, "MULTI\r\nECHO a\r\nCLIENT REPLY OFF\r\nECHO b\r\nEXEC\r\nPING\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n$1\r\na\r\n");
  EXPECT_EQ(t.Raw(session, "MULTI\r\nECHO a\r\nCLIENT REPLY ON\r\nECHO b\r\nEXEC\r\nPING\r\n"),
            "+OK\r\n$1\r\nb\r\n+PONG\r\n");
}

TEST(Transactions, UnwatchAndEveryExecForgetTheWatchedKeys) {
  TestEngine t;
  services::Session& other = t.OpenNetwork();
  t.Run("WATCH w");
  t.Run(other, "SET w 1");
  t.Run("UNWATCH");
  t.Run("MULTI");
  EXPECT_EQ(t.Run("EXEC"), "[]");
  t.Run(other, "SET w 2");
  t.Run("MULTI");
  EXPECT_EQ(t.Run("EXEC"), "[]");
  EXPECT_TRUE(t.engine.keyspace().watches().empty());
}

TEST(Transactions, AClosedSessionWatchesNothing) {
  TestEngine t;
  services::Session& other = t.OpenNetwork();
  t.Run(other, "WATCH w");
  EXPECT_FALSE(t.engine.keyspace().watches().empty());
  t.engine.Close(other.id);
  EXPECT_TRUE(t.engine.keyspace().watches().empty());
}

TEST(Transactions, BlockingCommandsDoNotWait) {
  TestEngine t;
  t.Run("MULTI");
  t.Run("BLPOP l 0");
  t.Run("BZPOPMIN z 0");
  t.Run("XREAD BLOCK 0 STREAMS s $");
  EXPECT_EQ(t.Run("EXEC"), "[(nil), (nil), (nil)]");
  EXPECT_EQ(t.engine.waiters().size(), 0u);
}

TEST(Transactions, WaitersDoNotSeeWhatExpiredInTheMeantime) {
  TestEngine t;
  services::Session& other = t.OpenNetwork();
  t.engine.config().mutable_settings().enable_debug_command = "yes";
  t.Raw(other, "BLPOP l 0\r\n");
  t.Run("MULTI");
  t.Run("RPUSH l a");
  t.Run("PEXPIRE l 100");
  t.Run("DEBUG SLEEP 0.2");
  EXPECT_EQ(t.Run("EXEC"), "[:1, :1, +OK]");
  EXPECT_EQ(t.engine.waiters().size(), 1u);
}

TEST(Transactions, WaitersAreServedAfterTheLastCommand) {
  TestEngine t;
  services::Session& other = t.OpenNetwork();
  t.Raw(other, "BLPOP l 0\r\n");
  t.Run("MULTI");
  t.Run("RPUSH l a");
  t.Run("DEL l");
  t.Run("EXEC");
  EXPECT_TRUE(other.waiting);
  t.Run("MULTI");
  t.Run("RPUSH l a");
  t.Run("LPUSH l b");
  t.Run("EXEC");
  EXPECT_FALSE(other.waiting);
  EXPECT_EQ(t.Run("LRANGE l 0 -1"), "[\"a\"]");
}

TEST(Transactions, TheirRecordsAreOneTransaction) {
  TestEngine t;
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  for (const char* line : {"MULTI", "SET a 1", "GET a", "INCR a", "EXEC"}) t.Run(line);
  t.engine.keyspace().journal().Detach(journal);
  EXPECT_EQ(journal.records,
            (std::vector<std::string>{"MULTI", "SELECT 0", "SET a 1", "INCR a", "EXEC"}));
}

TEST(Transactions, ExecIsRefusedWhenItsWritesWouldBe) {
  TestEngine t;
  t.Run("MULTI");
  t.Run("SET k v");
  t.engine.config().mutable_settings().maxmemory = 1;
  EXPECT_EQ(t.Run("EXEC"),
            "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory "
            "> 'maxmemory'.");
  EXPECT_EQ(t.Run("EXEC"), "-ERR EXEC without MULTI");
}

}  // namespace
}  // namespace kvasm
