// Logs that hold commands nobody has recorded: what is made up is refused or passed over.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "tests/unit/support/test_disk.h"

namespace kvasm {
namespace {

using testing::Restart;
using testing::TestDisk;

using Command = std::vector<std::string>;

std::string LogOf(std::initializer_list<Command> commands) {
  std::string log;
  for (const Command& command : commands) {
    log += "*" + std::to_string(command.size()) + "\r\n";
    for (const std::string& word : command) {
      log += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
  }
  return log;
}

// A disk with a log of these commands, which are words.
TestDisk DiskOf(std::initializer_list<Command> commands) {
  TestDisk disk;
  disk.files["appendonlydir/appendonly.aof.1.incr.aof"].bytes = LogOf(commands);
  disk.files["appendonlydir/appendonly.aof.manifest"].bytes =
      "file appendonly.aof.1.incr.aof seq 1 type i\n";
  return disk;
}

TEST(LogCommands, WithTooFewOrTooManyArgumentsAreRefused) {
  const Command wrong[] = {{"GET"},       {"sinterstore", "s"}, {"CONFIG"}, {"SET", "a"},
                           {"ZADD", "z"}, {"INCR", "a", "b"},   {"OBJECT"}};
  for (const Command& command : wrong) {
    TestDisk disk = DiskOf({{"SET", "a", "1"}, command});
    Restart r(disk, {{"appendonly", "yes"}});
    EXPECT_EQ(r.error, "appendonly.aof.1.incr.aof: Unknown command '" + command[0] +
                           "' reading the append only file");
  }
}

TEST(LogCommands, InATransactionWithTooFewArgumentsAreRefused) {
  TestDisk disk = DiskOf({{"MULTI"}, {"SET", "a", "1"}, {"GET"}, {"EXEC"}});
  Restart r(disk, {{"appendonly", "yes"}});
  EXPECT_NE(r.error, "");
  EXPECT_EQ(r.t.engine.keyspace().db(0).size(), 0u);
}

TEST(LogCommands, ThatAreNotOfDataArePassedOver) {
  const Command others[] = {{"DEBUG", "RELOAD"},
                            {"DEBUG", "RELOAD", "NOSAVE"},
                            {"DEBUG", "LOADAOF"},
                            {"SAVE"},
                            {"BGSAVE"},
                            {"BGREWRITEAOF"},
                            {"SHUTDOWN"},
                            {"MONITOR"},
                            {"CONFIG", "SET", "databases", "1"},
                            {"CLIENT", "PAUSE", "100000"},
                            {"ACL", "SETUSER", "default", "off"},
                            {"SUBSCRIBE", "channel"},
                            {"CLIENT", "REPLY", "OFF"},
                            {"RESET"}};
  for (const Command& other : others) {
    TestDisk disk = DiskOf({{"SET", "a", "1"}, other, {"SET", "b", "2"}});
    Restart r(disk, {{"appendonly", "yes"}});
    ASSERT_EQ(r.error, "") << other[0];
    EXPECT_EQ(r.t.Run("MGET a b"), "[\"1\", \"2\"]") << other[0];
    EXPECT_FALSE(r.t.engine.durability().is_shutting_down()) << other[0];
    EXPECT_EQ(disk.files.count("dump.rdb"), 0u) << other[0];
    EXPECT_EQ(disk.files.count("appendonlydir/appendonly.aof.1.base.rdb"), 0u) << other[0];
    services::Session& client = r.t.OpenNetwork();
    r.t.engine.Feed(client, "PING\r\n");
    EXPECT_EQ(testing::Taken(client), "+PONG\r\n") << other[0];
  }
}

// Redis makes `~` to `=` in its log and leaves LIMIT as it was.
TEST(LogCommands, TrimExactlyWithALimit) {
  TestDisk disk = DiskOf({{"XADD", "s", "1-0", "f", "v"},
                          {"XADD", "s", "2-0", "f", "v"},
                          {"XADD", "s", "MAXLEN", "=", "2", "LIMIT", "1", "3-0", "f", "v"},
                          {"XADD", "s", "4-0", "f", "v"},
                          {"XADD", "s", "5-0", "f", "v"},
                          {"XTRIM", "s", "MINID", "=", "5-0", "LIMIT", "1"}});
  Restart r(disk, {{"appendonly", "yes"}});
  ASSERT_EQ(r.error, "");
  EXPECT_EQ(r.t.Run("XRANGE s - +"), "[[\"5-0\", [\"f\", \"v\"]]]");
  EXPECT_EQ(r.t.Run("XTRIM s MINID = 5-0 LIMIT 1"),
            "-ERR syntax error, LIMIT cannot be used without the special ~ option");
}

TEST(LogCommands, AreNotSubjectToALimitThatCameLater) {
  TestDisk disk = DiskOf({{"SETRANGE", "s", "2000000", "x"},
                          {"APPEND", "s", "y"},
                          {"SETBIT", "b", "16000000", "1"},
                          {"BITFIELD", "b", "SET", "u8", "16000008", "1"}});
  Restart r(disk, {{"appendonly", "yes"}, {"proto-max-bulk-len", "1mb"}});
  ASSERT_EQ(r.error, "");
  EXPECT_EQ(r.t.Run("STRLEN s"), ":2000002");
  EXPECT_EQ(r.t.Run("STRLEN b"), ":2000002");
  EXPECT_EQ(r.t.Run("APPEND s z").substr(0, 4), "-ERR");
}

TEST(LogCommands, ThatFailAreToldOf) {
  TestDisk disk = DiskOf({{"SET", "a", "x"},
                          {"LPUSH", "a", "1"},
                          {"MULTI"},
                          {"SET", "b", "2"},
                          {"INCR", "a"},
                          {"EXEC"}});
  Restart r(disk, {{"appendonly", "yes"}});
  ASSERT_EQ(r.error, "");
  EXPECT_EQ(r.t.Run("MGET a b"), "[\"x\", \"2\"]");
  const std::string start =
      "== CRITICAL == This server is sending an error to its AOF-loading-client: '";
  std::vector<std::string> told;
  for (const std::string& line : r.t.log.lines) {
    if (line.find(start) != line.npos) told.push_back(line.substr(line.find(start) + start.size()));
  }
  const std::vector<std::string> expected = {
      "-WRONGTYPE Operation against a key holding the wrong kind of value' after processing the "
      "command 'lpush'",
      "-ERR value is not an integer or out of range' after processing the command 'exec'"};
  EXPECT_EQ(told, expected);
}

// A base of commands and an increment.
TestDisk DiskOfTwo(std::initializer_list<Command> base, std::initializer_list<Command> increment) {
  TestDisk disk = DiskOf(increment);
  disk.files["appendonlydir/appendonly.aof.1.base.aof"].bytes = LogOf(base);
  disk.files["appendonlydir/appendonly.aof.manifest"].bytes =
      "file appendonly.aof.1.base.aof seq 1 type b\n"
      "file appendonly.aof.1.incr.aof seq 1 type i\n";
  return disk;
}

TEST(LogCommands, DoNotBecomeThoseOfAUserWhoMayBeRemoved) {
  TestDisk disk =
      DiskOfTwo({{"AUTH", "alice", "secret"}}, {{"MULTI"}, {"SET", "a", "1"}, {"EXEC"}});
  testing::TestEngine t;
  t.Run("ACL SETUSER alice on >secret ~* +@all");
  const services::Config::Pair settings[] = {{"appendonly", "yes"}};
  ASSERT_TRUE(t.engine.config().Set(settings, services::Config::Source::kStartup).ok());
  bool has_started = false;
  t.engine.durability().Start([&](std::string_view error) {
    EXPECT_EQ(error, "");
    has_started = true;
  });
  bool is_removed = false;
  while (!has_started && disk.Step(t.engine)) {
    const durability::Loader* loader = t.engine.durability().loader();
    if (is_removed || loader == nullptr || loader->progress().bytes_loaded == 0) continue;
    EXPECT_EQ(t.Run("ACL DELUSER alice"), ":1");
    t.engine.Tick(1000);
    is_removed = true;
  }
  EXPECT_TRUE(is_removed);
  ASSERT_TRUE(has_started);
  EXPECT_EQ(t.Run("GET a"), "\"1\"");
}

}  // namespace
}  // namespace kvasm
