#include "core/keyspace/lazy_free.h"

#include <algorithm>
#include <limits>

namespace kvasm::keyspace {
namespace {

// Values that take more steps than this to free are left to the background (Redis: 64).
constexpr uint64_t kAskedEffort = 64;
// The same when nobody asked: freed at once, these take a fraction of a millisecond.
constexpr uint64_t kUnaskedEffort = 4096;

}  // namespace

uint64_t LazyFree::Add(types::Encoding encoding, void* data, bool asked) {
  const uint64_t effort = types::ValueFreeEffort(encoding, data);
  if (effort <= (asked ? kAskedEffort : kUnaskedEffort)) {
    types::FreeValue(encoding, data);
    return effort;
  }
  values_.push_back({data, effort, encoding, asked});
  pending_values_ += asked ? 1 : 0;
  return 0;
}

bool LazyFree::Step(uint32_t budget_units) {
  uint64_t budget = budget_units;
  while (budget > 0 && !values_.empty()) {
    Value& value = values_.back();
    if (!types::FreeSome(value.encoding, value.data, static_cast<uint32_t>(budget))) {
      value.effort -= std::min(value.effort, budget);
      return true;
    }
    budget -= std::min(budget, std::max<uint64_t>(value.effort, 1));
    if (value.asked) {
      --pending_values_;
      ++freed_;
    }
    values_.pop_back();
  }
  if (!tables_.empty()) DrainTable(budget);
  return !values_.empty() || !tables_.empty();
}

// A value that would take more than is left of the budget joins the values, and is the first thing
// the next slice frees.
void LazyFree::DrainTable(uint64_t budget) {
  EntryDict& table = tables_.back();
  const uint64_t before = table.size();
  bool more = true;
  while (more && budget > 0) {
    --budget;
    more = table.Drain(1, [&](Entry* entry) {
      if (entry->OwnsBlock()) {
        const uint64_t effort = types::ValueFreeEffort(entry->encoding, entry->data);
        if (effort > budget + 1) {
          values_.push_back({entry->data, effort, entry->encoding, false});
          budget = 0;
        } else {
          types::FreeValue(entry->encoding, entry->data);
          budget -= std::max<uint64_t>(effort, 1) - 1;
        }
      }
      FreeEntryBlock(entry);
    });
  }
  freed_ += before - table.size();
  if (!more) tables_.pop_back();
}

bool LazyFree::Finish() {
  if (values_.empty() && tables_.empty()) return false;
  while (Step(std::numeric_limits<uint32_t>::max())) {
  }
  return true;
}

uint64_t LazyFree::pending() const {
  uint64_t pending = pending_values_;
  for (const EntryDict& table : tables_) pending += table.size();
  return pending;
}

}  // namespace kvasm::keyspace
