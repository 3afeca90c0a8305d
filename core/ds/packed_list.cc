#include "core/ds/packed_list.h"

#include <algorithm>
#include <cstring>

#include "core/base/alloc.h"

namespace kvasm::ds {
namespace {

constexpr uint8_t kText32 = 0xf0;
constexpr uint8_t kInt16 = 0xf1;
constexpr uint8_t kInt24 = 0xf2;
constexpr uint8_t kInt32 = 0xf3;
constexpr uint8_t kInt64 = 0xf4;

void StoreLittle(uint8_t* to, uint64_t value, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

int64_t LoadSigned(const uint8_t* from, uint32_t bytes) {
  uint64_t value = 0;
  for (uint32_t i = 0; i < bytes; ++i) value |= static_cast<uint64_t>(from[i]) << (8 * i);
  uint32_t unused_bits = 64 - 8 * bytes;
  return static_cast<int64_t>(value << unused_bits) >> unused_bits;
}

bool FitsSigned(int64_t value, uint32_t bits) {
  int64_t limit = int64_t{1} << (bits - 1);
  return value >= -limit && value < limit;
}

}  // namespace

// An item ready to be stored: `head` (which for integers is everything) and then `text`.
struct PackedList::Encoded {
  uint8_t head[9];
  uint8_t head_bytes = 0;
  std::string_view text;

  explicit Encoded(int64_t number) { SetNumber(number); }
  explicit Encoded(std::string_view value, bool allow_integer = true) {
    auto number = allow_integer ? base::ParseInt64(value) : std::nullopt;
    if (number) {
      SetNumber(*number);
    } else {
      SetText(value);
    }
  }

  uint32_t bytes() const { return head_bytes + static_cast<uint32_t>(text.size()); }

  /// Whether the stored item of the same length as this one is the same.
  bool Matches(const uint8_t* item) const {
    auto view = [](const uint8_t* bytes, size_t size) {
      return std::string_view(reinterpret_cast<const char*>(bytes), size);
    };
    return base::Equal(view(item, head_bytes), view(head, head_bytes)) &&
           base::Equal(view(item + head_bytes, text.size()), text);
  }

  void SetNumber(int64_t number) {
    if (number >= 0 && number <= 127) {
      head[0] = static_cast<uint8_t>(number);
      head_bytes = 1;
    } else if (FitsSigned(number, 13)) {
      auto bits = static_cast<uint32_t>(number) & 0x1fff;
      head[0] = static_cast<uint8_t>(0xc0 | bits >> 8);
      head[1] = static_cast<uint8_t>(bits);
      head_bytes = 2;
    } else if (FitsSigned(number, 16)) {
      SetWide(kInt16, number, 2);
    } else if (FitsSigned(number, 24)) {
      SetWide(kInt24, number, 3);
    } else if (FitsSigned(number, 32)) {
      SetWide(kInt32, number, 4);
    } else {
      SetWide(kInt64, number, 8);
    }
  }

  void SetText(std::string_view value) {
    text = value;
    auto size = static_cast<uint32_t>(value.size());
    if (size < 64) {
      head[0] = static_cast<uint8_t>(0x80 | size);
      head_bytes = 1;
    } else if (size < 4096) {
      head[0] = static_cast<uint8_t>(0xe0 | size >> 8);
      head[1] = static_cast<uint8_t>(size);
      head_bytes = 2;
    } else {
      SetWide(kText32, size, 4);
    }
  }

 private:
  void SetWide(uint8_t tag, int64_t value, uint8_t bytes) {
    head[0] = tag;
    StoreLittle(head + 1, static_cast<uint64_t>(value), bytes);
    head_bytes = static_cast<uint8_t>(bytes + 1);
  }
};

uint32_t PackedList::ItemBytes(const uint8_t* item) {
  uint8_t first = item[0];
  if (first < 0x80) return 1;
  if (first < 0xc0) return 1 + (first & 0x3fu);
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 2 + ((first & 0xfu) << 8 | item[1]);
  switch (first) {
    case kText32:
      return 5 + base::Load32(item + 1);
    case kInt16:
      return 3;
    case kInt24:
      return 4;
    case kInt32:
      return 5;
    default:
      return 9;
  }
}

Item PackedList::Take(Position& at) const {
  const uint8_t* item = Data() + at;
  auto text = [&](uint32_t head_bytes, uint32_t size) {
    at += head_bytes + size;
    return Item(std::string_view(reinterpret_cast<const char*>(item) + head_bytes, size));
  };
  auto wide = [&](uint32_t bytes) {
    at += bytes + 1;
    return Item(LoadSigned(item + 1, bytes));
  };
  uint8_t first = item[0];
  if (first < 0x80) {
    ++at;
    return Item(int64_t{first});
  }
  if (first < 0xc0) return text(1, first & 0x3f);
  if (first < 0xe0) {
    at += 2;
    uint32_t bits = (first & 0x1fu) << 8 | item[1];
    return Item(bits < 0x1000 ? int64_t{bits} : int64_t{bits} - 0x2000);
  }
  if (first < 0xf0) return text(2, (first & 0xfu) << 8 | item[1]);
  switch (first) {
    case kText32:
      return text(5, base::Load32(item + 1));
    case kInt16:
      return wide(2);
    case kInt24:
      return wide(3);
    case kInt32:
      return wide(4);
    default:
      return wide(8);
  }
}

Item PackedList::Get(Position at) const { return Take(at); }

PackedList::Position PackedList::Find(std::string_view text, Position from, uint32_t stride) const {
  return FindEncoded(Encoded(text), from, stride);
}

PackedList::Position PackedList::Find(const Item& item, Position from, uint32_t stride) const {
  return FindEncoded(item.is_integer() ? Encoded(item.number()) : Encoded(item.bytes()), from,
                     stride);
}

PackedList::Position PackedList::FindEncoded(const Encoded& wanted, Position from,
                                             uint32_t stride) const {
  if (block_ == nullptr) return kHeaderBytes;
  const uint8_t* start = Data();
  const uint8_t* end = start + bytes();
  const uint8_t* item = start + from;
  uint32_t wanted_bytes = wanted.bytes();
  while (item < end) {
    uint32_t item_bytes = ItemBytes(item);
    if (item_bytes == wanted_bytes && item[0] == wanted.head[0] && wanted.Matches(item)) {
      return static_cast<Position>(item - start);
    }
    item += item_bytes;
    for (uint32_t i = 1; i < stride && item < end; ++i) item += ItemBytes(item);
  }
  return static_cast<Position>(end - start);
}

uint32_t PackedList::CountItems() const {
  uint32_t items = 0;
  for (Position at = begin(); at < end(); at = Next(at)) ++items;
  return items;
}

// The one place that moves bytes: replaces `removed_bytes` at `at` by `added` (if any).
PackedList::Position PackedList::Splice(Position at, uint32_t removed_bytes, uint32_t removed_items,
                                        const Encoded* added) {
  uint32_t old_bytes = bytes();
  uint32_t new_count = count() - removed_items + (added != nullptr ? 1 : 0);
  uint32_t added_bytes = added != nullptr ? added->bytes() : 0;
  uint32_t new_bytes = old_bytes - removed_bytes + added_bytes;
  uint32_t tail_bytes = old_bytes - at - removed_bytes;
  bool grows = new_bytes > old_bytes;
  bool moves_block = block_ == nullptr || BlockCapacity(new_bytes) != BlockCapacity(old_bytes);
  if (moves_block && (grows || block_ == nullptr)) {
    block_ = base::Reallocate(block_, BlockCapacity(new_bytes));
  }
  uint8_t* data = Data();
  if (added_bytes != removed_bytes && tail_bytes > 0) {
    std::memmove(data + at + added_bytes, data + at + removed_bytes, tail_bytes);
  }
  if (added != nullptr) {
    std::memcpy(data + at, added->head, added->head_bytes);
    if (!added->text.empty()) {
      std::memcpy(data + at + added->head_bytes, added->text.data(), added->text.size());
    }
  }
  base::Store32(data, new_bytes | std::min(new_count, kCountStoredMax) << kBytesBits);
  if (moves_block && new_bytes < old_bytes) {
    block_ = base::Reallocate(block_, BlockCapacity(new_bytes));
  }
  return at + added_bytes;
}

PackedList::Position PackedList::Insert(Position at, std::string_view text) {
  Encoded added(text);
  return Splice(at, 0, 0, &added);
}

PackedList::Position PackedList::Insert(Position at, const Item& item) {
  if (!item.is_integer()) return Insert(at, item.bytes());
  Encoded added(item.number());
  return Splice(at, 0, 0, &added);
}

PackedList::Position PackedList::InsertBytes(Position at, std::string_view bytes) {
  Encoded added(bytes, /*allow_integer=*/false);
  return Splice(at, 0, 0, &added);
}

PackedList::Position PackedList::Replace(Position at, std::string_view text) {
  Encoded added(text);
  return Splice(at, ItemBytes(Data() + at), 1, &added);
}

PackedList::Position PackedList::ReplaceInteger(Position at, int64_t number) {
  Encoded added(number);
  return Splice(at, ItemBytes(Data() + at), 1, &added);
}

PackedList::Position PackedList::ReplaceBytes(Position at, std::string_view bytes) {
  Encoded added(bytes, /*allow_integer=*/false);
  return Splice(at, ItemBytes(Data() + at), 1, &added);
}

void PackedList::Erase(Position at, uint32_t items) {
  Position stop = at;
  uint32_t removed = 0;
  for (Position last = end(); removed < items && stop < last; ++removed) stop = Next(stop);
  if (removed > 0) Splice(at, stop - at, removed, nullptr);
}

void PackedList::Clear() {
  base::Free(block_);
  block_ = nullptr;
}

void* PackedList::Clone() const {
  if (block_ == nullptr) return nullptr;
  void* copy = base::Allocate(BlockCapacity(bytes()));
  std::memcpy(copy, block_, bytes());
  return copy;
}

bool PackedList::Validate() const {
  if (block_ == nullptr) return true;
  uint64_t total = bytes();
  uint64_t at = kHeaderBytes;
  uint32_t items = 0;
  while (at < total) {
    uint8_t first = Data()[at];
    if (first > kInt64) return false;
    uint64_t head_bytes = first < 0xe0 ? 1 : first == kText32 ? 5 : 2;
    if (at + head_bytes > total) return false;
    at += ItemBytes(Data() + at);
    ++items;
  }
  return at == total && items == count();
}

}  // namespace kvasm::ds
