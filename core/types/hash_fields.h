// What hashes are made of: the nodes of a hash that is a table, and the heap blocks of hashes whose
// fields may end by themselves (encodings kHashListpackEx and kHashHashtableEx). Hashes without
// such fields pay nothing for them.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/ds/dict.h"
#include "core/ds/indexed_heap.h"

namespace kvasm::types {

// A field and its value in one block. Behind those of a field that ends by itself, which only a
// kHashHashtableEx has, stands its place in the hash's heap:
//
//   | next | field_size | expires:1 value_size:31 | field... | value... | padding | slot |
struct FieldNode {
  static constexpr uint32_t kExpires = 1u << 31;

  FieldNode* next;
  uint32_t field_size;
  uint32_t value_word;

  bool expires() const { return (value_word & kExpires) != 0; }
  uint32_t value_size() const { return value_word & ~kExpires; }

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view field() const { return {bytes(), field_size}; }
  std::string_view value() const { return {bytes() + field_size, value_size()}; }
  // Belongs to the heap; only of a node that expires().
  uint32_t& slot() {
    return *reinterpret_cast<uint32_t*>(bytes() + SlotOffset(size_t{field_size} + value_size()));
  }

  static size_t SlotOffset(size_t text_bytes) { return (text_bytes + 3) & ~size_t{3}; }
  static size_t BlockBytes(size_t text_bytes, bool expires) {
    return sizeof(FieldNode) + (expires ? SlotOffset(text_bytes) + sizeof(uint32_t) : text_bytes);
  }
  size_t MemoryBytes() const { return BlockBytes(size_t{field_size} + value_size(), expires()); }
};
static_assert(sizeof(FieldNode) % sizeof(uint32_t) == 0);

struct FieldTraits {
  static FieldNode*& Next(FieldNode& node) { return node.next; }
  static std::string_view Key(const FieldNode& node) { return node.field(); }
  static void Dispose(FieldNode* node);
  static uint32_t& Slot(FieldNode& node) { return node.slot(); }
};

using FieldTable = ds::Dict<FieldNode, FieldTraits>;
// The fields that end by themselves by when they do: milliseconds since the Unix epoch.
using FieldHeap = ds::IndexedHeap<FieldNode, FieldTraits>;

// kHashListpackEx: a packed list of (field, value, expiry) in the order of their ends; a field that
// does not end has expiry 0 and stands behind those that do.
struct ExpiringList {
  void* list = nullptr;  // a ds::PackedList
  uint32_t slot = 0;     // belongs to the keyspace: the place in its order of hashes; 0 = none
};

// kHashHashtableEx. Begins with the table, so that a table is found at the same place in both
// encodings.
struct ExpiringTable {
  explicit ExpiringTable(FieldTable&& table) : fields(std::move(table)) {}

  FieldTable fields;
  FieldHeap expiry;
  uint32_t slot = 0;  // as in ExpiringList
};
static_assert(std::is_standard_layout_v<ExpiringTable>);

}  // namespace kvasm::types
