// What scripts owe to the log and to replicas: effects, not calls. The expected records are those
// of redis-server 7.2.6 in its append-only file.
#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using keyspace::Journal;
using testing::ListJournal;
using testing::TestEngine;
using Records = std::vector<std::string>;

class Effects : public ::testing::Test {
 protected:
  Records Of(const std::string& script, Journal::Audience audience) {
    TestEngine t;
    t.Run("SET before 1");  // so that database 0 is selected
    ListJournal journal;
    t.engine.keyspace().journal().Attach(journal, audience);
    reply_ = t.RunArgs({"EVAL", script, "0"});
    t.engine.keyspace().journal().Detach(journal);
    std::erase(journal.records, "SELECT 0");
    return journal.records;
  }

  std::string reply_;
};

TEST_F(Effects, OneStandsAloneAndSeveralAreATransaction) {
  EXPECT_EQ(Of("redis.call('set', 'a', 1)", Journal::kAof), Records{"set a 1"});
  EXPECT_EQ(Of("redis.call('set', 'a', 1) redis.call('incr', 'a')", Journal::kAof),
            (Records{"MULTI", "set a 1", "incr a", "EXEC"}));
  EXPECT_EQ(Of("redis.call('del', 'nosuch')", Journal::kAof), Records{});
}

TEST_F(Effects, OfAScriptThatFailsAreKept) {
  EXPECT_EQ(Of("redis.call('set', 'a', 1) error('x')", Journal::kAof), Records{"set a 1"});
  EXPECT_TRUE(reply_.starts_with("-ERR")) << reply_;
}

TEST_F(Effects, AreForWhomTheScriptSays) {
  const std::string none = "redis.set_repl(redis.REPL_NONE) redis.call('set', 'a', 1) ";
  EXPECT_EQ(Of(none, Journal::kAll), Records{});
  EXPECT_EQ(Of(none + "redis.set_repl(redis.REPL_ALL) redis.call('set', 'b', 1)", Journal::kAll),
            Records{"set b 1"});
  const std::string two =
      "redis.set_repl(redis.REPL_AOF) redis.call('set', 'a', 1) "
      "redis.set_repl(redis.REPL_REPLICA) redis.call('set', 'b', 1)";
  EXPECT_EQ(Of(two, Journal::kAof), Records{"set a 1"});
  EXPECT_EQ(Of(two, Journal::kReplicas), Records{"set b 1"});
}

TEST_F(Effects, AreForAllAgainInTheNextScript) {
  TestEngine t;
  t.RunArgs({"EVAL", "redis.set_repl(redis.REPL_NONE)", "0"});
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal, Journal::kAof);
  t.Run("EVAL \"redis.call('set', 'a', 1)\" 0");
  t.engine.keyspace().journal().Detach(journal);
  EXPECT_EQ(journal.records, (Records{"SELECT 0", "set a 1"}));
}

TEST_F(Effects, TheirAudienceIsANumberCutToAnInteger) {
  constexpr char kWrite[] = " redis.call('set', 'a', 1)";
  for (const char* all : {"3", "3.9", "'3'"}) {
    EXPECT_EQ(Of(std::string("redis.set_repl(") + all + ")" + kWrite, Journal::kAll),
              Records{"set a 1"})
        << all;
  }
  for (const char* none : {"-0.5", "'x'", "nil", "{}"}) {
    EXPECT_EQ(Of(std::string("redis.set_repl(") + none + ")" + kWrite, Journal::kAll), Records{})
        << none;
    EXPECT_EQ(reply_, "(nil)") << none;
  }
  for (const char* bad : {"4", "-1", "1e300", "0/0"}) {
    EXPECT_EQ(Of(std::string("redis.set_repl(") + bad + ")" + kWrite, Journal::kAll), Records{})
        << bad;
    EXPECT_TRUE(reply_.starts_with("-ERR Invalid replication flags.")) << bad << reply_;
  }
}

}  // namespace
}  // namespace kvasm
