#include "core/base/errors.h"

#include <gtest/gtest.h>

#include <string>

namespace kvasm::errors {
namespace {

TEST(Errors, QuoteWhatVaries) {
  EXPECT_EQ(WrongArity("config|get"), "ERR wrong number of arguments for 'config|get' command");
  EXPECT_EQ(UnknownCommand("foo", "'a' 'b' "),
            "ERR unknown command 'foo', with args beginning with: 'a' 'b' ");
  EXPECT_EQ(UnknownSubcommand("x", "CONFIG"), "ERR unknown subcommand 'x'. Try CONFIG HELP.");
  EXPECT_EQ(InvalidExpire("set"), "ERR invalid expire time in 'set' command");
  EXPECT_EQ(ProtocolExpectedDollar('x'), "ERR Protocol error: expected '$', got 'x'");
  EXPECT_EQ(ConfigFailed("maxmemory", ""),
            "ERR CONFIG SET failed (possibly related to argument 'maxmemory')");
}

TEST(Errors, QuoteAtMost128BytesOfANameFromOutside) {
  const std::string name(1000, 'x');
  EXPECT_EQ(UnknownCommand(name, ""),
            "ERR unknown command '" + std::string(128, 'x') + "', with args beginning with: ");
}

TEST(Errors, RepeatNoPasswordOfARule) {
  const auto shown = [](std::string_view rule) {
    const std::string text = AclRule(rule, "why");
    const std::string_view before = "ERR Error in ACL SETUSER modifier '";
    return text.substr(before.size(), text.size() - before.size() - 6);
  };
  for (const std::string_view rule : {"nonsense", "+@nosuch", "~a#b", "(~a#b +x)", "()", "(", ""}) {
    EXPECT_EQ(shown(rule), rule);
  }
  EXPECT_EQ(shown("<old pw)"), "<(redacted)");
  EXPECT_EQ(shown(">"), ">(redacted)");
  EXPECT_EQ(shown("#ABC"), "#(redacted)");
  EXPECT_EQ(shown("!abc"), "!(redacted)");
  EXPECT_EQ(shown("(>pw)"), "(>(redacted))");
  EXPECT_EQ(shown("(+get >pw ~k)"), "(+get >(redacted) ~k)");
  EXPECT_EQ(shown("(\">p w\" \t<pw"), "(\">(redacted) w\" \t<(redacted)");
  EXPECT_EQ(AclParenthesis("(>pw"),
            "ERR Unmatched parenthesis in acl selector starting at '(>(redacted)'.");
  EXPECT_EQ(AclDeclaration("<pw", "why"), "Error in user declaration '<(redacted)': why");
}

}  // namespace
}  // namespace kvasm::errors
