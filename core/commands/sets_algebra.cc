// Intersection, union and difference of sets.
#include <algorithm>
#include <vector>

#include "core/base/stable_sort.h"
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
using types::Encoding;
using types::Set;
using types::Type;

// A set that belongs to no key: the result of an operation. Freed unless released.
class Result {
 public:
  Result(Encoding initial, const types::Context& context)
      : context_(context), encoding_(initial), data_(types::NewCollection(initial, context)) {}
  ~Result() {
    if (data_ != nullptr) types::FreeValue(encoding_, data_);
  }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;

  Set set() { return Set(types::ValueRef{data_, encoding_}, context_); }

  // Makes it the value of `key`, or deletes the key when empty; replies its size.
  void Store(Call& call, std::string_view key, std::string_view event) {
    const uint32_t size = set().size();
    const auto expired = size > 0 ? keyspace::Expired::kGoes : keyspace::Expired::kStays;
    Edit edit(call.keyspace, call.db, key, expired);
    if (size > 0) {
      edit.Put(encoding_, data_);
      data_ = nullptr;
      edit.Changed(keyspace::kEventSet, event);
    } else if (edit.Delete(call.keyspace.lazy_server_delete)) {
      edit.Changed(keyspace::kEventGeneric, "del");
    }
    call.reply.Integer(size);
  }

  void Reply(Call& call) {
    call.reply.Set(set().size());
    set().ForEach([&](const Item& member) { ReplyItem(call.reply, member); });
  }

 private:
  const types::Context& context_;
  Encoding encoding_;
  void* data_;
};

// The sets at the keys, null for absent ones. False after replying WRONGTYPE.
bool FindSets(Call& call, std::span<const std::string_view> keys, std::vector<Entry*>* entries) {
  entries->reserve(keys.size());
  for (std::string_view key : keys) {
    Entry* entry;
    if (!FindCollection(call, key, Type::kSet, &entry)) return false;
    entries->push_back(entry);
  }
  return true;
}

uint64_t SizeOf(const Entry* entry) {
  return entry == nullptr ? 0 : types::ValueSize(entry->encoding, entry->data);
}

// Whether memory can hold a set with the members of all of these; replies the error if not.
bool HaveRoomForAll(Call& call, std::span<Entry* const> entries) {
  uint64_t bytes = 0;
  for (const Entry* entry : entries) bytes += ValueBytes(entry, Precision::kCounted);
  return call.HaveRoom(bytes);
}

// As HaveRoomForAll, for the members that the smallest has.
bool HaveRoomForSmallest(Call& call, std::span<Entry* const> entries) {
  const auto smallest =
      std::min_element(entries.begin(), entries.end(),
                       [](const Entry* a, const Entry* b) { return SizeOf(a) < SizeOf(b); });
  return call.HaveRoom(ValueBytes(*smallest, Precision::kCounted));
}

bool Contains(Call& call, Entry* entry, const Item& member) {
  return Set(entry->value(), call.context()).Contains(member);
}

// visit(Item) for every member of all sets; false ends the walk. The sets come out ordered by size.
template <class Visit>
void Intersect(Call& call, std::vector<Entry*>& entries, Visit visit) {
  base::StableSort(std::span(entries),
                   [](const Entry* a, const Entry* b) { return SizeOf(a) < SizeOf(b); });
  if (entries.front() == nullptr) return;
  Set(entries.front()->value(), call.context()).ForEach([&](const Item& member) -> bool {
    for (size_t i = 1; i < entries.size(); ++i) {
      if (entries[i] != entries[i - 1] && !Contains(call, entries[i], member)) return true;
    }
    return visit(member);
  });
}

void Sinter(Call& call) {
  std::vector<Entry*> entries;
  if (!FindSets(call, call.args.subspan(1), &entries)) return;
  const auto mark = call.reply.Begin();
  uint64_t size = 0;
  Intersect(call, entries, [&](const Item& member) {
    ReplyItem(call.reply, member);
    ++size;
    return true;
  });
  call.reply.EndSet(mark, size);
}

void Sinterstore(Call& call) {
  std::vector<Entry*> entries;
  if (!FindSets(call, call.args.subspan(2), &entries)) return;
  if (!HaveRoomForSmallest(call, entries)) return;
  Result result(Encoding::kSetListpack, call.context());
  Intersect(call, entries, [&](const Item& member) {
    result.set().Add(member);
    return true;
  });
  result.set().CompactIntegers();
  result.Store(call, call.arg(1), "sinterstore");
}

void Sintercard(Call& call) {
  Arguments in(call, 1);
  const int64_t keys = ReadAtLeast(in, 1, errors::kNumkeysPositive);
  if (!in.ok()) return;
  if (static_cast<uint64_t>(keys) > in.left()) return call.reply.Error(errors::kTooManyKeys);
  in.Skip(static_cast<size_t>(keys));
  int64_t limit = 0;
  while (in.More()) {
    if (in.TakeWithValue("LIMIT")) {
      limit = ReadAtLeast(in, 0, errors::kLimitNegative);
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (!in.ok()) return;
  std::vector<Entry*> entries;
  if (!FindSets(call, call.args.subspan(2, static_cast<size_t>(keys)), &entries)) return;
  int64_t size = 0;
  Intersect(call, entries, [&](const Item&) {
    ++size;
    return size != limit;
  });
  call.reply.Integer(size);
}

void AddAll(Call& call, const std::vector<Entry*>& entries, Set set) {
  for (Entry* entry : entries) {
    if (entry == nullptr) continue;
    Set(entry->value(), call.context()).ForEach([&](const Item& member) { set.Add(member); });
  }
}

// visit(Item) for every member of the first set that no other has.
template <class Visit>
void Subtract(Call& call, const std::vector<Entry*>& entries, Visit visit) {
  if (entries.front() == nullptr) return;
  std::vector<Entry*> others;
  for (size_t i = 1; i < entries.size(); ++i) {
    if (entries[i] == entries.front()) return;
    if (entries[i] != nullptr) others.push_back(entries[i]);
  }
  // The largest is the likeliest to know a member.
  base::StableSort(std::span(others),
                   [](const Entry* a, const Entry* b) { return SizeOf(a) > SizeOf(b); });
  Set(entries.front()->value(), call.context()).ForEach([&](const Item& member) {
    const bool known = std::any_of(others.begin(), others.end(),
                                   [&](Entry* other) { return Contains(call, other, member); });
    if (!known) visit(member);
  });
}

void Sunion(Call& call) {
  std::vector<Entry*> entries;
  if (!FindSets(call, call.args.subspan(1), &entries)) return;
  if (!HaveRoomForAll(call, entries)) return;
  Result result(Encoding::kSetHashtable, call.context());
  AddAll(call, entries, result.set());
  result.Reply(call);
}

void Sunionstore(Call& call) {
  std::vector<Entry*> entries;
  if (!FindSets(call, call.args.subspan(2), &entries)) return;
  if (!HaveRoomForAll(call, entries)) return;
  Result result(Encoding::kSetIntset, call.context());
  AddAll(call, entries, result.set());
  result.Store(call, call.arg(1), "sunionstore");
}

void Sdiff(Call& call) {
  std::vector<Entry*> entries;
  if (!FindSets(call, call.args.subspan(1), &entries)) return;
  const auto mark = call.reply.Begin();
  uint64_t size = 0;
  Subtract(call, entries, [&](const Item& member) {
    ReplyItem(call.reply, member);
    ++size;
  });
  call.reply.EndSet(mark, size);
}

void Sdiffstore(Call& call) {
  std::vector<Entry*> entries;
  if (!FindSets(call, call.args.subspan(2), &entries)) return;
  if (!call.HaveRoom(ValueBytes(entries.front(), Precision::kCounted))) return;
  Result result(Encoding::kSetIntset, call.context());
  Subtract(call, entries, [&](const Item& member) { result.set().Add(member); });
  result.Store(call, call.arg(1), "sdiffstore");
}

constexpr CommandSpec kSpecs[] = {
    {.name = "sdiff",
     .handler = &Sdiff,
     .arity = -2,
     .group = Group::kSet,
     .flags = kReadonly,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1, -1)}},
     .syntax = "key:key...",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the members of all sets",
     .summary = "Returns what the first set has and no other."},
    {.name = "sdiffstore",
     .handler = &Sdiffstore,
     .arity = -3,
     .group = Group::kSet,
     .flags = kWrite | kDenyOom,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kOw | kUpdate, 1), Keys(kRo | kAccess, 2, -1)}},
     .syntax = "destination:key key:key...",
     .complexity = "O(N) in the members of all sets",
     .summary = "Stores what the first set has and no other."},
    {.name = "sinter",
     .handler = &Sinter,
     .arity = -2,
     .group = Group::kSet,
     .flags = kReadonly,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1, -1)}},
     .syntax = "key:key...",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N*M), N the size of the smallest set, M the number of sets",
     .summary = "Returns what all sets have in common."},
    {.name = "sintercard",
     .handler = &Sintercard,
     .arity = -3,
     .group = Group::kSet,
     .flags = kReadonly | kVariableKeys,
     .categories = kCatSet,
     .since = "7.0.0",
     .keys = {{CountedKeys(kRo | kAccess, 1, 0, 1)}},
     .syntax = "numkeys:integer key:key... [LIMIT limit:integer]",
     .complexity = "O(N*M), N the size of the smallest set, M the number of sets",
     .summary = "Counts what all sets have in common."},
    {.name = "sinterstore",
     .handler = &Sinterstore,
     .arity = -3,
     .group = Group::kSet,
     .flags = kWrite | kDenyOom,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kUpdate, 1), Keys(kRo | kAccess, 2, -1)}},
     .syntax = "destination:key key:key...",
     .complexity = "O(N*M), N the size of the smallest set, M the number of sets",
     .summary = "Stores what all sets have in common."},
    {.name = "sunion",
     .handler = &Sunion,
     .arity = -2,
     .group = Group::kSet,
     .flags = kReadonly,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1, -1)}},
     .syntax = "key:key...",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the members of all sets",
     .summary = "Returns what any of the sets has."},
    {.name = "sunionstore",
     .handler = &Sunionstore,
     .arity = -3,
     .group = Group::kSet,
     .flags = kWrite | kDenyOom,
     .categories = kCatSet,
     .since = "1.0.0",
     .keys = {{Keys(kOw | kUpdate, 1), Keys(kRo | kAccess, 2, -1)}},
     .syntax = "destination:key key:key...",
     .complexity = "O(N) in the members of all sets",
     .summary = "Stores what any of the sets has."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs SetAlgebraCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
