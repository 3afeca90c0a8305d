// Commands that a configuration has given other names, or taken away.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::TestEngine;

bool IsUnknown(const std::string& reply) { return reply.starts_with("-ERR unknown command"); }

TEST(Rename, ACommandGoesByItsNewNameOnly) {
  TestEngine t;
  EXPECT_EQ(t.engine.RenameCommand("FlushAll", "Badger"), "");
  EXPECT_TRUE(IsUnknown(t.Run("FLUSHALL")));
  EXPECT_EQ(t.Run("SET k v"), "+OK");
  EXPECT_EQ(t.Run("bADGER"), "+OK");
  EXPECT_EQ(t.Run("DBSIZE"), ":0");
  EXPECT_EQ(t.Run("COMMAND INFO flushall"), "[(nil)]");
  EXPECT_TRUE(t.Run("COMMAND INFO badger").starts_with("[[\"flushall\", :-1"));
}

TEST(Rename, AnEmptyNameTakesACommandAway) {
  TestEngine t;
  EXPECT_EQ(t.engine.RenameCommand("keys", ""), "");
  EXPECT_TRUE(IsUnknown(t.Run("KEYS *")));
  EXPECT_TRUE(IsUnknown(t.Run("''")));
  EXPECT_EQ(t.engine.RenameCommand("keys", "other"), "No such command in rename-command");
}

TEST(Rename, SubcommandsGoWithTheirContainer) {
  TestEngine t;
  EXPECT_EQ(t.engine.RenameCommand("config", "conf"), "");
  EXPECT_TRUE(IsUnknown(t.Run("CONFIG GET maxmemory")));
  EXPECT_EQ(t.Run("CONF GET maxmemory"), "[\"maxmemory\", \"0\"]");
  EXPECT_EQ(t.engine.RenameCommand("conf|get", "x"), "No such command in rename-command");
}

TEST(Rename, NamesMayBeExchangedButNotTaken) {
  TestEngine t;
  EXPECT_EQ(t.engine.RenameCommand("get", "SET"), "Target command name already exists");
  EXPECT_EQ(t.Run("GET k"), "(nil)");
  EXPECT_EQ(t.engine.RenameCommand("get", "Get"), "");
  EXPECT_EQ(t.engine.RenameCommand("get", "spare"), "");
  EXPECT_EQ(t.engine.RenameCommand("mget", "get"), "");
  EXPECT_EQ(t.Run("GET a b"), "[(nil), (nil)]");
  EXPECT_EQ(t.Run("SPARE a"), "(nil)");
  EXPECT_TRUE(IsUnknown(t.Run("MGET a")));
}

// What goes by a command's own name whatever it is called.
TEST(Rename, RightsAreThoseOfTheCommand) {
  TestEngine t;
  EXPECT_EQ(t.engine.RenameCommand("sort", "order"), "");
  EXPECT_EQ(t.Run("RPUSH l 2 1"), ":2");
  EXPECT_EQ(t.Run("ORDER l"), "[\"1\", \"2\"]");
  EXPECT_EQ(t.Run("ACL SETUSER eve on nopass +sort +auth ~l"), "+OK");
  EXPECT_EQ(t.Run("AUTH eve x"), "+OK");
  EXPECT_EQ(t.Run("ORDER l"), "[\"1\", \"2\"]");
  EXPECT_TRUE(t.Run("ORDER l BY w_*").starts_with("-ERR BY option of SORT denied"));
}

}  // namespace
}  // namespace kvasm
