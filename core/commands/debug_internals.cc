#include "core/commands/debug_internals.h"

#include <limits>
#include <span>
#include <string>

#include "core/base/ascii.h"
#include "core/base/glob.h"
#include "core/base/numbers.h"
#include "core/base/printf_number.h"
#include "core/command/arguments.h"
#include "core/types/string_value.h"
#include "core/types/table_stats.h"

namespace kvasm::commands {
namespace {

using command::Arguments;
using command::Call;
using keyspace::Entry;

constexpr uint32_t kUnnoticed = keyspace::kLookupNoTouch | keyspace::kLookupNoNotify;

std::string Number(uint64_t value) { return base::Int64Text(static_cast<int64_t>(value)); }

double Ratio(uint64_t part, uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

// In the form that tools parse.
void AppendTable(std::string* text, size_t number, const ds::TableStats& table, bool full) {
  *text += "Hash table " + Number(number) + " stats (" +
           (number == 0 ? "main hash table" : "rehashing target") + "):\n";
  if (table.nodes == 0) {
    *text += "No stats available for empty dictionaries\n";
    return;
  }
  *text += " table size: " + Number(table.buckets) + "\n";
  *text += " number of elements: " + Number(table.nodes) + "\n";
  if (!full) return;
  const std::string mean = base::FixedText(Ratio(table.nodes, table.used_buckets), 2);
  *text += " different slots: " + Number(table.used_buckets) + "\n";
  *text += " max chain length: " + Number(table.longest_chain) + "\n";
  *text += " avg chain length (counted): " + mean + "\n";
  *text += " avg chain length (computed): " + mean + "\n";
  *text += " Chain length distribution:\n";
  for (size_t length = 0; length < table.by_length.size(); ++length) {
    const uint64_t buckets = table.by_length[length];
    if (buckets == 0) continue;
    *text += "   " + Number(length) + ": " + Number(buckets) + " (" +
             base::FixedText(100 * Ratio(buckets, table.buckets), 2) + "%)\n";
  }
}

void AppendTables(std::string* text, std::span<const ds::TableStats> tables, bool full) {
  for (size_t i = 0; i < tables.size(); ++i) AppendTable(text, i, tables[i], full);
}

bool WantsFull(const Call& call) {
  return call.argc() >= 4 && base::EqualsIgnoreCase(call.arg(3), "full");
}

}  // namespace

void DebugHtstats(Call& call) {
  Arguments in(call, 2);
  const int64_t id = in.Int();
  if (in.ok() && (id < 0 || id >= call.keyspace.database_count())) {
    in.Fail(errors::kDebugDatabase);
  }
  if (!in.ok()) return;
  const bool full = WantsFull(call);
  const keyspace::Database& db = call.keyspace.db(static_cast<int>(id));
  std::string text = "[Dictionary HT]\n";
  AppendTables(&text, db.entries().Stats(), full);
  // What ends is kept in its order, not in a table: its places are told, and how many are taken.
  text += "[Expires HT]\n";
  AppendTable(&text, 0, {.buckets = db.expiry().capacity(), .nodes = db.expiry().size()}, false);
  call.reply.Verbatim("txt", text);
}

void DebugHtstatsKey(Call& call) {
  const Entry* entry = call.keyspace.Find(call.db, call.arg(2), kUnnoticed);
  if (entry == nullptr) return call.reply.Error(errors::kNoSuchKey);
  const auto tables = types::TableStatsOf(entry->encoding, entry->data);
  if (tables.empty()) return call.reply.Error(errors::kNoHashTable);
  std::string text;
  AppendTables(&text, tables, WantsFull(call));
  call.reply.Verbatim("txt", text);
}

void DebugSdslen(Call& call) {
  const Entry* entry = call.db.entries().Find(call.arg(2));
  if (entry == nullptr) return call.reply.Error(errors::kNoSuchKey);
  if (!entry->IsString() || entry->encoding == types::Encoding::kInt) {
    return call.reply.Error(errors::kNoSdsString);
  }
  const uint64_t key_bytes = entry->key().size();
  const uint64_t bytes = keyspace::StringBytes(*entry);
  uint64_t capacity = bytes;
  uint64_t block = bytes;
  if (entry->encoding == types::Encoding::kRaw) {
    capacity = static_cast<const types::RawString*>(entry->data)->capacity();
    block = types::ValueMemoryBytes(entry->encoding, entry->data, 0);
  }
  call.reply.Simple(
      "key_sds_len:" + Number(key_bytes) + ", key_sds_avail:0, key_zmalloc: " + Number(key_bytes) +
      ", val_sds_len:" + Number(bytes) + ", val_sds_avail:" + Number(capacity - bytes) +
      ", val_zmalloc: " + Number(block));
}

void DebugStructsize(Call& call) {
  call.reply.Bulk("bits:" + Number(sizeof(void*) * 8) +
                  " entry:" + Number(keyspace::EntryBytes(0, 0)) +
                  " session:" + Number(sizeof(services::Session)) + " ");
}

void DebugStringmatchTest(Call& call) {
  constexpr int kCases = 20'000;
  constexpr uint64_t kLengthMost = 32;
  constexpr std::string_view kLetters = "ab*?[]^-\\";
  base::Prng& prng = *call.context().prng;
  const auto draw = [&] {
    std::string text(prng.Below(kLengthMost), ' ');
    for (char& letter : text) letter = kLetters[prng.Below(kLetters.size())];
    return text;
  };
  for (int i = 0; i < kCases; ++i) {
    const std::string pattern = draw();
    (void)base::GlobMatch(pattern, draw(), base::Case::kSensitive);
  }
  call.reply.Simple("Apparently Redis did not crash: test passed");
}

}  // namespace kvasm::commands
