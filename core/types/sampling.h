// Random samples without replacement, shared by hashes, sets and sorted sets.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/prng.h"

namespace kvasm::types {

// Decides element by element, in one pass over `population` elements, which `wanted` of them are
// taken; each subset is equally likely (Knuth, algorithm S).
class SelectionSampler {
 public:
  SelectionSampler(uint64_t population, uint64_t wanted, base::Prng& prng)
      : left_(population), wanted_(wanted), prng_(prng) {}

  bool done() const { return wanted_ == 0; }
  // Whether the next element is taken. Called at most `population` times.
  bool TakeNext() {
    bool take = prng_.Below(left_--) < wanted_;
    if (take) --wanted_;
    return take;
  }

 private:
  uint64_t left_;
  uint64_t wanted_;
  base::Prng& prng_;
};

// Visits `wanted` < table.size() distinct random nodes of a Dict. O(wanted) for small samples,
// O(size) for large ones and where memory is short.
template <class Table, class Visit>
void SampleNodes(Table& table, uint64_t wanted, base::Prng& prng, Visit visit) {
  constexpr uint64_t kDenseFactor = 3;
  constexpr uint64_t kSeenBytes = 64;
  if (wanted * kDenseFactor > table.size() || !base::HaveRoom(wanted * kSeenBytes)) {
    SelectionSampler sampler(table.size(), wanted, prng);
    table.ForEach([&](auto* node) -> bool {
      if (sampler.TakeNext()) visit(*node);
      return !sampler.done();
    });
    return;
  }
  std::set<const void*> seen;
  while (seen.size() < wanted) {
    auto* node = table.FairRandom(prng);
    if (seen.insert(node).second) visit(*node);
  }
}

// Heap bytes of a Dict's nodes, extrapolated from at most `samples` of them (0 = all).
template <class Table>
uint64_t SampledNodeBytes(Table& table, uint64_t samples) {
  uint64_t seen = 0;
  uint64_t bytes = 0;
  table.ForEach([&](const auto* node) -> bool {
    bytes += node->MemoryBytes();
    return ++seen != samples;
  });
  return seen == 0 ? 0 : bytes * table.size() / seen;
}

}  // namespace kvasm::types
