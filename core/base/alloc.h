// The heap, metered. Every byte the engine holds, its own blocks and those of std containers alike
// (operator new is replaced in alloc.cc), is counted here, so `used_memory` is what is really held.
//
// The heap belongs to the process (in wasm: to the module instance, which holds one engine), and so
// does its meter: the one piece of state in core that is not inside an object.
//
// Running out: small allocations never fail. When the heap is exhausted or `limit_bytes` would be
// passed, a ballast set aside beforehand is released, the command at hand is finished with it, and
// HeapExhausted() turns true so that the engine answers later writes with -OOM until enough has
// been freed to set the ballast aside again. Large or caller-sized blocks use TryAllocate, which
// fails without touching the ballast.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvasm::base {

// Never null. Traps when even the ballast is used up.
void* Allocate(size_t bytes);
// Null when the heap cannot give `bytes` and still keep its ballast.
void* TryAllocate(size_t bytes);
// As realloc; never null. Traps as Allocate does.
void* Reallocate(void* block, size_t bytes);
// Null when there is no room; `block` then stays as it is.
void* TryReallocate(void* block, size_t bytes);
void Free(void* block);
// Bytes that may be used of a block, at least what was asked for.
size_t UsableBytes(const void* block);
// Whether `bytes` more could be allocated now without touching the ballast.
bool HaveRoom(uint64_t bytes);

// Bytes held by live blocks, allocator headers included.
uint64_t HeapUsedBytes();
uint64_t HeapPeakBytes();
// The most that may be held.
uint64_t HeapLimitBytes();
// Refuses to hold more than `bytes` (0 = what the address space gives). Sets the ballast aside.
void SetHeapLimit(uint64_t bytes);
// True while the ballast is spent. Tries to set it aside again first.
bool HeapExhausted();

}  // namespace kvasm::base
