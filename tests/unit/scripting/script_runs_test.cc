// Scripts that take long: they are suspended, the host has its turns, and others are told to wait.
#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::Taken;
using testing::TestEngine;

// Writes, loops for about 40 ms of the test's clock, writes again.
constexpr char kSlow[] =
    "EVAL \"redis.call('incr','n') for i=1,4000000 do end return redis.call('incr','n')\" 0";
constexpr char kEndless[] = "EVAL \"while true do end\" 0";

class ScriptRuns : public ::testing::Test {
 protected:
  ScriptRuns() : caller(t.OpenNetwork()), other(t.OpenNetwork()) {
    t.clock.exact_step_us = 50;
    t.Run("CONFIG SET busy-reply-threshold 5");
  }

  // Gives scripts their turns until none is left; returns how many it took.
  int RunTurns(int most = 10'000) {
    int turns = 0;
    while (turns < most && t.engine.Tick(100) == 0) ++turns;
    return turns;
  }
  void Send(services::Session& session, std::string_view line) {
    t.engine.Feed(session, std::string(line) + "\r\n");
  }

  TestEngine t;
  services::Session& caller;
  services::Session& other;
};

TEST_F(ScriptRuns, ShortScriptsAreNotSuspended) {
  EXPECT_EQ(t.Run(caller, "EVAL \"for i=1,100000 do end return 7\" 0"), ":7");
  EXPECT_FALSE(caller.waiting);
}

TEST_F(ScriptRuns, ASlowScriptLetsOthersBeToldThatItIsBusyAndEnds) {
  Send(caller, kSlow);
  EXPECT_TRUE(caller.waiting);
  EXPECT_EQ(Taken(caller), "");
  EXPECT_EQ(t.Run(other, "GET n"),
            "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
            "NOSAVE.");
  EXPECT_EQ(t.Run(other, "EXEC"),
            "-EXECABORT Transaction discarded because of: BUSY Redis is busy "
            "running a script. You can only call SCRIPT KILL or SHUTDOWN "
            "NOSAVE.");
  EXPECT_GT(RunTurns(), 1);
  EXPECT_EQ(Taken(caller), ":2\r\n");
  EXPECT_EQ(t.Run(other, "GET n"), "\"2\"");
}

TEST_F(ScriptRuns, WhatTheCallerHasPipelinedFollowsItsReply) {
  t.engine.Feed(caller, std::string(kSlow) + "\r\nPING\r\n" + kSlow + "\r\nGET n\r\n");
  RunTurns();
  EXPECT_EQ(Taken(caller), ":2\r\n+PONG\r\n:4\r\n$1\r\n4\r\n");
}

TEST_F(ScriptRuns, ATransactionGoesOnBehindItsSlowScripts) {
  t.engine.Feed(caller, std::string("MULTI\r\nSET a 1\r\n") + kSlow + "\r\n" + kSlow +
                            "\r\nGET a\r\nEXEC\r\n");
  EXPECT_EQ(Taken(caller), "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  EXPECT_TRUE(caller.waiting);
  RunTurns();
  EXPECT_EQ(Taken(caller), "*4\r\n+OK\r\n:2\r\n:4\r\n$1\r\n1\r\n");
  EXPECT_EQ(t.Run(other, "PING"), "+PONG");
}

TEST_F(ScriptRuns, TheRecordsOfATransactionWithSlowScriptsStayTogether) {
  testing::ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  t.engine.Feed(caller, std::string("MULTI\r\nSET a 1\r\n") + kSlow + "\r\nEXEC\r\n");
  EXPECT_TRUE(journal.records.empty());
  RunTurns();
  EXPECT_EQ(journal.records,
            (std::vector<std::string>{"MULTI", "SELECT 0", "SET a 1", "incr n", "incr n", "EXEC"}));
  t.engine.keyspace().journal().Detach(journal);
}

TEST_F(ScriptRuns, ItIsKilledIfItHasNotWritten) {
  Send(caller, kEndless);
  EXPECT_EQ(t.Run(other, "SCRIPT KILL"), "+OK");
  RunTurns();
  const std::string reply = Taken(caller);
  EXPECT_TRUE(reply.starts_with("-ERR Script killed by user with SCRIPT KILL... script: "))
      << reply;
  EXPECT_TRUE(reply.ends_with(", on @user_script:1.\r\n")) << reply;
  EXPECT_EQ(t.Run(other, "SCRIPT KILL"), "-NOTBUSY No scripts in execution right now.");
  EXPECT_EQ(t.Run(caller, "EVAL \"return 1\" 0"), ":1");
}

TEST_F(ScriptRuns, WhoHasKilledAScriptFindsItEnded) {
  t.engine.Feed(caller, "MULTI\r\n" + std::string(kEndless) + "\r\nINCR n\r\nEXEC\r\n");
  EXPECT_EQ(Taken(caller), "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  Send(other, "SCRIPT KILL");
  EXPECT_EQ(Taken(other), "+OK\r\n");
  EXPECT_EQ(t.Run(other, "INCR n"), ":2");
  const std::string reply = Taken(caller);
  EXPECT_TRUE(reply.starts_with("*2\r\n-ERR Script killed by user")) << reply;
  EXPECT_TRUE(reply.ends_with("\r\n:1\r\n")) << reply;
}

TEST_F(ScriptRuns, AScriptThatCatchesErrorsIsKilledAllTheSame) {
  Send(caller,
       "EVAL \"while true do pcall(function() while true do redis.call('ping') end end) end\" 0");
  EXPECT_EQ(RunTurns(20), 20);
  EXPECT_EQ(t.Run(other, "SCRIPT KILL"), "+OK");
  RunTurns();
  EXPECT_TRUE(Taken(caller).starts_with("-ERR Script killed"));
}

TEST_F(ScriptRuns, ItIsNotKilledOnceItHasWritten) {
  Send(caller, "EVAL \"redis.call('set','a',1) for i=1,5000000 do end return 'done'\" 0");
  EXPECT_TRUE(t.Run(other, "SCRIPT KILL").starts_with("-UNKILLABLE"));
  RunTurns();
  EXPECT_EQ(Taken(caller), "$4\r\ndone\r\n");
}

TEST_F(ScriptRuns, ASessionThatGoesAwayLeavesItsScriptToItsEnd) {
  Send(caller, kSlow);
  const uint64_t id = caller.id;
  t.engine.Close(id);
  RunTurns();
  EXPECT_EQ(t.engine.Find(id), nullptr);
  EXPECT_EQ(t.Run(other, "GET n"), "\"2\"");
}

TEST_F(ScriptRuns, WhoWaitsForItsKeysIsServedWhenItHasEnded) {
  Send(other, "BLPOP list 0");
  Send(caller, "EVAL \"redis.call('rpush','list','a') for i=1,4000000 do end return 1\" 0");
  EXPECT_EQ(Taken(other), "");
  RunTurns();
  EXPECT_EQ(Taken(caller), ":1\r\n");
  EXPECT_EQ(Taken(other), "*2\r\n$4\r\nlist\r\n$1\r\na\r\n");
}

TEST_F(ScriptRuns, TimeStandsStillForAScript) {
  t.Run("SET k v PX 20");
  Send(caller, "EVAL \"for i=1,9000000 do end return redis.call('get','k')\" 0");
  EXPECT_TRUE(caller.waiting);
  t.AdvanceTime(std::chrono::seconds(1));
  EXPECT_TRUE(t.Run(other, "PING").starts_with("-BUSY"));
  RunTurns();
  EXPECT_EQ(Taken(caller), "$1\r\nv\r\n");
  EXPECT_EQ(t.Run(other, "GET k"), "(nil)");
}

TEST_F(ScriptRuns, TimeRepliesTheSameUntilItIsSuspended) {
  EXPECT_EQ(t.Run(caller,
                  "EVAL \"local a = redis.call('time') for i=1,150000 do end "
                  "local b = redis.call('time') return a[1] == b[1] and a[2] == b[2]\" 0"),
            ":1");
}

TEST_F(ScriptRuns, TimeGoesOnWhenItIsSuspended) {
  Send(caller,
       "EVAL \"redis.call('set', 'k', 1) local began = redis.call('time')[1] "
       "while redis.call('time')[1] + 0 < began + 1 do end return 'done'\" 0");
  EXPECT_TRUE(caller.waiting);
  RunTurns(100'000);
  EXPECT_EQ(Taken(caller), "$4\r\ndone\r\n");
}

TEST_F(ScriptRuns, EndWaitRunsItToItsEnd) {
  EXPECT_EQ(t.Run(caller, kSlow), "");
  t.engine.EndWait(caller);
  EXPECT_EQ(Taken(caller), ":2\r\n");
}

TEST_F(ScriptRuns, ItIsAbortedWhereItCannotBeSuspended) {
  Send(caller, "EVAL \"table.sort({1,2,3}, function() while true do end end)\" 0");
  RunTurns();
  EXPECT_EQ(Taken(caller),
            "-ERR the script was ended: it ran for too long where it could not be suspended\r\n");
  EXPECT_EQ(t.Run(other, "PING"), "+PONG");
}

TEST_F(ScriptRuns, ItGoesOnHoweverLateTheLooksAre) {
  t.clock.exact_step_us = 100'000;
  Send(caller, "EVAL \"local n = 0 for i=1,1000 do n = n + i end return n\" 0");
  EXPECT_TRUE(caller.waiting);
  EXPECT_GT(RunTurns(), 100);
  EXPECT_EQ(Taken(caller), ":500500\r\n");
}

TEST_F(ScriptRuns, SortingIsAborted) {
  t.clock.exact_step_us = 100'000;
  Send(caller,
       "EVAL \"local t = cjson.decode('[' .. string.rep('5,9,2,7,', 1e5) .. '0]') "
       "redis.call('set', 'began', 1) table.sort(t) redis.call('set', 'ended', 1)\" 0");
  RunTurns();
  EXPECT_EQ(Taken(caller),
            "-ERR the script was ended: it ran for too long where it could not be suspended\r\n");
  EXPECT_EQ(t.Run(other, "EXISTS began ended"), ":1");
}

// They would go on until there is no memory left.
TEST_F(ScriptRuns, TextsOfTablesThatHoldEachOtherAreAborted) {
  t.clock.exact_step_us = 100'000;
  for (const char* script : {"local t = {1} for i=1,30 do t = {t, t} end return cjson.encode(t)",
                             "local t = {} for i=1,9 do t[i] = t end return cmsgpack.pack(t)"}) {
    Send(caller, "EVAL \"" + std::string(script) + "\" 0");
    RunTurns();
    EXPECT_EQ(Taken(caller),
              "-ERR the script was ended: it ran for too long where it could not be suspended\r\n")
        << script;
  }
}

TEST_F(ScriptRuns, ItIsAbortedSoonWhereItsTimeIsLimited) {
  TestEngine limited(100);
  limited.clock.exact_step_us = 50;
  for (const char* busy_ms : {"5000", "50"}) {
    limited.RunArgs({"CONFIG", "SET", "busy-reply-threshold", busy_ms});
    const int64_t before_us = limited.clock.now_us;
    EXPECT_EQ(limited.Run("EVAL \"table.sort({1,2,3}, function() while true do end end)\" 0"),
              "-ERR the script was ended: it ran for too long where it could not be suspended");
    EXPECT_LT(limited.clock.now_us - before_us, 300'000) << busy_ms;
  }
}

// Its ten instructions fit into round numbers: seen every so many it might always be below gsub,
// depending on how many stand before it.
TEST_F(ScriptRuns, ALoopThatIsSometimesBelowACFunctionIsSuspendedAndKilled) {
  std::string before;
  for (int i = 0; i < 10; ++i, before += "local a = 1 ") {
    Send(caller, "EVAL \"" + before +
                     "while true do string.gsub('abc', '.', function(c) return c end) end\" 0");
    EXPECT_TRUE(caller.waiting) << i;
    t.Run(other, "SCRIPT KILL");
    RunTurns();
    EXPECT_TRUE(Taken(caller).starts_with("-ERR Script killed")) << i;
  }
}

class LooksAtTheClock : public ScriptRuns {
 protected:
  LooksAtTheClock() { t.Run("CONFIG SET busy-reply-threshold 100000000"); }

  // How many a script takes if each comes so long after the one before.
  int64_t Looks(int64_t step_us, std::string_view script) {
    t.clock.exact_step_us = step_us;
    const int64_t before_us = t.clock.now_us;
    EXPECT_EQ(t.RunArgs({"EVAL", std::string(script), "0"}), "(nil)") << script;
    return (t.clock.now_us - before_us) / step_us;
  }
};

TEST_F(LooksAtTheClock, AreMoreWhereOneIsLate) {
  constexpr std::string_view kLoop = "for i=1,1000000 do end";
  EXPECT_LT(Looks(10'000, kLoop), 1000);
  EXPECT_GT(Looks(30'000, kLoop), 500'000);
}

TEST_F(LooksAtTheClock, FollowCallsAndLongStrings) {
  const int64_t loop = Looks(10, "for i=1,1000 do local a = #'' end");
  EXPECT_LT(loop, 10);
  EXPECT_GT(Looks(10, "for i=1,1000 do tostring(1) end"), loop + 60);
  const std::string join = "local a, b = string.rep('a', 40000), string.rep('b', 20000) ";
  const int64_t few = Looks(10, join + "for i=1,1000 do local c = a .. b end");
  EXPECT_GT(Looks(10, join + "for i=1,1000 do local c = a .. b .. b end"), few + 900);
}

// Each takes over a million steps, after which matching looks at the clock itself.
TEST_F(ScriptRuns, ALoopOfLongMatchesIsSuspendedAndKilled) {
  t.clock.exact_step_us = 1000;
  Send(caller,
       "EVAL \"local s = string.rep('a', 200) while true do string.find(s, '.-.-b') end\" 0");
  EXPECT_TRUE(caller.waiting);
  EXPECT_EQ(t.Run(other, "SCRIPT KILL"), "+OK");
  RunTurns();
  EXPECT_TRUE(Taken(caller).starts_with("-ERR Script killed"));
}

TEST_F(ScriptRuns, AKilledCoroutineIsPlacedInTheScript) {
  Send(caller,
       "EVAL \"local f = coroutine.wrap(function() while true do coroutine.yield() end end) "
       "while true do f() end\" 0");
  EXPECT_EQ(t.Run(other, "SCRIPT KILL"), "+OK");
  RunTurns();
  EXPECT_TRUE(Taken(caller).ends_with(", on @user_script:1.\r\n"));
}

TEST_F(ScriptRuns, CoroutinesAreSuspendedWithTheirScript) {
  Send(caller,
       "EVAL \"local co = coroutine.wrap(function() for i=1,3 do for j=1,2000000 do end "
       "coroutine.yield(i) end end) return {co(), co(), co()}\" 0");
  EXPECT_TRUE(caller.waiting);
  RunTurns();
  EXPECT_EQ(Taken(caller), "*3\r\n:1\r\n:2\r\n:3\r\n");
}

}  // namespace
}  // namespace kvasm
