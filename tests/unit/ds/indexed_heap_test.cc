#include "core/ds/indexed_heap.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/prng.h"

namespace kvasm::ds {
namespace {

struct Timer {
  int id = 0;
  uint32_t slot = 0;
};

struct Traits {
  static uint32_t& Slot(Timer& timer) { return timer.slot; }
};

using Heap = IndexedHeap<Timer, Traits>;

TEST(IndexedHeap, PopsInKeyOrder) {
  Heap heap;
  std::vector<Timer> timers(100);
  base::Prng prng(1);
  for (Timer& timer : timers) {
    ASSERT_TRUE(heap.Push(static_cast<int64_t>(prng.Below(50)) - 25, &timer));
  }
  int64_t last = std::numeric_limits<int64_t>::min();
  for (int i = 0; i < 100; ++i) {
    ASSERT_GE(heap.MinKey(), last);
    last = heap.MinKey();
    Timer* timer = heap.PopMin();
    ASSERT_NE(timer, nullptr);
    EXPECT_EQ(timer->slot, 0u);
  }
  EXPECT_EQ(heap.PopMin(), nullptr);
  EXPECT_LE(heap.MemoryBytes(), 16u * 16);
  heap.Clear();
  EXPECT_EQ(heap.MemoryBytes(), 0u);
}

TEST(IndexedHeap, WhatIsTakenOutCanBePutBackWithoutMemory) {
  Heap heap;
  std::vector<Timer> timers(100);
  for (Timer& timer : timers) ASSERT_TRUE(heap.Push(1, &timer));
  while (!heap.empty()) {
    Timer* timer = heap.PopMin();
    base::SetHeapLimit(base::HeapUsedBytes());
    const bool pushed = heap.Push(2, timer);
    base::SetHeapLimit(0);
    ASSERT_TRUE(pushed);
    heap.Remove(*timer);
  }
}

TEST(IndexedHeap, KeepsTheWholeRangeOfKeys) {
  Heap heap;
  Timer a, b;
  ASSERT_TRUE(heap.Push(std::numeric_limits<int64_t>::max(), &a));
  ASSERT_TRUE(heap.Push(std::numeric_limits<int64_t>::min(), &b));
  EXPECT_EQ(heap.Min(), &b);
  EXPECT_EQ(heap.KeyOf(a), std::numeric_limits<int64_t>::max());
}

TEST(IndexedHeap, AgreesWithAModel) {
  Heap heap;
  std::vector<Timer> timers(2000);
  std::map<Timer*, int64_t> keys;
  std::multiset<int64_t> order;
  base::Prng prng(9);
  for (int i = 0; i < 200000; ++i) {
    Timer& timer = timers[prng.Below(timers.size())];
    const auto key = static_cast<int64_t>(prng.Below(1000));
    if (!Heap::Contains(timer)) {
      ASSERT_TRUE(heap.Push(key, &timer));
      keys[&timer] = key;
      order.insert(key);
    } else {
      ASSERT_EQ(heap.KeyOf(timer), keys[&timer]);
      order.erase(order.find(keys[&timer]));
      if (prng.Below(100) < (i / 50000 % 2 == 0 ? 40 : 90)) {
        heap.Remove(timer);
        keys.erase(&timer);
      } else {
        heap.Update(timer, key);
        keys[&timer] = key;
        order.insert(key);
      }
    }
    ASSERT_EQ(heap.size(), keys.size());
    if (!heap.empty()) {
      ASSERT_EQ(heap.MinKey(), *order.begin());
    }
  }
  for (uint32_t i = 0; i < heap.size(); ++i) {
    EXPECT_EQ(heap.At(i)->slot, i + 1);
    EXPECT_EQ(heap.KeyAt(i), keys.at(heap.At(i)));
  }
}

TEST(IndexedHeap, FollowsItemsThatMove) {
  Heap heap;
  std::vector<Timer> timers(20);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(heap.Push(i, &timers[static_cast<size_t>(i)]));
  Timer moved = timers[7];
  heap.Moved(&moved);
  heap.Update(moved, -1);
  EXPECT_EQ(heap.Min(), &moved);
}

TEST(IndexedHeap, MovesAsAWhole) {
  Heap heap;
  Timer timer;
  ASSERT_TRUE(heap.Push(1, &timer));
  Heap other = std::move(heap);
  EXPECT_TRUE(heap.empty());
  EXPECT_EQ(other.Min(), &timer);
}

}  // namespace
}  // namespace kvasm::ds
