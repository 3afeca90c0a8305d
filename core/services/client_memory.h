// What clients hold of the memory, and maxmemory-clients: when all of them hold more than that, the
// largest are ended.
//
// While there is a limit the sum is kept current: each session tells of itself when it may have
// changed (Note), and Sessions tells whose output another one has added to. What the host has taken
// meanwhile is seen only when the limit seems to be passed: then all are counted anew. Sizes are
// compared by their power of two, as in Redis; of equal ones the older goes first.
#pragma once

#include <cstdint>

#include "core/host/host.h"
#include "core/services/output_limits.h"
#include "core/services/session.h"
#include "core/services/settings.h"
#include "core/services/stats.h"

namespace kvasm::services {

// Heap bytes that a session holds: its output, the request that has not come whole, what it has
// queued, watches, listens to and tracks. O(1).
uint64_t MemoryOf(const Session& session);

class ClientMemory {
 public:
  ClientMemory(const Settings& settings, Sessions& sessions, OutputLimits& limits, Stats& stats)
      : settings_(settings), sessions_(sessions), limits_(limits), stats_(stats) {}
  ClientMemory(const ClientMemory&) = delete;
  ClientMemory& operator=(const ClientMemory&) = delete;

  // To be called when maxmemory-clients or maxmemory has changed.
  void Apply();
  bool has_limit() const { return limit_bytes_ != 0; }
  // The session may hold more or less than when it was last counted. Nothing without a limit.
  void Note(Session& session) {
    if (limit_bytes_ != 0) [[unlikely]]
      Count(session);
  }
  // To be called before a session ends.
  void Forget(const Session& session) { sum_bytes_ -= session.counted_bytes; }
  // Ends the largest clients that may be ended until all hold less than the limit. Not to be called
  // while a command runs.
  void EndLargest() {
    if (limit_bytes_ != 0) [[unlikely]]
      CheckLimit();
  }
  // As EndLargest, also when that was in vain the last time.
  void Tick() {
    in_vain_bytes_ = 0;
    EndLargest();
  }

 private:
  void Count(Session& session);
  void CheckLimit();

  const Settings& settings_;
  Sessions& sessions_;
  OutputLimits& limits_;
  Stats& stats_;
  uint64_t limit_bytes_ = 0;    // 0: none
  uint64_t sum_bytes_ = 0;      // of the counted_bytes of all sessions
  uint64_t in_vain_bytes_ = 0;  // up to here there is nobody to be ended
};

}  // namespace kvasm::services
