// The server and its databases as a whole. INFO, CONFIG, MEMORY and DEBUG have files of their own.
#include <optional>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/durability/durability.h"
#include "core/scripting/scripting.h"
#include "core/services/monitors.h"
#include "core/services/tracking.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Database;

void Dbsize(Call& call) { call.reply.Integer(static_cast<int64_t>(call.db.size())); }

void Time(Call& call) {
  int64_t now_us = call.host.clock.NowUs();
  if (call.in_script) {
    // Time stands still for a script until the host has a turn, from the first look at it on.
    int64_t& told_us = call.scripting.run().told_us;
    if (told_us == 0) told_us = now_us;
    now_us = told_us;
  }
  call.reply.Array(2);
  call.reply.BulkInteger(now_us / 1000000);
  call.reply.BulkInteger(now_us % 1000000);
}

void Role(Call& call) {
  call.reply.Array(3);
  call.reply.Bulk("master");
  call.reply.Integer(0);
  call.reply.Array(0);
}

// Whether freeing is left to the background; nullopt after an error has been replied.
std::optional<bool> IsLazyFlush(Call& call) {
  Arguments in(call);
  bool lazy = call.services.settings().lazyfree_lazy_user_flush;
  if (in.Take("ASYNC")) {
    lazy = true;
  } else if (in.Take("SYNC")) {
    lazy = false;
  }
  if (in.More()) in.Fail(errors::kSyntax);
  return in.ok() ? std::optional(lazy) : std::nullopt;
}

void Flushdb(Call& call) {
  const std::optional<bool> lazy = IsLazyFlush(call);
  if (!lazy) return;
  call.keyspace.stats().dirty += call.keyspace.Flush(call.db, *lazy);
  call.services.tracking.ForgetAll(*lazy);
  call.Record(call.args);
  call.reply.Ok();
}

void Flushall(Call& call) {
  const std::optional<bool> lazy = IsLazyFlush(call);
  if (!lazy) return;
  uint64_t removed = 0;
  for (int id = 0; id < call.keyspace.database_count(); ++id) {
    removed += call.keyspace.Flush(call.keyspace.db(id), *lazy);
  }
  call.keyspace.stats().dirty += removed + 1;
  call.services.tracking.ForgetAll(*lazy);
  call.Record(call.args);
  const bool waits = call.session.network;
  if (call.durability.SaveFlushed(waits ? call.session.id : 0) && waits) {
    call.waits_for_host = true;
    return;
  }
  call.reply.Ok();
}

void Monitor(Call& call) {
  // A transaction expects one reply of each command.
  if (!call.may_wait) return call.reply.Error(errors::kMonitorDenied);
  // It is answered once.
  if (call.services.monitors.Add(call.session)) call.reply.Ok();
}

void Swapdb(Call& call) {
  Arguments in(call);
  const auto index = [&](std::string_view error) {
    const int64_t value = in.Int(error);
    if (in.ok() && (value < INT32_MIN || value > INT32_MAX)) in.Fail(error);
    return value;
  };
  const int64_t first = index(errors::kInvalidFirstDbIndex);
  const int64_t second = index(errors::kInvalidSecondDbIndex);
  const int64_t count = call.keyspace.database_count();
  if (in.ok() && (first < 0 || first >= count || second < 0 || second >= count)) {
    in.Fail(errors::kDbIndexOutOfRange);
  }
  if (!in.ok()) return;
  call.keyspace.Swap(call.keyspace.db(static_cast<int>(first)),
                     call.keyspace.db(static_cast<int>(second)));
  call.services.tracking.NoteSwap();
  ++call.keyspace.stats().dirty;
  call.Record(call.args);
  call.reply.Ok();
}

constexpr CommandSpec kSpecs[] = {
    {.name = "dbsize",
     .handler = &Dbsize,
     .arity = 1,
     .group = Group::kServer,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .since = "1.0.0",
     .tips = "request_policy:all_shards,response_policy:agg_sum",
     .complexity = "O(1)",
     .summary = "Counts the keys of the database."},
    {.name = "flushall",
     .handler = &Flushall,
     .arity = -1,
     .group = Group::kServer,
     .flags = kWrite,
     .categories = kCatDangerous | kCatKeyspace,
     .since = "1.0.0",
     .syntax = "[<flush-type ASYNC~4.0.0 | SYNC~6.2.0>]",
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .complexity = "O(N) in all keys; O(1) with ASYNC, the rest in the background",
     .summary = "Removes the keys of all databases."},
    {.name = "flushdb",
     .handler = &Flushdb,
     .arity = -1,
     .group = Group::kServer,
     .flags = kWrite,
     .categories = kCatDangerous | kCatKeyspace,
     .since = "1.0.0",
     .syntax = "[<flush-type ASYNC~4.0.0 | SYNC~6.2.0>]",
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .complexity = "O(N) in the keys of the database; O(1) with ASYNC",
     .summary = "Removes the keys of the database."},
    {.name = "monitor",
     .handler = &Monitor,
     .arity = 1,
     .group = Group::kServer,
     .flags = kAdmin | kNoScript | kLoading | kStale,
     .since = "1.0.0",
     .complexity = "O(1); from then on O(N) in the monitors for each command of anybody",
     .summary = "Shows this connection every command that is executed."},
    {.name = "role",
     .handler = &Role,
     .arity = 1,
     .group = Group::kServer,
     .flags = kNoScript | kLoading | kStale | kFast,
     .categories = kCatAdmin | kCatDangerous,
     .since = "2.8.12",
     .complexity = "O(1)",
     .summary = "Tells whether this is a master or a replica."},
    {.name = "swapdb",
     .handler = &Swapdb,
     .arity = 3,
     .group = Group::kServer,
     .flags = kWrite | kFast,
     .categories = kCatDangerous | kCatKeyspace,
     .since = "4.0.0",
     .syntax = "index1:integer index2:integer",
     .complexity = "O(N) in the keys watched or waited for",
     .summary = "Exchanges two databases."},
    {.name = "time",
     .handler = &Time,
     .arity = 1,
     .group = Group::kServer,
     .flags = kLoading | kStale | kFast,
     .since = "2.6.0",
     .tips = "nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Returns the time: seconds, and microseconds within the second."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs ServerCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
