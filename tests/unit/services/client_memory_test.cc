// maxmemory-clients: who is ended, and when.
#include "core/services/client_memory.h"

#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using services::Session;
using testing::TestEngine;

constexpr size_t kMegabyte = 1 << 20;

// A request that has come all but its end.
std::string Unfinished(size_t bytes) {
  return "*2\r\n$" + std::to_string(bytes) + "\r\n" + std::string(bytes, 'v');
}

std::string Limit(const std::string& value) { return "CONFIG SET maxmemory-clients " + value; }

struct Clients {
  explicit Clients(TestEngine& engine) : t(engine), control(engine.OpenNetwork()) {
    t.Raw(control, "CLIENT NO-EVICT on\r\n");
  }
  Session& Hold(size_t bytes) {
    Session& session = t.OpenNetwork();
    t.Raw(session, Unfinished(bytes));
    return session;
  }
  // A call of some client's: limits are looked at before it.
  void Turn() { t.Raw(control, "PING\r\n"); }

  TestEngine& t;
  Session& control;
};

TEST(ClientMemory, WhatARequestAnnouncesCountsBeforeItHasCome) {
  TestEngine t;
  Clients clients(t);
  t.Run(Limit("2mb"));
  Session& session = t.OpenNetwork();
  t.Raw(session, "*1\r\n$1500000\r\nvvv");
  clients.Turn();
  EXPECT_FALSE(session.close_after_reply);
  EXPECT_NE(t.Run("CLIENT LIST").find(" qbuf=3 "), std::string::npos) << "what is there of it";
  Session& other = t.OpenNetwork();
  t.Raw(other, "*1\r\n$1000000\r\n");
  clients.Turn();
  EXPECT_TRUE(session.cut_off) << "the larger of the two";
  const std::string own = "id=" + std::to_string(session.id) + " ";
  EXPECT_EQ(t.Run("CLIENT LIST").find(own), std::string::npos) << "although the host has it still";
  EXPECT_NE(t.Run("INFO clients").find("connected_clients:3\r\n"), std::string::npos);
  EXPECT_FALSE(other.close_after_reply);
}

TEST(ClientMemory, TheLargestGoesFirstAndNoMoreThanNeeded) {
  TestEngine t;
  Clients clients(t);
  Session& small = clients.Hold(kMegabyte / 8);
  Session& large = clients.Hold(3 * kMegabyte);
  Session& middle = clients.Hold(kMegabyte);
  Session& large_too = clients.Hold(3 * kMegabyte);
  t.Run(Limit("100mb"));
  clients.Turn();
  EXPECT_FALSE(large.close_after_reply);
  t.Run(Limit("7mb"));
  clients.Turn();
  EXPECT_TRUE(large.cut_off) << "the older of the two";
  EXPECT_FALSE(large_too.close_after_reply);
  t.Run(Limit("3mb"));
  clients.Turn();
  EXPECT_TRUE(large_too.cut_off);
  EXPECT_FALSE(middle.close_after_reply);
  t.Run(Limit("1mb"));
  clients.Turn();
  EXPECT_TRUE(middle.cut_off);
  EXPECT_FALSE(small.close_after_reply);
  EXPECT_NE(t.Run("INFO stats").find("evicted_clients:3\r\n"), std::string::npos);
  t.Run("CONFIG RESETSTAT");
  EXPECT_NE(t.Run("INFO stats").find("evicted_clients:0\r\n"), std::string::npos);
}

TEST(ClientMemory, WhoMayStayStaysUntilItMayNot) {
  TestEngine t;
  Clients clients(t);
  t.Run(Limit("2mb"));
  Session& session = t.OpenNetwork();
  t.Raw(session, "CLIENT NO-EVICT on\r\n" + Unfinished(3 * kMegabyte));
  Session& other = t.OpenNetwork();
  t.Raw(other, "PING\r\n");
  clients.Turn();
  EXPECT_FALSE(session.close_after_reply);
  EXPECT_TRUE(other.cut_off) << "all that may go do, even if it does not help";
  session.no_evict = false;
  t.engine.Tick(100);
  EXPECT_TRUE(session.cut_off);
}

TEST(ClientMemory, TheProgramAroundTheEngineIsNoClient) {
  TestEngine t;
  Session& own = t.engine.Open({});
  t.Run(Limit("1"));
  own.pushes.Append(std::string(2 * kMegabyte, 'x'));
  t.engine.Tick(100);
  EXPECT_FALSE(own.close_after_reply);
}

TEST(ClientMemory, OutputThatOthersCauseCountsAtOnce) {
  TestEngine t;
  Clients clients(t);
  t.Run(Limit("1mb"));
  Session& listener = t.OpenNetwork();
  t.Raw(listener, "SUBSCRIBE c\r\n");
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(listener.close_after_reply);
    t.Raw(clients.control, "PUBLISH c " + std::string(500'000, 'x') + "\r\n");
  }
  clients.Turn();
  EXPECT_TRUE(listener.cut_off);
}

TEST(ClientMemory, WhatTheHostHasTakenDoesNotCount) {
  TestEngine t;
  Clients clients(t);
  t.Run(Limit("2mb"));
  t.Run("SETRANGE k 1000000 x");
  Session& reader = t.OpenNetwork();
  for (int i = 0; i < 10; ++i) {
    t.Raw(reader, "GET k\r\n");  // takes the reply
    clients.Turn();
    ASSERT_FALSE(reader.close_after_reply);
  }
}

TEST(ClientMemory, WatchedKeysSubscriptionsQueuesAndPrefixesCount) {
  for (const std::string command : {"WATCH", "PSUBSCRIBE", "SUBSCRIBE", "SSUBSCRIBE", "SET k",
                                    "CLIENT TRACKING on BCAST PREFIX"}) {
    TestEngine t;
    Clients clients(t);
    t.Run(Limit("200000"));
    Session& session = t.OpenNetwork();
    if (command == "SET k") t.Raw(session, "MULTI\r\n");
    int calls = 0;
    while (!session.cut_off && calls < 10'000) {
      t.Raw(session, command + " name" + std::to_string(10'000 + ++calls) + "\r\n");
    }
    EXPECT_TRUE(session.cut_off) << command;
    EXPECT_GT(calls, 500) << command;
  }
}

TEST(ClientMemory, APercentageIsOfMaxmemory) {
  TestEngine t;
  Clients clients(t);
  Session& session = clients.Hold(kMegabyte);
  t.Run(Limit("5%"));
  clients.Turn();
  EXPECT_FALSE(session.close_after_reply) << "of nothing";
  t.Run("CONFIG SET maxmemory 100mb");
  clients.Turn();
  EXPECT_FALSE(session.close_after_reply);
  t.Run("CONFIG SET maxmemory 10mb");
  clients.Turn();
  EXPECT_TRUE(session.cut_off);
}

TEST(ClientMemory, TheLimitIsNeverTooSmallToTalk) {
  TestEngine t;
  Clients clients(t);
  t.Run(Limit("1"));
  Session& session = t.OpenNetwork();
  EXPECT_EQ(t.Raw(session, "PING\r\n"), "+PONG\r\n");
  t.engine.Tick(100);
  EXPECT_FALSE(session.close_after_reply);
}

TEST(ClientMemory, InfoTellsWhatAllHold) {
  TestEngine t;
  const auto told = [&] {
    const std::string info = t.Run("INFO memory");
    return std::stoull(info.substr(info.find("mem_clients_normal:") + 19));
  };
  const uint64_t before = told();
  Session& session = t.OpenNetwork();
  t.Raw(session, Unfinished(kMegabyte));
  EXPECT_GT(told(), before + kMegabyte);
  EXPECT_LT(told(), before + 3 * kMegabyte);
  t.engine.Close(session.id);
  EXPECT_LT(told(), before + 10'000);
}

}  // namespace
}  // namespace kvasm
