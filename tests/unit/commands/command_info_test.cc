// The declarations of commands against the facts about Redis 7.2's, where those are at hand, and
// against those of newer ones, which are here.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/base/ascii.h"
#include "core/command/keys.h"
#include "core/command/names.h"
#include "core/command/syntax.h"
#include "tests/unit/support/json.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using command::Argument;
using command::CommandSpec;
using command::KeySpec;
using testing::Json;
using testing::TestEngine;

bool Has(const Json& object, const std::string& name) { return object.members.contains(name); }
std::string Number(const Json& value) { return std::to_string(static_cast<int>(value.number)); }
std::vector<std::string> Texts(const Json& array) {
  std::vector<std::string> texts;
  for (const Json& item : array.items) texts.push_back(item.text);
  return texts;
}

std::string Upper(const std::string& text) { return base::UpperCopy(text); }
std::string Lower(const std::string& text) { return base::LowerCopy(text); }

// Both trees written the same way.
std::string Tree(const std::vector<Argument>& arguments) {
  std::string text;
  for (const Argument& argument : arguments) {
    text += argument.name + ":" + std::string(TypeText(argument.type));
    if (argument.has_token) text += " token=" + Upper(argument.token);
    if (argument.key_spec >= 0) text += " key=" + std::to_string(argument.key_spec);
    if (!argument.since.empty()) text += " since=" + argument.since;
    if (!argument.deprecated_since.empty()) text += " until=" + argument.deprecated_since;
    if (argument.optional) text += " optional";
    if (argument.multiple) text += " multiple";
    if (argument.multiple_token) text += " multiple_token";
    text += "(" + Tree(argument.parts) + ") ";
  }
  return text;
}

std::string Tree(const Json& arguments) {
  std::string text;
  for (const Json& argument : arguments.items) {
    text += Lower(argument["name"].text) + ":" + argument["type"].text;
    if (Has(argument, "token")) text += " token=" + Upper(argument["token"].text);
    if (Has(argument, "key_spec_index")) text += " key=" + Number(argument["key_spec_index"]);
    if (Has(argument, "since")) text += " since=" + argument["since"].text;
    if (Has(argument, "deprecated_since")) text += " until=" + argument["deprecated_since"].text;
    if (argument["optional"].boolean) text += " optional";
    if (argument["multiple"].boolean) text += " multiple";
    if (argument["multiple_token"].boolean) text += " multiple_token";
    text += "(" + Tree(argument["arguments"]) + ") ";
  }
  return text;
}

std::string KeysText(const CommandSpec& spec) {
  std::string text;
  for (const KeySpec& key : spec.keys) {
    if (key.begin == KeySpec::Begin::kNone) break;
    std::vector<std::string> flags;
    command::ForEachKeyFlagText(
        key.flags, [&](std::string_view flag) { flags.push_back(base::UpperCopy(flag)); });
    std::sort(flags.begin(), flags.end());
    for (const std::string& flag : flags) text += flag + " ";
    if (key.begin == KeySpec::Begin::kUnknown) text += "unknown";
    if (key.begin == KeySpec::Begin::kIndex) text += "index " + std::to_string(key.pos);
    if (key.begin == KeySpec::Begin::kKeyword) {
      text += "keyword " + std::string(key.keyword) + " " + std::to_string(key.pos);
    }
    if (key.find == KeySpec::Find::kRange) text += " range";
    if (key.find == KeySpec::Find::kKeynum) text += " keynum";
    if (key.find != KeySpec::Find::kUnknown) {
      text += " " + std::to_string(key.last) + " " + std::to_string(key.step) + " " +
              std::to_string(key.limit);
    }
    text += "; ";
  }
  return text;
}

std::string KeysText(const Json& specs) {
  std::string text;
  for (const Json& spec : specs.items) {
    std::vector<std::string> flags = Texts(spec["flags"]);
    std::transform(flags.begin(), flags.end(), flags.begin(), Upper);
    std::sort(flags.begin(), flags.end());
    for (const std::string& flag : flags) text += flag + " ";
    const Json& begin = spec["begin_search"];
    const Json& index = begin["index"];
    const Json& keyword = begin["keyword"];
    if (index.kind == Json::Kind::kObject) {
      text += "index " + Number(index["pos"]);
    } else if (keyword.kind == Json::Kind::kObject) {
      text += "keyword " + keyword["keyword"].text + " " + Number(keyword["startfrom"]);
    } else {
      text += "unknown";
    }
    const Json& range = spec["find_keys"]["range"];
    const Json& keynum = spec["find_keys"]["keynum"];
    if (range.kind == Json::Kind::kObject) {
      text += " range " + Number(range["lastkey"]) + " " + Number(range["step"]) + " " +
              Number(range["limit"]);
    } else if (keynum.kind == Json::Kind::kObject) {
      text += " keynum " + Number(keynum["keynumidx"]) + " " + Number(keynum["step"]) + " " +
              Number(keynum["firstkey"]);
    }
    text += "; ";
  }
  return text;
}

std::vector<std::string> FlagTexts(const CommandSpec& spec) {
  std::vector<std::string> flags;
  command::ForEachFlagText(spec.flags, [&](std::string_view flag) { flags.emplace_back(flag); });
  if (LegacyRangeOf(spec).movable) flags.emplace_back("movablekeys");
  std::sort(flags.begin(), flags.end());
  return flags;
}

std::vector<std::string> CategoryTexts(const CommandSpec& spec) {
  std::vector<std::string> categories;
  command::ForEachCategoryText(
      CategoriesOf(spec), [&](std::string_view category) { categories.emplace_back(category); });
  std::sort(categories.begin(), categories.end());
  return categories;
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string line;
  for (const std::string& text : texts) line += (line.empty() ? "" : ",") + text;
  return line;
}

std::vector<std::string> Sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

void ExpectSame(const CommandSpec& spec, const Json& reference) {
  SCOPED_TRACE(std::string(spec.name));
  EXPECT_EQ(spec.arity, static_cast<int>(reference["arity"].number));
  EXPECT_EQ(spec.since, reference["since"].text);
  std::string group(GroupText(spec.group));
  std::replace(group.begin(), group.end(), '-', '_');
  EXPECT_EQ(group, reference["group"].text);
  EXPECT_EQ(FlagTexts(spec), Sorted(Texts(reference["reported_flags"])));
  EXPECT_EQ(CategoryTexts(spec), Sorted(Texts(reference["acl_categories"])));
  EXPECT_EQ(spec.tips, Joined(Texts(reference["tips"])));
  EXPECT_EQ(spec.deprecated_since, reference["deprecated_since"].text);
  EXPECT_EQ(KeysText(spec), KeysText(reference["key_specs"]));
  const command::LegacyRange range = LegacyRangeOf(spec);
  const std::vector<Json>& legacy = reference["legacy_key_range"].items;
  ASSERT_EQ(legacy.size(), 3u);
  EXPECT_EQ(range.first, static_cast<int>(legacy[0].number));
  EXPECT_EQ(range.last, static_cast<int>(legacy[1].number));
  EXPECT_EQ(range.step, static_cast<int>(legacy[2].number));
  std::vector<Argument> arguments;
  EXPECT_TRUE(ParseSyntax(spec.syntax, &arguments));
  EXPECT_EQ(Tree(arguments), Tree(reference["arguments"]));
  EXPECT_FALSE(spec.summary.empty());
  EXPECT_FALSE(spec.complexity.empty());
}

// Commands younger than the facts: those of Redis 7.4 and 8.0.
struct NewerCommand {
  std::string_view name;
  std::string_view since;
  int arity;
  std::string_view flags;
  std::string_view keys;
  std::string_view arguments;
};

constexpr NewerCommand kNewerCommands[] = {
    {"hexpire", "7.4.0", -6, "denyoom,fast,write", "RW UPDATE index 1 range 0 1 0; ",
     "key:key key=0() seconds:integer() condition:oneof optional(nx:pure-token "
     "token=NX() xx:pure-token token=XX() gt:pure-token token=GT() lt:pure-token "
     "token=LT() ) fields:block token=FIELDS(numfields:integer() field:string "
     "multiple() ) "},
    {"hexpireat", "7.4.0", -6, "denyoom,fast,write", "RW UPDATE index 1 range 0 1 0; ",
     "key:key key=0() unix-time-seconds:unix-time() condition:oneof "
     "optional(nx:pure-token token=NX() xx:pure-token token=XX() gt:pure-token "
     "token=GT() lt:pure-token token=LT() ) fields:block "
     "token=FIELDS(numfields:integer() field:string multiple() ) "},
    {"hexpiretime", "7.4.0", -5, "fast,readonly", "ACCESS RO index 1 range 0 1 0; ",
     "key:key key=0() fields:block token=FIELDS(numfields:integer() field:string "
     "multiple() ) "},
    {"hgetdel", "8.0.0", -5, "fast,write", "ACCESS DELETE RW index 1 range 0 1 0; ",
     "key:key key=0() fields:block token=FIELDS(numfields:integer() field:string "
     "multiple() ) "},
    {"hgetex", "8.0.0", -5, "fast,write", "ACCESS RW UPDATE index 1 range 0 1 0; ",
     "key:key key=0() expiration:oneof optional(seconds:integer token=EX() "
     "milliseconds:integer token=PX() unix-time-seconds:unix-time token=EXAT() "
     "unix-time-milliseconds:unix-time token=PXAT() persist:pure-token "
     "token=PERSIST() ) fields:block token=FIELDS(numfields:integer() field:string "
     "multiple() ) "},
    {"hpersist", "7.4.0", -5, "fast,write", "RW UPDATE index 1 range 0 1 0; ",
     "key:key key=0() fields:block token=FIELDS(numfields:integer() field:string "
     "multiple() ) "},
    {"hpexpire", "7.4.0", -6, "denyoom,fast,write", "RW UPDATE index 1 range 0 1 0; ",
     "key:key key=0() milliseconds:integer() condition:oneof optional(nx:pure-token "
     "token=NX() xx:pure-token token=XX() gt:pure-token token=GT() lt:pure-token "
     "token=LT() ) fields:block token=FIELDS(numfields:integer() field:string "
     "multiple() ) "},
    {"hpexpireat", "7.4.0", -6, "denyoom,fast,write", "RW UPDATE index 1 range 0 1 0; ",
     "key:key key=0() unix-time-milliseconds:unix-time() condition:oneof "
     "optional(nx:pure-token token=NX() xx:pure-token token=XX() gt:pure-token "
     "token=GT() lt:pure-token token=LT() ) fields:block "
     "token=FIELDS(numfields:integer() field:string multiple() ) "},
    {"hpexpiretime", "7.4.0", -5, "fast,readonly", "ACCESS RO index 1 range 0 1 0; ",
     "key:key key=0() fields:block token=FIELDS(numfields:integer() field:string "
     "multiple() ) "},
    {"hpttl", "7.4.0", -5, "fast,readonly", "ACCESS RO index 1 range 0 1 0; ",
     "key:key key=0() fields:block token=FIELDS(numfields:integer() field:string "
     "multiple() ) "},
    {"hsetex", "8.0.0", -6, "denyoom,fast,write", "RW UPDATE index 1 range 0 1 0; ",
     "key:key key=0() condition:oneof optional(fnx:pure-token token=FNX() "
     "fxx:pure-token token=FXX() ) expiration:oneof optional(seconds:integer "
     "token=EX() milliseconds:integer token=PX() unix-time-seconds:unix-time "
     "token=EXAT() unix-time-milliseconds:unix-time token=PXAT() keepttl:pure-token "
     "token=KEEPTTL() ) fields:block token=FIELDS(numfields:integer() data:block "
     "multiple(field:string() value:string() ) ) "},
    {"httl", "7.4.0", -5, "fast,readonly", "ACCESS RO index 1 range 0 1 0; ",
     "key:key key=0() fields:block token=FIELDS(numfields:integer() field:string "
     "multiple() ) "},
};

const NewerCommand* NewerNamed(std::string_view name) {
  const auto* at = std::find_if(std::begin(kNewerCommands), std::end(kNewerCommands),
                                [&](const NewerCommand& newer) { return newer.name == name; });
  return at == std::end(kNewerCommands) ? nullptr : at;
}

TEST(CommandInfo, EveryNewerDeclarationAgreesWithRedis) {
  TestEngine t;
  const command::Table& table = t.engine.table();
  for (const NewerCommand& newer : kNewerCommands) {
    SCOPED_TRACE(newer.name);
    const int32_t index = table.Find(newer.name);
    ASSERT_NE(index, command::Table::kNone);
    const CommandSpec& spec = table.at(static_cast<size_t>(index));
    EXPECT_EQ(spec.since, newer.since);
    EXPECT_EQ(spec.arity, newer.arity);
    EXPECT_EQ(Joined(FlagTexts(spec)), newer.flags);
    EXPECT_EQ(KeysText(spec), newer.keys);
    EXPECT_EQ(spec.tips, "");
    EXPECT_EQ(GroupText(spec.group), "hash");
    std::vector<Argument> arguments;
    EXPECT_TRUE(ParseSyntax(spec.syntax, &arguments));
    EXPECT_EQ(Tree(arguments), newer.arguments);
    EXPECT_FALSE(spec.summary.empty());
  }
}

TEST(CommandInfo, EveryDeclarationAgreesWithRedis) {
  const std::string folder = testing::ReferenceFolder();
  if (folder.empty()) GTEST_SKIP() << "the reference facts are not beside the project";
  const Json reference = Json::ParseFile(folder + "/commands-7.2.json");
  std::map<std::string, const Json*, std::less<>> by_name;
  for (const Json& each : reference["commands"].items) by_name[each["name"].text] = &each;
  ASSERT_GT(by_name.size(), 300u);
  TestEngine t;
  const command::Table& table = t.engine.table();
  for (size_t i = 0; i < table.size(); ++i) {
    if (NewerNamed(table.at(i).name) != nullptr) continue;
    const auto at = by_name.find(table.at(i).name);
    ASSERT_NE(at, by_name.end()) << table.at(i).name;
    ExpectSame(table.at(i), *at->second);
  }
}

TEST(CommandInfo, EverySyntaxLineCanBeRead) {
  TestEngine t;
  for (size_t i = 0; i < t.engine.table().size(); ++i) {
    std::vector<Argument> arguments;
    EXPECT_TRUE(ParseSyntax(t.engine.table().at(i).syntax, &arguments))
        << t.engine.table().at(i).name;
  }
}

TEST(CommandInfo, InfoHasTenFieldsAndNullForTheUnknown) {
  TestEngine t;
  EXPECT_EQ(t.Run("COMMAND INFO get nosuch"),
            "[[\"get\", :2, [+readonly, +fast], :1, :1, :1, [+@read, +@string, +@fast], [], "
            "[[\"flags\", [+RO, +access], \"begin_search\", [\"type\", \"index\", \"spec\", "
            "[\"index\", :1]], \"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", :0, "
            "\"keystep\", :1, \"limit\", :0]]]], []], (nil)]");
}

TEST(CommandInfo, DocsDescribeArguments) {
  TestEngine t;
  t.UseResp3(true);
  const std::string docs = t.Run("COMMAND DOCS auth nosuch");
  EXPECT_TRUE(docs.starts_with("{\"auth\": {\"summary\": \""));
  EXPECT_NE(docs.find("\"since\": \"1.0.0\", \"group\": \"connection\""), std::string::npos);
  EXPECT_TRUE(docs.ends_with(
      "\"arguments\": [{\"name\": \"username\", \"type\": \"string\", \"display_text\": "
      "\"username\", \"since\": \"6.0.0\", \"flags\": ~[+optional]}, {\"name\": \"password\", "
      "\"type\": \"string\", \"display_text\": \"password\"}]}}"));
}

// redis-cli shows these as hints.
TEST(CommandInfo, DocsCallSomeArgumentsByAnotherName) {
  TestEngine t;
  t.UseResp3(true);
  const auto shows = [&](std::string_view command, std::string_view name, std::string_view shown) {
    const std::string docs = t.Run("COMMAND DOCS " + std::string(command));
    const size_t at = docs.find("\"name\": \"" + std::string(name) + "\"");
    const size_t display = docs.find("\"display_text\": ", at);
    return at != std::string::npos &&
           docs.substr(display).starts_with("\"display_text\": \"" + std::string(shown) + "\"");
  };
  for (const std::string_view command : {"georadius", "georadiusbymember"}) {
    EXPECT_TRUE(shows(command, "storekey", "key"));
    EXPECT_TRUE(shows(command, "storedistkey", "key"));
  }
  for (const std::string_view command : {"sort", "sort_ro"}) {
    EXPECT_TRUE(shows(command, "by-pattern", "pattern"));
    EXPECT_TRUE(shows(command, "get-pattern", "pattern"));
  }
  EXPECT_TRUE(shows("xgroup|setid", "entriesread", "entries-read"));
}

TEST(CommandInfo, ListFilters) {
  TestEngine t;
  EXPECT_EQ(t.Run("COMMAND LIST FILTERBY PATTERN config|*et"), "[\"config|get\", \"config|set\"]");
  EXPECT_EQ(t.Run("COMMAND LIST FILTERBY ACLCAT nosuch"), "[]");
  EXPECT_EQ(t.Run("COMMAND LIST FILTERBY MODULE json"), "[]");
  EXPECT_EQ(t.Run("COMMAND LIST FILTERBY PATTERN"), "-ERR syntax error");
  EXPECT_EQ(t.Run("COMMAND LIST all"), "-ERR syntax error");
}

TEST(CommandInfo, GetkeysFindsKeysAndSaysWhatIsWrong) {
  TestEngine t;
  EXPECT_EQ(t.Run("COMMAND GETKEYS mset a 1 b 2"), "[\"a\", \"b\"]");
  EXPECT_EQ(t.Run("COMMAND GETKEYS zunionstore d 2 a b"), "[\"d\", \"a\", \"b\"]");
  EXPECT_EQ(t.Run("COMMAND GETKEYS zunionstore d 3 a b"),
            "-ERR Invalid arguments specified for command");
  EXPECT_EQ(t.Run("COMMAND GETKEYS object encoding k"), "[\"k\"]");
  EXPECT_EQ(t.Run("COMMAND GETKEYS get"), "-ERR Invalid number of arguments specified for command");
  EXPECT_EQ(t.Run("COMMAND GETKEYS ping"), "-ERR The command has no key arguments");
  EXPECT_EQ(t.Run("COMMAND GETKEYS nosuch k"), "-ERR Invalid command specified");
  EXPECT_EQ(t.Run("COMMAND GETKEYSANDFLAGS set k v"), "[[\"k\", [+OW, +update]]]");
  EXPECT_EQ(t.Run("COMMAND GETKEYSANDFLAGS set k v GET"), "[[\"k\", [+RW, +access, +update]]]");
}

}  // namespace
}  // namespace kvasm
