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

}  // namespace
}  // namespace kvasm::errors
