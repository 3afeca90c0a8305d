// Counters behind INFO. One set per engine, reset by CONFIG RESETSTAT where Redis resets them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kvasm::services {

struct CommandStats {
  uint64_t calls = 0;
  uint64_t usec = 0;
  uint64_t rejected_calls = 0;  // refused before running: arity, authentication, memory
  uint64_t failed_calls = 0;    // ran and replied with an error
};

struct Stats {
  int64_t started_ms = 0;
  uint64_t total_connections_received = 0;
  uint64_t total_commands_processed = 0;
  uint64_t total_error_replies = 0;
  uint64_t rejected_connections = 0;
  uint64_t net_input_bytes = 0;
  uint64_t net_output_bytes = 0;
  std::vector<CommandStats> commands;                   // by index in the command table
  std::map<std::string, uint64_t, std::less<>> errors;  // by error code

  // Counts an error reply by its first word.
  void CountError(std::string_view text);
  void Reset();
};

}  // namespace kvasm::services
