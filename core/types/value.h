// What an entry holds: the type and encoding of a value, and the handle through which the
// collection types change it. Encodings are those OBJECT ENCODING reports (Redis 7.2).
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/prng.h"

namespace kvasm::types {

enum class Type : uint8_t { kString, kList, kSet, kZset, kHash, kStream };

enum class Encoding : uint8_t {
  kInt,     // string: a 64-bit integer, stored inside the entry
  kEmbstr,  // string: up to 44 bytes, stored inside the entry
  kRaw,     // string: a StringBuffer of its own
  kListListpack,
  kListQuicklist,
  kSetIntset,
  kSetListpack,
  kSetHashtable,
  kZsetListpack,
  kZsetSkiplist,
  kHashListpack,
  kHashHashtable,
  kStream,
  // Hashes with fields that end by themselves; last, see HasFieldExpiry.
  kHashListpackEx,
  kHashHashtableEx,
};

Type TypeOf(Encoding encoding);
// Whether fields of a value in this encoding may end by themselves (field_expiry.h).
constexpr bool HasFieldExpiry(Encoding encoding) { return encoding >= Encoding::kHashListpackEx; }
// "string", "list", ... as TYPE replies.
std::string_view TypeName(Type type);
// "int", "embstr", "listpack", ... as OBJECT ENCODING replies.
std::string_view EncodingName(Encoding encoding);

// The two places inside an entry that a collection may rewrite while it changes: the pointer to its
// heap block and the encoding. Borrowed: valid until the entry is moved or freed.
struct ValueRef {
  void*& data;
  Encoding& encoding;
};

// Live encoding limits, owned by the configuration (CONFIG SET changes them at run time).
struct Limits {
  int64_t hash_max_listpack_entries = 128;
  int64_t hash_max_listpack_value = 64;
  int64_t set_max_intset_entries = 512;
  int64_t set_max_listpack_entries = 128;
  int64_t set_max_listpack_value = 64;
  int64_t zset_max_listpack_entries = 128;
  int64_t zset_max_listpack_value = 64;
  int64_t list_max_listpack_size = -2;  // elements of a node, or -1 .. -5: 4 KiB to 64 KiB
  int64_t list_compress_depth = 0;
  // Longer elements are nodes of their own (DEBUG QUICKLIST-PACKED-THRESHOLD).
  uint64_t list_plain_bytes_min = uint64_t{1} << 30;
  int64_t stream_node_max_bytes = 4096;   // 0: no limit
  int64_t stream_node_max_entries = 100;  // 0: no limit
  int64_t hll_sparse_max_bytes = 3000;
};

// What a collection needs from its surroundings. All borrowed; outlive every value.
struct Context {
  const base::HashSeed* seed;
  const Limits* limits;
  base::Prng* prng;
};

// The heap block of an empty collection in `encoding`.
void* NewCollection(Encoding encoding, const Context& context);

// Frees a collection or a raw string. Values stored inside the entry (kInt, kEmbstr) own nothing.
void FreeValue(Encoding encoding, void* data);

// Frees about `budget_units` elements of it: true when nothing is left. Until then the value is
// good for nothing but FreeSome, FreeValue and ValueFreeEffort.
bool FreeSome(Encoding encoding, void* data, uint32_t budget_units);

// A deep copy of the heap block behind `data` (COPY). Collections and raw strings only.
void* CloneValue(Encoding encoding, const void* data, const Context& context);

// Number of elements (fields, members); raw strings give their length in bytes.
uint64_t ValueSize(Encoding encoding, const void* data);

// Heap bytes behind `data`, sampling at most `samples` elements (0 = all), for MEMORY USAGE.
uint64_t ValueMemoryBytes(Encoding encoding, const void* data, uint64_t samples);

// Steps of work that freeing the value takes; UNLINK and lazy freeing compare it with a bound.
uint64_t ValueFreeEffort(Encoding encoding, const void* data);

}  // namespace kvasm::types
