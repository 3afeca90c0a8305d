// What the engine wants done with files. The core opens none: the host takes operations, does them
// and says how they went.
//
// Operations of one lane are done one after the other, in the order in which they were added; lanes
// go side by side, so that a long snapshot does not hold the log up. Names are relative to the
// folder of the data ("dump.rdb", "appendonlydir/appendonly.aof.manifest").
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>

#include "core/persist/block.h"

namespace kvasm::persist {

// How an operation went.
struct Outcome {
  std::string_view error;  // why it failed, in the words of the C library; empty: it did not
  std::string_view bytes;  // kRead: as many as were asked for, fewer where the file ends
  uint64_t size = 0;       // kSize
  bool absent = false;     // kSize: there is no such file

  bool ok() const { return error.empty(); }
};

struct Operation {
  // The numbers are known to bindings/js/persistence.ts.
  enum class Kind : uint8_t {
    kSize = 1,
    kRead = 2,
    kAppend = 3,  // makes the file, and its folder, if need be
    kSync = 4,    // what has been appended survives a loss of power
    kTruncate = 5,
    kRename = 6,   // atomic, and survives a loss of power, the contents too
    kReplace = 7,  // the whole content, likewise
    kRemove = 8,   // if it is there
  };

  Kind kind;
  std::string file;
  std::string to{};     // kRename
  Block bytes{};        // kAppend, kReplace
  bool synced = false;  // kAppend: with a kSync
  uint64_t offset = 0;  // kRead; kTruncate: the bytes that stay
  uint32_t length = 0;  // kRead: bytes at most
  // Told when it is done; the operation is gone after that. May be empty.
  std::function<void(const Outcome&, Operation&)> done{};
};

class StorageQueue {
 public:
  // What grows with every command; the snapshot's file; the files of the log and their manifest,
  // which records need not wait for. The numbers are known to bindings/js/persistence.ts.
  enum class Lane : uint8_t { kLog, kSnapshot, kFiles };
  static constexpr size_t kLanes = 3;

  void Add(Lane lane, Operation operation);

  // The operation that comes next, which is under way then; null if there is none, or if the one
  // before it has not ended. Borrowed until End.
  const Operation* Begin(Lane lane);
  void End(Lane lane, const Outcome& outcome);

  // Whether Begin has something.
  bool has_next(Lane lane) const { return !At(lane).waiting.empty() && !At(lane).is_busy; }
  // Nothing waits and nothing is under way.
  bool is_idle(Lane lane) const { return At(lane).waiting.empty() && !At(lane).is_busy; }
  // Operations that wait or are under way.
  size_t pending(Lane lane) const { return At(lane).waiting.size() + (At(lane).is_busy ? 1 : 0); }

 private:
  struct Line {
    std::list<Operation> waiting;
    Operation current{};
    bool is_busy = false;
  };
  Line& At(Lane lane) { return lines_[static_cast<size_t>(lane)]; }
  const Line& At(Lane lane) const { return lines_[static_cast<size_t>(lane)]; }

  std::array<Line, kLanes> lines_;
};

}  // namespace kvasm::persist
