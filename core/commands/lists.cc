// Lists: adding elements, reading and changing them by index and by value.
#include <algorithm>
#include <string>

#include "core/commands/all.h"
#include "core/commands/lists_shared.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using ds::Item;
using keyspace::Edit;
using keyspace::Entry;
using types::List;
using types::Type;

// An index as clients give it, negative from the end on; nothing if it lies outside.
std::optional<uint64_t> ElementAt(int64_t index, uint64_t size) {
  if (index < 0) index += static_cast<int64_t>(size);
  if (index < 0 || static_cast<uint64_t>(index) >= size) return std::nullopt;
  return static_cast<uint64_t>(index);
}

// A range as clients give it, both ends included.
struct Range {
  uint64_t first = 0;
  uint64_t count = 0;

  Range(int64_t start, int64_t stop, uint64_t size) {
    const auto length = static_cast<int64_t>(size);
    if (start < 0) start = std::max<int64_t>(start + length, 0);
    if (stop < 0) stop += length;
    stop = std::min(stop, length - 1);
    if (start > stop) return;
    first = static_cast<uint64_t>(start);
    count = static_cast<uint64_t>(stop - start + 1);
  }
};

// --- adding ---

enum class Absent : bool { kCreate, kLeave };

// LPUSH, RPUSH, LPUSHX and RPUSHX.
void Push(Call& call, ListEnd end, Absent absent) {
  const auto elements = call.args.subspan(2);
  uint64_t bytes = 0;
  for (const std::string_view element : elements) bytes += element.size();
  if (!call.HaveRoom(bytes)) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kList)) return call.WrongType();
  if (!edit.exists() && absent == Absent::kLeave) return call.reply.Integer(0);
  List list(edit.Collection(List::kInitialEncoding), call.context());
  list.Push(end, elements);
  edit.Changed(keyspace::kEventList, PushEvent(end), elements.size());
  call.reply.Integer(static_cast<int64_t>(list.size()));
}

void Lpush(Call& call) { Push(call, ListEnd::kHead, Absent::kCreate); }
void Rpush(Call& call) { Push(call, ListEnd::kTail, Absent::kCreate); }
void Lpushx(Call& call) { Push(call, ListEnd::kHead, Absent::kLeave); }
void Rpushx(Call& call) { Push(call, ListEnd::kTail, Absent::kLeave); }

void Linsert(Call& call) {
  const bool after = base::EqualsIgnoreCase(call.arg(2), "after");
  if (!after && !base::EqualsIgnoreCase(call.arg(2), "before")) return call.SyntaxError();
  if (!call.HaveRoom(call.arg(4).size())) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kList)) return call.WrongType();
  if (!edit.exists()) return call.reply.Integer(0);
  List list(edit.Value(), call.context());
  if (!list.Insert(call.arg(3), after, call.arg(4))) return call.reply.Integer(-1);
  edit.Changed(keyspace::kEventList, "linsert");
  call.reply.Integer(static_cast<int64_t>(list.size()));
}

// --- reading ---

void Llen(Call& call) {
  Entry* entry;
  if (!FindList(call, call.arg(1), &entry)) return;
  call.reply.Integer(entry == nullptr ? 0 : static_cast<int64_t>(ListSize(*entry)));
}

void Lindex(Call& call) {
  Entry* entry;
  if (!FindList(call, call.arg(1), &entry)) return;
  if (entry == nullptr) return call.reply.Null();
  Arguments in(call, 2);
  const int64_t index = in.Int();
  if (!in.ok()) return;
  const auto at = ElementAt(index, ListSize(*entry));
  if (!at) return call.reply.Null();
  ReplyItem(call.reply, List(entry->value(), call.context()).At(*at));
}

void Lrange(Call& call) {
  Arguments in(call, 2);
  const int64_t start = in.Int();
  const int64_t stop = in.Int();
  if (!in.ok()) return;
  Entry* entry;
  if (!FindList(call, call.arg(1), &entry)) return;
  if (entry == nullptr) return call.reply.Array(0);
  const Range range(start, stop, ListSize(*entry));
  call.reply.Array(range.count);
  List(entry->value(), call.context()).Walk(range.first, range.count, false, [&](const Item& item) {
    ReplyItem(call.reply, item);
    return !call.reply.buffer().failed();
  });
}

struct PositionSearch {
  uint64_t rank = 1;  // the first match to report
  bool backward = false;
  std::optional<uint64_t> count;  // 0: all
  uint64_t length_max = 0;        // 0: no limit
};

PositionSearch ReadPositionSearch(Arguments& in) {
  PositionSearch search;
  while (in.More()) {
    if (in.TakeWithValue("RANK")) {
      const int64_t rank = in.Int();
      if (in.ok() && rank == std::numeric_limits<int64_t>::min()) {
        in.Fail(errors::kNotBetweenLongs);
      }
      if (in.ok() && rank == 0) in.Fail(errors::kRankZero);
      search.backward = rank < 0;
      search.rank = static_cast<uint64_t>(rank);
      if (search.backward) search.rank = -search.rank;
    } else if (in.TakeWithValue("COUNT")) {
      search.count = static_cast<uint64_t>(ReadAtLeast(in, 0, errors::kPositionCountNegative));
    } else if (in.TakeWithValue("MAXLEN")) {
      search.length_max =
          static_cast<uint64_t>(ReadAtLeast(in, 0, errors::kPositionMaxlenNegative));
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  return search;
}

// Calls found(index) for the matches from rank `search.rank` on until it returns false.
template <class Found>
void FindPositions(const List& list, std::string_view element, const PositionSearch& search,
                   Found found) {
  const Item wanted = Item::Of(element);
  const uint64_t size = list.size();
  const uint64_t looked_at = search.length_max == 0 ? size : std::min(size, search.length_max);
  uint64_t index = search.backward ? size - 1 : 0;
  uint64_t matches = 0;
  list.Walk(index, looked_at, search.backward, [&](const Item& item) {
    const uint64_t here = search.backward ? index-- : index++;
    const bool equal = item.is_integer() ? wanted.is_integer() && item.number() == wanted.number()
                                         : base::Equal(item.bytes(), element);
    return !equal || ++matches < search.rank || found(here);
  });
}

void Lpos(Call& call) {
  Arguments in(call, 3);
  const PositionSearch search = ReadPositionSearch(in);
  if (!in.ok()) return;
  Entry* entry;
  if (!FindList(call, call.arg(1), &entry)) return;
  if (entry == nullptr) return search.count ? call.reply.Array(0) : call.reply.Null();
  const List list(entry->value(), call.context());
  if (!search.count) {
    std::optional<uint64_t> position;
    FindPositions(list, call.arg(2), search, [&](uint64_t index) {
      position = index;
      return false;
    });
    return position ? call.reply.Integer(static_cast<int64_t>(*position)) : call.reply.Null();
  }
  const resp::Writer::Mark mark = call.reply.Begin();
  uint64_t found = 0;
  FindPositions(list, call.arg(2), search, [&](uint64_t index) {
    call.reply.Integer(static_cast<int64_t>(index));
    return ++found != *search.count && !call.reply.buffer().failed();
  });
  call.reply.EndArray(mark, found);
}

// --- changing ---

void Lset(Call& call) {
  if (!call.HaveRoom(call.arg(3).size())) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kList)) return call.WrongType();
  if (!edit.exists()) return call.reply.Error(errors::kNoSuchKey);
  Arguments in(call, 2);
  const int64_t index = in.Int();
  if (!in.ok()) return;
  List list(edit.Value(), call.context());
  // Redis looks at the lower 32 bits of the index only.
  const auto at = ElementAt(static_cast<int32_t>(index), list.size());
  if (!list.Replace(at.value_or(list.size()), call.arg(3))) {
    return call.reply.Error(errors::kIndexOutOfRange);
  }
  edit.Changed(keyspace::kEventList, "lset");
  call.reply.Ok();
}

void Ltrim(Call& call) {
  Arguments in(call, 2);
  const int64_t start = in.Int();
  const int64_t stop = in.Int();
  if (!in.ok()) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kList)) return call.WrongType();
  if (!edit.exists()) return call.reply.Ok();
  List list(edit.Value(), call.context());
  const uint64_t size = list.size();
  const Range kept(start, stop, size);
  list.Trim(kept.first, kept.count);
  edit.Changed(keyspace::kEventList, "ltrim", size - kept.count, keyspace::Tell::kAtClose);
  call.reply.Ok();
}

void Lrem(Call& call) {
  Arguments in(call, 2);
  const int64_t count = in.Int();
  if (!in.ok()) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kList)) return call.WrongType();
  if (!edit.exists()) return call.reply.Integer(0);
  const bool backward = count < 0;
  const uint64_t most = backward ? 0 - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
  const uint64_t erased =
      List(edit.Value(), call.context()).EraseEqual(call.arg(3), most, backward);
  if (erased > 0) edit.Changed(keyspace::kEventList, "lrem", erased);
  call.reply.Integer(static_cast<int64_t>(erased));
}

constexpr CommandSpec kSpecs[] = {
    {.name = "lindex",
     .handler = &Lindex,
     .arity = 3,
     .group = Group::kList,
     .flags = kReadonly,
     .categories = kCatList,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key index:integer",
     .complexity = "O(1) at the ends, else O(N) in the elements between it and the nearer end",
     .summary = "Returns an element by its index; negative ones count from the end."},
    {.name = "linsert",
     .handler = &Linsert,
     .arity = 5,
     .group = Group::kList,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .since = "2.2.0",
     .keys = {{Keys(kRw | kInsert, 1)}},
     .syntax = "key:key <where BEFORE | AFTER> pivot element",
     .complexity = "O(N) in the elements before the pivot",
     .summary = "Inserts an element before or after the first one of that value."},
    {.name = "llen",
     .handler = &Llen,
     .arity = 2,
     .group = Group::kList,
     .flags = kReadonly | kFast,
     .categories = kCatList,
     .since = "1.0.0",
     .keys = {{Keys(kRo, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Returns the number of elements."},
    {.name = "lpos",
     .handler = &Lpos,
     .arity = -3,
     .group = Group::kList,
     .flags = kReadonly,
     .categories = kCatList,
     .since = "6.0.6",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key element [RANK rank:integer] [COUNT num-matches:integer] "
               "[MAXLEN len:integer]",
     .complexity = "O(N) in the number of elements looked at",
     .summary = "Returns the indexes of elements of that value."},
    {.name = "lpush",
     .handler = &Lpush,
     .arity = -3,
     .group = Group::kList,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kInsert, 1)}},
     .syntax = "key:key element...",
     .complexity = "O(N) in the number of elements added",
     .summary = "Adds elements to the front of a list, creating it if needed."},
    {.name = "lpushx",
     .handler = &Lpushx,
     .arity = -3,
     .group = Group::kList,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .since = "2.2.0",
     .keys = {{Keys(kRw | kInsert, 1)}},
     .syntax = "key:key element...",
     .complexity = "O(N) in the number of elements added",
     .summary = "Adds elements to the front of a list that exists."},
    {.name = "lrange",
     .handler = &Lrange,
     .arity = 4,
     .group = Group::kList,
     .flags = kReadonly,
     .categories = kCatList,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key start:integer stop:integer",
     .complexity = "O(S+N), S the distance from the nearer end, N the number of elements returned",
     .summary = "Returns the elements between two indexes."},
    {.name = "lrem",
     .handler = &Lrem,
     .arity = 4,
     .group = Group::kList,
     .flags = kWrite,
     .categories = kCatList,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key count:integer element",
     .complexity = "O(N) in the size of the list",
     .summary = "Removes elements of that value, from the front or (negative count) the end."},
    {.name = "lset",
     .handler = &Lset,
     .arity = 4,
     .group = Group::kList,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key index:integer element",
     .complexity = "O(1) at the ends, else O(N) in the elements between it and the nearer end",
     .summary = "Replaces an element by its index."},
    {.name = "ltrim",
     .handler = &Ltrim,
     .arity = 4,
     .group = Group::kList,
     .flags = kWrite,
     .categories = kCatList,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key start:integer stop:integer",
     .complexity = "O(N) in the number of elements removed",
     .summary = "Keeps the elements between two indexes and removes all others."},
    {.name = "rpush",
     .handler = &Rpush,
     .arity = -3,
     .group = Group::kList,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kInsert, 1)}},
     .syntax = "key:key element...",
     .complexity = "O(N) in the number of elements added",
     .summary = "Adds elements to the end of a list, creating it if needed."},
    {.name = "rpushx",
     .handler = &Rpushx,
     .arity = -3,
     .group = Group::kList,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatList,
     .since = "2.2.0",
     .keys = {{Keys(kRw | kInsert, 1)}},
     .syntax = "key:key element...",
     .complexity = "O(N) in the number of elements added",
     .summary = "Adds elements to the end of a list that exists."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs ListCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
