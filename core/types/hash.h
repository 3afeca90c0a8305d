// A hash: fields with values, in one packed list while it is small, in a table of nodes later.
// Encodings and the moments they change are those of Redis 7.2 (OBJECT ENCODING); a hash never
// turns back into a packed list. Fields that end by themselves (Redis 7.4) have encodings of their
// own, see hash_fields.h; here nothing ends before RemoveDue is called.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/ds/item.h"
#include "core/ds/packed_list.h"
#include "core/types/hash_fields.h"
#include "core/types/sampling.h"
#include "core/types/value.h"

namespace kvasm::types {

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
  // True when the field is new. One that was there lives on without an end unless it is kept.
  enum class Expiry : uint8_t { kCleared, kKept };
  bool Set(std::string_view field, std::string_view value, Expiry expiry = Expiry::kCleared);
  // True when it was there.
  bool Delete(std::string_view field);

  // --- ends of fields, in milliseconds since the Unix epoch ---
  static constexpr int64_t kNoField = -2;
  static constexpr int64_t kNoExpiry = -1;  // it does not end
  int64_t ExpiryOf(std::string_view field) const;
  // The earliest end of a field, or kNoExpiry. O(1).
  int64_t EarliestExpiry() const { return EarliestExpiry(value_.encoding, value_.data); }
  // Turns a packed hash into one whose fields may end. O(size); nothing is done to a table.
  void AdmitExpiry();
  // Makes the next `fields` calls of SetExpiry succeed. False if memory is exhausted.
  [[nodiscard]] bool ReserveExpiry(uint32_t fields);
  // The field exists; room has been reserved.
  void SetExpiry(std::string_view field, int64_t at_ms);
  // The field exists. False if it did not end.
  bool ClearExpiry(std::string_view field);
  // Whether it is a table all of whose fields end at `now_ms` or earlier. Ends at the first that
  // does not; otherwise O(size), but without touching a field.
  bool IsTableAllDue(int64_t now_ms) const;
  // Removes up to `budget` fields whose end is `now_ms` or earlier, in the order of their ends,
  // visiting each before: visit(field), false to keep it and stop. Returns how many.
  template <class Visit>
  uint32_t RemoveDue(int64_t now_ms, uint32_t budget, Visit visit);

  // visit(Item field, Item value, int64_t expiry), in storage order.
  template <class Visit>
  void ForEachWithExpiry(Visit visit) const;
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
  static int64_t EarliestExpiry(Encoding encoding, const void* data);
  // The keyspace's slot in a value that HasFieldExpiry().
  static uint32_t& ExpirySlot(Encoding encoding, void* data) {
    return encoding == Encoding::kHashListpackEx ? static_cast<ExpiringList*>(data)->slot
                                                 : static_cast<ExpiringTable*>(data)->slot;
  }
  // Checks the structure and, for a packed hash, that fields are distinct.
  bool Validate() const;

 private:
  static bool IsPacked(Encoding encoding) {
    return encoding == Encoding::kHashListpack || encoding == Encoding::kHashListpackEx;
  }
  bool packed() const { return IsPacked(value_.encoding); }
  bool expiring() const { return HasFieldExpiry(value_.encoding); }
  // Items of the packed list that make up a field.
  uint32_t stride() const { return value_.encoding == Encoding::kHashListpack ? 2 : 3; }
  void*& Block() const {
    return value_.encoding == Encoding::kHashListpack
               ? value_.data
               : static_cast<ExpiringList*>(value_.data)->list;
  }
  ds::PackedList list() const { return ds::PackedList(Block()); }
  // Both kinds of tables begin with it.
  FieldTable& table() const { return *static_cast<FieldTable*>(value_.data); }
  FieldHeap& heap() const { return static_cast<ExpiringTable*>(value_.data)->expiry; }
  std::vector<uint32_t> FieldPositions() const;
  void ConvertToTable();
  bool SetPacked(std::string_view field, std::string_view value, Expiry expiry);
  bool SetInTable(std::string_view field, std::string_view value, Expiry expiry);
  // hash_expiry.cc: the rest of encodings with expiry.
  bool SetKeepingExpiry(FieldNode** link, std::string_view value);
  void ClearExpiryAt(FieldNode** link);
  void ClearExpiryPacked(ds::PackedList::Position at);
  // Takes the item's place in the order of ends; `expiry` 0 = it does not end.
  void MovePacked(ds::PackedList::Position at, int64_t expiry);
  // Puts a table with all the fields in the place of the packed list, and their ends into its heap.
  void AdoptTable(FieldTable* fields);
  // Removes and disposes of a node that is in no heap any more.
  void RemoveNode(FieldNode* node);
  static void FreeExpiring(Encoding encoding, void* data);
  static void* CloneExpiring(Encoding encoding, void* data, const Context& context);
  bool ValidateExpiry() const;

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
    if (expiring()) at = pairs.Next(at);
  }
}

template <class Visit>
void Hash::ForEachWithExpiry(Visit visit) const {
  if (!packed()) {
    table().ForEach([&](FieldNode* node) {
      visit(ds::Item(node->field()), ds::Item(node->value()),
            node->expires() ? heap().KeyOf(*node) : kNoExpiry);
    });
    return;
  }
  auto fields = list();
  for (auto at = fields.begin(); at != fields.end();) {
    ds::Item field = fields.Take(at);
    ds::Item value = fields.Take(at);
    const int64_t expiry = expiring() ? fields.Take(at).number() : 0;
    visit(field, value, expiry == 0 ? kNoExpiry : expiry);
  }
}

template <class Visit>
uint32_t Hash::RemoveDue(int64_t now_ms, uint32_t budget, Visit visit) {
  uint32_t removed = 0;
  if (!expiring()) return 0;
  if (!packed()) {
    for (; removed < budget && !heap().empty() && heap().MinKey() <= now_ms; ++removed) {
      if (!visit(heap().Min()->field())) break;
      RemoveNode(heap().PopMin());
    }
    return removed;
  }
  auto fields = list();
  ds::NumberText scratch;
  for (auto at = fields.begin(); removed < budget && at != fields.end(); ++removed) {
    const ds::Item field = fields.Take(at);
    at = fields.Next(at);
    const int64_t expiry = fields.Take(at).number();
    if (expiry == 0 || expiry > now_ms) break;
    if (!visit(field.Text(scratch))) break;
  }
  fields.Erase(fields.begin(), 3 * removed);
  return removed;
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
