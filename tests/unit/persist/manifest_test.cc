#include "core/persist/manifest.h"

#include <gtest/gtest.h>

namespace kvasm::persist {
namespace {

using Type = AofFile::Type;

Manifest Parsed(std::string_view text) {
  ManifestFault fault;
  const auto manifest = Manifest::Parse(text, fault);
  EXPECT_TRUE(manifest) << fault.text;
  return manifest.value_or(Manifest());
}

struct Refusal {
  std::string text;
  uint32_t line;
  std::string line_text;
  bool operator==(const Refusal&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
  return out << refusal.text << " | " << refusal.line << " | " << refusal.line_text;
}

Refusal Refused(std::string_view text) {
  ManifestFault fault;
  EXPECT_FALSE(Manifest::Parse(text, fault));
  return {std::string(fault.text), fault.line, fault.line_text};
}

TEST(Manifest, ReadsWhatItWrites) {
  const std::string text =
      "file appendonly.aof.2.base.rdb seq 2 type b\n"
      "file appendonly.aof.1.incr.aof seq 1 type h\n"
      "file appendonly.aof.2.incr.aof seq 2 type h\n"
      "file appendonly.aof.3.incr.aof seq 3 type i\n"
      "file appendonly.aof.5.incr.aof seq 5 type i\n";
  const Manifest manifest = Parsed(text);
  EXPECT_EQ(manifest.base(), (AofFile{"appendonly.aof.2.base.rdb", 2, Type::kBase}));
  ASSERT_EQ(manifest.history().size(), 2u);
  EXPECT_EQ(manifest.history()[1], (AofFile{"appendonly.aof.2.incr.aof", 2, Type::kHistory}));
  ASSERT_EQ(manifest.increments().size(), 2u);
  EXPECT_EQ(manifest.increments()[1], (AofFile{"appendonly.aof.5.incr.aof", 5, Type::kIncrement}));
  EXPECT_EQ(manifest.base_seq(), 2);
  EXPECT_EQ(manifest.increment_seq(), 5);
  EXPECT_EQ(manifest.Text(), text);
}

TEST(Manifest, SkipsCommentsAndUnknownPairs) {
  const Manifest manifest = Parsed(
      "# made by hand\n"
      "  FILE a.aof Seq 7 color blue tYPe i  \r\n"
      "#\n");
  EXPECT_EQ(manifest.Text(), "file a.aof seq 7 type i\n");
  EXPECT_TRUE(Parsed("# nothing else\n").empty());
}

TEST(Manifest, QuotesOddNamesAsRedisDoes) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain.aof", "plain.aof"},
      {"a b", "\"a b\""},
      {"tab\there", "\"tab\\there\""},
      {"quote\"d", "\"quote\\\"d\""},
      {"\a\b\n\r", "\"\\a\\b\\n\\r\""},
      {"\xc3\xa4", "\"\\xc3\\xa4\""},
      {"it's", "it's"},
      {"\x7f\x01", "\"\\x7f\\x01\""},
  };
  for (const auto& [name, written] : cases) {
    Manifest manifest;
    manifest.NewIncrement(name);
    const std::string quoted = written[0] == '"' ? written.substr(0, written.size() - 1) : written;
    const std::string closing = written[0] == '"' ? "\"" : "";
    const std::string line = "file " + quoted + ".1.incr.aof" + closing + " seq 1 type i\n";
    EXPECT_EQ(manifest.Text(), line);
    // An apostrophe alone opens a quote when it is read; Redis has that trouble, too.
    if (name != "it's") EXPECT_EQ(Parsed(line), manifest);
  }
}

TEST(Manifest, SaysWhatIsWrongAsRedisDoes) {
  const std::string invalid = "Invalid AOF manifest file format";
  EXPECT_EQ(Refused(""), (Refusal{"Found an empty AOF manifest", 0, ""}));
  EXPECT_EQ(Refused("file a seq 1 type i"),
            (Refusal{"The AOF manifest file contains too long line", 0, ""}));
  EXPECT_EQ(Refused("file " + std::string(1100, 'a') + " seq 1 type i\n"),
            (Refusal{"The AOF manifest file contains too long line", 0, ""}));
  EXPECT_EQ(Refused("\n"), (Refusal{invalid, 1, ""}));
  EXPECT_EQ(Refused("#\nfile a seq 1\n"), (Refusal{invalid, 2, "file a seq 1"}));
  EXPECT_EQ(Refused(" file a seq 1 type i odd \n"),
            (Refusal{invalid, 1, "file a seq 1 type i odd"}));
  EXPECT_EQ(Refused("file \"a seq 1 type i\n"), (Refusal{invalid, 1, "file \"a seq 1 type i"}));
  EXPECT_EQ(Refused("file a seq x type i\n"), (Refusal{invalid, 1, "file a seq x type i"}));
  EXPECT_EQ(Refused("nofile a seq 1 type i\n"), (Refusal{invalid, 1, "nofile a seq 1 type i"}));
  EXPECT_EQ(Refused("file a/b seq 1 type i\n"),
            (Refusal{"File can't be a path, just a filename", 1, "file a/b seq 1 type i"}));
  EXPECT_EQ(Refused("file a seq 1 type b\nfile b seq 2 type b\n"),
            (Refusal{"Found duplicate base file information", 2, "file b seq 2 type b"}));
  EXPECT_EQ(Refused("file a seq 2 type i\nfile b seq 2 type i\n"),
            (Refusal{"Found a non-monotonic sequence number", 2, "file b seq 2 type i"}));
  EXPECT_EQ(Refused("file a seq -1 type i\n"),
            (Refusal{"Found a non-monotonic sequence number", 1, "file a seq -1 type i"}));
  EXPECT_EQ(Refused("file a seq 1 type z\n"),
            (Refusal{"Unknown AOF file type", 1, "file a seq 1 type z"}));
}

TEST(Manifest, NumbersAreReadAsLooselyAsRedisReadsThem) {
  EXPECT_EQ(Parsed("file a seq +007x type base\n").Text(), "file a seq 7 type b\n");
  EXPECT_EQ(Parsed("file a seq 99999999999999999999 type h\n").Text(),
            "file a seq 9223372036854775807 type h\n");
}

TEST(Manifest, ARewriteTurnsOldFilesIntoHistory) {
  Manifest manifest;
  EXPECT_EQ(manifest.NewBase("a.aof", true).name, "a.aof.1.base.rdb");
  EXPECT_EQ(manifest.NewIncrement("a.aof").name, "a.aof.1.incr.aof");
  EXPECT_EQ(manifest.NewIncrement("a.aof").name, "a.aof.2.incr.aof");
  EXPECT_EQ(manifest.NewBase("a.aof", false).name, "a.aof.2.base.aof");
  EXPECT_FALSE(manifest.IsLast(*manifest.base()));
  manifest.RetireIncrements(true);
  EXPECT_EQ(manifest.Text(),
            "file a.aof.2.base.aof seq 2 type b\n"
            "file a.aof.1.incr.aof seq 1 type h\n"
            "file a.aof.1.base.rdb seq 1 type h\n"
            "file a.aof.2.incr.aof seq 2 type i\n");
  EXPECT_TRUE(manifest.IsLast(manifest.increments()[0]));
  manifest.RetireIncrements(false);
  manifest.ForgetHistory();
  EXPECT_EQ(manifest.Text(), "file a.aof.2.base.aof seq 2 type b\n");
  EXPECT_TRUE(manifest.IsLast(*manifest.base()));
  EXPECT_EQ(manifest.NewIncrement("a.aof").seq, 3);
}

TEST(Manifest, TheOldSingleFileBecomesTheBase) {
  Manifest manifest;
  manifest.AdoptOldFile("appendonly.aof");
  EXPECT_EQ(manifest.Text(), "file appendonly.aof seq 1 type b\n");
  EXPECT_EQ(manifest.NewBase("appendonly.aof", true).name, "appendonly.aof.2.base.rdb");
}

TEST(Manifest, AnyBytesAreReadWithoutATrap) {
  const std::string text = "# c\nfile \"a \\x41\" seq 1 type b\nfile a seq 1 type i\n";
  for (size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string flipped = text;
      flipped[at] = static_cast<char>(byte);
      ManifestFault fault;
      const auto manifest = Manifest::Parse(flipped, fault);
      EXPECT_EQ(manifest.has_value(), fault.text.empty());
    }
    ManifestFault fault;
    static_cast<void>(Manifest::Parse(text.substr(0, at), fault));
  }
}

}  // namespace
}  // namespace kvasm::persist
