// Counters behind INFO. One set per engine, reset by CONFIG RESETSTAT where Redis resets them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/histogram.h"

namespace kvasm::services {

struct CommandStats {
  uint64_t calls = 0;
  uint64_t usec = 0;
  // Durations of calls in nanoseconds; none before the first one (latency-tracking).
  std::unique_ptr<Histogram> durations;
  uint64_t rejected_calls = 0;  // refused before running: arity, authentication, memory
  uint64_t failed_calls = 0;    // ran and replied with an error
};

// How fast a counter grows: the mean over the last sixteen samples.
class Rate {
 public:
  // Takes a sample unless the last one is younger than 100 ms.
  void Sample(int64_t now_ms, uint64_t total);
  uint64_t PerSecond() const;
  void Reset() { *this = {}; }

 private:
  static constexpr size_t kSamples = 16;
  std::array<uint64_t, kSamples> samples_{};
  size_t next_ = 0;
  int64_t last_ms_ = 0;
  uint64_t last_total_ = 0;
};

struct Stats {
  int64_t started_ms = 0;
  uint64_t startup_memory_bytes = 0;  // held before the first session and key
  uint64_t total_connections_received = 0;
  uint64_t total_commands_processed = 0;
  uint64_t total_error_replies = 0;
  uint64_t rejected_connections = 0;
  uint64_t evicted_clients = 0;
  uint64_t net_input_bytes = 0;
  uint64_t net_output_bytes = 0;
  uint64_t reads = 0;  // chunks that came from clients, and that were sent to them
  uint64_t writes = 0;
  uint64_t expire_us = 0;                  // spent on ending what is past its time unasked
  uint64_t eviction_exceeded_ms = 0;       // how long maxmemory was exceeded, up to
  int64_t eviction_exceeded_since_ms = 0;  // the time that began then; 0: it is not exceeded
  uint64_t reply_buffer_shrinks = 0;
  uint64_t reply_buffer_expands = 0;
  Rate commands_rate;
  Rate net_input_rate;
  Rate net_output_rate;
  std::vector<CommandStats> commands;                   // by index in the command table
  std::map<std::string, uint64_t, std::less<>> errors;  // by error code

  // Counts an error reply by its first word.
  void CountError(std::string_view text);
  // Keeps the rates current; called from the engine's tick.
  void SampleRates(int64_t now_ms);
  void Reset();
};

}  // namespace kvasm::services
