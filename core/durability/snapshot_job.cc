#include "core/durability/snapshot_job.h"

#include <utility>

namespace kvasm::durability {

using persist::Operation;
using persist::Outcome;
using Lane = persist::StorageQueue::Lane;

SnapshotJob::SnapshotJob(keyspace::Keyspace& keyspace, persist::StorageQueue& storage,
                         SnapshotOrder order, Done done)
    : keyspace_(keyspace), storage_(storage), order_(std::move(order)), done_(std::move(done)) {
  storage_.Add(Lane::kSnapshot, {.kind = Operation::Kind::kRemove, .file = order_.temporary});
  // From the beginning there is a file, and in the end even if there was nothing to be written.
  Add({.kind = Operation::Kind::kAppend, .file = order_.temporary});
  persist::Sink& sink = *this;
  if (order_.form == SnapshotOrder::Form::kRdb) {
    rdb_.emplace(sink, order_.options);
    rdb_->Begin(order_.header);
    for (const std::string& code : order_.functions) rdb_->Function(code);
  } else {
    if (order_.notes_time) persist::AofTimestamps().Note(sink, order_.header.created_s, true);
    commands_.emplace(sink);
    for (const std::string& code : order_.functions) commands_->Function(code);
  }
  order_.functions.clear();
  for (int id = 0; id < keyspace_.database_count(); ++id) {
    const keyspace::Database& db = keyspace_.db(id);
    keys_total_ += db.size();
    if (rdb_ && db.size() > 0) rdb_->Resize(id, db.size(), db.volatile_size());
  }
  cut_.emplace(keyspace_, static_cast<keyspace::SnapshotCut::Sink&>(*this));
}

SnapshotJob::~SnapshotJob() = default;

bool SnapshotJob::Take(int db, keyspace::Entry& entry, int64_t expire_at_ms) {
  ++keys_done_;
  if (!error_.empty()) return false;
  if (rdb_) {
    rdb_->Put(db, entry, expire_at_ms, keyspace_.context(), order_.access);
  } else {
    commands_->Put(db, entry, expire_at_ms, keyspace_.context());
  }
  return bytes_ < step_end_bytes_;
}

void SnapshotJob::Append(std::string_view bytes) {
  chunk_.Append(bytes);
  bytes_ += bytes.size();
  if (chunk_.failed()) {
    error_ = "Out of memory";
  } else if (chunk_.size() >= kChunkBytes) {
    Send();
  }
}

bool SnapshotJob::Step(uint32_t buckets) {
  if (stage_ != Stage::kWalk) return false;
  if (!error_.empty() || (rdb_ && rdb_->failed())) {
    Fail(error_.empty() ? "Out of memory" : std::string(error_));
    return false;
  }
  if (under_way_bytes_ > kUnderWayBytes) return false;
  step_end_bytes_ = bytes_ + kStepBytes;
  if (cut_->Step(buckets)) return true;
  EndWalk();
  return false;
}

void SnapshotJob::EndWalk() {
  cut_.reset();
  if (rdb_) rdb_->End();
  const bool failed = rdb_ && rdb_->failed();
  if (failed || !error_.empty()) return Fail(error_.empty() ? "Out of memory" : error_);
  if (chunk_.size() > 0) Send();
  stage_ = Stage::kDrain;
  if (pending_ == 0) Finish();
}

void SnapshotJob::Add(Operation operation) {
  ++pending_;
  operation.done = [this](const Outcome& outcome, Operation& ended) {
    --pending_;
    under_way_bytes_ -= ended.bytes.capacity();
    Ended(ended.kind, outcome);
  };
  storage_.Add(Lane::kSnapshot, std::move(operation));
}

void SnapshotJob::Ended(Operation::Kind kind, const Outcome& outcome) {
  if (stage_ == Stage::kFailed) {
    // The unfinished file has been removed, or cannot be.
    if (kind == Operation::Kind::kRemove) End(error_);
    return;
  }
  if (!outcome.ok()) return Fail(outcome.error);
  if (kind == Operation::Kind::kRename) return End({});
  if (stage_ == Stage::kDrain && pending_ == 0) Finish();
}

void SnapshotJob::Send() {
  under_way_bytes_ += chunk_.capacity();
  Operation operation{.kind = Operation::Kind::kAppend, .file = order_.temporary};
  operation.bytes = std::move(chunk_);
  chunk_ = persist::Block();
  Add(std::move(operation));
}

void SnapshotJob::Finish() {
  stage_ = Stage::kFinish;
  Add({.kind = Operation::Kind::kRename, .file = order_.temporary, .to = order_.file});
}

void SnapshotJob::Fail(std::string_view error) {
  if (stage_ >= Stage::kFailed) return;
  error_ = std::string(error);
  cut_.reset();
  stage_ = Stage::kFailed;
  Add({.kind = Operation::Kind::kRemove, .file = order_.temporary});
}

void SnapshotJob::Cancel() {
  done_ = nullptr;
  Fail("Cancelled");
}

void SnapshotJob::End(std::string_view error) {
  stage_ = Stage::kOver;
  if (done_) std::exchange(done_, nullptr)(error);
}

}  // namespace kvasm::durability
