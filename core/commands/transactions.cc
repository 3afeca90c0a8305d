// MULTI, EXEC, DISCARD, WATCH, UNWATCH. Between MULTI and EXEC the engine queues what it would run;
// it runs the queue when EXEC says so.
#include "core/command/call.h"
#include "core/commands/all.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs

void Multi(Call& call) {
  if (call.session.transaction.open()) return call.reply.Error(errors::kNestedMulti);
  call.session.transaction.Open();
  call.reply.Ok();
}

void Exec(Call& call) {
  services::Transaction& transaction = call.session.transaction;
  if (!transaction.open()) return call.reply.Error(errors::kExecWithoutMulti);
  if (transaction.failed()) {
    transaction.Close(call.keyspace);
    return call.reply.Error(errors::kExecAbort);
  }
  if (transaction.WatchedHasChanged(call.keyspace)) {
    transaction.Close(call.keyspace);
    return call.reply.NullArray();
  }
  call.runs_transaction = true;
}

void Discard(Call& call) {
  if (!call.session.transaction.open()) return call.reply.Error(errors::kDiscardWithoutMulti);
  call.session.transaction.Close(call.keyspace);
  call.reply.Ok();
}

// The session and the keyspace each keep a copy of every key.
uint64_t BytesToWatch(std::span<const std::string_view> keys) {
  constexpr uint64_t kNodesBytes = 256;
  uint64_t bytes = kNodesBytes * keys.size();
  for (const std::string_view key : keys) bytes += 2 * uint64_t{key.size()};
  return bytes;
}

void Watch(Call& call) {
  if (call.session.transaction.open()) return call.reply.Error(errors::kWatchInMulti);
  if (!call.HaveRoomToKeep(BytesToWatch(call.args.subspan(1)))) return;
  for (const std::string_view key : call.args.subspan(1)) {
    call.session.transaction.Watch(call.keyspace, call.db, key);
  }
  call.reply.Ok();
}

void Unwatch(Call& call) {
  call.session.transaction.Unwatch(call.keyspace);
  call.reply.Ok();
}

constexpr uint32_t kAnyTime = kNoScript | kLoading | kStale | kFast | kAllowBusy;

constexpr CommandSpec kSpecs[] = {
    {.name = "discard",
     .handler = &Discard,
     .arity = 1,
     .group = Group::kTransactions,
     .flags = kAnyTime,
     .categories = kCatTransaction,
     .since = "2.0.0",
     .complexity = "O(N) in the queued commands",
     .summary = "Forgets the queued commands and the watched keys."},
    {.name = "exec",
     .handler = &Exec,
     .arity = 1,
     .group = Group::kTransactions,
     .flags = kNoScript | kLoading | kStale | kSkipSlowlog,
     .categories = kCatTransaction,
     .since = "1.2.0",
     .complexity = "That of the queued commands",
     .summary = "Runs the queued commands, unless a watched key has changed."},
    {.name = "multi",
     .handler = &Multi,
     .arity = 1,
     .group = Group::kTransactions,
     .flags = kAnyTime,
     .categories = kCatTransaction,
     .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Begins a transaction: the commands that follow are queued."},
    {.name = "unwatch",
     .handler = &Unwatch,
     .arity = 1,
     .group = Group::kTransactions,
     .flags = kAnyTime,
     .categories = kCatTransaction,
     .since = "2.2.0",
     .complexity = "O(N) in the watched keys",
     .summary = "Forgets the watched keys."},
    {.name = "watch",
     .handler = &Watch,
     .arity = -2,
     .group = Group::kTransactions,
     .flags = kAnyTime,
     .categories = kCatTransaction,
     .since = "2.2.0",
     .keys = {{Keys(kRo, 1, -1)}},
     .syntax = "key:key...",
     .complexity = "O(1) for each key",
     .summary = "Makes the next EXEC depend on these keys being unchanged."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs TransactionCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
