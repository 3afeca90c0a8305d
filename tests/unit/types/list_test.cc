#include "core/types/list.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/types/value_fixture.h"

namespace kvasm::types {
namespace {

using End = List::End;
using Strings = std::vector<std::string>;

class ListTest : public ValueTest {
 protected:
  ListTest() { Restart(List::kInitialEncoding); }

  List list() { return List(value(), context_); }
  void Push(End end, std::string_view text) { list().Push(end, {&text, 1}); }
  Strings Contents() {
    Strings texts;
    ds::NumberText scratch;
    list().ForEach([&](const ds::Item& item) { texts.emplace_back(item.Text(scratch)); });
    return texts;
  }
};

TEST_F(ListTest, TooManyElementsTurnItIntoAQuickList) {
  limits_.list_max_listpack_size = 3;
  for (const char* text : {"a", "b", "c"}) Push(End::kTail, text);
  EXPECT_EQ(encoding(), "listpack");
  Push(End::kHead, "d");
  EXPECT_EQ(encoding(), "quicklist");
  EXPECT_EQ(Contents(), (Strings{"d", "a", "b", "c"}));
}

TEST_F(ListTest, TurnsBackAtHalfOfTheLimit) {
  limits_.list_max_listpack_size = 4;
  for (int i = 0; i < 5; ++i) Push(End::kTail, std::to_string(i));
  EXPECT_EQ(encoding(), "quicklist");
  list().Pop(End::kTail);
  list().Pop(End::kTail);
  EXPECT_EQ(encoding(), "quicklist");
  list().Pop(End::kTail);
  EXPECT_EQ(encoding(), "listpack");
  EXPECT_EQ(Contents(), (Strings{"0", "1"}));
}

TEST_F(ListTest, SizeLimitIsThatOfAListpackToTheByte) {
  // 7 bytes of frame, then 102 for each text of 99 bytes, of which the check beforehand counts 99.
  limits_.list_max_listpack_size = -1;
  const std::string text(99, 'x');
  const int fits = (4096 - 7 - 99) / 102 + 1;
  for (int i = 0; i < fits; ++i) Push(End::kTail, text);
  EXPECT_EQ(encoding(), "listpack");
  Push(End::kTail, text);
  EXPECT_EQ(encoding(), "quicklist");
}

TEST_F(ListTest, IntegersAreCountedAtTheSizeRedisGivesThem) {
  // 5 bytes in a listpack, 3 here.
  limits_.list_max_listpack_size = -1;
  const int fits = (4096 - 7 - 5) / 5 + 1;
  for (int i = 0; i < fits; ++i) Push(End::kTail, std::to_string(40000 + i));
  EXPECT_EQ(encoding(), "listpack");
  Push(End::kTail, "40000");
  EXPECT_EQ(encoding(), "quicklist");
}

TEST_F(ListTest, ReplacingOneBigElementMakesItSmallAgain) {
  limits_.list_max_listpack_size = -1;
  Push(End::kTail, "a");
  Push(End::kTail, std::string(5000, 'x'));
  EXPECT_EQ(encoding(), "quicklist");
  EXPECT_TRUE(list().Replace(1, "b"));
  EXPECT_EQ(Contents(), (Strings{"a", "b"}));
  EXPECT_EQ(encoding(), "quicklist");  // two nodes
  list().Pop(End::kHead);
  EXPECT_EQ(encoding(), "listpack");
  EXPECT_FALSE(list().Replace(1, "c"));
}

TEST_F(ListTest, RotateMovesBetweenTheEnds) {
  for (int64_t limit : {128, 2}) {
    limits_.list_max_listpack_size = limit;
    Restart(List::kInitialEncoding);
    for (const char* text : {"a", "b", "3"}) Push(End::kTail, text);
    list().Rotate(End::kTail, End::kHead);
    EXPECT_EQ(Contents(), (Strings{"3", "a", "b"}));
    list().Rotate(End::kHead, End::kTail);
    EXPECT_EQ(Contents(), (Strings{"a", "b", "3"}));
    list().Rotate(End::kTail, End::kTail);
    EXPECT_EQ(Contents(), (Strings{"a", "b", "3"}));
  }
}

TEST_F(ListTest, BuilderChoosesTheEncoding) {
  limits_.list_max_listpack_size = 3;
  for (int count : {0, 3, 4}) {
    ListBuilder builder(context_);
    for (int i = 0; i < count; ++i) builder.Append(std::to_string(i));
    Restart(List::kInitialEncoding);
    encoding_ = builder.Finish(data_);
    EXPECT_EQ(encoding(), count <= 3 ? "listpack" : "quicklist");
    EXPECT_EQ(list().size(), static_cast<uint64_t>(count));
    EXPECT_TRUE(list().Validate());
  }
}

TEST_F(ListTest, BuilderKeepsNodesAsTheyAreGiven) {
  limits_.list_max_listpack_size = 100;
  ListBuilder builder(context_);
  for (int i = 0; i < 9; ++i) builder.AppendInNode(std::to_string(i), i % 3 == 0);
  builder.AppendPlain("17");
  encoding_ = builder.Finish(data_);
  Strings nodes;
  list().ForEachNode([&](const ListNode& node) {
    nodes.push_back(std::to_string(node.count) + (node.plain ? "p" : ""));
  });
  EXPECT_EQ(nodes, (Strings{"3", "3", "3", "1p"}));
}

TEST_F(ListTest, PackedListShowsAsOneNodeOfItsListpackSize) {
  for (const char* text : {"abc", "7", "-1"}) Push(End::kTail, text);
  int nodes = 0;
  list().ForEachNode([&](const ListNode& node) {
    ++nodes;
    EXPECT_EQ(node.total_bytes, 7u + 5 + 2 + 3);
    EXPECT_EQ(node.count, 3u);
  });
  EXPECT_EQ(nodes, 1);
}

TEST_F(ListTest, FreeingGoesInSlicesOfNodes) {
  limits_.list_max_listpack_size = 1;
  for (int i = 0; i < 100; ++i) Push(End::kTail, "x");
  EXPECT_EQ(ValueFreeEffort(encoding_, data_), 100u);
  EXPECT_FALSE(FreeSome(encoding_, data_, 60));
  EXPECT_EQ(ValueFreeEffort(encoding_, data_), 40u);
  EXPECT_TRUE(FreeSome(encoding_, data_, 60));
  data_ = nullptr;
}

TEST_F(ListTest, AMillionJobNumbersTakeUnderFourBytesEach) {
  for (int i = 0; i < 100000; ++i) Push(End::kTail, std::to_string(100000 + i));
  EXPECT_LE(ValueMemoryBytes(encoding_, data_, 0), 100000u * 33 / 10);
}

TEST_F(ListTest, RandomEditsMatchAVector) {
  for (int64_t limit : {-1, 1, 4, 40}) {
    limits_.list_max_listpack_size = limit;
    Restart(List::kInitialEncoding);
    Strings model;
    for (int step = 0; step < 8000; ++step) {
      const std::string text = RandomText();
      const size_t index = prng_.Below(model.size() + 1);
      const bool head = prng_.Below(2) == 0;
      const uint64_t kind = prng_.Below(model.size() > 150 ? 10 : 7);
      if (kind < 3) {
        Push(head ? End::kHead : End::kTail, text);
        model.insert(head ? model.begin() : model.end(), text);
      } else if (kind == 3) {
        const auto found = std::find(model.begin(), model.end(), text);
        ASSERT_EQ(list().Insert(text, head, "new"), found != model.end());
        if (found != model.end()) model.insert(head ? found + 1 : found, "new");
      } else if (kind == 4) {
        ASSERT_EQ(list().Replace(index, text), index < model.size());
        if (index < model.size()) model[index] = text;
      } else if (kind == 5 && !model.empty()) {
        list().Rotate(head ? End::kHead : End::kTail, head ? End::kTail : End::kHead);
        const std::string moved = head ? model.front() : model.back();
        model.erase(head ? model.begin() : model.end() - 1);
        model.insert(head ? model.end() : model.begin(), moved);
      } else if (kind == 6) {
        const auto count = std::count(model.begin(), model.end(), text);
        ASSERT_EQ(list().EraseEqual(text, 0, head), static_cast<uint64_t>(count));
        std::erase(model, text);
      } else if (kind == 7) {
        const size_t kept = model.size() / 2;
        const size_t first = prng_.Below(model.size() - kept);
        list().Trim(first, kept);
        const auto from = model.begin() + static_cast<ptrdiff_t>(first);
        model = Strings(from, from + static_cast<ptrdiff_t>(kept));
      } else if (kind == 8 && !model.empty()) {
        const size_t count = 1 + prng_.Below(std::min<size_t>(model.size(), 30));
        list().Pop(head ? End::kHead : End::kTail, count);
        const auto n = static_cast<ptrdiff_t>(count);
        head ? model.erase(model.begin(), model.begin() + n)
             : model.erase(model.end() - n, model.end());
      } else if (index < model.size()) {
        ds::NumberText scratch;
        ASSERT_EQ(list().At(index).Text(scratch), model[index]);
      }
      ASSERT_EQ(list().size(), model.size());
      if (step % 40 == 0) {
        ASSERT_EQ(Contents(), model) << "step " << step << " limit " << limit;
        ASSERT_TRUE(list().Validate());
      }
    }
    void* copy = CloneValue(encoding_, data_, context_);
    EXPECT_EQ(ValueSize(encoding_, copy), model.size());
    FreeValue(encoding_, copy);
  }
}

}  // namespace
}  // namespace kvasm::types
