// What SORT owes besides its replies (those are in tests/conformance): events, journal records,
// encodings, keys, and a model that sorts the plain way.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "core/base/prng.h"
#include "tests/unit/support/list_events.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::ListEvents;
using testing::ListJournal;
using testing::TestEngine;
using Lines = std::vector<std::string>;

class SortCommand : public ::testing::Test {
 protected:
  SortCommand() {
    t.engine.keyspace().Attach(events_);
    t.engine.keyspace().journal().Attach(journal_);
  }
  ~SortCommand() override {
    t.engine.keyspace().journal().Detach(journal_);
    t.engine.keyspace().Detach(events_);
  }

  Lines Events(std::string_view line) {
    events_.events.clear();
    t.Run(line);
    return events_.events;
  }
  Lines Records(std::string_view line) {
    journal_.records.clear();
    t.Run(line);
    std::erase_if(journal_.records,
                  [](const auto& record) { return record.starts_with("SELECT"); });
    return journal_.records;
  }

  TestEngine t;
  ListEvents events_;
  ListJournal journal_;
};

std::string Shown(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", \"" : "\"") + text + "\"";
  return out + "]";
}

TEST_F(SortCommand, StoringTellsOnceAndIsRecordedAsCalled) {
  t.Run("RPUSH l 3 1 2");
  EXPECT_EQ(Events("SORT l STORE d"), (Lines{"sortstore d"}));
  EXPECT_EQ(Records("SORT l STORE d"), (Lines{"SORT l STORE d"}));
  EXPECT_EQ(Events("SORT none STORE d"), (Lines{"del d"}));
  EXPECT_EQ(Events("SORT none STORE d"), Lines{});
  EXPECT_EQ(Records("SORT none STORE d"), Lines{});
  EXPECT_EQ(Records("SORT l"), Lines{});
}

TEST_F(SortCommand, StoringReplacesAnyTypeAndItsExpiry) {
  t.Run("RPUSH l 3 1 2");
  t.Run("SET d x EX 100");
  EXPECT_EQ(t.Run("SORT l STORE d"), ":3");
  EXPECT_EQ(t.Run("TTL d"), ":-1");
  EXPECT_EQ(t.Run("LRANGE d 0 -1"), "[\"1\", \"2\", \"3\"]");
  EXPECT_EQ(t.Run("SORT l DESC STORE l"), ":3");
  EXPECT_EQ(t.Run("LRANGE l 0 -1"), "[\"3\", \"2\", \"1\"]");
}

TEST_F(SortCommand, AWeightThatIsNoNumberChangesNothing) {
  t.Run("RPUSH l 3 one 2");
  t.Run("SET d x");
  EXPECT_EQ(t.Run("SORT l STORE d"), "-ERR One or more scores can't be converted into double");
  EXPECT_EQ(t.Run("GET d"), "\"x\"");
}

TEST_F(SortCommand, StoredResultsAreAsCompactAsTheyCanBe) {
  t.Run("CONFIG SET list-max-listpack-size 2");
  t.Run("RPUSH l 3 1 2");
  t.Run("SORT l LIMIT 0 2 STORE d");
  EXPECT_EQ(t.Run("OBJECT ENCODING d"), "\"listpack\"");
  t.Run("SORT l STORE d");
  EXPECT_EQ(t.Run("OBJECT ENCODING d"), "\"quicklist\"");
}

TEST_F(SortCommand, ASortedSetBecomesASkipList) {
  t.Run("ZADD z 1 b 2 a");
  EXPECT_EQ(t.Run("OBJECT ENCODING z"), "\"listpack\"");
  EXPECT_EQ(t.Run("SORT_RO z ALPHA"), "[\"a\", \"b\"]");
  EXPECT_EQ(t.Run("OBJECT ENCODING z"), "\"skiplist\"");
  EXPECT_EQ(t.Run("ZRANGE z 0 -1 WITHSCORES"), "[\"b\", \"1\", \"a\", \"2\"]");
}

TEST_F(SortCommand, AStoredSetHasAnOrderOfItsOwn) {
  t.Run("SADD s c a b 10 9");
  EXPECT_EQ(t.Run("SORT s BY nosort STORE d"), ":5");
  EXPECT_EQ(t.Run("LRANGE d 0 -1"), Shown({"10", "9", "a", "b", "c"}));
  EXPECT_EQ(t.Run("SORT s BY nosort DESC LIMIT 0 2 STORE d"), ":2");
  EXPECT_EQ(t.Run("LRANGE d 0 -1"), Shown({"c", "b"}));
}

TEST_F(SortCommand, OnlyWhatStandsBeforeANulIsSpecialInAPattern) {
  t.RunArgs({"RPUSH", "l", "a"});
  t.RunArgs({"SET", std::string("w_a\0*", 5), "found"});
  t.RunArgs({"SET", std::string("x_a\0->f", 7), "arrow"});
  EXPECT_EQ(t.RunArgs({"SORT", "l", "ALPHA", "GET", std::string("w_*\0*", 5)}), "[\"found\"]");
  EXPECT_EQ(t.RunArgs({"SORT", "l", "ALPHA", "GET", std::string("x_*\0->f", 7)}), "[\"arrow\"]");
  EXPECT_EQ(t.RunArgs({"SORT", "l", "ALPHA", "GET", std::string("#\0*", 3)}), "[\"a\"]");
  EXPECT_EQ(t.RunArgs({"SORT", "l", "ALPHA", "GET", std::string("w\0*", 3)}), "[(nil)]");
}

TEST_F(SortCommand, KeysAreTheSourceAndTheLastDestination) {
  EXPECT_EQ(t.Run("COMMAND GETKEYS SORT l BY store GET store LIMIT store 1 STORE a STORE b"),
            Shown({"l", "b"}));
  EXPECT_EQ(t.Run("COMMAND GETKEYS SORT l STORE"), Shown({"l"}));
  EXPECT_EQ(t.Run("COMMAND GETKEYS SORT_RO l BY w_* GET x_*"), Shown({"l"}));
}

TEST_F(SortCommand, AKeyThatHasExpiredIsMissing) {
  t.Run("RPUSH l 1 2");
  t.Run("SET w_1 9 PX 10");
  t.Run("SET w_2 5");
  EXPECT_EQ(t.Run("SORT l BY w_*"), Shown({"2", "1"}));
  t.AdvanceTime(std::chrono::milliseconds(11));
  EXPECT_EQ(t.Run("SORT l BY w_* GET # GET w_*"), "[\"1\", (nil), \"2\", \"5\"]");
}

// The model: std::stable_sort over what the collection holds.
TEST_F(SortCommand, OrdersAsThePlainModelDoes) {
  base::Prng prng(7);
  std::map<std::string, int> weights;
  for (int i = 0; i < 300; ++i) {
    if (prng.Below(4) == 0) continue;
    const std::string element = std::to_string(i);
    weights[element] = static_cast<int>(prng.Below(50));
    t.Run("SET w_" + element + " " + std::to_string(weights[element]));
    t.Run("HSET h_" + element + " f " + std::to_string(weights[element]));
  }
  static constexpr const char* kAdd[] = {"RPUSH k", "SADD k", "ZADD k"};
  for (int round = 0; round < 300; ++round) {
    t.Run("DEL k");
    const uint64_t type = prng.Below(3);
    std::vector<std::string> elements;
    std::string add = kAdd[type];
    for (uint64_t count = 1 + prng.Below(80); count > 0; --count) {
      const std::string element = std::to_string(prng.Below(300));
      const bool twice = std::find(elements.begin(), elements.end(), element) != elements.end();
      if (twice && type != 0) continue;
      elements.push_back(element);
      add += (type == 2 ? " 1 " : " ") + element;
    }
    t.Run(add);
    const bool descending = prng.Below(2) == 0;
    const bool by = prng.Below(2) == 0;
    const bool alpha = !by && prng.Below(2) == 0;
    const auto weight = [&](const std::string& element) {
      if (!by) return std::stoi(element);
      return weights.contains(element) ? weights[element] : 0;
    };
    std::sort(elements.begin(), elements.end(), [&](const auto& left, const auto& right) {
      const auto& a = descending ? right : left;
      const auto& b = descending ? left : right;
      if (alpha || weight(a) == weight(b)) return a < b;
      return weight(a) < weight(b);
    });
    std::string line = "SORT k";
    if (by) line += prng.Below(2) == 0 ? " BY w_*" : " BY h_*->f";
    if (alpha) line += " ALPHA";
    if (descending) line += " DESC";
    size_t start = 0;
    size_t end = elements.size();
    if (prng.Below(2) == 0) {
      start = std::min<size_t>(prng.Below(90), end);
      const size_t count = prng.Below(90);
      line += " LIMIT " + std::to_string(start) + " " + std::to_string(count);
      end = std::min(end, start + count);
    }
    elements.erase(elements.begin() + static_cast<ptrdiff_t>(end), elements.end());
    elements.erase(elements.begin(), elements.begin() + static_cast<ptrdiff_t>(start));
    EXPECT_EQ(t.Run(line), Shown(elements)) << line;
    t.Run(line + " STORE d");
    EXPECT_EQ(t.Run("LRANGE d 0 -1"), Shown(elements)) << line;
  }
}

}  // namespace
}  // namespace kvasm
