// A hash: fields with values, in one packed list while it is small, in a table of nodes later.
// Encodings and the moments they change are those of Redis 7.2 (OBJECT ENCODING); a hash never
// turns back into a packed list.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/ds/dict.h"
#include "core/ds/item.h"
#include "core/ds/packed_list.h"
#include "core/types/sampling.h"
#include "core/types/value.h"

namespace kvasm::types {

// A field and its value in one block.
struct FieldNode {
  FieldNode* next;
  uint32_t field_size;
  uint32_t value_size;

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view field() const { return {bytes(), field_size}; }
  std::string_view value() const { return {bytes() + field_size, value_size}; }
  size_t MemoryBytes() const { return sizeof(FieldNode) + field_size + value_size; }
};

struct FieldTraits {
  static FieldNode*& Next(FieldNode& node) { return node.next; }
  static std::string_view Key(const FieldNode& node) { return node.field(); }
  static void Dispose(FieldNode* node);
};

using FieldTable = ds::Dict<FieldNode, FieldTraits>;

// A handle over a value; owns nothing. Null data is the empty hash in either encoding. Items handed
// out are views valid until the next change. Arguments must not be views into the same hash. Costs:
// O(size) while packed (small by the limits), expected O(1) as a table, unless said otherwise.
class Hash {
 public:
  static constexpr Encoding kInitialEncoding = Encoding::kHashListpack;  // with null data

  Hash(ValueRef value, const Context& context) : value_(value), context_(context) {
    if (value.data == nullptr && !packed()) value.data = new FieldTable(context.seed);
  }

  uint32_t size() const;
  bool empty() const { return size() == 0; }
  bool Contains(std::string_view field) const;
  std::optional<ds::Item> Get(std::string_view field) const;

  // Changes the encoding early when the fields and values about to be set (alternating) would
  // not stay packed.
  void Prepare(std::span<const std::string_view> pairs);
  // True when the field is new.
  bool Set(std::string_view field, std::string_view value);
  // True when it was there.
  bool Delete(std::string_view field);

  // visit(Item field, Item value), in storage order.
  template <class Visit>
  void ForEach(Visit visit) const;
  // One step of SCAN (see ds::Dict::Scan); a packed hash is visited whole in one step.
  template <class Visit>
  uint64_t Scan(uint64_t cursor, Visit visit) const;

  // visit(field, value) for `count` independent picks. The hash is not empty.
  template <class Visit>
  void PickRepeatedly(uint64_t count, Visit visit) const;
  // visit(field, value) for min(count, size) distinct random fields.
  template <class Visit>
  void PickDistinct(uint64_t count, Visit visit) const;

  // The operations behind FreeValue, CloneValue, ... in value.h.
  static void Free(Encoding encoding, void* data);
  static void* Clone(Encoding encoding, const void* data, const Context& context);
  static uint64_t Size(Encoding encoding, const void* data);
  static uint64_t MemoryBytes(Encoding encoding, const void* data, uint64_t samples);
  // Checks the structure and, for a packed hash, that fields are distinct.
  bool Validate() const;

 private:
  bool packed() const { return value_.encoding == Encoding::kHashListpack; }
  ds::PackedList list() const { return ds::PackedList(value_.data); }
  FieldTable& table() const { return *static_cast<FieldTable*>(value_.data); }
  std::vector<uint32_t> FieldPositions() const;
  void ConvertToTable();
  bool SetPacked(std::string_view field, std::string_view value);
  bool SetInTable(std::string_view field, std::string_view value);

  ValueRef value_;
  const Context& context_;
};

template <class Visit>
void Hash::ForEach(Visit visit) const {
  if (!packed()) {
    table().ForEach(
        [&](FieldNode* node) { visit(ds::Item(node->field()), ds::Item(node->value())); });
    return;
  }
  auto pairs = list();
  for (auto at = pairs.begin(); at != pairs.end();) {
    ds::Item field = pairs.Take(at);
    visit(field, pairs.Take(at));
  }
}

template <class Visit>
uint64_t Hash::Scan(uint64_t cursor, Visit visit) const {
  if (packed()) {
    ForEach(visit);
    return 0;
  }
  return table().Scan(
      cursor, [&](FieldNode* node) { visit(ds::Item(node->field()), ds::Item(node->value())); });
}

template <class Visit>
void Hash::PickRepeatedly(uint64_t count, Visit visit) const {
  if (!packed()) {
    for (; count > 0; --count) {
      FieldNode* node = table().FairRandom(*context_.prng);
      visit(ds::Item(node->field()), ds::Item(node->value()));
    }
    return;
  }
  auto pairs = list();
  std::vector<uint32_t> positions = FieldPositions();
  for (; count > 0; --count) {
    auto at = positions[context_.prng->Below(positions.size())];
    ds::Item field = pairs.Take(at);
    visit(field, pairs.Take(at));
  }
}

template <class Visit>
void Hash::PickDistinct(uint64_t count, Visit visit) const {
  if (count >= size()) return ForEach(visit);
  if (!packed()) {
    SampleNodes(table(), count, *context_.prng,
                [&](FieldNode& node) { visit(ds::Item(node.field()), ds::Item(node.value())); });
    return;
  }
  SelectionSampler sampler(size(), count, *context_.prng);
  ForEach([&](const ds::Item& field, const ds::Item& value) {
    if (!sampler.done() && sampler.TakeNext()) visit(field, value);
  });
}

}  // namespace kvasm::types
