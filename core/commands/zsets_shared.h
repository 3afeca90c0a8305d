// Shared by the commands of sorted sets.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/commands/collections.h"
#include "core/types/sorted_set.h"

namespace kvasm::commands {

// The sorted set at argument 1, null when absent. False after replying WRONGTYPE.
inline bool FindSortedSet(command::Call& call, keyspace::Entry** entry) {
  return FindCollection(call, call.arg(1), types::Type::kZset, entry);
}

// Two bounds of a range of scores ("5", "(5", "-inf"); null when one is not a number.
std::optional<types::ScoreRange> ParseScoreRange(std::string_view min, std::string_view max);
// Two bounds of a range of members ("-", "+", "[a", "(a"); null when one has another form.
std::optional<types::LexRange> ParseLexRange(std::string_view min, std::string_view max);

// The run of ranks from `start` to `end`, both inclusive, negative ones counted from the end.
types::RankRun RunOfRanks(int64_t start, int64_t end, uint32_t size);

// Adds to the sorted set at argument 1 as ZADD does and replies.
struct Addition {
  double score;
  std::string_view member;
};
void AddMembers(command::Call& call, std::span<const Addition> additions, types::AddOptions options,
                bool reply_changed);

// A sorted set that belongs to no key: the result of an operation. Freed unless stored.
class SortedSetResult {
 public:
  SortedSetResult(types::Encoding initial, const types::Context& context);
  ~SortedSetResult();
  SortedSetResult(const SortedSetResult&) = delete;
  SortedSetResult& operator=(const SortedSetResult&) = delete;

  types::SortedSet zset() { return {types::ValueRef{data_, encoding_}, context_}; }
  // Makes it the value of `key`, or deletes the key when empty; replies its size. `changes` is what
  // it counts for if not empty.
  void Store(command::Call& call, std::string_view key, std::string_view event,
             uint64_t changes = 1);

 private:
  const types::Context& context_;
  types::Encoding encoding_;
  void* data_;
};

// Replies `count` members that `walk(emit)` hands to emit(member, score); with scores RESP3 gets
// pairs.
template <class Walk>
void ReplyMembers(resp::Writer& reply, uint64_t count, bool with_scores, Walk walk) {
  const bool nested = with_scores && reply.protocol() > 2;
  reply.Array(with_scores && !nested ? count * 2 : count);
  walk([&](std::string_view member, double score) {
    if (nested) reply.Array(2);
    reply.Bulk(member);
    if (with_scores) reply.Double(score);
  });
}

}  // namespace kvasm::commands
