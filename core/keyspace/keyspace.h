// All databases, reading, expiry and what surrounds a write. The keyspace changes only through
// Edit (edit.h) and through the whole-database operations below, which owe the same duties.
//
// Time is what SetNow was last told, or what the clock said when it was first asked for; a command
// sees one frozen instant.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/prng.h"
#include "core/host/host.h"
#include "core/keyspace/access.h"
#include "core/keyspace/database.h"
#include "core/keyspace/events.h"
#include "core/keyspace/journal.h"
#include "core/keyspace/lazy_free.h"
#include "core/keyspace/listener.h"
#include "core/keyspace/watch.h"

namespace kvasm::keyspace {

struct KeyspaceStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t expired_keys = 0;
  uint64_t expired_subkeys = 0;  // fields of hashes
  uint64_t evicted_keys = 0;
  uint64_t dirty = 0;  // changes since the start (rdb_changes_since_last_save subtracts)
};

// How a key is looked up.
enum Lookup : uint32_t {
  kLookupRead = 0,            // counts a hit or miss and notes the access
  kLookupNoTouch = 1u << 0,   // does not note the access (TTL, TYPE, OBJECT)
  kLookupNoStats = 1u << 1,   // does not count
  kLookupNoNotify = 1u << 2,  // a miss causes no event
};

class Keyspace {
 public:
  // `context.seed`, `.limits` and `.prng` are borrowed.
  Keyspace(int databases, const types::Context& context);
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  // Adds databases, or takes the last ones away as far as they are empty.
  void SetDatabaseCount(int count);
  int database_count() const { return static_cast<int>(databases_.size()); }
  Database& db(int id) { return *databases_[static_cast<size_t>(id)]; }
  const types::Context& context() const { return context_; }
  base::Prng& prng() { return *context_.prng; }

  void SetNow(int64_t now_ms) {
    now_ms_ = now_ms;
    unread_clock_ = nullptr;
  }
  // The next now_ms() reads this clock, which is borrowed; then that instant stays.
  void SetNowWhenAsked(host::Clock& clock) { unread_clock_ = &clock; }
  int64_t now_ms() const {
    if (unread_clock_ != nullptr) ReadClock();
    return now_ms_;
  }
  // An instant at or shortly before now_ms(), for what need not be exact. Never reads the clock.
  int64_t recent_ms() const { return now_ms_; }

  // Null when absent or expired (then it is removed on the spot, as are a hash's fields whose time
  // has come, unless memory is exhausted: see field_expiry.cc). Valid until the next write.
  Entry* Find(Database& db, std::string_view key, uint32_t lookup = kLookupRead);
  // As it is: an expired one, too, and nothing is noted, counted or told. Null when absent.
  Entry* Peek(Database& db, std::string_view key) const;
  // Whether the entry's time has come, without touching it.
  bool IsExpired(const Database& db, Entry& entry) const {
    return entry.ttl_slot != 0 && db.expiry_.KeyOf(entry) < now_ms() && !expiry_paused_;
  }

  // --- whole-database operations ---
  // Removes every entry. Returns how many there were. O(1) when `lazy`, the rest is freed by Chore.
  uint64_t Flush(Database& db, bool lazy);
  void Swap(Database& a, Database& b);
  // Removes entries, and fields of hashes, whose time has come, at most `budget_units` of them,
  // fewer when it takes long to free them. True while there may be more.
  bool ExpireDue(uint32_t budget_units);
  // Removes a key because memory is short, with the event, the journal record and the count that
  // go with it. False if it is absent, or persistent although `only_volatile`.
  bool Evict(Database& db, std::string_view key, bool only_volatile);
  // Milliseconds until ExpireDue has something to remove, -1 when it will not have.
  int64_t NextExpiryMs() const;
  // One slice of incremental work: rehashing, lazy freeing. True while there is more.
  bool Chore(uint32_t budget_units);
  // What Chore frees; Finish() when memory is short.
  LazyFree& lazy_free() { return lazy_free_; }

  // --- settings ---
  AccessPolicy& access() { return access_; }
  // Loading and replicas: nothing expires by itself.
  void PauseExpiry(bool paused) { expiry_paused_ = paused; }
  // Whether a time is past, and what is to end then may be removed at once.
  bool IsPast(int64_t at_ms) const { return at_ms <= now_ms() && !expiry_paused_; }
  // While clients are paused: what has expired is absent to all who look, but only a write takes it
  // away.
  void KeepExpired(bool keep) { keeps_expired_ = keep; }
  bool keeps_expired() const { return keeps_expired_; }
  // Whether a larger table would leave maxmemory respected.
  bool HasMemoryToGrow(const EntryDict& entries) const {
    return memory_limit == 0 || base::HeapUsedBytes() + 2 * entries.MemoryBytes() <= memory_limit;
  }
  uint64_t memory_limit = 0;        // maxmemory; 0: none
  bool lazy_expire = false;         // lazyfree-lazy-expire
  bool lazy_evict = false;          // lazyfree-lazy-eviction
  bool lazy_user_delete = false;    // lazyfree-lazy-user-del
  bool lazy_server_delete = false;  // lazyfree-lazy-server-del

  KeyspaceStats& stats() { return stats_; }
  Journal& journal() { return journal_; }
  WatchTable& watches() { return watches_; }

  // Listeners are borrowed and called in the order of attachment.
  void Attach(Listener& listener);
  void Detach(Listener& listener);
  // A keyspace event that no write causes (keymiss) or that a command emits itself.
  void Notify(EventClass event_class, std::string_view event, Database& db, std::string_view key);

  // Counts a change that is none of a key (of the libraries of functions).
  void CountChange() { ++stats_.dirty; }

  // --- snapshot epochs (snapshot_cut.h) ---
  uint8_t epoch() const { return epoch_; }
  // Begins a new epoch: every present entry is of an older one.
  void BeginEpoch();

 private:
  friend class Edit;
  friend class SnapshotCut;

  void ReadClock() const;

  // The duties of the gate.
  void BeforeWrite(Database& db, Entry& entry) {
    if ((interests_ & Listener::kPreImage) && entry.epoch != epoch_) TellBeforeWrite(db, entry);
    entry.epoch = epoch_;
  }
  void TellBeforeWrite(Database& db, Entry& entry);
  void Changed(Database& db, std::string_view key) {
    ++stats_.dirty;
    if (!watches_.empty()) watches_.Touch(db.id(), key);
    if (interests_ & Listener::kChanges) TellChanged(db, key);
  }
  void TellChanged(Database& db, std::string_view key);
  void TellGone(Database& db, std::string_view key);
  void TellReady(Database& db, std::string_view key, types::Type type);
  // Unlinks and frees; no duties besides the pre-image. Returns how many elements were freed.
  uint64_t Drop(Database& db, Entry** link, bool lazy);
  uint64_t Expire(Database& db, Entry** link);
  // Drop with the duties of a key that goes by itself.
  uint64_t DropUnasked(Database& db, Entry** link, bool lazy, EventClass event_class,
                       std::string_view event);

  // --- ends of hash fields (field_expiry.cc) ---
  bool FieldsAreDue(const Entry& entry) const {
    if (!types::HasFieldExpiry(entry.encoding)) [[likely]]
      return false;
    const int64_t end_ms = types::Hash::EarliestExpiry(entry.encoding, entry.data);
    return end_ms >= 0 && end_ms <= now_ms() && !expiry_paused_;
  }
  // Removes up to `budget` fields that are due, fewer when there is no memory to record more, the
  // key too when it becomes empty (`*gone`, if given, tells). Returns how many.
  uint32_t ExpireFields(Database& db, Entry** link, uint32_t budget, bool* gone = nullptr);
  // Puts the entry where its earliest end belongs in the database's order, or takes it out of it
  // when there is none. A hash for which there is no memory is not in it: its fields end when it
  // is looked up.
  void OrderFields(Database& db, Entry& entry);
  // Takes the entry out of that order.
  void ForgetFields(Database& db, Entry& entry) {
    if (types::HasFieldExpiry(entry.encoding) && FieldExpiryHeap::Contains(entry)) {
      db.field_expiry_.Remove(entry);
    }
  }
  Entry* FindLive(Database& db, std::string_view key);

  const types::Context context_;
  std::vector<std::unique_ptr<Database>> databases_;
  mutable int64_t now_ms_ = 0;
  mutable host::Clock* unread_clock_ = nullptr;
  AccessPolicy access_;
  KeyspaceStats stats_;
  Journal journal_;
  WatchTable watches_;
  std::vector<Listener*> listeners_;
  uint32_t interests_ = 0;
  uint8_t epoch_ = 0;
  uint16_t epochs_begun_ = 0;  // since all entries were last given the same epoch
  bool expiry_paused_ = false;
  bool keeps_expired_ = false;
  LazyFree lazy_free_;
};

}  // namespace kvasm::keyspace
