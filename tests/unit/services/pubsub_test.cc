// Channels and their listeners, with what only the engine's inside shows: outputs, limits, memory.
#include <gtest/gtest.h>

#include <string>

#include "core/base/alloc.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using services::Session;
using testing::Render;
using testing::TestEngine;

// What a session has been sent, one push or reply after the other.
std::string Sent(Session& session) {
  std::string text;
  const std::string bytes(session.out.view());
  session.out.Clear();
  for (size_t at = 0; at < bytes.size();) {
    if (!text.empty()) text += ' ';
    text += Render(bytes, &at);
  }
  return text;
}

TEST(Pubsub, MessagesReachSubscribersWhoAreMarkedReady) {
  TestEngine t;
  Session& a = t.OpenNetwork();
  Session& b = t.OpenNetwork();
  t.Run(a, "SUBSCRIBE ch");
  t.Run(b, "PSUBSCRIBE c*");
  EXPECT_FALSE(t.engine.has_ready());
  EXPECT_EQ(t.Run("PUBLISH ch hi"), ":2");
  EXPECT_TRUE(t.engine.has_ready());
  EXPECT_EQ(Sent(a), "[\"message\", \"ch\", \"hi\"]");
  EXPECT_EQ(Sent(b), "[\"pmessage\", \"c*\", \"ch\", \"hi\"]");
  int ready = 0;
  while (t.engine.NextReady() != nullptr) ++ready;
  EXPECT_EQ(ready, 2);
}

TEST(Pubsub, EachProtocolGetsItsForm) {
  TestEngine t;
  Session& two = t.OpenNetwork();
  Session& three = t.OpenNetwork();
  t.Run(three, "HELLO 3");
  for (Session* session : {&two, &three}) t.Run(*session, "SUBSCRIBE ch");
  t.Run("PUBLISH ch hi");
  EXPECT_EQ(two.out.view(), "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$2\r\nhi\r\n");
  EXPECT_EQ(three.out.view(), ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$2\r\nhi\r\n");
}

TEST(Pubsub, ALargeMessageIsTheSameAsASmallOne) {
  TestEngine t;
  Session& a = t.OpenNetwork();
  t.Run(a, "SUBSCRIBE ch");
  const std::string message(200 * 1024, 'x');
  EXPECT_EQ(t.RunArgs({"PUBLISH", "ch", message}), ":1");
  EXPECT_EQ(a.out.view(), "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$204800\r\n" + message + "\r\n");
}

TEST(Pubsub, AClosedSessionListensNoMore) {
  TestEngine t;
  Session& a = t.OpenNetwork();
  t.Run(a, "SUBSCRIBE ch");
  t.Run(a, "PSUBSCRIBE p");
  t.Run(a, "SSUBSCRIBE s");
  t.engine.Close(a.id);
  EXPECT_EQ(t.Run("PUBLISH ch hi"), ":0");
  EXPECT_EQ(t.Run("PUBSUB CHANNELS"), "[]");
  EXPECT_EQ(t.Run("PUBSUB NUMPAT"), ":0");
  EXPECT_EQ(t.Run("PUBSUB SHARDCHANNELS"), "[]");
}

TEST(Pubsub, AKilledSessionGetsNothingMore) {
  TestEngine t;
  Session& a = t.OpenNetwork();
  t.Run(a, "SUBSCRIBE ch");
  t.Run("PUBLISH ch before");
  EXPECT_EQ(t.Run("CLIENT KILL TYPE pubsub"), ":1");
  EXPECT_EQ(t.Run("PUBLISH ch after"), ":0");
  EXPECT_TRUE(a.cut_off);
  EXPECT_EQ(Sent(a), "");
}

TEST(Pubsub, InProcessSessionsGetMessagesApartFromReplies) {
  TestEngine t;
  Session& local = t.engine.Open({});
  EXPECT_EQ(t.Run(local, "SUBSCRIBE ch"), ">[\"subscribe\", \"ch\", :1]");
  t.Run("PUBLISH ch one");
  EXPECT_EQ(t.Run(local, "PUBLISH ch two"), ":1");
  EXPECT_TRUE(local.out.empty());
  EXPECT_EQ(local.pushes.view(),
            ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$3\r\none\r\n"
            ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$3\r\ntwo\r\n");
  EXPECT_EQ(t.engine.NextReady(), &local);
}

TEST(Pubsub, ClientListAndInfoTellOfSubscriptions) {
  TestEngine t;
  Session& a = t.OpenNetwork();
  t.Run(a, "SUBSCRIBE one two");
  t.Run(a, "PSUBSCRIBE p");
  t.Run(a, "SSUBSCRIBE s");
  const std::string line = t.Run("CLIENT LIST TYPE pubsub");
  EXPECT_NE(line.find(" flags=P "), std::string::npos) << line;
  EXPECT_NE(line.find(" sub=2 psub=1 ssub=1 "), std::string::npos) << line;
  EXPECT_EQ(t.Run("CLIENT LIST TYPE normal").find(" flags=P "), std::string::npos);
  const std::string stats = t.Run("INFO stats");
  EXPECT_NE(stats.find("pubsub_channels:2"), std::string::npos);
  EXPECT_NE(stats.find("pubsub_patterns:1"), std::string::npos);
  EXPECT_NE(stats.find("pubsubshard_channels:1"), std::string::npos);
  EXPECT_NE(t.Run("INFO clients").find("pubsub_clients:1"), std::string::npos);
}

TEST(Pubsub, ManySubscribersLeaveInAnyOrder) {
  TestEngine t;
  std::vector<Session*> sessions;
  for (int i = 0; i < 100; ++i) {
    sessions.push_back(&t.OpenNetwork());
    t.Run(*sessions.back(), "SUBSCRIBE ch other");
    sessions.back()->out.Clear();
  }
  EXPECT_EQ(t.Run("PUBLISH ch x"), ":100");
  for (size_t i = 0; i < 100; i += 3) t.Run(*sessions[i], "UNSUBSCRIBE ch");
  EXPECT_EQ(t.Run("PUBLISH ch x"), ":66");
  EXPECT_EQ(t.Run("PUBLISH other x"), ":100");
  for (Session* session : sessions) t.engine.Close(session->id);
  EXPECT_EQ(t.Run("PUBSUB NUMSUB ch other"), "[\"ch\", :0, \"other\", :0]");
}

// --- client-output-buffer-limit ---

TEST(OutputLimits, ASubscriberThatDoesNotReadIsEnded) {
  TestEngine t;
  t.Run("CONFIG SET client-output-buffer-limit \"pubsub 100000 0 0\"");
  Session& a = t.OpenNetwork();
  t.Run(a, "SUBSCRIBE ch");
  const std::string message(1000, 'x');
  int sent = 0;
  while (!a.close_after_reply && sent < 1000) {
    t.RunArgs({"PUBLISH", "ch", message});
    ++sent;
  }
  // 16 KB and four blocks of 20, in messages of 1,036; the fifth block is too much.
  EXPECT_GE(sent, 90);
  EXPECT_LE(sent, 115);
  EXPECT_TRUE(a.cut_off);
  EXPECT_TRUE(a.out.empty());
  EXPECT_EQ(a.out.capacity(), 0u);
  EXPECT_FALSE(t.log.lines.empty());
}

TEST(OutputLimits, TheSoftLimitGivesTime) {
  TestEngine t;
  t.Run("CONFIG SET client-output-buffer-limit \"pubsub 0 50000 3\"");
  Session& a = t.OpenNetwork();
  t.Run(a, "SUBSCRIBE ch");
  const std::string message(80'000, 'x');
  t.RunArgs({"PUBLISH", "ch", message});
  t.AdvanceTime(3s);
  t.engine.Tick(100);
  EXPECT_FALSE(a.close_after_reply);
  // Below the limit for a moment: the time begins anew.
  a.out.Clear();
  t.engine.Tick(100);
  t.RunArgs({"PUBLISH", "ch", message});
  t.AdvanceTime(3s);
  t.engine.Tick(100);
  EXPECT_FALSE(a.close_after_reply);
  t.AdvanceTime(1s);
  t.engine.Tick(100);
  EXPECT_TRUE(a.close_after_reply);
  EXPECT_TRUE(a.out.empty());
}

TEST(OutputLimits, AReplyStopsAtTheHardLimit) {
  TestEngine t;
  t.Run("CONFIG SET client-output-buffer-limit \"normal 100000 0 0\"");
  t.Run("SADD s member");
  Session& a = t.OpenNetwork();
  const uint64_t before = base::HeapUsedBytes();
  t.Raw(a, "SRANDMEMBER s -100000000\r\nSET after 1\r\n");
  EXPECT_TRUE(a.cut_off);
  EXPECT_TRUE(a.out.empty());
  EXPECT_LT(base::HeapUsedBytes(), before + 10'000);
  EXPECT_EQ(t.Run("EXISTS after"), ":0");
}

TEST(OutputLimits, ATransactionIsExecutedToItsEnd) {
  TestEngine t;
  t.Run("CONFIG SET client-output-buffer-limit \"normal 100000 0 0\"");
  t.RunArgs({"SET", "large", std::string(200'000, 'x')});
  Session& a = t.OpenNetwork();
  t.Raw(a, "MULTI\r\nSET k1 v\r\nGET large\r\nSET k2 v\r\nEXEC\r\n");
  EXPECT_TRUE(a.cut_off);
  EXPECT_EQ(t.Run("EXISTS k1 k2"), ":2");
}

TEST(OutputLimits, InProcessSessionsHaveNone) {
  TestEngine t;
  t.Run("CONFIG SET client-output-buffer-limit \"normal 10000 0 0 pubsub 10000 0 0\"");
  t.RunArgs({"SET", "large", std::string(200'000, 'x')});
  EXPECT_EQ(t.Run("GET large").size(), 200'002u);
  Session& local = t.engine.Open({});
  t.Run(local, "SUBSCRIBE ch");
  t.RunArgs({"PUBLISH", "ch", std::string(100'000, 'x')});
  EXPECT_FALSE(local.close_after_reply);
}

TEST(OutputLimits, OneOwnMessagesCountToo) {
  TestEngine t;
  t.Run("CONFIG SET client-output-buffer-limit \"pubsub 100000 0 0\"");
  Session& a = t.OpenNetwork();
  t.Run(a, "HELLO 3");
  t.Run(a, "SUBSCRIBE ch");
  t.Raw(a, "*3\r\n$7\r\nPUBLISH\r\n$2\r\nch\r\n$200000\r\n" + std::string(200'000, 'x') + "\r\n");
  EXPECT_TRUE(a.cut_off);
  EXPECT_TRUE(a.out.empty());
  EXPECT_TRUE(a.pushes.empty());
}

TEST(OutputLimits, ClientListTellsWhatIsUnread) {
  TestEngine t;
  Session& a = t.OpenNetwork();
  t.Run(a, "SUBSCRIBE ch");
  t.RunArgs({"PUBLISH", "ch", std::string(40'000, 'x')});
  const std::string line = t.Run("CLIENT LIST TYPE pubsub");
  EXPECT_NE(line.find(" obl=16384 oll=2 omem=40960 "), std::string::npos) << line;
}

// The heap's limit holds for the process: set for a test and taken back.
class SmallHeap {
 public:
  explicit SmallHeap(uint64_t more) { base::SetHeapLimit(base::HeapUsedBytes() + more); }
  ~SmallHeap() { base::SetHeapLimit(0); }
};

TEST(OutputLimits, AMessageThatFindsNoMemoryEndsTheSubscriber) {
  TestEngine t;
  t.Run("CONFIG SET client-output-buffer-limit \"pubsub 0 0 0\"");
  Session& reads = t.OpenNetwork();
  Session& sleeps = t.OpenNetwork();
  for (Session* session : {&reads, &sleeps}) {
    t.Run(*session, "SUBSCRIBE ch");
    session->out.Clear();
  }
  // So small that messages themselves are not refused.
  const std::string message(60'000, 'x');
  SmallHeap small(24 << 20);
  int sent = 0;
  for (; sent < 800 && !sleeps.close_after_reply; ++sent) {
    const std::string reply = t.RunArgs({"PUBLISH", "ch", message});
    if (reply.starts_with("-OOM")) break;
    EXPECT_EQ(reply, ":2");
    reads.out.Clear();
  }
  EXPECT_TRUE(sleeps.cut_off) << sent;
  EXPECT_TRUE(sleeps.out.empty());
  EXPECT_FALSE(reads.close_after_reply);
  EXPECT_EQ(t.Run("SET k v"), "+OK");
}

// --- keyspace events ---

class Events : public ::testing::Test {
 protected:
  Events() : ear_(t_.OpenNetwork()) {}
  void Configure(const std::string& letters) {
    t_.Run("CONFIG SET notify-keyspace-events " + letters);
    t_.Run(ear_, "PSUBSCRIBE __keyevent@0__:*");
  }
  // The events since the last call, as "event key, ...".
  std::string Heard() {
    std::string text;
    const std::string bytes(ear_.out.view());
    ear_.out.Clear();
    for (size_t at = 0; at < bytes.size();) {
      const std::string push = Render(bytes, &at);
      const size_t event = push.find("__:", push.find("__:*") + 4) + 3;
      const size_t key = push.find("\", \"", event) + 4;
      if (!text.empty()) text += ", ";
      text += push.substr(event, key - 4 - event) + ' ' + push.substr(key, push.size() - 2 - key);
    }
    return text;
  }

  TestEngine t_;
  Session& ear_;
};

TEST_F(Events, NobodyListensWhileTheSettingIsEmpty) {
  t_.Run("CONFIG SET notify-keyspace-events KEA");
  t_.Run("CONFIG SET notify-keyspace-events \"\"");
  t_.Run(ear_, "PSUBSCRIBE *");
  ear_.out.Clear();
  t_.Run("SET k v");
  EXPECT_EQ(Heard(), "");
}

TEST_F(Events, OnlyTheClassesAskedFor) {
  Configure("E$x");
  t_.Run("SET k v PX 10");
  t_.Run("SADD s m");
  t_.Run("DEL s");
  EXPECT_EQ(Heard(), "set k");
  t_.AdvanceTime(1s);
  t_.engine.Tick(1000);
  EXPECT_EQ(Heard(), "expired k");
}

TEST_F(Events, FieldsOfHashes) {
  Configure("EA");
  t_.Run("HSET h a 1 b 2 c 3 d 4");
  EXPECT_EQ(Heard(), "hset h");
  t_.Run("HPEXPIRE h 100 FIELDS 2 a b");
  EXPECT_EQ(Heard(), "hexpire h");
  t_.Run("HPERSIST h FIELDS 1 b");
  EXPECT_EQ(Heard(), "hpersist h");
  t_.Run("HEXPIRE h 0 FIELDS 1 b");
  EXPECT_EQ(Heard(), "hdel h");
  t_.AdvanceTime(1s);
  t_.engine.Tick(1000);
  EXPECT_EQ(Heard(), "hexpired h");
  t_.Run("HPEXPIRE h 100 FIELDS 2 c d");
  EXPECT_EQ(Heard(), "hexpire h");
  t_.AdvanceTime(1s);
  t_.engine.Tick(1000);
  EXPECT_EQ(Heard(), "hexpired h, del h");
}

TEST_F(Events, WaitersTakeWithTheEventsOfTheCommand) {
  Configure("EA");
  Session& waits = t_.OpenNetwork();
  t_.Run(waits, "BLPOP l 0");
  t_.Run("RPUSH l a");
  EXPECT_EQ(Heard(), "rpush l, lpop l, del l");
}

}  // namespace
}  // namespace kvasm
