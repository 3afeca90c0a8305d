#include "core/keyspace/keyspace.h"

#include <algorithm>
#include <utility>

namespace kvasm::keyspace {
namespace {

// Elements freed in the time that one chain of a table takes to be moved.
constexpr uint32_t kFreedPerUnit = 8;

}  // namespace

Keyspace::Keyspace(int databases, const types::Context& context) : context_(context) {
  SetDatabaseCount(databases);
}

void Keyspace::SetDatabaseCount(int count) {
  while (database_count() > count && databases_.back()->size() == 0) databases_.pop_back();
  while (database_count() < count) {
    databases_.push_back(std::make_unique<Database>(database_count(), context_.seed));
  }
}

[[gnu::always_inline]] inline Entry* Keyspace::FindLive(Database& db, std::string_view key) {
  Entry** link = db.entries_.FindLink(key);
  if (link == nullptr) return nullptr;
  if ((*link)->ttl_slot != 0 && IsExpired(db, **link)) [[unlikely]] {
    if (!keeps_expired_) Expire(db, link);
    return nullptr;
  }
  if (FieldsAreDue(**link)) [[unlikely]] {
    bool gone = false;
    Entry* entry = *link;
    ExpireFields(db, link, UINT32_MAX, &gone);
    return gone ? nullptr : entry;
  }
  return *link;
}

void Keyspace::ReadClock() const {
  now_ms_ = unread_clock_->NowUs() / 1000;
  unread_clock_ = nullptr;
}

Entry* Keyspace::Peek(Database& db, std::string_view key) const {
  Entry** link = db.entries_.FindLink(key);
  return link == nullptr ? nullptr : *link;
}

Entry* Keyspace::Find(Database& db, std::string_view key, uint32_t lookup) {
  Entry* entry = FindLive(db, key);
  if (entry == nullptr) {
    if (!(lookup & kLookupNoStats)) ++stats_.misses;
    if (!(lookup & (kLookupNoStats | kLookupNoNotify))) {
      Notify(kEventKeyMiss, "keymiss", db, key);
    }
    return nullptr;
  }
  if (!(lookup & kLookupNoStats)) ++stats_.hits;
  if (!(lookup & kLookupNoTouch)) NoteAccess(*entry, access_, recent_ms(), prng());
  return entry;
}

uint64_t Keyspace::Drop(Database& db, Entry** link, bool lazy) {
  BeforeWrite(db, **link);
  Entry* entry = db.entries_.Unlink(link);
  if (entry->ttl_slot != 0) db.expiry_.Remove(*entry);
  ForgetFields(db, *entry);
  const uint64_t freed =
      entry->OwnsBlock() ? lazy_free_.Add(entry->encoding, entry->data, lazy) : 0;
  FreeEntryBlock(entry);
  return freed;
}

uint64_t Keyspace::DropUnasked(Database& db, Entry** link, bool lazy, EventClass event_class,
                               std::string_view event) {
  const std::string key((*link)->key());
  const uint64_t freed = Drop(db, link, lazy);
  if (!watches_.empty()) watches_.Touch(db.id(), key);
  // Clients see the order, which is Redis's.
  if (event_class == kEventExpired) Notify(event_class, event, db, key);
  if (interests_ & Listener::kChanges) TellGone(db, key);
  if (event_class != kEventExpired) Notify(event_class, event, db, key);
  journal_.Add(db.id(), {lazy ? "UNLINK" : "DEL", key});
  return freed;
}

uint64_t Keyspace::Expire(Database& db, Entry** link) {
  ++stats_.expired_keys;
  return DropUnasked(db, link, lazy_expire, kEventExpired, "expired");
}

bool Keyspace::Evict(Database& db, std::string_view key, bool only_volatile) {
  Entry** link = db.entries_.FindLink(key);
  if (link == nullptr || (only_volatile && (*link)->ttl_slot == 0)) return false;
  ++stats_.evicted_keys;
  DropUnasked(db, link, lazy_evict, kEventEvicted, "evicted");
  return true;
}

bool Keyspace::ExpireDue(uint32_t budget_units) {
  if (expiry_paused_ || keeps_expired_) return false;
  uint32_t left = budget_units;
  const auto spend = [&](uint64_t units) {
    left -= static_cast<uint32_t>(std::min<uint64_t>(left, std::max<uint64_t>(units, 1)));
  };
  for (auto& owned : databases_) {
    Database& db = *owned;
    while (left > 0 && !db.expiry_.empty() && db.expiry_.MinKey() < now_ms()) {
      spend(Expire(db, db.entries_.FindLink(db.expiry_.Min()->key())) / kFreedPerUnit);
    }
    while (left > 0 && !db.field_expiry_.empty() && db.field_expiry_.MinKey() <= now_ms()) {
      spend(ExpireFields(db, db.entries_.FindLink(db.field_expiry_.Min()->key()), left));
    }
  }
  return left == 0;
}

int64_t Keyspace::NextExpiryMs() const {
  if (expiry_paused_ || keeps_expired_) return -1;
  int64_t soonest = -1;
  const auto offer = [&](int64_t wait) {
    if (soonest < 0 || wait < soonest) soonest = wait;
  };
  for (const auto& db : databases_) {
    if (!db->field_expiry_.empty()) {
      offer(std::max<int64_t>(0, db->field_expiry_.MinKey() - now_ms()));
    }
    if (db->expiry_.empty()) continue;
    const int64_t end_ms = db->expiry_.MinKey();  // may be the largest int64
    offer(end_ms < now_ms() ? 0 : end_ms - now_ms() + (end_ms < INT64_MAX ? 1 : 0));
  }
  return soonest;
}

uint64_t Keyspace::Flush(Database& db, bool lazy) {
  const uint64_t removed = db.size();
  // Before the listeners: a snapshot takes the entries away.
  if (!watches_.empty()) {
    watches_.TouchAll(db.id(), [&](std::string_view key) { return db.entries_.Find(key); });
  }
  for (Listener* listener : listeners_) {
    if (listener->Interests() & Listener::kPreImage) listener->BeforeFlush(db);
  }
  EntryDict old = std::exchange(db.entries_, EntryDict(context_.seed));
  db.expiry_.Clear();
  db.field_expiry_.Clear();
  if (lazy) lazy_free_.Add(std::move(old));
  for (Listener* listener : listeners_) {
    if (listener->Interests() & Listener::kChanges) listener->Flushed(db);
  }
  return removed;
}

void Keyspace::Swap(Database& a, Database& b) {
  if (&a == &b) return;
  if (!watches_.empty()) {
    // What takes the place of nothing is a change unless it has expired; what is replaced is one.
    const auto changes = [this](Database& old, Database& fresh) {
      return [this, &old, &fresh](std::string_view key) {
        Entry* replaced = Peek(old, key);
        Entry* come = Peek(fresh, key);
        const bool come_expired = come != nullptr && IsExpired(fresh, *come);
        if (replaced == nullptr) return come != nullptr && !come_expired;
        return !(come_expired && IsExpired(old, *replaced));
      };
    };
    watches_.TouchAll(a.id(), changes(a, b));
    watches_.TouchAll(b.id(), changes(b, a));
  }
  std::swap(a.entries_, b.entries_);
  a.expiry_.Swap(b.expiry_);
  a.field_expiry_.Swap(b.field_expiry_);
  std::swap(a.cut_id_, b.cut_id_);
  for (Database* db : {&a, &b}) {
    for (Listener* listener : listeners_) {
      if (listener->Interests() & Listener::kChanges) listener->Flushed(*db);
    }
  }
}

bool Keyspace::Chore(uint32_t budget_units) {
  bool more = false;
  for (auto& db : databases_) more |= db->entries_.RehashSteps(budget_units);
  return lazy_free_.Step(budget_units * kFreedPerUnit) || more;
}

void Keyspace::BeginEpoch() {
  // Epochs are 8 bits. An entry that abandoned cuts never reached may lag behind; before the count
  // comes round to it again, all entries are brought to one epoch.
  if (++epochs_begun_ == 255) {
    for (auto& db : databases_) {
      db->entries_.ForEach([this](Entry* entry) { entry->epoch = epoch_; });
    }
    epochs_begun_ = 1;
  }
  ++epoch_;
}

void Keyspace::Attach(Listener& listener) {
  listeners_.push_back(&listener);
  interests_ |= listener.Interests();
}

void Keyspace::Detach(Listener& listener) {
  std::erase(listeners_, &listener);
  interests_ = 0;
  for (const Listener* other : listeners_) interests_ |= other->Interests();
}

void Keyspace::Notify(EventClass event_class, std::string_view event, Database& db,
                      std::string_view key) {
  if (!(interests_ & Listener::kEvents)) return;
  for (Listener* listener : listeners_) {
    if (listener->Interests() & Listener::kEvents) listener->KeyEvent(event_class, event, db, key);
  }
}

void Keyspace::TellBeforeWrite(Database& db, Entry& entry) {
  for (Listener* listener : listeners_) {
    if (listener->Interests() & Listener::kPreImage) listener->BeforeWrite(db, entry);
  }
}

void Keyspace::TellChanged(Database& db, std::string_view key) {
  for (Listener* listener : listeners_) {
    if (listener->Interests() & Listener::kChanges) listener->KeyChanged(db, key);
  }
}

void Keyspace::TellGone(Database& db, std::string_view key) {
  for (Listener* listener : listeners_) {
    if (listener->Interests() & Listener::kChanges) listener->KeyGone(db, key);
  }
}

void Keyspace::TellReady(Database& db, std::string_view key, types::Type type) {
  for (Listener* listener : listeners_) {
    if (listener->Interests() & Listener::kReady) listener->KeyReady(db, key, type);
  }
}

}  // namespace kvasm::keyspace
