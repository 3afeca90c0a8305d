#include "core/ds/radix_tree.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/prng.h"
#include "gtest/gtest.h"

namespace kvasm::ds {
namespace {

using Model = std::map<std::string, uintptr_t>;

void* ValueOf(uintptr_t number) { return reinterpret_cast<void*>(number); }

// As a stream id is stored: big endian, so that bytes order as numbers do.
std::string IdKey(uint64_t ms, uint64_t seq) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(ms >> shift);
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(seq >> shift);
  return key;
}

class RadixTreeTest : public testing::Test {
 protected:
  void Put(const std::string& key, uintptr_t number) {
    bool added = false;
    void** value = tree_.Insert(key, &added);
    ASSERT_EQ(added, !model_.contains(key));
    if (added) {
      ASSERT_EQ(*value, nullptr);
    } else {
      ASSERT_EQ(*value, ValueOf(model_[key]));
    }
    *value = ValueOf(number);
    model_[key] = number;
  }

  void Drop(const std::string& key) {
    void* value = nullptr;
    ASSERT_EQ(tree_.Remove(key, &value), model_.contains(key));
    if (model_.contains(key)) {
      ASSERT_EQ(value, ValueOf(model_[key]));
    }
    model_.erase(key);
  }

  // Short keys of few letters, so that many are prefixes of others; long runs of one byte; ids.
  std::string RandomKey() {
    switch (prng_.Below(8)) {
      case 0:
        return std::string(prng_.Below(40), '\xff');
      case 1:
        return IdKey(1700000000000 + prng_.Below(3000), prng_.Below(3));
      case 2: {
        std::string key(1 + prng_.Below(2), '\0');
        for (char& c : key) c = static_cast<char>(prng_.Below(256));
        return key;
      }
      default: {
        constexpr std::string_view kLetters("\0a\x7f\x80\xff", 5);
        std::string key(prng_.Below(7), 'a');
        for (char& c : key) c = kLetters[prng_.Below(kLetters.size())];
        return key;
      }
    }
  }

  void ExpectAt(RadixTree::Iterator& it, Model::const_iterator expected) {
    ASSERT_EQ(it.valid(), expected != model_.end());
    if (!it.valid()) return;
    ASSERT_EQ(it.key(), expected->first);
    ASSERT_EQ(it.value(), ValueOf(expected->second));
  }

  void ExpectSeeks(const std::string& bound) {
    RadixTree::Iterator it(tree_);
    it.SeekAtLeast(bound);
    ExpectAt(it, model_.lower_bound(bound));
    it.SeekAtMost(bound);
    auto above = model_.upper_bound(bound);
    ExpectAt(it, above == model_.begin() ? model_.end() : std::prev(above));
  }

  void ExpectSameBothWays() {
    ASSERT_EQ(tree_.size(), model_.size());
    ASSERT_TRUE(tree_.Validate());
    RadixTree::Iterator it(tree_);
    it.SeekFirst();
    for (auto expected = model_.begin(); expected != model_.end(); ++expected) {
      ExpectAt(it, expected);
      it.Next();
    }
    ASSERT_FALSE(it.valid());
    it.SeekLast();
    for (auto expected = model_.rbegin(); expected != model_.rend(); ++expected) {
      ExpectAt(it, std::prev(expected.base()));
      it.Prev();
    }
    ASSERT_FALSE(it.valid());
  }

  base::Prng prng_{11};
  RadixTree tree_;
  Model model_;
};

TEST_F(RadixTreeTest, EmptyTreeHasNothing) {
  EXPECT_EQ(tree_.Find(""), nullptr);
  EXPECT_EQ(tree_.First(), nullptr);
  EXPECT_EQ(tree_.Last(), nullptr);
  EXPECT_FALSE(tree_.Remove("a"));
  RadixTree::Iterator it(tree_);
  EXPECT_FALSE(it.valid());
  it.SeekFirst();
  EXPECT_FALSE(it.valid());
  it.SeekAtLeast("");
  EXPECT_FALSE(it.valid());
  it.SeekAtMost("zzz");
  EXPECT_FALSE(it.valid());
  EXPECT_EQ(tree_.MemoryBytes(), 0u);
}

TEST_F(RadixTreeTest, KeysMayBePrefixesOfOthers) {
  for (const char* key : {"foobar", "foo", "", "foobaz", "f", "foobarbar"}) {
    Put(key, model_.size() + 1);
    ExpectSameBothWays();
  }
  for (const char* key : {"fo", "foob", "foobarb", "x", "foobarbarb"}) {
    EXPECT_EQ(tree_.Find(key), nullptr) << key;
    ExpectSeeks(key);
  }
  for (const char* key : {"foo", "foobarbar", "", "foobar", "f", "foobaz"}) {
    Drop(key);
    ExpectSameBothWays();
  }
  EXPECT_EQ(tree_.MemoryBytes(), 0u);
}

TEST_F(RadixTreeTest, RandomEditsMatchAStdMap) {
  for (int step = 1; step <= 30000; ++step) {
    // Grows, then shrinks, then grows again.
    const bool growing = step % 10000 < 5000;
    if (prng_.Below(10) < (growing ? 8u : 2u)) {
      Put(RandomKey(), static_cast<uintptr_t>(step));
    } else {
      Drop(RandomKey());
    }
    const std::string probe = RandomKey();
    void** found = tree_.Find(probe);
    ASSERT_EQ(found != nullptr, model_.contains(probe));
    if (found != nullptr) {
      ASSERT_EQ(*found, ValueOf(model_[probe]));
    }
    ExpectSeeks(probe);
    if (step % 500 == 0) ExpectSameBothWays();
    if (HasFatalFailure()) FAIL() << "step " << step;
  }
}

TEST_F(RadixTreeTest, SeeksAtEveryBoundOfEveryPrefix) {
  for (int i = 0; i < 300; ++i) Put(RandomKey(), static_cast<uintptr_t>(i) + 1);
  ExpectSeeks("");
  std::vector<std::string> keys;
  for (const auto& [key, number] : model_) keys.push_back(key);
  for (const std::string& key : keys) {
    for (size_t n = 0; n <= key.size(); ++n) {
      const std::string prefix = key.substr(0, n);
      ExpectSeeks(prefix);
      for (const char last : {'\0', 'a', 'b', '\x7f', '\x80', '\xfe', '\xff'}) {
        ExpectSeeks(prefix + last);
      }
    }
  }
}

TEST_F(RadixTreeTest, EveryByteBranchesAndTheNodeShrinksAgain) {
  for (int round = 0; round < 2; ++round) {
    for (uint32_t i = 0; i < 256; ++i) {
      Put("key:" + std::string(1, static_cast<char>(i * 37)), i + 1);
    }
    ExpectSameBothWays();
    const uint64_t full = tree_.MemoryBytes();
    for (uint32_t i = 0; i < 250; ++i) {
      Drop("key:" + std::string(1, static_cast<char>(i * 91)));
    }
    ExpectSameBothWays();
    EXPECT_LT(tree_.MemoryBytes(), full / 10);
  }
}

TEST_F(RadixTreeTest, AscendingIdsAreFoundAtTheEnd) {
  for (uint64_t i = 0; i < 70000; ++i) {
    const std::string key = IdKey(1700000000000 + i / 3, i % 3);
    *tree_.Insert(key) = ValueOf(i + 1);
    ASSERT_EQ(*tree_.Last(), ValueOf(i + 1));
  }
  EXPECT_EQ(*tree_.First(), ValueOf(1));
  EXPECT_TRUE(tree_.Validate());
  for (uint64_t i = 0; i < 70000; ++i) {
    ASSERT_EQ(*tree_.First(), ValueOf(i + 1));
    ASSERT_TRUE(tree_.Remove(IdKey(1700000000000 + i / 3, i % 3)));
  }
  EXPECT_EQ(tree_.MemoryBytes(), 0u);
}

TEST_F(RadixTreeTest, AnIteratorGoesOnByReseekingWhereItRemoved) {
  for (int i = 0; i < 2000; ++i) Put(RandomKey(), static_cast<uintptr_t>(i) + 1);
  RadixTree::Iterator it(tree_);
  uint64_t visited = 0;
  const uint64_t before = model_.size();
  it.SeekFirst();
  while (it.valid()) {
    const std::string key(it.key());
    if (++visited % 3 == 0) {
      it.Next();
      continue;
    }
    Drop(key);
    it.SeekAtLeast(key);
  }
  EXPECT_EQ(visited, before);
  ExpectSameBothWays();
}

TEST_F(RadixTreeTest, DirectionCanBeTurned) {
  for (const char* key : {"", "a", "ab", "b"}) Put(key, model_.size() + 1);
  RadixTree::Iterator it(tree_);
  it.SeekAtLeast("a");
  it.Next();
  EXPECT_EQ(it.key(), "ab");
  it.Prev();
  EXPECT_EQ(it.key(), "a");
  it.Prev();
  EXPECT_EQ(it.key(), "");
  it.Next();
  EXPECT_EQ(it.key(), "a");
  it.value() = ValueOf(77);
  EXPECT_EQ(*tree_.Find("a"), ValueOf(77));
}

TEST_F(RadixTreeTest, DeepAndLongKeysNeedNoStack) {
  std::string chain;
  for (uintptr_t i = 0; i < 5000; ++i) {
    Put(chain, i + 1);
    chain += static_cast<char>('a' + i % 2);
  }
  Put(std::string(1 << 20, 'x'), 1);
  Put(std::string((1 << 20) - 1, 'x') + "y", 2);
  ExpectSameBothWays();
  uint64_t disposed = 0;
  tree_.Clear([&](void*) { ++disposed; });
  EXPECT_EQ(disposed, model_.size());
  EXPECT_EQ(tree_.size(), 0u);
  EXPECT_EQ(tree_.MemoryBytes(), 0u);
  model_.clear();
  Put("again", 3);
  ExpectSameBothWays();
}

TEST_F(RadixTreeTest, MovingLeavesTheSourceEmpty) {
  Put("a", 1);
  RadixTree other(std::move(tree_));
  EXPECT_TRUE(tree_.empty());
  EXPECT_EQ(*other.Find("a"), ValueOf(1));
  *tree_.Insert("b") = ValueOf(2);
  other = std::move(tree_);
  EXPECT_EQ(other.Find("a"), nullptr);
  EXPECT_EQ(*other.Find("b"), ValueOf(2));
}

TEST_F(RadixTreeTest, FreesAllItTakes) {
  const uint64_t before = base::HeapUsedBytes();
  {
    RadixTree tree;
    base::Prng prng(5);
    for (int i = 0; i < 5000; ++i) {
      const std::string key = IdKey(prng.Below(4000), prng.Below(4));
      if (prng.Below(3) == 0) {
        tree.Remove(key);
      } else {
        tree.Insert(key);
      }
    }
    EXPECT_GE(base::HeapUsedBytes() - before, tree.MemoryBytes());
  }
  EXPECT_EQ(base::HeapUsedBytes(), before);
}

}  // namespace
}  // namespace kvasm::ds
