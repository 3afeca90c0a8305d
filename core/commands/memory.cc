// MEMORY: what values cost.
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/help.h"

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

// Memory is given back to the allocator as it is freed; there is nothing to press for.
void MemoryPurge(Call& call) { call.reply.Ok(); }

void MemoryHelp(Call& call) {
  ReplyHelp(call, {
                      "PURGE",
                      "    Ask the allocator to give back what it does not use.",
                      "USAGE <key> [SAMPLES <count>]",
                      "    Bytes that a key and its value take. The size of large values is judged",
                      "    by <count> of their elements (5 when not given, 0 for all).",
                  });
}

constexpr CommandSpec kSpecs[] = {
    {.name = "memory",
     .arity = -2,
     .group = Group::kServer,
     .since = "4.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Tells what values cost."},
    {.name = "memory|help",
     .handler = &MemoryHelp,
     .arity = 2,
     .group = Group::kServer,
     .flags = kLoading | kStale,
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of MEMORY."},
    {.name = "memory|purge",
     .handler = &MemoryPurge,
     .arity = 2,
     .group = Group::kServer,
     .since = "4.0.0",
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .complexity = "O(1)",
     .summary = "Asks the allocator to give back what it does not use."},
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

Specs MemoryCommands() { return kSpecs; }

}  // namespace kvasm::commands
