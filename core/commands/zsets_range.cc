// Ranges of sorted sets: by rank, by score, by member; reading, counting, storing, removing.
#include <optional>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/zsets_shared.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;
using types::LexRange;
using types::RankRun;
using types::ScoreRange;
using types::SortedSet;
using types::Type;

enum class By : uint8_t { kUndecided, kRank, kScore, kLex };
enum class Direction : uint8_t { kUndecided, kForwards, kBackwards };

// A range as the arguments give it.
struct RangeQuery {
  By by = By::kUndecided;
  Direction direction = Direction::kUndecided;
  bool with_scores = false;
  int64_t offset = 0;
  int64_t limit = -1;  // negative: all
  int64_t start = 0;   // kRank
  int64_t end = 0;
  ScoreRange scores{};
  LexRange members{};

  bool backwards() const { return direction == Direction::kBackwards; }

  // The ranks it selects.
  RankRun Select(const SortedSet& zset) const;
};

RankRun RangeQuery::Select(const SortedSet& zset) const {
  const uint32_t size = zset.size();
  if (by == By::kRank) {
    const RankRun run = RunOfRanks(start, end, size);
    if (!backwards() || run.count == 0) return run;
    return {size - run.first - run.count, run.count};
  }
  RankRun run = by == By::kScore ? zset.ByScore(scores) : zset.ByLex(members, backwards());
  if (offset < 0 || offset >= int64_t{run.count}) return {};
  const uint32_t rest = run.count - static_cast<uint32_t>(offset);
  const uint32_t taken = limit < 0 || limit >= int64_t{rest} ? rest : static_cast<uint32_t>(limit);
  if (backwards()) return {run.first + rest - taken, taken};
  return {run.first + static_cast<uint32_t>(offset), taken};
}

// Reads the options behind the bounds.
void ReadRangeOptions(Arguments& in, bool store, RangeQuery* query) {
  while (in.More()) {
    if (!store && in.Take("WITHSCORES")) {
      query->with_scores = true;
    } else if (in.left() > 2 && in.Take("LIMIT")) {
      query->offset = in.Int();
      query->limit = in.Int();
    } else if (query->direction == Direction::kUndecided && in.Take("REV")) {
      query->direction = Direction::kBackwards;
    } else if (query->by == By::kUndecided && in.Take("BYLEX")) {
      query->by = By::kLex;
    } else if (query->by == By::kUndecided && in.Take("BYSCORE")) {
      query->by = By::kScore;
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (query->by == By::kUndecided) query->by = By::kRank;
  if (query->limit != -1 && query->by == By::kRank) in.Fail(errors::kLimitNeedsBy);
  if (query->with_scores && query->by == By::kLex) in.Fail(errors::kWithScoresByLex);
}

// Reads the bounds at arguments `at` and `at + 1`. False after replying an error.
bool ReadBounds(Call& call, size_t at, RangeQuery* query) {
  Arguments in(call, at);
  if (query->by == By::kRank) {
    query->start = in.Int();
    query->end = in.Int();
    return in.ok();
  }
  std::string_view min = in.Next();
  std::string_view max = in.Next();
  if (query->backwards()) std::swap(min, max);
  if (query->by == By::kScore) {
    const auto range = ParseScoreRange(min, max);
    if (range) query->scores = *range;
    if (!range) in.Fail(errors::kMinMaxNotFloat);
  } else {
    const auto range = ParseLexRange(min, max);
    if (range) query->members = *range;
    if (!range) in.Fail(errors::kMinMaxNotLex);
  }
  return in.ok();
}

// Reads a range whose key is argument `key_at`. False after replying an error.
bool ReadRange(Call& call, size_t key_at, bool store, RangeQuery* query) {
  Arguments in(call, key_at + 3);
  ReadRangeOptions(in, store, query);
  return in.ok() && ReadBounds(call, key_at + 1, query);
}

void ReplyRange(Call& call, By by, Direction direction) {
  RangeQuery query{.by = by, .direction = direction};
  if (!ReadRange(call, 1, false, &query)) return;
  Entry* entry;
  if (!FindSortedSet(call, &entry)) return;
  if (entry == nullptr) return call.reply.Array(0);
  const SortedSet zset(entry->value(), call.context());
  const RankRun run = query.Select(zset);
  ReplyMembers(call.reply, run.count, query.with_scores,
               [&](auto emit) { zset.ForEach(run, query.backwards(), emit); });
}

void Zrange(Call& call) { ReplyRange(call, By::kUndecided, Direction::kUndecided); }
void Zrevrange(Call& call) { ReplyRange(call, By::kRank, Direction::kBackwards); }
void Zrangebyscore(Call& call) { ReplyRange(call, By::kScore, Direction::kForwards); }
void Zrevrangebyscore(Call& call) { ReplyRange(call, By::kScore, Direction::kBackwards); }
void Zrangebylex(Call& call) { ReplyRange(call, By::kLex, Direction::kForwards); }
void Zrevrangebylex(Call& call) { ReplyRange(call, By::kLex, Direction::kBackwards); }

void Zrangestore(Call& call) {
  RangeQuery query;
  if (!ReadRange(call, 2, true, &query)) return;
  Entry* entry;
  if (!FindCollection(call, call.arg(2), Type::kZset, &entry)) return;
  if (!call.HaveRoom(ValueBytes(entry))) return;
  RankRun run;
  if (entry != nullptr) run = query.Select(SortedSet(entry->value(), call.context()));
  const uint64_t size_hint = query.by == By::kRank ? run.count : 0;
  SortedSetResult result(SortedSet::InitialEncoding(size_hint, 0, *call.context().limits),
                         call.context());
  if (entry != nullptr) {
    SortedSet target = result.zset();
    SortedSet(entry->value(), call.context())
        .ForEach(run, false,
                 [&](std::string_view member, double score) { target.Set(member, score); });
  }
  result.Store(call, call.arg(1), "zrangestore");
}

// --- counting ---

void Zcount(Call& call) {
  const auto range = ParseScoreRange(call.arg(2), call.arg(3));
  if (!range) return call.reply.Error(errors::kMinMaxNotFloat);
  Entry* entry;
  if (!FindSortedSet(call, &entry)) return;
  if (entry == nullptr) return call.reply.Integer(0);
  call.reply.Integer(SortedSet(entry->value(), call.context()).ByScore(*range).count);
}

void Zlexcount(Call& call) {
  const auto range = ParseLexRange(call.arg(2), call.arg(3));
  if (!range) return call.reply.Error(errors::kMinMaxNotLex);
  Entry* entry;
  if (!FindSortedSet(call, &entry)) return;
  if (entry == nullptr) return call.reply.Integer(0);
  call.reply.Integer(SortedSet(entry->value(), call.context()).ByLex(*range).count);
}

// --- removing ---

void RemoveRange(Call& call, By by, std::string_view event) {
  RangeQuery query{.by = by, .direction = Direction::kForwards};
  if (!ReadBounds(call, 2, &query)) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kZset)) return call.WrongType();
  if (!edit.exists()) return call.reply.Integer(0);
  SortedSet zset(edit.Value(), call.context());
  const RankRun run = query.Select(zset);
  zset.RemoveRun(run);
  if (run.count > 0) edit.Changed(keyspace::kEventZset, event, run.count);
  call.reply.Integer(run.count);
}

void Zremrangebyrank(Call& call) { RemoveRange(call, By::kRank, "zremrangebyrank"); }
void Zremrangebyscore(Call& call) { RemoveRange(call, By::kScore, "zremrangebyscore"); }
void Zremrangebylex(Call& call) { RemoveRange(call, By::kLex, "zremrangebylex"); }

constexpr CommandSpec kSpecs[] = {
    {.name = "zcount",
     .handler = &Zcount,
     .arity = 4,
     .group = Group::kSortedSet,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .since = "2.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key min:double max:double",
     .complexity = "O(log N)",
     .summary = "Counts the members with scores in a range."},
    {.name = "zlexcount",
     .handler = &Zlexcount,
     .arity = 4,
     .group = Group::kSortedSet,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .since = "2.8.9",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key min max",
     .complexity = "O(log N)",
     .summary = "Counts the members in a lexicographical range."},
    {.name = "zrange",
     .handler = &Zrange,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .since = "1.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key start stop [<sortby BYSCORE | BYLEX>~6.2.0] [REV~6.2.0] [LIMIT {limit "
               "offset:integer count:integer}~6.2.0] [WITHSCORES]",
     .complexity = "O(log N + M), M the number of members returned",
     .summary = "Returns a range of members, by rank, score or name."},
    {.name = "zrangebylex",
     .handler = &Zrangebylex,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .since = "2.8.9",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key min max [LIMIT {limit offset:integer count:integer}]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `BYLEX` argument",
     .complexity = "O(log N + M), M the number of members returned",
     .summary = "Returns a lexicographical range of members."},
    {.name = "zrangebyscore",
     .handler = &Zrangebyscore,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .since = "1.0.5",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key min:double max:double [WITHSCORES~2.0.0] [LIMIT {limit offset:integer "
               "count:integer}]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `BYSCORE` argument",
     .complexity = "O(log N + M), M the number of members returned",
     .summary = "Returns the members with scores in a range."},
    {.name = "zrangestore",
     .handler = &Zrangestore,
     .arity = -5,
     .group = Group::kSortedSet,
     .flags = kWrite | kDenyOom,
     .categories = kCatSortedSet,
     .since = "6.2.0",
     .keys = {{Keys(kOw | kUpdate, 1), Keys(kRo | kAccess, 2)}},
     .syntax = "dst:key src:key min max [<sortby BYSCORE | BYLEX>] [REV] [LIMIT {limit "
               "offset:integer count:integer}]",
     .complexity = "O(log N + M*log M), M the number of members stored",
     .summary = "Stores a range of members."},
    {.name = "zremrangebylex",
     .handler = &Zremrangebylex,
     .arity = 4,
     .group = Group::kSortedSet,
     .flags = kWrite,
     .categories = kCatSortedSet,
     .since = "2.8.9",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key min max",
     .complexity = "O(log N + M), M the number of members removed",
     .summary = "Removes a lexicographical range of members."},
    {.name = "zremrangebyrank",
     .handler = &Zremrangebyrank,
     .arity = 4,
     .group = Group::kSortedSet,
     .flags = kWrite,
     .categories = kCatSortedSet,
     .since = "2.0.0",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key start:integer stop:integer",
     .complexity = "O(log N + M), M the number of members removed",
     .summary = "Removes a range of members by position."},
    {.name = "zremrangebyscore",
     .handler = &Zremrangebyscore,
     .arity = 4,
     .group = Group::kSortedSet,
     .flags = kWrite,
     .categories = kCatSortedSet,
     .since = "1.2.0",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key min:double max:double",
     .complexity = "O(log N + M), M the number of members removed",
     .summary = "Removes the members with scores in a range."},
    {.name = "zrevrange",
     .handler = &Zrevrange,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .since = "1.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key start:integer stop:integer [WITHSCORES]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `REV` argument",
     .complexity = "O(log N + M), M the number of members returned",
     .summary = "Returns a range of members, from the highest score."},
    {.name = "zrevrangebylex",
     .handler = &Zrevrangebylex,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .since = "2.8.9",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key max min [LIMIT {limit offset:integer count:integer}]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments",
     .complexity = "O(log N + M), M the number of members returned",
     .summary = "Returns a lexicographical range of members, backwards."},
    {.name = "zrevrangebyscore",
     .handler = &Zrevrangebyscore,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .since = "2.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax =
         "key:key max:double min:double [WITHSCORES] [LIMIT {limit offset:integer count:integer}]",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments",
     .complexity = "O(log N + M), M the number of members returned",
     .summary = "Returns the members with scores in a range, from the highest."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs SortedSetRangeCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
