// WAIT and WAITAOF: until replicas, and the append-only file, have what the session has written. An
// engine without replicas has nothing acknowledged by them: to wait for more than that is to wait
// for the end of the time.
//
// Differs from Redis 7.2: what all sessions have written by then counts, not what this one has.
#include <limits>
#include <string>

#include "core/base/numbers.h"
#include "core/commands/all.h"
#include "core/commands/waiting.h"
#include "core/durability/durability.h"

namespace kvasm::commands {

std::string SyncMark(uint64_t until) { return "#" + base::Int64Text(static_cast<int64_t>(until)); }

namespace {

using namespace command;  // the vocabulary of specs

void Wait(Call& call) {
  Arguments in(call);
  const int64_t replicas = in.Int();
  const int64_t deadline_ms = ReadDeadlineMs(in, call.now_ms());
  if (!in.ok()) return;
  if (replicas > 0 && call.may_wait) return call.WaitForTime(deadline_ms);
  call.reply.Integer(0);
}

void Waitaof(Call& call) {
  Arguments in(call);
  const int64_t local = in.Int();
  if (in.ok() && (local < 0 || local > 1)) in.Fail(errors::kNotZeroOrOne);
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const int64_t replicas = in.IntIn(0, kMost, errors::kMustBePositive);
  // When it has waited, what for stands in the place of the time.
  durability::Durability& durability = call.durability;
  const bool has_waited = call.session.waiting && call.arg(3).starts_with('#');
  const int64_t deadline_ms = has_waited ? 0 : ReadDeadlineMs(in, call.now_ms());
  const bool is_logged = durability.log_state() != durability::Durability::LogState::kOff;
  if (local != 0 && !is_logged) in.Fail(errors::kWaitaofDisabled);
  if (!in.ok()) return;
  uint64_t until = durability.log().recorded();
  if (has_waited) {
    until = static_cast<uint64_t>(base::ParseInt64(call.arg(3).substr(1)).value_or(kMost));
  }
  const bool is_synced = durability.IsSynced(until);
  if (call.may_wait && (replicas > 0 || (local != 0 && !is_synced))) {
    if (replicas == 0) durability.AwaitSync(call.session.id, until);
    for (const std::string_view each : call.args) call.retry_arguments.emplace_back(each);
    call.retry_arguments[3] = SyncMark(until);
    return call.WaitForTime(deadline_ms);
  }
  call.reply.Array(2);
  call.reply.Integer(is_synced ? 1 : 0);
  call.reply.Integer(0);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "wait",
     .handler = &Wait,
     .arity = 3,
     .group = Group::kGeneric,
     .categories = kCatConnection,
     .since = "3.0.0",
     .syntax = "numreplicas:integer timeout:integer",
     .tips = "request_policy:all_shards,response_policy:agg_min",
     .complexity = "O(1)",
     .summary =
         "Waits until that many replicas have what the session has written; returns how many "
         "have."},
    {.name = "waitaof",
     .handler = &Waitaof,
     .arity = 4,
     .group = Group::kGeneric,
     .flags = kNoScript,
     .categories = kCatConnection,
     .since = "7.2.0",
     .syntax = "numlocal:integer numreplicas:integer timeout:integer",
     .tips = "request_policy:all_shards,response_policy:agg_min",
     .complexity = "O(1)",
     .summary = "Waits until what the session has written is in the append-only files here and of "
                "that many replicas; returns in how many it is."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs WaitCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
