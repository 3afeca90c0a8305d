// Access control as sessions meet it: what is refused, before anything has happened.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "core/base/alloc.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::TestEngine;

constexpr std::string_view kNoKey = "-NOPERM No permissions to access a key";

std::string NoCommand(const std::string& command) {
  return "-NOPERM User bob has no permissions to run the '" + command + "' command";
}

// An engine with a user "bob" and a session of his.
struct Bob : TestEngine {
  explicit Bob(const std::string& rules) : client(&OpenNetwork()) {
    EXPECT_EQ(Run("ACL SETUSER bob on >pw " + rules), "+OK");
    EXPECT_EQ(As("AUTH bob pw"), "+OK");
  }
  std::string As(std::string_view line) { return Run(*client, line); }

  services::Session* client;
};

TEST(Acl, CommandsKeysAndSubcommandsAreChecked) {
  Bob t("+get +set +config|get ~b:*");
  EXPECT_EQ(t.As("ACL WHOAMI"), NoCommand("acl|whoami"));
  EXPECT_EQ(t.As("SET b:1 x"), "+OK");
  EXPECT_EQ(t.As("SET a:1 x"), kNoKey);
  EXPECT_EQ(t.As("DEL b:1"), NoCommand("del"));
  EXPECT_EQ(t.As("CONFIG SET hz 10"), NoCommand("config|set"));
  EXPECT_EQ(t.As("CONFIG GET hz"), "[\"hz\", \"10\"]");
  EXPECT_EQ(t.As("GET"), "-ERR wrong number of arguments for 'get' command");
  EXPECT_EQ(t.Run("EXISTS a:1 b:1"), ":1");
}

TEST(Acl, ReadingAndWritingAreToldApart) {
  Bob t("+@all %R~in* %W~out*");
  t.Run("RPUSH in 1 2 3");
  EXPECT_EQ(t.As("GET in"), "-WRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_EQ(t.As("COPY in out"), ":1");
  EXPECT_EQ(t.As("COPY out in"), kNoKey);
  EXPECT_EQ(t.As("LPOP in"), kNoKey);
  EXPECT_EQ(t.As("SET out x"), "+OK");
  EXPECT_EQ(t.As("SET out x GET"), kNoKey);
  EXPECT_EQ(t.As("BITFIELD in GET u8 0"),
            "-WRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_EQ(t.As("BITFIELD in SET u8 0 1"), kNoKey);
}

TEST(Acl, EachSelectorHasToSufficeAlone) {
  Bob t("+get ~a (+set ~b) (+get %R~c)");
  EXPECT_EQ(t.As("GET a"), "(nil)");
  EXPECT_EQ(t.As("SET b 1"), "+OK");
  EXPECT_EQ(t.As("GET c"), "(nil)");
  EXPECT_EQ(t.As("SET a 1"), kNoKey);
  EXPECT_EQ(t.As("GET b"), kNoKey);
  EXPECT_EQ(t.As("DEL b"), NoCommand("del"));
}

TEST(Acl, QueuedCommandsAreCheckedTwice) {
  Bob t("+@all ~b");
  EXPECT_EQ(t.As("MULTI"), "+OK");
  EXPECT_EQ(t.As("SET a 1"), kNoKey);
  EXPECT_EQ(t.As("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
  t.As("MULTI");
  t.As("SET b 1");
  t.As("GET b");
  t.Run("ACL SETUSER bob -set");
  EXPECT_EQ(t.As("EXEC"),
            "[-NOPERM ACLs rules changed between the moment the transaction was accumulated and "
            "the EXEC call. This command is no longer allowed for the following reason: no "
            "permission to execute the command or subcommand, (nil)]");
  EXPECT_EQ(t.Run("EXISTS b"), ":0");
}

TEST(Acl, AWaitingCommandIsCheckedAgain) {
  Bob t("+@all ~q");
  t.As("BLPOP q 0");
  EXPECT_TRUE(t.client->waiting);
  t.Run("ACL SETUSER bob resetkeys");
  t.Run("RPUSH q x");
  EXPECT_FALSE(t.client->waiting);
  EXPECT_EQ(t.client->out.view(), std::string(kNoKey) + "\r\n");
  EXPECT_EQ(t.Run("LLEN q"), ":1");
}

TEST(Acl, AScriptCallsOnlyWhatItsCallerMay) {
  Bob t("+@all -set ~b &news");
  services::Session& listener = t.OpenNetwork();
  t.Run(listener, "SUBSCRIBE other");
  const std::string refused = "\"ERR ACL failure in script: ";
  EXPECT_EQ(t.As("EVAL \"return redis.pcall('SET', 'b', 'x').err\" 0"),
            refused + "User bob has no permissions to run the 'set' command\"");
  EXPECT_EQ(t.As("EVAL \"return redis.pcall('APPEND', 'a', 'x').err\" 0"),
            refused + "No permissions to access a key\"");
  EXPECT_EQ(t.As("EVAL \"return redis.pcall('PUBLISH', 'other', 'x').err\" 0"),
            refused + "No permissions to access a channel\"");
  EXPECT_EQ(t.As("EVAL \"return redis.call('APPEND', 'b', 'x')\" 0"), ":1");
  EXPECT_EQ(t.Run("EXISTS a b"), ":1");
  EXPECT_EQ(t.engine.NextReady(), nullptr);
}

TEST(Acl, WhoMayNotListenAnyMoreIsSentAway) {
  Bob t("+@all &news:* &mine");
  services::Session& other = t.OpenNetwork();
  t.Run(other, "AUTH bob pw");
  t.Run(other, "SUBSCRIBE mine");
  t.As("PSUBSCRIBE news:*");
  t.Run("ACL SETUSER bob -@all resetchannels &news:* &mine");
  EXPECT_FALSE(t.client->close_after_reply);
  t.Run("ACL SETUSER bob resetchannels &mine");
  EXPECT_TRUE(t.client->close_after_reply);
  EXPECT_FALSE(other.close_after_reply);
  EXPECT_EQ(t.Run("PUBLISH news:1 secret"), ":0");
  EXPECT_EQ(t.client->out.size(), 0u);
  EXPECT_EQ(t.Run("PUBLISH mine x"), ":1");
}

TEST(Acl, SortByOtherKeysNeedsThemAll) {
  Bob t("+sort ~list");
  t.Run("RPUSH list 2 1");
  EXPECT_EQ(t.As("SORT list BY w_*"),
            "-ERR BY option of SORT denied due to insufficient ACL permissions.");
  EXPECT_EQ(t.As("SORT list GET w_*"),
            "-ERR GET option of SORT denied due to insufficient ACL permissions.");
  EXPECT_EQ(t.As("SORT list BY nosort"), "[\"2\", \"1\"]");
  EXPECT_EQ(t.As("SORT list STORE other"), kNoKey);
  t.Run("ACL SETUSER bob %R~*");
  EXPECT_EQ(t.As("SORT list BY w_*"), "[\"1\", \"2\"]");
}

TEST(Acl, RemovedUsersAreSentAway) {
  Bob t("+@all ~*");
  services::Session& other = t.OpenNetwork();
  EXPECT_EQ(t.Run("ACL DELUSER nosuch"), ":0");
  EXPECT_EQ(t.Run("ACL DELUSER bob"), ":1");
  EXPECT_TRUE(t.client->close_after_reply);
  EXPECT_EQ(t.engine.NextReady(), t.client);
  EXPECT_FALSE(other.close_after_reply);
  EXPECT_EQ(t.Run("ACL DELUSER x default"), "-ERR The 'default' user cannot be removed");
}

TEST(Acl, AUserMayRemoveHimself) {
  Bob t("+@all ~*");
  EXPECT_EQ(t.Raw(*t.client, "ACL DELUSER bob\r\nPING\r\n"), ":1\r\n");
  EXPECT_TRUE(t.client->close_after_reply);
}

TEST(Acl, TheDefaultUserCanBeRestricted) {
  TestEngine t;
  services::Session& client = t.OpenNetwork();
  t.Run("ACL SETUSER default -get");
  EXPECT_EQ(t.Run(client, "GET k"),
            "-NOPERM User default has no permissions to run the 'get' command");
  // The program around the engine is nobody's user.
  EXPECT_EQ(t.Run("GET k"), "(nil)");
  t.Run("ACL SETUSER default off");
  services::Session& late = t.OpenNetwork();
  EXPECT_EQ(t.Run(late, "PING"), "-NOAUTH Authentication required.");
}

// What attempts take that fail; the least of many, as others have the machine, too.
std::chrono::nanoseconds TimeToFail(TestEngine& t, services::Session& client,
                                    const std::string& command) {
  constexpr int kTries = 200;
  auto least = std::chrono::nanoseconds::max();
  for (int i = 0; i < kTries; ++i) {
    const auto before = std::chrono::steady_clock::now();
    const std::string reply = t.Run(client, command);
    least = std::min<std::chrono::nanoseconds>(least, std::chrono::steady_clock::now() - before);
    EXPECT_TRUE(reply.starts_with("-WRONGPASS")) << command << reply;
  }
  return least;
}

TEST(Acl, AFailureTakesTheSameTimeWhoeverIsNamed) {
  TestEngine t;
  constexpr int kPasswords = 2000;
  std::string rules;
  for (int i = 0; i < kPasswords; ++i) rules += " >pw" + std::to_string(i);
  t.Run("ACL SETUSER many on +@all" + rules);
  t.Run("ACL SETUSER manyoff off" + rules);
  t.Run("ACL SETUSER one on >pw");
  t.Run("ACL SETUSER none on");
  services::Session& client = t.OpenNetwork();
  const auto usual = TimeToFail(t, client, "AUTH many x");
  for (const char* user : {"manyoff", "one", "none", "nobody"}) {
    for (const char* command : {"AUTH ", "HELLO 3 AUTH "}) {
      const auto time = TimeToFail(t, client, std::string(command) + user + " x");
      EXPECT_LT(time, 2 * usual) << user;
      EXPECT_GT(2 * time, usual) << user;
    }
  }
}

TEST(Acl, RequirepassIsTheDefaultUsersPassword) {
  TestEngine t;
  t.Run("CONFIG SET requirepass one");
  services::Session& client = t.OpenNetwork();
  EXPECT_EQ(t.Run(client, "PING"), "-NOAUTH Authentication required.");
  EXPECT_EQ(t.Run(client, "AUTH two"),
            "-WRONGPASS invalid username-password pair or user is disabled.");
  t.Run("ACL SETUSER default >two");
  EXPECT_EQ(t.Run(client, "AUTH default two"), "+OK");
  t.Run("CONFIG SET requirepass \"\"");
  services::Session& late = t.OpenNetwork();
  EXPECT_EQ(t.Run(late, "PING"), "+PONG");
}

TEST(Acl, DryRunsTellWithoutRunning) {
  TestEngine t;
  t.Run("ACL SETUSER bob +set ~b");
  EXPECT_EQ(t.Run("ACL DRYRUN bob SET b 1"), "+OK");
  EXPECT_EQ(t.Run("EXISTS b"), ":0");
  EXPECT_EQ(t.Run("ACL DRYRUN bob SET a 1"),
            "\"User bob has no permissions to access the 'a' key\"");
  EXPECT_EQ(t.Run("ACL DRYRUN bob GET a"),
            "\"User bob has no permissions to run the 'get' command\"");
  EXPECT_EQ(t.Run("ACL DRYRUN bob config get x"),
            "\"User bob has no permissions to run the 'config|get' command\"");
  EXPECT_EQ(t.Run("ACL DRYRUN eve GET a"), "-ERR User 'eve' not found");
  EXPECT_EQ(t.Run("ACL DRYRUN bob nosuch"), "-ERR Command 'nosuch' not found");
  EXPECT_EQ(t.Run("ACL DRYRUN bob config|get x"), "-ERR Command 'config|get' not found");
  EXPECT_EQ(t.Run("ACL DRYRUN bob config nosuch"), "-ERR Command 'config' not found");
  EXPECT_EQ(t.Run("ACL DRYRUN bob GET"), "-ERR wrong number of arguments for 'get' command");
}

TEST(Acl, RefusalsAreLoggedAndCounted) {
  Bob t("+get ~b");
  t.As("GET a");
  t.As("SET b 1");
  services::Session& stranger = t.OpenNetwork();
  t.Run(stranger, "AUTH bob wrong");
  t.UseResp3(true);
  const std::string log = t.Run("ACL LOG 1");
  EXPECT_TRUE(
      log.starts_with("[{\"count\": :1, \"reason\": \"auth\", \"context\": \"toplevel\", "
                      "\"object\": \"AUTH\", \"username\": \"bob\""))
      << log;
  EXPECT_NE(t.Run("ACL LOG").find("\"reason\": \"command\", \"context\": \"toplevel\", "
                                  "\"object\": \"set\", \"username\": \"bob\""),
            std::string::npos);
  EXPECT_NE(t.Run("ACL LOG").find("user=bob"), std::string::npos);
  const std::string info = t.Run("INFO stats");
  for (const char* line : {"acl_access_denied_auth:1", "acl_access_denied_cmd:1",
                           "acl_access_denied_key:1", "acl_access_denied_channel:0"}) {
    EXPECT_NE(info.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(t.Run("ACL LOG RESET"), "+OK");
  EXPECT_EQ(t.Run("ACL LOG"), "[]");
}

// Where a transaction's command is refused, what the log shows as the client's is EXEC.
TEST(Acl, RefusalsInTransactionsAreLoggedAsSuch) {
  Bob t("+multi +exec +incr ~b");
  t.As("MULTI");
  t.As("INCR b");
  t.As("AUTH bob wrong");
  t.Run("ACL SETUSER bob -incr");
  const std::string reply = t.As("EXEC");
  EXPECT_TRUE(reply.starts_with("[-NOPERM ACLs rules changed")) << reply;
  EXPECT_TRUE(reply.ends_with(", -WRONGPASS invalid username-password pair or user is disabled.]"));
  const auto& entries = t.engine.acl().log().entries();
  ASSERT_EQ(entries.size(), 2u);
  for (const services::AclLog::Entry& entry : entries) {
    EXPECT_EQ(entry.context, services::AclContext::kMulti);
    EXPECT_NE(entry.client.find(" cmd=exec user=bob "), std::string::npos) << entry.client;
  }
  EXPECT_EQ(entries.front().object, "AUTH");
  EXPECT_EQ(entries.back().object, "incr");
}

TEST(Acl, GeneratedPasswordsHaveTheBitsAskedFor) {
  TestEngine t;
  const std::string first = t.Run("ACL GENPASS");
  EXPECT_EQ(first.size(), 64u + 2);
  EXPECT_NE(first, t.Run("ACL GENPASS"));
  EXPECT_EQ(t.Run("ACL GENPASS 5").size(), 2u + 2);
  EXPECT_EQ(t.Run("ACL GENPASS 4096").size(), 1024u + 2);
  EXPECT_TRUE(t.Run("ACL GENPASS 4097").starts_with("-ERR ACL GENPASS argument must be"));
  EXPECT_TRUE(t.Run("ACL GENPASS 0").starts_with("-ERR ACL GENPASS argument must be"));
}

TEST(Acl, SessionsAreFoundByTheirUser) {
  Bob t("+@all ~*");
  EXPECT_NE(t.As("CLIENT INFO").find(" user=bob "), std::string::npos);
  EXPECT_EQ(t.Run("CLIENT KILL USER eve"), "-ERR No such user 'eve'");
  services::Session& other = t.OpenNetwork();
  EXPECT_EQ(t.Run("CLIENT KILL USER bob"), ":1");
  EXPECT_TRUE(t.client->close_after_reply);
  EXPECT_FALSE(other.close_after_reply);
}

TEST(Acl, ResetMakesTheSessionTheDefaultUsers) {
  Bob t("+@all ~b");
  EXPECT_EQ(t.As("ACL WHOAMI"), "\"bob\"");
  t.As("RESET");
  EXPECT_EQ(t.As("ACL WHOAMI"), "\"default\"");
  EXPECT_EQ(t.As("GET a"), "(nil)");
}

TEST(Acl, HostileArgumentsAreRefused) {
  TestEngine t;
  EXPECT_EQ(t.RunArgs({"ACL", "SETUSER", "a b"}),
            "-ERR Usernames can't contain spaces or null characters");
  EXPECT_EQ(t.RunArgs({"ACL", "SETUSER", std::string("a\0b", 3)}),
            "-ERR Usernames can't contain spaces or null characters");
  EXPECT_EQ(t.RunArgs({"ACL", "SETUSER", "bob", "(+get", "~a"}),
            "-ERR Unmatched parenthesis in acl selector starting at '(+get'.");
  EXPECT_EQ(t.RunArgs({"ACL", "SETUSER", "bob", "+no\r\nsuch"}),
            "-ERR Error in ACL SETUSER modifier '+no  such': Unknown command or category name in "
            "ACL");
  EXPECT_EQ(t.RunArgs({"ACL", "SETUSER", "bob", "", "on"}), "+OK");
  std::vector<std::string> many = {"ACL", "SETUSER", "many"};
  for (int i = 0; i < 3000; ++i) many.push_back("~" + std::to_string(i) + "*");
  EXPECT_EQ(t.RunArgs(many), "+OK");
  EXPECT_EQ(t.RunArgs({"ACL", "CAT", std::string(300, 'x')}),
            "-ERR Unknown category '" + std::string(128, 'x') + "'");
}

// --- memory ---

constexpr char kOom[] = "-OOM command not allowed when used memory > 'maxmemory'.";

struct AclWithLittleMemory : ::testing::Test {
  void SetUp() override { base::SetHeapLimit(base::HeapUsedBytes() + (32u << 20)); }
  void TearDown() override { base::SetHeapLimit(0); }
  // Writes until refused.
  void Fill() {
    const std::string value(1000, 'v');
    for (int i = 0; t.RunArgs({"SET", "fill" + std::to_string(i), value}) != kOom; ++i) {
    }
  }

  TestEngine t;
};

TEST_F(AclWithLittleMemory, SmallRulesThatMakeLargeUsersAreRefused) {
  for (const char* rule : {"()", ">", "~a", "&b"}) {
    std::vector<std::string> rules(50'000, rule);
    rules.insert(rules.begin(), {"ACL", "SETUSER", "many"});
    EXPECT_EQ(t.RunArgs(rules), kOom) << rule;
  }
  std::string selector = "(";
  for (int i = 0; i < 100'000; ++i) selector += "~" + std::to_string(i) + " ";
  EXPECT_EQ(t.RunArgs({"ACL", "SETUSER", "many", selector + ")"}), kOom);
  EXPECT_EQ(t.Run("ACL GETUSER many"), "(nil)");
  EXPECT_EQ(t.Run("ACL SETUSER few () >p ~a"), "+OK");
}

TEST_F(AclWithLittleMemory, UsersEndWithTheMemory) {
  std::string reply = "+OK";
  const std::string pattern(60'000, 'x');
  int users = 0;
  for (; reply == "+OK" && users < 1000; ++users) {
    reply = t.RunArgs({"ACL", "SETUSER", "u" + std::to_string(users), "~" + pattern});
  }
  EXPECT_EQ(reply, kOom);
  EXPECT_GT(users, 50);
  EXPECT_EQ(t.Run("ACL LIST"), kOom);
  EXPECT_EQ(t.Run("ACL DELUSER u0"), ":1");
  EXPECT_EQ(t.Run("PING"), "+PONG");
}

TEST_F(AclWithLittleMemory, TheLogKeepsLittleWhenItIsFull) {
  t.Run("CONFIG SET acllog-max-len 100000");
  t.Run("ACL SETUSER bob on nopass +get");
  services::Session& bob = t.OpenNetwork();
  ASSERT_EQ(t.Run(bob, "AUTH bob x"), "+OK");
  t.Run(bob, "GET before");
  Fill();
  const uint64_t used = base::HeapUsedBytes();
  for (int i = 0; i < 2000; ++i) {
    const std::string key = std::to_string(i) + std::string(10'000, 'k');
    ASSERT_EQ(t.Run(bob, "GET " + key), kNoKey);
  }
  EXPECT_LT(base::HeapUsedBytes(), used + 100'000);
  EXPECT_EQ(t.engine.acl().log().entries().size(), 1u);
  EXPECT_TRUE(t.engine.acl().log().entries().front().object.starts_with("1999k"));
}

TEST_F(AclWithLittleMemory, KeysOfAHugeCommandAreNotEvenLookedFor) {
  t.Run("ACL SETUSER bob on nopass +@all ~k");
  services::Session& bob = t.OpenNetwork();
  ASSERT_EQ(t.Run(bob, "AUTH bob x"), "+OK");
  Fill();
  std::string request = "*50001\r\n$3\r\nDEL\r\n";
  for (int i = 0; i < 50'000; ++i) request += "$1\r\nk\r\n";
  EXPECT_EQ(t.Raw(bob, request), std::string(kOom) + "\r\n");
  EXPECT_EQ(t.Run(bob, "DEL k"), ":0");
}

}  // namespace
}  // namespace kvasm
