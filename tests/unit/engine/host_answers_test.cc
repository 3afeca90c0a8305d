// Commands that are over when the host has done its part: CONFIG SET of what a server applies.
#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using services::Effect;
using services::Session;
using testing::TestEngine;

class HostAnswers : public ::testing::Test {
 protected:
  HostAnswers() {
    t_.engine.services().identity.standalone = true;
    t_.engine.config().mutable_settings().enable_debug_command = "yes";
    t_.engine.effects().Take();
  }
  // The kind of the last effect there is.
  Effect TakeLast() {
    auto effects = t_.engine.effects().Take();
    return effects.empty() ? Effect{} : effects.back();
  }
  std::string Output() {
    std::string output(client_.out.view());
    client_.out.Clear();
    return output;
  }

  TestEngine t_;
  Session& client_ = t_.OpenNetwork();
};

TEST_F(HostAnswers, WhatTheServerCannotApplyIsTakenBackWithTheRest) {
  EXPECT_EQ(t_.Raw(client_, "CONFIG SET maxmemory 1000000000 port 7777\r\n"), "");
  const Effect effect = TakeLast();
  EXPECT_EQ(effect.kind, Effect::Kind::kConfigSet);
  EXPECT_EQ(t_.engine.config().settings().port, 7777);
  t_.engine.EndConfigSet(effect.session, "port", "Unable to listen on this port.");
  EXPECT_EQ(Output(),
            "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on "
            "this port.\r\n");
  EXPECT_EQ(t_.engine.config().settings().port, 6379);
  EXPECT_EQ(t_.engine.config().settings().maxmemory, 0);
}

TEST_F(HostAnswers, WhatTheServerAppliesStays) {
  t_.Raw(client_, "CONFIG SET port 7777\r\n");
  t_.engine.EndConfigSet(client_.id, "", "");
  EXPECT_EQ(Output(), "+OK\r\n");
  EXPECT_EQ(t_.engine.config().settings().port, 7777);
  // The same again asks for nothing.
  EXPECT_EQ(t_.Run(client_, "CONFIG SET port 7777"), "+OK");
}

TEST_F(HostAnswers, AChangeIsTakenBackThoughItsClientIsGone) {
  t_.Raw(client_, "CONFIG SET port 7777\r\n");
  const uint64_t id = client_.id;
  t_.engine.Close(id);
  t_.engine.EndConfigSet(id, "port", "no");
  EXPECT_EQ(t_.engine.config().settings().port, 6379);
}

TEST_F(HostAnswers, ATransactionWaitsWithAllThatFollows) {
  Session& other = t_.OpenNetwork();
  EXPECT_EQ(
      t_.Raw(client_, "MULTI\r\nSET a 1\r\nCONFIG SET port 7777\r\nINCR a\r\nEXEC\r\nGET a\r\n"),
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  EXPECT_EQ(t_.Raw(other, "INCR a\r\n"), "") << "nothing comes in between";
  EXPECT_EQ(t_.Raw(other, "PING\r\n"), "");
  t_.engine.EndConfigSet(TakeLast().session, "port", "no");
  EXPECT_EQ(Output(),
            "*3\r\n+OK\r\n-ERR CONFIG SET failed (possibly related to argument 'port') - no\r\n"
            ":2\r\n$1\r\n3\r\n");
  EXPECT_EQ(testing::Taken(other), ":3\r\n+PONG\r\n");
  EXPECT_EQ(t_.engine.config().settings().port, 6379);
}

TEST_F(HostAnswers, ATransactionMayWaitSeveralTimes) {
  t_.engine.config().mutable_settings().aclfile = "users.acl";
  t_.engine.services().identity.config_file = "kvasm.conf";
  t_.Raw(client_, "MULTI\r\nACL SAVE\r\nACL LOAD\r\nCONFIG REWRITE\r\nPING\r\nEXEC\r\n");
  client_.out.Clear();
  EXPECT_EQ(TakeLast().kind, Effect::Kind::kAclSave);
  t_.engine.EndAclSave(client_.id, true);
  EXPECT_EQ(Output(), "");
  EXPECT_EQ(TakeLast().kind, Effect::Kind::kAclLoad);
  t_.engine.EndAclLoad(client_.id, false, "No such file or directory");
  EXPECT_EQ(TakeLast().kind, Effect::Kind::kConfigRewrite);
  t_.engine.EndConfigRewrite(client_.id, "");
  const std::string output = Output();
  EXPECT_TRUE(output.starts_with("*4\r\n+OK\r\n-ERR ")) << output;
  EXPECT_TRUE(output.ends_with("\r\n+OK\r\n+PONG\r\n")) << output;
}

TEST_F(HostAnswers, ATransactionThatWaitedGoesOnWithoutItsClient) {
  Session& other = t_.OpenNetwork();
  t_.Raw(client_, "MULTI\r\nCONFIG SET port 7777\r\nSET a 1\r\nEXEC\r\n");
  const uint64_t id = client_.id;
  t_.engine.Close(id);
  EXPECT_EQ(t_.Raw(other, "GET a\r\n"), "");
  t_.engine.EndConfigSet(id, "", "");
  EXPECT_EQ(testing::Taken(other), "$1\r\n1\r\n");
  EXPECT_EQ(t_.engine.Find(id), nullptr);
}

TEST_F(HostAnswers, WhoWaitsForAKeyOfSuchATransactionIsServedBehindIt) {
  Session& waiting = t_.OpenNetwork();
  t_.Raw(waiting, "BLPOP l 0\r\n");
  t_.Raw(client_, "MULTI\r\nRPUSH l x\r\nCONFIG SET port 7777\r\nLLEN l\r\nEXEC\r\n");
  client_.out.Clear();
  t_.engine.Tick(100);
  EXPECT_EQ(testing::Taken(waiting), "");
  t_.engine.EndConfigSet(client_.id, "", "");
  EXPECT_EQ(Output(), "*3\r\n:1\r\n+OK\r\n:1\r\n");
  EXPECT_EQ(testing::Taken(waiting), "*2\r\n$1\r\nl\r\n$1\r\nx\r\n");
}

TEST_F(HostAnswers, CrashesAreLeftToTheServer) {
  t_.Raw(client_, "DEBUG SEGFAULT\r\n");
  EXPECT_EQ(TakeLast().name, "SIGSEGV");
  t_.engine.services().identity.standalone = false;
  EXPECT_EQ(t_.Run("DEBUG PANIC"), "-ERR only a server process can be made to crash");
}

}  // namespace
}  // namespace kvasm
