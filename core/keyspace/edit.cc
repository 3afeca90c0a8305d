#include "core/keyspace/edit.h"

#include <cstring>

#include "core/base/alloc.h"
#include "core/base/numbers.h"

namespace kvasm::keyspace {
namespace {

using types::Encoding;

// A block is reused in place while it does not waste more than this.
constexpr size_t kSlackBytesMax = 32;

size_t InlineCapacity(const Entry& entry) {
  return base::UsableBytes(&entry) -
         static_cast<size_t>(entry.Inline() - reinterpret_cast<const char*>(&entry));
}

bool FitsInPlace(const Entry& entry, size_t value_bytes) {
  const size_t room = InlineCapacity(entry);
  return value_bytes <= room && room - value_bytes <= kSlackBytesMax;
}

bool IsWaitable(types::Type type) {
  return type == types::Type::kList || type == types::Type::kZset || type == types::Type::kStream;
}

}  // namespace

Edit::Edit(Keyspace& keyspace, Database& db, std::string_view key, Expired expired)
    : keyspace_(keyspace), db_(db), key_(key), hash_(db.entries().Hash(key)) {
  Entry** link = Link();
  if (link == nullptr) return;
  if (expired == Expired::kGoes && (*link)->ttl_slot != 0 && keyspace_.IsExpired(db_, **link))
      [[unlikely]] {
    keyspace_.Expire(db_, link);
    return;
  }
  if (keyspace_.FieldsAreDue(**link)) [[unlikely]] {
    bool gone = false;
    keyspace_.ExpireFields(db_, link, UINT32_MAX, &gone);
    if (gone) return;
    link = Link();
  }
  entry_ = *link;
  NoteAccess(*entry_, keyspace_.access_, keyspace_.recent_ms(), keyspace_.prng());
}

types::ValueRef Edit::Value() {
  Prepare();
  return entry_->value();
}

types::ValueRef Edit::Collection(Encoding initial) {
  if (entry_ == nullptr) {
    Entry* entry = NewEntry(key_, 0);
    entry->encoding = initial;
    entry->data = types::NewCollection(initial, keyspace_.context_);
    Install(entry);
  } else {
    Prepare();
  }
  return entry_->value();
}

void Edit::Install(Entry* entry) {
  entry->epoch = keyspace_.epoch_;
  InitAccess(*entry, keyspace_.access_, keyspace_.recent_ms());
  EntryDict& entries = db_.entries();
  entries.Insert(entry, hash_, !entries.IsFull() || keyspace_.HasMemoryToGrow(entries));
  entry_ = entry;
  created_ = true;
  if (keyspace_.interests_ & Listener::kEvents) keyspace_.Notify(kEventNew, "new", db_, key_);
}

void Edit::DropValue() {
  keyspace_.ForgetFields(db_, *entry_);
  if (entry_->OwnsBlock()) {
    keyspace_.lazy_free().Add(entry_->encoding, entry_->data, keyspace_.lazy_server_delete);
  }
  entry_->encoding = Encoding::kEmbstr;
  entry_->SetEmbeddedBytes(0);
}

Entry* Edit::Remake(size_t value_bytes, bool keep_ttl) {
  if (entry_ == nullptr) {
    Install(NewEntry(key_, value_bytes));
    entry_->encoding = Encoding::kEmbstr;
    return entry_;
  }
  Prepare();
  if (!keep_ttl) ClearExpiry();
  DropValue();
  if (FitsInPlace(*entry_, value_bytes)) return entry_;
  Entry* fresh = NewEntry(key_, value_bytes);
  std::memcpy(fresh->lru, entry_->lru, sizeof fresh->lru);
  fresh->epoch = entry_->epoch;
  fresh->encoding = Encoding::kEmbstr;
  fresh->ttl_slot = entry_->ttl_slot;
  Entry* old = db_.entries().ReplaceAt(Link(), fresh);
  if (fresh->ttl_slot != 0) db_.expiry_.Moved(fresh);
  // The old key may be the very bytes `key_` borrows (a key read from the keyspace).
  FreeEntryBlock(old);
  entry_ = fresh;
  return fresh;
}

bool Edit::SetString(std::string_view text, bool keep_ttl) {
  if (text.size() <= base::kIntCharsMax) {
    if (const std::optional<int64_t> number = base::ParseInt64(text)) {
      SetInt(*number, keep_ttl);
      return true;
    }
  }
  return SetText(text, keep_ttl);
}

bool Edit::SetText(std::string_view text, bool keep_ttl) {
  if (text.size() <= types::kEmbeddedBytesMax) {
    Entry* entry = Remake(text.size(), keep_ttl);
    entry->encoding = Encoding::kEmbstr;
    entry->SetEmbeddedBytes(static_cast<uint32_t>(text.size()));
    if (!text.empty()) std::memcpy(entry->Inline(), text.data(), text.size());
    return true;
  }
  types::RawString* raw = types::RawString::TryNew(text);
  if (raw == nullptr) return false;
  Put(Encoding::kRaw, raw, keep_ttl);
  return true;
}

void Edit::SetInt(int64_t value, bool keep_ttl) {
  Entry* entry = Remake(sizeof value, keep_ttl);
  entry->encoding = Encoding::kInt;
  entry->data = nullptr;
  entry->SetIntValue(value);
}

types::RawString* Edit::RawString(uint32_t size) {
  if (entry_ == nullptr) {
    types::RawString* raw = types::RawString::TryNewZeroed(size);
    if (raw != nullptr) Put(Encoding::kRaw, raw);
    return raw;
  }
  Prepare();
  if (entry_->encoding != Encoding::kRaw) {
    IntText scratch;
    const std::string_view text = StringOf(*entry_, scratch);
    const auto kept = static_cast<uint32_t>(text.size());
    types::RawString* raw = types::RawString::TryNewZeroed(std::max(size, kept));
    if (raw == nullptr) return nullptr;
    if (kept > 0) std::memcpy(raw->bytes, text.data(), kept);
    Put(Encoding::kRaw, raw, true);
    return raw;
  }
  types::RawString* raw = entry_->raw();
  if (size > raw->size) {
    raw = types::RawString::TryReserve(raw, size);
    if (raw == nullptr) return nullptr;
    std::memset(raw->bytes + raw->size, 0, size - raw->size);
    raw->size = size;
    entry_->data = raw;
  }
  return raw;
}

void Edit::Put(Encoding encoding, void* data, bool keep_ttl) {
  Entry* entry = Remake(0, keep_ttl);
  entry->encoding = encoding;
  entry->data = data;
}

Entry* Edit::Take() {
  Prepare();
  if (entry_->ttl_slot != 0) db_.expiry_.Remove(*entry_);
  keyspace_.ForgetFields(db_, *entry_);
  Entry* taken = db_.entries().Unlink(Link());
  entry_ = nullptr;
  return taken;
}

void Edit::Adopt(Entry* taken, int64_t expire_at_ms) {
  if (entry_ != nullptr) Delete(keyspace_.lazy_server_delete);
  Entry* entry = taken;
  if (taken->key() != key_) {
    const size_t value_bytes = taken->encoding == Encoding::kInt      ? sizeof(int64_t)
                               : taken->encoding == Encoding::kEmbstr ? taken->EmbeddedBytes()
                                                                      : 0;
    entry = NewEntry(key_, value_bytes);
    entry->encoding = taken->encoding;
    entry->data = taken->data;
    if (value_bytes > 0) std::memcpy(entry->Inline(), taken->Inline(), value_bytes);
    FreeEntryBlock(taken);
  }
  Install(entry);
  if (expire_at_ms >= 0) SetExpiry(expire_at_ms);
}

void Edit::SetExpiry(int64_t expire_at_ms) {
  Prepare();
  if (entry_->ttl_slot != 0) {
    db_.expiry_.Update(*entry_, expire_at_ms);
  } else {
    CHECK(db_.expiry_.Push(expire_at_ms, entry_));
  }
}

bool Edit::ClearExpiry() {
  if (entry_ == nullptr || entry_->ttl_slot == 0) return false;
  Prepare();
  db_.expiry_.Remove(*entry_);
  return true;
}

bool Edit::Delete(bool lazy) {
  if (entry_ == nullptr) return false;
  keyspace_.Drop(db_, Link(), lazy);
  entry_ = nullptr;
  return true;
}

void Edit::Changed(EventClass event_class, std::string_view event, uint64_t changes, Tell tell) {
  changed_ = true;
  keyspace_.stats_.dirty += changes - 1;
  if (tell == Tell::kBefore) keyspace_.Changed(db_, key_);
  if (event_class != kNoEvent) keyspace_.Notify(event_class, event, db_, key_);
  if (tell == Tell::kAfter) keyspace_.Changed(db_, key_);
  tells_at_close_ |= tell == Tell::kAtClose;
}

void Edit::ChangedAside(EventClass event_class, std::string_view event, uint64_t changes) {
  keyspace_.stats_.dirty += changes;
  if (event_class != kNoEvent) keyspace_.Notify(event_class, event, db_, key_);
}

void Edit::Close() {
  if (closed_) return;
  closed_ = true;
  CloseValue();
  if (tells_at_close_) keyspace_.Changed(db_, key_);
}

void Edit::CloseValue() {
  if (entry_ == nullptr || entry_->IsString()) return;
  const types::Type type = entry_->type();
  if (type != types::Type::kStream && types::ValueSize(entry_->encoding, entry_->data) == 0) {
    const bool tell = changed_ || !created_;
    Delete();
    if (tell) keyspace_.Notify(kEventGeneric, "del", db_, key_);
    return;
  }
  if (types::HasFieldExpiry(entry_->encoding)) keyspace_.OrderFields(db_, *entry_);
  // What was there already wakes nobody. As in Redis, nor does a value that takes another's place.
  const bool ready = wakes_ || (changed_ && created_);
  if (ready && IsWaitable(type) && (keyspace_.interests_ & Listener::kReady)) {
    keyspace_.TellReady(db_, key_, type);
  }
}

}  // namespace kvasm::keyspace
