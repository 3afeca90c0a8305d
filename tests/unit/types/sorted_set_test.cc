#include "core/types/sorted_set.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/types/value_fixture.h"

namespace kvasm::types {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class SortedSetTest : public ValueTest {
 protected:
  using Order = std::vector<std::pair<double, std::string>>;

  SortedSetTest() { Restart(Encoding::kZsetListpack); }

  SortedSet zset() { return SortedSet(value(), context_); }
  Order Read(RankRun run, bool backwards = false) {
    Order order;
    zset().ForEach(run, backwards, [&](std::string_view member, double score) {
      order.emplace_back(score, std::string(member));
    });
    return order;
  }
  Order Contents() { return Read(zset().All()); }
};

TEST_F(SortedSetTest, TooManyMembersOrALongOneMakeItASkipList) {
  limits_.zset_max_listpack_entries = 2;
  zset().Set("a", 1);
  zset().Set("b", 2);
  EXPECT_EQ(encoding(), "listpack");
  zset().Set("a", 3);
  EXPECT_EQ(encoding(), "listpack");
  zset().Set("c", 0);
  EXPECT_EQ(encoding(), "skiplist");
  EXPECT_EQ(Contents(), (Order{{0, "c"}, {2, "b"}, {3, "a"}}));
  Restart(Encoding::kZsetListpack);
  zset().Set(std::string(65, 'x'), 1);
  EXPECT_EQ(encoding(), "skiplist");
}

TEST_F(SortedSetTest, PackedScoresReadBackExactly) {
  std::vector<double> scores = {0.0,
                                1.0,
                                -1.0,
                                0.5,
                                0.1,
                                1e300,
                                -1e300,
                                1e10,
                                5e-324,
                                3.25,
                                kInfinity,
                                -kInfinity,
                                9007199254740993.0,
                                1e18,
                                1e19};
  for (double score : scores) {
    Restart(Encoding::kZsetListpack);
    zset().Set("12345678", score);
    EXPECT_EQ(zset().Score("12345678"), score);
    EXPECT_EQ(encoding(), "listpack");
  }
}

TEST_F(SortedSetTest, NegativeZeroIsZeroWhilePacked) {
  zset().Set("a", -0.0);
  EXPECT_FALSE(std::signbit(*zset().Score("a")));
}

TEST_F(SortedSetTest, CompactsAResultThatIsSmall) {
  Restart(Encoding::kZsetSkiplist);
  for (int i = 0; i < 100; ++i) zset().Set(std::to_string(i), 0.1 * i);
  Order before = Contents();
  zset().CompactIfSmall();
  EXPECT_EQ(encoding(), "listpack");
  EXPECT_EQ(Contents(), before);
  EXPECT_TRUE(zset().Validate());
}

TEST_F(SortedSetTest, AddObeysItsOptions) {
  double result = 0;
  EXPECT_EQ(zset().Add("a", 5, {.only_existing = true}, &result), AddOutcome::kRefused);
  EXPECT_EQ(zset().Add("a", 5, {}, &result), AddOutcome::kAdded);
  EXPECT_EQ(zset().Add("a", 6, {.only_new = true}, &result), AddOutcome::kRefused);
  EXPECT_EQ(zset().Add("a", 4, {.only_greater = true}, &result), AddOutcome::kRefused);
  EXPECT_EQ(zset().Add("a", 7, {.only_less = true}, &result), AddOutcome::kRefused);
  EXPECT_EQ(zset().Add("a", 5, {}, &result), AddOutcome::kUnchanged);
  EXPECT_EQ(zset().Add("a", 2, {.increment = true}, &result), AddOutcome::kUpdated);
  EXPECT_EQ(result, 7);
  EXPECT_EQ(zset().Add("a", kInfinity, {}, &result), AddOutcome::kUpdated);
  EXPECT_EQ(zset().Add("a", -kInfinity, {.increment = true}, &result), AddOutcome::kNotANumber);
  EXPECT_EQ(zset().Score("a"), kInfinity);
  EXPECT_EQ(zset().Add("a", std::nan(""), {}, &result), AddOutcome::kNotANumber);
}

TEST_F(SortedSetTest, RangesByMember) {
  for (int64_t entries : {0, 128}) {
    limits_.zset_max_listpack_entries = entries;
    Restart(Encoding::kZsetListpack);
    for (const char* member : {"a", "b", "c", "d", "e"}) zset().Set(member, 0);
    using Kind = LexBound::Kind;
    auto count = [&](LexBound min, LexBound max) { return zset().ByLex({min, max}).count; };
    EXPECT_EQ(count({Kind::kLowest}, {Kind::kHighest}), 5u);
    EXPECT_EQ(count({Kind::kHighest}, {Kind::kLowest}), 0u);
    EXPECT_EQ(count({Kind::kIncluded, "b"}, {Kind::kIncluded, "d"}), 3u);
    EXPECT_EQ(count({Kind::kExcluded, "b"}, {Kind::kExcluded, "d"}), 1u);
    EXPECT_EQ(count({Kind::kExcluded, "b"}, {Kind::kIncluded, "b"}), 0u);
    EXPECT_EQ(count({Kind::kIncluded, "d"}, {Kind::kIncluded, "b"}), 0u);
    EXPECT_EQ(zset().ByLex({{Kind::kExcluded, "bb"}, {Kind::kHighest}}).first, 2u);
  }
}

TEST_F(SortedSetTest, RandomEditsMatchAModel) {
  limits_.zset_max_listpack_value = 16;
  for (int64_t entries : {0, 10, 40, 512}) {
    limits_.zset_max_listpack_entries = entries;
    Restart(Encoding::kZsetListpack);
    std::map<std::string, double> scores;
    std::set<std::pair<double, std::string>> order;
    for (int step = 0; step < 4000; ++step) {
      std::string member = RandomText();
      auto old = scores.find(member);
      if (old != scores.end()) order.erase({old->second, member});
      if (prng_.Below(3) != 0) {
        double score = static_cast<double>(prng_.Below(40)) / 4 - 3;
        ASSERT_EQ(zset().Set(member, score), old == scores.end());
        scores[member] = score;
        order.insert({score, member});
      } else {
        ASSERT_EQ(zset().Remove(member), scores.erase(member) == 1);
      }
      if (step % 400 == 399) {
        auto run = RankRun{static_cast<uint32_t>(prng_.Below(10)), 5};
        if (run.first + run.count < zset().size()) {
          for (auto& [score, text] : Read(run)) {
            scores.erase(text);
            order.erase({score, text});
          }
          zset().RemoveRun(run);
        }
      }
      if (step % 50 != 0) continue;
      ASSERT_EQ(Contents(), Order(order.begin(), order.end()));
      ASSERT_EQ(Read(zset().All(), true), Order(order.rbegin(), order.rend()));
      ASSERT_TRUE(zset().Validate());
      ScoreRange range{static_cast<double>(prng_.Below(12)) - 3,
                       static_cast<double>(prng_.Below(12)), prng_.Below(2) == 0,
                       prng_.Below(2) == 0};
      Order expected;
      for (auto& pair : order) {
        if (!range.Below(pair.first) && range.NotAbove(pair.first)) expected.push_back(pair);
      }
      ASSERT_EQ(Read(zset().ByScore(range)), expected);
      uint32_t rank = 0;
      for (auto& [score, text] : order) ASSERT_EQ(zset().Rank(text), rank++);
    }
    void* copy = CloneValue(encoding_, data_, context_);
    Encoding copy_encoding = encoding_;
    EXPECT_TRUE(SortedSet(ValueRef{copy, copy_encoding}, context_).Validate());
    FreeValue(copy_encoding, copy);
  }
}

TEST_F(SortedSetTest, PicksAreFair) {
  for (int members : {40, 400}) {
    Restart(Encoding::kZsetListpack);
    for (int i = 0; i < members; ++i) zset().Set("m" + std::to_string(i), i);
    std::map<std::string, int> hits;
    auto count = [&](std::string_view member, double) { ++hits[std::string(member)]; };
    zset().PickRepeatedly(static_cast<uint64_t>(members) * 100, count);
    for (int i = 0; i < 100; ++i) zset().PickDistinct(static_cast<uint64_t>(members) / 2, count);
    EXPECT_EQ(hits.size(), static_cast<size_t>(members));
    for (const auto& [member, n] : hits) EXPECT_NEAR(n, 150, 75) << member;
  }
}

}  // namespace
}  // namespace kvasm::types
