// Union, intersection and difference of sorted sets; plain sets take part with score 1.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/stable_sort.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/zsets_shared.h"
#include "core/types/set.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using ds::Item;
using keyspace::Entry;
using types::SortedSet;
using types::Type;

enum class Operation : uint8_t { kUnion, kIntersection, kDifference, kCount };
enum class Aggregate : uint8_t { kSum, kMin, kMax };

// One input: a set or sorted set, or nothing.
struct Source {
  Entry* entry = nullptr;
  double weight = 1;

  uint64_t size() const {
    return entry == nullptr ? 0 : types::ValueSize(entry->encoding, entry->data);
  }

  // The member's score, null if it is not there.
  std::optional<double> Find(Call& call, std::string_view member) const {
    if (entry == nullptr) return std::nullopt;
    if (entry->type() == Type::kZset) {
      return SortedSet(entry->value(), call.context()).Score(member);
    }
    if (!types::Set(entry->value(), call.context()).Contains(member)) return std::nullopt;
    return 1.0;
  }

  // visit(std::string_view member, double score), unweighted. A visitor may return bool: false ends
  // the walk.
  template <class Visit>
  void ForEach(Call& call, Visit visit) const {
    if (entry == nullptr) return;
    if (entry->type() == Type::kZset) {
      const SortedSet zset(entry->value(), call.context());
      return zset.ForEach(zset.All(), false, visit);
    }
    types::Set(entry->value(), call.context()).ForEach([&](const Item& item) {
      ds::NumberText scratch;
      return visit(item.Text(scratch), 1.0);
    });
  }
};

struct Query {
  Operation operation;
  std::vector<Source> sources;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;
  int64_t limit = 0;  // 0: none

  double Weighted(const Source& source, double score) const {
    const double weighted = source.weight * score;
    return std::isnan(weighted) ? 0 : weighted;
  }
  double Join(double a, double b) const {
    if (aggregate == Aggregate::kMin) return std::min(a, b);
    if (aggregate == Aggregate::kMax) return std::max(a, b);
    const double sum = a + b;
    return std::isnan(sum) ? 0 : sum;
  }
};

// --- reading the arguments ---

void ReadWeights(Arguments& in, Query* query) {
  for (Source& source : query->sources) source.weight = in.Double(errors::kWeightNotFloat);
}

void ReadAggregate(Arguments& in, Query* query) {
  if (in.Take("SUM")) {
    query->aggregate = Aggregate::kSum;
  } else if (in.Take("MIN")) {
    query->aggregate = Aggregate::kMin;
  } else if (in.Take("MAX")) {
    query->aggregate = Aggregate::kMax;
  } else {
    in.Fail(errors::kSyntax);
  }
}

void ReadOptions(Arguments& in, bool store, Query* query) {
  const bool scored =
      query->operation == Operation::kUnion || query->operation == Operation::kIntersection;
  const bool counting = query->operation == Operation::kCount;
  while (in.More()) {
    if (scored && in.left() > query->sources.size() && in.Take("WEIGHTS")) {
      ReadWeights(in, query);
    } else if (scored && in.TakeWithValue("AGGREGATE")) {
      ReadAggregate(in, query);
    } else if (!store && !counting && in.Take("WITHSCORES")) {
      query->with_scores = true;
    } else if (counting && in.TakeWithValue("LIMIT")) {
      query->limit = ReadAtLeast(in, 0, errors::kLimitNegative);
    } else {
      in.Fail(errors::kSyntax);
    }
  }
}

// Reads the number of keys at argument `from`, the keys and the options. False after an error.
bool ReadQuery(Call& call, size_t from, bool store, Query* query) {
  Arguments in(call, from);
  const int64_t count = in.Int();
  if (in.ok() && count < 1) in.Fail(errors::NeedsInputKey(call.spec.name));
  if (in.ok() && static_cast<uint64_t>(count) > in.left()) in.Fail(errors::kSyntax);
  if (!in.ok()) return false;
  for (int64_t i = 0; i < count; ++i) {
    Entry* entry = call.keyspace.Find(call.db, in.Next());
    if (entry != nullptr && entry->type() != Type::kZset && entry->type() != Type::kSet) {
      call.WrongType();
      return false;
    }
    query->sources.push_back({.entry = entry});
  }
  ReadOptions(in, store, query);
  return in.ok();
}

// Whether memory can hold the largest result the operation may have; replies the error if not.
// Members of plain sets gain a score and a place in the order.
bool HaveRoomForResult(Call& call, const Query& query) {
  uint64_t sum = 0;
  uint64_t least = UINT64_MAX;
  for (const Source& source : query.sources) {
    const bool plain = source.entry != nullptr && source.entry->type() == Type::kSet;
    const auto precision =
        query.operation == Operation::kUnion ? Precision::kCounted : Precision::kSampled;
    const uint64_t bytes = ValueBytes(source.entry, precision) * (plain ? 2 : 1);
    sum += bytes;
    least = std::min(least, bytes);
  }
  if (query.operation == Operation::kUnion) return call.HaveRoom(sum);
  return call.HaveRoom(query.operation == Operation::kDifference
                           ? ValueBytes(query.sources.front().entry, Precision::kCounted) * 2
                           : least);
}

// --- the operations ---

void SortBySize(Query& query) {
  base::StableSort(std::span(query.sources),
                   [](const Source& a, const Source& b) { return a.size() < b.size(); });
}

// visit(member, score) for every member of all sources; false ends the walk.
template <class Visit>
void Intersect(Call& call, Query& query, Visit visit) {
  SortBySize(query);
  const Source& smallest = query.sources.front();
  smallest.ForEach(call, [&](std::string_view member, double raw_score) -> bool {
    double score = query.Weighted(smallest, raw_score);
    for (size_t i = 1; i < query.sources.size(); ++i) {
      const Source& other = query.sources[i];
      const auto found = other.entry == smallest.entry ? raw_score : other.Find(call, member);
      if (!found) return true;
      // As in Redis, 0 * inf becomes 0 only after it was joined.
      score = query.Join(score, other.weight * *found);
    }
    return visit(member, score);
  });
}

void Unite(Call& call, Query& query, SortedSet target) {
  SortBySize(query);
  for (const Source& source : query.sources) {
    source.ForEach(call, [&](std::string_view member, double raw_score) {
      const double score = query.Weighted(source, raw_score);
      const auto known = target.Score(member);
      const double joined = known ? query.Join(*known, score) : score;
      // Set keeps a -0 that 0 is assigned to, as ZADD does; a sum of -0 and 0 is 0.
      if (known && joined == 0) target.Remove(member);
      target.Set(member, joined);
    });
  }
}

void Subtract(Call& call, const Query& query, SortedSet target) {
  const auto others = std::span(query.sources).subspan(1);
  const Source& first = query.sources.front();
  for (const Source& other : others) {
    if (other.entry != nullptr && other.entry == first.entry) return;
  }
  first.ForEach(call, [&](std::string_view member, double score) {
    for (const Source& other : others) {
      if (other.Find(call, member)) return;
    }
    target.Set(member, score);
  });
}

void Compute(Call& call, Query& query, SortedSet target) {
  if (query.operation == Operation::kUnion) return Unite(call, query, target);
  if (query.operation == Operation::kDifference) return Subtract(call, query, target);
  Intersect(call, query, [&](std::string_view member, double score) {
    target.Set(member, score);
    return true;
  });
}

void ReplyResult(Call& call, Operation operation) {
  Query query{.operation = operation};
  if (!ReadQuery(call, 1, false, &query) || !HaveRoomForResult(call, query)) return;
  SortedSetResult result(types::Encoding::kZsetSkiplist, call.context());
  SortedSet zset = result.zset();
  Compute(call, query, zset);
  ReplyMembers(call.reply, zset.size(), query.with_scores,
               [&](auto emit) { zset.ForEach(zset.All(), false, emit); });
}

void StoreResult(Call& call, Operation operation, std::string_view event) {
  Query query{.operation = operation};
  if (!ReadQuery(call, 2, true, &query) || !HaveRoomForResult(call, query)) return;
  SortedSetResult result(types::Encoding::kZsetSkiplist, call.context());
  Compute(call, query, result.zset());
  result.zset().CompactIfSmall();
  result.Store(call, call.arg(1), event);
}

void Zunion(Call& call) { ReplyResult(call, Operation::kUnion); }
void Zinter(Call& call) { ReplyResult(call, Operation::kIntersection); }
void Zdiff(Call& call) { ReplyResult(call, Operation::kDifference); }
void Zunionstore(Call& call) { StoreResult(call, Operation::kUnion, "zunionstore"); }
void Zinterstore(Call& call) { StoreResult(call, Operation::kIntersection, "zinterstore"); }
void Zdiffstore(Call& call) { StoreResult(call, Operation::kDifference, "zdiffstore"); }

void Zintercard(Call& call) {
  Query query{.operation = Operation::kCount};
  if (!ReadQuery(call, 1, false, &query)) return;
  int64_t size = 0;
  Intersect(call, query, [&](std::string_view, double) { return ++size != query.limit; });
  call.reply.Integer(size);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "zdiff",
     .handler = &Zdiff,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kReadonly | kVariableKeys,
     .categories = kCatSortedSet,
     .since = "6.2.0",
     .keys = {{CountedKeys(kRo | kAccess, 1, 0, 1)}},
     .syntax = "numkeys:integer key:key... [WITHSCORES]",
     .complexity = "O(N*log N) in the members of all sets",
     .summary = "Returns what the first sorted set has and no other."},
    {.name = "zdiffstore",
     .handler = &Zdiffstore,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kWrite | kDenyOom | kVariableKeys,
     .categories = kCatSortedSet,
     .since = "6.2.0",
     .keys = {{Keys(kOw | kUpdate, 1), CountedKeys(kRo | kAccess, 2, 0, 1)}},
     .syntax = "destination:key numkeys:integer key:key...",
     .complexity = "O(N*log N) in the members of all sets",
     .summary = "Stores what the first sorted set has and no other."},
    {.name = "zinter",
     .handler = &Zinter,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kReadonly | kVariableKeys,
     .categories = kCatSortedSet,
     .since = "6.2.0",
     .keys = {{CountedKeys(kRo | kAccess, 1, 0, 1)}},
     .syntax = "numkeys:integer key:key... [WEIGHTS weight:integer...] [AGGREGATE <aggregate SUM | "
               "MIN | MAX>] [WITHSCORES]",
     .complexity = "O(N*K + M*log M), N the size of the smallest of K sets, M that of the result",
     .summary = "Returns what all sorted sets have in common."},
    {.name = "zintercard",
     .handler = &Zintercard,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kReadonly | kVariableKeys,
     .categories = kCatSortedSet,
     .since = "7.0.0",
     .keys = {{CountedKeys(kRo | kAccess, 1, 0, 1)}},
     .syntax = "numkeys:integer key:key... [LIMIT limit:integer]",
     .complexity = "O(N*K), N the size of the smallest of K sets",
     .summary = "Counts what all sorted sets have in common."},
    {.name = "zinterstore",
     .handler = &Zinterstore,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kWrite | kDenyOom | kVariableKeys,
     .categories = kCatSortedSet,
     .since = "2.0.0",
     .keys = {{Keys(kOw | kUpdate, 1), CountedKeys(kRo | kAccess, 2, 0, 1)}},
     .syntax = "destination:key numkeys:integer key:key... [WEIGHTS weight:integer...] [AGGREGATE "
               "<aggregate SUM | MIN | MAX>]",
     .complexity = "O(N*K + M*log M), N the size of the smallest of K sets, M that of the result",
     .summary = "Stores what all sorted sets have in common."},
    {.name = "zunion",
     .handler = &Zunion,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kReadonly | kVariableKeys,
     .categories = kCatSortedSet,
     .since = "6.2.0",
     .keys = {{CountedKeys(kRo | kAccess, 1, 0, 1)}},
     .syntax = "numkeys:integer key:key... [WEIGHTS weight:integer...] [AGGREGATE <aggregate SUM | "
               "MIN | MAX>] [WITHSCORES]",
     .complexity = "O(N + M*log M), N the members of all sets, M the size of the result",
     .summary = "Returns what any of the sorted sets has."},
    {.name = "zunionstore",
     .handler = &Zunionstore,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kWrite | kDenyOom | kVariableKeys,
     .categories = kCatSortedSet,
     .since = "2.0.0",
     .keys = {{Keys(kOw | kUpdate, 1), CountedKeys(kRo | kAccess, 2, 0, 1)}},
     .syntax = "destination:key numkeys:integer key:key... [WEIGHTS weight:integer...] [AGGREGATE "
               "<aggregate SUM | MIN | MAX>]",
     .complexity = "O(N + M*log M), N the members of all sets, M the size of the result",
     .summary = "Stores what any of the sorted sets has."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs SortedSetAlgebraCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
