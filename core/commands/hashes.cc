// Hashes: fields with values inside one key.
#include <optional>
#include <string>

#include "core/base/extended.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/collections.h"
#include "core/types/hash.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using ds::Item;
using keyspace::Edit;
using keyspace::Entry;
using types::Hash;
using types::Type;

// --- reading ---

// The hash at argument 1, null when absent. False after replying WRONGTYPE.
bool FindHash(Call& call, Entry** entry) {
  return FindCollection(call, call.arg(1), Type::kHash, entry);
}

void Hget(Call& call) {
  Entry* entry;
  if (!FindHash(call, &entry)) return;
  if (entry == nullptr) return call.reply.Null();
  const auto value = Hash(entry->value(), call.context()).Get(call.arg(2));
  if (!value) return call.reply.Null();
  ReplyItem(call.reply, *value);
}

void Hmget(Call& call) {
  Entry* entry;
  if (!FindHash(call, &entry)) return;
  call.reply.Array(call.argc() - 2);
  for (std::string_view field : call.args.subspan(2)) {
    std::optional<Item> value;
    if (entry != nullptr) value = Hash(entry->value(), call.context()).Get(field);
    if (value) {
      ReplyItem(call.reply, *value);
    } else {
      call.reply.Null();
    }
  }
}

void Hexists(Call& call) {
  Entry* entry;
  if (!FindHash(call, &entry)) return;
  const bool found = entry != nullptr && Hash(entry->value(), call.context()).Contains(call.arg(2));
  call.reply.Integer(found ? 1 : 0);
}

void Hlen(Call& call) {
  Entry* entry;
  if (!FindHash(call, &entry)) return;
  call.reply.Integer(entry == nullptr ? 0 : Hash(entry->value(), call.context()).size());
}

void Hstrlen(Call& call) {
  Entry* entry;
  if (!FindHash(call, &entry)) return;
  std::optional<Item> value;
  if (entry != nullptr) value = Hash(entry->value(), call.context()).Get(call.arg(2));
  call.reply.Integer(value ? value->TextSize() : 0);
}

void Hgetall(Call& call) {
  Entry* entry;
  if (!FindHash(call, &entry)) return;
  if (entry == nullptr) return call.reply.Map(0);
  const Hash hash(entry->value(), call.context());
  call.reply.Map(hash.size());
  hash.ForEach([&](const Item& field, const Item& value) {
    ReplyItem(call.reply, field);
    ReplyItem(call.reply, value);
  });
}

void Hkeys(Call& call) {
  Entry* entry;
  if (!FindHash(call, &entry)) return;
  if (entry == nullptr) return call.reply.Array(0);
  const Hash hash(entry->value(), call.context());
  call.reply.Array(hash.size());
  hash.ForEach([&](const Item& field, const Item&) { ReplyItem(call.reply, field); });
}

void Hvals(Call& call) {
  Entry* entry;
  if (!FindHash(call, &entry)) return;
  if (entry == nullptr) return call.reply.Array(0);
  const Hash hash(entry->value(), call.context());
  call.reply.Array(hash.size());
  hash.ForEach([&](const Item&, const Item& value) { ReplyItem(call.reply, value); });
}

void Hscan(Call& call) {
  Entry* entry;
  uint64_t cursor;
  ScanOptions options;
  if (!BeginScan(call, Type::kHash, &entry, &cursor, &options)) return;
  const Hash hash(entry->value(), call.context());
  ReplyScan(call, cursor, options, 2, [&](uint64_t at, auto& emit) {
    return hash.Scan(at, [&](const Item& field, const Item& value) {
      ds::NumberText scratch;
      const std::string_view name = field.Text(scratch);
      emit(name, [&] {
        call.reply.Bulk(name);
        ReplyItem(call.reply, value);
      });
    });
  });
}

// --- random fields ---

// HRANDFIELD with a count: distinct fields if positive, repeated ones if negative.
void ReplyRandomFields(Call& call, int64_t count, bool with_values) {
  Entry* entry;
  if (!FindHash(call, &entry)) return;
  if (entry == nullptr || count == 0) return call.reply.Array(0);
  const Hash hash(entry->value(), call.context());
  const bool nested = with_values && call.reply.protocol() > 2;
  auto emit = [&](const Item& field, const Item& value) {
    if (nested) call.reply.Array(2);
    ReplyItem(call.reply, field);
    if (with_values) ReplyItem(call.reply, value);
  };
  const uint64_t wanted = count > 0 ? std::min<uint64_t>(static_cast<uint64_t>(count), hash.size())
                                    : 0 - static_cast<uint64_t>(count);
  call.reply.Array(with_values && !nested ? wanted * 2 : wanted);
  if (count > 0) return hash.PickDistinct(wanted, emit);
  PickInSlices(call.reply, wanted, [&](uint64_t slice) { hash.PickRepeatedly(slice, emit); });
}

void Hrandfield(Call& call) {
  if (call.argc() == 2) {
    Entry* entry;
    if (!FindHash(call, &entry)) return;
    if (entry == nullptr) return call.reply.Null();
    Hash(entry->value(), call.context()).PickRepeatedly(1, [&](const Item& field, const Item&) {
      ReplyItem(call.reply, field);
    });
    return;
  }
  Arguments in(call, 2);
  const int64_t count = ReadRandomCount(in);
  const bool with_values = in.Take("WITHVALUES");
  if (in.More()) in.Fail(errors::kSyntax);
  if (!in.ok()) return;
  constexpr int64_t kHalf = std::numeric_limits<int64_t>::max() / 2;
  if (with_values && (count < -kHalf || count > kHalf)) {
    return call.reply.Error(errors::kOutOfRange);
  }
  ReplyRandomFields(call, count, with_values);
}

// --- writing ---

// HSET and HMSET; the number of new fields, or null after an error.
std::optional<uint64_t> SetFields(Call& call) {
  if (call.argc() % 2 != 0) {
    call.reply.Error(errors::WrongArity(call.spec.name));
    return std::nullopt;
  }
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kHash)) {
    call.WrongType();
    return std::nullopt;
  }
  Hash hash(edit.Collection(Hash::kInitialEncoding), call.context());
  hash.Prepare(call.args.subspan(2));
  uint64_t created = 0;
  for (size_t i = 2; i < call.argc(); i += 2) {
    if (hash.Set(call.arg(i), call.arg(i + 1))) ++created;
  }
  edit.Changed(keyspace::kEventHash, "hset", (call.argc() - 2) / 2);
  return created;
}

void Hset(Call& call) {
  const auto created = SetFields(call);
  if (created) call.reply.Integer(static_cast<int64_t>(*created));
}

void Hmset(Call& call) {
  if (SetFields(call)) call.reply.Ok();
}

void Hsetnx(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kHash)) return call.WrongType();
  if (edit.exists() && Hash(edit.entry()->value(), call.context()).Contains(call.arg(2))) {
    return call.reply.Integer(0);
  }
  Hash hash(edit.Collection(Hash::kInitialEncoding), call.context());
  hash.Prepare(call.args.subspan(2));
  hash.Set(call.arg(2), call.arg(3));
  edit.Changed(keyspace::kEventHash, "hset");
  call.reply.Integer(1);
}

void Hdel(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kHash)) return call.WrongType();
  if (!edit.exists()) return call.reply.Integer(0);
  Hash hash(edit.Value(), call.context());
  uint64_t deleted = 0;
  for (std::string_view field : call.args.subspan(2)) {
    if (hash.Delete(field)) ++deleted;
  }
  if (deleted > 0) edit.Changed(keyspace::kEventHash, "hdel", deleted);
  call.reply.Integer(static_cast<int64_t>(deleted));
}

void Hincrby(Call& call) {
  Arguments in(call, 3);
  const int64_t increment = in.Int();
  if (!in.ok()) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kHash)) return call.WrongType();
  int64_t number = 0;
  if (edit.exists()) {
    const auto old = Hash(edit.entry()->value(), call.context()).Get(call.arg(2));
    const Item value = !old ? Item(int64_t{0}) : old->is_integer() ? *old : Item::Of(old->bytes());
    if (!value.is_integer()) return call.reply.Error(errors::kHashNotInteger);
    number = value.number();
  }
  if (__builtin_add_overflow(number, increment, &number)) {
    return call.reply.Error(errors::kOverflow);
  }
  ds::NumberText scratch;
  Hash hash(edit.Collection(Hash::kInitialEncoding), call.context());
  hash.Set(call.arg(2), Item(number).Text(scratch), Hash::Expiry::kKept);
  edit.Changed(keyspace::kEventHash, "hincrby");
  call.reply.Integer(number);
}

void Hincrbyfloat(Call& call) {
  const auto increment = base::Extended::Parse(call.arg(3));
  if (!increment) return call.reply.Error(errors::kNotFloat);
  if (increment->IsNanOrInfinite()) return call.reply.Error(errors::kIncrementNanOrInfinity);
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kHash)) return call.WrongType();
  base::Extended number;
  if (edit.exists()) {
    const auto old = Hash(edit.entry()->value(), call.context()).Get(call.arg(2));
    if (old) {
      ds::NumberText scratch;
      const auto parsed = base::Extended::Parse(old->Text(scratch));
      if (!parsed) return call.reply.Error(errors::kHashNotFloat);
      number = *parsed;
    }
  }
  number = number + *increment;
  if (number.IsNanOrInfinite()) return call.reply.Error(errors::kNanOrInfinity);
  const std::string text = number.Text();
  Hash hash(edit.Collection(Hash::kInitialEncoding), call.context());
  hash.Set(call.arg(2), text, Hash::Expiry::kKept);
  edit.Changed(keyspace::kEventHash, "hincrbyfloat");
  if (hash.EarliestExpiry() == Hash::kNoExpiry || hash.ExpiryOf(call.arg(2)) < 0) {
    call.Record({"HSET", call.arg(1), call.arg(2), text});
  } else {
    call.Record({"HSETEX", call.arg(1), "KEEPTTL", "FIELDS", "1", call.arg(2), text});
  }
  call.reply.Bulk(text);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "hdel",
     .handler = &Hdel,
     .arity = -3,
     .group = Group::kHash,
     .flags = kWrite | kFast,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key field...",
     .complexity = "O(N) in the number of fields",
     .summary = "Removes fields; the key goes with its last field."},
    {.name = "hexists",
     .handler = &Hexists,
     .arity = 3,
     .group = Group::kHash,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRo, 1)}},
     .syntax = "key:key field",
     .complexity = "O(1)",
     .summary = "Tells whether a field exists."},
    {.name = "hget",
     .handler = &Hget,
     .arity = 3,
     .group = Group::kHash,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key field",
     .complexity = "O(1)",
     .summary = "Returns the value of a field."},
    {.name = "hgetall",
     .handler = &Hgetall,
     .arity = 2,
     .group = Group::kHash,
     .flags = kReadonly,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the size of the hash",
     .summary = "Returns all fields with their values."},
    {.name = "hincrby",
     .handler = &Hincrby,
     .arity = 4,
     .group = Group::kHash,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key field increment:integer",
     .complexity = "O(1)",
     .summary = "Adds to the integer in a field, starting from 0."},
    {.name = "hincrbyfloat",
     .handler = &Hincrbyfloat,
     .arity = 4,
     .group = Group::kHash,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .since = "2.6.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key field increment:double",
     .complexity = "O(1)",
     .summary = "Adds to the floating point number in a field, starting from 0."},
    {.name = "hkeys",
     .handler = &Hkeys,
     .arity = 2,
     .group = Group::kHash,
     .flags = kReadonly,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the size of the hash",
     .summary = "Returns all fields."},
    {.name = "hlen",
     .handler = &Hlen,
     .arity = 2,
     .group = Group::kHash,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRo, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Returns the number of fields."},
    {.name = "hmget",
     .handler = &Hmget,
     .arity = -3,
     .group = Group::kHash,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key field...",
     .complexity = "O(N) in the number of fields",
     .summary = "Returns the values of several fields."},
    {.name = "hmset",
     .handler = &Hmset,
     .arity = -4,
     .group = Group::kHash,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key {data field value}...",
     .deprecated_since = "4.0.0",
     .replaced_by = "`HSET` with multiple field-value pairs",
     .complexity = "O(N) in the number of fields",
     .summary = "Sets several fields."},
    {.name = "hrandfield",
     .handler = &Hrandfield,
     .arity = -2,
     .group = Group::kHash,
     .flags = kReadonly,
     .categories = kCatHash,
     .since = "6.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key [{options count:integer [WITHVALUES]}]",
     .tips = "nondeterministic_output",
     .complexity = "O(N) in the number of fields returned",
     .summary = "Returns random fields."},
    {.name = "hscan",
     .handler = &Hscan,
     .arity = -3,
     .group = Group::kHash,
     .flags = kReadonly,
     .categories = kCatHash,
     .since = "2.8.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
     .tips = "nondeterministic_output",
     .complexity = "O(1) for a call, O(N) for a whole iteration",
     .summary = "Iterates over fields and values."},
    {.name = "hset",
     .handler = &Hset,
     .arity = -4,
     .group = Group::kHash,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key {data field value}...",
     .complexity = "O(N) in the number of fields",
     .summary = "Sets fields, creating the hash if needed."},
    {.name = "hsetnx",
     .handler = &Hsetnx,
     .arity = 4,
     .group = Group::kHash,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRw | kInsert, 1)}},
     .syntax = "key:key field value",
     .complexity = "O(1)",
     .summary = "Sets a field that does not exist yet."},
    {.name = "hstrlen",
     .handler = &Hstrlen,
     .arity = 3,
     .group = Group::kHash,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .since = "3.2.0",
     .keys = {{Keys(kRo, 1)}},
     .syntax = "key:key field",
     .complexity = "O(1)",
     .summary = "Returns the length of a field's value."},
    {.name = "hvals",
     .handler = &Hvals,
     .arity = 2,
     .group = Group::kHash,
     .flags = kReadonly,
     .categories = kCatHash,
     .since = "2.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the size of the hash",
     .summary = "Returns all values."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs HashCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
