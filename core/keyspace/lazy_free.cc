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

void LazyFree::Add(types::Encoding encoding, void* data, bool asked) {
  const uint64_t effort = types::ValueFreeEffort(encoding, data);
  if (effort <= (asked ? kAskedEffort : kUnaskedEffort)) return types::FreeValue(encoding, data);
  values_.push_back({data, encoding, asked});
  pending_values_ += asked ? 1 : 0;
}

bool LazyFree::Step(uint32_t budget_units) {
  uint64_t budget = budget_units;
  while (budget > 0 && !values_.empty()) {
    const Value value = values_.back();
    const uint64_t effort = types::ValueFreeEffort(value.encoding, value.data);
    if (!types::FreeSome(value.encoding, value.data, static_cast<uint32_t>(budget))) return true;
    values_.pop_back();
    if (value.asked) {
      --pending_values_;
      ++freed_;
    }
    budget -= std::min(budget, std::max<uint64_t>(effort, 1));
  }
  if (budget > 0 && !tables_.empty()) {
    EntryDict& table = tables_.back();
    const uint64_t before = table.size();
    // A large value of a flushed entry joins the values above.
    const bool more = table.Drain(static_cast<uint32_t>(budget), [this](Entry* entry) {
      if (entry->OwnsBlock()) Add(entry->encoding, entry->data, false);
      FreeEntryBlock(entry);
    });
    freed_ += before - table.size();
    if (!more) tables_.pop_back();
  }
  return !values_.empty() || !tables_.empty();
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
