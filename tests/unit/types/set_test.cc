#include "core/types/set.h"

#include <map>
#include <set>
#include <string>

#include "tests/unit/types/value_fixture.h"

namespace kvasm::types {
namespace {

class SetTest : public ValueTest {
 protected:
  SetTest() { Restart(Encoding::kSetIntset); }

  Set set() { return Set(value(), context_); }
  std::set<std::string> Contents() {
    std::set<std::string> contents;
    ds::NumberText scratch;
    set().ForEach([&](const ds::Item& member) { contents.emplace(member.Text(scratch)); });
    return contents;
  }
};

TEST_F(SetTest, StartsInTheEncodingItsFirstMemberSuggests) {
  EXPECT_EQ(Set::InitialEncoding(ds::Item::Of("1"), 512, limits_), Encoding::kSetIntset);
  EXPECT_EQ(Set::InitialEncoding(ds::Item::Of("1"), 513, limits_), Encoding::kSetHashtable);
  EXPECT_EQ(Set::InitialEncoding(ds::Item::Of("x"), 128, limits_), Encoding::kSetListpack);
  EXPECT_EQ(Set::InitialEncoding(ds::Item::Of("x"), 129, limits_), Encoding::kSetHashtable);
}

TEST_F(SetTest, ATextAmongFewIntegersMakesItPacked) {
  for (int i = 0; i < 127; ++i) set().Add(std::to_string(i));
  EXPECT_EQ(encoding(), "intset");
  EXPECT_TRUE(set().Add("x"));
  EXPECT_EQ(encoding(), "listpack");
  EXPECT_TRUE(set().Add("y"));
  EXPECT_EQ(encoding(), "hashtable");
}

TEST_F(SetTest, ATextAmongManyIntegersMakesItATable) {
  for (int i = 0; i < 128; ++i) set().Add(std::to_string(i));
  set().Add("x");
  EXPECT_EQ(encoding(), "hashtable");
}

TEST_F(SetTest, ALongTextMakesItATable) {
  set().Add("1");
  set().Add(std::string(65, 'x'));
  EXPECT_EQ(encoding(), "hashtable");
}

TEST_F(SetTest, NoLimitOfTheConfigurationMakesAnArrayOfIntegersHuge) {
  limits_.set_max_intset_entries = INT64_MAX;
  EXPECT_EQ(Set::InitialEncoding(ds::Item::Of("1"), 1u << 20, limits_), Encoding::kSetHashtable);
  set().Add("1");
  set().Prepare(1u << 20);
  EXPECT_EQ(encoding(), "hashtable");
}

TEST_F(SetTest, TooManyIntegersMakeItATable) {
  limits_.set_max_intset_entries = 10;
  for (int i = 0; i < 10; ++i) set().Add(std::to_string(i));
  EXPECT_EQ(encoding(), "intset");
  set().Add("10");
  EXPECT_EQ(encoding(), "hashtable");
}

TEST_F(SetTest, AResultOfIntegersCompacts) {
  Restart(Encoding::kSetListpack);
  for (int i = 0; i < 300; ++i) set().Add(std::to_string(i));
  EXPECT_EQ(encoding(), "hashtable");
  set().CompactIntegers();
  EXPECT_EQ(encoding(), "intset");
  set().Add("x");
  set().CompactIntegers();
  EXPECT_EQ(encoding(), "hashtable");
}

TEST_F(SetTest, RandomEditsMatchAStdSet) {
  limits_.set_max_listpack_value = 16;
  for (int64_t entries : {0, 4, 30, 100}) {
    limits_.set_max_listpack_entries = entries;
    limits_.set_max_intset_entries = entries + 2;
    for (int round = 0; round < 20; ++round) {
      Restart(Encoding::kSetIntset);
      std::set<std::string> model;
      for (int step = 0; step < 400; ++step) {
        std::string member = step < 60 ? std::to_string(prng_.Below(80)) : RandomText();
        if (prng_.Below(3) != 0) {
          ASSERT_EQ(set().Add(member), model.insert(member).second);
        } else {
          ASSERT_EQ(set().Remove(member), model.erase(member) == 1);
        }
        ASSERT_EQ(set().Contains(member), model.count(member) == 1);
        ASSERT_EQ(set().size(), model.size());
      }
      ASSERT_EQ(Contents(), model);
      ASSERT_TRUE(set().Validate());
      void* copy = CloneValue(encoding_, data_, context_);
      EXPECT_EQ(ValueSize(encoding_, copy), model.size());
      FreeValue(encoding_, copy);
    }
  }
}

TEST_F(SetTest, PopTakesDistinctMembersOutInEveryEncoding) {
  for (const char* prefix : {"", "m"}) {
    for (int members : {20, 200, 1000}) {
      for (int count : {1, members / 2, members - 2}) {
        Restart(Set::InitialEncoding(ds::Item::Of(prefix + std::string("1")), 1, limits_));
        for (int i = 0; i < members; ++i) set().Add(prefix + std::to_string(i));
        std::set<std::string> all = Contents();
        std::set<std::string> popped;
        ds::NumberText scratch;
        set().Pop(static_cast<uint64_t>(count),
                  [&](const ds::Item& member) { popped.emplace(member.Text(scratch)); });
        EXPECT_EQ(popped.size(), static_cast<size_t>(count));
        EXPECT_EQ(set().size(), static_cast<uint32_t>(members - count));
        EXPECT_TRUE(set().Validate());
        popped.merge(Contents());
        EXPECT_EQ(popped, all);
      }
    }
  }
}

TEST_F(SetTest, PoppingNearlyAllLeavesACompactRest) {
  Restart(Encoding::kSetListpack);
  for (int i = 0; i < 200; ++i) set().Add("m" + std::to_string(i));
  EXPECT_EQ(encoding(), "hashtable");
  set().Pop(190, [](const ds::Item&) {});
  EXPECT_EQ(encoding(), "listpack");
}

TEST_F(SetTest, PicksAreFairInEveryEncoding) {
  for (const char* prefix : {"", "m"}) {
    for (int members : {40, 600}) {
      Restart(Set::InitialEncoding(ds::Item::Of(prefix + std::string("1")), 1, limits_));
      for (int i = 0; i < members; ++i) set().Add(prefix + std::to_string(i));
      std::map<std::string, int> hits;
      ds::NumberText scratch;
      auto count = [&](const ds::Item& member) { ++hits[std::string(member.Text(scratch))]; };
      set().PickRepeatedly(static_cast<uint64_t>(members) * 100, count);
      for (int i = 0; i < 100; ++i) set().PickDistinct(static_cast<uint64_t>(members) / 2, count);
      EXPECT_EQ(hits.size(), static_cast<size_t>(members));
      for (const auto& [member, n] : hits) EXPECT_NEAR(n, 150, 75) << member;
    }
  }
}

}  // namespace
}  // namespace kvasm::types
