// Which sessions have read which keys: the memory of CLIENT TRACKING without BCAST. Keys are told
// apart by name only, whatever database they are in; sessions are ids, which may be of sessions
// that are gone.
//
// One block a key: its name and the ids, sorted. Cost: O(log sessions of the key) to find an id,
// O(sessions of the key) to add one.
#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <string_view>

#include "core/base/alloc.h"
#include "core/base/hash.h"
#include "core/base/prng.h"
#include "core/ds/dict.h"

namespace kvasm::services {

//   [ TrackedKey ][ name, padded to 8 bytes ][ id 0 ][ id 1 ] ... [ unused up to `capacity` ]
struct TrackedKey {
  TrackedKey* next;
  uint32_t name_bytes;
  uint32_t count;     // of ids
  uint32_t capacity;  // for ids

  std::string_view name() const;
  std::span<const uint64_t> ids() const;
};

class TrackingTable {
 public:
  // The seed is borrowed.
  explicit TrackingTable(const base::HashSeed* seed) : seed_(seed), keys_(seed) {}
  TrackingTable(const TrackingTable&) = delete;
  TrackingTable& operator=(const TrackingTable&) = delete;

  // Notes that the session has read the key. False if there is no memory to do so.
  bool Add(std::string_view name, uint64_t session_id);
  // Takes the key out; null if nobody has read it. To be given back to Free.
  TrackedKey* Take(std::string_view name);
  // Takes any key out; null if there is none.
  TrackedKey* TakeRandom(base::Prng& prng);
  static void Free(TrackedKey* key) { base::Free(key); }

  // Forgets everything, in the background if `lazy`: Step goes on with it.
  void Clear(bool lazy);
  // Frees up to `budget` keys; true while there are more to free.
  bool Step(uint32_t budget);

  uint32_t size() const { return keys_.size(); }
  // Pairs of a key and a session.
  uint64_t item_count() const { return items_; }

 private:
  struct Traits {
    static TrackedKey*& Next(TrackedKey& key) { return key.next; }
    static std::string_view Key(const TrackedKey& key) { return key.name(); }
    static void Dispose(TrackedKey* key) { base::Free(key); }
  };
  using Keys = ds::Dict<TrackedKey, Traits>;

  TrackedKey* TakeAt(TrackedKey** link);

  const base::HashSeed* seed_;
  Keys keys_;
  uint64_t items_ = 0;
  std::list<Keys> dropped_;
};

}  // namespace kvasm::services
