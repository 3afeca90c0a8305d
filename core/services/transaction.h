// What a session has queued since MULTI and the keys it watches (WATCH). Pure state; the engine
// queues and runs, the commands of the family decide.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/keyspace/keyspace.h"

namespace kvasm::services {

class Transaction {
 public:
  struct Queued {
    size_t command_index;                // in the command table
    std::vector<std::string> arguments;  // as they were called
  };

  bool open() const { return open_; }
  void Open() { open_ = true; }
  // `flags` are those of the command's declaration.
  void Queue(Queued command, uint32_t flags);
  // A command was refused instead of queued: EXEC will refuse them all.
  void Fail() { failed_ = open_; }
  bool failed() const { return failed_; }
  size_t size() const { return queued_.size(); }
  // All flags of the queued commands.
  uint32_t flags() const { return flags_; }
  // Heap bytes of the queue, roughly.
  uint64_t memory_bytes() const { return memory_bytes_; }

  // Heap bytes of the watched keys, roughly.
  uint64_t watch_bytes() const { return watch_bytes_; }

  // A key watched already is left as it is. O(log keys watched).
  void Watch(keyspace::Keyspace& keyspace, keyspace::Database& db, std::string_view key);
  void Unwatch(keyspace::Keyspace& keyspace);
  // Whether a watched key was written, flushed or swapped, or has expired, since it was watched.
  bool WatchedHasChanged(keyspace::Keyspace& keyspace) const;
  // The same, but for keys that have expired and are still there. O(1) while nothing watched, by
  // whomever, is written.
  bool WatchedWasTouched(keyspace::Keyspace& keyspace) const;

  // Ends it: nothing is queued or watched any more. Returns what was queued.
  std::vector<Queued> Close(keyspace::Keyspace& keyspace);

 private:
  using Name = std::pair<int, std::string>;
  struct Watched {
    uint64_t version = 0;  // when it began to be watched
    bool present = false;  // it was there then, and its time had not come
  };

  static bool IsPresent(keyspace::Keyspace& keyspace, const Name& name);
  static bool IsTouched(keyspace::Keyspace& keyspace, const Name& name, const Watched& watched);

  bool open_ = false;
  bool failed_ = false;
  uint32_t flags_ = 0;
  uint64_t memory_bytes_ = 0;
  uint64_t watch_bytes_ = 0;
  std::vector<Queued> queued_;
  std::map<Name, Watched> watched_;
  // Found out when the table of watched keys had counted so many writes.
  mutable uint64_t writes_seen_ = 0;
  mutable bool touched_ = false;
};

}  // namespace kvasm::services
