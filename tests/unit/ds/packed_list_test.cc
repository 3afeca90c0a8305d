#include "core/ds/packed_list.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/prng.h"
#include "gtest/gtest.h"

namespace kvasm::ds {
namespace {

class PackedListTest : public testing::Test {
 protected:
  ~PackedListTest() override { list_.Clear(); }

  std::vector<std::string> Contents() const {
    std::vector<std::string> items;
    NumberText scratch;
    for (auto at = list_.begin(); at != list_.end();) {
      items.emplace_back(list_.Take(at).Text(scratch));
    }
    return items;
  }

  void* block_ = nullptr;
  PackedList list_{block_};
};

using Strings = std::vector<std::string>;

TEST_F(PackedListTest, EmptyListOwnsNoMemory) {
  EXPECT_EQ(list_.count(), 0u);
  EXPECT_EQ(list_.begin(), list_.end());
  EXPECT_EQ(list_.Find("x"), list_.end());
  EXPECT_EQ(list_.MemoryBytes(), 0u);
}

TEST_F(PackedListTest, ShortTextCostsOneByteMore) {
  list_.Append("field");
  EXPECT_EQ(list_.bytes(), PackedList::kHeaderBytes + 6);
  list_.Append("7");
  EXPECT_EQ(list_.bytes(), PackedList::kHeaderBytes + 7);
}

TEST_F(PackedListTest, KeepsEveryIntegerWidth) {
  std::vector<int64_t> numbers = {0, 127, 128, -1, 4095, 4096, -4096, -4097};
  for (int64_t number : {4096, 69631, 69632, 724991, 724992}) numbers.push_back(number);
  for (int bits : {15, 23, 31, 62}) {
    int64_t limit = int64_t{1} << bits;
    for (int64_t number : {limit - 1, limit, -limit, -limit - 1}) numbers.push_back(number);
  }
  numbers.push_back(std::numeric_limits<int64_t>::max());
  numbers.push_back(std::numeric_limits<int64_t>::min());
  for (int64_t number : numbers) list_.Append(std::to_string(number));
  auto at = list_.begin();
  for (int64_t number : numbers) {
    Item item = list_.Take(at);
    ASSERT_TRUE(item.is_integer()) << number;
    EXPECT_EQ(item.number(), number);
    EXPECT_NE(list_.Find(std::to_string(number)), list_.end());
  }
  EXPECT_TRUE(list_.Validate());
}

TEST_F(PackedListTest, NumbersNotInCanonicalFormStayText) {
  Strings texts = {"",
                   "-",
                   "-0",
                   "00",
                   "01",
                   "+1",
                   "1 ",
                   " 1",
                   "9223372036854775808",
                   "-9223372036854775809",
                   "1.0",
                   "123456789012345678901"};
  for (const std::string& text : texts) list_.Append(text);
  EXPECT_EQ(Contents(), texts);
  for (auto at = list_.begin(); at != list_.end();) EXPECT_FALSE(list_.Take(at).is_integer());
}

TEST_F(PackedListTest, KeepsTextOfEveryLengthClass) {
  Strings texts;
  for (size_t size : {0, 1, 63, 64, 4095, 4096, 70000}) texts.push_back(std::string(size, 'q'));
  for (const std::string& text : texts) list_.Append(text);
  EXPECT_EQ(Contents(), texts);
  for (const std::string& text : texts) EXPECT_NE(list_.Find(text), list_.end());
  EXPECT_TRUE(list_.Validate());
}

TEST_F(PackedListTest, FindWithStrideLooksAtKeysOnly) {
  for (const char* text : {"a", "b", "b", "c", "5", "a"}) list_.Append(text);
  EXPECT_EQ(list_.Find("b", list_.begin(), 2), list_.At(2));
  EXPECT_EQ(list_.Find("c", list_.begin(), 2), list_.end());
  EXPECT_EQ(list_.Find("5", list_.begin(), 2), list_.At(4));
}

TEST_F(PackedListTest, BytesThatLookLikeNumbersStayBytes) {
  list_.AppendBytes("12345678");
  EXPECT_FALSE(list_.Get(list_.begin()).is_integer());
  EXPECT_EQ(list_.Get(list_.begin()).bytes(), "12345678");
}

TEST_F(PackedListTest, IntegersUpToSomeHundredThousandTakeThreeBytes) {
  for (int64_t number : {4096, 32768, 724991}) list_.AppendInteger(number);
  EXPECT_EQ(list_.bytes(), PackedList::kHeaderBytes + 9);
  list_.AppendInteger(724992);
  EXPECT_EQ(list_.bytes(), PackedList::kHeaderBytes + 13);
}

TEST_F(PackedListTest, AppendTailTakesTheItemsFromAPositionOn) {
  for (const char* text : {"a", "1", "bc", "70000"}) list_.Append(text);
  void* block = nullptr;
  PackedList other(block);
  other.Append("z");
  other.AppendTail(list_, list_.At(1));
  EXPECT_EQ(other.count(), 4u);
  EXPECT_EQ(other.Get(other.At(3)).number(), 70000);
  other.AppendTail(list_, list_.end());
  EXPECT_EQ(other.count(), 4u);
  EXPECT_TRUE(other.Validate());
  other.Clear();
}

TEST_F(PackedListTest, CloneIsIndependent) {
  list_.Append("one");
  void* copy = list_.Clone();
  list_.Append("two");
  PackedList other(copy);
  EXPECT_EQ(other.count(), 1u);
  EXPECT_TRUE(other.Validate());
  other.Clear();
}

std::string RandomText(base::Prng& prng) {
  if (prng.Below(2) == 0) {
    return std::to_string(static_cast<int64_t>(prng.Next()) >> prng.Below(64));
  }
  size_t size_max = prng.Below(20) == 0 ? 5000 : prng.Below(4) == 0 ? 100 : 8;
  std::string text(prng.Below(size_max), 'x');
  for (char& c : text) c = static_cast<char>('a' + prng.Below(3));
  return text;
}

TEST_F(PackedListTest, RandomEditsMatchAVector) {
  base::Prng prng(7);
  Strings model;
  for (int step = 0; step < 20000; ++step) {
    auto index = static_cast<uint32_t>(prng.Below(model.size() + 1));
    std::string text = RandomText(prng);
    uint64_t choice = prng.Below(model.size() > 100 ? 8 : 5);
    if (choice < 3) {
      list_.Insert(list_.At(index), text);
      model.insert(model.begin() + index, text);
    } else if (choice == 3 && index < model.size()) {
      auto next = list_.Replace(list_.At(index), text);
      EXPECT_EQ(next, list_.At(index + 1));
      model[index] = text;
    } else {
      auto items = static_cast<uint32_t>(prng.Below(choice == 7 ? 40 : 4));
      list_.Erase(list_.At(index), items);
      auto stop = std::min<size_t>(index + items, model.size());
      model.erase(model.begin() + index, model.begin() + static_cast<ptrdiff_t>(stop));
    }
    if (step % 16 == 0) {
      ASSERT_EQ(Contents(), model) << "step " << step;
      ASSERT_TRUE(list_.Validate());
    }
    ASSERT_EQ(list_.count(), model.size());
  }
}

TEST_F(PackedListTest, CountsMoreItemsThanItsHeaderCanHold) {
  for (int i = 0; i < 5000; ++i) list_.AppendInteger(i % 100);
  EXPECT_EQ(list_.count(), 5000u);
  EXPECT_TRUE(list_.Validate());
  void* copied = list_.Clone();
  PackedList copy(copied);
  EXPECT_EQ(copy.count(), 5000u);
  EXPECT_TRUE(copy.Validate());
  copy.Clear();
  list_.Erase(list_.begin(), 1000);
  EXPECT_EQ(list_.count(), 4000u);
  list_.Erase(list_.begin(), 4000);
  EXPECT_TRUE(list_.empty());
}

TEST_F(PackedListTest, TheCountMovesBehindTheItemsAndBack) {
  base::Prng prng(3);
  uint32_t count = 0;
  for (int round = 0; round < 3; ++round) {
    while (count < 4200) list_.AppendInteger(static_cast<int64_t>(prng.Below(100))), ++count;
    for (; count > 4000; --count) {
      if (prng.Below(4) == 0) list_.Replace(list_.begin(), std::string(prng.Below(30), 'x'));
      list_.Erase(list_.At(static_cast<uint32_t>(prng.Below(count))), 1);
      ASSERT_EQ(list_.count(), count - 1);
      if (count % 16 == 0) ASSERT_TRUE(list_.Validate());
    }
  }
}

// Reading the list to count it for every change would take 10^11 steps.
TEST_F(PackedListTest, AChangeOfALongListDoesNotCountItsItems) {
  constexpr uint32_t kItems = 500'000;
  for (uint32_t i = 0; i < kItems; ++i) list_.AppendInteger(i % 100);
  EXPECT_EQ(list_.count(), kItems);
  for (uint32_t i = 0; i < kItems; ++i) list_.ReplaceInteger(list_.begin(), i % 100);
  EXPECT_EQ(list_.count(), kItems);
  EXPECT_TRUE(list_.Validate());
}

// Every form, and enough of them that the count is stored behind the items and the room grows.
TEST_F(PackedListTest, ABuilderMakesTheBlockThatAppendingMakes) {
  base::Prng prng(11);
  for (const uint32_t items : {1u, 2u, 50u, 4094u, 4095u, 9000u}) {
    for (const uint32_t expected : {0u, 100u, 500'000u}) {
      PackedListBuilder builder(expected);
      list_.Clear();
      for (uint32_t i = 0; i < items; ++i) {
        const std::string text(prng.Below(90), 'x');
        const auto number = static_cast<int64_t>(prng.Next() >> prng.Below(64));
        const Item item = i % 2 == 0 ? Item(number) : Item(std::string_view(text));
        builder.Append(item);
        list_.Append(item);
      }
      void* made = builder.Take();
      const PackedList built(made);
      EXPECT_EQ(built.count(), items);
      EXPECT_TRUE(built.Validate());
      ASSERT_EQ(built.bytes(), list_.bytes());
      EXPECT_EQ(std::memcmp(made, block_, built.bytes()), 0);
      base::Free(made);
    }
  }
}

TEST_F(PackedListTest, ABuilderOfNothingMakesNoBlock) {
  EXPECT_EQ(PackedListBuilder(0).Take(), nullptr);
  EXPECT_EQ(PackedListBuilder(1000).Take(), nullptr);
  // What is not taken goes: the address sanitizer would tell.
  PackedListBuilder(1000).Append(Item(std::string_view("not taken")));
}

TEST_F(PackedListTest, SaysWhenItIsFull) {
  const std::string text(4000, 'x');
  while (list_.FitsAdding(text.size())) list_.Append(text);
  EXPECT_EQ(list_.count(), (PackedList::kBytesMax - 20) / 4002);
  EXPECT_TRUE(list_.Validate());
}

}  // namespace
}  // namespace kvasm::ds
