// Keys as such, whatever they hold: deleting, counting, renaming, copying, moving. Walking over
// them is in scan.cc, their times to live in expire.cc.
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/collections.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Database;
using keyspace::Edit;
using keyspace::Entry;
using types::Encoding;

// --- deleting, counting ---

void Delete(Call& call, bool lazy) {
  int64_t deleted = 0;
  for (size_t i = 1; i < call.argc(); ++i) {
    Edit edit(call.keyspace, call.db, call.arg(i));
    if (!edit.Delete(lazy)) continue;
    edit.Changed(keyspace::kEventGeneric, "del");
    ++deleted;
  }
  call.reply.Integer(deleted);
}

void Del(Call& call) { Delete(call, call.keyspace.lazy_user_delete); }
void Unlink(Call& call) { Delete(call, true); }

void Count(Call& call, uint32_t lookup) {
  int64_t found = 0;
  for (size_t i = 1; i < call.argc(); ++i) {
    if (call.keyspace.Find(call.db, call.arg(i), lookup) != nullptr) ++found;
  }
  call.reply.Integer(found);
}

void Exists(Call& call) { Count(call, keyspace::kLookupNoTouch); }
void Touch(Call& call) { Count(call, keyspace::kLookupRead); }

void TypeOfKey(Call& call) {
  const Entry* entry = call.keyspace.Find(call.db, call.arg(1), keyspace::kLookupNoTouch);
  call.reply.Simple(entry == nullptr ? "none" : types::TypeName(entry->type()));
}

// --- renaming, moving ---

// Gives the source's value and expiry to the destination, replacing what it held.
void Transfer(Edit& source, Edit& destination, std::string_view source_event,
              std::string_view destination_event) {
  const int64_t expire_at_ms = source.expire_at_ms();
  destination.Adopt(source.Take(), expire_at_ms);
  source.Changed();
  destination.Changed(0);
  source.ChangedAside(keyspace::kEventGeneric, source_event, 0);
  destination.ChangedAside(keyspace::kEventGeneric, destination_event, 0);
}

void RenameKey(Call& call, bool only_if_absent) {
  const std::string_view from = call.arg(1);
  const std::string_view to = call.arg(2);
  Edit source(call.keyspace, call.db, from);
  if (!source.exists()) return call.reply.Error(errors::kNoSuchKey);
  if (from != to) {
    Edit destination(call.keyspace, call.db, to);
    if (only_if_absent && destination.exists()) return call.reply.Integer(0);
    if (to.size() > from.size() && !call.HaveRoomToKeep(to.size())) return;
    Transfer(source, destination, "rename_from", "rename_to");
  } else if (only_if_absent) {
    return call.reply.Integer(0);
  }
  only_if_absent ? call.reply.Integer(1) : call.reply.Ok();
}

void Rename(Call& call) { RenameKey(call, false); }
void Renamenx(Call& call) { RenameKey(call, true); }

// The database with the number that comes next; null after replying an error.
Database* ReadDatabase(Call& call, Arguments& in) {
  const int64_t id = in.Int();
  if (in.ok() && (id < INT32_MIN || id > INT32_MAX)) in.Fail(errors::kIntOutOfRange);
  if (in.ok() && (id < 0 || id >= call.keyspace.database_count())) {
    in.Fail(errors::kDbIndexOutOfRange);
  }
  return in.ok() ? &call.keyspace.db(static_cast<int>(id)) : nullptr;
}

void Move(Call& call) {
  Arguments in(call, 2);
  Database* to = ReadDatabase(call, in);
  if (to == nullptr) return;
  if (to == &call.db) return call.reply.Error(errors::kSameObject);
  Edit source(call.keyspace, call.db, call.arg(1));
  if (!source.exists()) return call.reply.Integer(0);
  Edit destination(call.keyspace, *to, call.arg(1));
  if (destination.exists()) return call.reply.Integer(0);
  if (!destination.HasRoomForExpiry()) return call.OutOfMemory();
  Transfer(source, destination, "move_from", "move_to");
  call.reply.Integer(1);
}

// --- copying ---

// Makes the destination, whatever it holds, a deep copy of `source`. False when memory is
// exhausted: nothing has changed.
bool CopyValue(Call& call, Entry& source, Edit& destination) {
  void* block = nullptr;
  if (source.OwnsBlock()) {
    block = types::CloneValue(source.encoding, source.data, call.context());
    if (block == nullptr) return false;
  }
  destination.Delete(call.keyspace.lazy_server_delete);
  switch (source.encoding) {
    case Encoding::kInt:
      destination.SetInt(source.IntValue());
      return true;
    case Encoding::kEmbstr:
      return destination.SetText({source.Inline(), source.EmbeddedBytes()});
    default:
      destination.Put(source.encoding, block);
      return true;
  }
}

void Copy(Call& call) {
  const std::string_view from = call.arg(1);
  const std::string_view to = call.arg(2);
  Database* db = &call.db;
  bool replace = false;
  Arguments in(call, 3);
  while (in.More()) {
    if (in.Take("REPLACE")) {
      replace = true;
    } else if (in.TakeWithValue("DB")) {
      db = ReadDatabase(call, in);
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (!in.ok()) return;
  if (db == &call.db && from == to) return call.reply.Error(errors::kSameObject);
  Entry* source = call.keyspace.Find(call.db, from);
  if (source == nullptr) return call.reply.Integer(0);
  const int64_t expire_at_ms = call.db.ExpireAt(*source);
  Edit destination(call.keyspace, *db, to);
  if (destination.exists() && !replace) return call.reply.Integer(0);
  if (!call.HaveRoom(ValueBytes(source, Precision::kCounted))) return;
  if (expire_at_ms >= 0 && !destination.HasRoomForExpiry()) return call.OutOfMemory();
  if (!CopyValue(call, *source, destination)) return call.OutOfMemory();
  if (expire_at_ms >= 0) destination.SetExpiry(expire_at_ms);
  destination.Changed(keyspace::kEventGeneric, "copy_to");
  call.reply.Integer(1);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "copy",
     .handler = &Copy,
     .arity = -3,
     .group = Group::kGeneric,
     .flags = kWrite | kDenyOom,
     .categories = kCatKeyspace,
     .since = "6.2.0",
     .keys = {{Keys(kRo | kAccess, 1), Keys(kOw | kUpdate, 2)}},
     .syntax = "source:key destination:key [DB destination-db:integer] [REPLACE]",
     .complexity = "O(N) in the size of a collection, O(1) for strings",
     .summary = "Copies a key, its value and its expiry to another name or database."},
    {.name = "del",
     .handler = &Del,
     .arity = -2,
     .group = Group::kGeneric,
     .flags = kWrite,
     .categories = kCatKeyspace,
     .since = "1.0.0",
     .keys = {{Keys(kRm | kDelete, 1, -1)}},
     .syntax = "key:key...",
     .tips = "request_policy:multi_shard,response_policy:agg_sum",
     .complexity = "O(N) in the keys, and in the elements of collections among them",
     .summary = "Deletes keys."},
    {.name = "exists",
     .handler = &Exists,
     .arity = -2,
     .group = Group::kGeneric,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .since = "1.0.0",
     .keys = {{Keys(kRo, 1, -1)}},
     .syntax = "key:key...",
     .tips = "request_policy:multi_shard,response_policy:agg_sum",
     .complexity = "O(N) in the keys",
     .summary = "Counts how many of the given keys exist."},
    {.name = "move",
     .handler = &Move,
     .arity = 3,
     .group = Group::kGeneric,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key db:integer",
     .complexity = "O(1)",
     .summary = "Moves a key to another database, unless it exists there."},
    {.name = "rename",
     .handler = &Rename,
     .arity = 3,
     .group = Group::kGeneric,
     .flags = kWrite,
     .categories = kCatKeyspace,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1), Keys(kOw | kUpdate, 2)}},
     .syntax = "key:key newkey:key",
     .complexity = "O(1), or the cost of deleting what the new name held",
     .summary = "Gives a key another name, replacing what was there."},
    {.name = "renamenx",
     .handler = &Renamenx,
     .arity = 3,
     .group = Group::kGeneric,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1), Keys(kOw | kInsert, 2)}},
     .syntax = "key:key newkey:key",
     .complexity = "O(1)",
     .summary = "Gives a key another name, but only if that one is free."},
    {.name = "touch",
     .handler = &Touch,
     .arity = -2,
     .group = Group::kGeneric,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .since = "3.2.1",
     .keys = {{Keys(kRo, 1, -1)}},
     .syntax = "key:key...",
     .tips = "request_policy:multi_shard,response_policy:agg_sum",
     .complexity = "O(N) in the keys",
     .summary = "Marks keys as just used and counts those that exist."},
    {.name = "type",
     .handler = &TypeOfKey,
     .arity = 2,
     .group = Group::kGeneric,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .since = "1.0.0",
     .keys = {{Keys(kRo, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Tells which type of value a key holds."},
    {.name = "unlink",
     .handler = &Unlink,
     .arity = -2,
     .group = Group::kGeneric,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .since = "4.0.0",
     .keys = {{Keys(kRm | kDelete, 1, -1)}},
     .syntax = "key:key...",
     .tips = "request_policy:multi_shard,response_policy:agg_sum",
     .complexity = "O(N) in the keys; the memory of large values is freed in the background",
     .summary = "Deletes keys without waiting for their memory to be freed."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs GenericCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
