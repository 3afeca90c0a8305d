#include "core/ds/int_set.h"

#include <cstdint>
#include <limits>
#include <set>

#include "core/base/prng.h"
#include "gtest/gtest.h"

namespace kvasm::ds {
namespace {

TEST(IntSetTest, WidensForWhatItHolds) {
  void* block = nullptr;
  IntSet set(block);
  EXPECT_TRUE(set.Insert(5));
  EXPECT_FALSE(set.Insert(5));
  EXPECT_EQ(set.width(), 2u);
  EXPECT_TRUE(set.Insert(-40000));
  EXPECT_EQ(set.width(), 4u);
  EXPECT_TRUE(set.Insert(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(set.width(), 8u);
  EXPECT_EQ(set.At(0), -40000);
  EXPECT_EQ(set.At(1), 5);
  EXPECT_EQ(set.At(2), std::numeric_limits<int64_t>::max());
  set.Clear();
  EXPECT_EQ(set.count(), 0u);
}

TEST(IntSetTest, RandomEditsMatchAStdSet) {
  base::Prng prng(11);
  for (int shift : {0, 20, 40, 52, 58}) {
    void* block = nullptr;
    IntSet set(block);
    std::set<int64_t> model;
    for (int step = 0; step < 6000; ++step) {
      int64_t value = static_cast<int64_t>(prng.Next()) >> (shift + prng.Below(6));
      if (prng.Below(3) != 0) {
        ASSERT_EQ(set.Insert(value), model.insert(value).second);
      } else if (prng.Below(2) == 0 && !model.empty()) {
        auto index = static_cast<uint32_t>(prng.Below(model.size()));
        value = set.At(index);
        ASSERT_EQ(model.erase(value), 1u);
        ASSERT_TRUE(set.Erase(value));
      } else {
        ASSERT_EQ(set.Erase(value), model.erase(value) == 1);
      }
      ASSERT_EQ(set.Contains(value), model.count(value) == 1);
    }
    ASSERT_TRUE(set.Validate());
    ASSERT_EQ(set.count(), model.size());
    uint32_t index = 0;
    for (int64_t value : model) ASSERT_EQ(set.At(index++), value);
    void* copy = set.Clone();
    IntSet other(copy);
    EXPECT_EQ(other.count(), set.count());
    other.Clear();
    set.Clear();
  }
}

TEST(IntSetTest, EraseAtRemovesARun) {
  void* block = nullptr;
  IntSet set(block);
  for (int64_t value = 0; value < 100; ++value) set.Insert(value);
  set.EraseAt(10, 80);
  EXPECT_EQ(set.count(), 20u);
  EXPECT_EQ(set.At(9), 9);
  EXPECT_EQ(set.At(10), 90);
  set.Clear();
}

}  // namespace
}  // namespace kvasm::ds
