#include "core/types/hash.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/types/value_fixture.h"

namespace kvasm::types {
namespace {

class HashTest : public ValueTest {
 protected:
  HashTest() { Restart(Hash::kInitialEncoding); }

  Hash hash() { return Hash(value(), context_); }
  std::map<std::string, std::string> Contents() {
    std::map<std::string, std::string> contents;
    ds::NumberText scratch;
    ds::NumberText value_scratch;
    hash().ForEach([&](const ds::Item& field, const ds::Item& field_value) {
      contents.emplace(field.Text(scratch), field_value.Text(value_scratch));
    });
    return contents;
  }
};

TEST_F(HashTest, TooManyFieldsTurnItIntoATable) {
  limits_.hash_max_listpack_entries = 3;
  for (const char* field : {"a", "b", "c"}) EXPECT_TRUE(hash().Set(field, "1"));
  EXPECT_EQ(encoding(), "listpack");
  EXPECT_FALSE(hash().Set("c", "2"));
  EXPECT_EQ(encoding(), "listpack");
  EXPECT_TRUE(hash().Set("d", "1"));
  EXPECT_EQ(encoding(), "hashtable");
  EXPECT_EQ(hash().size(), 4u);
}

TEST_F(HashTest, LongValueTurnsItIntoATable) {
  hash().Set("a", std::string(64, 'x'));
  EXPECT_EQ(encoding(), "listpack");
  hash().Set("a", std::string(65, 'x'));
  EXPECT_EQ(encoding(), "hashtable");
  EXPECT_EQ(Contents(), (std::map<std::string, std::string>{{"a", std::string(65, 'x')}}));
}

TEST_F(HashTest, PrepareLooksAtAllArguments) {
  limits_.hash_max_listpack_entries = 2;
  std::vector<std::string_view> pairs = {"a", "1", "a", "2", "a", "3"};
  hash().Prepare(pairs);
  EXPECT_EQ(encoding(), "hashtable");
}

TEST_F(HashTest, NeverTurnsBack) {
  limits_.hash_max_listpack_entries = 2;
  for (const char* field : {"a", "b", "c"}) hash().Set(field, "1");
  hash().Delete("a");
  hash().Delete("b");
  EXPECT_EQ(encoding(), "hashtable");
  EXPECT_TRUE(hash().Delete("c"));
  EXPECT_TRUE(hash().empty());
}

TEST_F(HashTest, RandomEditsMatchAMap) {
  limits_.hash_max_listpack_value = 16;
  for (int64_t entries : {0, 8, 40, 512}) {
    limits_.hash_max_listpack_entries = entries;
    Restart(Hash::kInitialEncoding);
    std::map<std::string, std::string> model;
    for (int step = 0; step < 4000; ++step) {
      std::string field = RandomText();
      if (prng_.Below(3) != 0) {
        std::string text = RandomText();
        ASSERT_EQ(hash().Set(field, text), model.insert_or_assign(field, text).second);
      } else {
        ASSERT_EQ(hash().Delete(field), model.erase(field) == 1);
      }
      ASSERT_EQ(hash().Contains(field), model.count(field) == 1);
      if (step % 100 == 0) {
        ASSERT_EQ(Contents(), model);
        ASSERT_TRUE(hash().Validate());
      }
    }
    void* copy = CloneValue(encoding_, data_, context_);
    EXPECT_EQ(ValueSize(encoding_, copy), model.size());
    FreeValue(encoding_, copy);
  }
}

TEST_F(HashTest, ScanVisitsEveryField) {
  limits_.hash_max_listpack_entries = 10;
  for (int fields : {10, 1000}) {
    for (int i = 0; i < fields; ++i) hash().Set(std::to_string(i), "v");
    std::set<std::string> seen;
    ds::NumberText scratch;
    uint64_t cursor = 0;
    do {
      cursor = hash().Scan(cursor, [&](const ds::Item& field, const ds::Item&) {
        seen.emplace(field.Text(scratch));
      });
    } while (cursor != 0);
    EXPECT_EQ(seen.size(), static_cast<size_t>(fields));
  }
}

TEST_F(HashTest, DistinctPicksAreDistinctAndFair) {
  limits_.hash_max_listpack_entries = 64;
  for (int fields : {50, 100}) {
    for (int i = 0; i < fields; ++i) hash().Set("f" + std::to_string(i), "v");
    for (uint64_t count : {5, 40}) {
      std::map<std::string, int> hits;
      for (int round = 0; round < 2000; ++round) {
        std::set<std::string> picked;
        hash().PickDistinct(count, [&](const ds::Item& field, const ds::Item&) {
          picked.emplace(field.bytes());
          ++hits[std::string(field.bytes())];
        });
        ASSERT_EQ(picked.size(), count);
      }
      double expected = 2000.0 * static_cast<double>(count) / fields;
      EXPECT_EQ(hits.size(), static_cast<size_t>(fields));
      for (const auto& [field, n] : hits) {
        EXPECT_NEAR(n, expected, expected * 0.5 + 20) << field;
      }
    }
  }
}

TEST_F(HashTest, RepeatedPicksReachEveryField) {
  for (int i = 0; i < 20; ++i) hash().Set("f" + std::to_string(i), "v");
  std::set<std::string> seen;
  int picks = 0;
  hash().PickRepeatedly(1000, [&](const ds::Item& field, const ds::Item&) {
    ++picks;
    seen.emplace(field.bytes());
  });
  EXPECT_EQ(picks, 1000);
  EXPECT_EQ(seen.size(), 20u);
}

TEST_F(HashTest, MemoryOfAShortHashIsItsBlock) {
  for (int i = 0; i < 10; ++i) hash().Set("field" + std::to_string(i), "value");
  EXPECT_LE(ValueMemoryBytes(encoding_, data_, 5), 8u + 10 * (7 + 6) + 8);
}

}  // namespace
}  // namespace kvasm::types
