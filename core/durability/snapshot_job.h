// One snapshot on its way into a file: the keyspace as it was when the job began, written in
// bounded steps while commands run on. The file has its name only once it is whole and synced.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/snapshot_cut.h"
#include "core/persist/aof_rewrite.h"
#include "core/persist/rdb_writer.h"
#include "core/persist/storage.h"

namespace kvasm::durability {

struct SnapshotOrder {
  enum class Form : uint8_t { kRdb, kCommands };
  Form form = Form::kRdb;
  std::string file;       // what it is called in the end
  std::string temporary;  // and until then
  persist::WriteOptions options;
  persist::RdbHeader header;           // the views are borrowed while the job begins
  std::vector<std::string> functions;  // sources of libraries
  persist::SavedAccess access;
  bool notes_time = false;  // kCommands: begins with the time
  bool in_haste = false;    // somebody waits for it: commands do not go before
};

class SnapshotJob final : private keyspace::SnapshotCut::Sink, private persist::Sink {
 public:
  static constexpr uint32_t kStepBuckets = 512;
  // Why it failed; "" if the file is there.
  using Done = std::function<void(std::string_view error)>;

  // The instant of the snapshot. All are borrowed. `done` is called once, unless it is cancelled.
  SnapshotJob(keyspace::Keyspace& keyspace, persist::StorageQueue& storage, SnapshotOrder order,
              Done done);
  ~SnapshotJob() override;

  // Does some of the work if the storage keeps up. Milliseconds or less, but for single large
  // values. True while there is more that could be done now.
  bool Step(uint32_t buckets = kStepBuckets);
  // Gives it up; the unfinished file is removed.
  void Cancel();
  bool in_haste() const { return order_.in_haste; }
  // Nothing refers to it any more: it may go.
  bool is_over() const { return stage_ == Stage::kOver && pending_ == 0; }
  uint64_t keys_total() const { return keys_total_; }
  uint64_t keys_done() const { return keys_done_; }
  // Bytes the file has so far, what is on its way included.
  uint64_t bytes() const { return bytes_; }
  // Memory of what it has made and what is not written yet.
  uint64_t held_bytes() const { return chunk_.capacity() + under_way_bytes_; }

 private:
  enum class Stage : uint8_t { kWalk, kDrain, kFinish, kFailed, kOver };
  // A step ends when it has made so much of the file; blocks of so much may be on their way.
  static constexpr uint64_t kStepBytes = 48 * 1024;
  static constexpr size_t kChunkBytes = 512 * 1024;
  static constexpr uint64_t kUnderWayBytes = 2 << 20;

  bool Take(int db, keyspace::Entry& entry, int64_t expire_at_ms) override;
  void Append(std::string_view bytes) override;
  void EndWalk();
  void Send();
  void Finish();
  void Fail(std::string_view error);
  void End(std::string_view error);
  void Add(persist::Operation operation);
  void Ended(persist::Operation::Kind kind, const persist::Outcome& outcome);

  keyspace::Keyspace& keyspace_;
  persist::StorageQueue& storage_;
  SnapshotOrder order_;
  Done done_;
  persist::Block chunk_;
  std::optional<persist::RdbWriter> rdb_;
  std::optional<persist::AofRewriter> commands_;
  std::optional<keyspace::SnapshotCut> cut_;
  Stage stage_ = Stage::kWalk;
  std::string error_;
  uint64_t keys_total_ = 0;
  uint64_t keys_done_ = 0;
  uint64_t bytes_ = 0;
  uint64_t step_end_bytes_ = 0;
  uint64_t under_way_bytes_ = 0;
  uint32_t pending_ = 0;  // operations
};

}  // namespace kvasm::durability
