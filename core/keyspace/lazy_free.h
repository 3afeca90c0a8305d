// What nobody can reach any more, freed in slices between commands: values too large to free at
// once, however they went (DEL, overwritten, expired), and flushed tables. A slice costs its budget
// and no more, so neither a command nor a tick is held up by a value of a million elements.
#pragma once

#include <cstdint>
#include <vector>

#include "core/keyspace/database.h"
#include "core/types/value.h"

namespace kvasm::keyspace {

class LazyFree {
 public:
  LazyFree() = default;
  ~LazyFree() { Finish(); }
  LazyFree(const LazyFree&) = delete;
  LazyFree& operator=(const LazyFree&) = delete;

  // Takes the value of an entry whose type owns a block. `asked`: by UNLINK or a lazyfree-*
  // setting, which INFO counts. Small values, and larger ones that nobody asked to be freed lazily,
  // are freed on the spot. Returns how many elements that were.
  uint64_t Add(types::Encoding encoding, void* data, bool asked);
  // Takes a flushed table with all its entries.
  void Add(EntryDict table) { tables_.push_back(std::move(table)); }

  // Frees about `budget_units` elements, entries of tables and those of their values alike. True
  // while there is more.
  bool Step(uint32_t budget_units);
  // Frees everything now. True if there was anything.
  bool Finish();

  // Objects whose lazy freeing was asked for: waiting and done.
  uint64_t pending() const;
  uint64_t freed() const { return freed_; }
  void ResetFreed() { freed_ = 0; }

 private:
  struct Value {
    void* data;
    uint64_t effort;  // what it still takes to free it
    types::Encoding encoding;
    bool asked;
  };

  void DrainTable(uint64_t budget);

  std::vector<Value> values_;
  std::vector<EntryDict> tables_;
  uint64_t pending_values_ = 0;
  uint64_t freed_ = 0;
};

}  // namespace kvasm::keyspace
