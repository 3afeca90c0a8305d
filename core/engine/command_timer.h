// How long commands take: for INFO, the histograms of LATENCY, the slow log and the latency
// monitor.
//
// Where reading the clock costs as much as a short command does (host::Clock::IsSlow), commands
// that only ever do a little are timed one call in sixteen, and count as the last one timed in
// between. Whoever logs commands faster than a millisecond has them all timed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "core/command/table.h"
#include "core/host/host.h"
#include "core/services/latency_monitor.h"
#include "core/services/services.h"
#include "core/services/slow_log.h"

namespace kvasm::engine {

class CommandTimer {
 public:
  // All are borrowed.
  CommandTimer(host::Clock& clock, const command::Table& table, services::Services& services);

  // Right before a command runs. Returns what End() needs.
  [[gnu::always_inline]] int64_t Start(size_t index, std::span<const std::string_view> args);
  // Right after it: microseconds that it took.
  [[gnu::always_inline]] int64_t End(size_t index, int64_t started);
  // A call is over: counts and logs it.
  void Account(const services::Session& session, size_t index,
               std::span<const std::string_view> args, int64_t duration_us);

 private:
  static constexpr int64_t kUntimed = -1;

  // What is known of each command, by index.
  struct Known {
    bool brief = false;        // whatever the keys hold
    uint8_t untimed_left = 0;  // calls until it is timed again
    uint32_t last_us = 0;
  };

  void CountDuration(services::CommandStats& stats, int64_t duration_us);
  int64_t NowSeconds() { return clock_.NowUs() / 1'000'000; }
  bool MayGuess(const Known& known, std::span<const std::string_view> args) const;

  host::Clock& clock_;
  const command::Table& table_;
  services::Services& services_;
  std::vector<Known> known_;
};

// With each command: part of what runs it.
inline int64_t CommandTimer::Start(size_t index, std::span<const std::string_view> args) {
  constexpr uint8_t kUntimedCalls = 15;
  if (!clock_.IsSlow()) return clock_.ExactUs();
  Known& known = known_[index];
  if (MayGuess(known, args)) {
    --known.untimed_left;
    return kUntimed;
  }
  known.untimed_left = kUntimedCalls;
  return clock_.ExactUs();
}

inline int64_t CommandTimer::End(size_t index, int64_t started) {
  Known& known = known_[index];
  if (started == kUntimed) return known.last_us;
  // A clock that was set back is no reason for durations below zero.
  const int64_t duration_us = std::max<int64_t>(clock_.ExactUs() - started, 0);
  constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
  known.last_us = static_cast<uint32_t>(std::min(duration_us, kMost));
  return duration_us;
}

}  // namespace kvasm::engine
