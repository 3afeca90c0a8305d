#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/ds/item.h"
#include "core/ds/packed_item.h"

namespace kvasm::ds {

// A list of short strings and integers in one heap block, read front to back.
//
//   block: | bytes:20 count:12 | item | item | ... | count:32 |   (a little-endian word, `bytes`
//          low; a count of 4095 or more is stored as 4095, and as it is behind the items)
//   item:  as packed_item.h draws it
//
// Equal items have equal bytes, so Find compares memory. There are no back links: walking
// backwards means remembering positions.
//
// This class is a handle over the pointer to the block, which the caller keeps (and which
// may be null: an empty list owns no memory). Adding text that lies inside the same list is
// not allowed. Every change invalidates positions behind it and all views into the list.
class PackedList {
 public:
  // Byte offset of an item in the block; end() when there is none.
  using Position = uint32_t;
  static constexpr uint32_t kHeaderBytes = 4;
  // A list must stay below this; callers ask FitsAdding before they add.
  static constexpr uint32_t kBytesMax = (1u << 20) - 1;
  static constexpr uint32_t kIntegerBytesMax = 9;

  explicit PackedList(void*& block) : block_(block) {}

  uint32_t count() const {
    if (block_ == nullptr) return 0;
    uint32_t stored = base::Load32(Data()) >> kBytesBits;
    return stored < kCountStoredMax ? stored : base::Load32(Data() + bytes());
  }
  uint32_t bytes() const {
    return block_ != nullptr ? base::Load32(Data()) & kBytesMax : kHeaderBytes;
  }
  bool empty() const { return bytes() == kHeaderBytes; }
  // Heap bytes in use, slack included.
  uint32_t MemoryBytes() const { return block_ != nullptr ? Capacity(bytes()) : 0; }
  // Whether text of `added_bytes` in total may be added.
  bool FitsAdding(uint64_t added_bytes) const { return bytes() + added_bytes + 16 <= kBytesMax; }

  Position begin() const { return kHeaderBytes; }
  Position end() const { return bytes(); }
  // `at` must not be end().
  Position Next(Position at) const { return at + PackedItemBytes(Data() + at); }
  Position Skip(Position at, uint32_t items) const {
    while (items-- > 0) at = Next(at);
    return at;
  }
  // Position of item `index`, or end(). O(index).
  Position At(uint32_t index) const { return index < count() ? Skip(begin(), index) : end(); }

  Item Get(Position at) const;
  // Reads the item and moves `at` behind it.
  Item Take(Position& at) const;
  // First item equal to the wanted one among those at `from`, `from + stride`, ...; end() if
  // none.
  Position Find(std::string_view text, Position from, uint32_t stride) const;
  Position Find(const Item& item, Position from, uint32_t stride) const;
  Position Find(std::string_view text) const { return Find(text, begin(), 1); }
  Position Find(const Item& item) const { return Find(item, begin(), 1); }

  void Append(std::string_view text) { Insert(end(), text); }
  void Append(const Item& item) { Insert(end(), item); }
  void AppendInteger(int64_t number) { Insert(end(), Item(number)); }
  // Text kept as text even when it looks like a number (fixed-size binary values).
  void AppendBytes(std::string_view bytes) { InsertBytes(end(), bytes); }

  // Inserts before `at`; returns the position behind the new item.
  Position Insert(Position at, std::string_view text);
  Position Insert(Position at, const Item& item);
  Position InsertBytes(Position at, std::string_view bytes);
  // Replaces the item at `at`; returns the position behind it.
  Position Replace(Position at, std::string_view text);
  Position ReplaceInteger(Position at, int64_t number);
  Position ReplaceBytes(Position at, std::string_view bytes);
  // Removes up to `items` items from `at` on. Afterwards `at` is the item that followed.
  void Erase(Position at, uint32_t items);
  // Appends the items of another list from `from` on. There must be room (FitsAdding).
  void AppendTail(const PackedList& other, Position from);

  void Clear();
  // A copy of the block, owned by the caller.
  void* Clone() const;
  // The raw block, whose items end at bytes(); null for an empty list without memory.
  const void* block() const { return block_; }

  // Walks the whole block and checks that it is well formed.
  bool Validate() const;

 private:
  friend class PackedListBuilder;
  static constexpr uint32_t kBytesBits = 20;
  static constexpr uint32_t kCountStoredMax = 4095;

  static constexpr uint32_t kLongCountBytes = 4;

  // A list of fewer bytes than this has too few items to need the count behind them.
  static constexpr uint32_t kLongBytesMin = kHeaderBytes + kCountStoredMax;
  static uint32_t Capacity(uint32_t bytes) {
    return BlockCapacity(bytes < kLongBytesMin ? bytes : bytes + kLongCountBytes);
  }
  const uint8_t* Data() const { return static_cast<const uint8_t*>(block_); }
  uint8_t* Data() { return static_cast<uint8_t*>(block_); }
  Position FindEncoded(const EncodedItem& wanted, Position from, uint32_t stride) const;
  Position Splice(Position at, uint32_t removed_bytes, uint32_t removed_items,
                  const EncodedItem* added);
  uint8_t* MakeGap(Position at, uint32_t removed_bytes, uint32_t added_bytes, uint32_t new_count);

  void*& block_;
};

// Makes a list of many items at once, which costs a fraction of appending them one by one. What it
// has made goes with it unless it is taken.
class PackedListBuilder {
 public:
  // `bytes`: about as many as the items will take.
  explicit PackedListBuilder(uint32_t bytes) { Grow(PackedList::kHeaderBytes + bytes); }
  PackedListBuilder(const PackedListBuilder&) = delete;
  PackedListBuilder& operator=(const PackedListBuilder&) = delete;
  ~PackedListBuilder();

  // Text that reads as an integer must come as one. There must be room (PackedList::kBytesMax).
  void Append(const Item& item) {
    const EncodedItem added =
        item.is_integer() ? EncodedItem(item.number()) : EncodedItem(item.bytes(), false);
    if (added.bytes() > room_ - bytes_) Grow(bytes_ + added.bytes());
    added.Store(static_cast<uint8_t*>(block_) + bytes_);
    bytes_ += added.bytes();
    ++count_;
  }
  // The block of a PackedList, which belongs to the caller; null if nothing was appended.
  void* Take();

 private:
  void Grow(uint32_t bytes);

  void* block_ = nullptr;
  uint32_t room_ = 0;
  uint32_t bytes_ = PackedList::kHeaderBytes;
  uint32_t count_ = 0;
};

}  // namespace kvasm::ds
