#include "core/ds/packed_list.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/alloc.h"

namespace kvasm::ds {
Item PackedList::Take(Position& at) const {
  const uint8_t* item = Data() + at;
  const uint8_t* next = item;
  const Item taken = TakePackedItem(next);
  at += static_cast<Position>(next - item);
  return taken;
}

Item PackedList::Get(Position at) const { return Take(at); }

PackedList::Position PackedList::Find(std::string_view text, Position from, uint32_t stride) const {
  return FindEncoded(EncodedItem(text), from, stride);
}

PackedList::Position PackedList::Find(const Item& item, Position from, uint32_t stride) const {
  return FindEncoded(item.is_integer() ? EncodedItem(item.number()) : EncodedItem(item.bytes()),
                     from, stride);
}

PackedList::Position PackedList::FindEncoded(const EncodedItem& wanted, Position from,
                                             uint32_t stride) const {
  if (block_ == nullptr) return kHeaderBytes;
  const uint8_t* start = Data();
  const uint8_t* end = start + bytes();
  const uint8_t* item = start + from;
  uint32_t wanted_bytes = wanted.bytes();
  while (item < end) {
    uint32_t item_bytes = PackedItemBytes(item);
    if (item_bytes == wanted_bytes && item[0] == wanted.head[0] && wanted.Matches(item)) {
      return static_cast<Position>(item - start);
    }
    item += item_bytes;
    for (uint32_t i = 1; i < stride && item < end; ++i) item += PackedItemBytes(item);
  }
  return static_cast<Position>(end - start);
}

// The one place that moves bytes: makes a gap of `added_bytes` where `removed_bytes` were and
// returns it.
uint8_t* PackedList::MakeGap(Position at, uint32_t removed_bytes, uint32_t added_bytes,
                             uint32_t new_count) {
  uint32_t old_bytes = bytes();
  uint32_t new_bytes = old_bytes - removed_bytes + added_bytes;
  uint32_t tail_bytes = old_bytes - at - removed_bytes;
  bool moves_block = block_ == nullptr || Capacity(new_bytes) != Capacity(old_bytes);
  if (moves_block && (new_bytes > old_bytes || block_ == nullptr)) {
    block_ = base::Reallocate(block_, Capacity(new_bytes));
    moves_block = false;
  }
  uint8_t* data = Data();
  if (added_bytes != removed_bytes && tail_bytes > 0) {
    base::Move(data + at + added_bytes, data + at + removed_bytes, tail_bytes);
  }
  base::Store32(data, new_bytes | std::min(new_count, kCountStoredMax) << kBytesBits);
  if (new_count >= kCountStoredMax) base::Store32(data + new_bytes, new_count);
  if (moves_block) {
    block_ = base::Reallocate(block_, Capacity(new_bytes));
    data = Data();
  }
  return data + at;
}

PackedList::Position PackedList::Splice(Position at, uint32_t removed_bytes, uint32_t removed_items,
                                        const EncodedItem* added) {
  uint32_t added_bytes = added != nullptr ? added->bytes() : 0;
  uint32_t new_count = count() - removed_items + (added != nullptr ? 1 : 0);
  uint8_t* gap = MakeGap(at, removed_bytes, added_bytes, new_count);
  if (added != nullptr) added->Store(gap);
  return at + added_bytes;
}

PackedList::Position PackedList::Insert(Position at, std::string_view text) {
  EncodedItem added(text);
  return Splice(at, 0, 0, &added);
}

PackedList::Position PackedList::Insert(Position at, const Item& item) {
  if (!item.is_integer()) return Insert(at, item.bytes());
  EncodedItem added(item.number());
  return Splice(at, 0, 0, &added);
}

PackedList::Position PackedList::InsertBytes(Position at, std::string_view bytes) {
  EncodedItem added(bytes, /*allow_integer=*/false);
  return Splice(at, 0, 0, &added);
}

PackedList::Position PackedList::Replace(Position at, std::string_view text) {
  EncodedItem added(text);
  return Splice(at, PackedItemBytes(Data() + at), 1, &added);
}

PackedList::Position PackedList::ReplaceInteger(Position at, int64_t number) {
  EncodedItem added(number);
  return Splice(at, PackedItemBytes(Data() + at), 1, &added);
}

PackedList::Position PackedList::ReplaceBytes(Position at, std::string_view bytes) {
  EncodedItem added(bytes, /*allow_integer=*/false);
  return Splice(at, PackedItemBytes(Data() + at), 1, &added);
}

void PackedList::Erase(Position at, uint32_t items) {
  Position stop = at;
  uint32_t removed = 0;
  for (Position last = end(); removed < items && stop < last; ++removed) stop = Next(stop);
  if (removed > 0) Splice(at, stop - at, removed, nullptr);
}

void PackedList::AppendTail(const PackedList& other, Position from) {
  uint32_t items = 0;
  for (Position at = from; at < other.end(); at = other.Next(at)) ++items;
  uint32_t added_bytes = other.end() - from;
  if (added_bytes == 0) return;
  uint8_t* gap = MakeGap(end(), 0, added_bytes, count() + items);
  std::memcpy(gap, other.Data() + from, added_bytes);
}

void PackedList::Clear() {
  base::Free(block_);
  block_ = nullptr;
}

void* PackedList::Clone() const {
  if (block_ == nullptr) return nullptr;
  const uint32_t used = bytes() + (count() < kCountStoredMax ? 0 : kLongCountBytes);
  void* copy = base::Allocate(Capacity(bytes()));
  std::memcpy(copy, block_, used);
  return copy;
}

bool PackedList::Validate() const {
  if (block_ == nullptr) return true;
  const uint8_t* at = Data() + kHeaderBytes;
  const uint8_t* stop = Data() + bytes();
  uint32_t items = 0;
  for (; at < stop; ++items) {
    if (!HoldsPackedItem(at, stop)) return false;
    at += PackedItemBytes(at);
  }
  return at == stop && items == count();
}

PackedListBuilder::~PackedListBuilder() { base::Free(block_); }

void PackedListBuilder::Grow(uint32_t bytes) {
  room_ = std::max(bytes, room_ + room_ / 2);
  block_ = base::Reallocate(block_, room_ + PackedList::kLongCountBytes);
}

void* PackedListBuilder::Take() {
  if (count_ == 0) return nullptr;
  auto* data = static_cast<uint8_t*>(block_);
  base::Store32(data, bytes_ | std::min(count_, PackedList::kCountStoredMax)
                                   << PackedList::kBytesBits);
  if (count_ >= PackedList::kCountStoredMax) base::Store32(data + bytes_, count_);
  return base::Reallocate(std::exchange(block_, nullptr), PackedList::Capacity(bytes_));
}

}  // namespace kvasm::ds
