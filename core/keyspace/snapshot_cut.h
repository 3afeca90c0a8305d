// The state of the whole keyspace at one instant, read in small steps while writes go on: what
// BGSAVE, BGREWRITEAOF and a replica's full synchronisation need, without fork.
//
// Each entry carries the epoch that last saw its present version. A cut begins a new epoch. From
// then on
//   - the walk visits the tables bucket by bucket and hands over each entry of an older epoch;
//   - the write gate hands over an entry of an older epoch just before it changes, moves or goes;
//   - what is created or changed afterwards carries the new epoch and is never handed over;
//   - a database about to be flushed gives its table to the cut, which goes on walking it there;
//   - SWAPDB moves tables between numbers: entries are handed over under the number they had.
// So every entry that existed at the cut is handed over exactly once, as it was. The order is
// arbitrary. Memory: nothing but what the sink keeps, and flushed tables until they are walked.
//
//     SnapshotCut cut(keyspace, sink);     // the instant
//     while (cut.Step(100)) { ... }        // between other work
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/keyspace/keyspace.h"

namespace kvasm::keyspace {

class SnapshotCut final : public Listener {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    // An entry as it was at the cut; `expire_at_ms` -1 = persistent. Valid during the call. Entries
    // already expired but not yet removed are included. False: the walk's step is to end here.
    virtual bool Take(int db, Entry& entry, int64_t expire_at_ms) = 0;
  };

  // Begins the cut. Both are borrowed. One cut at a time per keyspace.
  SnapshotCut(Keyspace& keyspace, Sink& sink);
  // Ends it, finished or not.
  ~SnapshotCut() override;

  // Walks up to `budget_units` buckets, fewer if the sink wants no more. True while there is more
  // to walk.
  bool Step(uint32_t budget_units);
  bool done() const { return done_; }

  uint32_t Interests() const override { return kPreImage; }
  void BeforeWrite(Database& db, Entry& entry) override;
  void BeforeFlush(Database& db) override;

 private:
  struct Progress {
    EntryDict::Place place{};
    bool walked = false;
  };
  // Contents taken over from a flushed database.
  struct Detached {
    Detached(int cut_id, EntryDict dict, ExpiryHeap heap)
        : db(cut_id), entries(std::move(dict)), expiry(std::move(heap)) {}
    int db;
    EntryDict entries;
    ExpiryHeap expiry;
    Progress progress{};
  };

  bool HandOver(int db, Entry& entry, const ExpiryHeap& expiry);
  // Up to so many buckets of some table, which it returns; 0 when all have been walked.
  uint32_t StepDatabases(uint32_t buckets);
  uint32_t StepDetached(uint32_t buckets);
  uint32_t Walk(int db, EntryDict& entries, const ExpiryHeap& expiry, Progress& progress,
                uint32_t buckets);

  Keyspace& keyspace_;
  Sink& sink_;
  std::vector<Progress> progress_;  // by the number a database had at the cut
  std::vector<std::unique_ptr<Detached>> detached_;
  bool done_ = false;
  bool is_full_ = false;  // the sink wants no more in this step
};

}  // namespace kvasm::keyspace
