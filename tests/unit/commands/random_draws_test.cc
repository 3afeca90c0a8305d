// Random draws are fair: every key, field or member comes up about equally often, whatever the
// encoding (a chi-squared test; the seed is fixed, so it passes always or never).
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::TestEngine;

// The texts in a rendered reply: what stands in quotes.
std::vector<std::string> TextsIn(const std::string& reply) {
  std::vector<std::string> texts;
  size_t at = 0;
  while ((at = reply.find('"', at)) != std::string::npos) {
    const size_t end = reply.find('"', at + 1);
    texts.push_back(reply.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return texts;
}

class RandomDraws : public ::testing::Test {
 protected:
  static constexpr int kElements = 60;

  // Adds e0 .. e59, or 0 .. 59, to key k; `line` gets `%` replaced by each.
  void Fill(const std::string& line, bool integers) {
    t.Run("DEL k");
    const size_t at = line.find('%');
    for (int i = 0; i < kElements; ++i) {
      const std::string element = (integers ? "" : "e") + std::to_string(i);
      t.Run(line.substr(0, at) + element + line.substr(at + 1));
    }
  }

  // Whether the counts may well come from a fair source: chi-squared with 59 degrees of freedom
  // exceeds 110 once in 20,000 times.
  void ExpectFair(const std::map<std::string, int>& counts, int draws, const std::string& what) {
    EXPECT_EQ(counts.size(), size_t{kElements}) << what;
    const double expected = static_cast<double>(draws) / kElements;
    double sum = 0;
    for (const auto& [element, count] : counts) {
      sum += (count - expected) * (count - expected) / expected;
    }
    EXPECT_LT(sum, 110) << what;
  }

  // Draws with `line` until there are 12,000 elements; those at even places if `every_second`.
  void DrawAndExpectFair(const std::string& line, bool every_second = false) {
    constexpr int kDraws = 12'000;
    std::map<std::string, int> counts;
    int draws = 0;
    while (draws < kDraws) {
      const std::vector<std::string> texts = TextsIn(t.Run(line));
      ASSERT_FALSE(texts.empty()) << line;
      for (size_t i = 0; i < texts.size(); i += every_second ? 2 : 1) {
        ++counts[texts[i]];
        ++draws;
      }
    }
    ExpectFair(counts, draws, line + " " + t.Run("OBJECT ENCODING k"));
  }

  TestEngine t;
};

TEST_F(RandomDraws, MembersOfSets) {
  for (const char* limits : {"CONFIG SET set-max-listpack-entries 128 set-max-intset-entries 512",
                             "CONFIG SET set-max-listpack-entries 1 set-max-intset-entries 1"}) {
    for (const bool integers : {true, false}) {
      t.Run(limits);
      Fill("SADD k %", integers);
      for (const char* line : {"SRANDMEMBER k", "SRANDMEMBER k 5", "SRANDMEMBER k 40",
                               "SRANDMEMBER k -5", "SRANDMEMBER k -100"}) {
        DrawAndExpectFair(line);
      }
    }
  }
}

TEST_F(RandomDraws, FieldsOfHashes) {
  for (const char* limits :
       {"CONFIG SET hash-max-listpack-entries 128", "CONFIG SET hash-max-listpack-entries 1"}) {
    t.Run(limits);
    Fill("HSET k % v", false);
    for (const char* line : {"HRANDFIELD k", "HRANDFIELD k 5", "HRANDFIELD k 40", "HRANDFIELD k -5",
                             "HRANDFIELD k -100"}) {
      DrawAndExpectFair(line);
    }
    DrawAndExpectFair("HRANDFIELD k 5 WITHVALUES", true);
    DrawAndExpectFair("HRANDFIELD k -5 WITHVALUES", true);
  }
}

TEST_F(RandomDraws, MembersOfSortedSets) {
  for (const char* limits :
       {"CONFIG SET zset-max-listpack-entries 128", "CONFIG SET zset-max-listpack-entries 1"}) {
    t.Run(limits);
    Fill("ZADD k 1 %", false);
    for (const char* line : {"ZRANDMEMBER k", "ZRANDMEMBER k 5", "ZRANDMEMBER k 40",
                             "ZRANDMEMBER k -5", "ZRANDMEMBER k -100"}) {
      DrawAndExpectFair(line);
    }
    DrawAndExpectFair("ZRANDMEMBER k 5 WITHSCORES", true);
    DrawAndExpectFair("ZRANDMEMBER k -5 WITHSCORES", true);
  }
}

TEST_F(RandomDraws, PoppedMembers) {
  for (const char* limits : {"CONFIG SET set-max-listpack-entries 128 set-max-intset-entries 512",
                             "CONFIG SET set-max-listpack-entries 1 set-max-intset-entries 1"}) {
    for (const bool integers : {true, false}) {
      for (const char* line : {"SPOP k", "SPOP k 5", "SPOP k 50"}) {
        t.Run(limits);
        Fill("SADD whole %", integers);
        std::map<std::string, int> counts;
        int draws = 0;
        while (draws < 6000) {
          t.Run("COPY whole k REPLACE");
          for (const std::string& member : TextsIn(t.Run(line))) {
            ++counts[member];
            ++draws;
          }
        }
        ExpectFair(counts, draws, line);
        t.Run("DEL whole");
      }
    }
  }
}

TEST_F(RandomDraws, Keys) {
  t.Run("FLUSHALL");
  for (int i = 0; i < kElements; ++i) t.Run("SET e" + std::to_string(i) + " v");
  std::map<std::string, int> counts;
  constexpr int kDraws = 12'000;
  for (int i = 0; i < kDraws; ++i) ++counts[TextsIn(t.Run("RANDOMKEY")).at(0)];
  ExpectFair(counts, kDraws, "RANDOMKEY");
}

}  // namespace
}  // namespace kvasm
