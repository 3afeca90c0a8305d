// WAIT and WAITAOF: until replicas, and the append-only file, have what the session has written. An
// engine without either has nothing acknowledged: to wait for more than that is to wait for the end
// of the time.
#include <limits>

#include "core/commands/all.h"
#include "core/commands/waiting.h"

namespace kvasm::commands {
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
  const int64_t deadline_ms = ReadDeadlineMs(in, call.now_ms());
  if (local != 0) in.Fail(errors::kWaitaofDisabled);
  if (!in.ok()) return;
  if (replicas > 0 && call.may_wait) return call.WaitForTime(deadline_ms);
  call.reply.Array(2);
  call.reply.Integer(0);
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
