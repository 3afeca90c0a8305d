#include "core/services/tracking_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kvasm::services {
namespace {

static_assert(sizeof(TrackedKey) % sizeof(uint64_t) == 0, "ids follow, aligned");

// A name's bytes with their padding. Names are no longer than an argument may be (1 GB).
uint32_t PaddedBytes(size_t name_bytes) {
  constexpr uint32_t kAlign = sizeof(uint64_t);
  return (static_cast<uint32_t>(name_bytes) + kAlign - 1) & ~(kAlign - 1);
}

uint64_t BlockBytes(size_t name_bytes, uint32_t capacity) {
  return sizeof(TrackedKey) + uint64_t{PaddedBytes(name_bytes)} +
         uint64_t{capacity} * sizeof(uint64_t);
}

char* NameOf(TrackedKey* key) { return reinterpret_cast<char*>(key + 1); }

uint64_t* IdsOf(TrackedKey* key) {
  return reinterpret_cast<uint64_t*>(NameOf(key) + PaddedBytes(key->name_bytes));
}

TrackedKey* TryNew(std::string_view name, uint64_t session_id) {
  const uint64_t bytes = BlockBytes(name.size(), 1);
  if (bytes > UINT32_MAX) return nullptr;
  auto* key = static_cast<TrackedKey*>(base::TryAllocate(static_cast<size_t>(bytes)));
  if (key == nullptr) return nullptr;
  key->next = nullptr;
  key->name_bytes = static_cast<uint32_t>(name.size());
  key->count = key->capacity = 1;
  if (!name.empty()) std::memcpy(NameOf(key), name.data(), name.size());
  IdsOf(key)[0] = session_id;
  return key;
}

}  // namespace

std::string_view TrackedKey::name() const {
  return {reinterpret_cast<const char*>(this + 1), name_bytes};
}

std::span<const uint64_t> TrackedKey::ids() const {
  return {IdsOf(const_cast<TrackedKey*>(this)), count};
}

bool TrackingTable::Add(std::string_view name, uint64_t session_id) {
  const uint32_t hash = keys_.Hash(name);
  TrackedKey** link = keys_.FindLink(name, hash);
  if (link == nullptr) {
    TrackedKey* key = TryNew(name, session_id);
    if (key == nullptr) return false;
    keys_.Insert(key, hash);
    ++items_;
    return true;
  }
  TrackedKey* key = *link;
  uint64_t* ids = IdsOf(key);
  auto at = static_cast<uint32_t>(std::lower_bound(ids, ids + key->count, session_id) - ids);
  if (at < key->count && ids[at] == session_id) return true;
  if (key->count == key->capacity) {
    const uint32_t capacity = key->capacity + key->capacity / 2 + 1;
    const uint64_t bytes = BlockBytes(key->name_bytes, capacity);
    if (bytes > UINT32_MAX) return false;
    void* block = base::TryReallocate(key, static_cast<size_t>(bytes));
    if (block == nullptr) return false;
    key = static_cast<TrackedKey*>(block);
    key->capacity = capacity;
    keys_.Moved(link, key);
    ids = IdsOf(key);
  }
  std::memmove(ids + at + 1, ids + at, (key->count - at) * sizeof *ids);
  ids[at] = session_id;
  ++key->count;
  ++items_;
  return true;
}

TrackedKey* TrackingTable::TakeAt(TrackedKey** link) {
  items_ -= (*link)->count;
  return keys_.Unlink(link);
}

TrackedKey* TrackingTable::Take(std::string_view name) {
  TrackedKey** link = keys_.FindLink(name);
  return link == nullptr ? nullptr : TakeAt(link);
}

TrackedKey* TrackingTable::TakeRandom(base::Prng& prng) {
  const TrackedKey* key = keys_.Random(prng);
  return key == nullptr ? nullptr : TakeAt(keys_.FindLink(key->name()));
}

void TrackingTable::Clear(bool lazy) {
  Keys old = std::exchange(keys_, Keys(seed_));
  items_ = 0;
  if (lazy && !old.empty()) dropped_.push_back(std::move(old));
}

bool TrackingTable::Step(uint32_t budget) {
  if (dropped_.empty()) return false;
  if (!dropped_.front().Drain(budget, [](TrackedKey* key) { Free(key); })) dropped_.pop_front();
  return !dropped_.empty();
}

}  // namespace kvasm::services
