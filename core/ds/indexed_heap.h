#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/base/alloc.h"

namespace kvasm::ds {

// A min-heap of (key, item) whose items know their place in it, so that any item can be re-keyed or
// removed in O(log n). Items are borrowed.
//
//     struct Traits {
//       static uint32_t& Slot(T& item);   // belongs to the heap: 1-based place, 0 = in none
//     };
//
// Four children a node: half the depth of a binary heap and one cache line a level. An entry takes
// 12 bytes in wasm (the key is not aligned), 16 natively. What was removed leaves room for a push,
// so an item can always be taken out and put back; the smallest block is kept until Clear.
template <class T, class Traits>
class IndexedHeap {
 public:
  IndexedHeap() = default;
  ~IndexedHeap() { base::Free(entries_); }
  IndexedHeap(const IndexedHeap&) = delete;
  IndexedHeap& operator=(const IndexedHeap&) = delete;
  IndexedHeap(IndexedHeap&& other) noexcept { Swap(other); }
  IndexedHeap& operator=(IndexedHeap&& other) noexcept {
    if (this != &other) {
      IndexedHeap taken(std::move(other));
      Swap(taken);
    }
    return *this;
  }

  uint32_t size() const { return size_; }
  // Places there is memory for.
  uint32_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }

  static bool Contains(T& item) { return Traits::Slot(item) != 0; }

  // Adds an item that is in no heap. False if memory is exhausted; nothing has changed then.
  [[nodiscard]] bool Push(int64_t key, T* item) {
    if (size_ == capacity_ && !Grow()) return false;
    ++size_;
    Up(size_ - 1, key, item);
    return true;
  }

  // Makes the next `more` pushes succeed, growing by half at least. False if memory is exhausted.
  [[nodiscard]] bool Reserve(uint32_t more) {
    if (more > kCapacityMax - size_) return false;
    if (size_ + more <= capacity_) return true;
    const uint32_t wanted = std::max(size_ + more, capacity_ + capacity_ / 2);
    return Resize(wanted < kCapacityMax ? wanted : kCapacityMax);
  }

  // As Reserve, for a number of items that is small by other limits: never fails, as small
  // allocations never do.
  void ReserveSmall(uint32_t more) {
    if (size_ + more <= capacity_) return;
    capacity_ = size_ + more;
    entries_ = static_cast<Entry*>(base::Reallocate(entries_, size_t{capacity_} * sizeof(Entry)));
  }

  // Makes the next push succeed, growing as Push would. False if memory is exhausted.
  [[nodiscard]] bool ReserveOne() { return size_ < capacity_ || Grow(); }

  // Changes the key of an item of this heap.
  void Update(T& item, int64_t key) {
    const uint32_t i = Traits::Slot(item) - 1;
    if (key < entries_[i].Key()) {
      Up(i, key, &item);
    } else {
      Down(i, key, &item);
    }
  }

  // Takes an item of this heap out of it.
  void Remove(T& item) {
    const uint32_t i = Traits::Slot(item) - 1;
    Traits::Slot(item) = 0;
    const Entry last = entries_[--size_];
    if (i < size_) {
      if (last.Key() < entries_[i].Key()) {
        Up(i, last.Key(), last.item);
      } else {
        Down(i, last.Key(), last.item);
      }
    }
    ShrinkIfSparse();
  }

  // Tells that an item of this heap now lives at another address, its slot copied along.
  void Moved(T* item) { entries_[Traits::Slot(*item) - 1].item = item; }

  int64_t KeyOf(T& item) const { return entries_[Traits::Slot(item) - 1].Key(); }

  // The item with the smallest key, null if empty.
  T* Min() const { return size_ == 0 ? nullptr : entries_[0].item; }
  int64_t MinKey() const { return entries_[0].Key(); }

  // Takes the item with the smallest key out; null if empty.
  T* PopMin() {
    T* item = Min();
    if (item != nullptr) Remove(*item);
    return item;
  }

  // The item at a place in [0, size()): for sampling at random.
  T* At(uint32_t i) const { return entries_[i].item; }
  int64_t KeyAt(uint32_t i) const { return entries_[i].Key(); }

  // Forgets all items without touching them or their slots (which are then stale).
  void Clear() {
    base::Free(std::exchange(entries_, nullptr));
    size_ = capacity_ = 0;
  }

  void Swap(IndexedHeap& other) {
    std::swap(entries_, other.entries_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  uint64_t MemoryBytes() const { return uint64_t{capacity_} * sizeof(Entry); }

 private:
  struct Entry {
    char key_bytes[8];
    T* item;

    int64_t Key() const {
      int64_t key;
      std::memcpy(&key, key_bytes, sizeof key);
      return key;
    }
  };
  static_assert(sizeof(Entry) == 8 + sizeof(void*));

  static constexpr uint32_t kArity = 4;
  static constexpr uint32_t kCapacityMin = 8;
  static constexpr uint32_t kCapacityMax = static_cast<uint32_t>(0x7fffffff / sizeof(Entry));

  void Put(uint32_t i, int64_t key, T* item) {
    std::memcpy(entries_[i].key_bytes, &key, sizeof key);
    entries_[i].item = item;
    Traits::Slot(*item) = i + 1;
  }

  // Both move a hole, not the entry: one write a level.
  void Up(uint32_t i, int64_t key, T* item) {
    while (i > 0) {
      const uint32_t parent = (i - 1) / kArity;
      if (entries_[parent].Key() <= key) break;
      Put(i, entries_[parent].Key(), entries_[parent].item);
      i = parent;
    }
    Put(i, key, item);
  }

  void Down(uint32_t i, int64_t key, T* item) {
    for (;;) {
      const uint32_t first = i * kArity + 1;
      if (first >= size_) break;
      const uint32_t end = first + kArity < size_ ? first + kArity : size_;
      uint32_t least = first;
      for (uint32_t child = first + 1; child < end; ++child) {
        if (entries_[child].Key() < entries_[least].Key()) least = child;
      }
      if (entries_[least].Key() >= key) break;
      Put(i, entries_[least].Key(), entries_[least].item);
      i = least;
    }
    Put(i, key, item);
  }

  bool Grow() {
    const uint32_t wanted = capacity_ < kCapacityMin ? kCapacityMin : capacity_ + capacity_ / 2;
    return capacity_ < kCapacityMax && Resize(wanted < kCapacityMax ? wanted : kCapacityMax);
  }

  bool Resize(uint32_t capacity) {
    void* grown = base::TryReallocate(entries_, size_t{capacity} * sizeof(Entry));
    if (grown == nullptr) return false;
    entries_ = static_cast<Entry*>(grown);
    capacity_ = capacity;
    return true;
  }

  void ShrinkIfSparse() {
    if (capacity_ > kCapacityMin && size_ < capacity_ / 4) Resize(capacity_ / 2);
  }

  Entry* entries_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace kvasm::ds
