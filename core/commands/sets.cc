// Sets: single members, random members, moving between sets. Intersections, unions and differences
// are in sets_algebra.cc.
#include <vector>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/collections.h"
#include "core/types/set.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using ds::Item;
using keyspace::Edit;
using keyspace::Entry;
using types::Set;
using types::Type;

// SPOP's effect is recorded as SREMs of at most this many members.
constexpr size_t kMembersPerRecord = 1024;

// --- reading ---

bool FindSet(Call& call, Entry** entry) {
  return FindCollection(call, call.arg(1), Type::kSet, entry);
}

void Scard(Call& call) {
  Entry* entry;
  if (!FindSet(call, &entry)) return;
  call.reply.Integer(entry == nullptr ? 0 : Set(entry->value(), call.context()).size());
}

void Sismember(Call& call) {
  Entry* entry;
  if (!FindSet(call, &entry)) return;
  const bool found = entry != nullptr && Set(entry->value(), call.context()).Contains(call.arg(2));
  call.reply.Integer(found ? 1 : 0);
}

void Smismember(Call& call) {
  Entry* entry;
  if (!FindSet(call, &entry)) return;
  call.reply.Array(call.argc() - 2);
  for (std::string_view member : call.args.subspan(2)) {
    const bool found = entry != nullptr && Set(entry->value(), call.context()).Contains(member);
    call.reply.Integer(found ? 1 : 0);
  }
}

void Smembers(Call& call) {
  Entry* entry;
  if (!FindSet(call, &entry)) return;
  if (entry == nullptr) return call.reply.Set(0);
  const Set set(entry->value(), call.context());
  call.reply.Set(set.size());
  set.ForEach([&](const Item& member) { ReplyItem(call.reply, member); });
}

void Sscan(Call& call) {
  Entry* entry;
  uint64_t cursor;
  ScanOptions options;
  if (!BeginScan(call, Type::kSet, &entry, &cursor, &options)) return;
  const Set set(entry->value(), call.context());
  ReplyScan(call, cursor, options, 1, [&](uint64_t at, auto& emit) {
    return set.Scan(at, [&](const Item& member) {
      ds::NumberText scratch;
      const std::string_view text = member.Text(scratch);
      emit(text, [&] { call.reply.Bulk(text); });
    });
  });
}

void Srandmember(Call& call) {
  if (call.argc() > 3) return call.SyntaxError();
  int64_t count = 1;
  if (call.argc() == 3) {
    Arguments in(call, 2);
    count = ReadRandomCount(in);
    if (!in.ok()) return;
  }
  Entry* entry;
  if (!FindSet(call, &entry)) return;
  auto emit = [&](const Item& member) { ReplyItem(call.reply, member); };
  if (call.argc() == 2) {
    if (entry == nullptr) return call.reply.Null();
    return Set(entry->value(), call.context()).PickRepeatedly(1, emit);
  }
  if (entry == nullptr || count == 0) return call.reply.Array(0);
  const Set set(entry->value(), call.context());
  if (count > 0) {
    const auto wanted = std::min<uint64_t>(static_cast<uint64_t>(count), set.size());
    call.reply.Array(wanted);
    return set.PickDistinct(wanted, emit);
  }
  const uint64_t wanted = 0 - static_cast<uint64_t>(count);
  call.reply.Array(wanted);
  PickInSlices(call.reply, wanted, [&](uint64_t slice) { set.PickRepeatedly(slice, emit); });
}

// --- writing ---

void Sadd(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kSet)) return call.WrongType();
  const uint64_t members = call.argc() - 2;
  const bool fresh = !edit.exists();
  const auto initial = Set::InitialEncoding(Item::Of(call.arg(2)), members, *call.context().limits);
  Set set(edit.Collection(initial), call.context());
  if (!fresh) set.Prepare(members);
  uint64_t added = 0;
  for (std::string_view member : call.args.subspan(2)) {
    if (set.Add(member)) ++added;
  }
  if (added > 0) edit.Changed(keyspace::kEventSet, "sadd", added);
  call.reply.Integer(static_cast<int64_t>(added));
}

void Srem(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kSet)) return call.WrongType();
  if (!edit.exists()) return call.reply.Integer(0);
  Set set(edit.Value(), call.context());
  uint64_t removed = 0;
  for (std::string_view member : call.args.subspan(2)) {
    if (set.Remove(member)) ++removed;
  }
  if (removed > 0) edit.Changed(keyspace::kEventSet, "srem", removed);
  call.reply.Integer(static_cast<int64_t>(removed));
}

void Smove(Call& call) {
  const std::string_view member = call.arg(3);
  Edit source(call.keyspace, call.db, call.arg(1));
  if (call.arg(1) == call.arg(2)) {
    if (!source.exists()) return call.reply.Integer(0);
    if (source.IsNot(Type::kSet)) return call.WrongType();
    const bool found = Set(source.entry()->value(), call.context()).Contains(member);
    return call.reply.Integer(found ? 1 : 0);
  }
  Edit target(call.keyspace, call.db, call.arg(2));
  if (!source.exists()) return call.reply.Integer(0);
  if (source.IsNot(Type::kSet) || target.IsNot(Type::kSet)) return call.WrongType();
  if (!target.exists() && !call.HaveRoomToKeep(target.key().size())) return;
  if (!Set(source.Value(), call.context()).Remove(member)) return call.reply.Integer(0);
  source.Changed(keyspace::kEventSet, "srem", 1, keyspace::Tell::kAtClose);
  source.Close();
  const auto initial = Set::InitialEncoding(Item::Of(member), 1, *call.context().limits);
  if (Set(target.Collection(initial), call.context()).Add(member)) {
    target.Changed(keyspace::kEventSet, "sadd");
  }
  call.reply.Integer(1);
}

// Collects what was popped and records it as SREMs.
class PopRecorder {
 public:
  explicit PopRecorder(Call& call) : call_(call) {}
  ~PopRecorder() { Flush(); }

  void Note(const Item& member) {
    if (!call_.journaling()) return;
    ds::NumberText scratch;
    members_.emplace_back(member.Text(scratch));
    if (members_.size() == kMembersPerRecord) Flush();
  }

 private:
  void Flush() {
    if (members_.empty()) return;
    std::vector<std::string_view> record = {"SREM", call_.arg(1)};
    record.insert(record.end(), members_.begin(), members_.end());
    call_.Record(record);
    members_.clear();
  }

  Call& call_;
  std::vector<std::string> members_;
};

// SPOP of every member.
void PopAll(Call& call, Edit& edit) {
  const Set set(edit.entry()->value(), call.context());
  call.reply.Set(set.size());
  set.ForEach([&](const Item& member) { ReplyItem(call.reply, member); });
  if (call.reply.buffer().failed()) return;  // the members would be lost unseen
  const bool lazy = call.keyspace.lazy_server_delete;
  edit.Changed(keyspace::kEventSet, "spop", set.size(), keyspace::Tell::kAtClose);
  edit.Delete(lazy);
  call.keyspace.Notify(keyspace::kEventGeneric, "del", call.db, call.arg(1));
  call.Record({lazy ? "UNLINK" : "DEL", call.arg(1)});
}

void Spop(Call& call) {
  if (call.argc() > 3) return call.SyntaxError();
  const bool single = call.argc() == 2;
  int64_t count = 1;
  if (!single) {
    Arguments in(call, 2);
    count = ReadAtLeast(in, 0, errors::kMustBePositive);
    if (!in.ok()) return;
  }
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kSet)) return call.WrongType();
  if (!edit.exists() || count == 0) return single ? call.reply.Null() : call.reply.Set(0);
  const auto wanted = static_cast<uint64_t>(count);
  if (!single && wanted >= types::ValueSize(edit.entry()->encoding, edit.entry()->data)) {
    return PopAll(call, edit);
  }
  // No more than the set itself takes, and nothing is popped that cannot be replied.
  if (wanted > kMembersPerRecord && !call.HaveRoom(ValueBytes(edit.entry()))) return;
  if (!single) call.reply.Set(wanted);
  PopRecorder recorder(call);
  call.RecordNothing();
  Set set(edit.Value(), call.context());
  auto emit = [&](const Item& member) {
    ReplyItem(call.reply, member);
    recorder.Note(member);
  };
  set.Pop(wanted, emit);
  edit.Changed(keyspace::kEventSet, "spop", wanted, keyspace::Tell::kAtClose);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "sadd",
     .handler = &Sadd,
     .arity = -3,
     .group = Group::kSet,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kInsert, 1)}},
     .syntax = "key:key member...",
     .complexity = "O(N) in the number of members given",
     .summary = "Adds members, creating the set if needed."},
    {.name = "scard",
     .handler = &Scard,
     .arity = 2,
     .group = Group::kSet,
     .flags = kReadonly | kFast,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRo, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Returns the number of members."},
    {.name = "sismember",
     .handler = &Sismember,
     .arity = 3,
     .group = Group::kSet,
     .flags = kReadonly | kFast,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRo, 1)}},
     .syntax = "key:key member",
     .complexity = "O(1)",
     .summary = "Tells whether the set has a member."},
    {.name = "smembers",
     .handler = &Smembers,
     .arity = 2,
     .group = Group::kSet,
     .flags = kReadonly,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the size of the set",
     .summary = "Returns all members."},
    {.name = "smismember",
     .handler = &Smismember,
     .arity = -3,
     .group = Group::kSet,
     .flags = kReadonly | kFast,
     .categories = kCatSet,
     .since = "6.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key member...",
     .complexity = "O(N) in the number of members given",
     .summary = "Tells of several members whether the set has them."},
    {.name = "smove",
     .handler = &Smove,
     .arity = 4,
     .group = Group::kSet,
     .flags = kWrite | kFast,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1), Keys(kRw | kInsert, 2)}},
     .syntax = "source:key destination:key member",
     .complexity = "O(1)",
     .summary = "Moves a member from one set to another."},
    {.name = "spop",
     .handler = &Spop,
     .arity = -2,
     .group = Group::kSet,
     .flags = kWrite | kFast,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1)}},
     .syntax = "key:key [count:integer~3.2.0]",
     .tips = "nondeterministic_output",
     .complexity = "O(N) in the number of members popped",
     .summary = "Removes random members and returns them."},
    {.name = "srandmember",
     .handler = &Srandmember,
     .arity = -2,
     .group = Group::kSet,
     .flags = kReadonly,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key [count:integer~2.6.0]",
     .tips = "nondeterministic_output",
     .complexity = "O(N) in the number of members returned",
     .summary = "Returns random members."},
    {.name = "srem",
     .handler = &Srem,
     .arity = -3,
     .group = Group::kSet,
     .flags = kWrite | kFast,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key member...",
     .complexity = "O(N) in the number of members given",
     .summary = "Removes members; the key goes with its last member."},
    {.name = "sscan",
     .handler = &Sscan,
     .arity = -3,
     .group = Group::kSet,
     .flags = kReadonly,
     .categories = kCatSet,
     .since = "2.8.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
     .tips = "nondeterministic_output",
     .complexity = "O(1) for a call, O(N) for a whole iteration",
     .summary = "Iterates over members."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs SetCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
