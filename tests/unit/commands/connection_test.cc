#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::TestEngine;

void Configure(TestEngine& t, const std::string& name, const std::string& value) {
  const services::Config::Pair pair{name, value};
  ASSERT_TRUE(t.engine.config().Set({&pair, 1}, services::Config::Source::kStartup).ok());
}

TEST(Connection, SelectKeepsDatabasesApart) {
  TestEngine t;
  t.Run("SET k zero");
  EXPECT_EQ(t.Run("SELECT 1"), "+OK");
  EXPECT_EQ(t.Run("GET k"), "(nil)");
  EXPECT_EQ(t.Run("SELECT 16"), "-ERR DB index is out of range");
  EXPECT_EQ(t.Run("SELECT x"), "-ERR value is not an integer or out of range");
  EXPECT_EQ(t.Run("SELECT 0"), "+OK");
  EXPECT_EQ(t.Run("GET k"), "\"zero\"");
}

TEST(Connection, APasswordIsAskedOfNetworkSessionsOnly) {
  TestEngine t;
  Configure(t, "requirepass", "secret");
  services::Session& client = t.OpenNetwork();
  EXPECT_EQ(t.Run(client, "GET k"), "-NOAUTH Authentication required.");
  EXPECT_EQ(t.Run(client, "AUTH wrong"),
            "-WRONGPASS invalid username-password pair or user is disabled.");
  EXPECT_EQ(t.Run(client, "AUTH someone secret"),
            "-WRONGPASS invalid username-password pair or user is disabled.");
  EXPECT_EQ(t.Run(client, "AUTH secret"), "+OK");
  EXPECT_EQ(t.Run(client, "GET k"), "(nil)");
  EXPECT_EQ(t.Run(client, "RESET"), "+RESET");
  EXPECT_EQ(t.Run(client, "GET k"), "-NOAUTH Authentication required.");
  EXPECT_EQ(t.Run("GET k"), "(nil)");
}

TEST(Connection, HelloAuthenticatesNamesAndChoosesTheProtocol) {
  TestEngine t;
  Configure(t, "requirepass", "secret");
  services::Session& client = t.OpenNetwork();
  EXPECT_TRUE(t.Run(client, "HELLO 3").starts_with("-NOAUTH HELLO must be called"));
  EXPECT_EQ(t.Run(client, "HELLO 3 AUTH default wrong"),
            "-WRONGPASS invalid username-password pair or user is disabled.");
  EXPECT_EQ(t.Run(client, "HELLO 4 AUTH default secret"), "-NOPROTO unsupported protocol version");
  EXPECT_EQ(t.Run(client, "HELLO 3 AUTH default secret SETNAME me"),
            "{\"server\": \"redis\", \"version\": \"7.2.6\", \"proto\": :3, \"id\": :2, "
            "\"mode\": \"standalone\", \"role\": \"master\", \"modules\": []}");
  EXPECT_EQ(client.name, "me");
}

TEST(Connection, RefusedHelloChangesNothing) {
  TestEngine t;
  services::Session& client = t.OpenNetwork();
  EXPECT_EQ(t.Run(client, "HELLO 3 SETNAME a FOO"), "-ERR Syntax error in HELLO option 'FOO'");
  EXPECT_EQ(t.Run(client, "HELLO 3 SETNAME \"a b\""),
            "-ERR Client names cannot contain spaces, newlines or special characters.");
  EXPECT_EQ(client.name, "");
  EXPECT_EQ(client.reply.protocol(), 2);
}

TEST(Connection, QuitAnswersAndCloses) {
  TestEngine t;
  services::Session& client = t.OpenNetwork();
  EXPECT_EQ(t.Raw(client, "QUIT\r\nPING\r\n"), "+OK\r\n");
  EXPECT_TRUE(client.close_after_reply);
}

}  // namespace
}  // namespace kvasm
