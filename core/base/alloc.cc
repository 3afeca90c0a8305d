#include "core/base/alloc.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

#include "core/base/check.h"

namespace kvasm::base {
namespace {

// What the allocator adds to a block (dlmalloc in wasm, glibc natively).
constexpr size_t kHeaderBytes = sizeof(size_t);
constexpr uint64_t kBallastBytes = 8u << 20;
// TryAllocate refuses blocks that would leave less than this.
constexpr uint64_t kAddressSpaceBytes =
    sizeof(void*) == 4 ? uint64_t{4000} << 20 : uint64_t{1} << 46;

struct Meter {
  uint64_t used = 0;
  uint64_t peak = 0;
  uint64_t limit = kAddressSpaceBytes;
  void* ballast = nullptr;
  bool guarded = false;
  bool spent = false;
};

constinit Meter meter;

void Count(void* block) {
  meter.used += malloc_usable_size(block) + kHeaderBytes;
  if (meter.used > meter.peak) meter.peak = meter.used;
}

void Uncount(void* block) { meter.used -= malloc_usable_size(block) + kHeaderBytes; }

bool TakeBallast() {
  if (meter.used + 2 * kBallastBytes > meter.limit) return false;
  meter.ballast = std::malloc(kBallastBytes);
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
  const uint64_t kept = meter.guarded ? kBallastBytes : 0;
  return meter.used + bytes + kept <= meter.limit;
}

}  // namespace

void* Allocate(size_t bytes) {
  if (!WithinSoftLimit(bytes)) [[unlikely]] {
    SpendBallast();
    CHECK(WithinLimit(bytes));
  }
  void* block = std::malloc(bytes);
  if (block == nullptr) [[unlikely]] {
    if (SpendBallast()) block = std::malloc(bytes);
    CHECK(block != nullptr);
  }
  Count(block);
  return block;
}

void* TryAllocate(size_t bytes) {
  if (!WithinSoftLimit(bytes)) return nullptr;
  void* block = std::malloc(bytes);
  if (block != nullptr) Count(block);
  return block;
}

void* TryReallocate(void* block, size_t bytes) {
  if (block == nullptr) return TryAllocate(bytes);
  const size_t before = malloc_usable_size(block);
  if (bytes > before && !WithinSoftLimit(bytes - before)) return nullptr;
  void* moved = std::realloc(block, bytes);
  if (moved == nullptr) return nullptr;
  meter.used -= before + kHeaderBytes;
  Count(moved);
  return moved;
}

void* Reallocate(void* block, size_t bytes) {
  void* moved = TryReallocate(block, bytes);
  if (moved == nullptr) [[unlikely]] {
    SpendBallast();
    moved = TryReallocate(block, bytes);
    CHECK(moved != nullptr);
  }
  return moved;
}

void Free(void* block) {
  if (block == nullptr) return;
  Uncount(block);
  std::free(block);
}

size_t UsableBytes(const void* block) { return malloc_usable_size(const_cast<void*>(block)); }

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

void SetHeapLimit(uint64_t bytes) {
  meter.limit = bytes == 0 || bytes > kAddressSpaceBytes ? kAddressSpaceBytes : bytes;
  meter.guarded = true;
  if (meter.ballast == nullptr) TakeBallast();
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
void operator delete(void* block) noexcept { kvasm::base::Free(block); }
void operator delete[](void* block) noexcept { kvasm::base::Free(block); }
void operator delete(void* block, size_t) noexcept { kvasm::base::Free(block); }
void operator delete[](void* block, size_t) noexcept { kvasm::base::Free(block); }
