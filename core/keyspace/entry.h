// An entry: a key, its value and what the keyspace knows about it, in one heap block.
//
//   wasm offset  0     4     8         12   15        16     17        18
//              +-----+-----+---------+----+---------+------+---------+--------+-------+
//              | next| data| ttl_slot|lru | encoding|epoch |key_size | key... | value |
//              +-----+-----+---------+----+---------+------+---------+--------+-------+
//
// A key of 255 bytes or more has key_size 255 and its length as 4 bytes before it. After the key
// stands the value of short strings: 8 bytes for kInt, `data` bytes for kEmbstr (there the data
// word is the length). All other encodings own the heap block at `data`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/types/string_value.h"
#include "core/types/value.h"

namespace kvasm::keyspace {

struct Entry {
  Entry* next;
  void* data;
  uint32_t ttl_slot;  // 1-based place in the database's expiry heap; 0 = persistent
  uint8_t lru[3];     // see access.h
  types::Encoding encoding;
  uint8_t epoch;  // the snapshot epoch that has seen this version of the entry
  uint8_t key_size;
  char bytes[2];

  static constexpr uint32_t kLongKey = 255;

  uint32_t KeyBytes() const {
    if (key_size < kLongKey) [[likely]]
      return key_size;
    uint32_t size;
    std::memcpy(&size, bytes, sizeof size);
    return size;
  }
  const char* KeyData() const { return key_size < kLongKey ? bytes : bytes + sizeof(uint32_t); }
  std::string_view key() const { return {KeyData(), KeyBytes()}; }

  types::Type type() const { return types::TypeOf(encoding); }
  types::ValueRef value() { return {data, encoding}; }
  bool IsString() const { return encoding <= types::Encoding::kRaw; }
  // Whether `data` is a heap block that the entry owns.
  bool OwnsBlock() const { return encoding >= types::Encoding::kRaw; }

  char* Inline() { return const_cast<char*>(KeyData()) + KeyBytes(); }
  const char* Inline() const { return KeyData() + KeyBytes(); }

  int64_t IntValue() const {
    int64_t value;
    std::memcpy(&value, Inline(), sizeof value);
    return value;
  }
  void SetIntValue(int64_t value) { std::memcpy(Inline(), &value, sizeof value); }
  uint32_t EmbeddedBytes() const {
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data));
  }
  void SetEmbeddedBytes(uint32_t size) {
    data = reinterpret_cast<void*>(static_cast<uintptr_t>(size));
  }
  types::RawString* raw() const { return static_cast<types::RawString*>(data); }
};

static_assert(sizeof(void*) != 4 || offsetof(Entry, bytes) == 18);

// Room for the decimal form of any int64.
struct IntText {
  char bytes[24];
};

// The bytes of a string entry; integers are written into `scratch`. Valid until the entry changes.
std::string_view StringOf(const Entry& entry, IntText& scratch);
// Length of a string entry in bytes.
uint32_t StringBytes(const Entry& entry);

// Bytes of heap that a block for `key` and `value_bytes` of inline value takes.
size_t EntryBytes(size_t key_bytes, size_t value_bytes);
// A block with the key in place, no value, persistent. The caller sets encoding, data and epoch.
Entry* NewEntry(std::string_view key, size_t value_bytes);
// Frees the block only, or the block and the value it owns.
void FreeEntryBlock(Entry* entry);
void FreeEntry(Entry* entry);

}  // namespace kvasm::keyspace
