// Shared by the commands of hashes, sets and sorted sets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "core/base/numbers.h"
#include "core/command/arguments.h"
#include "core/command/call.h"
#include "core/commands/scan_options.h"
#include "core/ds/item.h"
#include "core/keyspace/entry.h"

namespace kvasm::commands {

// Looks a collection up for reading: `*entry` is null when the key is absent. False when it holds
// another type; the error has been replied.
inline bool FindCollection(command::Call& call, std::string_view key, types::Type type,
                           keyspace::Entry** entry) {
  *entry = call.keyspace.Find(call.db, key);
  if (*entry == nullptr || (*entry)->type() == type) return true;
  call.WrongType();
  return false;
}

// How many heap bytes the value of an entry (null: none) takes; what is about to be copied whole is
// worth counting, else a few elements stand for all. O(elements) and O(1).
enum class Precision : uint8_t { kSampled, kCounted };
inline uint64_t ValueBytes(const keyspace::Entry* entry,
                           Precision precision = Precision::kSampled) {
  const uint64_t samples = precision == Precision::kCounted ? 0 : 5;
  return entry == nullptr || !entry->OwnsBlock()
             ? 0
             : types::ValueMemoryBytes(entry->encoding, entry->data, samples);
}

inline void ReplyItem(resp::Writer& reply, const ds::Item& item) {
  ds::NumberText scratch;
  reply.Bulk(item.Text(scratch));
}

// The count of HRANDFIELD, SRANDMEMBER and ZRANDMEMBER: any integer but the lowest.
inline int64_t ReadRandomCount(command::Arguments& in) {
  const int64_t count = in.Int();
  if (count == std::numeric_limits<int64_t>::min()) in.Fail(errors::kNotBetweenLongs);
  return count;
}

// An integer that must not be below `least`; every other text gets the same error.
inline int64_t ReadAtLeast(command::Arguments& in, int64_t least, std::string_view error) {
  const int64_t value = in.Int(error);
  if (in.ok() && value < least) in.Fail(error);
  return in.ok() ? value : least;
}

// Runs `pick(n)` for n picks at a time until `count` picks are done or the reply has outgrown
// memory, so that a huge count ends.
template <class Pick>
void PickInSlices(resp::Writer& reply, uint64_t count, Pick pick) {
  constexpr uint64_t kSlice = 1000;
  while (count > 0 && !reply.buffer().failed()) {
    const uint64_t slice = std::min(count, kSlice);
    pick(slice);
    count -= slice;
  }
}

// Ends the reply of a scan, of which Array(2) and then `elements` elements have been written since
// `mark`: puts the cursor, known only now, and the elements' header before them.
inline void EndScan(resp::Writer& reply, resp::Writer::Mark mark, uint64_t cursor,
                    uint64_t elements) {
  reply.EndArray(mark, elements);
  char digits[base::kIntCharsMax];
  const std::string_view text(digits, base::FormatUint64(digits, cursor));
  const std::string line = "$" + base::Int64Text(text.size()) + "\r\n" + std::string(text) + "\r\n";
  reply.buffer().InsertAt(mark.at, line);
}

// The body of HSCAN, SSCAN and ZSCAN: `scan(cursor, emit)` runs one step of the collection's scan,
// where `emit(matched_on, reply_element)` offers an element: its name, and what writes it (adding
// `per_element` replies).
template <class Scan>
void ReplyScan(command::Call& call, uint64_t cursor, const ScanOptions& options,
               uint64_t per_element, Scan scan) {
  resp::Writer& reply = call.reply;
  reply.Array(2);
  const resp::Writer::Mark mark = reply.Begin();
  uint64_t matched = 0;
  uint64_t visited = 0;
  auto emit = [&](std::string_view name, auto write) {
    ++visited;
    if (!options.Matches(name)) return;
    ++matched;
    write();
  };
  uint64_t buckets = options.buckets_max();
  do {
    cursor = scan(cursor, emit);
  } while (cursor != 0 && buckets-- > 0 && visited < options.count);
  EndScan(reply, mark, cursor, matched * per_element);
}

// Reads cursor, key and options of HSCAN and its kin in Redis's order. False when the reply has
// been written (an error, or nothing to scan).
inline bool BeginScan(command::Call& call, types::Type type, keyspace::Entry** entry,
                      uint64_t* cursor, ScanOptions* options) {
  const auto parsed = ParseScanCursor(call.arg(2));
  if (!parsed) {
    call.reply.Error(errors::kInvalidCursor);
    return false;
  }
  *cursor = *parsed;
  if (!FindCollection(call, call.arg(1), type, entry)) return false;
  if (*entry == nullptr) {
    call.reply.Array(2);
    call.reply.Bulk("0");
    call.reply.Array(0);
    return false;
  }
  command::Arguments in(call, 3);
  *options = ReadScanOptions(in);
  return in.ok();
}

}  // namespace kvasm::commands
