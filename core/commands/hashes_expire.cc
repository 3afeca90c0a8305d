// Times to live of hash fields (Redis 7.4), and the commands that read, set or delete fields
// together with them (Redis 8.0). What is due is gone before a command sees the hash, so none of
// them compares an end with the time.
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/collections.h"
#include "core/commands/expire_time.h"
#include "core/types/hash.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;
using types::Hash;
using types::Type;

using Fields = std::span<const std::string_view>;

// --- reading arguments ---

// FIELDS count field..., to the end, from where `in` stands; `count_error` is for a count that is
// no positive integer.
std::optional<Fields> ReadFields(Call& call, Arguments& in, std::string_view count_error) {
  if (in.ok() && !in.Take("FIELDS")) in.Fail(errors::kFieldsMissing);
  if (in.ok() && !in.More()) in.Fail(count_error);
  const int64_t count = in.IntIn(1, std::numeric_limits<int64_t>::max(), count_error);
  if (in.ok() && static_cast<uint64_t>(count) != in.left()) in.Fail(errors::kNumfieldsMismatch);
  if (!in.ok()) return std::nullopt;
  return call.args.subspan(in.position());
}

// The absolute time in milliseconds; it may lie in the past, but not before 1970. Null after an
// error.
std::optional<int64_t> ReadFieldTime(Call& call, Arguments& in, ExpireUnit unit) {
  constexpr int64_t kMost = (int64_t{1} << 46) - 1;
  const int64_t given = in.Int();
  if (!in.ok()) return std::nullopt;
  const int64_t scale = unit.seconds ? 1000 : 1;
  const int64_t from = unit.absolute ? 0 : call.now_ms();
  if (given < 0) {
    in.Fail(errors::kExpireNegative);
  } else if (given > kMost / scale || given * scale > kMost - from) {
    in.Fail(errors::InvalidExpire(call.spec.name));
  }
  if (!in.ok()) return std::nullopt;
  return given * scale + from;
}

// EX, PX, EXAT or PXAT, if it comes next.
bool TakeUnit(Arguments& in, ExpireUnit* unit) {
  static constexpr struct {
    std::string_view word;
    ExpireUnit unit;
  } kUnits[] = {{"EX", {.seconds = true, .absolute = false}},
                {"PX", {.seconds = false, .absolute = false}},
                {"EXAT", {.seconds = true, .absolute = true}},
                {"PXAT", {.seconds = false, .absolute = true}}};
  for (const auto& known : kUnits) {
    if (!in.Take(known.word)) continue;
    *unit = known.unit;
    return true;
  }
  return false;
}

// One integer for each field.
void ReplyForAll(Call& call, Fields fields, int64_t code) {
  call.reply.Array(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) call.reply.Integer(code);
}

// --- reading ends ---

void ReplyEnds(Call& call, ExpireUnit unit) {
  Entry* entry;
  if (!FindCollection(call, call.arg(1), Type::kHash, &entry)) return;
  Arguments in(call, 2);
  const auto fields = ReadFields(call, in, errors::kFieldCountPositive);
  if (!fields) return;
  if (entry == nullptr) return ReplyForAll(call, *fields, Hash::kNoField);
  const Hash hash(entry->value(), call.context());
  const int64_t from = unit.absolute ? 0 : call.now_ms();
  call.reply.Array(fields->size());
  for (std::string_view field : *fields) {
    const int64_t end = hash.ExpiryOf(field);
    const int64_t left = end - from;
    call.reply.Integer(end < 0 ? end : unit.seconds ? (left + 999) / 1000 : left);
  }
}

void Httl(Call& call) { ReplyEnds(call, {.seconds = true}); }
void Hpttl(Call& call) { ReplyEnds(call, {}); }
void Hexpiretime(Call& call) { ReplyEnds(call, {.seconds = true, .absolute = true}); }
void Hpexpiretime(Call& call) { ReplyEnds(call, {.absolute = true}); }

// --- setting ends ---

enum class Condition : uint8_t { kNone, kNx, kXx, kGt, kLt };

constexpr std::string_view kConditions[] = {"", "NX", "XX", "GT", "LT"};

// Whether `at` may replace `current` (negative: none; it counts as latest).
bool Allows(Condition condition, int64_t current, int64_t at) {
  switch (condition) {
    case Condition::kNone:
      return true;
    case Condition::kNx:
      return current < 0;
    case Condition::kXx:
      return current >= 0;
    case Condition::kGt:
      return current >= 0 && at > current;
    case Condition::kLt:
      return current < 0 || at < current;
  }
  return false;
}

Condition ReadCondition(Arguments& in) {
  for (const Condition condition :
       {Condition::kNx, Condition::kXx, Condition::kGt, Condition::kLt}) {
    if (in.Take(kConditions[static_cast<size_t>(condition)])) return condition;
  }
  return Condition::kNone;
}

// Removes a field because it was given an end in the past.
void DeleteEnded(Call& call, Hash& hash, std::string_view field) {
  hash.Delete(field);
  ++call.keyspace.stats().expired_subkeys;
  call.Record({"HDEL", call.arg(1), field});
}

// Replicas get the absolute time, and only the fields that got it.
void RecordEnd(Call& call, int64_t at_ms, Condition condition,
               const std::vector<std::string_view>& fields) {
  if (!call.journaling()) return call.RecordNothing();
  const std::string time = base::Int64Text(at_ms);
  const std::string count = base::Int64Text(static_cast<int64_t>(fields.size()));
  std::vector<std::string_view> record = {"HPEXPIREAT", call.arg(1), time};
  if (condition != Condition::kNone) {
    record.push_back(kConditions[static_cast<size_t>(condition)]);
  }
  record.insert(record.end(), {"FIELDS", count});
  record.insert(record.end(), fields.begin(), fields.end());
  call.Record(record);
}

// Whether the hash can take ends for all fields; if not, OOM has been replied and nothing changed.
bool HasRoomForEnds(Call& call, Edit& edit, Hash& hash, size_t fields) {
  if (edit.HasRoomForFieldExpiry() && hash.ReserveExpiry(static_cast<uint32_t>(fields))) {
    return true;
  }
  call.OutOfMemory();
  return false;
}

void SetEnds(Call& call, ExpireUnit unit) {
  enum Code : uint8_t { kUnmet = 0, kSet = 1, kDeleted = 2 };
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kHash)) return call.WrongType();
  Arguments in(call, 2);
  const std::optional<int64_t> at = ReadFieldTime(call, in, unit);
  if (!at) return;
  const Condition condition = ReadCondition(in);
  const auto fields = ReadFields(call, in, errors::kNumfieldsPositive);
  if (!fields) return;
  if (!edit.exists()) return ReplyForAll(call, *fields, Hash::kNoField);
  Hash hash(edit.Value(), call.context());
  // As in Redis the encoding changes even if no field is found.
  hash.AdmitExpiry();
  const bool past = call.keyspace.IsPast(*at);
  if (!past && !HasRoomForEnds(call, edit, hash, fields->size())) return;
  call.RecordNothing();
  uint64_t deleted = 0;
  std::vector<std::string_view> set;
  call.reply.Array(fields->size());
  for (std::string_view field : *fields) {
    const int64_t current = hash.ExpiryOf(field);
    if (current == Hash::kNoField) {
      call.reply.Integer(Hash::kNoField);
    } else if (!Allows(condition, current, *at)) {
      call.reply.Integer(kUnmet);
    } else if (past) {
      DeleteEnded(call, hash, field);
      ++deleted;
      call.reply.Integer(kDeleted);
    } else {
      hash.SetExpiry(field, *at);
      set.push_back(field);
      call.reply.Integer(kSet);
    }
  }
  if (deleted > 0) edit.Changed(keyspace::kEventHash, "hdel", deleted);
  if (set.empty()) return;
  RecordEnd(call, *at, condition, set);
  edit.Changed(keyspace::kEventHash, "hexpire", set.size());
}

void Hexpire(Call& call) { SetEnds(call, {.seconds = true}); }
void Hpexpire(Call& call) { SetEnds(call, {}); }
void Hexpireat(Call& call) { SetEnds(call, {.seconds = true, .absolute = true}); }
void Hpexpireat(Call& call) { SetEnds(call, {.absolute = true}); }

void Hpersist(Call& call) {
  constexpr int64_t kPersisted = 1;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kHash)) return call.WrongType();
  Arguments in(call, 2);
  const auto fields = ReadFields(call, in, errors::kFieldCountPositive);
  if (!fields) return;
  if (!edit.exists()) return ReplyForAll(call, *fields, Hash::kNoField);
  Hash hash(edit.Value(), call.context());
  bool changed = false;
  call.reply.Array(fields->size());
  for (std::string_view field : *fields) {
    int64_t code = hash.ExpiryOf(field);
    if (code >= 0) {
      hash.ClearExpiry(field);
      code = kPersisted;
      changed = true;
    }
    call.reply.Integer(code);
  }
  if (changed) edit.Changed(keyspace::kEventHash, "hpersist");
}

// --- reading, setting and deleting with ends ---

void ReplyField(Call& call, const std::optional<ds::Item>& value) {
  if (value) {
    ReplyItem(call.reply, *value);
  } else {
    call.reply.Null();
  }
}

void ReplyNulls(Call& call, Fields fields) {
  call.reply.Array(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) call.reply.Null();
}

// Has the reply take the memory for the values of the fields, before any of them is changed: what
// could not be replied would be lost unseen. False after replying an error.
bool FitsReply(Call& call, const Hash& hash, Fields fields) {
  constexpr uint64_t kFrameBytes = 32;  // around a value; or a number's digits
  uint64_t bytes = kFrameBytes;
  for (std::string_view field : fields) {
    const auto value = hash.Get(field);
    bytes += kFrameBytes + (value && !value->is_integer() ? value->bytes().size() : 0);
  }
  if (bytes <= resp::Buffer::kBytesMax &&
      call.reply.buffer().Prepare(static_cast<uint32_t>(bytes)) != nullptr) {
    return true;
  }
  call.OutOfMemory();
  return false;
}

void Hgetdel(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kHash)) return call.WrongType();
  Arguments in(call, 2);
  const auto fields = ReadFields(call, in, errors::kFieldCountPositive);
  if (!fields) return;
  if (!edit.exists()) return ReplyNulls(call, *fields);
  Hash hash(edit.Value(), call.context());
  if (!FitsReply(call, hash, *fields)) return;
  uint64_t deleted = 0;
  call.reply.Array(fields->size());
  for (std::string_view field : *fields) {
    ReplyField(call, hash.Get(field));
    if (hash.Delete(field)) ++deleted;
  }
  if (deleted == 0) return;
  std::vector<std::string_view> record = {"HDEL", call.arg(1)};
  record.insert(record.end(), fields->begin(), fields->end());
  call.Record(record);
  edit.Changed(keyspace::kEventHash, "hdel", deleted);
}

struct GetexOptions {
  std::optional<int64_t> at;  // the end to set
  bool persist = false;
};

std::optional<GetexOptions> ReadGetexOptions(Call& call, Arguments& in) {
  GetexOptions options;
  ExpireUnit unit;
  if (TakeUnit(in, &unit)) {
    options.at = ReadFieldTime(call, in, unit);
  } else {
    options.persist = in.Take("PERSIST");
  }
  if (!in.ok()) return std::nullopt;
  return options;
}

void RecordGetex(Call& call, const GetexOptions& options, Fields fields) {
  const std::vector<std::string_view> all(fields.begin(), fields.end());
  if (!options.persist) return RecordEnd(call, *options.at, Condition::kNone, all);
  const std::string count = base::Int64Text(static_cast<int64_t>(all.size()));
  std::vector<std::string_view> record = {"HPERSIST", call.arg(1), "FIELDS", count};
  record.insert(record.end(), all.begin(), all.end());
  call.Record(record);
}

void Hgetex(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kHash)) return call.WrongType();
  Arguments in(call, 2);
  const auto options = ReadGetexOptions(call, in);
  if (!options) return;
  const auto fields = ReadFields(call, in, errors::kFieldCountPositive);
  if (!fields) return;
  if (!edit.exists()) return ReplyNulls(call, *fields);
  Hash hash(edit.Value(), call.context());
  if (!FitsReply(call, hash, *fields)) return;
  const bool past = options->at && call.keyspace.IsPast(*options->at);
  if (options->at || options->persist) hash.AdmitExpiry();
  if (options->at && !past && !HasRoomForEnds(call, edit, hash, fields->size())) return;
  call.RecordNothing();
  uint64_t deleted = 0;
  uint64_t updated = 0;
  call.reply.Array(fields->size());
  for (std::string_view field : *fields) {
    const auto value = hash.Get(field);
    ReplyField(call, value);
    if (!value) continue;
    if (past) {
      DeleteEnded(call, hash, field);
      ++deleted;
    } else if (options->at) {
      hash.SetExpiry(field, *options->at);
      ++updated;
    } else if (options->persist && hash.ClearExpiry(field)) {
      ++updated;
    }
  }
  if (deleted > 0) edit.Changed(keyspace::kEventHash, "hdel", deleted);
  if (updated == 0) return;
  RecordGetex(call, *options, *fields);
  edit.Changed(keyspace::kEventHash, options->persist ? "hpersist" : "hexpire", updated);
}

struct SetexOptions {
  bool fxx = false;  // only if all fields exist
  bool fnx = false;  // only if none exists
  bool keep = false;
  std::optional<int64_t> at;
  size_t time_position = 0;  // of the end among the arguments
  Fields pairs;              // field, value, ...
};

// FIELDS has been taken.
void ReadPairs(Call& call, Arguments& in, SetexOptions* options) {
  if (in.left() < 3) return in.Fail(errors::WrongArity(call.spec.name));
  const int64_t count =
      in.IntIn(1, std::numeric_limits<int32_t>::max(), errors::kInvalidFieldCount);
  if (!in.ok()) return;
  if (in.left() % 2 != 0 || static_cast<uint64_t>(count) != in.left() / 2) {
    return in.Fail(errors::WrongArity(call.spec.name));
  }
  options->pairs = call.args.subspan(in.position());
}

// One of the options before FIELDS.
void ReadSetexOption(Call& call, Arguments& in, SetexOptions* options) {
  ExpireUnit unit;
  const bool has_expiry = options->keep || options->at;
  if (TakeUnit(in, &unit)) {
    if (has_expiry) return in.Fail(errors::kOneFieldExpiry);
    if (!in.More()) return in.Fail(errors::kExpireMissing);
    options->time_position = in.position();
    options->at = ReadFieldTime(call, in, unit);
  } else if (in.Take("KEEPTTL")) {
    if (has_expiry) return in.Fail(errors::kOneFieldExpiry);
    options->keep = true;
  } else if (in.Take("FXX")) {
    if (options->fxx || options->fnx) return in.Fail(errors::kFxxAndFnx);
    options->fxx = true;
  } else if (in.Take("FNX")) {
    if (options->fxx || options->fnx) return in.Fail(errors::kFxxAndFnx);
    options->fnx = true;
  } else {
    in.Fail(errors::UnknownArgument(in.Peek()));
  }
}

std::optional<SetexOptions> ReadSetexOptions(Call& call) {
  SetexOptions options;
  Arguments in(call, 2);
  while (in.More()) {
    if (in.Take("FIELDS")) {
      ReadPairs(call, in, &options);
      break;
    }
    ReadSetexOption(call, in, &options);
  }
  if (!in.ok()) return std::nullopt;
  if (!options.pairs.empty()) return options;
  call.reply.Error(errors::kFieldsMissing);
  return std::nullopt;
}

// Whether FXX or FNX lets the fields be set.
bool Admits(const SetexOptions& options, Edit& edit, const types::Context& context) {
  if (!options.fxx && !options.fnx) return true;
  if (!edit.exists()) return options.fnx;
  const Hash hash(edit.entry()->value(), context);
  for (size_t i = 0; i < options.pairs.size(); i += 2) {
    if (hash.Contains(options.pairs[i]) == options.fnx) return false;
  }
  return true;
}

void RecordSetex(Call& call, const SetexOptions& options) {
  if (!call.journaling() || !options.at) return;
  const std::string time = base::Int64Text(*options.at);
  std::vector<std::string_view> record(call.args.begin(), call.args.end());
  record[options.time_position - 1] = "PXAT";
  record[options.time_position] = time;
  call.Record(record);
}

void Hsetex(Call& call) {
  const auto options = ReadSetexOptions(call);
  if (!options) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kHash)) return call.WrongType();
  if (!Admits(*options, edit, call.context())) return call.reply.Integer(0);
  Hash hash(edit.Collection(Hash::kInitialEncoding), call.context());
  const size_t count = options->pairs.size() / 2;
  const bool past = options->at && call.keyspace.IsPast(*options->at);
  hash.Prepare(options->pairs);
  if (options->at) hash.AdmitExpiry();
  if (options->at && !past && !HasRoomForEnds(call, edit, hash, count)) return;
  const auto expiry = options->at || options->keep ? Hash::Expiry::kKept : Hash::Expiry::kCleared;
  for (size_t i = 0; i < options->pairs.size(); i += 2) {
    const std::string_view field = options->pairs[i];
    hash.Set(field, options->pairs[i + 1], expiry);
    if (past) {
      DeleteEnded(call, hash, field);
    } else if (options->at) {
      hash.SetExpiry(field, *options->at);
    }
  }
  if (!past) RecordSetex(call, *options);
  edit.Changed(keyspace::kEventHash, "hset", count);
  if (options->at) edit.Changed(keyspace::kEventHash, past ? "hdel" : "hexpire", 0);
  call.reply.Integer(1);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "hexpire",
     .handler = &Hexpire,
     .arity = -6,
     .group = Group::kHash,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .since = "7.4.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key seconds:integer "
               "[<condition NX | XX | GT | LT>] FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Sets after how many seconds fields end."},
    {.name = "hexpireat",
     .handler = &Hexpireat,
     .arity = -6,
     .group = Group::kHash,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .since = "7.4.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key unix-time-seconds:unix-time "
               "[<condition NX | XX | GT | LT>] FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Sets the second at which fields end."},
    {.name = "hexpiretime",
     .handler = &Hexpiretime,
     .arity = -5,
     .group = Group::kHash,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .since = "7.4.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Tells the second at which fields end."},
    {.name = "hgetdel",
     .handler = &Hgetdel,
     .arity = -5,
     .group = Group::kHash,
     .flags = kWrite | kFast,
     .categories = kCatHash,
     .since = "8.0.0",
     .keys = {{Keys(kRw | kAccess | kDelete, 1)}},
     .syntax = "key:key FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Removes fields and returns what they held."},
    {.name = "hgetex",
     .handler = &Hgetex,
     .arity = -5,
     .group = Group::kHash,
     .flags = kWrite | kFast,
     .categories = kCatHash,
     .since = "8.0.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key [<expiration EX seconds:integer | PX milliseconds:integer | "
               "EXAT unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | "
               "PERSIST>] FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Returns the values of fields and sets, or removes, when they end."},
    {.name = "hpersist",
     .handler = &Hpersist,
     .arity = -5,
     .group = Group::kHash,
     .flags = kWrite | kFast,
     .categories = kCatHash,
     .since = "7.4.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Lets fields live until they are deleted."},
    {.name = "hpexpire",
     .handler = &Hpexpire,
     .arity = -6,
     .group = Group::kHash,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .since = "7.4.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key milliseconds:integer "
               "[<condition NX | XX | GT | LT>] FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Sets after how many milliseconds fields end."},
    {.name = "hpexpireat",
     .handler = &Hpexpireat,
     .arity = -6,
     .group = Group::kHash,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .since = "7.4.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key unix-time-milliseconds:unix-time "
               "[<condition NX | XX | GT | LT>] FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Sets the millisecond at which fields end."},
    {.name = "hpexpiretime",
     .handler = &Hpexpiretime,
     .arity = -5,
     .group = Group::kHash,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .since = "7.4.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Tells the millisecond at which fields end."},
    {.name = "hpttl",
     .handler = &Hpttl,
     .arity = -5,
     .group = Group::kHash,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .since = "7.4.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Tells how many milliseconds fields have left."},
    {.name = "hsetex",
     .handler = &Hsetex,
     .arity = -6,
     .group = Group::kHash,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHash,
     .since = "8.0.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key [<condition FNX | FXX>] "
               "[<expiration EX seconds:integer | PX milliseconds:integer | "
               "EXAT unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | "
               "KEEPTTL>] FIELDS {fields numfields:integer {data field value}...}",
     .complexity = "O(N) in the number of fields",
     .summary =
         "Sets fields and when they end, if all or none of them exist where that is asked for."},
    {.name = "httl",
     .handler = &Httl,
     .arity = -5,
     .group = Group::kHash,
     .flags = kReadonly | kFast,
     .categories = kCatHash,
     .since = "7.4.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key FIELDS {fields numfields:integer field...}",
     .complexity = "O(N) in the number of fields",
     .summary = "Tells how many seconds fields have left."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs HashExpireCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
