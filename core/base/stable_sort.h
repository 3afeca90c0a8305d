// One stable sort for everything: std::stable_sort and std::sort are two to five KB of code for
// each type and order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace kvasm::base {

// Whether one record belongs before another; `context` is what was given with it.
using Before = bool (*)(const void* context, const void* a, const void* b);

// Sorts records that may be moved as bytes; equal ones keep their order. O(n log n), O(n) if they
// are in order. Takes memory of StableSortBytes(); the caller makes sure that there is room.
void StableSortRecords(void* records, size_t count, size_t record_bytes, const void* context,
                       Before before);

constexpr uint64_t StableSortBytes(uint64_t count, size_t record_bytes) {
  return count * (record_bytes + 2 * sizeof(void*));
}

template <class T, class Less>
void StableSort(std::span<T> records, const Less& less) {
  static_assert(std::is_trivially_copyable_v<T>);
  StableSortRecords(records.data(), records.size(), sizeof(T), &less,
                    [](const void* context, const void* a, const void* b) -> bool {
                      return (*static_cast<const Less*>(context))(*static_cast<const T*>(a),
                                                                  *static_cast<const T*>(b));
                    });
}

}  // namespace kvasm::base
