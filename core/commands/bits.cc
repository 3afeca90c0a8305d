// Single bits of strings. Counting, searching and fields of bits are further commands of this
// group.
#include <algorithm>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/string_reply.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using types::Type;

constexpr std::string_view kBadOffset = "ERR bit offset is not an integer or out of range";
constexpr std::string_view kBadBit = "ERR bit is not an integer or out of range";

// Bit 0 is the highest bit of the first byte.
bool ReadBitOffset(Arguments& in, Call& call, uint64_t* offset) {
  const int64_t given = in.Int(kBadOffset);
  if (!in.ok()) return false;
  if (given < 0 || (static_cast<uint64_t>(given) >> 3) >= StringBytesMax(call)) {
    in.Fail(kBadOffset);
    return false;
  }
  *offset = static_cast<uint64_t>(given);
  return true;
}

void Getbit(Call& call) {
  Arguments in(call, 2);
  uint64_t offset;
  if (!ReadBitOffset(in, call, &offset)) return;
  const keyspace::Entry* entry = call.keyspace.Find(call.db, call.arg(1));
  if (entry == nullptr) return call.reply.Integer(0);
  if (!entry->IsString()) return call.WrongType();
  keyspace::IntText scratch;
  const std::string_view text = keyspace::StringOf(*entry, scratch);
  const uint64_t byte = offset >> 3;
  if (byte >= text.size()) return call.reply.Integer(0);
  call.reply.Integer(text[static_cast<size_t>(byte)] >> (7 - (offset & 7)) & 1);
}

void Setbit(Call& call) {
  Arguments in(call, 2);
  uint64_t offset;
  if (!ReadBitOffset(in, call, &offset)) return;
  const int64_t bit = in.IntIn(0, 1, kBadBit);
  if (!in.ok()) return;
  keyspace::Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kString)) return call.WrongType();
  const auto byte = static_cast<uint32_t>(offset >> 3);
  const uint32_t before = edit.exists() ? keyspace::StringBytes(*edit.entry()) : 0;
  types::RawString* raw = edit.RawString(std::max(before, byte + 1));
  if (raw == nullptr) return call.OutOfMemory();
  const auto mask = static_cast<uint8_t>(1u << (7 - (offset & 7)));
  auto& at = reinterpret_cast<uint8_t&>(raw->bytes[byte]);
  const bool was = (at & mask) != 0;
  at = static_cast<uint8_t>(bit != 0 ? at | mask : at & ~mask);
  // As in Redis, a write that changes neither a bit nor the length is no change.
  if (before < byte + 1 || was != (bit != 0)) edit.Changed(keyspace::kEventString, "setbit");
  call.reply.Integer(was ? 1 : 0);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "getbit",
     .handler = &Getbit,
     .arity = 3,
     .group = Group::kBitmap,
     .flags = kReadonly | kFast,
     .categories = kCatBitmap,
     .since = "2.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key offset:integer",
     .complexity = "O(1)",
     .summary = "Reads one bit of a string."},
    {.name = "setbit",
     .handler = &Setbit,
     .arity = 4,
     .group = Group::kBitmap,
     .flags = kWrite | kDenyOom,
     .categories = kCatBitmap,
     .since = "2.2.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key offset:integer value:integer",
     .complexity = "O(1), or O(N) in the length of a string that has to grow",
     .summary = "Sets or clears one bit of a string."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs BitCommands() { return kSpecs; }

}  // namespace kvasm::commands
