// What the decoders of the several types share while one value is read. Internal to this layer.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/alloc.h"
#include "core/base/room.h"
#include "core/ds/packed_list.h"
#include "core/persist/reader.h"
#include "core/types/value.h"

namespace kvasm::persist {

// A value being read. A decoder puts it together at `value` (whose encoding it chooses first) and
// returns false when it ends early; the reader then knows the fault, or `empty` is set.
struct Loading {
  Reader& in;
  const types::Context& context;
  types::ValueRef value;
  StringScratch first{};
  StringScratch second{};
  base::RoomAhead room{};
  bool empty = false;

  const types::Limits& limits() const { return *context.limits; }
  // `cause` says more than that the value fails its checks; it outlives everything.
  bool Corrupt(std::string_view cause = {}) { return in.Fail(Fault::kCorrupt, cause); }
  bool Empty() {
    empty = true;
    return false;
  }
  // Whether an element of about `bytes` may be allocated; latches the fault if not.
  bool HaveRoom(uint64_t bytes) {
    constexpr uint64_t kElementBytes = 64;     // what a node takes besides its bytes
    constexpr uint64_t kSpareBytes = 2 << 20;  // the largest compact block, moved
    const uint64_t asked = room.Take(bytes + kElementBytes);
    const bool has_room =
        asked == 0 ? !base::HeapExhausted() : base::HaveRoom(asked + asked / 4 + kSpareBytes);
    return has_room || in.Fail(Fault::kOutOfMemory);
  }
  // Chooses the encoding; the collection starts without elements.
  void Begin(types::Encoding encoding) {
    value.encoding = encoding;
    value.data = types::NewCollection(encoding, context);
  }
};

// Whether a compact block of `bytes` bytes and `elements` elements has room as a packed list: ours
// has other forms, some of them longer.
inline bool FitsPackedList(uint64_t bytes, uint64_t elements) {
  constexpr uint64_t kLongerMost = 8;
  return bytes + elements * kLongerMost < ds::PackedList::kBytesMax - 64;
}

// Whether every limit of this kind ("at most so many", as configured) allows `count`.
inline bool Within(uint64_t count, int64_t limit) {
  return limit >= 0 && count <= static_cast<uint64_t>(limit);
}

bool LoadHash(Loading& loading, ValueType type);
bool LoadHashWithEnds(Loading& loading, ValueType type);
bool LoadSet(Loading& loading, ValueType type);
bool LoadSortedSet(Loading& loading, ValueType type);
bool LoadList(Loading& loading, ValueType type);
bool LoadStream(Loading& loading, ValueType type);

}  // namespace kvasm::persist
