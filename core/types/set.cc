#include "core/types/set.h"

#include <algorithm>
#include <cstring>

#include "core/base/alloc.h"

namespace kvasm::types {
namespace {

MemberNode* NewNode(std::string_view member) {
  size_t bytes = std::max(sizeof(MemberNode), MemberNode::kHeaderBytes + member.size());
  auto* node = static_cast<MemberNode*>(base::Allocate(bytes));
  node->next = nullptr;
  node->size = static_cast<uint32_t>(member.size());
  if (!member.empty()) std::memcpy(node->bytes(), member.data(), member.size());
  return node;
}

MemberTable* TableOf(const void* data) {
  return static_cast<MemberTable*>(const_cast<void*>(data));
}

// Members that a set of integers may have, whatever the configuration allows.
int64_t IntegersMax(const Limits& limits) {
  return std::min<int64_t>(limits.set_max_intset_entries, ds::IntSet::kCountMax - 1);
}

}  // namespace

void MemberTraits::Dispose(MemberNode* node) { base::Free(node); }

Set::Set(ValueRef value, const Context& context) : value_(value), context_(context) {
  if (value.data == nullptr && value.encoding == Encoding::kSetHashtable) {
    value.data = new MemberTable(context.seed);
  }
}

Encoding Set::InitialEncoding(const ds::Item& first, uint64_t size_hint, const Limits& limits) {
  auto hint = static_cast<int64_t>(size_hint);
  if (first.is_integer() && hint <= IntegersMax(limits)) return Encoding::kSetIntset;
  if (hint <= limits.set_max_listpack_entries) return Encoding::kSetListpack;
  return Encoding::kSetHashtable;
}

uint32_t Set::size() const {
  if (value_.encoding == Encoding::kSetIntset) return integers().count();
  return value_.encoding == Encoding::kSetListpack ? list().count() : table().size();
}

bool Set::Contains(const ds::Item& member) const {
  if (value_.encoding == Encoding::kSetIntset) {
    if (member.is_integer()) return integers().Contains(member.number());
    ds::Item number = ds::Item::Of(member.bytes());
    return number.is_integer() && integers().Contains(number.number());
  }
  if (value_.encoding == Encoding::kSetListpack) return list().Find(member) != list().end();
  ds::NumberText scratch;
  return table().FindLink(member.Text(scratch)) != nullptr;
}

void Set::Prepare(uint64_t size_hint) {
  const Limits& limits = *context_.limits;
  auto hint = static_cast<int64_t>(size_hint);
  bool packed_too_long =
      value_.encoding == Encoding::kSetListpack && hint > limits.set_max_listpack_entries;
  bool integers_too_many = value_.encoding == Encoding::kSetIntset && hint > IntegersMax(limits);
  if (packed_too_long || integers_too_many) ConvertToTable(size_hint);
}

bool Set::Add(const ds::Item& member) {
  if (value_.encoding == Encoding::kSetIntset) return AddToIntegers(member);
  return value_.encoding == Encoding::kSetListpack ? AddPacked(member) : AddToTable(member);
}

bool Set::AddToIntegers(const ds::Item& member) {
  ds::Item number = member.is_integer() ? member : ds::Item::Of(member.bytes());
  if (number.is_integer()) {
    if (!integers().Insert(number.number())) return false;
    if (int64_t{integers().count()} > IntegersMax(*context_.limits)) ConvertToTable(0);
    return true;
  }
  if (!IntegersFitPacked(member.bytes().size())) {
    ConvertToTable(uint64_t{size()} + 1);
    return AddToTable(member);
  }
  ConvertToPacked();
  list().Append(member);
  return true;
}

// Whether the integers and one text more may live in a packed list.
bool Set::IntegersFitPacked(uint64_t added_bytes) const {
  const Limits& limits = *context_.limits;
  uint32_t count = integers().count();
  uint64_t longest = 0;
  if (count > 0) {
    longest = std::max(ds::Item(integers().At(0)).TextSize(),
                       ds::Item(integers().At(count - 1)).TextSize());
  }
  return int64_t{count} < limits.set_max_listpack_entries &&
         static_cast<int64_t>(added_bytes) <= limits.set_max_listpack_value &&
         static_cast<int64_t>(longest) <= limits.set_max_listpack_value &&
         ds::PackedList::kIntegerBytesMax * uint64_t{count} + added_bytes + 16 <=
             ds::PackedList::kBytesMax;
}

bool Set::AddPacked(const ds::Item& member) {
  auto members = list();
  if (members.Find(member) != members.end()) return false;
  const Limits& limits = *context_.limits;
  if (int64_t{members.count()} < limits.set_max_listpack_entries &&
      int64_t{member.TextSize()} <= limits.set_max_listpack_value &&
      members.FitsAdding(member.TextSize())) {
    members.Append(member);
    return true;
  }
  ConvertToTable(uint64_t{members.count()} + 1);
  return AddToTable(member);
}

bool Set::AddToTable(const ds::Item& member) {
  ds::NumberText scratch;
  std::string_view text = member.Text(scratch);
  uint32_t hash = table().Hash(text);
  if (table().FindLink(text, hash) != nullptr) return false;
  table().Insert(NewNode(text), hash);
  return true;
}

bool Set::Remove(const ds::Item& member) {
  if (value_.encoding == Encoding::kSetIntset) {
    ds::Item number = member.is_integer() ? member : ds::Item::Of(member.bytes());
    return number.is_integer() && integers().Erase(number.number());
  }
  if (value_.encoding == Encoding::kSetListpack) {
    auto at = list().Find(member);
    if (at == list().end()) return false;
    list().Erase(at, 1);
    return true;
  }
  ds::NumberText scratch;
  MemberNode* node = table().Remove(member.Text(scratch));
  if (node == nullptr) return false;
  base::Free(node);
  return true;
}

void Set::ConvertToPacked() {
  void* block = nullptr;
  ds::PackedList members(block);
  ForEach([&](const ds::Item& member) { members.Append(member); });
  integers().Clear();
  value_.data = block;
  value_.encoding = Encoding::kSetListpack;
}

void Set::ConvertToTable(uint64_t room) {
  auto* members = new MemberTable(context_.seed);
  members->Reserve(static_cast<uint32_t>(std::max<uint64_t>(room, size())));
  ds::NumberText scratch;
  ForEach([&](const ds::Item& member) { members->Insert(NewNode(member.Text(scratch))); });
  Free(value_.encoding, value_.data);
  value_.data = members;
  value_.encoding = Encoding::kSetHashtable;
}

void Set::CompactIntegers() {
  if (value_.encoding == Encoding::kSetIntset) return;
  if (int64_t{size()} > IntegersMax(*context_.limits)) return;
  void* block = nullptr;
  ds::IntSet numbers(block);
  bool all_integers = true;
  ForEach([&](const ds::Item& member) -> bool {
    ds::Item number = member.is_integer() ? member : ds::Item::Of(member.bytes());
    all_integers = number.is_integer();
    if (all_integers) numbers.Insert(number.number());
    return all_integers;
  });
  if (!all_integers) return numbers.Clear();
  Free(value_.encoding, value_.data);
  value_.data = block;
  value_.encoding = Encoding::kSetIntset;
}

void Set::Free(Encoding encoding, void* data) {
  if (encoding == Encoding::kSetHashtable) {
    delete TableOf(data);
  } else {
    base::Free(data);
  }
}

void* Set::Clone(Encoding encoding, const void* data, const Context& context) {
  void* block = const_cast<void*>(data);
  if (encoding == Encoding::kSetIntset) return ds::IntSet(block).Clone();
  if (encoding == Encoding::kSetListpack) return ds::PackedList(block).Clone();
  MemberTable& from = *TableOf(data);
  auto* copy = new MemberTable(context.seed);
  copy->Reserve(from.size());
  from.ForEach([&](const MemberNode* node) { copy->Insert(NewNode(node->member())); });
  return copy;
}

uint64_t Set::Size(Encoding encoding, const void* data) {
  void* block = const_cast<void*>(data);
  if (encoding == Encoding::kSetIntset) return ds::IntSet(block).count();
  if (encoding == Encoding::kSetListpack) return ds::PackedList(block).count();
  return TableOf(data)->size();
}

uint64_t Set::MemoryBytes(Encoding encoding, const void* data, uint64_t samples) {
  void* block = const_cast<void*>(data);
  if (encoding == Encoding::kSetIntset) return ds::IntSet(block).MemoryBytes();
  if (encoding == Encoding::kSetListpack) return ds::PackedList(block).MemoryBytes();
  MemberTable& members = *TableOf(data);
  return sizeof(MemberTable) + members.MemoryBytes() + SampledNodeBytes(members, samples);
}

bool Set::Validate() const {
  if (value_.encoding == Encoding::kSetIntset) return integers().Validate();
  if (value_.encoding == Encoding::kSetListpack) {
    auto members = list();
    if (!members.Validate()) return false;
    for (auto at = members.begin(); at != members.end(); at = members.Next(at)) {
      if (members.Find(members.Get(at)) != at) return false;
    }
    return true;
  }
  uint32_t seen = 0;
  bool found_all = true;
  table().ForEach([&](MemberNode* node) {
    ++seen;
    found_all = found_all && table().Find(node->member()) == node;
  });
  return found_all && seen == table().size();
}

}  // namespace kvasm::types
