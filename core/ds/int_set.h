#pragma once

#include <cstdint>

namespace kvasm::ds {

// A sorted array of distinct integers in one heap block, each 2, 4 or 8 bytes wide: as wide as
// the widest value ever added needs. Lookup O(log n), change O(n).
//
//   block: | width:2 count:30 | value | value | ...     (values little endian, ascending)
//
// A handle over the pointer to the block, which the caller keeps; null is the empty set.
class IntSet {
 public:
  static constexpr uint32_t kHeaderBytes = 4;
  // A block is never refused memory, so it stays far smaller than the heap's ballast: 8 MB.
  static constexpr uint32_t kCountMax = (1u << 20) - 1;

  explicit IntSet(void*& block) : block_(block) {}

  uint32_t count() const { return block_ != nullptr ? Header() >> 2 : 0; }
  // Bytes per value: 2, 4 or 8.
  uint32_t width() const { return block_ != nullptr ? 1u << (Header() & 3) : 2; }
  uint32_t bytes() const { return kHeaderBytes + count() * width(); }
  uint32_t MemoryBytes() const;

  // The value at `index` < count(), in ascending order.
  int64_t At(uint32_t index) const { return Load(index, width()); }
  bool Contains(int64_t value) const;
  // False when it was there already.
  bool Insert(int64_t value);
  // False when it was not there.
  bool Erase(int64_t value);
  // Removes `items` values from `index` on.
  void EraseAt(uint32_t index, uint32_t items);

  void Clear();
  void* Clone() const;
  bool Validate() const;

 private:
  uint32_t Header() const;
  int64_t Load(uint32_t index, uint32_t width) const;
  void Store(uint32_t index, uint32_t width, int64_t value);
  uint32_t LowerBound(int64_t value) const;
  void Resize(uint32_t new_count, uint32_t new_width);

  void*& block_;
};

}  // namespace kvasm::ds
