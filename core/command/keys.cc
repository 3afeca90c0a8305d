#include "core/command/keys.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/base/ascii.h"
#include "core/base/numbers.h"

namespace kvasm::command {
namespace {

using Args = std::span<const std::string_view>;

bool IsPlainRange(const KeySpec& key) {
  return key.begin == KeySpec::Begin::kIndex && key.find == KeySpec::Find::kRange;
}

// Where the keys of a spec begin; nullopt if they are absent.
std::optional<int64_t> BeginOf(const KeySpec& key, Args args) {
  if (key.begin == KeySpec::Begin::kIndex) return key.pos;
  if (key.begin != KeySpec::Begin::kKeyword) return std::nullopt;
  const auto count = static_cast<int64_t>(args.size());
  const int64_t direction = key.pos > 0 ? 1 : -1;
  const int64_t end = key.pos > 0 ? count - 1 : 1;
  for (int64_t i = key.pos > 0 ? key.pos : count + key.pos; i != end; i += direction) {
    if (i >= count || i < 1) break;
    if (base::EqualsIgnoreCase(args[static_cast<size_t>(i)], key.keyword)) return i + 1;
  }
  return std::nullopt;
}

bool FindKeysOf(const KeySpec& key, Args args, bool none_needed, std::vector<KeyPosition>* keys) {
  const std::optional<int64_t> begin = BeginOf(key, args);
  if (!begin) return true;
  const auto count = static_cast<int64_t>(args.size());
  int64_t first = *begin;
  int64_t last = 0;
  if (key.find == KeySpec::Find::kRange) {
    if (key.last >= 0) {
      last = first + key.last;
    } else if (key.limit <= 1) {
      last = count + key.last;
    } else {
      last = first + (count - first) / key.limit + key.last;
    }
  } else {
    if (first + key.last >= count) return false;
    const auto number = base::ParseInt64(args[static_cast<size_t>(first + key.last)]);
    if (!number || *number < 0 || *number > count) return false;
    if (*number == 0) return none_needed;
    first += key.limit;
    last = first + (*number - 1) * key.step;
  }
  if (first >= count || last >= count || last < first) return false;
  for (int64_t i = first; i <= last; i += key.step) {
    keys->push_back({static_cast<size_t>(i), key.flags});
  }
  return true;
}

// SET reads the key only with its GET option.
void RefineSet(Args args, std::vector<KeyPosition>* keys) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (!base::EqualsIgnoreCase(args[i], "GET")) continue;
    keys->front().flags = kRw | kAccess | kUpdate;
    return;
  }
  keys->front().flags = kOw | kUpdate;
}

// BITFIELD only reads the key if every subcommand can be told to be a GET.
void RefineBitfield(Args args, std::vector<KeyPosition>* keys) {
  for (size_t i = 2; i < args.size();) {
    const size_t left = args.size() - i;
    if (left >= 3 && base::EqualsIgnoreCase(args[i], "GET")) {
      i += 3;
    } else if (left >= 2 && base::EqualsIgnoreCase(args[i], "OVERFLOW")) {
      i += 2;
    } else {
      keys->front().flags = kRw | kAccess | kUpdate;
      return;
    }
  }
  keys->front().flags = kRo | kAccess;
}

// SORT's last STORE names a key; the words after LIMIT, GET and BY are theirs.
void RefineSort(Args args, std::vector<KeyPosition>* keys) {
  size_t destination = 0;
  for (size_t i = 2; i < args.size(); ++i) {
    if (base::EqualsIgnoreCase(args[i], "LIMIT")) {
      i += 2;
    } else if (base::EqualsIgnoreCase(args[i], "GET") || base::EqualsIgnoreCase(args[i], "BY")) {
      ++i;
    } else if (base::EqualsIgnoreCase(args[i], "STORE") && i + 1 < args.size()) {
      destination = i + 1;
    }
  }
  if (destination != 0) keys->push_back({destination, kOw | kUpdate});
}

}  // namespace

bool HasKeys(const CommandSpec& spec) { return spec.keys[0].begin != KeySpec::Begin::kNone; }

bool FindKeys(const CommandSpec& spec, Args args, std::vector<KeyPosition>* keys) {
  keys->clear();
  for (const KeySpec& key : spec.keys) {
    if (key.begin == KeySpec::Begin::kNone) break;
    if (key.begin == KeySpec::Begin::kUnknown || (key.flags & kNotKey)) continue;
    const bool none_needed = (spec.flags & kNoMandatoryKeys) != 0;
    if (!FindKeysOf(key, args, none_needed, keys)) return false;
  }
  if (spec.name == "set" && !keys->empty()) RefineSet(args, keys);
  if (spec.name == "bitfield" && !keys->empty()) RefineBitfield(args, keys);
  if (spec.name == "sort") RefineSort(args, keys);
  return true;
}

LegacyRange LegacyRangeOf(const CommandSpec& spec) {
  LegacyRange range;
  if (!HasKeys(spec)) return range;
  const KeySpec& only = spec.keys[0];
  if (spec.keys[1].begin == KeySpec::Begin::kNone && IsPlainRange(only)) {
    range.first = only.pos;
    range.last = only.last >= 0 ? only.pos + only.last : only.last;
    range.step = only.step;
    range.movable = (only.flags & kIncomplete) != 0;
    return range;
  }
  // Ranges that follow one another make one range.
  constexpr int kNoFirst = std::numeric_limits<int>::max();
  int first = kNoFirst;
  unsigned last = 0;
  int previous = 0;
  for (const KeySpec& key : spec.keys) {
    if (key.begin == KeySpec::Begin::kNone) break;
    if (!IsPlainRange(key) || (key.flags & kIncomplete)) range.movable = true;
    if (!IsPlainRange(key)) continue;
    if (key.step != 1 || (previous != 0 && previous != key.pos - 1)) {
      range.movable = true;
      continue;
    }
    const int end = key.last >= 0 ? key.pos + key.last : key.last;
    first = std::min<int>(first, key.pos);
    // As unsigned, so that a negative end, which counts from the last argument, is beyond others.
    last = std::max(last, static_cast<unsigned>(end));
    previous = end;
  }
  if (first != kNoFirst) {
    range.first = first;
    range.last = static_cast<int>(last);
    range.step = 1;
  }
  return range;
}

}  // namespace kvasm::command
