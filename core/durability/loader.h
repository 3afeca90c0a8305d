// Reads the files of a data set into the keyspace, piece by piece, while the host goes on serving:
// one RDB file, or the base and the increments of an append-only file.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/host/host.h"
#include "core/keyspace/keyspace.h"
#include "core/persist/aof_reader.h"
#include "core/persist/rdb_reader.h"
#include "core/persist/storage.h"
#include "core/scripting/libraries.h"

namespace kvasm::durability {

enum class Executed : uint8_t { kDone, kUnknown, kNoMemory };

// What a loader needs of the engine: somebody to execute the commands of a log.
class Executor {
 public:
  virtual ~Executor() = default;
  // Executes a command as it was recorded, without a reply, and without checks but that there is
  // such a command, and memory for it.
  virtual Executed ExecuteRecord(std::span<const std::string_view> arguments) = 0;
  // What comes is another log, or the end: it is for the first database, and a transaction that
  // has not ended is forgotten.
  virtual void BeginRecords() = 0;
};

struct LoadOrder {
  struct File {
    std::string path;
    std::string name;     // for messages
    bool is_log = false;  // commands, with an RDB file before them perhaps; else an RDB file
    bool is_base = false;
  };
  std::vector<File> files;
  bool takes_truncated = true;  // the last log may end too early: it is cut back
  bool verify_checksum = true;
  bool replaces = false;  // what a file holds may be there already (DEBUG RELOAD MERGE)
};

class Loader final : private persist::RdbReader::Target, private persist::AofReader::Target {
 public:
  struct Progress {
    int64_t began_ms = 0;
    uint64_t bytes_total = 0;
    uint64_t bytes_loaded = 0;
    uint64_t keys_loaded = 0;
    uint64_t keys_expired = 0;     // left out: their time was up
    uint64_t keys_empty = 0;       // left out: collections without elements
    uint64_t rdb_used_memory = 0;  // as the file tells
  };
  // Why it failed, for the log; "" if all is there.
  using Done = std::function<void(std::string_view error)>;

  struct Parts {
    const host::Host& host;
    keyspace::Keyspace& keyspace;
    scripting::Libraries& libraries;
    persist::StorageQueue& storage;
    Executor& executor;
  };

  // Begins. All is borrowed. `done` is called once.
  Loader(const Parts& parts, LoadOrder order, Done done);

  const Progress& progress() const { return progress_; }
  // The size of each file when it had been read, and cut back if need be.
  size_t file_count() const { return sizes_.size(); }
  uint64_t BytesOf(size_t file) const { return sizes_[file]; }
  // Whether it failed for what is in an RDB file.
  bool has_failed_rdb() const { return has_failed_rdb_; }

 private:
  static constexpr uint32_t kPieceBytes = 512 * 1024;

  // --- RDB ---
  bool Aux(std::string_view name, std::string_view value) override;
  base::Status Function(std::string_view code) override;
  base::Status SelectDb(int64_t db) override;
  void Resize(uint64_t keys, uint64_t volatile_keys) override;
  bool WantsKey(std::string_view key, int64_t expire_at_ms) override;
  base::Status Put(std::string_view key, persist::LoadedValue& value, int64_t expire_at_ms,
                   int64_t idle_s, int frequency) override;
  void Empty(std::string_view key) override;
  // --- log ---
  bool Command(std::span<const std::string_view> arguments) override;

  const LoadOrder::File& file() const { return order_.files[at_]; }
  void Measure(size_t file);
  void OpenNext();
  void Read();
  void TakePiece(std::string_view bytes);
  // False when the reading is over, or has failed.
  bool TakeRdb(std::string_view* bytes);
  bool TakeLog(std::string_view bytes);
  void EndFile();
  void EndLog();
  void CutBack(uint64_t bytes);
  void Next();
  void FailRdb();
  void FailFile(std::string_view text);
  void Finish(std::string_view error);

  const Parts parts_;
  const LoadOrder order_;
  Done done_;
  Progress progress_;
  std::vector<uint64_t> sizes_;
  size_t at_ = 0;        // the present file
  uint64_t offset_ = 0;  // of its next piece
  std::optional<persist::RdbReader> rdb_;
  std::optional<persist::AofReader> log_;
  int db_ = 0;
  std::string unknown_command_;
  bool out_of_memory_ = false;
  bool has_failed_rdb_ = false;
};

}  // namespace kvasm::durability
