// Lists: taking elements from either end, and moving them to another list.
#include <algorithm>
#include <string>

#include "core/base/numbers.h"
#include "core/commands/all.h"
#include "core/commands/lists_shared.h"

namespace kvasm::commands {

using command::Arguments;
using command::Call;
using keyspace::Edit;
using types::List;
using types::Type;

bool PopAndReply(Call& call, Edit& edit, ListEnd end, uint64_t count) {
  List list(edit.Value(), call.context());
  const bool backward = end == ListEnd::kTail;
  list.Walk(backward ? list.size() - 1 : 0, count, backward, [&](const ds::Item& item) {
    ReplyItem(call.reply, item);
    return !call.reply.buffer().failed();
  });
  if (call.reply.buffer().failed()) return false;
  list.Pop(end, count);
  edit.Changed(keyspace::kEventList, PopEvent(end), count, keyspace::Tell::kAtClose);
  return true;
}

namespace {

using namespace command;  // the vocabulary of specs

// LMOVE within one key: the gate is opened once.
void RotateAndReply(Call& call, Edit& edit, ListEnd from, ListEnd to) {
  ds::NumberText scratch;
  List list(edit.Value(), call.context());
  const std::string_view text = list.Peek(from).Text(scratch);
  if (!call.HaveRoom(3 * uint64_t{text.size()})) return;
  call.reply.Bulk(text);
  if (call.reply.buffer().failed()) return;
  list.Rotate(from, to);
  edit.Changed(keyspace::kEventList, PushEvent(to), 0);
  edit.Changed(keyspace::kEventList, PopEvent(from), 1, keyspace::Tell::kAtClose);
}

// LPOP and RPOP.
void PopFromKey(Call& call, ListEnd end) {
  if (call.argc() > 3) return call.reply.Error(errors::WrongArity(call.spec.name));
  const bool counted = call.argc() == 3;
  uint64_t count = 1;
  if (counted) {
    Arguments in(call, 2);
    count = static_cast<uint64_t>(ReadAtLeast(in, 0, errors::kMustBePositive));
    if (!in.ok()) return;
  }
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kList)) return call.WrongType();
  if (!edit.exists()) return counted ? call.reply.NullArray() : call.reply.Null();
  if (count == 0) return call.reply.Array(0);
  count = std::min(count, ListSize(*edit.entry()));
  if (counted) call.reply.Array(count);
  PopAndReply(call, edit, end, count);
}

void Lpop(Call& call) { PopFromKey(call, ListEnd::kHead); }
void Rpop(Call& call) { PopFromKey(call, ListEnd::kTail); }

void Lmove(Call& call) {
  Arguments in(call, 3);
  const ListEnd from = ReadEnd(in);
  const ListEnd to = ReadEnd(in);
  if (!in.ok()) return;
  if (!MoveAndReply(call, call.arg(1), from, call.arg(2), to)) call.reply.Null();
}

void Rpoplpush(Call& call) {
  if (!MoveAndReply(call, call.arg(1), ListEnd::kTail, call.arg(2), ListEnd::kHead)) {
    call.reply.Null();
  }
}

void Lmpop(Call& call) {
  Arguments in(call, 1);
  ListMultiPop pop;
  if (!ReadMultiPop(call, in, &pop)) return;
  if (!PopFromFirst(call, pop)) call.reply.NullArray();
}

constexpr CommandSpec kSpecs[] = {
    {.name = "lmove",
     .handler = &Lmove,
     .arity = 5,
     .group = Group::kList,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .since = "6.2.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1), Keys(kRw | kInsert, 2)}},
     .syntax = "source:key destination:key <wherefrom LEFT | RIGHT> <whereto LEFT | RIGHT>",
     .complexity = "O(1)",
     .summary = "Moves an element from an end of one list to an end of another and returns it."},
    {.name = "lmpop",
     .handler = &Lmpop,
     .arity = -4,
     .group = Group::kList,
     .flags = kWrite | kVariableKeys,
     .categories = kCatList,
     .since = "7.0.0",
     .keys = {{CountedKeys(kRw | kAccess | kDelete, 1, 0, 1)}},
     .syntax = "numkeys:integer key:key... <where LEFT | RIGHT> [COUNT count:integer]",
     .complexity = "O(N+M), N the number of keys, M the number of elements popped",
     .summary = "Removes elements from one end of the first list that is not empty and returns "
                "them."},
    {.name = "lpop",
     .handler = &Lpop,
     .arity = -2,
     .group = Group::kList,
     .flags = kWrite | kFast,
     .categories = kCatList,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1)}},
     .syntax = "key:key [count:integer~6.2.0]",
     .complexity = "O(N) in the number of elements returned",
     .summary = "Removes the first elements of a list and returns them."},
    {.name = "rpop",
     .handler = &Rpop,
     .arity = -2,
     .group = Group::kList,
     .flags = kWrite | kFast,
     .categories = kCatList,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1)}},
     .syntax = "key:key [count:integer~6.2.0]",
     .complexity = "O(N) in the number of elements returned",
     .summary = "Removes the last elements of a list and returns them, the last one first."},
    {.name = "rpoplpush",
     .handler = &Rpoplpush,
     .arity = 3,
     .group = Group::kList,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .since = "1.2.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1), Keys(kRw | kInsert, 2)}},
     .syntax = "source:key destination:key",
     .deprecated_since = "6.2.0",
     .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments",
     .complexity = "O(1)",
     .summary = "Moves the last element of one list to the front of another and returns it."},
};
static_assert(AllValid(kSpecs));

}  // namespace

bool MoveAndReply(Call& call, std::string_view source, ListEnd from, std::string_view destination,
                  ListEnd to) {
  Edit taken(call.keyspace, call.db, source);
  if (taken.IsNot(Type::kList)) {
    call.WrongType();
    return true;
  }
  if (!taken.exists()) return false;
  if (source == destination) {
    RotateAndReply(call, taken, from, to);
    return true;
  }
  Edit given(call.keyspace, call.db, destination);
  if (given.IsNot(Type::kList)) {
    call.WrongType();
    return true;
  }
  ds::NumberText scratch;
  List rest(taken.Value(), call.context());
  const ds::Item item = rest.Peek(from);
  const std::string_view text = item.Text(scratch);
  if (!call.HaveRoom(2 * uint64_t{text.size()})) return true;
  call.reply.Bulk(text);
  if (call.reply.buffer().failed()) return true;
  List grown(given.Collection(List::kInitialEncoding), call.context());
  // Integers from a quick list are not weighed, as in Redis.
  const bool weighed = !item.is_integer() || rest.quick_list() == nullptr;
  grown.Prepare(weighed ? text.size() : 0, 1);
  grown.PushPrepared(to, text);
  given.Changed(keyspace::kEventList, PushEvent(to), 0);
  rest.Pop(from);
  taken.Changed(keyspace::kEventList, PopEvent(from), 1, keyspace::Tell::kAtClose);
  return true;
}

bool ReadMultiPop(Call& call, Arguments& in, ListMultiPop* pop) {
  const int64_t key_count = ReadAtLeast(in, 1, errors::kNumkeysPositive);
  if (in.ok() && static_cast<uint64_t>(key_count) >= in.left()) in.Fail(errors::kSyntax);
  if (!in.ok()) return false;
  pop->keys = call.args.subspan(in.position(), static_cast<size_t>(key_count));
  in.Skip(pop->keys.size());
  pop->end = ReadEnd(in);
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

bool PopFromFirst(Call& call, const ListMultiPop& pop) {
  for (const std::string_view key : pop.keys) {
    Edit edit(call.keyspace, call.db, key);
    if (edit.IsNot(Type::kList)) {
      call.WrongType();
      return true;
    }
    if (!edit.exists()) continue;
    const uint64_t count = std::min(pop.count, ListSize(*edit.entry()));
    call.reply.Array(2);
    call.reply.Bulk(key);
    call.reply.Array(count);
    if (!PopAndReply(call, edit, pop.end, count)) return true;
    char digits[base::kIntCharsMax];
    call.Record({pop.end == ListEnd::kHead ? "LPOP" : "RPOP",
                 key,
                 {digits, base::FormatUint64(digits, count)}});
    return true;
  }
  return false;
}

Specs ListEndCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
