// HyperLogLog: estimates of how many different elements were added. The values are strings, see
// core/types/hyperloglog.h.
#include <cmath>
#include <string>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/hyperloglog_self_test.h"
#include "core/commands/string_reply.h"
#include "core/types/hyperloglog.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;
using types::HyperLogLog;
using types::Type;
using Outcome = HyperLogLog::Outcome;

// The bytes of the entry, which may be absent (empty then). False after replying an error.
bool ReadBytes(Call& call, const Entry* entry, std::string_view* bytes) {
  *bytes = {};
  if (entry == nullptr) return true;
  if (!entry->IsString()) {
    call.WrongType();
    return false;
  }
  keyspace::IntText scratch;
  *bytes = keyspace::StringOf(*entry, scratch);
  if (entry->encoding != types::Encoding::kInt && HyperLogLog::LooksValid(*bytes)) return true;
  call.reply.Error(errors::kNotHyperLogLog);
  return false;
}

void Fail(Call& call, Outcome outcome) {
  if (outcome == Outcome::kNoMemory) return call.OutOfMemory();
  call.reply.Error(errors::kCorruptHyperLogLog);
}

// The existing value, ready to be changed. It must be raw: RawString sees to that.
HyperLogLog ValueOf(Call& call, Edit& edit) {
  return HyperLogLog(edit.entry()->value(), call.context().limits->hll_sparse_max_bytes);
}

// --- adding ---

void Pfadd(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  std::string_view bytes;
  if (!ReadBytes(call, edit.entry(), &bytes) ||
      !call.HaveRoomForBlocks(HyperLogLog::kChangeBytesMax))
    return;
  uint64_t changes = 0;
  if (!edit.exists()) {
    types::RawString* empty = HyperLogLog::TryNew();
    if (empty == nullptr) return call.OutOfMemory();
    edit.Put(types::Encoding::kRaw, empty);
    ++changes;
  } else if (edit.RawString(static_cast<uint32_t>(bytes.size())) == nullptr) {
    return call.OutOfMemory();
  }
  HyperLogLog value = ValueOf(call, edit);
  size_t next = 2;
  Outcome outcome = Outcome::kSame;
  for (; next < call.argc(); ++next) {
    outcome = value.Add(call.arg(next));
    if (outcome == Outcome::kCorrupt || outcome == Outcome::kNoMemory) break;
    if (outcome == Outcome::kChanged) ++changes;
  }
  if (changes > 0) {
    value.MarkStale();
    edit.Changed(keyspace::kEventString, "pfadd", changes);
  }
  if (next == call.argc()) return call.reply.Integer(changes > 0 ? 1 : 0);
  // What was added until then stays, and is recorded.
  if (changes > 0) call.Record(call.args.first(next));
  Fail(call, outcome);
}

// --- counting ---

// The union of all the keys. False after replying an error.
bool Unite(Call& call, std::span<const std::string_view> keys, HyperLogLog::Registers* registers,
           bool* any_dense) {
  for (std::string_view key : keys) {
    std::string_view bytes;
    if (!ReadBytes(call, call.keyspace.Find(call.db, key), &bytes)) return false;
    if (bytes.empty()) continue;
    *any_dense = *any_dense || HyperLogLog::IsDense(bytes);
    if (!HyperLogLog::MergeInto(bytes, registers)) {
      call.reply.Error(errors::kCorruptHyperLogLog);
      return false;
    }
  }
  return true;
}

// The count of one value is kept in it, which is a change, and recorded as such.
void CountOne(Call& call) {
  const std::string_view key = call.arg(1);
  const Entry* entry = call.keyspace.Find(call.db, key);
  std::string_view bytes;
  if (!ReadBytes(call, entry, &bytes)) return;
  if (bytes.empty()) return call.reply.Integer(0);
  std::optional<uint64_t> count = HyperLogLog::CachedCount(bytes);
  const bool stale = !count;
  if (stale) count = HyperLogLog::Count(bytes);
  if (!count) return call.reply.Error(errors::kCorruptHyperLogLog);
  if (stale || entry->encoding != types::Encoding::kRaw) {
    Edit edit(call.keyspace, call.db, key);
    // As in Redis, the value is raw from now on, whether it changes or not.
    if (edit.RawString(static_cast<uint32_t>(bytes.size())) == nullptr) return call.OutOfMemory();
    if (stale) {
      ValueOf(call, edit).SetCachedCount(*count);
      edit.Changed();
    }
  }
  call.reply.Integer(static_cast<int64_t>(*count));
}

void Pfcount(Call& call) {
  if (call.argc() == 2) return CountOne(call);
  HyperLogLog::Registers registers{};
  bool any_dense = false;
  if (!Unite(call, call.args.subspan(1), &registers, &any_dense)) return;
  call.reply.Integer(static_cast<int64_t>(HyperLogLog::Count(registers)));
}

// --- merging ---

// A copy of the value at the key, or an empty one. Null when memory is exhausted.
types::RawString* CopyOf(const Entry* entry) {
  if (entry == nullptr) return HyperLogLog::TryNew();
  keyspace::IntText scratch;
  return types::RawString::TryNew(keyspace::StringOf(*entry, scratch));
}

void Pfmerge(Call& call) {
  HyperLogLog::Registers registers{};
  bool any_dense = false;
  if (!Unite(call, call.args.subspan(1), &registers, &any_dense)) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  // The merge is made aside, so that nothing is half merged when memory runs out.
  void* data = CopyOf(edit.entry());
  if (data == nullptr) return call.OutOfMemory();
  types::Encoding encoding = types::Encoding::kRaw;
  HyperLogLog merged({data, encoding}, call.context().limits->hll_sparse_max_bytes);
  Outcome outcome = any_dense ? merged.ToDense() : Outcome::kSame;
  if (outcome == Outcome::kSame || outcome == Outcome::kChanged) outcome = merged.Raise(registers);
  if (outcome == Outcome::kCorrupt || outcome == Outcome::kNoMemory) {
    base::Free(data);
    return Fail(call, outcome);
  }
  merged.MarkStale();
  edit.Put(encoding, data, true);
  edit.Changed(keyspace::kEventString, "pfadd");
  call.reply.Ok();
}

// --- debugging ---

// Turns the value dense, which counts as a change. False after replying an error.
bool MakeDense(Call& call, Edit& edit, bool* turned) {
  const Outcome outcome = ValueOf(call, edit).ToDense();
  *turned = outcome == Outcome::kChanged;
  if (*turned) edit.Changed();
  if (outcome == Outcome::kSame || *turned) return true;
  Fail(call, outcome);
  return false;
}

void DebugRegisters(Call& call, Edit& edit) {
  bool turned;
  if (!MakeDense(call, edit, &turned)) return;
  HyperLogLog::Registers registers{};
  if (!HyperLogLog::MergeInto(ValueOf(call, edit).bytes(), &registers)) return;
  call.reply.Array(registers.size());
  for (const uint8_t value : registers) call.reply.Integer(value);
}

void DebugDecode(Call& call, std::string_view bytes) {
  if (HyperLogLog::IsDense(bytes)) return call.reply.Error(errors::kPfdebugNotSparse);
  // A string that only looks like one may be long.
  if (call.HaveRoom(2 * HyperLogLog::DescriptionBytes(bytes))) {
    call.reply.Bulk(HyperLogLog::Describe(bytes));
  }
}

void Pfdebug(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(2));
  if (!edit.exists()) return call.reply.Error(errors::kPfdebugNoKey);
  std::string_view bytes;
  if (!ReadBytes(call, edit.entry(), &bytes) ||
      !call.HaveRoomForBlocks(HyperLogLog::kChangeBytesMax))
    return;
  if (edit.RawString(static_cast<uint32_t>(bytes.size())) == nullptr) return call.OutOfMemory();
  bytes = ValueOf(call, edit).bytes();
  Arguments in(call, 1);
  if (in.Take("GETREG")) {
    DebugRegisters(call, edit);
  } else if (in.Take("DECODE")) {
    DebugDecode(call, bytes);
  } else if (in.Take("ENCODING")) {
    call.reply.Simple(HyperLogLog::IsDense(bytes) ? "dense" : "sparse");
  } else if (in.Take("TODENSE")) {
    bool turned;
    if (MakeDense(call, edit, &turned)) call.reply.Integer(turned ? 1 : 0);
  } else {
    call.reply.Error(errors::UnknownPfdebugSubcommand(call.arg(1)));
  }
}

void Pfselftest(Call& call) {
  const std::optional<std::string> failure =
      TestHyperLogLog(call.keyspace.prng(), call.context().limits->hll_sparse_max_bytes);
  failure ? call.reply.Error(*failure) : call.reply.Ok();
}

constexpr CommandSpec kSpecs[] = {
    {.name = "pfadd",
     .handler = &Pfadd,
     .arity = -2,
     .group = Group::kHyperloglog,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatHyperloglog,
     .since = "2.8.9",
     .keys = {{Keys(kRw | kInsert, 1)}},
     .syntax = "key:key [element...]",
     .complexity = "O(1) for each element",
     .summary = "Adds elements to a HyperLogLog, making the key if needed."},
    {.name = "pfcount",
     .handler = &Pfcount,
     .arity = -2,
     .group = Group::kHyperloglog,
     .flags = kReadonly | kMayReplicate,
     .categories = kCatHyperloglog,
     .since = "2.8.9",
     .keys = {{Keys(kRw | kAccess, 1, -1)}},
     .syntax = "key:key...",
     .complexity = "O(1) for one key whose count is known, else O(N) in the number of keys with a "
                   "large constant",
     .summary = "Estimates how many different elements were added to the HyperLogLogs."},
    {.name = "pfdebug",
     .handler = &Pfdebug,
     .arity = 3,
     .group = Group::kHyperloglog,
     .flags = kWrite | kDenyOom | kAdmin | kSyscmd,
     .categories = kCatHyperloglog,
     .since = "2.8.9",
     .keys = {{Keys(kRw | kAccess, 2)}},
     .syntax = "subcommand key:key",
     .complexity = "O(N) in the bytes of the value",
     .summary = "Shows the inside of a HyperLogLog."},
    {.name = "pfmerge",
     .handler = &Pfmerge,
     .arity = -2,
     .group = Group::kHyperloglog,
     .flags = kWrite | kDenyOom,
     .categories = kCatHyperloglog,
     .since = "2.8.9",
     .keys = {{Keys(kRw | kAccess | kInsert, 1), Keys(kRo | kAccess, 2, -1)}},
     .syntax = "destkey:key [sourcekey:key...]",
     .complexity = "O(N) in the number of keys, with a large constant",
     .summary = "Merges HyperLogLogs into one."},
    {.name = "pfselftest",
     .handler = &Pfselftest,
     .arity = 1,
     .group = Group::kHyperloglog,
     .flags = kAdmin | kSyscmd,
     .categories = kCatHyperloglog,
     .since = "2.8.9",
     .complexity = "a fraction of a second",
     .summary = "Checks the HyperLogLog code against itself."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs HyperLogLogCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
