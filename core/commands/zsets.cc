// Sorted sets: adding, removing, single members. Ranges are in zsets_range.cc, popping in
// zsets_pop.cc, unions and their kin in zsets_algebra.cc.
#include <optional>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/printf_number.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/zsets_shared.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;
using types::AddOptions;
using types::AddOutcome;
using types::RankRun;
using types::SortedSet;
using types::Type;

// --- reading ---

void Zcard(Call& call) {
  Entry* entry;
  if (!FindSortedSet(call, &entry)) return;
  call.reply.Integer(entry == nullptr ? 0 : SortedSet(entry->value(), call.context()).size());
}

std::optional<double> ScoreOf(Call& call, Entry* entry, std::string_view member) {
  if (entry == nullptr) return std::nullopt;
  return SortedSet(entry->value(), call.context()).Score(member);
}

void ReplyScore(Call& call, std::optional<double> score) {
  if (score) {
    call.reply.Double(*score);
  } else {
    call.reply.Null();
  }
}

void Zscore(Call& call) {
  Entry* entry;
  if (!FindSortedSet(call, &entry)) return;
  ReplyScore(call, ScoreOf(call, entry, call.arg(2)));
}

void Zmscore(Call& call) {
  Entry* entry;
  if (!FindSortedSet(call, &entry)) return;
  call.reply.Array(call.argc() - 2);
  for (std::string_view member : call.args.subspan(2)) {
    ReplyScore(call, ScoreOf(call, entry, member));
  }
}

// ZRANK and ZREVRANK.
void ReplyRank(Call& call, bool backwards) {
  if (call.argc() > 4) return call.reply.Error(errors::WrongArity(call.spec.name));
  Arguments in(call, 3);
  const bool with_score = in.Take("WITHSCORE");
  if (in.More()) in.Fail(errors::kSyntax);
  if (!in.ok()) return;
  Entry* entry;
  if (!FindSortedSet(call, &entry)) return;
  std::optional<uint32_t> rank;
  double score = 0;
  if (entry != nullptr) {
    const SortedSet zset(entry->value(), call.context());
    rank = zset.Rank(call.arg(2), &score);
    if (rank && backwards) rank = zset.size() - 1 - *rank;
  }
  if (!rank) return with_score ? call.reply.NullArray() : call.reply.Null();
  if (with_score) call.reply.Array(2);
  call.reply.Integer(*rank);
  if (with_score) call.reply.Double(score);
}

void Zrank(Call& call) { ReplyRank(call, false); }
void Zrevrank(Call& call) { ReplyRank(call, true); }

void Zscan(Call& call) {
  Entry* entry;
  uint64_t cursor;
  ScanOptions options;
  if (!BeginScan(call, Type::kZset, &entry, &cursor, &options)) return;
  const SortedSet zset(entry->value(), call.context());
  const bool packed = entry->encoding == types::Encoding::kZsetListpack;
  ReplyScan(call, cursor, options, 2, [&](uint64_t at, auto& emit) {
    return zset.Scan(at, [&](std::string_view member, double score) {
      emit(member, [&] {
        call.reply.Bulk(member);
        char text[base::kFormattedBytesMax];
        // Redis prints the scores of a skip list here, and only here, with 17 digits.
        const size_t size = packed ? base::FormatDouble(text, score)
                                   : base::FormatFloat(text, score, {.precision = 17});
        call.reply.Bulk({text, size});
      });
    });
  });
}

void Zrandmember(Call& call) {
  if (call.argc() == 2) {
    Entry* entry;
    if (!FindSortedSet(call, &entry)) return;
    if (entry == nullptr) return call.reply.Null();
    return SortedSet(entry->value(), call.context())
        .PickRepeatedly(1, [&](std::string_view member, double) { call.reply.Bulk(member); });
  }
  Arguments in(call, 2);
  const int64_t count = ReadRandomCount(in);
  const bool with_scores = in.Take("WITHSCORES");
  if (in.More()) in.Fail(errors::kSyntax);
  if (!in.ok()) return;
  constexpr int64_t kHalf = std::numeric_limits<int64_t>::max() / 2;
  if (with_scores && (count < -kHalf || count > kHalf)) {
    return call.reply.Error(errors::kOutOfRange);
  }
  Entry* entry;
  if (!FindSortedSet(call, &entry)) return;
  if (entry == nullptr || count == 0) return call.reply.Array(0);
  const SortedSet zset(entry->value(), call.context());
  if (count > 0) {
    const auto wanted = std::min<uint64_t>(static_cast<uint64_t>(count), zset.size());
    return ReplyMembers(call.reply, wanted, with_scores,
                        [&](auto emit) { zset.PickDistinct(wanted, emit); });
  }
  const uint64_t wanted = 0 - static_cast<uint64_t>(count);
  ReplyMembers(call.reply, wanted, with_scores, [&](auto emit) {
    PickInSlices(call.reply, wanted, [&](uint64_t slice) { zset.PickRepeatedly(slice, emit); });
  });
}

// --- adding ---

// Reads the options before the scores. False after replying an error.
bool ReadAddOptions(Arguments& in, AddOptions* options, bool* reply_changed) {
  for (;;) {
    if (in.Take("NX")) {
      options->only_new = true;
    } else if (in.Take("XX")) {
      options->only_existing = true;
    } else if (in.Take("GT")) {
      options->only_greater = true;
    } else if (in.Take("LT")) {
      options->only_less = true;
    } else if (in.Take("CH")) {
      *reply_changed = true;
    } else if (in.Take("INCR")) {
      options->increment = true;
    } else {
      break;
    }
  }
  if (in.left() == 0 || in.left() % 2 != 0) {
    in.Fail(errors::kSyntax);
  } else if (options->only_new && options->only_existing) {
    in.Fail(errors::kXxAndNx);
  } else if ((options->only_greater && options->only_new) ||
             (options->only_less && options->only_new) ||
             (options->only_greater && options->only_less)) {
    in.Fail(errors::kGtLtNx);
  } else if (options->increment && in.left() > 2) {
    in.Fail(errors::kIncrSinglePair);
  }
  return in.ok();
}

void ReadAndAdd(Call& call, AddOptions options) {
  Arguments in(call, 2);
  bool reply_changed = false;
  if (!ReadAddOptions(in, &options, &reply_changed)) return;
  std::vector<Addition> additions;
  additions.reserve(in.left() / 2);
  while (in.More()) {
    const double score = in.Double();
    additions.push_back({score, in.Next()});
  }
  if (in.ok()) AddMembers(call, additions, options, reply_changed);
}

void Zadd(Call& call) { ReadAndAdd(call, {}); }

// As in Redis a ZADD INCR under another name: an option in the increment's place is a syntax error.
void Zincrby(Call& call) { ReadAndAdd(call, {.increment = true}); }

// --- removing ---

void Zrem(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kZset)) return call.WrongType();
  if (!edit.exists()) return call.reply.Integer(0);
  SortedSet zset(edit.Value(), call.context());
  uint64_t removed = 0;
  for (std::string_view member : call.args.subspan(2)) {
    if (zset.Remove(member)) ++removed;
  }
  if (removed == 0) return call.reply.Integer(0);
  edit.Changed(keyspace::kEventZset, "zrem", removed, keyspace::Tell::kAtClose);
  call.reply.Integer(static_cast<int64_t>(removed));
}

constexpr CommandSpec kSpecs[] = {
    {.name = "zadd",
     .handler = &Zadd,
     .arity = -4,
     .group = Group::kSortedSet,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatSortedSet,
     .since = "1.2.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key [<condition NX | XX>~3.0.2] [<comparison GT | LT>~6.2.0] [change=CH~3.0.2] "
               "[increment=INCR~3.0.2] {data score:double member}...",
     .complexity = "O(log N) for each member",
     .summary = "Adds members or changes their scores."},
    {.name = "zcard",
     .handler = &Zcard,
     .arity = 2,
     .group = Group::kSortedSet,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .since = "1.2.0",
     .keys = {{Keys(kRo, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Returns the number of members."},
    {.name = "zincrby",
     .handler = &Zincrby,
     .arity = 4,
     .group = Group::kSortedSet,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatSortedSet,
     .since = "1.2.0",
     .keys = {{Keys(kRw | kAccess | kUpdate, 1)}},
     .syntax = "key:key increment:integer member",
     .complexity = "O(log N)",
     .summary = "Adds to the score of a member, starting from 0."},
    {.name = "zmscore",
     .handler = &Zmscore,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .since = "6.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key member...",
     .complexity = "O(N) in the number of members given",
     .summary = "Returns the scores of several members."},
    {.name = "zrandmember",
     .handler = &Zrandmember,
     .arity = -2,
     .group = Group::kSortedSet,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .since = "6.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key [{options count:integer [WITHSCORES]}]",
     .tips = "nondeterministic_output",
     .complexity = "O(N) in the number of members returned",
     .summary = "Returns random members."},
    {.name = "zrank",
     .handler = &Zrank,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .since = "2.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key member [WITHSCORE]",
     .complexity = "O(log N)",
     .summary = "Returns the position of a member, from the lowest score."},
    {.name = "zrem",
     .handler = &Zrem,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kWrite | kFast,
     .categories = kCatSortedSet,
     .since = "1.2.0",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key member...",
     .complexity = "O(M*log N), M the number of members given",
     .summary = "Removes members; the key goes with its last member."},
    {.name = "zrevrank",
     .handler = &Zrevrank,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .since = "2.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key member [WITHSCORE]",
     .complexity = "O(log N)",
     .summary = "Returns the position of a member, from the highest score."},
    {.name = "zscan",
     .handler = &Zscan,
     .arity = -3,
     .group = Group::kSortedSet,
     .flags = kReadonly,
     .categories = kCatSortedSet,
     .since = "2.8.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]",
     .tips = "nondeterministic_output",
     .complexity = "O(1) for a call, O(N) for a whole iteration",
     .summary = "Iterates over members and scores."},
    {.name = "zscore",
     .handler = &Zscore,
     .arity = 3,
     .group = Group::kSortedSet,
     .flags = kReadonly | kFast,
     .categories = kCatSortedSet,
     .since = "1.2.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key member",
     .complexity = "O(1)",
     .summary = "Returns the score of a member."},
};
static_assert(AllValid(kSpecs));

}  // namespace

void AddMembers(Call& call, std::span<const Addition> additions, AddOptions options,
                bool reply_changed) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kZset)) return call.WrongType();
  if (!edit.exists() && options.only_existing) {
    return options.increment ? call.reply.Null() : call.reply.Integer(0);
  }
  // As Redis chooses: by the first member, whatever follows.
  const bool fresh = !edit.exists();
  SortedSet zset(edit.Collection(SortedSet::InitialEncoding(
                     additions.size(), additions[0].member.size(), *call.context().limits)),
                 call.context());
  if (!fresh) zset.Prepare(additions.size());
  uint64_t added = 0;
  uint64_t updated = 0;
  bool refused = false;
  double score = 0;
  for (const Addition& addition : additions) {
    const AddOutcome outcome = zset.Add(addition.member, addition.score, options, &score);
    if (outcome == AddOutcome::kNotANumber) return call.reply.Error(errors::kScoreNan);
    refused = outcome == AddOutcome::kRefused;
    if (outcome == AddOutcome::kAdded) ++added;
    if (outcome == AddOutcome::kUpdated) ++updated;
  }
  if (added + updated > 0) {
    edit.Changed(keyspace::kEventZset, options.increment ? "zincr" : "zadd", added + updated);
  }
  if (!options.increment) {
    call.reply.Integer(static_cast<int64_t>(reply_changed ? added + updated : added));
  } else if (refused) {
    call.reply.Null();
  } else {
    call.reply.Double(score);
  }
}

Specs SortedSetCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
