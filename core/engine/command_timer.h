// How long commands take: for INFO, the histograms of LATENCY, the slow log and the latency
// monitor.
//
// Where reading the clock costs as much as a short command does (host::Clock::IsSlow), commands
// that only ever do a little are timed one call in sixteen, and count as the last one timed in
// between. Whoever logs commands faster than a millisecond has them all timed.
#pragma once

#include <cstdint>
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
  int64_t Start(size_t index, std::span<const std::string_view> args);
  // Right after it: microseconds that it took.
  int64_t End(size_t index, int64_t started);
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

}  // namespace kvasm::engine
