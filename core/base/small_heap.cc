#include "core/base/small_heap.h"

#include <stdlib.h>

#include <cstdlib>

namespace kvasm::base {

void* SmallHeap::TakePage() {
  if (source_.take != nullptr) return source_.take(source_.context);
  void* page = nullptr;
  return posix_memalign(&page, kPageBytes, kPageBytesTaken) == 0 ? page : nullptr;
}

SmallHeap::Page* SmallHeap::AddPage(uint32_t size_class) {
  auto* page = static_cast<Page*>(TakePage());
  if (page == nullptr) return nullptr;
  *page = {.next = nullptr,
           .previous = nullptr,
           .first_free = 0,
           .used_end = sizeof(Page),
           .live = 0,
           .block_bytes = static_cast<uint16_t>(BlockBytesOf(size_class))};
  const uint32_t index = PageIndex(page);
  owned_[index / 32] |= uint32_t{1} << (index % 32);
  Link(page);
  return page;
}

// A page that was full has room again, and one without live blocks is given back, unless it is the
// only one with room of its size: otherwise a block freed and allocated in turn would take and give
// a page each time.
void SmallHeap::Relink(Page* page, bool was_full) {
  if (was_full) Link(page);
  if (page->live > 0 || (page->next == nullptr && page->previous == nullptr)) return;
  Unlink(page);
  const uint32_t index = PageIndex(page);
  owned_[index / 32] &= ~(uint32_t{1} << (index % 32));
  if (source_.give != nullptr) {
    source_.give(source_.context, page);
  } else {
    std::free(page);
  }
}

void SmallHeap::Link(Page* page) {
  Page*& first = with_room_[SizeClass(page->block_bytes)];
  page->previous = nullptr;
  page->next = first;
  if (first != nullptr) first->previous = page;
  first = page;
}

void SmallHeap::Unlink(Page* page) {
  if (page->next != nullptr) page->next->previous = page->previous;
  if (page->previous != nullptr) {
    page->previous->next = page->next;
  } else {
    with_room_[SizeClass(page->block_bytes)] = page->next;
  }
}

}  // namespace kvasm::base
