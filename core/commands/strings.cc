// Strings: whole values, parts of values, several at once. Counting is in strings_numbers.cc, LCS
// in strings_lcs.cc.
#include <algorithm>
#include <cstring>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/expire_time.h"
#include "core/commands/string_reply.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;
using types::Type;

// --- reading ---

void Get(Call& call) {
  const Entry* entry = call.keyspace.Find(call.db, call.arg(1));
  if (entry == nullptr) return call.reply.Null();
  if (!entry->IsString()) return call.WrongType();
  ReplyString(call, *entry);
}

void Mget(Call& call) {
  call.reply.Array(call.argc() - 1);
  for (size_t i = 1; i < call.argc(); ++i) {
    const Entry* entry = call.keyspace.Find(call.db, call.arg(i));
    if (entry == nullptr || !entry->IsString()) {
      call.reply.Null();
    } else {
      ReplyString(call, *entry);
    }
  }
}

void Strlen(Call& call) {
  const Entry* entry = call.keyspace.Find(call.db, call.arg(1));
  if (entry == nullptr) return call.reply.Integer(0);
  if (!entry->IsString()) return call.WrongType();
  call.reply.Integer(keyspace::StringBytes(*entry));
}

void Getrange(Call& call) {
  Arguments in(call, 2);
  int64_t start = in.Int();
  int64_t end = in.Int();
  if (!in.ok()) return;
  const Entry* entry = call.keyspace.Find(call.db, call.arg(1));
  if (entry == nullptr) return call.reply.Bulk("");
  if (!entry->IsString()) return call.WrongType();
  keyspace::IntText scratch;
  const std::string_view text = keyspace::StringOf(*entry, scratch);
  const auto size = static_cast<int64_t>(text.size());
  if (start < 0 && end < 0 && start > end) return call.reply.Bulk("");
  start = std::max<int64_t>(start < 0 ? size + start : start, 0);
  end = std::min(std::max<int64_t>(end < 0 ? size + end : end, 0), size - 1);
  if (start > end || size == 0) return call.reply.Bulk("");
  call.reply.Bulk(text.substr(static_cast<size_t>(start), static_cast<size_t>(end - start + 1)));
}

void Substr(Call& call) { Getrange(call); }

// --- SET and its kin ---

enum class Condition : uint8_t { kAlways, kIfAbsent, kIfPresent };

struct SetOptions {
  Condition condition = Condition::kAlways;
  bool keep_ttl = false;
  bool get = false;
  bool expires = false;
  ExpireUnit unit{};
  std::string_view expire_text{};
};

bool ReadSetOptions(Call& call, SetOptions* options) {
  Arguments in(call, 3);
  while (in.More()) {
    if (options->condition != Condition::kIfPresent && in.Take("NX")) {
      options->condition = Condition::kIfAbsent;
    } else if (options->condition != Condition::kIfAbsent && in.Take("XX")) {
      options->condition = Condition::kIfPresent;
    } else if (in.Take("GET")) {
      options->get = true;
    } else if (!options->expires && in.Take("KEEPTTL")) {
      options->keep_ttl = true;
    } else if (!options->keep_ttl &&
               TakeExpireOption(in, options->expires, &options->unit, &options->expire_text)) {
      options->expires = true;
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  return in.ok();
}

// What a replica executes: with an expiry an absolute one, which may be the call's own, else the
// call without GET.
void RecordSet(Call& call, std::string_view key, std::string_view value, int64_t expire_at_ms,
               const SetOptions& options) {
  if (options.expires && options.unit.absolute && !options.unit.seconds) return;
  if (expire_at_ms >= 0) {
    call.Record({"SET", key, value, "PXAT", base::Int64Text(expire_at_ms)});
  } else if (options.get) {
    std::vector<std::string_view> kept;
    for (const std::string_view arg : call.args) {
      if (kept.size() < 3 || !base::EqualsIgnoreCase(arg, "GET")) kept.push_back(arg);
    }
    call.Record(kept);
  }
}

// Sets `key` unless the condition forbids it. True if set; false when refused or after an error,
// which has been replied (`*failed`).
bool SetKey(Call& call, std::string_view key, std::string_view value, int64_t expire_at_ms,
            const SetOptions& options, bool* failed) {
  *failed = false;
  const auto mark = call.reply.Begin();
  if (options.get) call.keyspace.Find(call.db, key);  // counted, and told, as a look-up
  Edit edit(call.keyspace, call.db, key);
  if (options.get) {
    if (edit.IsNot(Type::kString)) {
      *failed = true;
      call.WrongType();
      return false;
    }
    edit.exists() ? ReplyString(call, *edit.entry()) : call.reply.Null();
    if (call.reply.buffer().failed()) {  // the old value would be lost unseen
      *failed = true;
      return false;
    }
  }
  if (options.condition == Condition::kIfAbsent && edit.exists()) return false;
  if (options.condition == Condition::kIfPresent && !edit.exists()) return false;
  if ((expire_at_ms >= 0 && !edit.HasRoomForExpiry()) || !edit.SetString(value, options.keep_ttl)) {
    *failed = true;
    call.reply.Withdraw(mark);
    call.OutOfMemory();
    return false;
  }
  if (expire_at_ms >= 0) edit.SetExpiry(expire_at_ms);
  edit.Changed(keyspace::kEventString, "set");
  if (expire_at_ms >= 0) {
    call.keyspace.Notify(keyspace::kEventGeneric, "expire", call.db, key);
  }
  return true;
}

void Set(Call& call) {
  SetOptions options;
  int64_t expire_at_ms = -1;
  if (call.argc() > 3) {
    if (!ReadSetOptions(call, &options)) return;
    if (options.expires) {
      const auto at = ReadPositiveExpireTime(call, options.expire_text, options.unit);
      if (!at) return;
      expire_at_ms = *at;
    }
  }
  bool failed;
  const bool set = SetKey(call, call.arg(1), call.arg(2), expire_at_ms, options, &failed);
  if (failed) return;
  if (set) RecordSet(call, call.arg(1), call.arg(2), expire_at_ms, options);
  if (options.get) return;
  set ? call.reply.Ok() : call.reply.Null();
}

void SetWithExpiry(Call& call, bool seconds) {
  const auto at = ReadPositiveExpireTime(call, call.arg(2), {.seconds = seconds});
  if (!at) return;
  bool failed;
  if (!SetKey(call, call.arg(1), call.arg(3), *at, {}, &failed)) return;
  RecordSet(call, call.arg(1), call.arg(3), *at, {});
  call.reply.Ok();
}

void Setex(Call& call) { SetWithExpiry(call, true); }
void Psetex(Call& call) { SetWithExpiry(call, false); }

void Setnx(Call& call) {
  bool failed;
  const SetOptions options{.condition = Condition::kIfAbsent};
  const bool set = SetKey(call, call.arg(1), call.arg(2), -1, options, &failed);
  if (!failed) call.reply.Integer(set ? 1 : 0);
}

void Getset(Call& call) {
  bool failed;
  if (!SetKey(call, call.arg(1), call.arg(2), -1, {.get = true}, &failed)) return;
  call.Record({"SET", call.arg(1), call.arg(2)});
}

// Sets all the keys, or none when there is no room for all. False when memory ran out, which has
// been replied; should it do so on the way after all, what was set by then is recorded.
bool SetPairs(Call& call) {
  uint64_t bytes = 0;
  for (const std::string_view arg : call.args) bytes += arg.size() + sizeof(Entry);
  if (!base::HaveRoom(2 * bytes)) {
    call.OutOfMemory();
    return false;
  }
  for (size_t i = 1; i < call.argc(); i += 2) {
    Edit edit(call.keyspace, call.db, call.arg(i));
    if (!edit.SetString(call.arg(i + 1))) {
      if (i > 1) call.Record(call.args.first(i));
      call.OutOfMemory();
      return false;
    }
    edit.Changed(keyspace::kEventString, "set");
  }
  return true;
}

void Mset(Call& call) {
  if (call.argc() % 2 == 0) return call.reply.Error(errors::WrongArity(call.spec.name));
  if (SetPairs(call)) call.reply.Ok();
}

void Msetnx(Call& call) {
  if (call.argc() % 2 == 0) return call.reply.Error(errors::WrongArity(call.spec.name));
  for (size_t i = 1; i < call.argc(); i += 2) {
    if (Edit(call.keyspace, call.db, call.arg(i)).exists()) return call.reply.Integer(0);
  }
  if (SetPairs(call)) call.reply.Integer(1);
}

// --- reading and changing ---

void Getdel(Call& call) {
  call.keyspace.Find(call.db, call.arg(1));  // counted, and told, as a look-up
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (!edit.exists()) return call.reply.Null();
  if (edit.IsNot(Type::kString)) return call.WrongType();
  ReplyString(call, *edit.entry());
  if (call.reply.buffer().failed()) return;  // the value would be lost unseen
  edit.Delete();
  edit.Changed(keyspace::kEventGeneric, "del");
  call.Record({"DEL", call.arg(1)});
}

void Getex(Call& call) {
  Arguments in(call, 2);
  bool expires = false;
  bool persist = false;
  ExpireUnit unit;
  std::string_view expire_text;
  while (in.More()) {
    if (!persist && TakeExpireOption(in, expires, &unit, &expire_text)) {
      expires = true;
    } else if (!expires && in.Take("PERSIST")) {
      persist = true;
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (!in.ok()) return;
  call.keyspace.Find(call.db, call.arg(1));  // counted, and told, as a look-up
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (!edit.exists()) return call.reply.Null();
  if (edit.IsNot(Type::kString)) return call.WrongType();
  std::optional<int64_t> at;
  if (expires && !(at = ReadPositiveExpireTime(call, expire_text, unit))) return;
  if (at && !edit.HasRoomForExpiry()) return call.OutOfMemory();
  ReplyString(call, *edit.entry());
  if (at && call.keyspace.IsPast(*at)) {
    edit.Delete(call.keyspace.lazy_expire);
    edit.Changed(keyspace::kEventGeneric, "del");
    call.Record({call.keyspace.lazy_expire ? "UNLINK" : "DEL", call.arg(1)});
  } else if (at) {
    edit.SetExpiry(*at);
    edit.Changed(keyspace::kEventGeneric, "expire");
    call.Record({"PEXPIREAT", call.arg(1), base::Int64Text(*at)});
  } else if (persist && edit.ClearExpiry()) {
    edit.Changed(keyspace::kEventGeneric, "persist");
    call.Record({"PERSIST", call.arg(1)});
  }
}

// --- parts of values ---

// Whether a string of `size` plus `more` bytes is allowed; replies the error if not.
bool LengthAllowed(Call& call, uint64_t size, uint64_t more) {
  if (size + more <= StringBytesMax(call) && size + more >= size) return true;
  call.reply.Error(errors::kStringTooLong);
  return false;
}

void Append(Call& call) {
  const std::string_view tail = call.arg(2);
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kString)) return call.WrongType();
  uint32_t size = 0;
  if (!edit.exists()) {
    if (!edit.SetString(tail)) return call.OutOfMemory();
    size = static_cast<uint32_t>(tail.size());
  } else {
    const uint32_t before = keyspace::StringBytes(*edit.entry());
    if (!LengthAllowed(call, before, tail.size())) return;
    size = before + static_cast<uint32_t>(tail.size());
    types::RawString* raw = edit.RawString(size);
    if (raw == nullptr) return call.OutOfMemory();
    if (!tail.empty()) std::memcpy(raw->bytes + before, tail.data(), tail.size());
  }
  edit.Changed(keyspace::kEventString, "append");
  call.reply.Integer(size);
}

void Setrange(Call& call) {
  Arguments in(call, 2);
  const int64_t offset = in.Int();
  if (in.ok() && offset < 0) in.Fail(errors::kOffsetOutOfRange);
  if (!in.ok()) return;
  const std::string_view part = call.arg(3);
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kString)) return call.WrongType();
  const uint32_t before = edit.exists() ? keyspace::StringBytes(*edit.entry()) : 0;
  if (part.empty()) return call.reply.Integer(before);
  if (!LengthAllowed(call, static_cast<uint64_t>(offset), part.size())) return;
  const auto at = static_cast<uint32_t>(offset);
  const uint32_t end = at + static_cast<uint32_t>(part.size());
  types::RawString* raw = edit.RawString(std::max(before, end));
  if (raw == nullptr) return call.OutOfMemory();
  std::memcpy(raw->bytes + at, part.data(), part.size());
  edit.Changed(keyspace::kEventString, "setrange");
  call.reply.Integer(raw->size);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "append",
     .handler = &Append,
     .arity = 3,
     .group = Group::kString,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .since = "2.0.0",
     .keys = {{Keys(kRw | kInsert, 1)}},
     .syntax = "key:key value",
     .complexity = "O(1)",
     .summary = "Appends bytes to a string, making the key if needed."},
    {.name = "get",
     .handler = &Get,
     .arity = 2,
     .group = Group::kString,
     .flags = kReadonly | kFast,
     .categories = kCatString,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Reads a string."},
    {.name = "getdel",
     .handler = &Getdel,
     .arity = 2,
     .group = Group::kString,
     .flags = kWrite | kFast,
     .categories = kCatString,
     .since = "6.2.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Reads a string and deletes its key."},
    {.name = "getex",
     .handler = &Getex,
     .arity = -2,
     .group = Group::kString,
     .flags = kWrite | kFast,
     .categories = kCatString,
     .since = "6.2.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key [<expiration EX seconds:integer | PX milliseconds:integer | EXAT "
               "unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | PERSIST>]",
     .complexity = "O(1)",
     .summary = "Reads a string and sets or clears its expiry."},
    {.name = "getrange",
     .handler = &Getrange,
     .arity = 4,
     .group = Group::kString,
     .flags = kReadonly,
     .categories = kCatString,
     .since = "2.4.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key start:integer end:integer",
     .complexity = "O(N) in the bytes returned",
     .summary = "Reads part of a string."},
    {.name = "getset",
     .handler = &Getset,
     .arity = 3,
     .group = Group::kString,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key value",
     .deprecated_since = "6.2.0",
     .replaced_by = "`SET` with the `GET` argument",
     .complexity = "O(1)",
     .summary = "Sets a string and returns what it was."},
    {.name = "mget",
     .handler = &Mget,
     .arity = -2,
     .group = Group::kString,
     .flags = kReadonly | kFast,
     .categories = kCatString,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1, -1)}},
     .syntax = "key:key...",
     .tips = "request_policy:multi_shard",
     .complexity = "O(N) in the number of keys",
     .summary = "Reads several strings at once."},
    {.name = "mset",
     .handler = &Mset,
     .arity = -3,
     .group = Group::kString,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .since = "1.0.1",
     .keys = {{Keys(kOw | kUpdate, 1, -1, 2)}},
     .syntax = "{data key:key value}...",
     .tips = "request_policy:multi_shard,response_policy:all_succeeded",
     .complexity = "O(N) in the number of keys",
     .summary = "Sets several strings at once."},
    {.name = "msetnx",
     .handler = &Msetnx,
     .arity = -3,
     .group = Group::kString,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .since = "1.0.1",
     .keys = {{Keys(kOw | kInsert, 1, -1, 2)}},
     .syntax = "{data key:key value}...",
     .complexity = "O(N) in the number of keys",
     .summary = "Sets several strings, but only if none of the keys exists."},
    {.name = "psetex",
     .handler = &Psetex,
     .arity = 4,
     .group = Group::kString,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .since = "2.6.0",
     .keys = {{Keys(kOw | kUpdate, 1)}},
     .syntax = "key:key milliseconds:integer value",
     .deprecated_since = "2.6.12",
     .replaced_by = "`SET` with the `PX` argument",
     .complexity = "O(1)",
     .summary = "Sets a string with an expiry in milliseconds."},
    {.name = "set",
     .handler = &Set,
     .arity = -3,
     .group = Group::kString,
     .flags = kWrite | kDenyOom | kVariableKeys,
     .categories = kCatString,
     .since = "1.0.0",
     .keys = {{Keys(kRw | kAccess | kUpdate | kVariableFlags, 1)}},
     .syntax = "key:key value [<condition NX | XX>~2.6.12] [GET~6.2.0] [<expiration EX "
               "seconds:integer~2.6.12 | PX milliseconds:integer~2.6.12 | EXAT "
               "unix-time-seconds:unix-time~6.2.0 | PXAT unix-time-milliseconds:unix-time~6.2.0 | "
               "KEEPTTL~6.0.0>]",
     .complexity = "O(1)",
     .summary = "Sets a string, whatever the key held before."},
    {.name = "setex",
     .handler = &Setex,
     .arity = 4,
     .group = Group::kString,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .since = "2.0.0",
     .keys = {{Keys(kOw | kUpdate, 1)}},
     .syntax = "key:key seconds:integer value",
     .deprecated_since = "2.6.12",
     .replaced_by = "`SET` with the `EX` argument",
     .complexity = "O(1)",
     .summary = "Sets a string with an expiry in seconds."},
    {.name = "setnx",
     .handler = &Setnx,
     .arity = 3,
     .group = Group::kString,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatString,
     .since = "1.0.0",
     .keys = {{Keys(kOw | kInsert, 1)}},
     .syntax = "key:key value",
     .deprecated_since = "2.6.12",
     .replaced_by = "`SET` with the `NX` argument",
     .complexity = "O(1)",
     .summary = "Sets a string, but only if the key does not exist."},
    {.name = "setrange",
     .handler = &Setrange,
     .arity = 4,
     .group = Group::kString,
     .flags = kWrite | kDenyOom,
     .categories = kCatString,
     .since = "2.2.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key offset:integer value",
     .complexity = "O(1), or O(N) in the length of a string that has to grow",
     .summary = "Overwrites part of a string, padding with zero bytes."},
    {.name = "strlen",
     .handler = &Strlen,
     .arity = 2,
     .group = Group::kString,
     .flags = kReadonly | kFast,
     .categories = kCatString,
     .since = "2.2.0",
     .keys = {{Keys(kRo, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Returns the length of a string."},
    {.name = "substr",
     .handler = &Substr,
     .arity = 4,
     .group = Group::kString,
     .flags = kReadonly,
     .categories = kCatString,
     .since = "1.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key start:integer end:integer",
     .deprecated_since = "2.0.0",
     .replaced_by = "`GETRANGE`",
     .complexity = "O(N) in the bytes returned",
     .summary = "Reads part of a string."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs StringCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
