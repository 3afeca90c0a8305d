#include "core/types/sorted_set.h"

#include <cmath>
#include <cstring>

#include "core/base/alloc.h"

namespace kvasm::types {
namespace {

ScoreTable* TableOf(const void* data) { return static_cast<ScoreTable*>(const_cast<void*>(data)); }

// Scores stand in packed lists as integers where they are (as in Redis, -0 becomes 0), else as the
// 4 bytes of a float if it is exact, else as the 8 bytes of the double.
constexpr double kIntegerScoreMax = 4611686018427387904.0;

bool IsIntegerScore(double score) {
  return score >= -kIntegerScoreMax && score <= kIntegerScoreMax &&
         score == static_cast<double>(static_cast<int64_t>(score));
}

// Out-of-range conversion is undefined, so ask first.
bool IsFloatScore(double score) {
  constexpr double kFloatMax = 3.4028234663852886e38;
  if (std::isinf(score)) return true;
  return std::fabs(score) <= kFloatMax && static_cast<double>(static_cast<float>(score)) == score;
}

template <class Store>
auto StoreScore(double score, Store store) {
  char bytes[8];
  if (IsFloatScore(score)) {
    auto narrow = static_cast<float>(score);
    std::memcpy(bytes, &narrow, sizeof(narrow));
    return store(std::string_view(bytes, sizeof(narrow)));
  }
  std::memcpy(bytes, &score, sizeof(score));
  return store(std::string_view(bytes, sizeof(score)));
}

}  // namespace

bool LexRange::Below(std::string_view member) const {
  switch (min.kind) {
    case LexBound::Kind::kLowest:
      return false;
    case LexBound::Kind::kHighest:
      return true;
    case LexBound::Kind::kIncluded:
      return member < min.text;
    default:
      return member <= min.text;
  }
}

bool LexRange::NotAbove(std::string_view member) const {
  switch (max.kind) {
    case LexBound::Kind::kLowest:
      return false;
    case LexBound::Kind::kHighest:
      return true;
    case LexBound::Kind::kIncluded:
      return member <= max.text;
    default:
      return member < max.text;
  }
}

bool LexRange::empty() const {
  using Kind = LexBound::Kind;
  if (min.kind == Kind::kHighest || max.kind == Kind::kLowest) return true;
  if (min.kind == Kind::kLowest || max.kind == Kind::kHighest) return false;
  bool touching = min.kind == Kind::kIncluded && max.kind == Kind::kIncluded;
  return touching ? min.text > max.text : min.text >= max.text;
}

SortedSet::SortedSet(ValueRef value, const Context& context) : value_(value), context_(context) {
  if (value.data == nullptr && !packed()) value.data = new ScoreTable(context.seed);
}

Encoding SortedSet::InitialEncoding(uint64_t size_hint, uint64_t member_bytes_max,
                                    const Limits& limits) {
  bool fits = static_cast<int64_t>(size_hint) <= limits.zset_max_listpack_entries &&
              static_cast<int64_t>(member_bytes_max) <= limits.zset_max_listpack_value;
  return fits ? Encoding::kZsetListpack : Encoding::kZsetSkiplist;
}

uint32_t SortedSet::size() const { return packed() ? list().count() / 2 : table().ordered.size(); }

double SortedSet::TakeScore(const ds::PackedList& pairs, uint32_t& at) {
  ds::Item item = pairs.Take(at);
  if (item.is_integer()) return static_cast<double>(item.number());
  if (item.bytes().size() == sizeof(float)) {
    float score;
    std::memcpy(&score, item.bytes().data(), sizeof(score));
    return score;
  }
  double score;
  std::memcpy(&score, item.bytes().data(), sizeof(score));
  return score;
}

void SortedSet::InsertPair(ds::PackedList& pairs, uint32_t at, std::string_view member,
                           double score) {
  at = pairs.Insert(at, member);
  if (IsIntegerScore(score)) {
    pairs.Insert(at, ds::Item(static_cast<int64_t>(score)));
  } else {
    StoreScore(score, [&](std::string_view bytes) { return pairs.InsertBytes(at, bytes); });
  }
}

std::optional<double> SortedSet::Score(std::string_view member) const {
  if (!packed()) {
    const ds::ScoreNode* node = table().by_member.Find(member);
    if (node == nullptr) return std::nullopt;
    return node->score;
  }
  auto pairs = list();
  auto at = pairs.Find(member, pairs.begin(), 2);
  if (at == pairs.end()) return std::nullopt;
  at = pairs.Next(at);
  return TakeScore(pairs, at);
}

std::optional<uint32_t> SortedSet::Rank(std::string_view member, double* score) const {
  if (!packed()) {
    const ds::ScoreNode* node = table().by_member.Find(member);
    if (node == nullptr) return std::nullopt;
    if (score != nullptr) *score = node->score;
    return table().ordered.Rank(node);
  }
  auto pairs = list();
  auto found = pairs.Find(member, pairs.begin(), 2);
  if (found == pairs.end()) return std::nullopt;
  uint32_t rank = 0;
  for (auto at = pairs.begin(); at != found; at = pairs.Skip(at, 2)) ++rank;
  found = pairs.Next(found);
  if (score != nullptr) *score = TakeScore(pairs, found);
  return rank;
}

void SortedSet::Prepare(uint64_t size_hint) {
  if (packed() && static_cast<int64_t>(size_hint) > context_.limits->zset_max_listpack_entries) {
    ConvertToTable(size_hint);
  }
}

AddOutcome SortedSet::Add(std::string_view member, double score, AddOptions options,
                          double* result) {
  if (std::isnan(score)) return AddOutcome::kNotANumber;
  std::optional<double> old = Score(member);
  if (!old) {
    if (options.only_existing) return AddOutcome::kRefused;
    InsertNew(member, score);
    *result = score;
    return AddOutcome::kAdded;
  }
  if (options.only_new) return AddOutcome::kRefused;
  if (options.increment) {
    score += *old;
    if (std::isnan(score)) return AddOutcome::kNotANumber;
  }
  if ((options.only_less && score >= *old) || (options.only_greater && score <= *old)) {
    return AddOutcome::kRefused;
  }
  *result = score;
  if (score == *old) return AddOutcome::kUnchanged;
  Set(member, score);
  return AddOutcome::kUpdated;
}

bool SortedSet::Set(std::string_view member, double score) {
  if (!packed()) {
    ds::ScoreNode* node = table().by_member.Find(member);
    if (node == nullptr) {
      InsertNew(member, score);
      return true;
    }
    table().ordered.UpdateScore(node, score);
    return false;
  }
  auto pairs = list();
  auto at = pairs.Find(member, pairs.begin(), 2);
  if (at == pairs.end()) {
    InsertNew(member, score);
    return true;
  }
  pairs.Erase(at, 2);
  InsertPacked(member, score);
  return false;
}

void SortedSet::InsertNew(std::string_view member, double score) {
  if (packed()) {
    const Limits& limits = *context_.limits;
    bool fits = int64_t{size()} + 1 <= limits.zset_max_listpack_entries &&
                static_cast<int64_t>(member.size()) <= limits.zset_max_listpack_value &&
                list().FitsAdding(uint64_t{member.size()} + sizeof(double));
    if (fits) return InsertPacked(member, score);
    ConvertToTable(uint64_t{size()} + 1);
  }
  InsertInTable(member, score);
}

void SortedSet::InsertPacked(std::string_view member, double score) {
  auto pairs = list();
  ds::NumberText scratch;
  auto at = pairs.begin();
  while (at != pairs.end()) {
    auto behind = at;
    ds::Item other = pairs.Take(behind);
    double other_score = TakeScore(pairs, behind);
    if (other_score > score || (other_score == score && other.Text(scratch) > member)) break;
    at = behind;
  }
  InsertPair(pairs, at, member, score);
}

void SortedSet::InsertInTable(std::string_view member, double score) {
  ds::ScoreNode* node = ds::SkipList::NewNode(score, member, *context_.prng);
  table().by_member.Insert(node);
  table().ordered.Insert(node);
}

bool SortedSet::Remove(std::string_view member) {
  if (!packed()) {
    ds::ScoreNode* node = table().by_member.Remove(member);
    if (node == nullptr) return false;
    table().ordered.Remove(node);
    ds::SkipList::FreeNode(node);
    return true;
  }
  auto pairs = list();
  auto at = pairs.Find(member, pairs.begin(), 2);
  if (at == pairs.end()) return false;
  pairs.Erase(at, 2);
  return true;
}

void SortedSet::ConvertToTable(uint64_t room) {
  auto* scores = new ScoreTable(context_.seed);
  scores->by_member.Reserve(static_cast<uint32_t>(std::max<uint64_t>(room, size())));
  ForEach(All(), false, [&](std::string_view member, double score) {
    ds::ScoreNode* node = ds::SkipList::NewNode(score, member, *context_.prng);
    scores->by_member.Insert(node);
    scores->ordered.Insert(node);
  });
  list().Clear();
  value_.data = scores;
  value_.encoding = Encoding::kZsetSkiplist;
}

void SortedSet::CompactIfSmall() {
  const Limits& limits = *context_.limits;
  if (packed() || int64_t{size()} > limits.zset_max_listpack_entries) return;
  uint64_t longest = 0;
  uint64_t total = 0;
  ForEach(All(), false, [&](std::string_view member, double) {
    longest = std::max<uint64_t>(longest, member.size());
    total += member.size() + sizeof(double) + 16;
  });
  if (static_cast<int64_t>(longest) > limits.zset_max_listpack_value) return;
  void* block = nullptr;
  ds::PackedList pairs(block);
  if (!pairs.FitsAdding(total)) return;
  ForEach(All(), false, [&](std::string_view member, double score) {
    InsertPair(pairs, pairs.end(), member, score);
  });
  delete TableOf(value_.data);
  value_.data = block;
  value_.encoding = Encoding::kZsetListpack;
}

template <class Before>
uint32_t SortedSet::CountLeadingPairs(Before before) const {
  auto pairs = list();
  ds::NumberText scratch;
  uint32_t count = 0;
  for (auto at = pairs.begin(); at != pairs.end(); ++count) {
    std::string_view member = pairs.Take(at).Text(scratch);
    if (!before(member, TakeScore(pairs, at))) break;
  }
  return count;
}

RankRun SortedSet::ByScore(const ScoreRange& range) const {
  uint32_t first;
  uint32_t behind;
  if (packed()) {
    first = CountLeadingPairs([&](std::string_view, double score) { return range.Below(score); });
    behind =
        CountLeadingPairs([&](std::string_view, double score) { return range.NotAbove(score); });
  } else {
    first = table().ordered.CountLeading(
        [&](const ds::ScoreNode& node) { return range.Below(node.score); });
    behind = table().ordered.CountLeading(
        [&](const ds::ScoreNode& node) { return range.NotAbove(node.score); });
  }
  return {first, behind > first ? behind - first : 0};
}

RankRun SortedSet::ByLex(const LexRange& range, bool backwards) const {
  if (range.empty()) return {};
  if (packed()) return PackedByLex(range, backwards);
  const ds::SkipList& ordered = table().ordered;
  if (ordered.size() == 0 || range.Below(ordered.last()->member()) ||
      !range.NotAbove(ordered.first()->member())) {
    return {};
  }
  const uint32_t first =
      ordered.CountLeading([&](const ds::ScoreNode& node) { return range.Below(node.member()); });
  const uint32_t behind = ordered.CountLeading(
      [&](const ds::ScoreNode& node) { return range.NotAbove(node.member()); });
  return {first, behind > first ? behind - first : 0};
}

RankRun SortedSet::PackedByLex(const LexRange& range, bool backwards) const {
  RankRun run;          // the one asked for, so far
  uint32_t rank = 0;    // of the member at hand
  uint32_t inside = 0;  // first rank of the stretch of members not below that ends here
  bool closed = false;  // forwards: the run has ended
  bool found = false;   // forwards: the run has begun
  bool first_fits = false;
  bool last_fits = false;
  ForEach(All(), false, [&](std::string_view member, double) {
    const bool below = range.Below(member);
    const bool not_above = range.NotAbove(member);
    if (rank == 0) first_fits = not_above;
    last_fits = !below;
    if (below) inside = rank + 1;
    if (backwards && not_above) run = {inside, rank + 1 - inside};
    if (!backwards && !found && !below) {
      found = true;
      run.first = rank;
    }
    closed = closed || (found && !not_above);
    if (!backwards && found && !closed) ++run.count;
    ++rank;
  });
  return first_fits && last_fits ? run : RankRun{};
}

std::vector<uint32_t> SortedSet::Positions(RankRun run) const {
  auto pairs = list();
  std::vector<uint32_t> positions;
  positions.reserve(run.count);
  auto at = pairs.At(run.first * 2);
  for (uint32_t i = 0; i < run.count; ++i, at = pairs.Skip(at, 2)) positions.push_back(at);
  return positions;
}

void SortedSet::RemoveRun(RankRun run) {
  if (run.count == 0) return;
  if (packed()) {
    auto pairs = list();
    return pairs.Erase(pairs.At(run.first * 2), run.count * 2);
  }
  auto& by_member = table().by_member;
  table().ordered.RemoveRange(run.first, run.count, [&](ds::ScoreNode* node) {
    by_member.Remove(node->member());
    ds::SkipList::FreeNode(node);
  });
}

void SortedSet::Free(Encoding encoding, void* data) {
  if (encoding == Encoding::kZsetListpack) {
    base::Free(data);
  } else {
    delete TableOf(data);
  }
}

void* SortedSet::Clone(Encoding encoding, const void* data, const Context& context) {
  void* block = const_cast<void*>(data);
  if (encoding == Encoding::kZsetListpack) return ds::PackedList(block).Clone();
  ScoreTable& from = *TableOf(data);
  auto* copy = new ScoreTable(context.seed);
  copy->by_member.Reserve(from.ordered.size());
  for (const auto* node = from.ordered.first(); node != nullptr; node = node->forward()) {
    ds::ScoreNode* twin = ds::SkipList::NewNode(node->score, node->member(), *context.prng);
    copy->by_member.Insert(twin);
    copy->ordered.Insert(twin);
  }
  return copy;
}

uint64_t SortedSet::Size(Encoding encoding, const void* data) {
  void* block = const_cast<void*>(data);
  return encoding == Encoding::kZsetListpack ? ds::PackedList(block).count() / 2
                                             : TableOf(data)->ordered.size();
}

uint64_t SortedSet::MemoryBytes(Encoding encoding, const void* data, uint64_t samples) {
  void* block = const_cast<void*>(data);
  if (encoding == Encoding::kZsetListpack) return ds::PackedList(block).MemoryBytes();
  auto& nodes = TableOf(data)->by_member;
  return sizeof(ScoreTable) + nodes.MemoryBytes() + SampledNodeBytes(nodes, samples);
}

bool SortedSet::Validate() const {
  if (!packed()) {
    uint32_t seen = 0;
    bool found_all = true;
    for (auto* node = table().ordered.first(); node != nullptr; node = node->forward()) {
      ++seen;
      found_all = found_all && table().by_member.Find(node->member()) == node;
    }
    return found_all && seen == table().by_member.size() && table().ordered.Validate();
  }
  auto pairs = list();
  if (!pairs.Validate() || pairs.count() % 2 != 0) return false;
  ds::NumberText scratches[2];
  std::string_view previous;
  double previous_score = 0;
  uint32_t index = 0;
  for (auto at = pairs.begin(); at != pairs.end(); ++index) {
    auto start = at;
    std::string_view member = pairs.Take(at).Text(scratches[index % 2]);
    double score = TakeScore(pairs, at);
    if (pairs.Find(member, pairs.begin(), 2) != start) return false;
    bool ordered = previous_score < score || (previous_score == score && previous < member);
    if (index > 0 && !ordered) return false;
    previous = member;
    previous_score = score;
  }
  return true;
}

}  // namespace kvasm::types
