#include <algorithm>

#include "core/ds/int_set.h"
#include "core/persist/saving.h"
#include "core/persist/value.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "core/types/stream.h"

namespace kvasm::persist {
namespace {

using keyspace::Entry;
using types::Encoding;

void SaveString(Writer& out, const Entry& entry) {
  if (entry.encoding == Encoding::kInt) return out.Integer(entry.IntValue());
  keyspace::IntText scratch;
  out.String(keyspace::StringOf(entry, scratch));
}

bool FieldsEnd(const Entry& entry) {
  return types::HasFieldExpiry(entry.encoding) &&
         types::Hash::EarliestExpiry(entry.encoding, entry.data) != types::Hash::kNoExpiry;
}

// Ends as integers, 0 = none.
void SavePackedEnds(Writer& out, const types::Hash& hash) {
  out.Fixed64(static_cast<uint64_t>(hash.EarliestExpiry()));
  SaveListpack(out, [&](ListpackWriter& listpack) {
    hash.ForEachWithExpiry([&](const ds::Item& field, const ds::Item& value, int64_t expiry) {
      listpack.Add(field);
      listpack.Add(value);
      listpack.AddInteger(expiry == types::Hash::kNoExpiry ? 0 : expiry);
    });
  });
}

// Ends as the distance from the earliest plus 1, 0 = none.
void SaveEnds(Writer& out, const types::Hash& hash) {
  const int64_t earliest = hash.EarliestExpiry();
  out.Fixed64(static_cast<uint64_t>(earliest));
  out.Length(hash.size());
  hash.ForEachWithExpiry([&](const ds::Item& field, const ds::Item& value, int64_t expiry) {
    out.Length(expiry == types::Hash::kNoExpiry ? 0 : static_cast<uint64_t>(expiry - earliest) + 1);
    out.String(field.bytes());
    out.String(value.bytes());
  });
}

void SaveHash(Writer& out, const types::Hash& hash, ValueType type) {
  if (type == ValueType::kHashListpackEx) return SavePackedEnds(out, hash);
  if (type == ValueType::kHashExpiry) return SaveEnds(out, hash);
  if (type == ValueType::kHashListpack) {
    return SaveListpack(out, [&](ListpackWriter& listpack) {
      hash.ForEach([&](const ds::Item& field, const ds::Item& value) {
        listpack.Add(field);
        listpack.Add(value);
      });
    });
  }
  out.Length(hash.size());
  hash.ForEach([&](const ds::Item& field, const ds::Item& value) {
    out.String(field.bytes());
    out.String(value.bytes());
  });
}

void SaveIntset(Writer& out, void* data) {
  const ds::IntSet integers(data);
  const uint32_t header[] = {integers.width(), integers.count()};
  Block& block = out.Scratch();
  block.Append({reinterpret_cast<const char*>(header), sizeof header});
  for (uint32_t i = 0; i < integers.count(); ++i) {
    const int64_t value = integers.At(i);
    block.Append({reinterpret_cast<const char*>(&value), integers.width()});
  }
  if (block.failed()) return out.Fail();
  out.Blob(block.view());
}

void SaveSet(Writer& out, Entry& entry, const types::Set& set, ValueType type) {
  if (type == ValueType::kSetIntset) return SaveIntset(out, entry.data);
  if (type == ValueType::kSetListpack) {
    return SaveListpack(out, [&](ListpackWriter& listpack) {
      set.ForEach([&](const ds::Item& member) { listpack.Add(member); });
    });
  }
  out.Length(set.size());
  set.ForEach([&](const ds::Item& member) {
    member.is_integer() ? out.Integer(member.number()) : out.String(member.bytes());
  });
}

// Integral scores as integers, others as the text Redis prints them with.
void AddScore(ListpackWriter& listpack, double score) {
  char text[base::kDoubleCharsMax];
  listpack.AddString({text, base::FormatDouble(text, score)});
}

void SaveSortedSet(Writer& out, const types::SortedSet& zset, bool packed) {
  if (packed) {
    return SaveListpack(out, [&](ListpackWriter& listpack) {
      zset.ForEach(zset.All(), false, [&](std::string_view member, double score) {
        listpack.AddString(member);
        AddScore(listpack, score);
      });
    });
  }
  out.Length(zset.size());
  // From the highest on: each goes to the front where it is read.
  zset.ForEach(zset.All(), true, [&](std::string_view member, double score) {
    out.String(member);
    out.Double(score);
  });
}

// The nodes are those Redis would have.
void SaveList(Writer& out, const types::List& list) {
  out.Length(list.quick_list() != nullptr ? list.quick_list()->node_count() : 1);
  list.ForEachNode([&](const types::ListNode& node) {
    out.Length(static_cast<uint64_t>(node.plain ? Container::kPlain : Container::kPacked));
    if (node.plain) {
      node.ForEach([&](const ds::Item& item) { out.Blob(item.bytes()); });
    } else {
      SaveListpack(out, [&](ListpackWriter& listpack) {
        node.ForEach([&](const ds::Item& item) {
          item.is_integer() ? listpack.AddInteger(item.number()) : listpack.AddString(item.bytes());
        });
      });
    }
  });
}

}  // namespace

int VersionFor(const Entry& entry, int version) {
  return FieldsEnd(entry) ? std::max(version, kRdbVersionFieldExpiry) : version;
}

ValueType SavedType(const Entry& entry, int version) {
  const bool knows_7_2 = version >= 11;
  const bool with_ends = version >= kRdbVersionFieldExpiry && FieldsEnd(entry);
  switch (entry.encoding) {
    case Encoding::kSetIntset:
      return ValueType::kSetIntset;
    case Encoding::kSetListpack:
      return knows_7_2 ? ValueType::kSetListpack : ValueType::kSet;
    case Encoding::kSetHashtable:
      return ValueType::kSet;
    case Encoding::kZsetListpack:
      return ValueType::kZsetListpack;
    case Encoding::kZsetSkiplist:
      return ValueType::kZset;
    case Encoding::kHashListpack:
      return ValueType::kHashListpack;
    case Encoding::kHashListpackEx:
      return with_ends ? ValueType::kHashListpackEx : ValueType::kHashListpack;
    case Encoding::kHashHashtable:
      return ValueType::kHash;
    case Encoding::kListListpack:
    case Encoding::kListQuicklist:
      return ValueType::kListQuicklist2;
    case Encoding::kStream:
      return knows_7_2 ? ValueType::kStream3 : ValueType::kStream2;
    case Encoding::kHashHashtableEx:
      return with_ends ? ValueType::kHashExpiry : ValueType::kHash;
    default:
      return ValueType::kString;
  }
}

void SaveValue(Writer& out, Entry& entry, const types::Context& context) {
  switch (entry.type()) {
    case types::Type::kList:
      return SaveList(out, types::List(entry.value(), context));
    case types::Type::kStream:
      return SaveStream(out, types::Stream::Of(entry.value()), SavedType(entry, out.version()));
    case types::Type::kHash:
      return SaveHash(out, types::Hash(entry.value(), context), SavedType(entry, out.version()));
    case types::Type::kSet:
      return SaveSet(out, entry, types::Set(entry.value(), context),
                     SavedType(entry, out.version()));
    case types::Type::kZset:
      return SaveSortedSet(out, types::SortedSet(entry.value(), context),
                           entry.encoding == Encoding::kZsetListpack);
    default:
      return SaveString(out, entry);
  }
}

}  // namespace kvasm::persist
