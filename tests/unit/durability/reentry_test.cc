// What is told of the end of some work may begin other work, or find the engine in the middle of
// something.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/durability/log_files.h"

namespace kvasm {
namespace {

using persist::Operation;
using testing::kLog;
using testing::Restart;
using testing::Settings;
using testing::Taken;
using testing::TestDisk;

const std::string kNotReloaded = "-ERR Error trying to load the AOF files, check server logs.\r\n";

// Appends fail from now on.
void FillUp(TestDisk& disk) {
  disk.fault = [](const Operation& operation) {
    return operation.kind == Operation::Kind::kAppend ? "No space left on device" : "";
  };
}

TEST(Reentry, ALogThatFailsIsNotReloadedAndThatIsTold) {
  TestDisk disk;
  Restart r(disk, kLog);
  services::Session& client = r.t.OpenNetwork();
  FillUp(disk);
  r.t.engine.Feed(client, "SET a 1\r\n");
  r.Settle(10);
  static_cast<void>(Taken(client));
  r.t.engine.Feed(client, "DEBUG LOADAOF\r\n");
  EXPECT_EQ(Taken(client), kNotReloaded);
  r.t.engine.Feed(client, "GET a\r\n");
  EXPECT_EQ(Taken(client), "$1\r\n1\r\n");
}

TEST(Reentry, WhatWaitedForALogThatFailsMayDropIt) {
  TestDisk disk;
  Restart r(disk, kLog);
  services::Session& client = r.t.OpenNetwork();
  services::Session& other = r.t.OpenNetwork();
  FillUp(disk);
  r.t.engine.Feed(client, "SET a 1\r\nDEBUG LOADAOF\r\n");
  services::Session& last = r.t.OpenNetwork();
  r.t.engine.Feed(other,
                  "CONFIG SET appendonly no\r\n"
                  "CONFIG SET appendonly yes\r\n"
                  "PING\r\n");
  r.t.engine.Feed(last, "CONFIG SET appendonly no\r\n");
  EXPECT_EQ(Taken(other), "");
  ASSERT_TRUE(disk.Step(r.t.engine));
  EXPECT_EQ(Taken(client), "+OK\r\n" + kNotReloaded);
  EXPECT_EQ(Taken(last), "+OK\r\n");
  EXPECT_EQ(Taken(other), "+OK\r\n");
  // The one who has turned it on waits for its file.
  r.t.engine.Feed(last, "CONFIG SET appendonly no\r\n");
  EXPECT_EQ(Taken(last), "+OK\r\n");
  r.t.engine.Tick(100);
  EXPECT_EQ(
      Taken(other),
      "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on "
      "AOF. Check server logs.\r\n+PONG\r\n");
  EXPECT_EQ(r.t.Run("GET a"), "\"1\"");
}

TEST(Reentry, NothingIsReloadedInTheMiddleOfALoad) {
  TestDisk disk;
  {
    Restart r(disk, {{"appendonly", "yes"}, {"save", "3600 1"}});
    r.t.Run("SET a 1");
    r.t.Run("SAVE");
    r.Settle();
  }
  for (const char* request :
       {"DEBUG RELOAD", "DEBUG RELOAD NOSAVE NOFLUSH MERGE", "DEBUG LOADAOF"}) {
    testing::TestEngine t;
    const services::Config::Pair settings[] = {{"appendonly", "yes"},
                                               {"enable-debug-command", "yes"}};
    ASSERT_TRUE(t.engine.config().Set(settings, services::Config::Source::kStartup).ok());
    bool has_started = false;
    t.engine.durability().Start([&](std::string_view error) {
      EXPECT_EQ(error, "");
      has_started = true;
    });
    services::Session& client = t.OpenNetwork();
    for (int steps = 0; !has_started; ++steps) {
      ASSERT_TRUE(disk.Step(t.engine)) << request << " after " << steps;
      if (has_started) break;
      t.engine.Feed(client, std::string(request) + "\r\n");
      ASSERT_EQ(Taken(client), "-LOADING Redis is loading the dataset in memory\r\n");
    }
    EXPECT_EQ(t.Run("GET a"), "\"1\"");
  }
}

TEST(Reentry, AReloadThatFailsAtOnceLetsNobodyIntoItsTransaction) {
  TestDisk disk;
  Restart r(disk, kLog);
  services::Session& client = r.t.OpenNetwork();
  services::Session& other = r.t.OpenNetwork();
  // The log begins to fail while the transaction waits for the first reload.
  r.t.engine.Feed(client, "SET a 1\r\nMULTI\r\nDEBUG RELOAD\r\nDEBUG LOADAOF\r\nGET a\r\nEXEC\r\n");
  r.t.engine.Feed(other, "MULTI\r\nECHO x\r\nECHO y\r\nECHO z\r\nEXEC\r\n");
  disk.fault = [](const Operation& operation) {
    return operation.file.ends_with(".incr.aof") ? "No space left on device" : "";
  };
  r.Settle(10);
  EXPECT_EQ(Taken(client), "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n" +
                               kNotReloaded + "$1\r\n1\r\n");
  EXPECT_EQ(Taken(other),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n");
}

TEST(Reentry, NothingIsDumpedInTheMiddleOfALoad) {
  TestDisk disk;
  testing::TestEngine t;
  durability::Durability& durability = t.engine.durability();
  bool has_started = false;
  durability.Start([&](std::string_view) { has_started = true; });
  const auto dump = [&] { return durability.SaveTo("copy.rdb", [](std::string_view) {}).ok(); };
  EXPECT_FALSE(dump());
  while (disk.Step(t.engine)) {
  }
  ASSERT_TRUE(has_started);
  EXPECT_TRUE(dump());
}

}  // namespace
}  // namespace kvasm
