// Questions about a compact block, whichever reader reads it. Internal to this layer.
#pragma once

#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/stable_sort.h"
#include "core/ds/item.h"
#include "core/ds/packed_list.h"
#include "core/persist/listpack.h"
#include "core/persist/loading.h"
#include "core/persist/ziplist.h"

namespace kvasm::persist {

// An order of items without meaning but that equal items are neighbours.
inline bool ItemLess(const ds::Item& a, const ds::Item& b) {
  if (a.is_integer() != b.is_integer()) return a.is_integer();
  return a.is_integer() ? a.number() < b.number() : a.bytes() < b.bytes();
}

inline bool ItemEqual(const ds::Item& a, const ds::Item& b) {
  if (a.is_integer() != b.is_integer()) return false;
  return a.is_integer() ? a.number() == b.number() : base::Equal(a.bytes(), b.bytes());
}

// Whether no two of the items are equal. Changes their order. O(n log n).
bool Distinct(std::span<ds::Item> items);

// The cause of a fault.
template <class Source>
constexpr std::string_view DuplicatesIn() {
  if constexpr (std::is_same_v<Source, ListpackReader>) {
    return "listpack with dup elements, integrity check failed";
  } else {
    return "ziplist or zipmap with dup elements, integrity check failed";
  }
}

// Checks a block of `count` elements for equal ones among those at 0, `stride`, 2 x `stride`, ...:
// false and a fault if there are any. O(n log n).
template <class Source>
bool AllDistinct(Loading& loading, std::string_view block, uint32_t count, uint32_t stride) {
  if (!loading.HaveRoom(count * sizeof(ds::Item) + base::StableSortBytes(count, sizeof(ds::Item))))
    return false;
  std::vector<ds::Item> items;
  items.reserve(count / stride);
  Source source(block);
  for (uint32_t i = 0; source.More(); ++i) {
    const ds::Item item = source.Take();
    if (i % stride == 0) items.push_back(item);
  }
  return Distinct(items) || loading.Corrupt(DuplicatesIn<Source>());
}

// A packed list's block with the elements of a sound block.
template <class Source>
void* PackedFrom(std::string_view block) {
  ds::PackedListBuilder list(static_cast<uint32_t>(block.size()));
  for (Source source(block); source.More();) list.Append(source.Take());
  return list.Take();
}

// The number of elements of a sound block whose number is a multiple of `stride`; 0 after a fault
// or when it is empty (then the loading says which).
template <class Source>
uint32_t CheckedCount(Loading& loading, std::string_view block, uint32_t stride) {
  if (!loading.in.ok()) return 0;
  const std::optional<uint32_t> count = Source::Count(block);
  if (!count || *count % stride != 0) {
    loading.Corrupt();
    return 0;
  }
  // An empty zipmap was never written: it is taken for damage, as in Redis.
  if (*count == 0) std::is_same_v<Source, ZipmapReader> ? loading.Corrupt() : loading.Empty();
  return *count;
}

}  // namespace kvasm::persist
