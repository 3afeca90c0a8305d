// The keyspace as commands, and back.
#include "core/persist/aof_rewrite.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "core/commands/data_digest.h"
#include "core/persist/aof_reader.h"
#include "core/resp/inline_arguments.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm::persist {
namespace {

using keyspace::Entry;
using testing::TestEngine;
using Lines = std::vector<std::string>;

class TextSink final : public Sink {
 public:
  std::string bytes;
  void Append(std::string_view appended) override { bytes += appended; }
};

class Collector final : public AofReader::Target {
 public:
  std::vector<Lines> commands;
  bool Command(std::span<const std::string_view> arguments) override {
    commands.emplace_back(arguments.begin(), arguments.end());
    return true;
  }
};

std::string Joined(const Lines& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

// Commands that make a key, such that those of equal keys are equal: elements of collections that
// have no order are taken out of their commands, of which the name and the number of arguments
// stay, and sorted.
Lines WithoutOrder(const std::vector<Lines>& commands) {
  Lines kept;
  Lines elements;
  for (const Lines& command : commands) {
    const std::string& name = command[0];
    const size_t stride = name == "SADD" ? 1 : name == "HMSET" || name == "ZADD" ? 2 : 0;
    if (stride == 0) {
      kept.push_back(Joined(command));
      continue;
    }
    kept.push_back(name + " of " + std::to_string(command.size()));
    for (size_t i = 2; i + stride <= command.size(); i += stride) {
      elements.push_back(command[i] + (stride == 2 ? " " + command[i + 1] : ""));
    }
  }
  std::sort(elements.begin(), elements.end());
  kept.insert(kept.end(), elements.begin(), elements.end());
  return kept;
}

class AofRewrite : public ::testing::Test {
 protected:
  void Run(std::initializer_list<std::string_view> lines) {
    for (const std::string_view line : lines) {
      const std::string reply = t_.Run(line);
      EXPECT_NE(reply[0], '-') << line << " " << reply;
    }
  }
  std::string Rewritten() {
    TextSink sink;
    AofRewriter rewriter(sink);
    keyspace::Keyspace& keyspace = t_.engine.keyspace();
    for (int id = 0; id < keyspace.database_count(); ++id) {
      keyspace::Database& db = keyspace.db(id);
      db.entries().ForEach(
          [&](Entry* entry) { rewriter.Put(id, *entry, db.ExpireAt(*entry), keyspace.context()); });
    }
    return sink.bytes;
  }
  std::vector<Lines> Arguments() {
    Collector collector;
    AofReader reader(collector);
    EXPECT_EQ(reader.Feed(Rewritten()), AofReader::Outcome::kMore);
    EXPECT_EQ(reader.Finish(), AofReader::End::kWhole);
    return collector.commands;
  }
  Lines Commands() {
    Lines lines;
    for (const Lines& command : Arguments()) lines.push_back(Joined(command));
    return lines;
  }
  // Another engine that is fed the commands has the same data.
  void ExpectRoundTrip() {
    TestEngine other;
    other.clock.now_us = t_.clock.now_us;
    const std::string replies = other.Raw(other.OpenNetwork(), Rewritten());
    EXPECT_EQ(replies.find("\r\n-"), replies.npos) << replies.substr(0, 500);
    EXPECT_EQ(commands::DatasetDigest(other.engine.keyspace()),
              commands::DatasetDigest(t_.engine.keyspace()));
  }

  TestEngine t_;
};

TEST_F(AofRewrite, StringsOfEveryEncoding) {
  Run({"SET int 12345", "SET short hello", "SET empty ''"});
  t_.RunArgs({"SET", "long", std::string(100'000, 'x')});
  t_.RunArgs({"SET", std::string("odd\r\n\0key", 9), std::string("\0\xff\r\n", 4)});
  t_.RunArgs({"SET", std::string(70'000, 'k'), "-1"});
  ExpectRoundTrip();
}

TEST_F(AofRewrite, AStringAndItsEnd) {
  Run({"SELECT 3", "SET k v PXAT 1800000000123"});
  EXPECT_EQ(Commands(), (Lines{"SELECT 3", "SET k v", "PEXPIREAT k 1800000000123"}));
  ExpectRoundTrip();
}

TEST_F(AofRewrite, EveryDatabaseIsSelectedOnce) {
  Run({"SELECT 1", "SET a 1", "SELECT 2", "SET b 1"});
  EXPECT_EQ(Commands(), (Lines{"SELECT 1", "SET a 1", "SELECT 2", "SET b 1"}));
}

TEST_F(AofRewrite, ElementsComeInBatchesOf64) {
  for (const char* command : {"RPUSH list", "SADD set"}) {
    for (int i = 0; i < 130; ++i) Run({std::string(command) + " m" + std::to_string(i)});
  }
  for (int i = 0; i < 128; ++i) {
    Run({"ZADD zset " + std::to_string(i) + " m" + std::to_string(i)});
    Run({"HSET hash f" + std::to_string(i) + " v"});
  }
  std::vector<std::pair<std::string, int>> counts;
  for (const std::string& line : Commands()) {
    if (line[0] == 'S' && line[1] == 'E') continue;
    const auto words = static_cast<int>(std::count(line.begin(), line.end(), ' ')) + 1;
    counts.emplace_back(line.substr(0, line.find(' ')), words);
  }
  std::sort(counts.begin(), counts.end());
  EXPECT_EQ(counts, (std::vector<std::pair<std::string, int>>{{"HMSET", 130},
                                                              {"HMSET", 130},
                                                              {"RPUSH", 4},
                                                              {"RPUSH", 66},
                                                              {"RPUSH", 66},
                                                              {"SADD", 4},
                                                              {"SADD", 66},
                                                              {"SADD", 66},
                                                              {"ZADD", 130},
                                                              {"ZADD", 130}}));
  ExpectRoundTrip();
}

// Of every type, small and large, with integers and texts.
TEST_F(AofRewrite, CollectionsOfEveryEncoding) {
  base::Prng prng(7);
  for (const int size : {1, 3, 64, 65, 600}) {
    const std::string suffix = std::to_string(size);
    for (int i = 0; i < size; ++i) {
      const std::string number = std::to_string(static_cast<int64_t>(prng.Next()) >> (i % 64));
      const std::string text = "t" + number + std::string(i % 90, '.');
      t_.RunArgs({"RPUSH", "list" + suffix, i % 2 ? number : text});
      t_.RunArgs({"SADD", "ints" + suffix, number});
      t_.RunArgs({"SADD", "set" + suffix, i % 2 ? number : text});
      t_.RunArgs({"HSET", "hash" + suffix, text, number});
      t_.RunArgs({"HSET", "short" + suffix, number, "v"});
      const double score = static_cast<double>(static_cast<int64_t>(prng.Next())) / (1 << (i % 30));
      t_.RunArgs({"ZADD", "zset" + suffix, base::DoubleText(score), text});
      t_.RunArgs({"ZADD", "numbers" + suffix, number, number});
    }
  }
  t_.RunArgs({"RPUSH", "plain", std::string(20'000, 'p'), "short", std::string(9000, 'q')});
  Run({"ZADD infinite inf a -inf b 0 c -0 d 1e300 e 12345678901234567890 f 0.1 g"});
  ExpectRoundTrip();
}

TEST_F(AofRewrite, ScoresHaveTheDigitsOfRedis) {
  Run({"ZADD z 1 a 2.5 b 1e20 c 12345678901234567890 d 0.1 e inf f"});
  EXPECT_EQ(Commands()[1], "ZADD z 0.1 e 1 a 2.5 b 12345678901234567000 d 1e+20 c inf f");
}

TEST_F(AofRewrite, FieldsAndTheirEnds) {
  Run({"HSET h a 1 b 2 c 3", "HPEXPIREAT h 1800000000000 FIELDS 1 b", "EXPIREAT h 1900000000"});
  Lines lines = Commands();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1].substr(0, 8), "HMSET h ");
  EXPECT_EQ(lines[2], "HPEXPIREAT h 1800000000000 FIELDS 1 b");
  EXPECT_EQ(lines[3], "PEXPIREAT h 1900000000000");
  for (int i = 0; i < 300; ++i) {
    Run({"HSET big f" + std::to_string(i) + " v"});
    if (i % 3 == 0) {
      Run({"HPEXPIREAT big 18000000" + std::to_string(10000 + i) + "0 FIELDS 1 f" +
           std::to_string(i)});
    }
  }
  ExpectRoundTrip();
}

TEST_F(AofRewrite, AHashWhoseFieldsNoLongerEndIsAnOrdinaryOne) {
  Run({"HSET h a 1", "HPEXPIREAT h 1800000000000 FIELDS 1 a", "HPERSIST h FIELDS 1 a"});
  EXPECT_EQ(Commands(), (Lines{"SELECT 0", "HMSET h a 1"}));
}

TEST_F(AofRewrite, AStreamWithItsGroups) {
  Run({"XADD s 1-1 f v g w", "XADD s 2-0 f v", "XADD s 3-0 other 12 f v", "XDEL s 3-0",
       "XGROUP CREATE s g 0", "XGROUP CREATECONSUMER s g idle",
       "XREADGROUP GROUP g c COUNT 1 STREAMS s >", "XGROUP CREATE s late $ ENTRIESREAD 2"});
  const std::string now = std::to_string(t_.now_ms());
  EXPECT_EQ(
      Commands(),
      (Lines{"SELECT 0", "XADD s 1-1 f v g w", "XADD s 2-0 f v",
             "XSETID s 3-0 ENTRIESADDED 3 MAXDELETEDID 3-0", "XGROUP CREATE s g 1-1 ENTRIESREAD -1",
             "XCLAIM s g c 0 1-1 TIME " + now + " RETRYCOUNT 1 JUSTID FORCE",
             "XGROUP CREATECONSUMER s g idle", "XGROUP CREATE s late 3-0 ENTRIESREAD 2"}));
  ExpectRoundTrip();
}

TEST_F(AofRewrite, EmptyStreams) {
  Run({"XGROUP CREATE never g $ MKSTREAM", "XADD once 5-5 f v", "XTRIM once MAXLEN 0"});
  ExpectRoundTrip();
  TestEngine other;
  other.Raw(other.OpenNetwork(), Rewritten());
  for (const char* line : {"XINFO STREAM never FULL", "XINFO STREAM once FULL"}) {
    EXPECT_EQ(other.Run(line), t_.Run(line));
  }
}

TEST_F(AofRewrite, AStreamOfManyNodesKeepsWhatIsKnownOfIt) {
  for (int i = 1; i <= 500; ++i) {
    Run({"XADD s " + std::to_string(i) + "-1 f " + std::to_string(i) + " t x" +
         std::string(i % 50, 'y')});
  }
  Run({"XDEL s 10-1 20-1 500-1", "XGROUP CREATE s g 100-1 ENTRIESREAD 100",
       "XREADGROUP GROUP g a COUNT 30 STREAMS s >", "XREADGROUP GROUP g b COUNT 30 STREAMS s >",
       "XACK s g 120-1"});
  ExpectRoundTrip();
  TestEngine other;
  other.clock.now_us = t_.clock.now_us;
  other.Raw(other.OpenNetwork(), Rewritten());
  for (const char* line : {"XINFO GROUPS s", "XPENDING s g - + 100"}) {
    EXPECT_EQ(other.Run(line), t_.Run(line));
  }
}

// Of each key the same commands as a real server writes, in batches of the same size.
TEST_F(AofRewrite, AsRedisRewrites) {
  std::ifstream file(KVASM_SOURCE_DIR "/tests/unit/persist/rewrites_7_2.txt");
  if (!file) GTEST_SKIP() << "wasm has no files";
  std::vector<Lines> recorded;
  Lines words;
  int keys = 0;
  const auto compare = [&] {
    if (recorded.empty()) return;
    std::vector<Lines> ours = Arguments();
    ours.erase(ours.begin());  // SELECT
    EXPECT_EQ(WithoutOrder(ours), WithoutOrder(recorded));
    recorded.clear();
    t_.Run("FLUSHALL");
    ++keys;
  };
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) compare();
    if (line.size() < 2 || line[0] == '#') continue;
    ASSERT_TRUE(resp::SplitInlineArguments(std::string_view(line).substr(2), &words));
    if (line[0] == '=') {
      recorded.push_back(words);
    } else {
      EXPECT_NE(t_.RunArgs(words)[0], '-') << line;
    }
  }
  compare();
  EXPECT_EQ(keys, 20);
}

TEST_F(AofRewrite, ALibraryOfFunctions) {
  const std::string code = "#!lua name=l\nredis.register_function('f', function() return 7 end)";
  TextSink sink;
  AofRewriter rewriter(sink);
  rewriter.Function(code);
  EXPECT_EQ(t_.Raw(t_.OpenNetwork(), sink.bytes), "$1\r\nl\r\n");
  EXPECT_EQ(t_.Run("FCALL f 0"), ":7");
}

}  // namespace
}  // namespace kvasm::persist
