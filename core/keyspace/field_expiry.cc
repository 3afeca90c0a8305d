// The ends of hash fields. A field whose time has come is removed before anybody can see it: by the
// look-up of its hash (Keyspace::Find, Edit), or by the active expiry, whichever comes first. There
// may be a million of them in one look-up: their records are few, and if there is no memory for
// what these say, the fields that are left stay until the next look-up or tick.
#include <string>
#include <vector>

#include "core/base/alloc.h"
#include "core/keyspace/keyspace.h"

namespace kvasm::keyspace {
namespace {

// Records the removal of the fields of a hash, many at a time.
class FieldRecords {
 public:
  FieldRecords(Journal& journal, int db, std::string_view key)
      : journal_(journal), db_(db), key_(key) {}
  ~FieldRecords() { Hand(); }
  FieldRecords(const FieldRecords&) = delete;
  FieldRecords& operator=(const FieldRecords&) = delete;

  // False when there is no memory for it.
  [[nodiscard]] bool Add(std::string_view field) {
    if (!journal_.active()) return true;
    const uint64_t bytes = kArgumentBytes + field.size();
    if (bytes_ + bytes > kUnaskedBytes && !base::HaveRoom(bytes)) return false;
    bytes_ += bytes;
    if (arguments_.size() == kArgumentsMax) Hand();
    if (arguments_.empty()) arguments_ = {"HDEL", std::string(key_)};
    arguments_.emplace_back(field);
    return true;
  }

 private:
  static constexpr size_t kArgumentsMax = 512;
  static constexpr uint64_t kArgumentBytes = 64;
  // What a look-up may always take, or nothing would ever end when memory is exhausted.
  static constexpr uint64_t kUnaskedBytes = 16 * 1024;

  void Hand() {
    const std::vector<std::string_view> views(arguments_.begin(), arguments_.end());
    if (!views.empty()) journal_.Add(db_, views);
    arguments_.clear();
  }

  Journal& journal_;
  const int db_;
  const std::string_view key_;
  std::vector<std::string> arguments_;
  uint64_t bytes_ = 0;
};

}  // namespace

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
    FieldRecords records(journal_, db.id(), key);
    removed = hash.RemoveDue(now_ms(), budget,
                             [&](std::string_view field) { return records.Add(field); });
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
