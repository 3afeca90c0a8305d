// One numbered database: the table of entries and the order in which those with a time to live end,
// or hashes have fields that do.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/ds/dict.h"
#include "core/ds/indexed_heap.h"
#include "core/keyspace/entry.h"
#include "core/types/hash.h"

namespace kvasm::keyspace {

struct EntryTraits {
  static Entry*& Next(Entry& entry) { return entry.next; }
  static std::string_view Key(const Entry& entry) { return entry.key(); }
  static void Dispose(Entry* entry) { FreeEntry(entry); }
  static uint32_t& Slot(Entry& entry) { return entry.ttl_slot; }
};

// Hashes by the earliest end of a field; the slot is in the value.
struct FieldExpiryTraits {
  static uint32_t& Slot(Entry& entry) {
    return types::Hash::ExpirySlot(entry.encoding, entry.data);
  }
};

using EntryDict = ds::Dict<Entry, EntryTraits>;
using ExpiryHeap = ds::IndexedHeap<Entry, EntryTraits>;
using FieldExpiryHeap = ds::IndexedHeap<Entry, FieldExpiryTraits>;

class Database {
 public:
  Database(int id, const base::HashSeed* seed) : id_(id), cut_id_(id), entries_(seed) {}

  int id() const { return id_; }
  uint64_t size() const { return entries_.size(); }
  // Entries with a time to live.
  uint64_t volatile_size() const { return expiry_.size(); }
  const ExpiryHeap& expiry() const { return expiry_; }
  const FieldExpiryHeap& field_expiry() const { return field_expiry_; }
  // Hashes with fields that end by themselves.
  uint64_t field_volatile_size() const { return field_expiry_.size(); }

  // When the entry ends, milliseconds since the Unix epoch; -1 = never.
  int64_t ExpireAt(Entry& entry) const { return entry.ttl_slot == 0 ? -1 : expiry_.KeyOf(entry); }

  // Reading access for scans, sampling and statistics. Writes go through Edit.
  EntryDict& entries() { return entries_; }
  const EntryDict& entries() const { return entries_; }

 private:
  friend class Edit;
  friend class Keyspace;
  friend class SnapshotCut;

  int id_;
  // the number these contents had when the current snapshot cut began (SWAPDB moves them)
  int cut_id_;
  EntryDict entries_;
  ExpiryHeap expiry_;
  FieldExpiryHeap field_expiry_;
};

}  // namespace kvasm::keyspace
