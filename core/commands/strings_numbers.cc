// Strings as numbers: INCR and its kin.
#include <limits>

#include "core/base/extended.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using types::Type;

void Add(Call& call, int64_t increment) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kString)) return call.WrongType();
  int64_t value = 0;
  if (edit.exists()) {
    keyspace::IntText scratch;
    const auto parsed = base::ParseInt64(keyspace::StringOf(*edit.entry(), scratch));
    if (!parsed) return call.reply.Error(errors::kNotInteger);
    value = *parsed;
  }
  if (__builtin_add_overflow(value, increment, &value)) {
    return call.reply.Error(errors::kOverflow);
  }
  edit.SetInt(value, true);
  edit.Changed(keyspace::kEventString, "incrby");
  call.reply.Integer(value);
}

void Incr(Call& call) { Add(call, 1); }
void Decr(Call& call) { Add(call, -1); }

void Incrby(Call& call) {
  Arguments in(call, 2);
  const int64_t increment = in.Int();
  if (in.ok()) Add(call, increment);
}

void Decrby(Call& call) {
  Arguments in(call, 2);
  const int64_t decrement = in.Int();
  if (!in.ok()) return;
  if (decrement == std::numeric_limits<int64_t>::min()) {
    return call.reply.Error(errors::kDecrementOverflow);
  }
  Add(call, -decrement);
}

void Incrbyfloat(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kString)) return call.WrongType();
  base::Extended value;
  if (edit.exists()) {
    keyspace::IntText scratch;
    const auto parsed = base::Extended::Parse(keyspace::StringOf(*edit.entry(), scratch));
    if (!parsed) return call.reply.Error(errors::kNotFloat);
    value = *parsed;
  }
  const auto increment = base::Extended::Parse(call.arg(2));
  if (!increment) return call.reply.Error(errors::kNotFloat);
  value = value + *increment;
  if (value.IsNanOrInfinite()) return call.reply.Error(errors::kNanOrInfinity);
  const std::string text = value.Text();
  if (!edit.SetText(text, true)) return call.OutOfMemory();
  edit.Changed(keyspace::kEventString, "incrbyfloat");
  call.Record({"SET", call.arg(1), text, "KEEPTTL"});
  call.reply.Bulk(text);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "decr",
     .handler = &Decr,
     .arity = 2,
     .group = Group::kString,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Takes one from an integer, starting from 0."},
    {.name = "decrby",
     .handler = &Decrby,
     .arity = 3,
     .group = Group::kString,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key decrement:integer",
     .complexity = "O(1)",
     .summary = "Takes a number from an integer, starting from 0."},
    {.name = "incr",
     .handler = &Incr,
     .arity = 2,
     .group = Group::kString,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Adds one to an integer, starting from 0."},
    {.name = "incrby",
     .handler = &Incrby,
     .arity = 3,
     .group = Group::kString,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key increment:integer",
     .complexity = "O(1)",
     .summary = "Adds a number to an integer, starting from 0."},
    {.name = "incrbyfloat",
     .handler = &Incrbyfloat,
     .arity = 3,
     .group = Group::kString,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .since = "2.6.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key increment:double",
     .complexity = "O(1)",
     .summary = "Adds a number to a floating point value, starting from 0."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs StringNumberCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
