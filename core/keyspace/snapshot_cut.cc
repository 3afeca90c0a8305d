#include "core/keyspace/snapshot_cut.h"

#include <algorithm>
#include <utility>

namespace kvasm::keyspace {

SnapshotCut::SnapshotCut(Keyspace& keyspace, Sink& sink)
    : keyspace_(keyspace), sink_(sink), progress_(static_cast<size_t>(keyspace.database_count())) {
  keyspace_.BeginEpoch();
  for (int id = 0; id < keyspace_.database_count(); ++id) keyspace_.db(id).cut_id_ = id;
  keyspace_.Attach(*this);
}

SnapshotCut::~SnapshotCut() { keyspace_.Detach(*this); }

bool SnapshotCut::HandOver(int db, Entry& entry, const ExpiryHeap& expiry) {
  if (entry.epoch == keyspace_.epoch()) return true;
  entry.epoch = keyspace_.epoch();
  return sink_.Take(db, entry, entry.ttl_slot == 0 ? -1 : expiry.KeyOf(entry));
}

void SnapshotCut::BeforeWrite(Database& db, Entry& entry) {
  HandOver(db.cut_id_, entry, db.expiry_);
}

void SnapshotCut::BeforeFlush(Database& db) {
  const Progress& progress = progress_[static_cast<size_t>(db.cut_id_)];
  // What has been walked is not needed any more.
  if (progress.walked || db.size() == 0) return;
  auto taken = std::make_unique<Detached>(
      db.cut_id_, std::exchange(db.entries_, EntryDict(keyspace_.context_.seed)),
      std::exchange(db.expiry_, ExpiryHeap()));
  taken->progress = progress;
  detached_.push_back(std::move(taken));
  progress_[static_cast<size_t>(db.cut_id_)].walked = true;
  done_ = false;
}

uint32_t SnapshotCut::StepDatabases(uint32_t buckets) {
  for (int id = 0; id < keyspace_.database_count(); ++id) {
    Database& db = keyspace_.db(id);
    Progress& progress = progress_[static_cast<size_t>(db.cut_id_)];
    if (!progress.walked) return Walk(db.cut_id_, db.entries_, db.expiry_, progress, buckets);
  }
  return 0;
}

uint32_t SnapshotCut::StepDetached(uint32_t buckets) {
  if (detached_.empty()) return 0;
  Detached& table = *detached_.back();
  if (!table.progress.walked) {
    return Walk(table.db, table.entries, table.expiry, table.progress, buckets);
  }
  if (!table.entries.Drain(1, FreeEntry)) detached_.pop_back();
  return 1;
}

uint32_t SnapshotCut::Walk(int db, EntryDict& entries, const ExpiryHeap& expiry, Progress& progress,
                           uint32_t buckets) {
  const uint32_t before = progress.place.bucket;
  progress.walked = !entries.Walk(progress.place, buckets, [&](Entry* entry) {
    const bool goes_on = HandOver(db, *entry, expiry);
    is_full_ |= !goes_on;
    return goes_on;
  });
  return progress.place.bucket - before;
}

bool SnapshotCut::Step(uint32_t budget_units) {
  is_full_ = false;
  while (!done_ && !is_full_ && budget_units > 0) {
    uint32_t walked = StepDetached(budget_units);
    if (walked == 0) walked = StepDatabases(budget_units);
    done_ = walked == 0;
    budget_units -= std::min(walked, budget_units);
  }
  return !done_;
}

}  // namespace kvasm::keyspace
