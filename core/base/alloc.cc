#include "core/base/alloc.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "core/base/check.h"
#include "core/base/small_heap.h"

namespace kvasm::base {
namespace {

// What the allocator adds to a block (dlmalloc in wasm, glibc natively).
constexpr size_t kHeaderBytes = sizeof(size_t);
constexpr size_t kPageBytes = 4096;
constexpr uint64_t kBallastBytesMax = 16u << 20;
// TryAllocate refuses blocks that would leave less than this.
constexpr uint64_t kAddressSpaceBytes =
    sizeof(void*) == 4 ? uint64_t{4000} << 20 : uint64_t{1} << 46;

struct Meter {
  uint64_t used = 0;
  uint64_t peak = 0;
  uint64_t limit = kAddressSpaceBytes;
  void* ballast = nullptr;
  uint64_t ballast_bytes = kBallastBytesMax;
  bool guarded = false;
  bool spent = false;
};

constinit Meter meter;

// In wasm small blocks live without headers; natively every block is the allocator's own, so that
// the sanitizers see it.
constexpr bool kHasSmallHeap = sizeof(void*) == 4;
constinit SmallHeap small_heap;

bool IsSmall(const void* block) { return kHasSmallHeap && small_heap.Owns(block); }

void* TakeBlock(size_t bytes) {
  if (kHasSmallHeap && bytes <= SmallHeap::kBlockBytesMax) {
    void* block = small_heap.Allocate(bytes);
    if (block != nullptr) [[likely]]
      return block;
    // No room for another page: perhaps for the block.
  }
  return std::malloc(bytes);
}

void GiveBlock(void* block) {
  if (IsSmall(block)) {
    small_heap.Free(block);
  } else {
    std::free(block);
  }
}

// What a live block takes of the heap.
size_t BlockCost(void* block) {
  return IsSmall(block) ? SmallHeap::BlockBytes(block) : malloc_usable_size(block) + kHeaderBytes;
}

// As realloc.
void* MoveBlock(void* block, size_t bytes) {
  const bool small = IsSmall(block);
  if (small && bytes <= SmallHeap::kBlockBytesMax &&
      SmallHeap::BlockBytesFor(bytes) == SmallHeap::BlockBytes(block)) {
    return block;
  }
  const bool becomes_small = kHasSmallHeap && bytes <= SmallHeap::kBlockBytesMax;
  if (!small && !becomes_small) return std::realloc(block, bytes);
  void* moved = TakeBlock(bytes);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(bytes, UsableBytes(block)));
  GiveBlock(block);
  return moved;
}

void Count(void* block) {
  meter.used += BlockCost(block);
  if (meter.used > meter.peak) meter.peak = meter.used;
}

void Uncount(void* block) { meter.used -= BlockCost(block); }

bool TakeBallast() {
  if (meter.ballast != nullptr) return true;
  if (meter.used + 2 * meter.ballast_bytes > meter.limit) return false;
  meter.ballast = std::malloc(static_cast<size_t>(meter.ballast_bytes));
  return meter.ballast != nullptr;
}

// Gives the ballast back to the heap; false when there is none.
bool SpendBallast() {
  meter.spent = true;
  if (meter.ballast == nullptr) return false;
  std::free(meter.ballast);
  meter.ballast = nullptr;
  return true;
}

bool WithinLimit(size_t bytes) { return meter.used + bytes + kHeaderBytes <= meter.limit; }

// The ballast counts as part of the limit only while it has to be kept for others.
bool WithinSoftLimit(uint64_t bytes) {
  const uint64_t kept = meter.guarded ? meter.ballast_bytes : 0;
  return meter.used + bytes + kept <= meter.limit;
}

}  // namespace

void* Allocate(size_t bytes) {
  if (!WithinSoftLimit(bytes)) [[unlikely]] {
    SpendBallast();
    CHECK(WithinLimit(bytes));
  }
  void* block = TakeBlock(bytes);
  if (block == nullptr) [[unlikely]] {
    if (SpendBallast()) block = TakeBlock(bytes);
    CHECK(block != nullptr);
  }
  Count(block);
  return block;
}

void* TryAllocate(size_t bytes) {
  if (!WithinSoftLimit(bytes)) return nullptr;
  void* block = TakeBlock(bytes);
  if (block != nullptr) Count(block);
  return block;
}

void* TryReallocate(void* block, size_t bytes) {
  if (block == nullptr) return TryAllocate(bytes);
  const size_t before = UsableBytes(block);
  // The allocator rounds large blocks up to pages. Asked again within the page it would add another
  // one each time, past the check below.
  if (bytes > kPageBytes && bytes <= before && before - bytes <= 2 * kPageBytes) return block;
  const size_t cost_before = BlockCost(block);
  if (bytes > before && !WithinSoftLimit(bytes - before)) return nullptr;
  void* moved = MoveBlock(block, bytes);
  if (moved == nullptr) return nullptr;
  meter.used -= cost_before;
  Count(moved);
  return moved;
}

void* Reallocate(void* block, size_t bytes) {
  if (block == nullptr) return Allocate(bytes);
  void* moved = TryReallocate(block, bytes);
  if (moved == nullptr) [[unlikely]] {
    // As in Allocate: the limit still holds, the room kept for others does not.
    const size_t before = UsableBytes(block);
    const size_t cost_before = BlockCost(block);
    SpendBallast();
    CHECK(bytes <= before || WithinLimit(bytes - before));
    moved = MoveBlock(block, bytes);
    CHECK(moved != nullptr);
    meter.used -= cost_before;
    Count(moved);
  }
  return moved;
}

void Free(void* block) {
  if (block == nullptr) return;
  Uncount(block);
  GiveBlock(block);
}

size_t UsableBytes(const void* block) {
  return IsSmall(block) ? SmallHeap::BlockBytes(block)
                        : malloc_usable_size(const_cast<void*>(block));
}

bool HaveRoom(uint64_t bytes) {
  if (!WithinSoftLimit(bytes)) return false;
  if (bytes < (1u << 20)) return true;
  if (bytes >= SIZE_MAX) return false;
  void* probe = std::malloc(static_cast<size_t>(bytes));
  std::free(probe);
  return probe != nullptr;
}

uint64_t HeapUsedBytes() { return meter.used; }
uint64_t HeapPeakBytes() { return meter.peak; }
uint64_t HeapLimitBytes() { return meter.limit; }

void SetHeapLimit(uint64_t bytes) {
  meter.limit = bytes == 0 || bytes > kAddressSpaceBytes ? kAddressSpaceBytes : bytes;
  meter.guarded = true;
  std::free(std::exchange(meter.ballast, nullptr));
  meter.ballast_bytes = std::min(kBallastBytesMax, meter.limit / 8);
  TakeBallast();
}

bool HeapExhausted() {
  if (!meter.spent) [[likely]]
    return false;
  meter.spent = !TakeBallast();
  return meter.spent;
}

}  // namespace kvasm::base

void* operator new(size_t bytes) { return kvasm::base::Allocate(bytes == 0 ? 1 : bytes); }
void* operator new[](size_t bytes) { return kvasm::base::Allocate(bytes == 0 ? 1 : bytes); }
// std::stable_sort asks this way for its buffer and does without when there is none.
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return kvasm::base::TryAllocate(bytes == 0 ? 1 : bytes);
}
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return kvasm::base::TryAllocate(bytes == 0 ? 1 : bytes);
}
void operator delete(void* block) noexcept { kvasm::base::Free(block); }
void operator delete[](void* block) noexcept { kvasm::base::Free(block); }
void operator delete(void* block, size_t) noexcept { kvasm::base::Free(block); }
void operator delete[](void* block, size_t) noexcept { kvasm::base::Free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { kvasm::base::Free(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { kvasm::base::Free(block); }
