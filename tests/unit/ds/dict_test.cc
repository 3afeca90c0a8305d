#include "core/ds/dict.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/prng.h"

namespace kvasm::ds {
namespace {

struct Node {
  Node* next = nullptr;
  std::string key;
  int* alive = nullptr;
  int visits = 0;
};

struct Traits {
  static Node*& Next(Node& node) { return node.next; }
  static std::string_view Key(const Node& node) { return node.key; }
  static void Dispose(Node* node) {
    --*node->alive;
    delete node;
  }
};

class DictTest : public testing::Test {
 protected:
  using TestDict = Dict<Node, Traits>;

  static std::string Name(uint64_t i) { return "key:" + std::to_string(i); }

  Node* Make(const std::string& key) {
    ++alive_;
    return new Node{.key = key, .alive = &alive_};
  }
  void Add(uint64_t i) { dict_.Insert(Make(Name(i))); }
  void Drop(uint64_t i) {
    Node* node = dict_.Remove(Name(i));
    ASSERT_NE(node, nullptr);
    Traits::Dispose(node);
  }
  void Fill(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) Add(i);
  }
  void FinishRehash() {
    while (dict_.RehashSteps(100)) {
    }
  }
  std::map<std::string, int> ScanAll() {
    std::map<std::string, int> seen;
    uint64_t cursor = 0;
    do {
      cursor = dict_.Scan(cursor, [&seen](Node* node) { ++seen[node->key]; });
    } while (cursor != 0);
    return seen;
  }

  int alive_ = 0;
  base::HashSeed seed_{1, 2};
  TestDict dict_{&seed_};
  base::Prng prng_{5};
};

static_assert(sizeof(void*) == 8 || sizeof(Dict<Node, Traits>) <= 40);

TEST_F(DictTest, FindsWhatWasInserted) {
  EXPECT_EQ(dict_.Find("a"), nullptr);
  Fill(1000);
  EXPECT_EQ(dict_.size(), 1000u);
  for (uint64_t i = 0; i < 1000; ++i) {
    Node* node = dict_.Find(Name(i));
    ASSERT_NE(node, nullptr);
    EXPECT_EQ(node->key, Name(i));
  }
  EXPECT_EQ(dict_.Find("key:1000"), nullptr);
  EXPECT_EQ(dict_.Remove("key:1000"), nullptr);
}

TEST_F(DictTest, OneNodeNeedsNoTable) {
  Add(1);
  EXPECT_EQ(dict_.MemoryBytes(), 0u);
  EXPECT_NE(dict_.Find(Name(1)), nullptr);
  Add(2);
  EXPECT_EQ(dict_.Buckets(), 4u);
  EXPECT_EQ(dict_.MemoryBytes(), 4 * sizeof(void*));
}

TEST_F(DictTest, DisposesOfItsNodes) {
  {
    TestDict dict(&seed_);
    for (int i = 0; i < 100; ++i) dict.Insert(Make(Name(static_cast<uint64_t>(i))));
    EXPECT_EQ(alive_, 100);
  }
  EXPECT_EQ(alive_, 0);
  Fill(100);
  dict_.Clear();
  EXPECT_EQ(alive_, 0);
  EXPECT_TRUE(dict_.empty());
  EXPECT_EQ(dict_.MemoryBytes(), 0u);
  Fill(10);
  EXPECT_EQ(dict_.size(), 10u);
}

TEST_F(DictTest, AgreesWithAModelThroughGrowthAndShrinking) {
  std::unordered_map<std::string, Node*> model;
  bool grew = false;
  bool shrank = false;
  for (int phase = 0; phase < 6; ++phase) {
    const uint64_t insert_percent = phase % 2 == 0 ? 80 : 10;
    for (int i = 0; i < 60000; ++i) {
      const std::string key = Name(prng_.Below(10000));
      const auto known = model.find(key);
      Node** link = dict_.FindLink(key);
      ASSERT_EQ(link == nullptr ? nullptr : *link, known == model.end() ? nullptr : known->second);
      if (prng_.Below(100) < insert_percent) {
        if (link == nullptr) {
          Node* node = Make(key);
          dict_.Insert(node);
          model[key] = node;
        } else if (prng_.Below(2) == 0) {
          Node* fresh = Make(key);
          Traits::Dispose(dict_.ReplaceAt(link, fresh));
          model[key] = fresh;
        }
      } else if (link != nullptr) {
        Traits::Dispose(dict_.Unlink(link));
        model.erase(key);
      }
      ASSERT_EQ(dict_.size(), model.size());
      grew |= dict_.IsRehashing() && phase % 2 == 0;
      shrank |= dict_.IsRehashing() && phase % 2 == 1;
    }
    size_t visited = 0;
    EXPECT_TRUE(dict_.ForEach([&](Node* node) {
      EXPECT_EQ(model.at(node->key), node);
      ++visited;
    }));
    EXPECT_EQ(visited, model.size());
  }
  EXPECT_TRUE(grew);
  EXPECT_TRUE(shrank);
  EXPECT_EQ(alive_, static_cast<int>(model.size()));
}

TEST_F(DictTest, GrowsAtLoadOneAndShrinksWhenSparse) {
  Fill(1024);
  FinishRehash();
  EXPECT_EQ(dict_.Buckets(), 1024u);
  Add(1024);
  EXPECT_TRUE(dict_.IsRehashing());
  FinishRehash();
  EXPECT_EQ(dict_.Buckets(), 2048u);
  for (uint64_t i = 0; i < 1025 - 256; ++i) Drop(i);
  EXPECT_EQ(dict_.Buckets(), 2048u);
  Drop(1024);
  EXPECT_TRUE(dict_.IsRehashing());
  FinishRehash();
  EXPECT_EQ(dict_.Buckets(), 256u);
  for (uint64_t i = 1025 - 256; i < 1024; ++i) Drop(i);
  EXPECT_EQ(dict_.MemoryBytes(), 0u);
}

TEST_F(DictTest, EachOperationMovesAtMostAFewChains) {
  Fill(1 << 14);
  FinishRehash();
  Add(1 << 14);
  uint64_t operations = 0;
  while (dict_.IsRehashing()) {
    dict_.Find("absent");
    ++operations;
  }
  EXPECT_GT(operations, 5000u);
  EXPECT_LE(operations, 1u << 14);
}

TEST_F(DictTest, ReservesAtOnce) {
  EXPECT_TRUE(dict_.Reserve(1000));
  FinishRehash();
  EXPECT_EQ(dict_.Buckets(), 1024u);
  Fill(1000);
  EXPECT_FALSE(dict_.IsRehashing());
  EXPECT_EQ(dict_.size(), 1000u);
}

TEST_F(DictTest, PausedTablesDoNotMove) {
  Fill(2048);
  FinishRehash();
  Add(2048);
  ASSERT_TRUE(dict_.IsRehashing());
  dict_.PauseRehash();
  Node** link = dict_.FindLink(Name(7));
  for (uint64_t i = 0; i < 2048; ++i) ASSERT_NE(dict_.Find(Name(i)), nullptr);
  EXPECT_TRUE(dict_.RehashSteps(100000));
  EXPECT_EQ((*link)->key, Name(7));
  dict_.ResumeRehash();
  FinishRehash();
  EXPECT_FALSE(dict_.IsRehashing());
}

TEST_F(DictTest, NodesMayBeMovedInMemory) {
  Fill(100);
  Node** link = dict_.FindLink(Name(50));
  Node* old = *link;
  Node* moved = new Node(*old);
  dict_.Moved(link, moved);
  delete old;
  EXPECT_EQ(dict_.Find(Name(50)), moved);
  EXPECT_EQ(dict_.size(), 100u);
}

TEST_F(DictTest, MovesAsAWhole) {
  Add(1);
  TestDict other(std::move(dict_));
  EXPECT_EQ(dict_.Find(Name(1)), nullptr);
  EXPECT_NE(other.Find(Name(1)), nullptr);
  for (uint64_t i = 2; i < 100; ++i) other.Insert(Make(Name(i)));
  dict_ = std::move(other);
  EXPECT_EQ(dict_.size(), 99u);
  EXPECT_NE(dict_.Find(Name(1)), nullptr);
  EXPECT_TRUE(other.empty());
}

TEST_F(DictTest, ScanSeesEveryNodeOnceAtRest) {
  Fill(1000);
  FinishRehash();
  const auto seen = ScanAll();
  EXPECT_EQ(seen.size(), 1000u);
  for (const auto& [key, times] : seen) EXPECT_EQ(times, 1) << key;
}

TEST_F(DictTest, ScanSeesEveryNodeOnceDuringARehash) {
  Fill(4096);
  FinishRehash();
  Add(4096);
  dict_.RehashSteps(500);
  ASSERT_TRUE(dict_.IsRehashing());
  const auto seen = ScanAll();
  EXPECT_EQ(seen.size(), 4097u);
  for (const auto& [key, times] : seen) EXPECT_EQ(times, 1) << key;
}

// The guarantee of SCAN: what is there all the time is seen, whatever else happens.
TEST_F(DictTest, ScanMissesNothingWhileTheTableGrowsAndShrinks) {
  constexpr uint64_t kKept = 300;
  for (int round = 0; round < 30; ++round) {
    dict_.Clear();
    Fill(kKept);
    uint64_t next = kKept;
    const uint64_t start = prng_.Below(2) == 0 ? 0 : 8000;
    while (next < kKept + start) Add(next++);
    if (prng_.Below(2) == 0) FinishRehash();
    uint64_t first = kKept;
    std::map<std::string, int> seen;
    uint64_t cursor = 0;
    uint64_t steps = 0;
    do {
      cursor = dict_.Scan(cursor, [&seen](Node* node) { ++seen[node->key]; });
      ++steps;
      const bool grow = prng_.Below(3) != 0 ? start == 0 : start != 0;
      for (uint64_t i = prng_.Below(grow ? 4 : 40); i > 0; --i) {
        if (grow) {
          Add(next++);
        } else if (first < next) {
          Drop(first++);
        }
      }
    } while (cursor != 0);
    int visits = 0;
    for (uint64_t i = 0; i < kKept; ++i) {
      ASSERT_GE(seen[Name(i)], 1) << "round " << round << " key " << i;
      visits += seen[Name(i)];
    }
    EXPECT_LE(visits, static_cast<int>(kKept * 8)) << "too many duplicates";
    EXPECT_LT(steps, 100000u);
  }
}

TEST_F(DictTest, WalkMissesNothingWhileTheTableGrowsAndShrinks) {
  constexpr uint64_t kKept = 300;
  for (int round = 0; round < 30; ++round) {
    dict_.Clear();
    Fill(kKept);
    uint64_t next = kKept;
    const uint64_t start = prng_.Below(2) == 0 ? 0 : 8000;
    while (next < kKept + start) Add(next++);
    if (prng_.Below(2) == 0) FinishRehash();
    uint64_t first = kKept;
    std::map<std::string, int> seen;
    TestDict::Place place;
    bool more = true;
    uint64_t steps = 0;
    do {
      more = dict_.Walk(place, 1 + static_cast<uint32_t>(prng_.Below(40)), [&](Node* node) {
        ++seen[node->key];
        return prng_.Below(10) != 0;
      });
      ++steps;
      const bool grow = prng_.Below(3) != 0 ? start == 0 : start != 0;
      for (uint64_t i = prng_.Below(grow ? 4 : 40); i > 0; --i) {
        if (grow) {
          Add(next++);
        } else if (first < next) {
          Drop(first++);
        }
      }
    } while (more);
    int visits = 0;
    for (uint64_t i = 0; i < kKept; ++i) {
      ASSERT_GE(seen[Name(i)], 1) << "round " << round << " key " << i;
      visits += seen[Name(i)];
    }
    EXPECT_LE(visits, static_cast<int>(kKept * 8)) << "too many duplicates";
    EXPECT_LT(steps, 100000u);
  }
}

TEST_F(DictTest, WalkOfATableAtRestVisitsEachNodeOnceAndStopsWhereItIsTold) {
  Fill(5000);
  FinishRehash();
  std::map<std::string, int> seen;
  TestDict::Place place;
  uint32_t calls = 0;
  bool more = true;
  while (more) {
    uint32_t visits = 0;
    more = dict_.Walk(place, UINT32_MAX, [&](Node* node) {
      ++seen[node->key];
      return ++visits < 10;
    });
    EXPECT_LT(visits, 10u + 10u) << "one bucket's nodes too many at most";
    ++calls;
  }
  EXPECT_EQ(seen.size(), 5000u);
  for (const auto& [key, visits] : seen) ASSERT_EQ(visits, 1) << key;
  EXPECT_GT(calls, 5000u / 20);
  EXPECT_FALSE(dict_.Walk(place, 1, [](Node*) { return true; }));
}

TEST_F(DictTest, WalkVisitorMayDeleteTheNodeItVisits) {
  Fill(5000);
  TestDict::Place place;
  while (dict_.Walk(place, 7, [this](Node* node) {
    EXPECT_EQ(dict_.Remove(node->key), node);
    Traits::Dispose(node);
    return true;
  })) {
  }
  EXPECT_TRUE(dict_.empty());
  EXPECT_EQ(alive_, 0);
}

TEST_F(DictTest, ScanVisitorMayDeleteTheNodeItVisits) {
  Fill(5000);
  uint64_t cursor = 0;
  do {
    cursor = dict_.Scan(cursor, [this](Node* node) {
      ASSERT_EQ(dict_.Remove(node->key), node);
      Traits::Dispose(node);
    });
  } while (cursor != 0);
  EXPECT_TRUE(dict_.empty());
  EXPECT_EQ(alive_, 0);
}

TEST_F(DictTest, ForEachVisitorMayDeleteTheNodeItVisits) {
  Fill(5000);
  dict_.RehashSteps(3);
  size_t visited = 0;
  dict_.ForEach([&](Node* node) {
    ++visited;
    if (visited % 3 == 0) return;
    ASSERT_EQ(dict_.Remove(node->key), node);
    Traits::Dispose(node);
  });
  EXPECT_EQ(visited, 5000u);
  EXPECT_EQ(dict_.size(), 1666u);
  EXPECT_EQ(ScanAll().size(), 1666u);
}

TEST_F(DictTest, ForEachStopsOnRequest) {
  Fill(100);
  int visited = 0;
  EXPECT_FALSE(dict_.ForEach([&visited](Node*) { return ++visited < 10; }));
  EXPECT_EQ(visited, 10);
}

TEST_F(DictTest, DrainsInSlices) {
  Fill(1000);
  Add(5000);
  int slices = 0;
  while (dict_.Drain(64, Traits::Dispose)) ++slices;
  EXPECT_GT(slices, 15);
  EXPECT_EQ(alive_, 0);
  EXPECT_EQ(dict_.MemoryBytes(), 0u);
}

TEST_F(DictTest, DrainsBothTablesOfARehash) {
  Fill(1024);
  FinishRehash();
  Add(1024);
  dict_.RehashSteps(100);
  ASSERT_TRUE(dict_.IsRehashing());
  while (dict_.Drain(10, Traits::Dispose)) {
  }
  EXPECT_EQ(alive_, 0);
}

// Chi-square of draws against the uniform distribution, in standard deviations from its mean.
double Unevenness(const std::vector<int>& counts) {
  double expected = 0;
  for (const int count : counts) expected += count;
  expected /= static_cast<double>(counts.size());
  double chi = 0;
  for (const int count : counts) chi += (count - expected) * (count - expected) / expected;
  const double freedom = static_cast<double>(counts.size()) - 1;
  return (chi - freedom) / std::sqrt(2 * freedom);
}

TEST_F(DictTest, FairRandomIsUniform) {
  constexpr int kNodes = 700;
  const auto draw = [this] {
    std::vector<int> counts;
    dict_.ForEach([](Node* node) { node->visits = 0; });
    dict_.PauseRehash();
    for (int i = 0; i < 200 * kNodes; ++i) ++dict_.FairRandom(prng_)->visits;
    dict_.ResumeRehash();
    dict_.ForEach([&counts](Node* node) { counts.push_back(node->visits); });
    return Unevenness(counts);
  };
  Fill(kNodes);
  FinishRehash();
  EXPECT_LT(draw(), 5);
  // In the middle of a rehash to a table twice as large.
  for (uint64_t i = kNodes; dict_.size() < 1025; ++i) Add(i);
  dict_.RehashSteps(300);
  ASSERT_TRUE(dict_.IsRehashing());
  EXPECT_LT(draw(), 5);
}

TEST_F(DictTest, RandomDrawsComeFromSparseTables) {
  EXPECT_EQ(dict_.Random(prng_), nullptr);
  EXPECT_EQ(dict_.FairRandom(prng_), nullptr);
  Fill(100000);
  FinishRehash();
  dict_.PauseRehash();
  for (uint64_t i = 3; i < 100000; ++i) Drop(i);
  std::set<Node*> fair;
  std::set<Node*> quick;
  for (int i = 0; i < 200; ++i) {
    fair.insert(dict_.FairRandom(prng_));
    quick.insert(dict_.Random(prng_));
  }
  EXPECT_EQ(fair.size(), 3u);
  EXPECT_EQ(quick.size(), 3u);
  dict_.ResumeRehash();
}

TEST_F(DictTest, StaysCorrectWithoutMemoryForALargerTable) {
  std::vector<Node*> nodes;
  for (uint64_t i = 0; i < 20000; ++i) nodes.push_back(Make(Name(i)));
  base::SetHeapLimit(base::HeapUsedBytes() + (1u << 16));  // less than the ballast kept free
  for (Node* node : nodes) dict_.Insert(node);
  const uint64_t buckets = dict_.Buckets();
  base::SetHeapLimit(0);
  EXPECT_LT(buckets, 20000u);
  EXPECT_EQ(dict_.size(), 20000u);
  for (uint64_t i = 0; i < 20000; i += 1000) EXPECT_NE(dict_.Find(Name(i)), nullptr);
  Add(20000);
  FinishRehash();
  EXPECT_GT(dict_.Buckets(), buckets);
}

TEST_F(DictTest, KeysThatCollideUnderOneSeedDoNotUnderAnother) {
  const base::HashSeed other_seed{3, 4};
  TestDict other(&other_seed);
  int same = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    same += (dict_.Hash(Name(i)) & 15) == (other.Hash(Name(i)) & 15) ? 1 : 0;
  }
  EXPECT_LT(same, 150);
}

}  // namespace
}  // namespace kvasm::ds
