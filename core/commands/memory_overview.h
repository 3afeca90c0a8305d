// What the heap is used for: behind the memory section of INFO, MEMORY STATS and MEMORY DOCTOR.
#pragma once

#include <cstdint>
#include <vector>

#include "core/command/call.h"

namespace kvasm::commands {

struct MemoryOverview {
  struct Table {
    int database;
    uint64_t main_bytes;     // of the table and the headers of its entries
    uint64_t expires_bytes;  // of the order in which entries and fields end
  };

  uint64_t used = 0;
  uint64_t peak = 0;
  uint64_t startup = 0;
  // What is held of the machine's memory; in wasm the size of the linear memory, which never
  // shrinks.
  uint64_t resident = 0;
  uint64_t clients = 0;
  uint64_t client_count = 0;
  // Of scripts and functions: what Lua holds, and the texts beside it.
  uint64_t script_vm = 0;
  uint64_t function_vm = 0;
  uint64_t scripts = 0;
  uint64_t functions = 0;
  uint64_t keys = 0;
  std::vector<Table> tables;  // of databases with keys
  uint64_t overhead = 0;      // whatever is not keys and values

  uint64_t dataset() const { return used - overhead; }
  // What came after the start.
  uint64_t net() const { return used > startup ? used - startup : 1; }
};

// O(sessions + databases).
MemoryOverview OverviewOfMemory(const command::Call& call);

}  // namespace kvasm::commands
