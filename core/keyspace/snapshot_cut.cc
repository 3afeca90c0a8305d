#include "core/keyspace/snapshot_cut.h"

#include <utility>

namespace kvasm::keyspace {

SnapshotCut::SnapshotCut(Keyspace& keyspace, Sink& sink)
    : keyspace_(keyspace), sink_(sink), progress_(static_cast<size_t>(keyspace.database_count())) {
  keyspace_.BeginEpoch();
  for (int id = 0; id < keyspace_.database_count(); ++id) keyspace_.db(id).cut_id_ = id;
  keyspace_.Attach(*this);
}

SnapshotCut::~SnapshotCut() { keyspace_.Detach(*this); }

void SnapshotCut::HandOver(int db, Entry& entry, const ExpiryHeap& expiry) {
  if (entry.epoch == keyspace_.epoch()) return;
  entry.epoch = keyspace_.epoch();
  sink_.Take(db, entry, entry.ttl_slot == 0 ? -1 : expiry.KeyOf(entry));
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
  taken->cursor = progress.cursor;
  detached_.push_back(std::move(taken));
  progress_[static_cast<size_t>(db.cut_id_)].walked = true;
  done_ = false;
}

bool SnapshotCut::StepDatabases() {
  for (int id = 0; id < keyspace_.database_count(); ++id) {
    Database& db = keyspace_.db(id);
    Progress& progress = progress_[static_cast<size_t>(db.cut_id_)];
    if (progress.walked) continue;
    progress.cursor = db.entries_.Scan(
        progress.cursor, [&](Entry* entry) { HandOver(db.cut_id_, *entry, db.expiry_); });
    progress.walked = progress.cursor == 0;
    return true;
  }
  return false;
}

bool SnapshotCut::StepDetached() {
  if (detached_.empty()) return false;
  Detached& table = *detached_.back();
  if (!table.walked) {
    table.cursor = table.entries.Scan(
        table.cursor, [&](Entry* entry) { HandOver(table.db, *entry, table.expiry); });
    table.walked = table.cursor == 0;
  } else if (!table.entries.Drain(1, FreeEntry)) {
    detached_.pop_back();
  }
  return true;
}

bool SnapshotCut::Step(uint32_t budget_units) {
  while (!done_ && budget_units-- > 0) done_ = !StepDetached() && !StepDatabases();
  return !done_;
}

}  // namespace kvasm::keyspace
