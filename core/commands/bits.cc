// Strings as arrays of bits: single bits, counting, searching, combining. Numbers of any width
// inside of strings are in bits_fields.cc.
#include "core/base/bits.h"

#include <algorithm>
#include <vector>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/string_reply.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Entry;
using types::Type;

// Bit 0 is the highest bit of the first byte.
bool ReadBitOffset(Arguments& in, Call& call, uint64_t* offset) {
  const int64_t given = in.Int(errors::kBitOffset);
  if (!in.ok()) return false;
  if (given < 0 || (static_cast<uint64_t>(given) >> 3) >= StringBytesMax(call)) {
    in.Fail(errors::kBitOffset);
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
  const int64_t bit = in.IntIn(0, 1, errors::kBitValue);
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

// --- counting and searching ---

// A range of the arguments as bits [from, to) of the string; empty ones have from == to.
struct BitRange {
  uint64_t from = 0;
  uint64_t to = 0;
};

// Negative positions count from the end; both ends are inside of the range.
BitRange ResolveRange(int64_t start, int64_t end, bool in_bits, uint64_t string_bytes) {
  const auto total = static_cast<int64_t>(in_bits ? string_bytes * 8 : string_bytes);
  if (start < 0) start = std::max<int64_t>(total + start, 0);
  if (end < 0) end = std::max<int64_t>(total + end, 0);
  end = std::min(end, total - 1);
  if (start > end) return {};
  const uint64_t unit_bits = in_bits ? 1 : 8;
  return {static_cast<uint64_t>(start) * unit_bits, (static_cast<uint64_t>(end) + 1) * unit_bits};
}

bool ReadUnitIsBit(Arguments& in) {
  if (in.Take("BIT")) return true;
  if (!in.Take("BYTE")) in.Fail(errors::kSyntax);
  return false;
}

void Bitcount(Call& call) {
  const Entry* entry = call.keyspace.Find(call.db, call.arg(1));
  // As in Redis, an absent key is answered before anything else is read.
  if (entry == nullptr) return call.reply.Integer(0);
  if (!entry->IsString()) return call.WrongType();
  keyspace::IntText scratch;
  const std::string_view text = keyspace::StringOf(*entry, scratch);
  if (call.argc() == 2) return call.reply.Integer(static_cast<int64_t>(base::CountBits(text)));
  if (call.argc() != 4 && call.argc() != 5) return call.SyntaxError();
  Arguments in(call, 2);
  const int64_t start = in.Int();
  const int64_t end = in.Int();
  if (!in.ok()) return;
  // As in Redis, this is seen before the unit.
  if (start < 0 && end < 0 && start > end) return call.reply.Integer(0);
  const bool in_bits = in.More() && ReadUnitIsBit(in);
  if (!in.ok()) return;
  const BitRange range = ResolveRange(start, end, in_bits, text.size());
  call.reply.Integer(static_cast<int64_t>(base::CountBits(text, range.from, range.to)));
}

void Bitpos(Call& call) {
  Arguments in(call, 2);
  const int64_t wanted = in.Int();
  if (in.ok() && wanted != 0 && wanted != 1) in.Fail(errors::kBitNotZeroOrOne);
  if (!in.ok()) return;
  const bool bit = wanted == 1;
  const Entry* entry = call.keyspace.Find(call.db, call.arg(1));
  // An endless run of zeros, whatever else was asked.
  if (entry == nullptr) return call.reply.Integer(bit ? -1 : 0);
  if (!entry->IsString()) return call.WrongType();
  keyspace::IntText scratch;
  const std::string_view text = keyspace::StringOf(*entry, scratch);
  if (call.argc() > 6) return call.SyntaxError();
  const bool end_given = call.argc() >= 5;
  const int64_t start = call.argc() > 3 ? in.Int() : 0;
  // As in Redis, the unit is read before the end.
  Arguments last(call, 5);
  const bool in_bits = in.ok() && last.More() && ReadUnitIsBit(last);
  if (!last.ok()) return;
  const int64_t end = end_given ? in.Int() : static_cast<int64_t>(text.size()) - 1;
  if (!in.ok()) return;
  const BitRange range = ResolveRange(start, end, in_bits, text.size());
  if (range.from == range.to) return call.reply.Integer(-1);
  const uint64_t found = base::FindBit(text, bit, range.from, range.to);
  // Zeros follow the string, unless the end of the search was given.
  if (found == range.to && (bit || end_given)) return call.reply.Integer(-1);
  call.reply.Integer(static_cast<int64_t>(found));
}

// --- combining ---

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };

template <class Combine>
void CombineBytes(char* to, const char* from, size_t size, Combine combine) {
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    base::Store64(to + i, combine(base::Load64(to + i), base::Load64(from + i)));
  }
  for (; i < size; ++i) {
    to[i] = static_cast<char>(
        combine(static_cast<uint8_t>(to[i]), uint64_t{static_cast<uint8_t>(from[i])}));
  }
}

// Combines `size` bytes of the result with those of a source, which may be shorter: zeros follow.
void Apply(BitOperation operation, char* to, size_t size, std::string_view source) {
  const size_t common = std::min(size, source.size());
  switch (operation) {
    case BitOperation::kAnd:
      CombineBytes(to, source.data(), common, [](uint64_t a, uint64_t b) { return a & b; });
      std::memset(to + common, 0, size - common);
      break;
    case BitOperation::kOr:
      CombineBytes(to, source.data(), common, [](uint64_t a, uint64_t b) { return a | b; });
      break;
    case BitOperation::kXor:
      CombineBytes(to, source.data(), common, [](uint64_t a, uint64_t b) { return a ^ b; });
      break;
    case BitOperation::kNot:
      CombineBytes(to, source.data(), common, [](uint64_t, uint64_t b) { return ~b; });
      break;
  }
}

// The sources, null for absent ones, and the length of the longest. False after replying an error.
bool FindSources(Call& call, std::vector<const Entry*>* sources, uint32_t* longest) {
  const auto keys = call.args.subspan(3);
  if (!call.HaveRoom(keys.size() * sizeof(Entry*))) return false;
  sources->reserve(keys.size());
  for (std::string_view key : keys) {
    const Entry* entry = call.keyspace.Find(call.db, key);
    if (entry != nullptr && !entry->IsString()) {
      call.WrongType();
      return false;
    }
    sources->push_back(entry);
    if (entry != nullptr) *longest = std::max(*longest, keyspace::StringBytes(*entry));
  }
  return true;
}

// `result` is all zero. Goes through the sources block by block, so that the result stays near.
void CombineSources(BitOperation operation, std::span<const Entry* const> sources,
                    types::RawString* result) {
  constexpr uint32_t kBlockBytes = 16 << 10;
  for (uint32_t at = 0; at < result->size; at += kBlockBytes) {
    const uint32_t size = std::min(kBlockBytes, result->size - at);
    for (size_t i = 0; i < sources.size(); ++i) {
      keyspace::IntText scratch;
      std::string_view source;
      if (sources[i] != nullptr) source = keyspace::StringOf(*sources[i], scratch);
      source.remove_prefix(std::min<size_t>(at, source.size()));
      const bool copies = i == 0 && operation != BitOperation::kNot;
      Apply(copies ? BitOperation::kOr : operation, result->bytes + at, size, source);
    }
  }
}

void Bitop(Call& call) {
  BitOperation operation{};
  Arguments in(call, 1);
  if (in.Take("AND")) {
    operation = BitOperation::kAnd;
  } else if (in.Take("OR")) {
    operation = BitOperation::kOr;
  } else if (in.Take("XOR")) {
    operation = BitOperation::kXor;
  } else if (in.Take("NOT")) {
    operation = BitOperation::kNot;
    if (call.argc() != 4) in.Fail(errors::kBitopNotKeys);
  } else {
    in.Fail(errors::kSyntax);
  }
  if (!in.ok()) return;
  std::vector<const Entry*> sources;
  uint32_t longest = 0;
  if (!FindSources(call, &sources, &longest)) return;
  const std::string_view target = call.arg(2);
  if (longest == 0) {
    keyspace::Edit edit(call.keyspace, call.db, target, keyspace::Expired::kStays);
    if (edit.Delete(call.keyspace.lazy_server_delete)) {
      edit.Changed(keyspace::kEventGeneric, "del");
    }
    return call.reply.Integer(0);
  }
  types::RawString* result = types::RawString::TryNewZeroed(longest);
  if (result == nullptr) return call.OutOfMemory();
  CombineSources(operation, sources, result);
  keyspace::Edit edit(call.keyspace, call.db, target);
  edit.Put(types::Encoding::kRaw, result);
  edit.Changed(keyspace::kEventString, "set");
  call.reply.Integer(longest);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "bitcount",
     .handler = &Bitcount,
     .arity = -2,
     .group = Group::kBitmap,
     .flags = kReadonly,
     .categories = kCatBitmap,
     .since = "2.6.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key [{range start:integer end:integer [<unit BYTE | BIT>~7.0.0]}]",
     .complexity = "O(N) in the bytes counted",
     .summary = "Counts the bits that are set in a string, or in a part of it."},
    {.name = "bitop",
     .handler = &Bitop,
     .arity = -4,
     .group = Group::kBitmap,
     .flags = kWrite | kDenyOom,
     .categories = kCatBitmap,
     .since = "2.6.0",
     .keys = {{Keys(kOw | kUpdate, 2), Keys(kRo | kAccess, 3, -1)}},
     .syntax = "<operation AND | OR | XOR | NOT> destkey:key key:key...",
     .complexity = "O(N) in the bytes of all sources",
     .summary = "Combines strings bit by bit and stores the result."},
    {.name = "bitpos",
     .handler = &Bitpos,
     .arity = -3,
     .group = Group::kBitmap,
     .flags = kReadonly,
     .categories = kCatBitmap,
     .since = "2.8.7",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key bit:integer [{range start:integer [{end-unit-block end:integer [<unit BYTE "
               "| BIT>~7.0.0]}]}]",
     .complexity = "O(N) in the bytes up to the bit",
     .summary = "Finds the first set or clear bit of a string, or of a part of it."},
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

Specs BitCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
