#include "core/ds/skip_list.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace kvasm::ds {
namespace {

class SkipListTest : public testing::Test {
 protected:
  using Order = std::set<std::pair<double, std::string>>;

  ~SkipListTest() override {
    for (auto& [member, node] : nodes_) SkipList::FreeNode(node);
  }

  void Put(const std::string& member, double score) {
    auto [it, added] = nodes_.try_emplace(member, nullptr);
    if (added) {
      it->second = SkipList::NewNode(score, member, prng_);
      list_.Insert(it->second);
    } else {
      order_.erase({it->second->score, member});
      list_.UpdateScore(it->second, score);
    }
    order_.insert({score, member});
  }

  void Drop(const std::string& member) {
    auto it = nodes_.find(member);
    if (it == nodes_.end()) return;
    order_.erase({it->second->score, member});
    list_.Remove(it->second);
    SkipList::FreeNode(it->second);
    nodes_.erase(it);
  }

  Order Contents() const {
    Order order;
    for (const ScoreNode* node = list_.first(); node != nullptr; node = node->forward()) {
      order.insert(order.end(), {node->score, std::string(node->member())});
    }
    return order;
  }

  base::Prng prng_{3};
  SkipList list_;
  std::map<std::string, ScoreNode*> nodes_;
  Order order_;
};

TEST_F(SkipListTest, EqualScoresOrderByUnsignedBytes) {
  Put("\x7f", 1);
  Put("\x80", 1);
  Put("", 1);
  Put("a", 1);
  Put("ab", 1);
  EXPECT_EQ(list_.first()->member(), "");
  EXPECT_EQ(list_.last()->member(), "\x80");
  EXPECT_EQ(list_.At(2)->member(), "ab");
  EXPECT_EQ(list_.At(5), nullptr);
}

TEST_F(SkipListTest, RandomEditsMatchAStdSet) {
  for (int step = 0; step < 20000; ++step) {
    std::string member = std::to_string(prng_.Below(600));
    if (prng_.Below(3) == 0) {
      Drop(member);
    } else {
      Put(member, static_cast<double>(prng_.Below(50)) / 4);
    }
    if (step % 500 == 0) {
      ASSERT_TRUE(list_.Validate()) << "step " << step;
      ASSERT_EQ(Contents(), order_) << "step " << step;
    }
  }
  EXPECT_EQ(list_.size(), order_.size());
}

TEST_F(SkipListTest, CountLeadingCountsAPrefix) {
  for (int i = 0; i < 1000; ++i) Put(std::to_string(i), i / 10);
  for (int score = -1; score < 102; ++score) {
    auto below = [score](const ScoreNode& node) { return node.score < score; };
    uint32_t expected = score <= 0 ? 0 : score > 100 ? 1000 : static_cast<uint32_t>(score) * 10;
    EXPECT_EQ(list_.CountLeading(below), expected);
  }
}

TEST_F(SkipListTest, RemoveRangeHandsOverTheRun) {
  for (int i = 0; i < 500; ++i) Put(std::to_string(1000 + i), i);
  auto removed = [this](ScoreNode* node) {
    order_.erase({node->score, std::string(node->member())});
    nodes_.erase(std::string(node->member()));
    SkipList::FreeNode(node);
  };
  list_.RemoveRange(100, 350, removed);
  EXPECT_EQ(list_.size(), 150u);
  EXPECT_TRUE(list_.Validate());
  EXPECT_EQ(Contents(), order_);
  list_.RemoveRange(0, 1000, removed);
  EXPECT_EQ(list_.size(), 0u);
  EXPECT_EQ(list_.first(), nullptr);
  EXPECT_EQ(list_.last(), nullptr);
  EXPECT_TRUE(list_.Validate());
}

}  // namespace
}  // namespace kvasm::ds
