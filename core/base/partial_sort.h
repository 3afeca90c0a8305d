// A quicksort that puts only the places asked for in order. Where elements compare equal their
// order depends on the algorithm, so it is the one that Redis cuts long results with: Bentley and
// McIlroy's "Engineering a Sort Function", which leaves out the parts outside of the places.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace kvasm::base {

namespace partial_sort {

template <class T, class Compare>
T* MedianOf(T* a, T* b, T* c, Compare& compare) {
  if (compare(*a, *b) < 0) {
    if (compare(*b, *c) < 0) return b;
    return compare(*a, *c) < 0 ? c : a;
  }
  if (compare(*b, *c) > 0) return b;
  return compare(*a, *c) < 0 ? a : c;
}

template <class T, class Compare>
T* ChoosePivot(T* first, size_t count, Compare& compare) {
  T* low = first;
  T* middle = first + count / 2;
  T* high = first + (count - 1);
  if (count == 7) return middle;
  if (count > 40) {
    const size_t step = count / 8;
    low = MedianOf(low, low + step, low + 2 * step, compare);
    middle = MedianOf(middle - step, middle, middle + step, compare);
    high = MedianOf(high - 2 * step, high - step, high, compare);
  }
  return MedianOf(low, middle, high, compare);
}

template <class T, class Compare>
void InsertionSort(T* first, T* end, Compare& compare) {
  for (T* next = first + 1; next < end; ++next) {
    for (T* at = next; at > first && compare(at[-1], *at) > 0; --at) std::swap(at[-1], *at);
  }
}

struct Split {
  size_t below;  // elements before the pivot, at the front
  size_t above;  // elements after the pivot, at the end
};

// Elements equal to the pivot gather at both ends first and are moved to the middle at last.
template <class T, class Compare>
Split Partition(T* first, size_t count, Compare& compare) {
  T* const end = first + count;
  std::swap(*first, *ChoosePivot(first, count, compare));
  T* equal_front = first + 1;
  T* left = first + 1;
  T* right = end - 1;
  T* equal_back = end - 1;
  for (;;) {
    int order;
    while (left <= right && (order = compare(*left, *first)) <= 0) {
      if (order == 0) std::swap(*equal_front++, *left);
      ++left;
    }
    while (left <= right && (order = compare(*right, *first)) >= 0) {
      if (order == 0) std::swap(*right, *equal_back--);
      --right;
    }
    if (left > right) break;
    std::swap(*left++, *right--);
  }
  const auto below = left - equal_front;
  const auto above = equal_back - right;
  const auto front = std::min(equal_front - first, below);
  std::swap_ranges(first, first + front, left - front);
  const auto back = std::min(above, end - equal_back - 1);
  std::swap_ranges(left, left + back, end - back);
  return {static_cast<size_t>(below), static_cast<size_t>(above)};
}

}  // namespace partial_sort

// Puts in place what belongs to places `low` to `high` of a whole sort (the rest stays in no
// particular order). `compare(a, b)` is negative, zero or positive. O(n + k log k) on average.
template <class T, class Compare>
void PartialSort(T* first, size_t count, ptrdiff_t low, ptrdiff_t high, Compare compare) {
  const T* const low_place = first + low;
  const T* const high_place = first + high;
  // Whether a run of elements need not be sorted: both places lie on the same side of it.
  const auto unasked = [&](const T* run, size_t size) {
    const T* last = run + size - 1;
    return (low_place < run && high_place < run) || (low_place > last && high_place > last);
  };
  while (count >= 7) {
    const auto [below, above] = partial_sort::Partition(first, count, compare);
    if (below > 1 && !unasked(first, below)) {
      PartialSort(first, below, low, high, compare);
    }
    T* const end = first + count;
    if (above <= 1 || unasked(end - above, above)) return;
    low -= (end - above) - first;
    high -= (end - above) - first;
    first = end - above;
    count = above;
  }
  partial_sort::InsertionSort(first, first + count, compare);
}

}  // namespace kvasm::base
