// MEMORY: what values cost, and what memory is used for.
#include <string>

#include "core/base/alloc.h"
#include "core/base/numbers.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/help.h"
#include "core/commands/memory_overview.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Entry;

// What one entry takes of the heap: its block with the key, and the value's block if it has one.
uint64_t EntryMemoryBytes(const Entry& entry, uint64_t samples) {
  size_t inline_bytes = 0;
  if (entry.encoding == types::Encoding::kInt) inline_bytes = sizeof(int64_t);
  if (entry.encoding == types::Encoding::kEmbstr) inline_bytes = entry.EmbeddedBytes();
  uint64_t bytes = keyspace::EntryBytes(entry.key().size(), inline_bytes);
  if (entry.OwnsBlock()) bytes += types::ValueMemoryBytes(entry.encoding, entry.data, samples);
  return bytes;
}

void MemoryUsage(Call& call) {
  constexpr int64_t kSamplesByDefault = 5;
  Arguments in(call, 3);
  int64_t samples = kSamplesByDefault;
  while (in.More()) {
    if (!in.TakeWithValue("SAMPLES")) {
      in.Fail(errors::kSyntax);
    } else if (samples = in.Int(); samples < 0) {
      in.Fail(errors::kSyntax);
    }
  }
  if (!in.ok()) return;
  const Entry* entry = call.keyspace.Find(call.db, call.arg(2),
                                          keyspace::kLookupNoTouch | keyspace::kLookupNoNotify);
  if (entry == nullptr) return call.reply.Null();
  call.reply.Integer(
      static_cast<int64_t>(EntryMemoryBytes(*entry, static_cast<uint64_t>(samples))));
}

double Ratio(uint64_t part, uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<uint64_t>(whole, 1));
}

// Names are those of Redis. The heap's meter counts what the allocator adds to blocks as used, so
// "allocated" and "active" are one figure here; what is resident beyond it is free inside.
void MemoryStats(Call& call) {
  const MemoryOverview memory = OverviewOfMemory(call);
  resp::Writer& reply = call.reply;
  const resp::Writer::Mark mark = reply.Begin();
  uint64_t pairs = 0;
  const auto number = [&](std::string_view name, uint64_t value) {
    ++pairs;
    reply.Bulk(name);
    reply.Integer(static_cast<int64_t>(value));
  };
  const auto ratio = [&](std::string_view name, double value) {
    ++pairs;
    reply.Bulk(name);
    reply.Double(value);
  };
  number("peak.allocated", memory.peak);
  number("total.allocated", memory.used);
  number("startup.allocated", memory.startup);
  number("replication.backlog", 0);
  number("clients.slaves", 0);
  number("clients.normal", memory.clients);
  number("cluster.links", 0);
  number("aof.buffer", 0);
  number("lua.caches", memory.scripts);
  number("functions.caches", memory.functions);
  for (const MemoryOverview::Table& table : memory.tables) {
    ++pairs;
    reply.Bulk("db." + base::Int64Text(table.database));
    reply.Map(3);
    reply.Bulk("overhead.hashtable.main");
    reply.Integer(static_cast<int64_t>(table.main_bytes));
    reply.Bulk("overhead.hashtable.expires");
    reply.Integer(static_cast<int64_t>(table.expires_bytes));
    reply.Bulk("overhead.hashtable.slot-to-keys");
    reply.Integer(0);
  }
  number("overhead.total", memory.overhead);
  number("keys.count", memory.keys);
  number("keys.bytes-per-key", memory.keys == 0 ? 0 : memory.net() / memory.keys);
  number("dataset.bytes", memory.dataset());
  ratio("dataset.percentage", 100 * Ratio(memory.dataset(), memory.net()));
  ratio("peak.percentage", 100 * Ratio(memory.used, memory.peak));
  number("allocator.allocated", memory.used);
  number("allocator.active", memory.used);
  number("allocator.resident", memory.resident);
  ratio("allocator-fragmentation.ratio", 1);
  number("allocator-fragmentation.bytes", 0);
  ratio("allocator-rss.ratio", Ratio(memory.resident, memory.used));
  number("allocator-rss.bytes", memory.resident - memory.used);
  ratio("rss-overhead.ratio", 1);
  number("rss-overhead.bytes", 0);
  ratio("fragmentation", Ratio(memory.resident, memory.used));
  number("fragmentation.bytes", memory.resident - memory.used);
  reply.EndMap(mark, pairs);
}

std::string DoctorsReport(const MemoryOverview& memory) {
  constexpr uint64_t kLittleBytes = 5 << 20;
  constexpr double kLargePeak = 1.5;
  constexpr double kMuchFree = 1.4;
  constexpr uint64_t kMuchFreeBytes = 10 << 20;
  constexpr uint64_t kLargeClientBytes = 200 * 1024;
  if (memory.used < kLittleBytes) {
    return "This instance is empty or holds very little data: there is nothing to tell about its "
           "memory.\n";
  }
  std::string found;
  if (Ratio(memory.peak, memory.used) > kLargePeak) {
    found +=
        " * Peak: there was once more than 1.5 times as much data as now. Memory is not given back "
        "to the system, but used again for new data.\n";
  }
  if (Ratio(memory.resident, memory.used) > kMuchFree &&
      memory.resident - memory.used > kMuchFreeBytes) {
    found +=
        " * Free memory: the heap is more than 1.4 times as large as what is in it. After a peak "
        "that is to be expected; otherwise values of changing sizes leave holes.\n";
  }
  if (memory.client_count != 0 && memory.clients / memory.client_count > kLargeClientBytes) {
    found +=
        " * Clients: on average each keeps more than 200 KB here. They do not read as fast as "
        "they are sent to, or ask for large replies; CLIENT LIST tells which (omem, tot-mem).\n";
  }
  if (found.empty()) return "No problem with this instance's memory was found.\n";
  return "What was found about this instance's memory:\n\n" + found;
}

void MemoryDoctor(Call& call) { call.reply.Verbatim("txt", DoctorsReport(OverviewOfMemory(call))); }

void MemoryMallocStats(Call& call) {
  const MemoryOverview memory = OverviewOfMemory(call);
  std::string text;
  const auto line = [&](std::string_view name, uint64_t value) {
    text += name;
    text += ": " + base::Int64Text(static_cast<int64_t>(value)) + "\n";
  };
  line("allocated", memory.used);
  line("peak", memory.peak);
  line("resident", memory.resident);
  line("exhausted", base::HeapExhausted() ? 1 : 0);
  call.reply.Verbatim("txt", text);
}

// Memory is given back to the allocator as it is freed; there is nothing to press for.
void MemoryPurge(Call& call) { call.reply.Ok(); }

void MemoryHelp(Call& call) {
  ReplyHelp(call, {
                      "DOCTOR",
                      "    Report what is odd about the memory in use.",
                      "MALLOC-STATS",
                      "    What the allocator knows.",
                      "PURGE",
                      "    Ask the allocator to give back what it does not use.",
                      "STATS",
                      "    What memory is used for.",
                      "USAGE <key> [SAMPLES <count>]",
                      "    Bytes that a key and its value take. The size of large values is judged",
                      "    by <count> of their elements (5 when not given, 0 for all).",
                  });
}

constexpr std::string_view kStatsTips =
    "nondeterministic_output,request_policy:all_shards,response_policy:special";

constexpr CommandSpec kSpecs[] = {
    {.name = "memory",
     .arity = -2,
     .group = Group::kServer,
     .since = "4.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Tells what values cost."},
    {.name = "memory|doctor",
     .handler = &MemoryDoctor,
     .arity = 2,
     .group = Group::kServer,
     .since = "4.0.0",
     .tips = kStatsTips,
     .complexity = "O(N) in the clients",
     .summary = "Reports what is odd about the memory in use."},
    {.name = "memory|help",
     .handler = &MemoryHelp,
     .arity = 2,
     .group = Group::kServer,
     .flags = kLoading | kStale,
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of MEMORY."},
    {.name = "memory|malloc-stats",
     .handler = &MemoryMallocStats,
     .arity = 2,
     .group = Group::kServer,
     .since = "4.0.0",
     .tips = kStatsTips,
     .complexity = "O(N) in the clients",
     .summary = "Returns what the allocator knows."},
    {.name = "memory|purge",
     .handler = &MemoryPurge,
     .arity = 2,
     .group = Group::kServer,
     .since = "4.0.0",
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .complexity = "O(1)",
     .summary = "Asks the allocator to give back what it does not use."},
    {.name = "memory|stats",
     .handler = &MemoryStats,
     .arity = 2,
     .group = Group::kServer,
     .since = "4.0.0",
     .tips = kStatsTips,
     .complexity = "O(N) in the clients",
     .summary = "Returns what memory is used for."},
    {.name = "memory|usage",
     .handler = &MemoryUsage,
     .arity = -3,
     .group = Group::kServer,
     .flags = kReadonly,
     .since = "4.0.0",
     .keys = {{Keys(kRo, 2)}},
     .syntax = "key:key [SAMPLES count:integer]",
     .complexity = "O(N) in the samples",
     .summary = "Estimates the bytes that a key and its value take."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs MemoryCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
