// SLOWLOG: which commands are logged, and what of them.
#include <gtest/gtest.h>

#include <iterator>

#include "core/services/slow_log.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::TestEngine;

class SlowlogTest : public ::testing::Test {
 protected:
  SlowlogTest() {
    t_.engine.config().mutable_settings().enable_debug_command = "yes";
    t_.Run("CONFIG SET slowlog-log-slower-than 0");
    t_.Run("SLOWLOG RESET");
  }

  // The arguments of the newest entry before `command`, which logs itself after its reply.
  std::string Logged(const std::string& line) {
    t_.Run("SLOWLOG RESET");
    t_.Run(line);
    const std::string reply = t_.Run("SLOWLOG GET 1");
    // [[id, time, duration, [arguments], address, name]]
    const size_t from = reply.find('[', 2);
    return reply.substr(from, reply.find(']') + 1 - from);
  }

  TestEngine t_;
};

TEST_F(SlowlogTest, LogsWhatTakesAsLongAsAsked) {
  t_.Run("CONFIG SET slowlog-log-slower-than 100000");
  t_.Run("SLOWLOG RESET");
  t_.Run("DEBUG SLEEP 0.099");
  EXPECT_EQ(t_.Run("SLOWLOG LEN"), ":0");
  t_.Run("DEBUG SLEEP 0.1");
  EXPECT_EQ(t_.Run("SLOWLOG LEN"), ":1");
  t_.Run("CONFIG SET slowlog-log-slower-than -1");
  t_.Run("DEBUG SLEEP 1");
  EXPECT_EQ(t_.Run("SLOWLOG LEN"), ":1");
}

TEST_F(SlowlogTest, AnEntryTellsWhoWhenWhatAndHowLong) {
  services::Session& client = t_.OpenNetwork();
  t_.Run(client, "CLIENT SETNAME joe");
  t_.Run("CONFIG SET slowlog-log-slower-than 1000");
  t_.Run("SLOWLOG RESET");
  t_.Run(client, "debug sleep 0.25");
  EXPECT_EQ(t_.Run("SLOWLOG GET"),
            "[[:3, :" + std::to_string(t_.now_ms() / 1000) +
                ", :250000, [\"debug\", \"sleep\", \"0.25\"], \"127.0.0.1:50000\", \"joe\"]]");
}

TEST_F(SlowlogTest, KeepsTheNewestEntries) {
  t_.Run("CONFIG SET slowlog-max-len 3");
  for (int i = 0; i < 10; ++i) t_.Run("PING");
  EXPECT_EQ(t_.Run("SLOWLOG LEN"), ":3");
  EXPECT_EQ(t_.Run("SLOWLOG GET 0"), "[]");
  EXPECT_EQ(t_.engine.services().slow_log.entries().size(), 3u);
  t_.Run("CONFIG SET slowlog-max-len 0");
  EXPECT_EQ(t_.Run("SLOWLOG LEN"), ":0");
}

TEST_F(SlowlogTest, CountsFromMinusOne) {
  EXPECT_EQ(t_.Run("SLOWLOG GET -2"), "-ERR count should be greater than or equal to -1");
  EXPECT_EQ(t_.Run("SLOWLOG GET x"), "-ERR count should be greater than or equal to -1");
  EXPECT_EQ(t_.Run("SLOWLOG GET 1 2"),
            "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.");
}

TEST_F(SlowlogTest, ShortensWhatIsLong) {
  EXPECT_EQ(Logged("SADD s " + std::string(129, 'A')),
            "[\"SADD\", \"s\", \"" + std::string(128, 'A') + "... (1 more bytes)\"]");
  std::string line = "DEL";
  std::string shown = "[\"DEL\"";
  for (int i = 1; i < 33; ++i) {
    line += " k";
    if (i < 31) shown += ", \"k\"";
  }
  EXPECT_EQ(Logged(line), shown + ", \"... (2 more arguments)\"]");
}

TEST_F(SlowlogTest, ShowsNoPasswords) {
  EXPECT_EQ(Logged("AUTH secret"), R"x(["AUTH", "(redacted)"])x");
  EXPECT_EQ(Logged("AUTH user secret"), R"x(["AUTH", "(redacted)", "(redacted)"])x");
  EXPECT_EQ(Logged("HELLO 3 AUTH default secret SETNAME joe"),
            R"x(["HELLO", "3", "AUTH", "(redacted)", "(redacted)", "SETNAME", "joe"])x");
  EXPECT_EQ(Logged("HELLO 3 SETNAME auth AUTH default secret"),
            R"x(["HELLO", "3", "SETNAME", "auth", "AUTH", "(redacted)", "(redacted)"])x");
  EXPECT_EQ(Logged("ACL SETUSER joe >secret"),
            R"x(["ACL", "SETUSER", "(redacted)", "(redacted)"])x");
  EXPECT_EQ(Logged("CONFIG SET tls-key-file-pass secret"),
            R"x(["CONFIG", "SET", "tls-key-file-pass", "(redacted)"])x");
  EXPECT_EQ(Logged("CONFIG SET masterauth secret maxmemory 0"),
            R"x(["CONFIG", "SET", "masterauth", "(redacted)", "maxmemory", "0"])x");
  EXPECT_EQ(Logged("CONFIG SET maxmemory 0"), R"x(["CONFIG", "SET", "maxmemory", "0"])x");
}

TEST_F(SlowlogTest, ExecIsNotLoggedButWhatItRuns) {
  t_.Run("MULTI");
  t_.Run("SET k v");
  t_.Run("EXEC");
  const auto& entries = t_.engine.services().slow_log.entries();
  ASSERT_GE(entries.size(), 2u);
  EXPECT_EQ(entries.front().arguments[0], "SET");
  EXPECT_EQ(std::next(entries.begin())->arguments[0], "MULTI");
}

TEST_F(SlowlogTest, ACommandThatWaitsIsLoggedOnceWhenServed) {
  services::Session& waiter = t_.OpenNetwork();
  t_.Raw(waiter, "BLPOP l 0\r\n");
  t_.Run("SLOWLOG RESET");
  t_.Run("RPUSH l a");
  EXPECT_NE(t_.Run("SLOWLOG GET 1").find(R"x(["BLPOP", "l", "0"])x"), std::string::npos);
  EXPECT_EQ(t_.Run("SLOWLOG LEN"), ":4");  // RESET, RPUSH, BLPOP, GET
}

}  // namespace
}  // namespace kvasm
