// Sorted sets: taking members from either end, at once or when there are some.
#include <algorithm>

#include "core/base/numbers.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/waiting.h"
#include "core/commands/zsets_shared.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using types::RankRun;
using types::SortedSet;
using types::Type;

enum class End : bool { kLowest, kHighest };

// Removes up to `count` members from one end, handing each to emit(member, score), which replies
// it. Returns how many: none if the reply did not fit into memory.
template <class Emit>
uint32_t Pop(Call& call, Edit& edit, End end, uint64_t count, Emit emit) {
  SortedSet zset(edit.Value(), call.context());
  const auto popped = static_cast<uint32_t>(std::min<uint64_t>(count, zset.size()));
  const bool highest = end == End::kHighest;
  const RankRun run{highest ? zset.size() - popped : 0, popped};
  zset.ForEach(run, highest, emit);
  if (call.reply.buffer().failed()) return 0;
  zset.RemoveRun(run);
  edit.Changed(keyspace::kEventZset, highest ? "zpopmax" : "zpopmin", popped,
               keyspace::Tell::kAfter);
  return popped;
}

// ZPOPMIN and ZPOPMAX.
void PopFromKey(Call& call, End end) {
  if (call.argc() > 3) return call.SyntaxError();
  const bool single = call.argc() == 2;
  int64_t count = 1;
  if (!single) {
    Arguments in(call, 2);
    count = ReadAtLeast(in, 0, errors::kMustBePositive);
    if (!in.ok()) return;
  }
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kZset)) return call.WrongType();
  if (!edit.exists() || count == 0) return call.reply.Array(0);
  const auto wanted = std::min<uint64_t>(
      static_cast<uint64_t>(count), types::ValueSize(edit.entry()->encoding, edit.entry()->data));
  const bool nested = !single && call.reply.protocol() > 2;
  call.reply.Array(nested ? wanted : wanted * 2);
  Pop(call, edit, end, wanted, [&](std::string_view member, double score) {
    if (nested) call.reply.Array(2);
    call.reply.Bulk(member);
    call.reply.Double(score);
  });
}

void Zpopmin(Call& call) { PopFromKey(call, End::kLowest); }
void Zpopmax(Call& call) { PopFromKey(call, End::kHighest); }

void RecordPop(Call& call, End end, std::string_view key, uint64_t popped) {
  char digits[base::kIntCharsMax];
  call.Record({end == End::kHighest ? "ZPOPMAX" : "ZPOPMIN",
               key,
               {digits, base::FormatUint64(digits, popped)}});
}

// BZPOPMIN and BZPOPMAX.
void PopOrWait(Call& call, End end) {
  const size_t last = call.argc() - 1;
  Arguments in(call, last);
  const int64_t deadline_ms = ReadDeadline(in, call.now_ms());
  if (!in.ok()) return;
  const auto keys = call.args.subspan(1, last - 1);
  for (const std::string_view key : keys) {
    Edit edit(call.keyspace, call.db, key);
    if (edit.IsNot(Type::kZset)) return call.WrongType();
    if (!edit.exists()) continue;
    call.reply.Array(3);
    call.reply.Bulk(key);
    const uint32_t popped = Pop(call, edit, end, 1, [&](std::string_view member, double score) {
      call.reply.Bulk(member);
      call.reply.Double(score);
    });
    if (popped > 0) call.Record({end == End::kHighest ? "ZPOPMAX" : "ZPOPMIN", key});
    return;
  }
  call.WaitFor(Type::kZset, keys, deadline_ms);
}

void Bzpopmin(Call& call) { PopOrWait(call, End::kLowest); }
void Bzpopmax(Call& call) { PopOrWait(call, End::kHighest); }

struct MultiPop {
  std::span<const std::string_view> keys;
  End end = End::kLowest;
  uint64_t count = 1;
};

// numkeys key... MIN | MAX [COUNT count], from argument `from`. False after replying an error.
bool ReadMultiPop(Call& call, Arguments& in, MultiPop* pop) {
  const int64_t key_count = ReadAtLeast(in, 1, errors::kNumkeysPositive);
  if (in.ok() && static_cast<uint64_t>(key_count) >= in.left()) in.Fail(errors::kSyntax);
  if (!in.ok()) return false;
  pop->keys = call.args.subspan(in.position(), static_cast<size_t>(key_count));
  in.Skip(pop->keys.size());
  if (in.Take("MAX")) {
    pop->end = End::kHighest;
  } else if (!in.Take("MIN")) {
    in.Fail(errors::kSyntax);
  }
  bool counted = false;
  while (in.More()) {
    if (!counted && in.TakeWithValue("COUNT")) {
      pop->count = static_cast<uint64_t>(ReadAtLeast(in, 1, errors::kCountPositive));
      counted = true;
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  return in.ok();
}

// Pops from the first of the keys that holds something. False if none does.
bool PopFromFirst(Call& call, const MultiPop& pop) {
  for (const std::string_view key : pop.keys) {
    Edit edit(call.keyspace, call.db, key);
    if (edit.IsNot(Type::kZset)) {
      call.WrongType();
      return true;
    }
    if (!edit.exists()) continue;
    const auto size = types::ValueSize(edit.entry()->encoding, edit.entry()->data);
    call.reply.Array(2);
    call.reply.Bulk(key);
    call.reply.Array(std::min(pop.count, size));
    const uint32_t popped =
        Pop(call, edit, pop.end, pop.count, [&](std::string_view member, double score) {
          call.reply.Array(2);
          call.reply.Bulk(member);
          call.reply.Double(score);
        });
    if (popped > 0) RecordPop(call, pop.end, key, popped);
    return true;
  }
  return false;
}

void Zmpop(Call& call) {
  Arguments in(call, 1);
  MultiPop pop;
  if (!ReadMultiPop(call, in, &pop)) return;
  if (!PopFromFirst(call, pop)) call.reply.NullArray();
}

void Bzmpop(Call& call) {
  Arguments in(call, 2);
  MultiPop pop;
  if (!ReadMultiPop(call, in, &pop)) return;
  Arguments timeout(call, 1);
  const int64_t deadline_ms = ReadDeadline(timeout, call.now_ms());
  if (!timeout.ok()) return;
  if (!PopFromFirst(call, pop)) call.WaitFor(Type::kZset, pop.keys, deadline_ms);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "bzmpop",
     .handler = &Bzmpop,
     .arity = -5,
     .group = Group::kSortedSet,
     .flags = kWrite | kBlocking | kVariableKeys,
     .categories = kCatSortedSet,
     .since = "7.0.0",
     .keys = {{CountedKeys(kRw | kAccess | kDelete, 2, 0, 1)}},
     .syntax = "timeout:double numkeys:integer key:key... <where MIN | MAX> [COUNT count:integer]",
     .complexity = "O(K + M*log N), K the number of keys, M the number of members popped",
     .summary = "Does as ZMPOP, but waits for a member when there is none."},
    {.name = "bzpopmax",
     .handler = &Bzpopmax,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kWrite | kBlocking | kFast,
     .categories = kCatSortedSet,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1, -2)}},
     .syntax = "key:key... timeout:double",
     .complexity = "O(log N)",
     .summary = "Removes and returns the highest member of the first sorted set that is not empty; "
                "waits for one when there is none."},
    {.name = "bzpopmin",
     .handler = &Bzpopmin,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kWrite | kBlocking | kFast,
     .categories = kCatSortedSet,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1, -2)}},
     .syntax = "key:key... timeout:double",
     .complexity = "O(log N)",
     .summary = "Removes and returns the lowest member of the first sorted set that is not empty; "
                "waits for one when there is none."},
    {.name = "zmpop",
     .handler = &Zmpop,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kWrite | kVariableKeys,
     .categories = kCatSortedSet,
     .since = "7.0.0",
     .keys = {{CountedKeys(kRw | kAccess | kDelete, 1, 0, 1)}},
     .syntax = "numkeys:integer key:key... <where MIN | MAX> [COUNT count:integer]",
     .complexity = "O(K + M*log N), K the number of keys, M the number of members popped",
     .summary = "Removes the lowest or highest members of the first sorted set that is not empty "
                "and returns them."},
    {.name = "zpopmax",
     .handler = &Zpopmax,
     .arity = -2,
     .group = Group::kSortedSet,
     .flags = kWrite | kFast,
     .categories = kCatSortedSet,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1)}},
     .syntax = "key:key [count:integer]",
     .complexity = "O(M*log N), M the number of members popped",
     .summary = "Removes the members with the highest scores and returns them."},
    {.name = "zpopmin",
     .handler = &Zpopmin,
     .arity = -2,
     .group = Group::kSortedSet,
     .flags = kWrite | kFast,
     .categories = kCatSortedSet,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1)}},
     .syntax = "key:key [count:integer]",
     .complexity = "O(M*log N), M the number of members popped",
     .summary = "Removes the members with the lowest scores and returns them."}};

}  // namespace

Specs SortedSetPopCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
