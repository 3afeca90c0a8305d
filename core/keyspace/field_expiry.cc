// The ends of hash fields. A field whose time has come is removed before anybody can see it: by the
// look-up of its hash (Keyspace::Find, Edit), or by the active expiry, whichever comes first.
#include <string>

#include "core/keyspace/keyspace.h"

namespace kvasm::keyspace {

uint32_t Keyspace::ExpireFields(Database& db, Entry** link, uint32_t budget, bool* gone) {
  Entry& entry = **link;
  const std::string key(entry.key());
  BeforeWrite(db, entry);
  types::Hash hash(entry.value(), context_);
  // A large hash that ends as a whole is not taken apart while somebody waits for the look-up.
  const bool whole = budget == UINT32_MAX && hash.IsTableAllDue(now_ms());
  uint32_t removed = hash.size();
  if (whole) {
    journal_.Add(db.id(), {lazy_expire ? "UNLINK" : "DEL", key});
  } else {
    removed = hash.RemoveDue(now_ms(), budget, [&](std::string_view field) {
      journal_.Add(db.id(), {"HDEL", key, field});
    });
  }
  stats_.expired_subkeys += removed;
  const bool empty = whole || hash.empty();
  if (gone != nullptr) *gone = empty;
  if (empty) {
    Drop(db, link, lazy_expire);
  } else {
    OrderFields(db, entry);
  }
  if (removed == 0) return 0;
  if (!watches_.empty()) watches_.Touch(db.id(), key);
  if (interests_ & Listener::kChanges) TellChanged(db, key);
  Notify(kEventHash, "hexpired", db, key);
  if (empty) Notify(kEventGeneric, "del", db, key);
  return removed;
}

void Keyspace::OrderFields(Database& db, Entry& entry) {
  const int64_t end_ms = types::Hash::EarliestExpiry(entry.encoding, entry.data);
  const bool ordered = FieldExpiryHeap::Contains(entry);
  if (end_ms < 0) {
    if (ordered) db.field_expiry_.Remove(entry);
  } else if (ordered) {
    if (db.field_expiry_.KeyOf(entry) != end_ms) db.field_expiry_.Update(entry, end_ms);
  } else {
    (void)db.field_expiry_.Push(end_ms, &entry);
  }
}

}  // namespace kvasm::keyspace
