// Several sessions that wait, and what else they have sent.
#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using services::Session;
using testing::Taken;
using testing::TestEngine;

TEST(Waiting, WhatTheServedHaveSentComesAfterAllThatWaited) {
  TestEngine t;
  Session& first = t.OpenNetwork();
  Session& second = t.OpenNetwork();
  t.Raw(first, "BLPOP k 0\r\nLPOP k\r\n");
  t.Raw(second, "BLPOP k 0\r\n");
  t.Run("RPUSH k a b c");
  EXPECT_EQ(Taken(first), "*2\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\nc\r\n");
  EXPECT_EQ(Taken(second), "*2\r\n$1\r\nk\r\n$1\r\nb\r\n");
}

TEST(Waiting, WhatTheServedHaveSentComesAfterAllThatCameWithTheWrite) {
  TestEngine t;
  Session& waiter = t.OpenNetwork();
  Session& writer = t.OpenNetwork();
  t.Raw(waiter, "BLPOP k 0\r\nGET v\r\n");
  t.Raw(writer, "RPUSH k a\r\nSET v 1\r\n");
  EXPECT_EQ(Taken(waiter), "*2\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n");
}

TEST(Waiting, WhoFoundNothingComesAfterTheOthers) {
  TestEngine t;
  Session& first = t.OpenNetwork();
  Session& second = t.OpenNetwork();
  t.Run("XGROUP CREATE s g $ MKSTREAM");
  t.Run("XGROUP CREATE other g $ MKSTREAM");
  t.Raw(first, "XREADGROUP GROUP g a BLOCK 0 STREAMS s other > >\r\n");
  t.Raw(second, "XREADGROUP GROUP g b BLOCK 0 STREAMS s >\r\n");
  t.Run("MULTI");
  t.Run("XADD other 1-1 f v");
  t.Run("XDEL other 1-1");
  t.Run("EXEC");
  t.Run("XADD s 1-1 f v");
  EXPECT_EQ(Taken(first), "");
  EXPECT_NE(Taken(second), "");
}

TEST(Waiting, AValueInPlaceOfAnotherWakesNobody) {
  TestEngine t;
  Session& waiter = t.OpenNetwork();
  t.Raw(waiter, "BLPOP k 0\r\n");
  t.Run("RPUSH source 1");
  t.Run("HSET k f v");
  t.Run("SORT source STORE k");
  EXPECT_EQ(Taken(waiter), "");
  t.Run("RENAME k other");
  t.Run("RENAME other k");
  EXPECT_NE(Taken(waiter), "");
}

TEST(Waiting, AnExpiredKeyIsNotRemovedForWhoWaitsForIt) {
  TestEngine t;
  Session& waiter = t.OpenNetwork();
  t.Run("SELECT 1");
  t.Run("RPUSH k a");
  t.Run("PEXPIRE k 10");
  t.AdvanceTime(11ms);
  t.Raw(waiter, "BLPOP k 0\r\n");
  t.Run("SWAPDB 0 1");
  EXPECT_EQ(Taken(waiter), "");
  EXPECT_EQ(t.engine.keyspace().db(0).size(), 1u);
}

TEST(Waiting, AChainOfSessionsThatWakeEachOtherNeedsNoStack) {
  constexpr int kSessions = 20'000;
  TestEngine t;
  for (int i = 0; i < kSessions; ++i) {
    t.Raw(t.OpenNetwork(),
          "BLPOP k" + std::to_string(i) + " 0\r\nRPUSH k" + std::to_string(i + 1) + " x\r\n");
  }
  t.Run("RPUSH k0 x");
  EXPECT_EQ(t.engine.waiters().size(), 0u);
  EXPECT_EQ(t.Run("LRANGE k" + std::to_string(kSessions) + " 0 -1"), "[\"x\"]");
}

// To find that a key has expired deletes it, which wakes others, who may serve whom that key keeps
// waiting: all within one request.
TEST(Waiting, OneMayBeServedBeforeItsRequestIsOver) {
  TestEngine t;
  Session& other = t.OpenNetwork();
  t.Run("XGROUP CREATE s g $ MKSTREAM");
  t.Raw(other, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >\r\nRPUSH q x\r\n");
  t.Run("PEXPIRE s 10");
  t.AdvanceTime(11ms);
  Session& taker = t.OpenNetwork();
  EXPECT_EQ(t.Raw(taker, "BLMPOP 0 2 s q LEFT\r\nECHO after\r\nECHO that\r\n"),
            "*2\r\n$1\r\nq\r\n*1\r\n$1\r\nx\r\n$5\r\nafter\r\n$4\r\nthat\r\n");
  EXPECT_TRUE(Taken(other).ends_with("\r\n:1\r\n"));
}

TEST(Waiting, APauseOfWritesHoldsBackWhatMayBeReplicated) {
  TestEngine t;
  t.Run("PFADD h a");
  t.Run("CLIENT PAUSE 10000 WRITE");
  Session& reader = t.OpenNetwork();
  Session& counter = t.OpenNetwork();
  Session& publisher = t.OpenNetwork();
  EXPECT_EQ(t.Raw(reader, "GET k\r\n"), "$-1\r\n");
  EXPECT_EQ(t.Raw(counter, "PFCOUNT h\r\n"), "");
  EXPECT_EQ(t.Raw(publisher, "PUBLISH c m\r\n"), "");
  EXPECT_EQ(t.Raw(reader, "MULTI\r\nPUBLISH c m\r\nEXEC\r\n"), "+OK\r\n+QUEUED\r\n");
  t.Run("CLIENT UNPAUSE");
  EXPECT_EQ(Taken(counter), ":1\r\n");
  EXPECT_EQ(Taken(publisher), ":0\r\n");
  EXPECT_EQ(Taken(reader), "*1\r\n:0\r\n");
}

TEST(Waiting, WhileClientsArePausedKeysExpireOnlyForWhoLooks) {
  TestEngine t;
  Session& reader = t.OpenNetwork();
  t.Run("SET a 1 PX 10");
  t.Run("SET b 1 PX 10");
  t.Run("CLIENT PAUSE 10000 WRITE");
  t.AdvanceTime(11ms);
  EXPECT_GT(t.engine.Tick(1000), 1);  // it does not ask to be called at once
  EXPECT_EQ(t.Raw(reader, "GET a\r\nEXISTS b\r\nKEYS *\r\nSCAN 0\r\nDBSIZE\r\n"),
            "$-1\r\n:0\r\n*0\r\n*2\r\n$1\r\n0\r\n*0\r\n:2\r\n");
  EXPECT_EQ(t.Raw(reader, "RANDOMKEY\r\n").size(), 7U);  // whichever, but it answers
  EXPECT_EQ(t.engine.keyspace().stats().expired_keys, 0U);
  t.Run("CLIENT UNPAUSE");
  EXPECT_EQ(t.Raw(reader, "GET a\r\n"), "$-1\r\n");
  EXPECT_EQ(t.engine.keyspace().stats().expired_keys, 1U);
  t.engine.Tick(1000);
  EXPECT_EQ(t.engine.keyspace().stats().expired_keys, 2U);
}

TEST(Waiting, AWriteInTheTransactionThatPausesTakesWhatHasExpired) {
  TestEngine t;
  Session& writer = t.OpenNetwork();
  t.Run("SET a 1 PX 10");
  t.Run("SET b 1 PX 10");
  t.Raw(writer, "MULTI\r\nCLIENT PAUSE 10000 WRITE\r\nAPPEND a x\r\nGET a\r\nEXEC\r\n");
  t.AdvanceTime(11ms);
  t.Run("CLIENT UNPAUSE");
  EXPECT_EQ(t.Raw(writer, "MULTI\r\nCLIENT PAUSE 10000 WRITE\r\nAPPEND b x\r\nGET b\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:1\r\n$1\r\nx\r\n");
}

TEST(Waiting, MemoryIsLookedAtWhenThePauseIsOver) {
  TestEngine t;
  Session& writer = t.OpenNetwork();
  t.Run("CONFIG SET maxmemory 1");
  t.Run("CLIENT PAUSE 10000 WRITE");
  EXPECT_EQ(t.Raw(writer, "SET a 1\r\n"), "");
  t.Run("CLIENT UNPAUSE");
  EXPECT_EQ(Taken(writer), "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  EXPECT_EQ(t.Run("DBSIZE"), ":0");
}

TEST(Waiting, AnAttemptThatFindsNothingIsNoInteraction) {
  TestEngine t;
  Session& taker = t.OpenNetwork();
  Session& other = t.OpenNetwork();
  t.Raw(taker, "BLPOP k 0\r\n");
  t.Raw(other, "XREAD BLOCK 0 STREAMS s 5\r\n");
  t.AdvanceTime(7s);
  t.Run("RPUSH k a");
  t.Run("XADD s 3 f v");
  const std::string list = t.Run("CLIENT LIST");
  const size_t line = list.find("id=" + std::to_string(other.id) + " ");
  EXPECT_NE(list.find(" age=7 idle=7 ", line), std::string::npos) << list;
  EXPECT_NE(list.find(" age=7 idle=0 "), list.find(" age=7 idle=7 ")) << list;
  EXPECT_EQ(taker.last_interaction_ms, t.now_ms());
}

TEST(Waiting, TheLastCommandIsTheOneThatCame) {
  TestEngine t;
  Session& session = t.OpenNetwork();
  t.Raw(session, "MULTI\r\nSET k v\r\n");
  EXPECT_EQ(session.last_command, "set");
  t.Raw(session, "EXEC\r\n");
  EXPECT_EQ(session.last_command, "exec");
  t.Raw(session, "NOSUCH\r\n");
  EXPECT_EQ(session.last_command, "");
}

TEST(Waiting, OneWaitIsEndedOnce) {
  TestEngine t;
  Session& other = t.OpenNetwork();
  t.Raw(other, "BLPOP k 0\r\nBLPOP k 0\r\n");
  const std::string unblock = "CLIENT UNBLOCK " + std::to_string(other.id);
  for (const std::string& line : {std::string("MULTI"), unblock, unblock}) t.Run(line);
  EXPECT_EQ(t.Run("EXEC"), "[:1, :0]");
  EXPECT_EQ(Taken(other), "*-1\r\n");
  EXPECT_TRUE(other.waiting);
}

TEST(Waiting, ClientUnblockEndsAWaitAsItsTimeWouldOrWithAnError) {
  struct Case {
    const char* command;
    const char* at_the_end;
  };
  constexpr Case kCases[] = {{"BLPOP k 0", "*-1\r\n"},
                             {"BZMPOP 0 1 k MIN", "*-1\r\n"},
                             {"BLMOVE k l LEFT LEFT 0", "*-1\r\n"},
                             {"XREAD BLOCK 0 STREAMS s $", "*-1\r\n"},
                             {"WAIT 1 0", ":0\r\n"},
                             {"WAITAOF 0 1 0", "*2\r\n:0\r\n:0\r\n"}};
  TestEngine t;
  Session& other = t.OpenNetwork();
  const std::string unblock = "CLIENT UNBLOCK " + std::to_string(other.id);
  for (const Case& each : kCases) {
    for (const char* reason : {"", " TIMEOUT", " error"}) {
      t.Raw(other, std::string(each.command) + "\r\n");
      ASSERT_TRUE(other.waiting);
      EXPECT_EQ(t.Run(unblock + reason), ":1");
      EXPECT_FALSE(other.waiting);
      EXPECT_EQ(t.Run(unblock), ":0");
      EXPECT_EQ(Taken(other), std::string_view(reason) == " error"
                                  ? "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"
                                  : each.at_the_end)
          << each.command;
    }
  }
  EXPECT_EQ(t.Run(unblock + " later"), "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  EXPECT_EQ(t.engine.waiters().size(), 0u);
}

TEST(Waiting, EndsAtTheMillisecond) {
  struct Case {
    const char* command;
    std::chrono::milliseconds time;
  };
  constexpr Case kCases[] = {{"BLPOP k 0.05", 50ms},
                             {"BRPOP k 0.0501", 51ms},
                             {"BLMPOP 0.0001 1 k LEFT", 1ms},
                             {"BZPOPMAX k 1.5", 1500ms},
                             {"XREAD BLOCK 7 STREAMS s $", 7ms},
                             {"WAIT 1 20", 20ms}};
  for (const Case& each : kCases) {
    TestEngine t;
    Session& other = t.OpenNetwork();
    t.Raw(other, std::string(each.command) + "\r\n");
    t.AdvanceTime(each.time - 1ms);
    EXPECT_EQ(t.engine.Tick(1), 1) << each.command;
    EXPECT_TRUE(other.waiting) << each.command;
    t.AdvanceTime(1ms);
    t.engine.Tick(1);
    EXPECT_FALSE(other.waiting) << each.command;
  }
}

TEST(Waiting, SessionsAreReadyInTheOrderInWhichTheyWereServed) {
  TestEngine t;
  Session* sessions[3];
  for (Session*& session : sessions) {
    session = &t.OpenNetwork();
    t.Raw(*session, "BLPOP k 0\r\n");
  }
  t.Run("RPUSH k a b c");
  for (Session* session : sessions) EXPECT_EQ(t.engine.NextReady(), session);
  EXPECT_EQ(t.engine.NextReady(), nullptr);
}

}  // namespace
}  // namespace kvasm
