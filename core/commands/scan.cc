// Walking over the keys of a database: all at once (KEYS), step by step (SCAN), at random.
#include <optional>
#include <string>

#include "core/base/glob.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/collections.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Entry;
using types::Type;

// Removes an expired entry, as any look-up does.
void Remove(Call& call, const Entry& expired) {
  const std::string key(expired.key());
  call.keyspace.Find(call.db, key, keyspace::kLookupNoTouch | keyspace::kLookupNoStats);
}

void KeysMatching(Call& call) {
  const std::string_view pattern = call.arg(1);
  const bool all = base::MatchesAll(pattern);
  uint64_t found = 0;
  const resp::Writer::Mark mark = call.reply.Begin();
  call.db.entries().ForEach([&](Entry* entry) {
    if (!all && !base::GlobMatch(pattern, entry->key())) return;
    if (call.keyspace.IsExpired(call.db, *entry)) return;
    call.reply.Bulk(entry->key());
    ++found;
  });
  call.reply.EndArray(mark, found);
}

struct ScanFilter {
  std::string_view pattern = "*";
  int64_t count = 10;
  bool typed = false;
  std::optional<Type> type;  // typed but null: a type nobody has
};

std::optional<Type> TypeNamed(std::string_view name) {
  for (const Type type :
       {Type::kString, Type::kList, Type::kSet, Type::kZset, Type::kHash, Type::kStream}) {
    if (base::EqualsIgnoreCase(name, types::TypeName(type))) return type;
  }
  return std::nullopt;
}

bool ReadFilter(Call& call, ScanFilter* filter) {
  Arguments in(call, 2);
  while (in.More()) {
    if (in.TakeWithValue("COUNT")) {
      filter->count = in.Int();
      if (in.ok() && filter->count < 1) in.Fail(errors::kSyntax);
    } else if (in.TakeWithValue("MATCH")) {
      filter->pattern = in.Next();
    } else if (in.TakeWithValue("TYPE")) {
      filter->typed = true;
      filter->type = TypeNamed(in.Next());
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  return in.ok();
}

void Scan(Call& call) {
  std::optional<uint64_t> cursor = base::ParseCursor(call.arg(1));
  if (!cursor) return call.reply.Error(errors::kInvalidCursor);
  ScanFilter filter;
  if (!ReadFilter(call, &filter)) return;
  const bool all = base::MatchesAll(filter.pattern);
  int64_t seen = 0;
  uint64_t found = 0;
  call.reply.Array(2);
  const resp::Writer::Mark mark = call.reply.Begin();
  const auto visit = [&](Entry* entry) {
    ++seen;
    if (!all && !base::GlobMatch(filter.pattern, entry->key())) return;
    if (call.keyspace.IsExpired(call.db, *entry)) return Remove(call, *entry);
    if (filter.typed && filter.type != entry->type()) return;
    call.reply.Bulk(entry->key());
    ++found;
  };
  // In a table that is nearly empty COUNT bounds the buckets too.
  constexpr int64_t kBucketsPerCount = 10;
  uint64_t next = *cursor;
  for (int64_t steps = 0; steps / kBucketsPerCount <= filter.count; ++steps) {
    next = call.db.entries().Scan(next, visit);
    if (next == 0 || seen >= filter.count) break;
  }
  EndScan(call.reply, mark, next, found);
}

void Randomkey(Call& call) {
  // While they are kept all may have expired: then it is one of these.
  int kept_tries = 100;
  while (Entry* entry = call.db.entries().FairRandom(call.keyspace.prng())) {
    const bool is_kept = call.keyspace.keeps_expired() && --kept_tries == 0;
    if (is_kept || !call.keyspace.IsExpired(call.db, *entry)) return call.reply.Bulk(entry->key());
    Remove(call, *entry);
  }
  call.reply.Null();
}

constexpr CommandSpec kSpecs[] = {
    {.name = "keys",
     .handler = &KeysMatching,
     .arity = 2,
     .group = Group::kGeneric,
     .flags = kReadonly,
     .categories = kCatKeyspace | kCatDangerous,
     .since = "1.0.0",
     .syntax = "pattern:pattern",
     .tips = "request_policy:all_shards,nondeterministic_output_order",
     .complexity = "O(N) in the keys of the database",
     .summary = "Lists all keys that match a pattern."},
    {.name = "randomkey",
     .handler = &Randomkey,
     .arity = 1,
     .group = Group::kGeneric,
     .flags = kReadonly | kTouchesArbitraryKeys,
     .categories = kCatKeyspace,
     .since = "1.0.0",
     .tips = "request_policy:all_shards,response_policy:special,nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Returns a key chosen at random."},
    {.name = "scan",
     .handler = &Scan,
     .arity = -2,
     .group = Group::kGeneric,
     .flags = kReadonly | kTouchesArbitraryKeys,
     .categories = kCatKeyspace,
     .since = "2.8.0",
     .syntax = "cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [TYPE type~6.0.0]",
     .tips = "nondeterministic_output,request_policy:special,response_policy:special",
     .complexity = "O(1) a call, O(N) for a whole round",
     .summary = "Walks over the keys of the database, some at a time."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs ScanCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
