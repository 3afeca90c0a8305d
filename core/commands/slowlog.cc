// SLOWLOG: the commands that took longest.
#include <algorithm>
#include <limits>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/help.h"
#include "core/services/slow_log.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using services::SlowLog;

void ReplyEntry(resp::Writer& reply, const SlowLog::Entry& entry) {
  reply.Array(6);
  reply.Integer(static_cast<int64_t>(entry.id));
  reply.Integer(entry.time_s);
  reply.Integer(entry.duration_us);
  reply.Array(entry.arguments.size());
  for (const std::string& argument : entry.arguments) reply.Bulk(argument);
  reply.Bulk(entry.address);
  reply.Bulk(entry.client_name);
}

void SlowlogGet(Call& call) {
  if (call.argc() > 3) {
    return call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "SLOWLOG"));
  }
  constexpr uint64_t kUsualCount = 10;
  const auto& entries = call.services.slow_log.entries();
  uint64_t count = kUsualCount;
  if (call.argc() == 3) {
    Arguments in(call, 2);
    const int64_t given = in.IntIn(-1, std::numeric_limits<int64_t>::max(), errors::kSlowlogCount);
    if (!in.ok()) return;
    count = given < 0 ? entries.size() : static_cast<uint64_t>(given);
  }
  count = std::min<uint64_t>(count, entries.size());
  call.reply.Array(count);
  for (const auto& entry : entries) {
    if (count-- == 0 || call.reply.buffer().failed()) break;
    ReplyEntry(call.reply, entry);
  }
}

void SlowlogLen(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.services.slow_log.entries().size()));
}

void SlowlogReset(Call& call) {
  call.services.slow_log.Clear();
  call.reply.Ok();
}

void SlowlogHelp(Call& call) {
  ReplyHelp(call, {
                      "GET [<count>]",
                      "    The newest <count> entries (default: 10, -1 means all). Of each:",
                      "    its id, when it ended, its microseconds, its arguments, and the",
                      "    address and name of the client.",
                      "LEN",
                      "    The number of entries.",
                      "RESET",
                      "    Forget all entries.",
                  });
}

constexpr CommandSpec kSpecs[] = {
    {.name = "slowlog",
     .arity = -2,
     .group = Group::kServer,
     .since = "2.2.12",
     .complexity = "Depends on the subcommand.",
     .summary = "Tells which commands took longest."},
    {.name = "slowlog|get",
     .handler = &SlowlogGet,
     .arity = -2,
     .group = Group::kServer,
     .flags = kAdmin | kLoading | kStale,
     .since = "2.2.12",
     .syntax = "[count:integer]",
     .tips = "request_policy:all_nodes,nondeterministic_output",
     .complexity = "O(N) in the number of entries returned",
     .summary = "Returns the newest entries of the slow log."},
    {.name = "slowlog|help",
     .handler = &SlowlogHelp,
     .arity = 2,
     .group = Group::kServer,
     .flags = kLoading | kStale,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of SLOWLOG."},
    {.name = "slowlog|len",
     .handler = &SlowlogLen,
     .arity = 2,
     .group = Group::kServer,
     .flags = kAdmin | kLoading | kStale,
     .since = "2.2.12",
     .tips = "request_policy:all_nodes,response_policy:agg_sum,nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Returns the number of entries of the slow log."},
    {.name = "slowlog|reset",
     .handler = &SlowlogReset,
     .arity = 2,
     .group = Group::kServer,
     .flags = kAdmin | kLoading | kStale,
     .since = "2.2.12",
     .tips = "request_policy:all_nodes,response_policy:all_succeeded",
     .complexity = "O(N) in the number of entries",
     .summary = "Empties the slow log."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs SlowLogCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
