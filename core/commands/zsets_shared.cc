#include "core/commands/zsets_shared.h"

#include <algorithm>

#include "core/base/numbers.h"

namespace kvasm::commands {
namespace {

std::optional<double> ParseScoreBound(std::string_view text, bool* excluded) {
  *excluded = !text.empty() && text[0] == '(';
  if (*excluded) text.remove_prefix(1);
  return base::ParseDoubleLoose(text);
}

std::optional<types::LexBound> ParseLexBound(std::string_view text) {
  using Kind = types::LexBound::Kind;
  if (text == "-") return types::LexBound{Kind::kLowest};
  if (text == "+") return types::LexBound{Kind::kHighest};
  if (text.empty()) return std::nullopt;
  if (text[0] == '[') return types::LexBound{Kind::kIncluded, text.substr(1)};
  if (text[0] == '(') return types::LexBound{Kind::kExcluded, text.substr(1)};
  return std::nullopt;
}

}  // namespace

std::optional<types::ScoreRange> ParseScoreRange(std::string_view min, std::string_view max) {
  types::ScoreRange range{};
  const auto low = ParseScoreBound(min, &range.min_excluded);
  const auto high = ParseScoreBound(max, &range.max_excluded);
  if (!low || !high) return std::nullopt;
  range.min = *low;
  range.max = *high;
  return range;
}

std::optional<types::LexRange> ParseLexRange(std::string_view min, std::string_view max) {
  const auto low = ParseLexBound(min);
  const auto high = ParseLexBound(max);
  if (!low || !high) return std::nullopt;
  return types::LexRange{*low, *high};
}

types::RankRun RunOfRanks(int64_t start, int64_t end, uint32_t size) {
  if (start < 0) start = std::max<int64_t>(start + size, 0);
  if (end < 0) end += size;
  end = std::min(end, int64_t{size} - 1);
  if (start > end) return {};
  return {static_cast<uint32_t>(start), static_cast<uint32_t>(end - start + 1)};
}

SortedSetResult::SortedSetResult(types::Encoding initial, const types::Context& context)
    : context_(context), encoding_(initial), data_(types::NewCollection(initial, context)) {}

SortedSetResult::~SortedSetResult() {
  if (data_ != nullptr) types::FreeValue(encoding_, data_);
}

void SortedSetResult::Store(command::Call& call, std::string_view key, std::string_view event,
                            uint64_t changes) {
  const uint32_t size = zset().size();
  const keyspace::Expired expired = size > 0 ? keyspace::Expired::kGoes : keyspace::Expired::kStays;
  keyspace::Edit edit(call.keyspace, call.db, key, expired);
  if (size > 0) {
    edit.Put(encoding_, data_);
    data_ = nullptr;
    edit.Changed(keyspace::kEventZset, event, changes);
  } else if (edit.Delete(call.keyspace.lazy_server_delete)) {
    edit.Changed(keyspace::kEventGeneric, "del");
  }
  call.reply.Integer(size);
}

}  // namespace kvasm::commands
