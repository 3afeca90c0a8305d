#include "core/keyspace/entry.h"

#include <algorithm>

#include "core/base/alloc.h"
#include "core/base/numbers.h"

namespace kvasm::keyspace {

std::string_view StringOf(const Entry& entry, IntText& scratch) {
  switch (entry.encoding) {
    case types::Encoding::kEmbstr:
      return {entry.Inline(), entry.EmbeddedBytes()};
    case types::Encoding::kInt:
      return {scratch.bytes, base::FormatInt64(scratch.bytes, entry.IntValue())};
    default:
      return entry.raw()->view();
  }
}

uint32_t StringBytes(const Entry& entry) {
  IntText scratch;
  return static_cast<uint32_t>(StringOf(entry, scratch).size());
}

size_t EntryBytes(size_t key_bytes, size_t value_bytes) {
  const size_t prefix = key_bytes < Entry::kLongKey ? 0 : sizeof(uint32_t);
  return std::max(sizeof(Entry), offsetof(Entry, bytes) + prefix + key_bytes + value_bytes);
}

Entry* NewEntry(std::string_view key, size_t value_bytes) {
  auto* entry = static_cast<Entry*>(base::Allocate(EntryBytes(key.size(), value_bytes)));
  std::memset(static_cast<void*>(entry), 0, offsetof(Entry, bytes));
  char* at = entry->bytes;
  if (key.size() < Entry::kLongKey) {
    entry->key_size = static_cast<uint8_t>(key.size());
  } else {
    entry->key_size = Entry::kLongKey;
    const auto size = static_cast<uint32_t>(key.size());
    std::memcpy(at, &size, sizeof size);
    at += sizeof size;
  }
  if (!key.empty()) std::memcpy(at, key.data(), key.size());
  return entry;
}

void FreeEntryBlock(Entry* entry) { base::Free(entry); }

void FreeEntry(Entry* entry) {
  if (entry->OwnsBlock()) types::FreeValue(entry->encoding, entry->data);
  base::Free(entry);
}

}  // namespace kvasm::keyspace
