// The rules of access control, over a handful of commands.
#include "core/services/acl.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/errors.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm::services {
namespace {

constexpr std::string_view kCategories[] = {"read", "write", "slow"};
constexpr uint32_t kRead = 1, kWrite = 2, kSlow = 4;
enum Command : size_t { kGet, kSet, kConfig, kConfigGet, kConfigSet, kSelect };

AclCommands Commands() {
  return {{{"get", kRead},
           {"set", kWrite},
           {"config", kSlow, -1, true},
           {"config|get", kSlow, kConfig},
           {"config|set", 0, kConfig},
           {"select", 0}},
          kCategories};
}

class AclRules : public ::testing::Test {
 protected:
  // The first problem, or "".
  std::string_view Apply(std::initializer_list<std::string_view> rules) {
    for (const std::string_view rule : rules) {
      const std::string_view problem = user.Apply(rule);
      if (!problem.empty()) return problem;
    }
    return {};
  }
  const AclSelector& root() const { return user.selectors().front(); }
  bool Allows(size_t command) const { return root().AllowsCommand(command, false, {}); }

  AclCommands commands = Commands();
  AclDefaults defaults{commands, false};
  AclUser user{"u", defaults};
};

TEST_F(AclRules, ANewUserMayNothing) {
  EXPECT_EQ(user.Describe(), "off sanitize-payload resetchannels -@all");
  EXPECT_FALSE(Allows(kGet));
  EXPECT_FALSE(root().AllowsKey("k", 0));
  EXPECT_FALSE(root().AllowsChannel("c", false));
  EXPECT_FALSE(user.all_powerful());
}

TEST_F(AclRules, CommandsComeAndGoInTheOrderGiven) {
  EXPECT_EQ(Apply({"+@read", "+set", "-get"}), "");
  EXPECT_TRUE(Allows(kSet));
  EXPECT_FALSE(Allows(kGet));
  EXPECT_EQ(root().DescribeCommands(), "-@all +@read +set -get");
  EXPECT_EQ(Apply({"+@all", "-@write"}), "");
  EXPECT_TRUE(Allows(kGet));
  EXPECT_FALSE(Allows(kSet));
  EXPECT_EQ(root().DescribeCommands(), "+@all -@write");
  EXPECT_EQ(Apply({"NoCommands"}), "");
  EXPECT_EQ(root().DescribeCommands(), "-@all");
}

TEST_F(AclRules, ALaterRuleTakesTheEarlierOnesPlace) {
  EXPECT_EQ(Apply({"+get", "+set", "-GET", "+get"}), "");
  EXPECT_EQ(root().DescribeCommands(), "-@all +set +get");
  EXPECT_EQ(Apply({"+config|get", "+config|set", "+@slow", "-config"}), "");
  EXPECT_EQ(root().DescribeCommands(), "-@all +set +get +@slow -config");
  EXPECT_FALSE(Allows(kConfigGet));
}

TEST_F(AclRules, AContainerBringsItsSubcommands) {
  EXPECT_EQ(Apply({"+config", "-config|set"}), "");
  EXPECT_TRUE(Allows(kConfig) && Allows(kConfigGet));
  EXPECT_FALSE(Allows(kConfigSet));
  EXPECT_EQ(root().DescribeCommands(), "-@all +config -config|set");
  // A category that holds the container brings those outside the category, too.
  EXPECT_EQ(Apply({"-@all", "+@slow"}), "");
  EXPECT_TRUE(Allows(kConfigSet));
}

TEST_F(AclRules, FirstArgumentsOfACommandNotAllowedWhole) {
  EXPECT_EQ(Apply({"+select|0", "+select|Abc", "+select|0"}), "");
  EXPECT_FALSE(Allows(kSelect));
  EXPECT_TRUE(root().AllowsCommand(kSelect, true, "0"));
  EXPECT_TRUE(root().AllowsCommand(kSelect, true, "ABC"));
  EXPECT_FALSE(root().AllowsCommand(kSelect, true, "1"));
  EXPECT_EQ(root().DescribeCommands(), "-@all +select|abc +select|0");
  EXPECT_EQ(Apply({"-select"}), "");
  EXPECT_FALSE(root().AllowsCommand(kSelect, true, "0"));
}

TEST_F(AclRules, WhatIsNoRule) {
  EXPECT_EQ(Apply({"+nosuch"}), errors::kAclUnknownCommand);
  EXPECT_EQ(Apply({"-@nosuch"}), errors::kAclUnknownCommand);
  EXPECT_EQ(Apply({"+@"}), errors::kAclUnknownCommand);
  EXPECT_EQ(Apply({"+config|nosuch"}), errors::kAclUnknownCommand);
  EXPECT_EQ(Apply({"-select|0"}), errors::kAclUnknownCommand);
  EXPECT_EQ(Apply({"+config|get|x"}), errors::kAclFirstArgument);
  EXPECT_EQ(Apply({"+select|"}), errors::kAclSyntax);
  EXPECT_EQ(Apply({"+select|a b"}), errors::kAclSyntax);
  EXPECT_EQ(Apply({"nonsense"}), errors::kAclSyntax);
  EXPECT_EQ(Apply({"~a b"}), errors::kAclSyntax);
  EXPECT_EQ(Apply({std::string_view("~a\0b", 4)}), errors::kAclSyntax);
  EXPECT_EQ(Apply({"%"}), errors::kAclSyntax);
  EXPECT_EQ(Apply({"%RR~a"}), errors::kAclSyntax);
  EXPECT_EQ(Apply({"%X~a"}), errors::kAclSyntax);
  EXPECT_EQ(Apply({"%~a"}), errors::kAclSyntax);
  EXPECT_EQ(Apply({"allkeys", "~a"}), errors::kAclAfterAllKeys);
  EXPECT_EQ(Apply({"allchannels", "&a"}), errors::kAclAfterAllChannels);
  EXPECT_EQ(Apply({"#abc"}), errors::kAclPasswordHash);
  EXPECT_EQ(Apply({"#" + std::string(64, 'A')}), errors::kAclPasswordHash);
  EXPECT_EQ(Apply({"<nosuch"}), errors::kAclNoSuchPassword);
  EXPECT_EQ(Apply({"("}), errors::kAclSyntax);
  EXPECT_EQ(Apply({"(on)"}), errors::kAclSyntax);
  EXPECT_EQ(Apply({"((+get))"}), errors::kAclSyntax);
  EXPECT_EQ(user.Describe(), "off sanitize-payload ~* &* -@all");
}

TEST_F(AclRules, KeyPatternsGiveReadingAndWriting) {
  EXPECT_EQ(Apply({"~both:*", "%R~in:*", "%w~out:*"}), "");
  EXPECT_TRUE(root().AllowsKey("both:1", kAclReadWrite));
  EXPECT_TRUE(root().AllowsKey("in:1", kAclRead));
  EXPECT_FALSE(root().AllowsKey("in:1", kAclWrite));
  EXPECT_FALSE(root().AllowsKey("out:1", kAclReadWrite));
  EXPECT_FALSE(root().AllowsKey("other", 0));
  EXPECT_EQ(root().DescribeKeys(), "~both:* %R~in:* %W~out:*");
  EXPECT_EQ(Apply({"%W~in:*"}), "");
  EXPECT_EQ(root().DescribeKeys(), "~both:* ~in:* %W~out:*");
  EXPECT_FALSE(root().AllowsEveryKey(kAclRead));
  EXPECT_EQ(Apply({"%R~*"}), "");
  EXPECT_TRUE(root().AllowsEveryKey(kAclRead));
  EXPECT_FALSE(root().AllowsEveryKey(kAclWrite));
}

TEST_F(AclRules, ChannelsAndTheirPatterns) {
  EXPECT_EQ(Apply({"&news:*", "&news:*"}), "");
  EXPECT_TRUE(root().AllowsChannel("news:1", false));
  EXPECT_FALSE(root().AllowsChannel("news:1", true));
  EXPECT_TRUE(root().AllowsChannel("news:*", true));
  EXPECT_EQ(root().DescribeChannels(), "&news:*");
  EXPECT_EQ(Apply({"resetchannels"}), "");
  EXPECT_FALSE(root().AllowsChannel("news:1", false));
}

TEST_F(AclRules, Passwords) {
  EXPECT_EQ(Apply({">one", ">two", ">one"}), "");
  EXPECT_EQ(user.passwords().size(), 2u);
  EXPECT_TRUE(user.HasPassword(base::Sha256("two"), 1));
  EXPECT_FALSE(user.HasPassword(base::Sha256("three"), 1));
  EXPECT_EQ(Apply({"<one", "!" + base::HexText(base::Sha256("two"))}), "");
  EXPECT_FALSE(user.HasPassword(base::Sha256("two"), 1));
  EXPECT_EQ(Apply({"nopass", "#" + base::HexText(base::Sha256("four"))}), "");
  EXPECT_FALSE(user.nopass());
  EXPECT_TRUE(user.HasPassword(base::Sha256("four"), 1));
  EXPECT_EQ(Apply({"resetpass"}), "");
  EXPECT_TRUE(user.passwords().empty());
}

TEST_F(AclRules, APasswordIsComparedToItsLastDigit) {
  const std::string hash = base::HexText(base::Sha256("secret"));
  for (size_t i = 0; i < hash.size(); ++i) {
    std::string other = hash;
    other[i] = other[i] == '0' ? '1' : '0';
    EXPECT_EQ(Apply({"resetpass", "#" + other}), "");
    EXPECT_FALSE(user.HasPassword(base::Sha256("secret"), 1)) << i;
  }
}

TEST_F(AclRules, ComparisonsWithNobodysPasswordChangeNothing) {
  EXPECT_FALSE(user.HasPassword(base::Sha256(""), 100));
  EXPECT_EQ(Apply({">one", ">two"}), "");
  for (const size_t rounds : {0, 1, 2, 100}) {
    EXPECT_TRUE(user.HasPassword(base::Sha256("one"), rounds));
    EXPECT_TRUE(user.HasPassword(base::Sha256("two"), rounds));
    EXPECT_FALSE(user.HasPassword(base::Sha256("three"), rounds));
  }
}

TEST_F(AclRules, ResetMakesTheUserNew) {
  EXPECT_EQ(Apply({"on", ">p", "skip-sanitize-payload", "+@all", "~*", "&*", "(+get ~a)"}), "");
  EXPECT_TRUE(user.all_powerful());
  EXPECT_EQ(Apply({"reset"}), "");
  EXPECT_EQ(user.Describe(), "off sanitize-payload resetchannels -@all");
  EXPECT_FALSE(user.all_powerful());
  defaults.all_channels = true;
  EXPECT_EQ(Apply({"reset"}), "");
  EXPECT_EQ(user.Describe(), "off sanitize-payload &* -@all");
}

TEST_F(AclRules, SelectorsStandApart) {
  EXPECT_EQ(Apply({"+set", "~k", "(+get %R~r* &c)", "()"}), "");
  ASSERT_EQ(user.selectors().size(), 3u);
  EXPECT_EQ(user.Describe(),
            "off sanitize-payload ~k resetchannels -@all +set "
            "(%R~r* resetchannels &c -@all +get) (resetchannels -@all)");
  EXPECT_TRUE(user.AllowsChannel("c", false));
  EXPECT_EQ(Apply({"clearselectors"}), "");
  EXPECT_EQ(user.selectors().size(), 1u);
}

TEST_F(AclRules, OneAlmightySelectorIsEnough) {
  EXPECT_EQ(Apply({"(+@all ~* &*)"}), "");
  EXPECT_TRUE(user.all_powerful());
  EXPECT_EQ(Apply({"clearselectors", "+@all", "~*", "&*", "-get"}), "");
  EXPECT_FALSE(user.all_powerful());
}

// Whatever a description says makes the same user again.
TEST_F(AclRules, ADescriptionReadsBack) {
  EXPECT_EQ(Apply({"on", ">p", "+@all", "-@write", "+config|set", "+select|5", "%R~a", "&b",
                   "(+get ~x)", "(-@all ~* &*)"}),
            "");
  const std::string text = user.Describe();
  std::vector<std::string_view> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(std::string_view(text).substr(at, end - at));
    at = end + 1;
  }
  AclUser copy("copy", defaults);
  const auto merged = MergeSelectors(words);
  ASSERT_TRUE(merged.ok());
  for (const std::string& rule : merged.value()) EXPECT_EQ(copy.Apply(rule), "") << rule;
  EXPECT_EQ(copy.Describe(), text);
}

TEST(AclSelectors, WordsAreJoined) {
  const std::string_view rules[] = {"on", "(+get", "~a)", "()", "(+set)"};
  const auto merged = MergeSelectors(rules);
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(merged.value(), (std::vector<std::string>{"on", "(+get ~a)", "()", "(+set)"}));
  const std::string_view open[] = {"on", "(+get", "~a"};
  EXPECT_EQ(MergeSelectors(open).error(),
            "ERR Unmatched parenthesis in acl selector starting at '(+get'.");
}

struct AclUsers : ::testing::Test {
  base::Status Set(std::string_view name, std::span<const std::string_view> rules) {
    return acl.Set(name, rules, ending);
  }

  testing::TestEngine t;
  Acl acl{Commands()};
  Acl::Ending ending{t.engine.sessions(), t.engine.pubsub(), nullptr};
};

TEST_F(AclUsers, ARefusedRuleChangesNothing) {
  const std::string_view good[] = {"on", ">p", "+get", "~a"};
  ASSERT_TRUE(Set("bob", good).ok());
  const std::string before = acl.Find("bob")->Describe();
  const std::string_view bad[] = {"+set", "off", "nonsense"};
  EXPECT_EQ(Set("bob", bad).error(), "ERR Error in ACL SETUSER modifier 'nonsense': Syntax error");
  EXPECT_EQ(acl.Find("bob")->Describe(), before);
  EXPECT_FALSE(Set("eve", bad).ok());
  EXPECT_EQ(acl.Find("eve"), nullptr);
}

TEST_F(AclUsers, AuthenticationNeedsAUserWhoIsOnAndHisPassword) {
  const std::string_view rules[] = {"on", ">p"};
  ASSERT_TRUE(Set("bob", rules).ok());
  EXPECT_EQ(acl.Authenticate("bob", "p"), acl.Find("bob"));
  EXPECT_EQ(acl.Authenticate("bob", "q"), nullptr);
  EXPECT_EQ(acl.Authenticate("eve", "p"), nullptr);
  EXPECT_EQ(acl.Authenticate("default", "anything"), &acl.default_user());
  const std::string_view off[] = {"off"};
  ASSERT_TRUE(Set("bob", off).ok());
  EXPECT_EQ(acl.Authenticate("bob", "p"), nullptr);
}

TEST(AclLogTest, RefusalsOfOneKindMakeOneEntry) {
  AclLog log;
  const AclLog::Refusal key{AclReason::kKey, AclContext::kToplevel, "k", "bob", "id=1"};
  AclLog::Refusal command = key;
  command.reason = AclReason::kCommand;
  log.Add(key, 1000, 128);
  log.Add(command, 1500, 128);
  log.Add(key, 61'000, 128);
  ASSERT_EQ(log.entries().size(), 2u);
  EXPECT_EQ(log.entries().front().count, 2u);
  EXPECT_EQ(log.entries().front().created_ms, 1000);
  EXPECT_EQ(log.entries().front().updated_ms, 61'000);
  log.Add(key, 121'001, 128);  // more than a minute later
  EXPECT_EQ(log.entries().size(), 3u);
  EXPECT_EQ(log.entries().front().id, 2);
  EXPECT_EQ(log.count(AclReason::kKey), 3u);
  log.Add(command, 500'000, 2);
  EXPECT_EQ(log.entries().size(), 2u);
  log.Clear();
  EXPECT_TRUE(log.entries().empty());
  EXPECT_EQ(log.count(AclReason::kKey), 3u);
}

TEST(AclLogTest, WhatIsKeptOfAKeyIsBounded) {
  AclLog log;
  const std::string huge(10 * AclLog::kTextBytesMax, 'k');
  log.Add({AclReason::kKey, AclContext::kMulti, huge, huge, huge}, 1, 128);
  log.Add({AclReason::kKey, AclContext::kMulti, huge, huge, huge}, 2, 128);
  ASSERT_EQ(log.entries().size(), 1u);
  EXPECT_EQ(log.entries().front().object.size(), AclLog::kTextBytesMax);
}

}  // namespace
}  // namespace kvasm::services
