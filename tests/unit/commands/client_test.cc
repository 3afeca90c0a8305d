#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::TestEngine;

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Client, SessionsOfTheProcessAreKilledOnlyByTheirId) {
  TestEngine t;
  services::Session& local = t.engine.Open({});
  EXPECT_EQ(t.Run("CLIENT KILL TYPE normal"), ":0");
  EXPECT_EQ(t.Run("CLIENT KILL USER default"), ":0");
  EXPECT_FALSE(local.close_after_reply);
  EXPECT_EQ(t.Run("CLIENT KILL ID " + std::to_string(local.id)), ":1");
  EXPECT_TRUE(local.cut_off);
  EXPECT_EQ(t.engine.NextReady(), &local);
}

TEST(Client, NamesAreOneWordAndAnEmptyOneTakesTheNameAway) {
  TestEngine t;
  EXPECT_EQ(t.Run("CLIENT GETNAME"), "(nil)");
  EXPECT_EQ(t.Run("CLIENT SETNAME worker:1"), "+OK");
  EXPECT_EQ(t.Run("CLIENT SETNAME \"a b\""),
            "-ERR Client names cannot contain spaces, newlines or special characters.");
  EXPECT_EQ(t.Run("CLIENT GETNAME"), "\"worker:1\"");
  EXPECT_EQ(t.Run("CLIENT SETNAME \"\""), "+OK");
  EXPECT_EQ(t.Run("CLIENT GETNAME"), "(nil)");
}

TEST(Client, InfoTellsWhatTheSessionIs) {
  TestEngine t;
  services::Session& client = t.OpenNetwork();
  t.Run(client, "CLIENT SETINFO LIB-NAME testlib");
  t.Run(client, "CLIENT NO-EVICT ON");
  t.Run(client, "SELECT 3");
  t.AdvanceTime(5s);
  const std::string info = t.Run(client, "CLIENT INFO");
  EXPECT_TRUE(Has(info, "id=" + std::to_string(client.id) + " addr=" + client.address + " "));
  EXPECT_TRUE(Has(info, " age=5 idle=0 flags=e db=3 "));
  EXPECT_TRUE(Has(info, " cmd=client|info user=default "));
  EXPECT_TRUE(Has(info, " qbuf=26 qbuf-free=0 argv-mem=10 "));
  EXPECT_TRUE(Has(info, " resp=2 lib-name=testlib lib-ver="));
}

TEST(Client, ListShowsSessionsByIdOrType) {
  TestEngine t;
  services::Session& client = t.OpenNetwork();
  const std::string id = std::to_string(client.id);
  EXPECT_TRUE(Has(t.Run("CLIENT LIST"), "id=" + id + " "));
  EXPECT_TRUE(t.Run("CLIENT LIST ID 99 " + id).starts_with("\"id=" + id + " "));
  EXPECT_EQ(t.Run("CLIENT LIST TYPE pubsub"), "\"\"");
  EXPECT_EQ(t.Run("CLIENT LIST TYPE foo"), "-ERR Unknown client type 'foo'");
  EXPECT_EQ(t.Run("CLIENT LIST ID x"), "-ERR Invalid client ID");
}

TEST(Client, KillEndsOtherSessionsAtOnceAndOnesOwnAfterTheReply) {
  TestEngine t;
  services::Session& killer = t.OpenNetwork();
  services::Session& victim = t.OpenNetwork();
  victim.address = "127.0.0.1:50001";
  EXPECT_EQ(t.Run(killer, "CLIENT KILL 127.0.0.1:50002"), "-ERR No such client");
  EXPECT_EQ(t.Run(killer, "CLIENT KILL ADDR 127.0.0.1:50001 ID 0"),
            "-ERR client-id should be greater than 0");
  EXPECT_FALSE(victim.close_after_reply);
  EXPECT_EQ(t.Run(killer, "CLIENT KILL ADDR 127.0.0.1:50001"), ":1");
  EXPECT_TRUE(victim.close_after_reply);
  EXPECT_EQ(t.engine.NextReady(), &victim);
  EXPECT_EQ(t.engine.NextReady(), nullptr);
  EXPECT_EQ(t.Run(killer, "CLIENT KILL TYPE normal SKIPME no"), ":1");
  EXPECT_TRUE(killer.close_after_reply);
}

TEST(Client, TheHostProgramCannotBeKilled) {
  TestEngine t;
  EXPECT_EQ(t.Run("CLIENT KILL TYPE normal SKIPME no"), ":0");
  EXPECT_EQ(t.Run("PING"), "+PONG");
}

TEST(Client, ReplyModesSilenceCommands) {
  TestEngine t;
  services::Session& client = t.OpenNetwork();
  EXPECT_EQ(t.Raw(client, "CLIENT REPLY SKIP\r\nSET k 1\r\nGET k\r\n"), "$1\r\n1\r\n");
  EXPECT_EQ(t.Raw(client, "CLIENT REPLY SKIP\r\nNOSUCH\r\nPING\r\n"), "+PONG\r\n");
  EXPECT_EQ(t.Raw(client, "CLIENT REPLY OFF\r\nSET k 2\r\nNOSUCH\r\n"), "");
  EXPECT_EQ(t.Raw(client, "CLIENT REPLY ON\r\nGET k\r\n"), "+OK\r\n$1\r\n2\r\n");
}

TEST(Client, NoTouchLeavesTheAccessTimeAlone) {
  TestEngine t;
  t.Run("SET k v");
  EXPECT_EQ(t.Run("CLIENT NO-TOUCH ON"), "+OK");
  t.AdvanceTime(10s);
  t.Run("GET k");
  EXPECT_EQ(t.Run("OBJECT IDLETIME k"), ":10");
  t.Run("TOUCH k");
  EXPECT_EQ(t.Run("OBJECT IDLETIME k"), ":0");
  t.Run("CLIENT NO-TOUCH OFF");
  t.AdvanceTime(10s);
  t.Run("GET k");
  EXPECT_EQ(t.Run("OBJECT IDLETIME k"), ":0");
}

TEST(Client, UnblockEndsAWait) {
  TestEngine t;
  services::Session& waiting = t.OpenNetwork();
  const std::string id = std::to_string(waiting.id);
  EXPECT_EQ(t.Raw(waiting, "BZPOPMIN z 0\r\n"), "");
  EXPECT_TRUE(Has(t.Run("CLIENT LIST ID " + id), " flags=b "));
  EXPECT_EQ(t.Run("CLIENT UNBLOCK " + id + " maybe"),
            "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  EXPECT_EQ(t.Run("CLIENT UNBLOCK " + id + " ERROR"), ":1");
  EXPECT_EQ(std::string(waiting.out.view()), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
  EXPECT_EQ(t.Run("CLIENT UNBLOCK " + id), ":0");
}

TEST(Client, OneKilledWhileItWaitsTakesNothing) {
  TestEngine t;
  services::Session& waiting = t.OpenNetwork();
  EXPECT_EQ(t.Raw(waiting, "BZPOPMIN z 0\r\n"), "");
  EXPECT_EQ(t.Run("CLIENT KILL ID " + std::to_string(waiting.id)), ":1");
  EXPECT_EQ(t.Run("ZADD z 1 a"), ":1");
  EXPECT_EQ(t.Run("ZCARD z"), ":1");
}

}  // namespace
}  // namespace kvasm
