#include "core/base/stable_sort.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace kvasm::base {
namespace {

// A merge sort of pointers, so that records are moved once, whatever their size.
class Sorter {
 public:
  using Place = const char*;

  Sorter(const void* context, Before before, Place* spare)
      : context_(context), before_(before), spare_(spare) {}

  void Sort(Place* first, size_t count) {
    if (count <= kInsertionMax) return Insert(first, count);
    Place* const middle = first + count / 2;
    Sort(first, count / 2);
    Sort(middle, count - count / 2);
    if (IsBefore(*middle, middle[-1])) Merge(first, middle, first + count);
  }

 private:
  static constexpr size_t kInsertionMax = 8;

  bool IsBefore(Place a, Place b) const { return before_(context_, a, b); }

  void Insert(Place* first, size_t count) {
    for (size_t next = 1; next < count; ++next) {
      Place const place = first[next];
      size_t at = next;
      for (; at > 0 && IsBefore(place, first[at - 1]); --at) first[at] = first[at - 1];
      first[at] = place;
    }
  }

  // Two sorted halves become one. Of equal records those of the front come first.
  void Merge(Place* first, Place* middle, Place* end) {
    Place* left = spare_;
    Place* const left_end = std::copy(first, middle, spare_);
    Place* out = first;
    while (left != left_end && middle != end) {
      *out++ = IsBefore(*middle, *left) ? *middle++ : *left++;
    }
    std::copy(left, left_end, out);
  }

  const void* context_;
  const Before before_;
  Place* const spare_;  // room for half of them
};

}  // namespace

void StableSortRecords(void* records, size_t count, size_t record_bytes, const void* context,
                       Before before) {
  if (count < 2) return;
  char* const bytes = static_cast<char*>(records);
  std::vector<Sorter::Place> places(count + count / 2);
  for (size_t i = 0; i < count; ++i) places[i] = bytes + i * record_bytes;
  Sorter(context, before, &places[count]).Sort(places.data(), count);
  std::vector<char> sorted(count * record_bytes);
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(&sorted[i * record_bytes], places[i], record_bytes);
  }
  std::memcpy(bytes, sorted.data(), sorted.size());
}

}  // namespace kvasm::base
