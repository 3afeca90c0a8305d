// A set: integers in a sorted array, other small sets in a packed list, large ones in a table of
// nodes. Encodings and the moments they change are those of Redis 7.2 (OBJECT ENCODING).
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "core/ds/dict.h"
#include "core/ds/int_set.h"
#include "core/ds/item.h"
#include "core/ds/packed_list.h"
#include "core/types/sampling.h"
#include "core/types/value.h"

namespace kvasm::types {

struct MemberNode {
  MemberNode* next;
  uint32_t size;

  // The member's bytes follow `size` at once, inside the struct's padding if it has any.
  static constexpr size_t kHeaderBytes = sizeof(MemberNode*) + sizeof(uint32_t);
  char* bytes() { return reinterpret_cast<char*>(this) + kHeaderBytes; }
  std::string_view member() const {
    return {reinterpret_cast<const char*>(this) + kHeaderBytes, size};
  }
  size_t MemoryBytes() const { return kHeaderBytes + size; }
};

struct MemberTraits {
  static MemberNode*& Next(MemberNode& node) { return node.next; }
  static std::string_view Key(const MemberNode& node) { return node.member(); }
  static void Dispose(MemberNode* node);
};

using MemberTable = ds::Dict<MemberNode, MemberTraits>;

// A handle over a value; owns nothing. Null data is the empty set in any encoding. Items handed
// out are views valid until the next change; arguments must not be views into the same set.
// Members may be given as text (read as an integer where it is one) or as items of another set.
// Costs: O(log n) as an integer set, O(n) packed (small by the limits), expected O(1) as a table.
class Set {
 public:
  Set(ValueRef value, const Context& context);

  // How a new set starts that will get `first` and about `size_hint` members.
  static Encoding InitialEncoding(const ds::Item& first, uint64_t size_hint, const Limits& limits);

  uint32_t size() const;
  bool empty() const { return size() == 0; }
  bool Contains(const ds::Item& member) const;
  bool Contains(std::string_view member) const { return Contains(ds::Item::Of(member)); }

  // Turns into a table early when about `size_hint` members are to be added.
  void Prepare(uint64_t size_hint);
  // True when the member is new.
  bool Add(const ds::Item& member);
  bool Add(std::string_view member) { return Add(ds::Item::Of(member)); }
  // True when it was there.
  bool Remove(const ds::Item& member);
  bool Remove(std::string_view member) { return Remove(ds::Item::Of(member)); }
  // Turns a finished result of nothing but integers into an integer set if it is small enough
  // (what SINTERSTORE does).
  void CompactIntegers();

  // visit(Item), in storage order. A visitor may return bool: false ends the walk.
  template <class Visit>
  void ForEach(Visit visit) const;
  // One step of SCAN (see ds::Dict::Scan); other encodings are visited whole in one step.
  template <class Visit>
  uint64_t Scan(uint64_t cursor, Visit visit) const;

  // visit(Item) for `count` independent picks. The set is not empty.
  template <class Visit>
  void PickRepeatedly(uint64_t count, Visit visit) const;
  // visit(Item) for min(count, size) distinct random members.
  template <class Visit>
  void PickDistinct(uint64_t count, Visit visit) const;
  // As PickDistinct for count <= size, removing each member after its visit. When few members
  // remain they move to a fresh set, which may be more compact (as in Redis).
  template <class Visit>
  void Pop(uint64_t count, Visit visit);

  // The operations behind FreeValue, CloneValue, ... in value.h.
  static void Free(Encoding encoding, void* data);
  static void* Clone(Encoding encoding, const void* data, const Context& context);
  static uint64_t Size(Encoding encoding, const void* data);
  static uint64_t MemoryBytes(Encoding encoding, const void* data, uint64_t samples);
  bool Validate() const;

 private:
  // Popping more than this times what remains rebuilds the set from what remains.
  static constexpr uint64_t kRebuildFactor = 5;

  ds::IntSet integers() const { return ds::IntSet(value_.data); }
  ds::PackedList list() const { return ds::PackedList(value_.data); }
  MemberTable& table() const { return *static_cast<MemberTable*>(value_.data); }

  bool AddToIntegers(const ds::Item& member);
  bool AddPacked(const ds::Item& member);
  bool AddToTable(const ds::Item& member);
  bool IntegersFitPacked(uint64_t added_bytes) const;
  void ConvertToPacked();
  void ConvertToTable(uint64_t room);
  template <class Visit>
  void PopRandomly(uint64_t count, Visit visit);
  template <class Visit>
  void PopByRebuilding(uint64_t count, Visit visit);

  ValueRef value_;
  const Context& context_;
};

template <class Visit>
void Set::ForEach(Visit visit) const {
  auto go_on = [&visit](const ds::Item& member) {
    if constexpr (std::is_same_v<decltype(visit(member)), bool>) {
      return visit(member);
    } else {
      visit(member);
      return true;
    }
  };
  if (value_.encoding == Encoding::kSetIntset) {
    for (uint32_t i = 0; i < integers().count() && go_on(ds::Item(integers().At(i))); ++i) {
    }
  } else if (value_.encoding == Encoding::kSetListpack) {
    auto members = list();
    for (auto at = members.begin(); at != members.end() && go_on(members.Take(at));) {
    }
  } else {
    table().ForEach([&](MemberNode* node) -> bool { return go_on(ds::Item(node->member())); });
  }
}

template <class Visit>
uint64_t Set::Scan(uint64_t cursor, Visit visit) const {
  if (value_.encoding != Encoding::kSetHashtable) {
    ForEach(visit);
    return 0;
  }
  return table().Scan(cursor, [&](MemberNode* node) { visit(ds::Item(node->member())); });
}

template <class Visit>
void Set::PickRepeatedly(uint64_t count, Visit visit) const {
  base::Prng& prng = *context_.prng;
  std::vector<uint32_t> positions;
  auto members = list();
  if (value_.encoding == Encoding::kSetListpack) {
    positions.reserve(members.count());
    for (auto at = members.begin(); at != members.end(); at = members.Next(at)) {
      positions.push_back(at);
    }
  }
  for (; count > 0; --count) {
    if (value_.encoding == Encoding::kSetIntset) {
      visit(ds::Item(integers().At(static_cast<uint32_t>(prng.Below(integers().count())))));
    } else if (value_.encoding == Encoding::kSetListpack) {
      visit(members.Get(positions[prng.Below(positions.size())]));
    } else {
      visit(ds::Item(table().FairRandom(prng)->member()));
    }
  }
}

template <class Visit>
void Set::PickDistinct(uint64_t count, Visit visit) const {
  if (count >= size()) return ForEach(visit);
  if (value_.encoding == Encoding::kSetHashtable) {
    SampleNodes(table(), count, *context_.prng,
                [&](MemberNode& node) { visit(ds::Item(node.member())); });
    return;
  }
  SelectionSampler sampler(size(), count, *context_.prng);
  ForEach([&](const ds::Item& member) -> bool {
    if (sampler.TakeNext()) visit(member);
    return !sampler.done();
  });
}

template <class Visit>
void Set::Pop(uint64_t count, Visit visit) {
  if ((size() - count) * kRebuildFactor <= count) return PopByRebuilding(count, visit);
  PopRandomly(count, visit);
}

template <class Visit>
void Set::PopRandomly(uint64_t count, Visit visit) {
  base::Prng& prng = *context_.prng;
  if (value_.encoding == Encoding::kSetListpack) {
    auto members = list();
    SelectionSampler sampler(members.count(), count, prng);
    for (auto at = members.begin(); !sampler.done();) {
      if (sampler.TakeNext()) {
        visit(members.Get(at));
        members.Erase(at, 1);
      } else {
        at = members.Next(at);
      }
    }
    return;
  }
  for (; count > 0; --count) {
    if (value_.encoding == Encoding::kSetIntset) {
      auto index = static_cast<uint32_t>(prng.Below(integers().count()));
      visit(ds::Item(integers().At(index)));
      integers().EraseAt(index, 1);
    } else {
      MemberNode* node = table().FairRandom(prng);
      visit(ds::Item(node->member()));
      MemberTraits::Dispose(table().Remove(node->member()));
    }
  }
}

template <class Visit>
void Set::PopByRebuilding(uint64_t count, Visit visit) {
  void* rest_data = nullptr;
  Encoding rest_encoding = Encoding::kSetIntset;
  bool first = true;
  SelectionSampler sampler(size(), size() - count, *context_.prng);
  ForEach([&](const ds::Item& member) {
    if (sampler.done() || !sampler.TakeNext()) return visit(member);
    if (first && !member.is_integer()) rest_encoding = Encoding::kSetListpack;
    first = false;
    Set(ValueRef{rest_data, rest_encoding}, context_).Add(member);
  });
  Free(value_.encoding, value_.data);
  value_.data = rest_data;
  value_.encoding = rest_encoding;
}

}  // namespace kvasm::types
