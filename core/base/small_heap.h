#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace kvasm::base {

// Blocks of up to 512 bytes without a header, in pages of 16 KB that hold one size each.
//
//   page, aligned to its size:   | header | block | block | block | ...          |
//   header (16 bytes in wasm):   next and previous page with room, first free block,
//                                end of the blocks ever used, live blocks, block size
//
// A general allocator spends 4 bytes a block and rounds to 16; here a block costs its size rounded
// to 4 (to 8 from 64 bytes on), which is what entries and packed lists of a keyspace are made of.
// Allocate and Free are a dozen instructions each. Pages come from and return to a general
// allocator, so memory freed in one size serves any other.
//
// Which pages are ours is kept in a bitmap over an address range of 4 GB, which covers a wasm
// memory whole. Blocks whose size is a multiple of 8 are aligned to 8 bytes, others to 4:
// wasm allows any access at any address.
class SmallHeap {
 public:
  static constexpr uint32_t kBlockBytesMax = 512;
  static constexpr uint32_t kPageBytes = 16384;

  // Where pages come from. `take` returns kPageBytesTaken bytes aligned to kPageBytes, inside 4 GB
  // from `origin` on, or null.
  struct PageSource {
    void* (*take)(void* context) = nullptr;
    void (*give)(void* context, void* page) = nullptr;
    void* context = nullptr;
    uintptr_t origin = 0;
  };
  // A little less than a page, so that pages of an allocator with headers lie side by side.
  static constexpr uint32_t kPageBytesTaken = kPageBytes - 8;

  // Pages come from malloc, which is right for a wasm memory only. All zero, so that a global one
  // takes no room in the module.
  constexpr SmallHeap() = default;
  explicit SmallHeap(const PageSource& source) : source_(source) {}
  SmallHeap(const SmallHeap&) = delete;
  SmallHeap& operator=(const SmallHeap&) = delete;

  // `bytes` must be at most kBlockBytesMax. Null when no page is to be had.
  void* Allocate(size_t bytes) {
    const uint32_t size_class = SizeClass(bytes);
    Page* page = with_room_[size_class];
    if (page == nullptr) [[unlikely]] {
      page = AddPage(size_class);
      if (page == nullptr) return nullptr;
    }
    uint32_t offset = page->first_free;
    if (offset != 0) {
      std::memcpy(&page->first_free, At(page, offset), sizeof page->first_free);
    } else {
      offset = page->used_end;
      page->used_end = static_cast<uint16_t>(offset + page->block_bytes);
    }
    ++page->live;
    if (IsFull(*page)) [[unlikely]]
      Unlink(page);
    return At(page, offset);
  }

  // `block` must be a live block of this heap.
  void Free(void* block) {
    Page* page = PageOf(block);
    const bool was_full = IsFull(*page);
    std::memcpy(block, &page->first_free, sizeof page->first_free);
    page->first_free = static_cast<uint16_t>(reinterpret_cast<uintptr_t>(block) & kPageMask);
    --page->live;
    if (was_full || page->live == 0) [[unlikely]]
      Relink(page, was_full);
  }

  // Whether a block of any allocator, by its address, is one of this heap.
  bool Owns(const void* block) const {
    const uint32_t page = PageIndex(block);
    return (owned_[page / 32] >> (page % 32) & 1) != 0;
  }

  // Bytes of a live block of this heap, and of the block that Allocate would give.
  static uint32_t BlockBytes(const void* block) {
    return PageOf(const_cast<void*>(block))->block_bytes;
  }
  static uint32_t BlockBytesFor(size_t bytes) { return BlockBytesOf(SizeClass(bytes)); }

 private:
  static constexpr uintptr_t kPageMask = kPageBytes - 1;
  // Classes of 4, 8, 12, ... 64 bytes, then of 72, 80, ... 512.
  static constexpr uint32_t kFineBytesMax = 64;
  static constexpr uint32_t kFineClasses = kFineBytesMax / 4;
  static constexpr uint32_t kClasses = kFineClasses + (kBlockBytesMax - kFineBytesMax) / 8;
  static constexpr uint32_t kPages = uint32_t{1} << 18;  // 4 GB of them

  struct Page {
    Page* next;
    Page* previous;
    uint16_t first_free;  // offset in the page; 0 = none
    uint16_t used_end;    // offset behind the last block ever handed out
    uint16_t live;
    uint16_t block_bytes;
  };

  static uint32_t SizeClass(size_t bytes) {
    const auto size = static_cast<uint32_t>(bytes);
    if (size > kFineBytesMax) return kFineClasses + (size - kFineBytesMax - 1) / 8;
    return size == 0 ? 0 : (size - 1) / 4;
  }
  static uint32_t BlockBytesOf(uint32_t size_class) {
    if (size_class < kFineClasses) return (size_class + 1) * 4;
    return kFineBytesMax + (size_class - kFineClasses + 1) * 8;
  }

  static Page* PageOf(void* block) {
    return reinterpret_cast<Page*>(reinterpret_cast<uintptr_t>(block) & ~kPageMask);
  }
  static void* At(Page* page, uint32_t offset) { return reinterpret_cast<char*>(page) + offset; }
  static bool IsFull(const Page& page) {
    return page.first_free == 0 && page.used_end + page.block_bytes > kPageBytesTaken;
  }
  uint32_t PageIndex(const void* block) const {
    return static_cast<uint32_t>((reinterpret_cast<uintptr_t>(block) - source_.origin) /
                                 kPageBytes) %
           kPages;
  }

  void* TakePage();
  Page* AddPage(uint32_t size_class);
  void Relink(Page* page, bool was_full);
  void Link(Page* page);
  void Unlink(Page* page);

  PageSource source_;
  Page* with_room_[kClasses] = {};
  uint32_t owned_[kPages / 32] = {};
};

}  // namespace kvasm::base
