#include "core/persist/compact.h"
#include "core/persist/listpack.h"
#include "core/persist/loading.h"
#include "core/persist/ziplist.h"
#include "core/types/hash.h"

namespace kvasm::persist {
namespace {

using types::Encoding;

void MakeTable(Loading& loading, uint32_t fields) {
  loading.Begin(Encoding::kHashHashtable);
  static_cast<types::FieldTable*>(loading.value.data)->Reserve(fields);
}

bool LoadPairs(Loading& loading) {
  const uint32_t fields = loading.in.Count(2);
  if (!loading.in.ok()) return false;
  if (fields == 0) return loading.Empty();
  if (Within(fields, loading.limits().hash_max_listpack_entries)) {
    loading.Begin(Encoding::kHashListpack);
  } else {
    MakeTable(loading, fields);
  }
  types::Hash hash(loading.value, loading.context);
  for (uint32_t i = 0; i < fields; ++i) {
    const std::string_view field = loading.in.String(loading.first);
    const std::string_view value = loading.in.String(loading.second);
    if (!loading.in.ok() || !loading.HaveRoom(field.size() + value.size())) return false;
    if (!hash.Set(field, value)) return loading.Corrupt("Duplicate hash fields detected");
  }
  return true;
}

template <class Source>
bool FillTable(Loading& loading, std::string_view block, uint32_t fields) {
  MakeTable(loading, fields);
  types::Hash hash(loading.value, loading.context);
  ds::NumberText field_text;
  ds::NumberText value_text;
  for (Source source(block); source.More();) {
    const ds::Item field_item = source.Take();
    const ds::Item value_item = source.Take();
    const std::string_view field = field_item.Text(field_text);
    const std::string_view value = value_item.Text(value_text);
    if (!loading.HaveRoom(field.size() + value.size())) return false;
    if (!hash.Set(field, value)) return loading.Corrupt(DuplicatesIn<Source>());
  }
  return true;
}

// A compact hash stays one if its number of fields allows, whatever their lengths: as in Redis.
template <class Source>
bool LoadCompact(Loading& loading, bool lengths_count) {
  const std::string_view block = loading.in.String(loading.first);
  const uint32_t count = CheckedCount<Source>(loading, block, 2);
  if (count == 0) return false;
  const types::Limits& limits = loading.limits();
  bool packed =
      Within(count / 2, limits.hash_max_listpack_entries) && FitsPackedList(block.size(), count);
  if (lengths_count) {
    for (Source source(block); source.More();) {
      const bool fits = Within(source.Take().TextSize(), limits.hash_max_listpack_value);
      packed = packed && fits;
    }
  }
  if (!packed) return FillTable<Source>(loading, block, count / 2);
  if (!AllDistinct<Source>(loading, block, count, 2)) return false;
  loading.Begin(Encoding::kHashListpack);
  loading.value.data = PackedFrom<Source>(block);
  return true;
}

}  // namespace

bool LoadHash(Loading& loading, ValueType type) {
  switch (type) {
    case ValueType::kHashListpack:
      return LoadCompact<ListpackReader>(loading, false);
    case ValueType::kHashZiplist:
      return LoadCompact<ZiplistReader>(loading, false);
    case ValueType::kHashZipmap:
      return LoadCompact<ZipmapReader>(loading, true);
    default:
      return LoadPairs(loading);
  }
}

}  // namespace kvasm::persist
