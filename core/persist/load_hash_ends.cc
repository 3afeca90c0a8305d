// Hashes whose fields end by themselves (Redis 7.4).
//
//   24  earliest end u64 | count | (end - earliest + 1, or 0 = none | field | value)...
//   25  earliest end u64 | listpack of (field, value, end or 0) in the order of the ends
//   22  as 24, 23 as 25: without the earliest end, which stands for 1 in 22
#include "core/persist/compact.h"
#include "core/persist/listpack.h"
#include "core/persist/loading.h"
#include "core/types/hash.h"

namespace kvasm::persist {
namespace {

using types::Encoding;
using types::Hash;

// Later ends cannot be set.
constexpr uint64_t kEndMost = (uint64_t{1} << 48) - 2;
constexpr std::string_view kBadEnd = "Invalid expire time of a hash field";

// Adds a field; `end` 0 = it does not end.
bool AddField(Loading& loading, std::string_view field, std::string_view value, uint64_t end) {
  if (end > kEndMost) return loading.Corrupt(kBadEnd);
  if (!loading.HaveRoom(field.size() + value.size())) return false;
  Hash hash(loading.value, loading.context);
  if (!hash.Set(field, value)) return loading.Corrupt("Duplicate hash fields detected");
  if (end == 0) return true;
  if (!hash.ReserveExpiry(1)) return loading.in.Fail(Fault::kOutOfMemory);
  hash.SetExpiry(field, static_cast<int64_t>(end));
  return true;
}

bool LoadFields(Loading& loading, bool relative) {
  const uint64_t earliest = relative ? loading.in.Fixed64() : 1;
  const uint32_t fields = loading.in.Count(3);
  if (!loading.in.ok()) return false;
  if (fields == 0) return loading.Empty();
  if (earliest > kEndMost + 1) return loading.Corrupt(kBadEnd);
  const bool packed = Within(fields, loading.limits().hash_max_listpack_entries);
  loading.Begin(packed ? Encoding::kHashListpackEx : Encoding::kHashHashtableEx);
  for (uint32_t i = 0; i < fields; ++i) {
    const uint64_t distance = loading.in.Length();
    const std::string_view field = loading.in.String(loading.first);
    const std::string_view value = loading.in.String(loading.second);
    if (!loading.in.ok()) return false;
    if (distance > kEndMost + 1) return loading.Corrupt(kBadEnd);
    if (!AddField(loading, field, value, distance == 0 ? 0 : distance + earliest - 1)) return false;
  }
  return true;
}

// Whether every third element is an end, in their order.
bool EndsAreSound(std::string_view block) {
  uint64_t before = 0;
  for (ListpackReader source(block); source.More();) {
    source.Take();
    source.Take();
    const ds::Item end = source.Take();
    if (!end.is_integer() || end.number() < 0) return false;
    const auto at = static_cast<uint64_t>(end.number());
    if (at > kEndMost) return false;
    const uint64_t place = at == 0 ? kEndMost + 1 : at;
    if (place < before) return false;
    before = place;
  }
  return true;
}

bool LoadListpack(Loading& loading) {
  const std::string_view block = loading.in.String(loading.first);
  const uint32_t count = CheckedCount<ListpackReader>(loading, block, 3);
  if (count == 0) return false;
  if (!EndsAreSound(block)) return loading.Corrupt();
  const bool packed = Within(count / 3, loading.limits().hash_max_listpack_entries) &&
                      FitsPackedList(block.size(), count);
  if (packed && !AllDistinct<ListpackReader>(loading, block, count, 3)) return false;
  loading.Begin(packed ? Encoding::kHashListpackEx : Encoding::kHashHashtableEx);
  if (packed) {
    auto* const fields = static_cast<types::ExpiringList*>(loading.value.data);
    fields->list = PackedFrom<ListpackReader>(block);
    return true;
  }
  ds::NumberText field_text;
  ds::NumberText value_text;
  for (ListpackReader source(block); source.More();) {
    const ds::Item field = source.Take();
    const ds::Item value = source.Take();
    const auto end = static_cast<uint64_t>(source.Take().number());
    if (!AddField(loading, field.Text(field_text), value.Text(value_text), end)) return false;
  }
  return true;
}

}  // namespace

bool LoadHashWithEnds(Loading& loading, ValueType type) {
  switch (type) {
    case ValueType::kHashListpackEx:
      loading.in.Fixed64();
      return LoadListpack(loading);
    case ValueType::kHashListpackExCandidate:
      return LoadListpack(loading);
    default:
      return LoadFields(loading, type == ValueType::kHashExpiry);
  }
}

}  // namespace kvasm::persist
