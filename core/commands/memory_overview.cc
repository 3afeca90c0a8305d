#include "core/commands/memory_overview.h"

#include <algorithm>

#include "core/base/alloc.h"
#include "core/scripting/scripting.h"
#include "core/services/client_memory.h"

namespace kvasm::commands {
namespace {

uint64_t ResidentBytes() {
#ifdef __wasm__
  return uint64_t{__builtin_wasm_memory_size(0)} * 65536;
#else
  return base::HeapPeakBytes();
#endif
}

}  // namespace

MemoryOverview OverviewOfMemory(const command::Call& call) {
  MemoryOverview memory;
  memory.used = base::HeapUsedBytes();
  memory.peak = std::max(base::HeapPeakBytes(), memory.used);
  memory.resident = std::max(ResidentBytes(), memory.used);
  memory.startup = std::min(call.services.stats.startup_memory_bytes, memory.used);
  for (const auto& session : call.services.sessions.all()) {
    ++memory.client_count;
    memory.clients += services::MemoryOf(*session);
  }
  scripting::Scripting& scripting = call.scripting;
  memory.script_vm = scripting.cache().interpreter_bytes();
  memory.function_vm = scripting.libraries().interpreter_bytes();
  memory.scripts = scripting.cache().script_bytes();
  memory.functions = scripting.libraries().library_bytes();
  memory.overhead = memory.startup + memory.clients + memory.script_vm + memory.function_vm +
                    memory.scripts + memory.functions;
  for (int id = 0; id < call.keyspace.database_count(); ++id) {
    const keyspace::Database& db = call.keyspace.db(id);
    if (db.size() == 0) continue;
    const MemoryOverview::Table table{
        .database = id,
        .main_bytes = db.entries().MemoryBytes() + db.size() * keyspace::EntryBytes(0, 0),
        .expires_bytes = db.expiry().MemoryBytes() + db.field_expiry().MemoryBytes()};
    memory.keys += db.size();
    memory.overhead += table.main_bytes + table.expires_bytes;
    memory.tables.push_back(table);
  }
  memory.overhead = std::min(memory.overhead, memory.used);
  return memory;
}

}  // namespace kvasm::commands
