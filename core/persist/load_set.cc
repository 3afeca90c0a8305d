#include "core/base/bytes.h"
#include "core/ds/int_set.h"
#include "core/persist/compact.h"
#include "core/persist/listpack.h"
#include "core/persist/loading.h"
#include "core/types/set.h"

namespace kvasm::persist {
namespace {

using types::Encoding;

void MakeTable(Loading& loading, uint32_t members) {
  loading.Begin(Encoding::kSetHashtable);
  static_cast<types::MemberTable*>(loading.value.data)->Reserve(members);
}

bool FitsIntSet(const Loading& loading, uint32_t members) {
  return Within(members, loading.limits().set_max_intset_entries) &&
         members <= ds::IntSet::kCountMax;
}

bool LoadMembers(Loading& loading) {
  const uint32_t members = loading.in.Count(1);
  if (!loading.in.ok()) return false;
  if (members == 0) return loading.Empty();
  // Redis starts as integers and lets the members decide, unless there are too many for that.
  if (FitsIntSet(loading, members)) {
    loading.Begin(Encoding::kSetIntset);
  } else {
    MakeTable(loading, members);
  }
  types::Set set(loading.value, loading.context);
  for (uint32_t i = 0; i < members; ++i) {
    const std::string_view member = loading.in.String(loading.first);
    if (!loading.in.ok() || !loading.HaveRoom(member.size())) return false;
    if (!set.Add(member)) return loading.Corrupt("Duplicate set members detected");
  }
  return true;
}

//   | width u32 | count u32 | value... |   ascending
class IntsetBlock {
 public:
  explicit IntsetBlock(std::string_view block) : block_(block) {}

  bool Validate() const {
    if (block_.size() < kHeaderBytes) return false;
    if (width() != 2 && width() != 4 && width() != 8) return false;
    if (uint64_t{count()} * width() + kHeaderBytes != block_.size() || count() == 0) return false;
    for (uint32_t i = 1; i < count(); ++i) {
      if (At(i - 1) >= At(i)) return false;
    }
    return true;
  }
  uint32_t count() const { return base::Load32(block_.data() + 4); }
  int64_t At(uint32_t index) const {
    const char* at = block_.data() + kHeaderBytes + size_t{index} * width();
    if (width() == 2) return static_cast<int16_t>(base::Load16(at));
    if (width() == 4) return static_cast<int32_t>(base::Load32(at));
    return static_cast<int64_t>(base::Load64(at));
  }

 private:
  static constexpr size_t kHeaderBytes = 8;
  uint32_t width() const { return base::Load32(block_.data()); }

  std::string_view block_;
};

bool LoadIntset(Loading& loading) {
  const std::string_view bytes = loading.in.String(loading.first);
  if (!loading.in.ok()) return false;
  const IntsetBlock block(bytes);
  if (!block.Validate()) return loading.Corrupt();
  const bool compact = FitsIntSet(loading, block.count());
  if (compact && !loading.HaveRoom(uint64_t{2} * bytes.size())) return false;
  if (compact) {
    loading.Begin(Encoding::kSetIntset);
    ds::IntSet integers(loading.value.data);
    for (uint32_t i = 0; i < block.count(); ++i) integers.Insert(block.At(i));
    return true;
  }
  MakeTable(loading, block.count());
  types::Set set(loading.value, loading.context);
  for (uint32_t i = 0; i < block.count(); ++i) {
    if (!loading.HaveRoom(sizeof(int64_t))) return false;
    set.Add(ds::Item(block.At(i)));
  }
  return true;
}

bool LoadListpack(Loading& loading) {
  const std::string_view block = loading.in.String(loading.first);
  const uint32_t count = CheckedCount<ListpackReader>(loading, block, 1);
  if (count == 0) return false;
  const bool packed = Within(count, loading.limits().set_max_listpack_entries) &&
                      FitsPackedList(block.size(), count);
  if (packed) {
    if (!AllDistinct<ListpackReader>(loading, block, count, 1)) return false;
    loading.Begin(Encoding::kSetListpack);
    loading.value.data = PackedFrom<ListpackReader>(block);
    return true;
  }
  MakeTable(loading, count);
  types::Set set(loading.value, loading.context);
  for (ListpackReader source(block); source.More();) {
    const ds::Item member = source.Take();
    if (!loading.HaveRoom(member.TextSize())) return false;
    if (!set.Add(member)) return loading.Corrupt("Duplicate set members detected");
  }
  return true;
}

}  // namespace

bool LoadSet(Loading& loading, ValueType type) {
  switch (type) {
    case ValueType::kSetIntset:
      return LoadIntset(loading);
    case ValueType::kSetListpack:
      return LoadListpack(loading);
    default:
      return LoadMembers(loading);
  }
}

}  // namespace kvasm::persist
