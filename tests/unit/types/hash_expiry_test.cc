// Hashes whose fields may end by themselves.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/types/hash.h"
#include "tests/unit/types/value_fixture.h"

namespace kvasm::types {
namespace {

// What a field holds and when it ends (-1: not).
using Model = std::map<std::string, std::pair<std::string, int64_t>>;

class HashExpiryTest : public ValueTest {
 protected:
  HashExpiryTest() { Restart(Hash::kInitialEncoding); }

  Hash hash() { return Hash(value(), context_); }

  Model ContentsOf(ValueRef of) {
    Model contents;
    ds::NumberText scratch;
    ds::NumberText value_scratch;
    Hash(of, context_)
        .ForEachWithExpiry([&](const ds::Item& field, const ds::Item& text, int64_t expiry) {
          contents.emplace(std::string(field.Text(scratch)),
                           std::pair(std::string(text.Text(value_scratch)), expiry));
        });
    return contents;
  }
  Model Contents() { return ContentsOf(value()); }

  std::vector<std::string> Order() {
    std::vector<std::string> fields;
    ds::NumberText scratch;
    hash().ForEach(
        [&](const ds::Item& field, const ds::Item&) { fields.emplace_back(field.Text(scratch)); });
    return fields;
  }

  void Expire(std::string_view field, int64_t at_ms) {
    ASSERT_TRUE(hash().ReserveExpiry(1));
    hash().SetExpiry(field, at_ms);
  }

  std::vector<std::string> RemoveDue(int64_t now_ms, uint32_t budget = UINT32_MAX) {
    std::vector<std::string> removed;
    const uint32_t count = hash().RemoveDue(now_ms, budget, [&](std::string_view field) {
      removed.emplace_back(field);
      return true;
    });
    EXPECT_EQ(count, removed.size());
    return removed;
  }
};

using Names = std::vector<std::string>;

TEST_F(HashExpiryTest, APackedHashIsOrderedByItsEnds) {
  for (const char* field : {"a", "b", "c"}) hash().Set(field, "v");
  EXPECT_EQ(encoding(), "listpack");
  Expire("c", 300);
  EXPECT_EQ(encoding(), "listpackex");
  EXPECT_EQ(Order(), (Names{"c", "a", "b"}));
  Expire("b", 100);
  Expire("a", 200);
  EXPECT_EQ(Order(), (Names{"b", "a", "c"}));
  EXPECT_EQ(hash().EarliestExpiry(), 100);
  EXPECT_TRUE(hash().ClearExpiry("b"));
  EXPECT_FALSE(hash().ClearExpiry("b"));
  EXPECT_EQ(Order(), (Names{"a", "c", "b"}));
  hash().Set("d", "v");
  EXPECT_EQ(Order(), (Names{"a", "c", "b", "d"}));
  EXPECT_TRUE(hash().Validate());
}

TEST_F(HashExpiryTest, AmongEqualEndsTheLatestSetIsFirst) {
  for (const char* field : {"a", "b", "c"}) hash().Set(field, "v");
  for (const char* field : {"a", "b", "c"}) Expire(field, 7);
  EXPECT_EQ(Order(), (Names{"c", "b", "a"}));
}

TEST_F(HashExpiryTest, ATableTakesEndsWithoutBeingMadeAnew) {
  limits_.hash_max_listpack_entries = 2;
  for (const char* field : {"a", "b", "c"}) hash().Set(field, "v");
  EXPECT_EQ(encoding_, Encoding::kHashHashtable);
  Expire("b", 5);
  EXPECT_EQ(encoding_, Encoding::kHashHashtableEx);
  EXPECT_EQ(encoding(), "hashtable");
  EXPECT_EQ(hash().ExpiryOf("b"), 5);
  EXPECT_EQ(hash().ExpiryOf("a"), Hash::kNoExpiry);
  EXPECT_EQ(hash().ExpiryOf("missing"), Hash::kNoField);
  EXPECT_EQ(RemoveDue(4), Names{});
  EXPECT_EQ(RemoveDue(5), Names{"b"});
  EXPECT_EQ(hash().EarliestExpiry(), Hash::kNoExpiry);
  EXPECT_EQ(hash().size(), 2u);
  EXPECT_TRUE(hash().Validate());
}

TEST_F(HashExpiryTest, DueFieldsGoInTheOrderOfTheirEndsWithinTheBudget) {
  for (int64_t entries : {100, 0}) {
    limits_.hash_max_listpack_entries = entries;
    Restart(Hash::kInitialEncoding);
    for (const char* field : {"a", "b", "c", "d"}) hash().Set(field, "v");
    Expire("c", 10);
    Expire("a", 20);
    Expire("d", 30);
    EXPECT_EQ(RemoveDue(25, 1), Names{"c"});
    EXPECT_EQ(RemoveDue(25, 0), Names{});
    EXPECT_EQ(RemoveDue(25), Names{"a"});
    EXPECT_EQ(hash().EarliestExpiry(), 30);
    EXPECT_EQ(RemoveDue(30), Names{"d"});
    EXPECT_EQ(Order(), Names{"b"});
  }
}

TEST_F(HashExpiryTest, AHashWithoutEndsPaysNothing) {
  limits_.hash_max_listpack_entries = 0;
  for (int i = 0; i < 1000; ++i) hash().Set("field" + std::to_string(i), "value");
  uint64_t text_bytes = 0;
  for (const auto& [field, held] : Contents()) text_bytes += field.size() + held.first.size();
  const uint64_t nodes = 1000 * (sizeof(void*) + 2 * sizeof(uint32_t)) + text_bytes;
  EXPECT_EQ(ValueMemoryBytes(encoding_, data_, 0),
            sizeof(FieldTable) + 1024 * sizeof(void*) + nodes);
}

// The cost of an end: 4 bytes of slot, aligned, and the heap's entry with its slack.
TEST_F(HashExpiryTest, AnEndCostsASlotAndAPlaceInTheHeap) {
  limits_.hash_max_listpack_entries = 0;
  for (int i = 0; i < 1000; ++i) hash().Set("field" + std::to_string(i), "value");
  const uint64_t before = ValueMemoryBytes(encoding_, data_, 0);
  ASSERT_TRUE(hash().ReserveExpiry(1000));
  for (int i = 0; i < 1000; ++i) hash().SetExpiry("field" + std::to_string(i), 1000 + i);
  const uint64_t after = ValueMemoryBytes(encoding_, data_, 0);
  EXPECT_LE(after - before, 1000u * (8 + 8 + sizeof(void*)) + 100);
}

TEST_F(HashExpiryTest, RandomEditsMatchAModel) {
  limits_.hash_max_listpack_value = 16;
  for (int64_t entries : {0, 8, 40, 512}) {
    limits_.hash_max_listpack_entries = entries;
    Restart(Hash::kInitialEncoding);
    Model model;
    int64_t now_ms = 1000;
    for (int step = 0; step < 6000; ++step) {
      const std::string field = RandomText();
      const std::string text = RandomText();
      const auto at = model.find(field);
      switch (prng_.Below(8)) {
        case 0:
        case 1: {
          const bool fresh = hash().Set(field, text);
          ASSERT_EQ(fresh, at == model.end());
          model[field] = {text, -1};
          break;
        }
        case 2: {
          const bool fresh = hash().Set(field, text, Hash::Expiry::kKept);
          ASSERT_EQ(fresh, at == model.end());
          model[field] = {text, fresh ? -1 : at->second.second};
          break;
        }
        case 3:
          ASSERT_EQ(hash().Delete(field), model.erase(field) == 1);
          break;
        case 4:
          if (at == model.end()) break;
          ASSERT_EQ(hash().ClearExpiry(field), at->second.second >= 0);
          at->second.second = -1;
          break;
        case 5:
          now_ms += static_cast<int64_t>(prng_.Below(40));
          std::erase_if(model, [&](const auto& held) {
            return held.second.second >= 0 && held.second.second <= now_ms;
          });
          RemoveDue(now_ms);
          break;
        default:
          if (at == model.end()) break;
          at->second.second = now_ms + 1 + static_cast<int64_t>(prng_.Below(2000));
          Expire(field, at->second.second);
      }
      const auto now = model.find(field);
      ASSERT_EQ(hash().ExpiryOf(field), now == model.end() ? Hash::kNoField : now->second.second);
      ASSERT_EQ(hash().size(), model.size());
      if (step % 50 != 0) continue;
      ASSERT_EQ(Contents(), model);
      ASSERT_TRUE(hash().Validate());
      int64_t earliest = -1;
      for (const auto& [name, held] : model) {
        const int64_t end = held.second;
        if (end >= 0 && (earliest < 0 || end < earliest)) earliest = end;
      }
      ASSERT_EQ(hash().EarliestExpiry(), earliest);
      Encoding copied = encoding_;
      void* copy = CloneValue(encoding_, data_, context_);
      if (copy == nullptr) continue;
      ASSERT_EQ(ContentsOf({copy, copied}), model);
      ASSERT_TRUE(Hash({copy, copied}, context_).Validate());
      FreeValue(copied, copy);
    }
  }
}

TEST_F(HashExpiryTest, PicksAndScansSeeFieldsNotEnds) {
  for (int i = 0; i < 20; ++i) hash().Set("f" + std::to_string(i), "v" + std::to_string(i));
  for (int i = 0; i < 20; i += 2) Expire("f" + std::to_string(i), 1'000'000 + i);
  auto expect_pair = [](const ds::Item& field, const ds::Item& text) {
    EXPECT_EQ(field.bytes().substr(1), text.bytes().substr(1));
    EXPECT_EQ(field.bytes()[0], 'f');
  };
  hash().PickRepeatedly(500, expect_pair);
  hash().PickDistinct(7, expect_pair);
  hash().PickDistinct(50, expect_pair);
  EXPECT_EQ(hash().Scan(0, expect_pair), 0u);
  EXPECT_EQ(hash().Get("f3")->bytes(), "v3");
  EXPECT_TRUE(hash().Contains("f4"));
  EXPECT_FALSE(hash().Contains("v4"));
  EXPECT_FALSE(hash().Contains("1000004"));
}

TEST_F(HashExpiryTest, FreedInStepsLikeAnyTable) {
  limits_.hash_max_listpack_entries = 0;
  for (int i = 0; i < 500; ++i) {
    hash().Set(std::to_string(i), "v");
    Expire(std::to_string(i), 1000 + i);
  }
  int steps = 1;
  while (!FreeSome(encoding_, data_, 50)) ++steps;
  EXPECT_GE(steps, 10);
  data_ = nullptr;
}

}  // namespace
}  // namespace kvasm::types
