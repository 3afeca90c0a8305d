// Commands that are over when the host has done its part: CONFIG SET of what a server applies.
#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using services::Effect;
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
  services::Session& client_ = t_.OpenNetwork();
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

TEST_F(HostAnswers, ATransactionDoesNotWait) {
  EXPECT_EQ(t_.Raw(client_, "MULTI\r\nCONFIG SET port 7777\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(TakeLast().session, 0u);
  t_.engine.EndConfigSet(0, "port", "no");
  EXPECT_EQ(t_.engine.config().settings().port, 6379);
}

TEST_F(HostAnswers, CrashesAreLeftToTheServer) {
  t_.Raw(client_, "DEBUG SEGFAULT\r\n");
  EXPECT_EQ(TakeLast().name, "SIGSEGV");
  t_.engine.services().identity.standalone = false;
  EXPECT_EQ(t_.Run("DEBUG PANIC"), "-ERR only a server process can be made to crash");
}

}  // namespace
}  // namespace kvasm
