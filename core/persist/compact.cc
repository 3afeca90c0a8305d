#include "core/persist/compact.h"

#include <algorithm>

namespace kvasm::persist {

bool Distinct(std::span<ds::Item> items) {
  constexpr size_t kFew = 16;
  if (items.size() <= kFew) {
    for (size_t i = 1; i < items.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (ItemEqual(items[i], items[j])) return false;
      }
    }
    return true;
  }
  base::StableSort(items, [](const ds::Item& a, const ds::Item& b) { return ItemLess(a, b); });
  return std::adjacent_find(items.begin(), items.end(), ItemEqual) == items.end();
}

}  // namespace kvasm::persist
