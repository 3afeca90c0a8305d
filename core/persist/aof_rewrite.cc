#include "core/persist/aof_rewrite.h"

#include <algorithm>
#include <cmath>

#include "core/base/grisu2.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "core/types/stream.h"
#include "core/types/stream_group.h"

namespace kvasm::persist {
namespace {

constexpr uint64_t kBatchItems = 64;

// Cuts `items` elements into commands: Next() before each element tells how many the command that
// begins with it has, 0 if none begins, and Ended() after it whether it was its command's last.
class Batches {
 public:
  explicit Batches(uint64_t items) : left_(items) {}

  uint64_t Next() {
    if (in_batch_ > 0) return 0;
    in_batch_ = std::min(left_, kBatchItems);
    left_ -= in_batch_;
    return in_batch_;
  }
  bool Ended() { return --in_batch_ == 0; }

 private:
  uint64_t left_;
  uint64_t in_batch_ = 0;
};

// Unlike in replies, large integers are written with Grisu2's digits.
std::string_view ScoreText(char* out, double score) {
  const bool plain = score == 0 || !std::isfinite(score);
  return {out, plain ? base::FormatDouble(out, score) : base::FormatGrisu2(out, score)};
}

}  // namespace

void AofRewriter::Command(uint64_t arguments, std::string_view name, std::string_view key) {
  out_.Begin(arguments);
  out_.Bulk(name);
  out_.Bulk(key);
}

void AofRewriter::Function(std::string_view code) {
  Command(3, "FUNCTION", "LOAD");
  out_.Bulk(code);
  out_.End();
}

void AofRewriter::Select(int db) {
  if (db == db_) return;
  db_ = db;
  out_.Begin(2);
  out_.Bulk("SELECT");
  out_.Integer(db);
  out_.End();
}

void AofRewriter::Put(int db, keyspace::Entry& entry, int64_t expire_at_ms,
                      const types::Context& context) {
  Select(db);
  const std::string_view key = entry.key();
  switch (entry.type()) {
    case types::Type::kString: {
      keyspace::IntText scratch;
      Command(3, "SET", key);
      out_.Bulk(keyspace::StringOf(entry, scratch));
      out_.End();
      break;
    }
    case types::Type::kList:
      PutList(key, entry, context);
      break;
    case types::Type::kSet:
      PutSet(key, entry, context);
      break;
    case types::Type::kZset:
      PutSortedSet(key, entry, context);
      break;
    case types::Type::kHash:
      PutHash(key, entry, context);
      break;
    case types::Type::kStream:
      PutStream(key, types::Stream::Of(entry.value()));
      break;
  }
  if (expire_at_ms == -1) return;
  Command(3, "PEXPIREAT", key);
  out_.Integer(expire_at_ms);
  out_.End();
}

void AofRewriter::PutList(std::string_view key, keyspace::Entry& entry,
                          const types::Context& context) {
  const types::List list(entry.value(), context);
  Batches batches(list.size());
  ds::NumberText scratch;
  list.ForEach([&](const ds::Item& element) {
    if (const uint64_t items = batches.Next()) Command(2 + items, "RPUSH", key);
    out_.Bulk(element.Text(scratch));
    if (batches.Ended()) out_.End();
  });
}

void AofRewriter::PutSet(std::string_view key, keyspace::Entry& entry,
                         const types::Context& context) {
  const types::Set set(entry.value(), context);
  Batches batches(set.size());
  ds::NumberText scratch;
  set.ForEach([&](const ds::Item& member) {
    if (const uint64_t items = batches.Next()) Command(2 + items, "SADD", key);
    out_.Bulk(member.Text(scratch));
    if (batches.Ended()) out_.End();
  });
}

void AofRewriter::PutSortedSet(std::string_view key, keyspace::Entry& entry,
                               const types::Context& context) {
  const types::SortedSet zset(entry.value(), context);
  Batches batches(zset.size());
  zset.ForEach(zset.All(), false, [&](std::string_view member, double score) {
    char text[base::kDoubleCharsMax];
    if (const uint64_t items = batches.Next()) Command(2 + 2 * items, "ZADD", key);
    out_.Bulk(ScoreText(text, score));
    out_.Bulk(member);
    if (batches.Ended()) out_.End();
  });
}

void AofRewriter::PutHash(std::string_view key, keyspace::Entry& entry,
                          const types::Context& context) {
  const types::Hash hash(entry.value(), context);
  Batches batches(hash.size());
  ds::NumberText scratch;
  ds::NumberText other;
  hash.ForEach([&](const ds::Item& field, const ds::Item& value) {
    if (const uint64_t items = batches.Next()) Command(2 + 2 * items, "HMSET", key);
    out_.Bulk(field.Text(scratch));
    out_.Bulk(value.Text(other));
    if (batches.Ended()) out_.End();
  });
  if (!types::HasFieldExpiry(entry.encoding) || hash.EarliestExpiry() == types::Hash::kNoExpiry) {
    return;
  }
  hash.ForEachWithExpiry([&](const ds::Item& field, const ds::Item&, int64_t at_ms) {
    if (at_ms != types::Hash::kNoExpiry) PutFieldEnd(key, field.Text(scratch), at_ms);
  });
}

void AofRewriter::PutFieldEnd(std::string_view key, std::string_view field, int64_t at_ms) {
  Command(6, "HPEXPIREAT", key);
  out_.Integer(at_ms);
  out_.Bulk("FIELDS");
  out_.Bulk("1");
  out_.Bulk(field);
  out_.End();
}

void AofRewriter::PutStream(std::string_view key, const types::Stream& stream) {
  const auto id = [this](types::StreamId of) { out_.Bulk(types::StreamIdChars(of).view()); };
  ds::NumberText scratch;
  for (types::StreamReader reader(stream); reader.Next();) {
    Command(3 + 2 * uint64_t{reader.entry().fields}, "XADD", key);
    id(reader.entry().id);
    reader.entry().ForEach([&](const ds::Item& field, const ds::Item& value) {
      out_.Bulk(field.Text(scratch));
      out_.Bulk(value.Text(scratch));
    });
    out_.End();
  }
  if (stream.length() == 0) {
    // An entry that is trimmed at once leaves an empty stream.
    Command(7, "XADD", key);
    for (const std::string_view word : {"MAXLEN", "0", "0-1", "x", "y"}) out_.Bulk(word);
    out_.End();
  }
  Command(7, "XSETID", key);
  id(stream.last_id);
  out_.Bulk("ENTRIESADDED");
  out_.Integer(static_cast<int64_t>(stream.entries_added));
  out_.Bulk("MAXDELETEDID");
  id(stream.max_deleted_id);
  out_.End();
  if (stream.groups == nullptr) return;
  stream.groups->ForEach([&](const types::ConsumerGroup& group) { PutGroup(key, group); });
}

void AofRewriter::PutGroup(std::string_view key, const types::ConsumerGroup& group) {
  Command(7, "XGROUP", "CREATE");
  out_.Bulk(key);
  out_.Bulk(group.name());
  out_.Bulk(types::StreamIdChars(group.last_id).view());
  out_.Bulk("ENTRIESREAD");
  out_.Integer(group.entries_read);
  out_.End();
  group.ForEachConsumer([&](const types::Consumer& consumer) {
    if (consumer.pending.size() == 0) {
      Command(5, "XGROUP", "CREATECONSUMER");
      out_.Bulk(key);
      out_.Bulk(group.name());
      out_.Bulk(consumer.name);
      return out_.End();
    }
    for (types::PendingReader at(consumer.pending); at.valid(); at.Next()) {
      Command(12, "XCLAIM", key);
      out_.Bulk(group.name());
      out_.Bulk(consumer.name);
      out_.Bulk("0");
      out_.Bulk(types::StreamIdChars(at.id()).view());
      out_.Bulk("TIME");
      out_.Integer(at->delivery_ms);
      out_.Bulk("RETRYCOUNT");
      out_.Integer(static_cast<int64_t>(at->delivery_count));
      out_.Bulk("JUSTID");
      out_.Bulk("FORCE");
      out_.End();
    }
  });
}

}  // namespace kvasm::persist
