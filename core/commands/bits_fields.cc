// BITFIELD: integers of 1 to 64 bits at any bit of a string.
#include <algorithm>
#include <limits>
#include <vector>

#include "core/base/bits.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/string_reply.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;
using types::Type;

enum class FieldAction : uint8_t { kGet, kSet, kIncrement };
enum class OnOverflow : uint8_t { kWrap, kSaturate, kFail };

// One subcommand.
struct FieldOperation {
  uint64_t offset;
  int64_t operand;  // the value of SET, the increment of INCRBY
  FieldAction action;
  OnOverflow on_overflow;
  uint8_t width;
  bool is_signed;

  uint64_t end() const { return offset + width; }
};

// --- reading the arguments ---

// i1 to i64, u1 to u63 (a reply could not hold all of u64).
void ReadFieldType(Arguments& in, FieldOperation* operation) {
  const std::string_view text = in.Next();
  if (!in.ok()) return;
  operation->is_signed = text.starts_with('i');
  if (!operation->is_signed && !text.starts_with('u')) return in.Fail(errors::kBitfieldType);
  const std::string_view digits = errors::Quoted(text.substr(1), text.size());
  const std::optional<int64_t> width = base::ParseInt64(digits);
  if (!width || *width < 1 || *width > (operation->is_signed ? 64 : 63))
    return in.Fail(errors::kBitfieldType);
  operation->width = static_cast<uint8_t>(*width);
}

// A bit, or "#n" for the n-th field of this width.
void ReadFieldOffset(Arguments& in, Call& call, FieldOperation* operation) {
  std::string_view text = in.Next();
  if (!in.ok()) return;
  int64_t unit_bits = 1;
  if (text.starts_with('#')) {
    text.remove_prefix(1);
    unit_bits = operation->width;
  }
  const std::optional<int64_t> given = base::ParseInt64(text);
  if (!given || *given < 0 || *given > std::numeric_limits<int64_t>::max() / unit_bits ||
      (static_cast<uint64_t>(*given * unit_bits) >> 3) >= StringBytesMax(call)) {
    return in.Fail(errors::kBitOffset);
  }
  operation->offset = static_cast<uint64_t>(*given * unit_bits);
}

OnOverflow ReadOverflow(Arguments& in) {
  if (in.Take("WRAP")) return OnOverflow::kWrap;
  if (in.Take("SAT")) return OnOverflow::kSaturate;
  if (!in.Take("FAIL")) in.Fail(errors::kBitfieldOverflow);
  return OnOverflow::kFail;
}

// False after replying an error.
bool ReadOperations(Call& call, std::vector<FieldOperation>* operations) {
  if (!call.HaveRoom(call.argc() / 3 * sizeof(FieldOperation))) return false;
  operations->reserve(call.argc() / 3);
  Arguments in(call, 2);
  OnOverflow on_overflow = OnOverflow::kWrap;
  while (in.More()) {
    FieldOperation operation{.on_overflow = on_overflow};
    if (in.left() >= 3 && in.Take("GET")) {
      operation.action = FieldAction::kGet;
    } else if (in.left() >= 4 && in.Take("SET")) {
      operation.action = FieldAction::kSet;
    } else if (in.left() >= 4 && in.Take("INCRBY")) {
      operation.action = FieldAction::kIncrement;
    } else if (in.TakeWithValue("OVERFLOW")) {
      on_overflow = ReadOverflow(in);
      continue;
    } else {
      in.Fail(errors::kSyntax);
      break;
    }
    ReadFieldType(in, &operation);
    ReadFieldOffset(in, call, &operation);
    if (operation.action != FieldAction::kGet) operation.operand = in.Int();
    operations->push_back(operation);
  }
  return in.ok();
}

// --- arithmetic ---

// What becomes of a field. On overflow `value` is what the mode makes of it (kFail: nothing).
struct Outcome {
  bool overflowed;
  uint64_t value;
};

// The number as it stands in a field of this width, and back.
uint64_t Truncated(uint64_t value, uint32_t width) {
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}
int64_t SignExtended(uint64_t value, uint32_t width) {
  return static_cast<int64_t>(value << (64 - width)) >> (64 - width);
}

Outcome AddSigned(int64_t value, int64_t increment, uint32_t width, OnOverflow mode) {
  const auto sum = static_cast<uint64_t>(value) + static_cast<uint64_t>(increment);
  const int64_t most = std::numeric_limits<int64_t>::max() >> (64 - width);
  const int64_t least = -most - 1;
  // These differences wrap, and as in Redis so do the comparisons: a SET far below the least value
  // counts as one above the most.
  const auto room_above =
      static_cast<int64_t>(static_cast<uint64_t>(most) - static_cast<uint64_t>(value));
  const auto room_below =
      static_cast<int64_t>(static_cast<uint64_t>(least) - static_cast<uint64_t>(value));
  const bool above = value > most || (width != 64 && increment > room_above) ||
                     (value >= 0 && increment > 0 && increment > room_above);
  const bool below = value < least || (width != 64 && increment < room_below) ||
                     (value < 0 && increment < 0 && increment < room_below);
  if (!above && !below) return {false, sum};
  if (mode == OnOverflow::kSaturate) return {true, static_cast<uint64_t>(above ? most : least)};
  return {true, static_cast<uint64_t>(SignExtended(sum, width))};
}

Outcome AddUnsigned(uint64_t value, int64_t increment, uint32_t width, OnOverflow mode) {
  const uint64_t sum = value + static_cast<uint64_t>(increment);
  const uint64_t most = (uint64_t{1} << width) - 1;
  const bool above =
      value > most || (increment > 0 && static_cast<uint64_t>(increment) > most - value);
  const bool below = !above && increment < 0 && static_cast<uint64_t>(-(increment + 1)) >= value;
  if (!above && !below) return {false, sum};
  if (mode == OnOverflow::kSaturate) return {true, above ? most : 0};
  return {true, Truncated(sum, width)};
}

// --- executing ---

uint64_t ReadField(std::string_view text, const FieldOperation& operation) {
  const uint64_t bits = base::ReadBits(text, operation.offset, operation.width);
  return operation.is_signed ? static_cast<uint64_t>(SignExtended(bits, operation.width)) : bits;
}

enum class Written : uint8_t { kNothing, kSame, kOther };

// Replies what the operation gives.
Written WriteField(Call& call, types::RawString* raw, const FieldOperation& operation) {
  const uint64_t before = ReadField(raw->view(), operation);
  const bool sets = operation.action == FieldAction::kSet;
  const uint64_t value = sets ? static_cast<uint64_t>(operation.operand) : before;
  const int64_t increment = sets ? 0 : operation.operand;
  const Outcome outcome =
      operation.is_signed ? AddSigned(static_cast<int64_t>(value), increment, operation.width,
                                      operation.on_overflow)
                          : AddUnsigned(value, increment, operation.width, operation.on_overflow);
  if (outcome.overflowed && operation.on_overflow == OnOverflow::kFail) {
    call.reply.Null();
    return Written::kNothing;
  }
  call.reply.Integer(static_cast<int64_t>(sets ? before : outcome.value));
  base::WriteBits(raw->bytes, operation.offset, operation.width, outcome.value);
  return outcome.value == before ? Written::kSame : Written::kOther;
}

void ReadFields(Call& call, std::span<const FieldOperation> operations) {
  const Entry* entry = call.keyspace.Find(call.db, call.arg(1));
  if (entry != nullptr && !entry->IsString()) return call.WrongType();
  keyspace::IntText scratch;
  std::string_view text;
  if (entry != nullptr) text = keyspace::StringOf(*entry, scratch);
  call.reply.Array(operations.size());
  for (const FieldOperation& operation : operations) {
    call.reply.Integer(static_cast<int64_t>(ReadField(text, operation)));
  }
}

void WriteFields(Call& call, std::span<const FieldOperation> operations) {
  uint64_t end = 0;
  for (const FieldOperation& operation : operations) {
    if (operation.action != FieldAction::kGet) end = std::max(end, operation.end());
  }
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kString)) return call.WrongType();
  const uint32_t before = edit.exists() ? keyspace::StringBytes(*edit.entry()) : 0;
  const auto needed = static_cast<uint32_t>((end + 7) >> 3);
  types::RawString* raw = edit.RawString(std::max(before, needed));
  if (raw == nullptr) return call.OutOfMemory();
  const bool grew = needed > before;
  uint64_t changes = 0;
  call.reply.Array(operations.size());
  for (const FieldOperation& operation : operations) {
    if (operation.action == FieldAction::kGet) {
      call.reply.Integer(static_cast<int64_t>(ReadField(raw->view(), operation)));
    } else {
      const Written written = WriteField(call, raw, operation);
      if (written == Written::kOther || (written == Written::kSame && grew)) ++changes;
    }
  }
  if (changes > 0) {
    edit.Changed(keyspace::kEventString, "setbit", changes);
  } else if (grew) {
    // Every write failed, but the string has grown all the same. Redis tells no one; here the
    // journal has to know.
    edit.Changed();
  }
}

void Bitfield(Call& call) {
  std::vector<FieldOperation> operations;
  if (!ReadOperations(call, &operations)) return;
  const bool writes = std::any_of(operations.begin(), operations.end(), [](const auto& operation) {
    return operation.action != FieldAction::kGet;
  });
  writes ? WriteFields(call, operations) : ReadFields(call, operations);
}

void BitfieldRo(Call& call) {
  std::vector<FieldOperation> operations;
  if (!ReadOperations(call, &operations)) return;
  for (const FieldOperation& operation : operations) {
    if (operation.action != FieldAction::kGet) return call.reply.Error(errors::kBitfieldOnlyGet);
  }
  ReadFields(call, operations);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "bitfield",
     .handler = &Bitfield,
     .arity = -2,
     .group = Group::kBitmap,
     .flags = kWrite | kDenyOom | kVariableKeys,
     .categories = kCatBitmap,
     .since = "3.2.0",
     .keys = {{Keys(kRw | kUpdate | kAccess | kVariableFlags, 1)}},
     .syntax = "key:key [<operation GET {get-block encoding offset:integer} | {write [OVERFLOW "
               "<overflow-block WRAP | SAT | FAIL>] <write-operation SET {set-block encoding "
               "offset:integer value:integer} | INCRBY {incrby-block encoding offset:integer "
               "increment:integer}>}>...]",
     .complexity = "O(1) for each subcommand",
     .summary = "Reads, sets and increments integers of any width inside of a string."},
    {.name = "bitfield_ro",
     .handler = &BitfieldRo,
     .arity = -2,
     .group = Group::kBitmap,
     .flags = kReadonly | kFast,
     .categories = kCatBitmap,
     .since = "6.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key [GET {get-block encoding offset:integer}...+]",
     .complexity = "O(1) for each subcommand",
     .summary = "Reads integers of any width inside of a string."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs BitFieldCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
