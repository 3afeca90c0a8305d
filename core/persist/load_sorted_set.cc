#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "core/base/stable_sort.h"
#include "core/persist/compact.h"
#include "core/persist/listpack.h"
#include "core/persist/loading.h"
#include "core/persist/ziplist.h"
#include "core/types/sorted_set.h"

namespace kvasm::persist {
namespace {

using types::Encoding;

constexpr std::string_view kDuplicate = "Duplicate zset members detected";

struct Scored {
  ds::Item member;
  double score;
};

bool InOrder(const Scored& a, const Scored& b) {
  if (a.score != b.score) return a.score < b.score;
  ds::NumberText a_text;
  ds::NumberText b_text;
  return a.member.Text(a_text) < b.member.Text(b_text);
}

void MakeTable(Loading& loading, uint32_t members) {
  loading.Begin(Encoding::kZsetSkiplist);
  static_cast<types::ScoreTable*>(loading.value.data)->by_member.Reserve(members);
}

// The score as the oldest RDB files hold it: a length byte and decimal text, or a byte that says
// all.
double TextScore(Reader& in) {
  constexpr uint8_t kNan = 253;
  constexpr uint8_t kInfinity = 254;
  constexpr uint8_t kNegativeInfinity = 255;
  const uint8_t length = in.Byte();
  if (length == kInfinity) return std::numeric_limits<double>::infinity();
  if (length == kNegativeInfinity) return -std::numeric_limits<double>::infinity();
  if (length == kNan) return std::numeric_limits<double>::quiet_NaN();
  return base::ParseDouble(in.Bytes(length)).value_or(std::numeric_limits<double>::quiet_NaN());
}

// Whether one of the members that follow is too long for a packed list.
bool HasLongMember(const Loading& loading, uint32_t members, bool scores_are_text) {
  Reader in = loading.in;
  StringScratch scratch;
  for (uint32_t i = 0; i < members && in.ok(); ++i) {
    if (!Within(in.String(scratch).size(), loading.limits().zset_max_listpack_value)) return true;
    scores_are_text ? TextScore(in) : in.Double();
  }
  return false;
}

bool LoadMembers(Loading& loading, bool scores_are_text) {
  const uint32_t members = loading.in.Count(scores_are_text ? 2 : 1 + sizeof(double));
  if (!loading.in.ok()) return false;
  if (members == 0) return loading.Empty();
  if (Within(members, loading.limits().zset_max_listpack_entries)) {
    loading.Begin(Encoding::kZsetListpack);
  } else {
    MakeTable(loading, members);
  }
  types::SortedSet zset(loading.value, loading.context);
  for (uint32_t i = 0; i < members; ++i) {
    const std::string_view member = loading.in.String(loading.first);
    const double score = scores_are_text ? TextScore(loading.in) : loading.in.Double();
    if (!loading.in.ok() || !loading.HaveRoom(member.size())) return false;
    if (std::isnan(score)) return loading.Corrupt("Zset with NAN score detected");
    // A packed list knows no -0; if the value does not stay one, nothing may be lost on the way.
    if (score == 0 && std::signbit(score) &&
        HasLongMember(loading, members - i - 1, scores_are_text)) {
      zset.BecomeSkipList();
    }
    if (!zset.Set(member, score)) return loading.Corrupt(kDuplicate);
  }
  return true;
}

std::optional<double> ScoreOf(const ds::Item& item) {
  if (item.is_integer()) return static_cast<double>(item.number());
  return base::ParseDouble(item.bytes());
}

template <class Source>
bool FillTable(Loading& loading, std::string_view block, uint32_t members) {
  MakeTable(loading, members);
  types::SortedSet zset(loading.value, loading.context);
  ds::NumberText scratch;
  for (Source source(block); source.More();) {
    const ds::Item item = source.Take();
    const std::string_view member = item.Text(scratch);
    const std::optional<double> score = ScoreOf(source.Take());
    if (!loading.HaveRoom(member.size())) return false;
    if (!score) return loading.Corrupt();
    if (!zset.Set(member, *score)) return loading.Corrupt(DuplicatesIn<Source>());
  }
  return true;
}

// A compact sorted set stays one if its number of members allows, whatever their lengths: as in
// Redis. It need not be in order, though Redis always writes it so.
template <class Source>
bool LoadCompact(Loading& loading) {
  const std::string_view block = loading.in.String(loading.first);
  const uint32_t count = CheckedCount<Source>(loading, block, 2);
  if (count == 0) return false;
  const bool packed = Within(count / 2, loading.limits().zset_max_listpack_entries) &&
                      FitsPackedList(block.size(), count);
  if (!packed) return FillTable<Source>(loading, block, count / 2);
  if (!AllDistinct<Source>(loading, block, count, 2)) return false;
  if (!loading.HaveRoom(uint64_t{count / 2} * sizeof(Scored) +
                        base::StableSortBytes(count / 2, sizeof(Scored))))
    return false;
  std::vector<Scored> members;
  members.reserve(count / 2);
  for (Source source(block); source.More();) {
    const ds::Item member = source.Take();
    const std::optional<double> score = ScoreOf(source.Take());
    if (!score) return loading.Corrupt();
    members.push_back({member, *score});
  }
  base::StableSort(std::span(members),
                   [](const Scored& a, const Scored& b) { return InOrder(a, b); });
  loading.Begin(Encoding::kZsetListpack);
  ds::PackedList pairs(loading.value.data);
  ds::NumberText scratch;
  for (const Scored& each : members) {
    types::SortedSet::AppendPair(pairs, each.member.Text(scratch), each.score);
  }
  return true;
}

}  // namespace

bool LoadSortedSet(Loading& loading, ValueType type) {
  switch (type) {
    case ValueType::kZsetListpack:
      return LoadCompact<ListpackReader>(loading);
    case ValueType::kZsetZiplist:
      return LoadCompact<ZiplistReader>(loading);
    default:
      return LoadMembers(loading, type == ValueType::kZsetText);
  }
}

}  // namespace kvasm::persist
