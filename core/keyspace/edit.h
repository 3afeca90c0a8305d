// The write gate: every change to a key happens inside an Edit.
//
//     Edit edit(call.keyspace, call.db, key);    // looks the key up, removing it if expired
//     if (edit.exists() && !edit.Is(Type::kHash)) return call.reply.Error(errors::kWrongType);
//     types::Hash hash(edit.Collection(Encoding::kHashListpack), context);  // found or created
//     added = hash.Set(field, value);
//     edit.Changed(kEventHash, "hset");          // version, event, dirty; once per effect
//     ...                                        // closing: deleted if empty, waiters woken
//
// What the gate does for each change: the snapshot's pre-image before the first one, the WATCH
// version, invalidation of caches, keyspace events, deletion of emptied collections (event "del"),
// waking of those who wait for the key, the count of changes, the access clock. The journal record
// is made by the engine from the call, or from what the handler recorded (Call::Record).
//
// References and entries obtained from an Edit are valid until its next call that may move the
// entry (Collection on an absent key, Set*, Delete) and at most until it closes. `key` is borrowed
// for the Edit's life. One Edit per key at a time; Edits of different keys may be open together.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/keyspace/keyspace.h"

namespace kvasm::keyspace {

// What becomes of an expired key when an Edit opens: it is removed, or, by an Edit that deletes
// whatever is there without a look at it, left to be deleted like any other.
enum class Expired : uint8_t { kGoes, kStays };

// When those who watch or cache the key are told: before the event, after it, or when the Edit
// closes, after the "del" of what is emptied. Clients see the order; each command has Redis's.
enum class Tell : uint8_t { kBefore, kAfter, kAtClose };

class Edit {
 public:
  Edit(Keyspace& keyspace, Database& db, std::string_view key, Expired expired = Expired::kGoes);
  ~Edit() { Close(); }
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;

  bool exists() const { return entry_ != nullptr; }
  bool Is(types::Type type) const { return entry_ != nullptr && entry_->type() == type; }
  // Exists with another type: the caller answers WRONGTYPE.
  bool IsNot(types::Type type) const { return entry_ != nullptr && entry_->type() != type; }
  std::string_view key() const { return key_; }
  // For reading. Null if absent.
  Entry* entry() const { return entry_; }
  int64_t expire_at_ms() const { return entry_ == nullptr ? -1 : db_.ExpireAt(*entry_); }

  // The collection at the key, ready to be changed; an absent one is created empty in `initial`
  // encoding. The caller has checked the type.
  types::ValueRef Collection(types::Encoding initial);
  // The existing value, ready to be changed. The entry exists.
  types::ValueRef Value();

  // Sets the whole value to a string in its best encoding (int, embstr, raw), whatever was there.
  // The expiry is kept if `keep_ttl`. False when memory is exhausted: nothing has changed.
  [[nodiscard]] bool SetString(std::string_view text, bool keep_ttl = false);
  // As SetString, but never as an integer (INCRBYFLOAT).
  [[nodiscard]] bool SetText(std::string_view text, bool keep_ttl = false);
  // As SetString for an integer.
  void SetInt(int64_t value, bool keep_ttl = false);
  // A raw string ready to be changed in place, at least `size` bytes long (zero-filled), with room.
  // Null when memory is exhausted: nothing has changed. The entry is absent or a string.
  types::RawString* RawString(uint32_t size);
  // Puts a block made elsewhere (a *STORE result, a clone) at the key, whatever was there. Takes
  // ownership of `data`. The key becomes persistent unless `keep_ttl`.
  void Put(types::Encoding encoding, void* data, bool keep_ttl = false);
  // Takes the value out, leaving the key absent; the caller owns the block. Collections and raw
  // strings only. For RENAME and MOVE.
  Entry* Take();
  // Makes the entry (taken from elsewhere, under any key) the entry of this key. Takes ownership.
  // `expire_at_ms` -1 = persistent.
  void Adopt(Entry* entry, int64_t expire_at_ms);

  // Whether one SetExpiry (or Adopt with an expiry) can be served, also after keys with an expiry
  // have gone: asked before anything is changed.
  [[nodiscard]] bool HasRoomForExpiry() { return db_.expiry_.ReserveOne(); }
  // As HasRoomForExpiry, for the first end of a field of a hash. A hash it was not asked for is
  // served, too, but may end its fields late: when it is looked up.
  [[nodiscard]] bool HasRoomForFieldExpiry() { return db_.field_expiry_.ReserveOne(); }
  void SetExpiry(int64_t expire_at_ms);
  // True if there was one.
  bool ClearExpiry();
  // Removes the key. False if it was absent. `lazy`: large values are freed in the background.
  bool Delete(bool lazy = false);

  // Reports an effect: once per command and key, or once per event. `changes` counts into the
  // dirty counter.
  void Changed(EventClass event_class, std::string_view event, uint64_t changes = 1,
               Tell tell = Tell::kBefore);
  // Reports a change without an event of its own.
  void Changed(uint64_t changes = 1) { Changed(kNoEvent, {}, changes); }

  // Reports a change that those who watch or wait for the key do not hear of: who has read a stream
  // how far is no modification of it.
  void ChangedAside(EventClass event_class, std::string_view event, uint64_t changes = 1);
  void ChangedAside(uint64_t changes = 1) { ChangedAside(kNoEvent, {}, changes); }
  // Has those who wait for the key try again at the end, whatever has changed.
  void WakeWaiters() { wakes_ = true; }

  // Does what is owed at the end; the destructor calls it.
  void Close();

 private:
  void Install(Entry* entry);
  // Replaces the entry's block by one with `value_bytes` of inline room, value not set.
  Entry* Remake(size_t value_bytes, bool keep_ttl);
  void Prepare() { keyspace_.BeforeWrite(db_, *entry_); }
  void DropValue();
  void CloseValue();
  Entry** Link() { return db_.entries().FindLink(key_, hash_); }

  Keyspace& keyspace_;
  Database& db_;
  std::string_view key_;
  uint32_t hash_;
  Entry* entry_ = nullptr;
  bool created_ = false;
  bool changed_ = false;
  bool wakes_ = false;
  bool tells_at_close_ = false;
  bool closed_ = false;
};

}  // namespace kvasm::keyspace
