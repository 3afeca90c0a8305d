// Lists: taking and moving elements, waiting for one when there is none.
#include "core/commands/all.h"
#include "core/commands/lists_shared.h"
#include "core/commands/waiting.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using types::Type;

// BLPOP and BRPOP.
void PopOrWait(Call& call, ListEnd end) {
  const size_t last = call.argc() - 1;
  Arguments in(call, last);
  const int64_t deadline_ms = ReadDeadline(in, call.now_ms());
  if (!in.ok()) return;
  const auto keys = call.args.subspan(1, last - 1);
  for (const std::string_view key : keys) {
    Edit edit(call.keyspace, call.db, key);
    if (edit.IsNot(Type::kList)) return call.WrongType();
    if (!edit.exists()) continue;
    call.reply.Array(2);
    call.reply.Bulk(key);
    if (PopAndReply(call, edit, end, 1)) {
      call.Record({end == ListEnd::kHead ? "LPOP" : "RPOP", key});
    }
    return;
  }
  call.WaitFor(Type::kList, keys, deadline_ms);
}

void Blpop(Call& call) { PopOrWait(call, ListEnd::kHead); }
void Brpop(Call& call) { PopOrWait(call, ListEnd::kTail); }

void Blmpop(Call& call) {
  Arguments in(call, 2);
  ListMultiPop pop;
  if (!ReadMultiPop(call, in, &pop)) return;
  Arguments timeout(call, 1);
  const int64_t deadline_ms = ReadDeadline(timeout, call.now_ms());
  if (!timeout.ok()) return;
  if (!PopFromFirst(call, pop)) call.WaitFor(Type::kList, pop.keys, deadline_ms);
}

// BLMOVE and BRPOPLPUSH, recorded as the command that does not wait.
void MoveOrWait(Call& call, ListEnd from, ListEnd to, int64_t deadline_ms,
                std::initializer_list<std::string_view> record) {
  const uint64_t dirty = call.keyspace.stats().dirty;
  if (!MoveAndReply(call, call.arg(1), from, call.arg(2), to)) {
    if (!call.may_wait) return call.reply.Null();
    return call.WaitFor(Type::kList, call.args.subspan(1, 1), deadline_ms);
  }
  if (call.keyspace.stats().dirty != dirty) call.Record(record);
}

void Blmove(Call& call) {
  Arguments in(call, 3);
  const ListEnd from = ReadEnd(in);
  const ListEnd to = ReadEnd(in);
  const int64_t deadline_ms = in.ok() ? ReadDeadline(in, call.now_ms()) : 0;
  if (!in.ok()) return;
  MoveOrWait(call, from, to, deadline_ms,
             {"LMOVE", call.arg(1), call.arg(2), call.arg(3), call.arg(4)});
}

void Brpoplpush(Call& call) {
  Arguments in(call, 3);
  const int64_t deadline_ms = ReadDeadline(in, call.now_ms());
  if (!in.ok()) return;
  MoveOrWait(call, ListEnd::kTail, ListEnd::kHead, deadline_ms,
             {"RPOPLPUSH", call.arg(1), call.arg(2)});
}

constexpr CommandSpec kSpecs[] = {
    {.name = "blmove",
     .handler = &Blmove,
     .arity = 6,
     .group = Group::kList,
     .flags = kWrite | kDenyOom | kBlocking,
     .categories = kCatList,
     .since = "6.2.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1), Keys(kRw | kInsert, 2)}},
     .syntax = "source:key destination:key <wherefrom LEFT | RIGHT> <whereto LEFT | RIGHT> "
               "timeout:double",
     .complexity = "O(1)",
     .summary = "Does as LMOVE, but waits for an element when there is none."},
    {.name = "blmpop",
     .handler = &Blmpop,
     .arity = -5,
     .group = Group::kList,
     .flags = kWrite | kBlocking | kVariableKeys,
     .categories = kCatList,
     .since = "7.0.0",
     .keys = {{CountedKeys(kRw | kAccess | kDelete, 2, 0, 1)}},
     .syntax = "timeout:double numkeys:integer key:key... <where LEFT | RIGHT> "
               "[COUNT count:integer]",
     .complexity = "O(N+M), N the number of keys, M the number of elements popped",
     .summary = "Does as LMPOP, but waits for an element when there is none."},
    {.name = "blpop",
     .handler = &Blpop,
     .arity = -3,
     .group = Group::kList,
     .flags = kWrite | kBlocking,
     .categories = kCatList,
     .since = "2.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1, -2)}},
     .syntax = "key:key... timeout:double",
     .complexity = "O(N) in the number of keys",
     .summary = "Removes and returns the first element of the first list that is not empty; waits "
                "for one when there is none."},
    {.name = "brpop",
     .handler = &Brpop,
     .arity = -3,
     .group = Group::kList,
     .flags = kWrite | kBlocking,
     .categories = kCatList,
     .since = "2.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1, -2)}},
     .syntax = "key:key... timeout:double",
     .complexity = "O(N) in the number of keys",
     .summary = "Removes and returns the last element of the first list that is not empty; waits "
                "for one when there is none."},
    {.name = "brpoplpush",
     .handler = &Brpoplpush,
     .arity = 4,
     .group = Group::kList,
     .flags = kWrite | kDenyOom | kBlocking,
     .categories = kCatList,
     .since = "2.2.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1), Keys(kRw | kInsert, 2)}},
     .syntax = "source:key destination:key timeout:double",
     .deprecated_since = "6.2.0",
     .replaced_by = "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
     .complexity = "O(1)",
     .summary = "Does as RPOPLPUSH, but waits for an element when there is none."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs ListBlockingCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
