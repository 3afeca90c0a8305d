#include "core/types/value.h"

#include <cstring>

#include "core/base/alloc.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "core/types/stream.h"
#include "core/types/string_value.h"

namespace kvasm::types {
namespace {

struct EncodingFacts {
  Type type;
  std::string_view name;
};

// In the order of Encoding.
constexpr EncodingFacts kEncodings[] = {
    {Type::kString, "int"},    {Type::kString, "embstr"},   {Type::kString, "raw"},
    {Type::kList, "listpack"}, {Type::kList, "quicklist"},  {Type::kSet, "intset"},
    {Type::kSet, "listpack"},  {Type::kSet, "hashtable"},   {Type::kZset, "listpack"},
    {Type::kZset, "skiplist"}, {Type::kHash, "listpack"},   {Type::kHash, "hashtable"},
    {Type::kStream, "stream"}, {Type::kHash, "listpackex"}, {Type::kHash, "hashtable"},
};
static_assert(std::size(kEncodings) == static_cast<size_t>(Encoding::kHashHashtableEx) + 1);

const EncodingFacts& FactsOf(Encoding encoding) {
  return kEncodings[static_cast<size_t>(encoding)];
}

const RawString* RawOf(const void* data) { return static_cast<const RawString*>(data); }

}  // namespace

Type TypeOf(Encoding encoding) { return FactsOf(encoding).type; }

std::string_view TypeName(Type type) {
  constexpr std::string_view kNames[] = {"string", "list", "set", "zset", "hash", "stream"};
  return kNames[static_cast<size_t>(type)];
}

std::string_view EncodingName(Encoding encoding) { return FactsOf(encoding).name; }

void* NewCollection(Encoding encoding, const Context& context) {
  switch (encoding) {
    case Encoding::kListQuicklist:
      return new ds::QuickList(context.limits->list_max_listpack_size,
                               context.limits->list_compress_depth);
    case Encoding::kHashHashtable:
      return new FieldTable(context.seed);
    case Encoding::kHashListpackEx:
      return new ExpiringList;
    case Encoding::kHashHashtableEx:
      return new ExpiringTable(FieldTable(context.seed));
    case Encoding::kSetHashtable:
      return new MemberTable(context.seed);
    case Encoding::kZsetSkiplist:
      return new ScoreTable(context.seed);
    case Encoding::kStream:
      return new Stream();
    default:
      return nullptr;
  }
}

void FreeValue(Encoding encoding, void* data) {
  switch (TypeOf(encoding)) {
    case Type::kString:
      if (encoding == Encoding::kRaw) base::Free(data);
      return;
    case Type::kList:
      return List::Free(encoding, data);
    case Type::kHash:
      return Hash::Free(encoding, data);
    case Type::kSet:
      return Set::Free(encoding, data);
    case Type::kZset:
      return SortedSet::Free(encoding, data);
    case Type::kStream:
      delete static_cast<Stream*>(data);
      return;
    default:
      return;
  }
}

bool FreeSome(Encoding encoding, void* data, uint32_t budget_units) {
  bool more = false;
  switch (encoding) {
    case Encoding::kListQuicklist:
      more = static_cast<ds::QuickList*>(data)->Drain(budget_units);
      break;
    case Encoding::kHashHashtable:
    case Encoding::kHashHashtableEx:  // begins with the table, too
      more = static_cast<FieldTable*>(data)->Drain(budget_units, FieldTraits::Dispose);
      break;
    case Encoding::kSetHashtable:
      more = static_cast<MemberTable*>(data)->Drain(budget_units, MemberTraits::Dispose);
      break;
    case Encoding::kZsetSkiplist:
      more = static_cast<ScoreTable*>(data)->by_member.Drain(budget_units, ScoreTraits::Dispose);
      break;
    case Encoding::kStream:
      more = static_cast<Stream*>(data)->Drain(budget_units);
      break;
    default:
      break;
  }
  if (!more) FreeValue(encoding, data);
  return !more;
}

void* CloneValue(Encoding encoding, const void* data, const Context& context) {
  switch (TypeOf(encoding)) {
    case Type::kString:
      return encoding == Encoding::kRaw ? RawString::TryNew(RawOf(data)->view()) : nullptr;
    case Type::kList:
      return List::Clone(encoding, data);
    case Type::kHash:
      return Hash::Clone(encoding, data, context);
    case Type::kSet:
      return Set::Clone(encoding, data, context);
    case Type::kZset:
      return SortedSet::Clone(encoding, data, context);
    case Type::kStream:
      return Stream::Of(data).Clone().release();
    default:
      return nullptr;
  }
}

uint64_t ValueSize(Encoding encoding, const void* data) {
  switch (TypeOf(encoding)) {
    case Type::kString:
      return encoding == Encoding::kRaw ? RawOf(data)->size : 0;
    case Type::kList:
      return List::Size(encoding, data);
    case Type::kHash:
      return Hash::Size(encoding, data);
    case Type::kSet:
      return Set::Size(encoding, data);
    case Type::kZset:
      return SortedSet::Size(encoding, data);
    case Type::kStream:
      return Stream::Of(data).length();
    default:
      return 0;
  }
}

uint64_t ValueMemoryBytes(Encoding encoding, const void* data, uint64_t samples) {
  switch (TypeOf(encoding)) {
    case Type::kString:
      return encoding == Encoding::kRaw ? base::UsableBytes(data) : 0;
    case Type::kList:
      return List::MemoryBytes(encoding, data, samples);
    case Type::kHash:
      return Hash::MemoryBytes(encoding, data, samples);
    case Type::kSet:
      return Set::MemoryBytes(encoding, data, samples);
    case Type::kZset:
      return SortedSet::MemoryBytes(encoding, data, samples);
    case Type::kStream:
      return Stream::Of(data).MemoryBytes(samples);
    default:
      return 0;
  }
}

uint64_t ValueFreeEffort(Encoding encoding, const void* data) {
  switch (encoding) {
    case Encoding::kHashHashtable:
    case Encoding::kHashHashtableEx:
    case Encoding::kSetHashtable:
    case Encoding::kZsetSkiplist:
      return ValueSize(encoding, data);
    case Encoding::kStream:
      return Stream::Of(data).FreeEffort();
    case Encoding::kListQuicklist:
      return List::FreeEffort(encoding, data);
    default:
      return 1;
  }
}

}  // namespace kvasm::types
