// What has been put aside, a slow script or a transaction that waits for the host, while the world
// around it changes.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/alloc.h"
#include "tests/unit/support/test_disk.h"

namespace kvasm {
namespace {

using services::Session;
using testing::Taken;
using testing::TestEngine;

// Loops for about 20 ms of the test's clock, then tries to write outside the caller's keys.
constexpr std::string_view kSlowWrite =
    "EVAL \"for i=1,2000000 do end return redis.pcall('set', 'secret', 1)\" 0\r\n";
constexpr std::string_view kSlow = "EVAL \"for i=1,2000000 do end return 1\" 0\r\n";

class Aside : public ::testing::Test {
 protected:
  Aside() : bob(t.OpenNetwork()), admin(t.OpenNetwork()) {
    t.clock.exact_step_us = 1000;
    t.engine.services().identity.standalone = true;
    t.Run("CONFIG SET busy-reply-threshold 5");
    t.engine.config().mutable_settings().aclfile = "users.acl";
  }
  void Feed(Session& session, std::string_view text) { t.engine.Feed(session, text); }
  void RunTurns() {
    for (int turns = 0; turns < 10'000 && t.engine.Tick(100) == 0; ++turns) {
    }
  }
  void LogIn() {
    t.Run("ACL SETUSER bob on nopass ~bob:* -@all +eval +set");
    ASSERT_EQ(t.Run(bob, "AUTH bob x"), "+OK");
  }
  // The admin's ACL LOAD, asked for before, is answered.
  void AnswerLoad(std::string_view users) {
    t.engine.EndAclLoad(admin.id, true,
                        "user default on nopass ~* &* +@all\n" + std::string(users));
    ASSERT_EQ(Taken(admin), "+OK\r\n");
  }

  TestEngine t;
  Session& bob;
  Session& admin;
};

// --- users who go meanwhile ---

TEST_F(Aside, TheScriptOfAUserWhoIsGoneIsRefusedAll) {
  LogIn();
  Feed(admin, "ACL LOAD\r\n");
  Feed(bob, kSlowWrite);
  ASSERT_TRUE(bob.waiting);
  std::string users;
  for (int i = 0; i < 40; ++i) users += "user u" + std::to_string(i) + " on nopass ~* &* +@all\n";
  AnswerLoad(users);
  EXPECT_TRUE(bob.close_after_reply);
  RunTurns();
  EXPECT_EQ(t.Run("EXISTS secret"), ":0");
  EXPECT_TRUE(t.Run("ACL LOG").find("\"username\", \"bob\"") != std::string::npos);
}

TEST_F(Aside, TheScriptOfAUserWhoWasReplacedHasHisNewRights) {
  LogIn();
  Feed(admin, "ACL LOAD\r\n");
  Feed(bob, kSlowWrite);
  AnswerLoad("user bob on nopass ~sec* +@all\n");
  RunTurns();
  EXPECT_EQ(t.Run("GET secret"), "\"1\"");
}

TEST_F(Aside, TheTransactionOfAUserWhoIsGoneDoesNotGoOnAsSomebodyElse) {
  LogIn();
  t.Run("ACL SETUSER bob +multi +exec");
  Feed(admin, "ACL LOAD\r\n");
  Feed(bob, "MULTI\r\nSET bob:1 x\r\n" + std::string(kSlow) + "SET bob:2 x\r\nEXEC\r\n");
  ASSERT_TRUE(bob.waiting);
  AnswerLoad("");
  RunTurns();
  EXPECT_EQ(t.Run("EXISTS bob:1 bob:2"), ":1");
}

TEST_F(Aside, UsersWhoAreGoneAreFreedWithTheirSessions) {
  LogIn();
  EXPECT_EQ(t.Run("ACL DELUSER bob"), ":1");
  t.engine.Tick(100);
  EXPECT_TRUE(t.engine.acl().has_gone());
  t.engine.Close(bob.id);
  t.engine.Tick(100);
  EXPECT_FALSE(t.engine.acl().has_gone());
}

// --- other things that happen meanwhile ---

TEST_F(Aside, WhoCannotWaitForAScriptIsToldWhereItsTransactionWaitsForTheHost) {
  Feed(bob, "MULTI\r\n" + std::string(kSlow) + "CONFIG SET port 7777\r\nPING\r\nEXEC\r\n");
  Taken(bob);
  t.engine.EndWait(bob);
  EXPECT_TRUE(bob.awaits_host);
  t.engine.EndConfigSet(bob.id, "", "");
  EXPECT_EQ(Taken(bob), "*3\r\n:1\r\n+OK\r\n+PONG\r\n");
}

class AsideFull : public Aside {
 protected:
  AsideFull() {
    t.Run("CONFIG SET maxmemory-policy allkeys-random");
    for (int i = 0; i < 2000; ++i)
      t.Run("SET k" + std::to_string(i) + std::string(500, 'k') + " v");
    t.engine.keyspace().journal().Attach(journal);
    t.Run("SET first 1");
    journal.records.clear();
  }
  ~AsideFull() override { t.engine.keyspace().journal().Detach(journal); }
  void LimitTo(int64_t more_bytes) {
    t.engine.config().mutable_settings().maxmemory =
        static_cast<int64_t>(base::HeapUsedBytes()) + more_bytes;
  }
  size_t Count(std::string_view record) const {
    return static_cast<size_t>(
        std::count(journal.records.begin(), journal.records.end(), std::string(record)));
  }

  testing::ListJournal journal;
};

TEST_F(AsideFull, NoKeyGoesInTheMiddleOfATransactionThatWaits) {
  Feed(bob, "MULTI\r\nSET {t}1 1\r\nCONFIG SET port 7777\r\nSET {t}2 2\r\nEXEC\r\n");
  LimitTo(-50'000);
  Feed(admin, "GET k1\r\n");
  t.engine.Tick(100);
  EXPECT_TRUE(journal.records.empty());
  t.engine.EndConfigSet(bob.id, "", "");
  ASSERT_GT(journal.records.size(), 4u);
  journal.records.resize(4);
  EXPECT_EQ(journal.records,
            (std::vector<std::string>{"MULTI", "SET {t}1 1", "SET {t}2 2", "EXEC"}));
}

TEST_F(AsideFull, KeysThatGoForAScriptDoNotSplitItsTransaction) {
  Feed(bob, "MULTI\r\nSETRANGE a 200000 x\r\nEVAL \"return redis.call('set', 'b', 1)\" 0\r\n");
  LimitTo(100'000);
  Feed(bob, "EXEC\r\n");
  EXPECT_EQ(Count("MULTI"), 1u);
  EXPECT_EQ(Count("EXEC"), 1u);
  EXPECT_EQ(journal.records.front(), "MULTI");
  EXPECT_EQ(journal.records[1], "SETRANGE a 200000 x");
  EXPECT_GT(journal.records.size(), 5u) << "keys went";
  EXPECT_EQ(Count("set b 1"), 1u);
  EXPECT_EQ(journal.records.back(), "EXEC");
}

TEST(AsideOnDisk, WhatATrackingClientIsToldFollowsTheReplyThatWaitedForTheDisk) {
  testing::TestDisk disk;
  testing::Restart r(disk, {{"save", "3600 1"}});
  Session& client = r.t.OpenNetwork();
  r.t.Raw(client, "HELLO 3\r\nCLIENT TRACKING ON\r\nSET k 1\r\nGET k\r\n");
  r.t.engine.Feed(client, "FLUSHALL\r\n");
  EXPECT_EQ(Taken(client), "");
  r.Settle();
  EXPECT_EQ(Taken(client), "+OK\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n");
}

}  // namespace
}  // namespace kvasm
