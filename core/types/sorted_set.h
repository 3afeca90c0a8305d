// A sorted set: members with scores, in one packed list while it is small, in a skip list whose
// nodes are also hash table nodes later. Encodings and the moments they change are those of Redis
// 7.2 (OBJECT ENCODING).
//
// Every range (by rank, score or member) is turned into a run of ranks first; reading, counting
// and removing then work on runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/ds/dict.h"
#include "core/ds/item.h"
#include "core/ds/packed_list.h"
#include "core/ds/skip_list.h"
#include "core/types/sampling.h"
#include "core/types/value.h"

namespace kvasm::types {

struct ScoreTraits {
  static ds::ScoreNode*& Next(ds::ScoreNode& node) { return node.next_in_bucket; }
  static std::string_view Key(const ds::ScoreNode& node) { return node.member(); }
  static void Dispose(ds::ScoreNode* node) { ds::SkipList::FreeNode(node); }
};

// What a skip list encoded sorted set owns: the same nodes by member and in order.
struct ScoreTable {
  explicit ScoreTable(const base::HashSeed* seed) : by_member(seed) {}

  ds::Dict<ds::ScoreNode, ScoreTraits> by_member;  // owns the nodes
  ds::SkipList ordered;
};

struct ScoreRange {
  double min;
  double max;
  bool min_excluded = false;
  bool max_excluded = false;

  bool Below(double score) const { return min_excluded ? score <= min : score < min; }
  bool NotAbove(double score) const { return max_excluded ? score < max : score <= max; }
};

// One end of a range of members: "-", "+", "[text" or "(text".
struct LexBound {
  enum class Kind : uint8_t { kLowest, kHighest, kIncluded, kExcluded };
  Kind kind;
  std::string_view text{};
};

struct LexRange {
  LexBound min;
  LexBound max;

  bool Below(std::string_view member) const;
  bool NotAbove(std::string_view member) const;
  bool empty() const;
};

// `count` members from `first` on, by rank (0 = lowest score).
struct RankRun {
  uint32_t first = 0;
  uint32_t count = 0;
};

// The flags and outcomes of ZADD.
struct AddOptions {
  bool only_new = false;       // NX
  bool only_existing = false;  // XX
  bool only_greater = false;   // GT
  bool only_less = false;      // LT
  bool increment = false;      // INCR
};
enum class AddOutcome : uint8_t { kAdded, kUpdated, kUnchanged, kRefused, kNotANumber };

// A handle over a value; owns nothing. Null data is the empty set in either encoding. Members
// handed out as text are views valid until the next change (or, for packed integers, until the
// visitor returns). Scores are never NaN. Costs: O(n) packed (small by the limits), O(log n) as a
// skip list plus what is visited.
class SortedSet {
 public:
  SortedSet(ValueRef value, const Context& context);

  // How a new sorted set starts that will get about `size_hint` members of at most
  // `member_bytes_max` bytes.
  static Encoding InitialEncoding(uint64_t size_hint, uint64_t member_bytes_max,
                                  const Limits& limits);

  uint32_t size() const;
  bool empty() const { return size() == 0; }
  std::optional<double> Score(std::string_view member) const;
  std::optional<uint32_t> Rank(std::string_view member, double* score = nullptr) const;

  // Turns into a skip list early when about `size_hint` members are to be added.
  void Prepare(uint64_t size_hint);
  // Turns into a skip list whatever the limits say (what SORT does to the set it reads).
  void BecomeSkipList() {
    if (packed()) ConvertToTable(size());
  }
  // ZADD of one member. `*result` gets the score it has afterwards (unless refused or NaN).
  AddOutcome Add(std::string_view member, double score, AddOptions options, double* result);
  // Sets the score, whatever it was. True when the member is new.
  bool Set(std::string_view member, double score);
  bool Remove(std::string_view member);
  // Turns a finished result back into a packed list if it is small enough (what the *STORE
  // commands do).
  void CompactIfSmall();

  RankRun All() const { return {0, size()}; }
  RankRun ByScore(const ScoreRange& range) const;
  // Meant for members of one score. Of others, as in Redis, the run that begins at the first member
  // not below the range (`backwards`: that ends at the last one not above it).
  RankRun ByLex(const LexRange& range, bool backwards = false) const;

  // visit(std::string_view member, double score) in order, or backwards. The run lies inside. A
  // visitor may return bool: false ends the walk.
  template <class Visit>
  void ForEach(RankRun run, bool backwards, Visit visit) const;
  void RemoveRun(RankRun run);

  // One step of SCAN (see ds::Dict::Scan); a packed set is visited whole in one step.
  template <class Visit>
  uint64_t Scan(uint64_t cursor, Visit visit) const;
  // visit(member, score) for `count` independent picks. The set is not empty.
  template <class Visit>
  void PickRepeatedly(uint64_t count, Visit visit) const;
  // visit(member, score) for min(count, size) distinct random members.
  template <class Visit>
  void PickDistinct(uint64_t count, Visit visit) const;

  // Adds a pair behind all others of a packed list in which it is the last by order.
  static void AppendPair(ds::PackedList& pairs, std::string_view member, double score) {
    InsertPair(pairs, pairs.end(), member, score);
  }

  // The operations behind FreeValue, CloneValue, ... in value.h.
  static void Free(Encoding encoding, void* data);
  static void* Clone(Encoding encoding, const void* data, const Context& context);
  static uint64_t Size(Encoding encoding, const void* data);
  static uint64_t MemoryBytes(Encoding encoding, const void* data, uint64_t samples);
  bool Validate() const;

 private:
  bool packed() const { return value_.encoding == Encoding::kZsetListpack; }
  ds::PackedList list() const { return ds::PackedList(value_.data); }
  ScoreTable& table() const { return *static_cast<ScoreTable*>(value_.data); }

  static double TakeScore(const ds::PackedList& pairs, uint32_t& at);
  static void InsertPair(ds::PackedList& pairs, uint32_t at, std::string_view member, double score);
  // Packed: the number of leading pairs for which before(member, score) holds.
  template <class Before>
  uint32_t CountLeadingPairs(Before before) const;
  RankRun PackedByLex(const LexRange& range, bool backwards) const;
  // Calls visit; whether to go on.
  template <class Visit>
  static bool Tell(Visit& visit, std::string_view member, double score) {
    if constexpr (std::is_same_v<decltype(visit(member, score)), bool>) {
      return visit(member, score);
    } else {
      visit(member, score);
      return true;
    }
  }
  template <class Visit>
  bool VisitPackedAt(uint32_t position, Visit& visit) const;
  std::vector<uint32_t> Positions(RankRun run) const;
  void InsertNew(std::string_view member, double score);
  void InsertPacked(std::string_view member, double score);
  void InsertInTable(std::string_view member, double score);
  void ConvertToTable(uint64_t room);

  ValueRef value_;
  const Context& context_;
};

template <class Visit>
bool SortedSet::VisitPackedAt(uint32_t position, Visit& visit) const {
  auto pairs = list();
  ds::NumberText scratch;
  std::string_view member = pairs.Take(position).Text(scratch);
  return Tell(visit, member, TakeScore(pairs, position));
}

template <class Visit>
void SortedSet::ForEach(RankRun run, bool backwards, Visit visit) const {
  if (run.count == 0) return;
  if (packed()) {
    if (backwards) {
      std::vector<uint32_t> positions = Positions(run);
      for (auto at = positions.rbegin(); at != positions.rend(); ++at) {
        if (!VisitPackedAt(*at, visit)) return;
      }
      return;
    }
    auto pairs = list();
    ds::NumberText scratch;
    auto at = pairs.At(run.first * 2);
    for (uint32_t i = 0; i < run.count; ++i) {
      std::string_view member = pairs.Take(at).Text(scratch);
      if (!Tell(visit, member, TakeScore(pairs, at))) return;
    }
    return;
  }
  uint32_t start = backwards ? run.first + run.count - 1 : run.first;
  const ds::ScoreNode* node = table().ordered.At(start);
  for (uint32_t i = 0; i < run.count; ++i) {
    if (!Tell(visit, node->member(), node->score)) return;
    node = backwards ? node->backward : node->forward();
  }
}

template <class Visit>
uint64_t SortedSet::Scan(uint64_t cursor, Visit visit) const {
  if (packed()) {
    ForEach(All(), false, visit);
    return 0;
  }
  return table().by_member.Scan(cursor,
                                [&](ds::ScoreNode* node) { visit(node->member(), node->score); });
}

template <class Visit>
void SortedSet::PickRepeatedly(uint64_t count, Visit visit) const {
  base::Prng& prng = *context_.prng;
  if (packed()) {
    std::vector<uint32_t> positions = Positions(All());
    for (; count > 0; --count) VisitPackedAt(positions[prng.Below(positions.size())], visit);
    return;
  }
  for (; count > 0; --count) {
    const ds::ScoreNode* node =
        table().ordered.At(static_cast<uint32_t>(prng.Below(table().ordered.size())));
    visit(node->member(), node->score);
  }
}

template <class Visit>
void SortedSet::PickDistinct(uint64_t count, Visit visit) const {
  if (count >= size()) return ForEach(All(), false, visit);
  if (!packed()) {
    SampleNodes(table().by_member, count, *context_.prng,
                [&](ds::ScoreNode& node) { visit(node.member(), node.score); });
    return;
  }
  SelectionSampler sampler(size(), count, *context_.prng);
  ForEach(All(), false, [&](std::string_view member, double score) {
    if (!sampler.done() && sampler.TakeNext()) visit(member, score);
  });
}

}  // namespace kvasm::types
