// Times to live: setting, reading and removing them.
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/expire_time.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;

// --- setting ---

struct Conditions {
  bool nx = false;  // only if persistent
  bool xx = false;  // only if not persistent
  bool gt = false;  // only if later than now set; persistent counts as latest
  bool lt = false;  // only if earlier

  // Whether `at` may replace `current` (-1 = persistent).
  bool Allow(int64_t current, int64_t at) const {
    if (nx && current != -1) return false;
    if (xx && current == -1) return false;
    if (gt && (current == -1 || at <= current)) return false;
    return !(lt && current != -1 && at >= current);
  }
};

std::optional<Conditions> ReadConditions(Call& call) {
  Conditions conditions;
  Arguments in(call, 3);
  while (in.More()) {
    if (in.Take("NX")) {
      conditions.nx = true;
    } else if (in.Take("XX")) {
      conditions.xx = true;
    } else if (in.Take("GT")) {
      conditions.gt = true;
    } else if (in.Take("LT")) {
      conditions.lt = true;
    } else {
      in.Fail(errors::UnsupportedOption(in.Peek()));
    }
  }
  if (conditions.nx && (conditions.xx || conditions.gt || conditions.lt)) {
    in.Fail(errors::kNxWithOthers);
  }
  if (conditions.gt && conditions.lt) in.Fail(errors::kGtAndLt);
  if (!in.ok()) return std::nullopt;
  return conditions;
}

// The absolute time in milliseconds; unlike SET's it may lie in the past. Null after replying an
// error.
std::optional<int64_t> ReadTime(Call& call, ExpireUnit unit) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const std::optional<int64_t> given = base::ParseInt64(call.arg(2));
  if (!given) {
    call.reply.Error(errors::kNotInteger);
    return std::nullopt;
  }
  const int64_t scale = unit.seconds ? 1000 : 1;
  const int64_t from = unit.absolute ? 0 : call.now_ms();
  if (*given > kMost / scale || *given < kLeast / scale || *given * scale > kMost - from) {
    call.reply.Error(errors::InvalidExpire(call.spec.name));
    return std::nullopt;
  }
  return *given * scale + from;
}

// A replica gets the absolute time; conditions stay, they hold there too.
void RecordTime(Call& call, int64_t at_ms) {
  if (!call.journaling()) return call.RecordNothing();
  const std::string time = base::Int64Text(at_ms);
  std::vector<std::string_view> record(call.args.begin(), call.args.end());
  record[0] = "PEXPIREAT";
  record[2] = time;
  call.Record(record);
}

void SetTime(Call& call, ExpireUnit unit) {
  const std::optional<Conditions> conditions = ReadConditions(call);
  if (!conditions) return;
  const std::optional<int64_t> at = ReadTime(call, unit);
  if (!at) return;
  const std::string_view key = call.arg(1);
  Edit edit(call.keyspace, call.db, key);
  if (!edit.exists() || !conditions->Allow(edit.expire_at_ms(), *at)) return call.reply.Integer(0);
  if (call.keyspace.IsPast(*at)) {
    edit.Delete(call.keyspace.lazy_expire);
    edit.Changed(keyspace::kEventGeneric, "del");
    call.Record({call.keyspace.lazy_expire ? "UNLINK" : "DEL", key});
  } else if (!edit.HasRoomForExpiry()) {
    return call.OutOfMemory();
  } else {
    edit.SetExpiry(*at);
    edit.Changed(keyspace::kEventGeneric, "expire");
    RecordTime(call, *at);
  }
  call.reply.Integer(1);
}

void Expire(Call& call) { SetTime(call, {.seconds = true}); }
void Pexpire(Call& call) { SetTime(call, {}); }
void Expireat(Call& call) { SetTime(call, {.seconds = true, .absolute = true}); }
void Pexpireat(Call& call) { SetTime(call, {.absolute = true}); }

void Persist(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  const bool cleared = edit.ClearExpiry();
  if (cleared) edit.Changed(keyspace::kEventGeneric, "persist");
  call.reply.Integer(cleared ? 1 : 0);
}

// --- reading ---

void ReplyTime(Call& call, ExpireUnit unit) {
  constexpr int64_t kAbsent = -2;
  constexpr int64_t kPersistent = -1;
  Entry* entry = call.keyspace.Find(call.db, call.arg(1), keyspace::kLookupNoTouch);
  if (entry == nullptr) return call.reply.Integer(kAbsent);
  int64_t time_ms = call.db.ExpireAt(*entry);
  if (time_ms == -1) return call.reply.Integer(kPersistent);
  if (!unit.absolute) time_ms = time_ms > call.now_ms() ? time_ms - call.now_ms() : 0;
  call.reply.Integer(unit.seconds ? time_ms / 1000 + (time_ms % 1000 >= 500 ? 1 : 0) : time_ms);
}

void Ttl(Call& call) { ReplyTime(call, {.seconds = true}); }
void Pttl(Call& call) { ReplyTime(call, {}); }
void Expiretime(Call& call) { ReplyTime(call, {.seconds = true, .absolute = true}); }
void Pexpiretime(Call& call) { ReplyTime(call, {.absolute = true}); }

constexpr CommandSpec kSpecs[] = {
    {.name = "expire",
     .handler = &Expire,
     .arity = -3,
     .group = Group::kGeneric,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key seconds:integer [<condition NX | XX | GT | LT>~7.0.0]",
     .complexity = "O(1)",
     .summary = "Sets after how many seconds a key ends."},
    {.name = "expireat",
     .handler = &Expireat,
     .arity = -3,
     .group = Group::kGeneric,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .since = "1.2.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key unix-time-seconds:unix-time [<condition NX | XX | GT | LT>~7.0.0]",
     .complexity = "O(1)",
     .summary = "Sets the second at which a key ends."},
    {.name = "expiretime",
     .handler = &Expiretime,
     .arity = 2,
     .group = Group::kGeneric,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .since = "7.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Tells the second at which a key ends."},
    {.name = "persist",
     .handler = &Persist,
     .arity = 2,
     .group = Group::kGeneric,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .since = "2.2.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Lets a key live until it is deleted."},
    {.name = "pexpire",
     .handler = &Pexpire,
     .arity = -3,
     .group = Group::kGeneric,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .since = "2.6.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key milliseconds:integer [<condition NX | XX | GT | LT>~7.0.0]",
     .complexity = "O(1)",
     .summary = "Sets after how many milliseconds a key ends."},
    {.name = "pexpireat",
     .handler = &Pexpireat,
     .arity = -3,
     .group = Group::kGeneric,
     .flags = kWrite | kFast,
     .categories = kCatKeyspace,
     .since = "2.6.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key unix-time-milliseconds:unix-time [<condition NX | XX | GT | LT>~7.0.0]",
     .complexity = "O(1)",
     .summary = "Sets the millisecond at which a key ends."},
    {.name = "pexpiretime",
     .handler = &Pexpiretime,
     .arity = 2,
     .group = Group::kGeneric,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .since = "7.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Tells the millisecond at which a key ends."},
    {.name = "pttl",
     .handler = &Pttl,
     .arity = 2,
     .group = Group::kGeneric,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .since = "2.6.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Tells how many milliseconds a key has left."},
    {.name = "ttl",
     .handler = &Ttl,
     .arity = 2,
     .group = Group::kGeneric,
     .flags = kReadonly | kFast,
     .categories = kCatKeyspace,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Tells how many seconds a key has left."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs ExpireCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
