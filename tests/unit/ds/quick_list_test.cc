#include "core/ds/quick_list.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "core/ds/listpack_size.h"
#include "gtest/gtest.h"

namespace kvasm::ds {
namespace {

using End = QuickList::End;
using Strings = std::vector<std::string>;

Strings Contents(const QuickList& list, bool backward = false) {
  Strings texts;
  NumberText scratch;
  const uint64_t first = backward && !list.empty() ? list.size() - 1 : 0;
  list.Walk(first, list.size(), backward, [&](const Item& item) {
    texts.emplace_back(item.Text(scratch));
    return true;
  });
  return texts;
}

Strings Reversed(Strings texts) {
  std::reverse(texts.begin(), texts.end());
  return texts;
}

std::string TextAt(const QuickList& list, uint64_t index) {
  NumberText scratch;
  return std::string(list.At(index).Text(scratch));
}

TEST(NodeLimitTest, NegativeSettingsAreSizesAndOthersCounts) {
  EXPECT_FALSE(NodeLimit::Of(-1).ExceededBy(4096, 1000));
  EXPECT_TRUE(NodeLimit::Of(-1).ExceededBy(4097, 1));
  EXPECT_FALSE(NodeLimit::Of(-5).ExceededBy(65536, 1));
  EXPECT_TRUE(NodeLimit::Of(-9).ExceededBy(65537, 1));
  EXPECT_FALSE(NodeLimit::Of(3).ExceededBy(8192, 3));
  EXPECT_TRUE(NodeLimit::Of(3).ExceededBy(10, 4));
  EXPECT_TRUE(NodeLimit::Of(3).ExceededBy(8193, 1));
  EXPECT_TRUE(NodeLimit::Of(0).ExceededBy(10, 2));
}

TEST(ListpackSizeTest, CountsHeadTextAndLengthBehind) {
  EXPECT_EQ(ListpackBytes(Item(int64_t{127})), 2u);
  EXPECT_EQ(ListpackBytes(Item(int64_t{-1})), 3u);
  EXPECT_EQ(ListpackBytes(Item(int64_t{4096})), 4u);
  EXPECT_EQ(ListpackBytes(Item(int64_t{40000})), 5u);
  EXPECT_EQ(ListpackBytes(Item(int64_t{1} << 31)), 10u);
  EXPECT_EQ(ListpackBytes(Item(std::string_view("abc"))), 5u);
  EXPECT_EQ(ListpackTextBytes(63), 65u);
  EXPECT_EQ(ListpackTextBytes(126), 130u);
  EXPECT_EQ(ListpackTextBytes(4096), 4103u);
}

TEST(QuickListTest, FillsNodesUpToTheLimit) {
  QuickList list(4);
  for (int i = 0; i < 10; ++i) list.Push(End::kTail, std::to_string(i));
  EXPECT_EQ(list.node_count(), 3u);
  EXPECT_EQ(list.size(), 10u);
  list.Push(End::kHead, "x");
  EXPECT_EQ(list.node_count(), 4u);
  EXPECT_EQ(TextAt(list, 0), "x");
  EXPECT_EQ(TextAt(list, 10), "9");
  EXPECT_TRUE(list.Validate());
}

TEST(QuickListTest, SizeLimitCountsListpackBytes) {
  QuickList list(-1);
  // 7 bytes of frame and 102 for each; one more is taken to need 99 and 8.
  for (int i = 0; i < 40; ++i) list.Push(End::kTail, std::string(99, 'x'));
  EXPECT_EQ(list.node_count(), 1u);
  EXPECT_EQ(list.ListpackBytes(), 7u + 40 * 102);
  list.Push(End::kTail, std::string(99, 'x'));
  EXPECT_EQ(list.node_count(), 2u);
}

TEST(QuickListTest, PlainTextsStandAlone) {
  QuickList list(100);
  list.Push(End::kTail, "a");
  list.Push(End::kTail, "17", /*plain=*/true);
  list.Push(End::kTail, "b");
  EXPECT_EQ(list.node_count(), 3u);
  EXPECT_EQ(list.head()->next->listpack_bytes, 2u);
  list.Replace(1, "c");
  EXPECT_EQ(Contents(list), (Strings{"a", "c", "b"}));
  EXPECT_EQ(list.node_count(), 2u);
  EXPECT_TRUE(list.Validate());
}

TEST(QuickListTest, HugeTextReplacingOneInTheMidstDividesItsNode) {
  QuickList list(-2);
  for (const char* text : {"a", "b", "c"}) list.Push(End::kTail, text);
  const std::string huge(QuickList::kRawTextBytesMin, 'h');
  list.Replace(1, huge);
  EXPECT_EQ(Contents(list), (Strings{"a", huge, "c"}));
  EXPECT_EQ(list.node_count(), 3u);
  EXPECT_TRUE(list.Validate());
  list.Replace(1, "small again");
  EXPECT_EQ(Contents(list), (Strings{"a", "small again", "c"}));
  EXPECT_TRUE(list.Validate());
}

TEST(QuickListTest, InsertIntoAFullNodeSplitsAndMerges) {
  QuickList list(4);
  for (int i = 0; i < 8; ++i) list.Push(End::kTail, std::to_string(i));
  list.Insert(*list.Find("1"), /*after=*/true, "x");
  EXPECT_EQ(Contents(list), (Strings{"0", "1", "x", "2", "3", "4", "5", "6", "7"}));
  EXPECT_EQ(list.node_count(), 3u);
  list.Insert(*list.Find("x"), /*after=*/false, "y");
  EXPECT_EQ(Contents(list), (Strings{"0", "1", "y", "x", "2", "3", "4", "5", "6", "7"}));
  EXPECT_TRUE(list.Validate());
}

TEST(QuickListTest, EveryPositionNearTheEndStaysRightWhilePopping) {
  QuickList list(-5);
  Strings model;
  for (int i = 0; i < 5000; ++i) {
    model.push_back(std::to_string(i * 7));
    list.Push(End::kTail, model.back());
  }
  base::Prng prng(3);
  NumberText scratch;
  while (!model.empty()) {
    ASSERT_EQ(list.Peek(End::kTail).Text(scratch), model.back());
    if (prng.Below(3) != 0) {
      list.Pop(End::kTail);
      model.pop_back();
    } else if (prng.Below(2) == 0) {
      model.push_back(std::to_string(prng.Below(100000)));
      list.Push(End::kTail, model.back());
    } else {
      list.Pop(End::kHead);
      model.erase(model.begin());
    }
  }
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.node_count(), 0u);
}

TEST(QuickListTest, CopyIsIndependent) {
  QuickList list(3);
  for (int i = 0; i < 10; ++i) list.Push(End::kTail, std::to_string(i), i == 5);
  const Strings before = Contents(list);
  QuickList copy(list);
  list.EraseRange(0, 9);
  EXPECT_EQ(Contents(copy), before);
  EXPECT_TRUE(copy.Validate());
}

TEST(QuickListTest, AppendInNodeKeepsTheNodesOfAFile) {
  QuickList list(2);
  for (int i = 0; i < 10; ++i) list.AppendInNode(std::to_string(i), i == 7);
  EXPECT_EQ(list.node_count(), 2u);
  EXPECT_EQ(list.head()->count, 7u);
  list.AppendInNode(std::string(QuickList::kRawTextBytesMin, 'x'), false);
  EXPECT_EQ(list.node_count(), 3u);
  EXPECT_TRUE(list.Validate());
}

TEST(QuickListTest, AppendNodeTakesABlockAsANode) {
  QuickList list(2);
  list.Push(End::kTail, "first");
  PackedListBuilder items(0);
  for (int64_t i = 0; i < 5; ++i) items.Append(Item(i));
  list.AppendNode(items.Take(), kListpackFrameBytes + 5 * ListpackBytes(0));
  EXPECT_EQ(list.node_count(), 2u);
  EXPECT_EQ(Contents(list), (Strings{"first", "0", "1", "2", "3", "4"}));
  EXPECT_TRUE(list.Validate());
}

TEST(QuickListTest, DrainsInSlices) {
  QuickList list(1);
  for (int i = 0; i < 25; ++i) list.Push(End::kTail, "x");
  EXPECT_TRUE(list.Drain(10));
  EXPECT_EQ(list.size(), 15u);
  EXPECT_TRUE(list.Drain(14));
  EXPECT_FALSE(list.Drain(5));
  EXPECT_TRUE(list.empty());
}

// Random operations on a list and on a vector.
class Model {
 public:
  Model(int64_t node_limit, uint64_t seed) : list_(node_limit), prng_(seed) {}

  void Step() {
    const std::string text = RandomText();
    const bool plain = prng_.Below(25) == 0;
    const size_t index = prng_.Below(texts_.size() + 1);
    const bool inside = index < texts_.size();
    const auto at = texts_.begin() + static_cast<ptrdiff_t>(index);
    switch (prng_.Below(texts_.size() > 400 ? 14 : 10)) {
      case 0:
      case 1:
      case 2:
        list_.Push(End::kTail, text, plain);
        texts_.push_back(text);
        break;
      case 3:
        list_.Push(End::kHead, text, plain);
        texts_.insert(texts_.begin(), text);
        break;
      case 4:
      case 5:
        Insert(text, plain);
        break;
      case 6:
      case 7:
        if (inside) {
          list_.Replace(index, text, plain);
          *at = text;
        }
        break;
      case 8:
        Pop();
        break;
      case 9:
        EraseEqual(text);
        break;
      default:
        EraseRange(index);
    }
    ASSERT_EQ(list_.size(), texts_.size());
    if (inside && index < texts_.size()) {
      ASSERT_EQ(TextAt(list_, index), texts_[index]);
    }
  }

  void Check() const {
    ASSERT_TRUE(list_.Validate());
    ASSERT_EQ(Contents(list_), texts_);
    ASSERT_EQ(Contents(list_, true), Reversed(texts_));
  }

 private:
  std::string RandomText() {
    const uint64_t kind = prng_.Below(40);
    if (kind == 0) return std::string(prng_.Below(3000), 'x');
    if (kind < 20) return std::to_string(static_cast<int64_t>(prng_.Next()) >> prng_.Below(64));
    return "t" + std::to_string(prng_.Below(30));
  }

  void Insert(const std::string& text, bool plain) {
    const std::string pivot = texts_.empty() ? "none" : texts_[prng_.Below(texts_.size())];
    const bool after = prng_.Below(2) == 0;
    const auto place = list_.Find(pivot);
    const auto found = std::find(texts_.begin(), texts_.end(), pivot);
    ASSERT_EQ(place.has_value(), found != texts_.end());
    if (!place) return;
    list_.Insert(*place, after, text, plain);
    texts_.insert(after ? found + 1 : found, text);
  }

  void Pop() {
    if (texts_.empty()) return;
    const bool head = prng_.Below(2) == 0;
    list_.Pop(head ? End::kHead : End::kTail);
    texts_.erase(head ? texts_.begin() : texts_.end() - 1);
  }

  void EraseEqual(const std::string& text) {
    const uint64_t most = prng_.Below(4);
    const bool backward = prng_.Below(2) == 0;
    uint64_t erased = 0;
    if (backward) texts_ = Reversed(std::move(texts_));
    std::erase_if(texts_, [&](const std::string& other) {
      if (other != text || (most != 0 && erased == most)) return false;
      ++erased;
      return true;
    });
    if (backward) texts_ = Reversed(std::move(texts_));
    ASSERT_EQ(list_.EraseEqual(text, most, backward), erased);
  }

  void EraseRange(size_t index) {
    const size_t count = std::min<size_t>(prng_.Below(60), texts_.size() - index);
    list_.EraseRange(index, count);
    const auto from = texts_.begin() + static_cast<ptrdiff_t>(index);
    texts_.erase(from, from + static_cast<ptrdiff_t>(count));
  }

  QuickList list_;
  Strings texts_;
  base::Prng prng_;
};

TEST(QuickListTest, RandomOperationsMatchAVector) {
  for (int64_t node_limit : {-2, -1, 1, 2, 5, 32}) {
    Model model(node_limit, 11);
    for (int step = 0; step < 6000; ++step) {
      model.Step();
      if (testing::Test::HasFatalFailure()) return;
      if (step % 50 == 0) model.Check();
    }
    model.Check();
  }
}

}  // namespace
}  // namespace kvasm::ds
