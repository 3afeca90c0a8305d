// What a network session's requests may make of the memory before their replies are taken.
#include <gtest/gtest.h>

#include <string>

#include "core/engine/engine.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm::testing {

using namespace std::chrono_literals;

namespace {

constexpr uint32_t kValueBytes = 300'000;

class FeedTest : public ::testing::Test {
 protected:
  FeedTest() { t.RunArgs({"SET", "large", std::string(kValueBytes, 'v')}); }

  TestEngine t;
  services::Session& session = t.OpenNetwork();
  const std::string reply =
      "$" + std::to_string(kValueBytes) + "\r\n" + std::string(kValueBytes, 'v') + "\r\n";
};

TEST_F(FeedTest, HoldsRequestsBackUntilTheOutputBeforeThemIsTaken) {
  std::string requests;
  for (int i = 0; i < 100; i++) requests += "GET large\r\n";
  t.engine.Feed(session, requests);
  EXPECT_TRUE(session.input_held);
  EXPECT_LT(session.out.size(), engine::Engine::kOutputHeldBytes + reply.size());
  std::string all;
  for (int i = 0; i < 1000 && (session.input_held || !session.out.empty()); i++) {
    all += session.out.view();
    session.out.Clear();
    t.engine.Feed(session, {});
  }
  std::string expected;
  for (int i = 0; i < 100; i++) expected += reply;
  EXPECT_TRUE(all == expected);
  EXPECT_FALSE(session.input_held);
}

TEST_F(FeedTest, KeepsTheOrderWhenMoreArrivesInTheMiddleOfARequest) {
  t.engine.Feed(session, "GET large\r\nGET large\r\nGET large\r\nGET large\r\n*2\r\n$4\r\nEC");
  EXPECT_TRUE(session.input_held);
  const uint32_t held = session.out.size();
  t.engine.Feed(session, "HO\r\n$2\r\nhi\r\nGET la");
  EXPECT_FALSE(session.input_held);
  EXPECT_EQ(session.out.size(), held + 8);
  session.out.Clear();
  t.engine.Feed(session, "rge\r\n");
  EXPECT_FALSE(session.input_held);
  EXPECT_TRUE(session.out.view() == reply);
}

TEST_F(FeedTest, HoldsNothingBackOfAClientThatTakesItsReplies) {
  for (int i = 0; i < 20; i++) {
    EXPECT_TRUE(t.Raw(session, "GET large\r\n") == reply);
    EXPECT_FALSE(session.input_held);
  }
}

TEST_F(FeedTest, ExecutesNothingMoreOfAClientThatLeavesMuchUnread) {
  std::string requests;
  for (int i = 0; i < 100; i++) requests += "GET large\r\n";
  t.engine.Feed(session, requests);
  for (int i = 0; i < 100; i++) t.engine.Feed(session, {});
  EXPECT_TRUE(session.input_held);
  const uint32_t held = session.out.size();
  EXPECT_GE(held, engine::Engine::kUnreadBytesMax);
  EXPECT_LT(held, engine::Engine::kUnreadBytesMax + reply.size());
  // What it takes makes room.
  session.out.Consume(2'000'000);
  t.engine.Feed(session, {});
  EXPECT_GT(session.out.size(), held - 2'000'000);
}

TEST_F(FeedTest, LeavesLittleUnreadWhenMemoryIsShort) {
  t.Run("CONFIG SET maxmemory 1");
  std::string requests;
  for (int i = 0; i < 100; i++) requests += "GET large\r\n";
  t.engine.Feed(session, requests);
  for (int i = 0; i < 100; i++) t.engine.Feed(session, {});
  EXPECT_TRUE(session.input_held);
  EXPECT_LT(session.out.size(), engine::Engine::kOutputHeldBytes + reply.size());
}

TEST_F(FeedTest, LeavesItToALimitOnClientsIfThereIsOne) {
  for (const char* limit :
       {"client-output-buffer-limit normal 20000000 0 0", "maxmemory-clients 20000000"}) {
    TestEngine limited;
    limited.RunArgs({"SET", "large", std::string(kValueBytes, 'v')});
    const std::string text(limit);
    const size_t space = text.find(' ');
    EXPECT_EQ(limited.RunArgs({"CONFIG", "SET", text.substr(0, space), text.substr(space + 1)}),
              "+OK");
    services::Session& client = limited.OpenNetwork();
    std::string requests;
    for (int i = 0; i < 100; i++) requests += "GET large\r\n";
    limited.engine.Feed(client, requests);
    for (int i = 0; i < 100 && !client.cut_off; i++) {
      EXPECT_TRUE(client.input_held);
      limited.engine.Feed(client, {});
    }
    EXPECT_TRUE(client.cut_off) << limit;
  }
}

TEST_F(FeedTest, EndsASessionWhoseHeldRequestsAreMalformed) {
  const std::string all =
      t.Raw(session, "GET large\r\nGET large\r\nGET large\r\nGET large\r\n*x\r\n");
  EXPECT_TRUE(session.close_after_reply);
  EXPECT_TRUE(all.ends_with("-ERR Protocol error: invalid multibulk length\r\n"));
}

// A browser can be made to send what its user never meant.
TEST_F(FeedTest, EndsAClientThatSpeaksHttpAndSaysSoOnceAMinute) {
  const auto attack = [this](std::string_view text) {
    services::Session& browser = t.OpenNetwork();
    t.engine.Feed(browser, text);
    EXPECT_TRUE(browser.close_after_reply);
    EXPECT_EQ(browser.out.view().find("+OK"), std::string_view::npos);
  };
  attack("POST / HTTP/1.1\r\n\r\nFLUSHALL\r\n");
  attack("GET / HTTP/1.1\r\nHost: localhost\r\n\r\nFLUSHALL\r\n");
  EXPECT_EQ(t.Run("DBSIZE"), ":1");
  ASSERT_EQ(t.log.lines.size(), 1u);
  EXPECT_TRUE(t.log.lines[0].starts_with("Possible SECURITY ATTACK"));
  t.AdvanceTime(1min);
  attack("post\r\n");
  EXPECT_EQ(t.log.lines.size(), 2u);
}

}  // namespace
}  // namespace kvasm::testing
