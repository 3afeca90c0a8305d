#include "core/base/small_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "core/base/prng.h"

namespace kvasm::base {
namespace {

// Pages out of one aligned arena, so that the test knows how many are taken.
class Arena {
 public:
  explicit Arena(uint32_t pages)
      : memory_(static_cast<char*>(
            std::aligned_alloc(SmallHeap::kPageBytes, size_t{SmallHeap::kPageBytes} * pages))) {
    for (uint32_t i = pages; i-- > 0;) free_.push_back(memory_ + size_t{SmallHeap::kPageBytes} * i);
  }
  ~Arena() { std::free(memory_); }

  SmallHeap::PageSource source() {
    return {.take = &Take,
            .give = &Give,
            .context = this,
            .origin = reinterpret_cast<uintptr_t>(memory_)};
  }
  int taken() const { return taken_; }

 private:
  static void* Take(void* context) {
    auto* arena = static_cast<Arena*>(context);
    if (arena->free_.empty()) return nullptr;
    void* page = arena->free_.back();
    arena->free_.pop_back();
    ++arena->taken_;
    return page;
  }
  static void Give(void* context, void* page) {
    auto* arena = static_cast<Arena*>(context);
    arena->free_.push_back(static_cast<char*>(page));
    --arena->taken_;
  }

  char* memory_;
  std::vector<char*> free_;
  int taken_ = 0;
};

struct Block {
  unsigned char* data;
  uint32_t bytes;
  unsigned char fill;
};

Block NewBlock(SmallHeap& heap, uint32_t bytes, unsigned char fill) {
  Block block{static_cast<unsigned char*>(heap.Allocate(bytes)), bytes, fill};
  if (block.data != nullptr) std::memset(block.data, fill, bytes);
  return block;
}

bool IsIntact(const Block& block) {
  for (uint32_t i = 0; i < block.bytes; ++i) {
    if (block.data[i] != block.fill) return false;
  }
  return true;
}

TEST(SmallHeap, BlocksAreAlignedLargeEnoughAndKnown) {
  Arena arena(80);
  auto heap = std::make_unique<SmallHeap>(arena.source());
  for (uint32_t bytes = 0; bytes <= SmallHeap::kBlockBytesMax; ++bytes) {
    void* block = heap->Allocate(bytes);
    ASSERT_NE(block, nullptr);
    const uint32_t given = SmallHeap::BlockBytes(block);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % (given % 8 == 0 ? 8 : 4), 0u);
    EXPECT_GE(given, bytes);
    EXPECT_LT(given, std::max(bytes, 1u) + (bytes <= 64 ? 4 : 8));
    EXPECT_EQ(given, SmallHeap::BlockBytesFor(bytes));
    EXPECT_TRUE(heap->Owns(block));
  }
}

TEST(SmallHeap, RandomUseKeepsBlocksApart) {
  Arena arena(600);
  auto heap = std::make_unique<SmallHeap>(arena.source());
  Prng prng(1);
  std::vector<Block> live;
  for (int step = 0; step < 200'000; ++step) {
    // Grows to some thousand blocks, then shrinks, again and again.
    const bool grow = (step / 8000) % 2 == 0 ? prng.Next() % 4 != 0 : prng.Next() % 4 == 0;
    if (grow || live.empty()) {
      const auto bytes = static_cast<uint32_t>(prng.Next() % 513);
      live.push_back(NewBlock(*heap, bytes, static_cast<unsigned char>(step)));
      ASSERT_NE(live.back().data, nullptr);
    } else {
      std::swap(live[prng.Next() % live.size()], live.back());
      ASSERT_TRUE(IsIntact(live.back()));
      heap->Free(live.back().data);
      live.pop_back();
    }
  }
  for (const Block& block : live) ASSERT_TRUE(IsIntact(block));
}

TEST(SmallHeap, EmptyPagesServeOtherSizes) {
  Arena arena(10);
  auto heap = std::make_unique<SmallHeap>(arena.source());
  std::vector<void*> blocks;
  for (uint32_t bytes : {24u, 100u, 512u}) {
    while (void* block = heap->Allocate(bytes)) blocks.push_back(block);
    EXPECT_EQ(arena.taken(), 10);
    for (void* block : blocks) heap->Free(block);
    blocks.clear();
    // One page of each size may stay, to be at hand for the next block.
    EXPECT_LE(arena.taken(), 3);
  }
}

TEST(SmallHeap, AFullHeapRecoversWhenABlockIsFreed) {
  Arena arena(1);
  auto heap = std::make_unique<SmallHeap>(arena.source());
  std::vector<void*> blocks;
  while (void* block = heap->Allocate(64)) blocks.push_back(block);
  EXPECT_EQ(blocks.size(), (SmallHeap::kPageBytesTaken - 3 * sizeof(void*)) / 64);
  EXPECT_EQ(heap->Allocate(64), nullptr);
  heap->Free(blocks[7]);
  EXPECT_EQ(heap->Allocate(64), blocks[7]);
  EXPECT_EQ(heap->Allocate(64), nullptr);
}

TEST(SmallHeap, OneBlockFreedAndAllocatedInTurnTakesOnePage) {
  Arena arena(2);
  auto heap = std::make_unique<SmallHeap>(arena.source());
  for (int i = 0; i < 100; ++i) {
    void* block = heap->Allocate(40);
    EXPECT_EQ(arena.taken(), 1);
    heap->Free(block);
    EXPECT_EQ(arena.taken(), 1);
  }
}

TEST(SmallHeap, ForeignBlocksAreNotOwned) {
  Arena arena(1);
  auto heap = std::make_unique<SmallHeap>(arena.source());
  void* block = heap->Allocate(8);
  EXPECT_FALSE(heap->Owns(static_cast<char*>(block) + SmallHeap::kPageBytes));
  heap->Free(block);
}

}  // namespace
}  // namespace kvasm::base
