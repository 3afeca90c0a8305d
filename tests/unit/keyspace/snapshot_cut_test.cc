// The cut against a model: a copy of the state taken at the instant of the cut.
#include "core/keyspace/snapshot_cut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "core/keyspace/edit.h"
#include "core/types/hash.h"
#include "core/types/stream.h"
#include "core/types/stream_group.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using keyspace::Entry;
using testing::TestEngine;

// (database, key) -> "value@expiry"
using State = std::map<std::pair<int, std::string>, std::string>;

std::string FieldEnds(const Entry& entry, const types::Context& context) {
  uint64_t sum = 0;
  ds::NumberText scratch;
  types::Hash(const_cast<Entry&>(entry).value(), context)
      .ForEachWithExpiry([&](const ds::Item& field, const ds::Item&, int64_t end_ms) {
        sum += std::hash<std::string_view>()(field.Text(scratch)) ^ static_cast<uint64_t>(end_ms);
      });
  return "+" + std::to_string(sum);
}

// Who has read a stream how far, and what is pending with whom.
std::string Groups(const Entry& entry) {
  std::string text;
  const types::Stream& stream = types::Stream::Of(entry.data);
  if (stream.groups == nullptr) return text;
  stream.groups->ForEach([&](const types::ConsumerGroup& group) {
    text += "+" + group.name() + types::StreamIdText(group.last_id);
    group.ForEachConsumer([&](const types::Consumer& consumer) {
      text += "," + consumer.name + std::to_string(consumer.seen_ms);
    });
    for (types::PendingReader at(group.pending()); at.valid(); at.Next()) {
      text += "," + types::StreamIdText(at.id()) + at->owner->name +
              std::to_string(at->delivery_ms) + "x" + std::to_string(at->delivery_count);
    }
  });
  return text;
}

std::string Describe(const Entry& entry, int64_t expire_at_ms, const types::Context& context) {
  std::string text;
  if (entry.IsString()) {
    keyspace::IntText scratch;
    text = keyspace::StringOf(entry, scratch);
  } else {
    // A deep copy's size and memory stand for the value: enough to notice any change made here.
    void* copy = types::CloneValue(entry.encoding, entry.data, context);
    text = std::string(types::EncodingName(entry.encoding)) + "/" +
           std::to_string(types::ValueSize(entry.encoding, copy));
    if (entry.type() == types::Type::kList) {
      text += "/" + std::to_string(types::ValueMemoryBytes(entry.encoding, copy, 0));
    }
    types::FreeValue(entry.encoding, copy);
    if (types::HasFieldExpiry(entry.encoding)) text += FieldEnds(entry, context);
    if (entry.type() == types::Type::kStream) text += Groups(entry);
  }
  return text + "@" + std::to_string(expire_at_ms);
}

State Present(keyspace::Keyspace& keyspace) {
  State state;
  for (int id = 0; id < keyspace.database_count(); ++id) {
    keyspace::Database& db = keyspace.db(id);
    db.entries().ForEach([&](Entry* entry) {
      state[{id, std::string(entry->key())}] =
          Describe(*entry, db.ExpireAt(*entry), keyspace.context());
    });
  }
  return state;
}

class CollectingSink final : public keyspace::SnapshotCut::Sink {
 public:
  explicit CollectingSink(const types::Context& context) : context_(context) {}
  bool Take(int db, Entry& entry, int64_t expire_at_ms) override {
    const auto [at, fresh] =
        state.try_emplace({db, std::string(entry.key())}, Describe(entry, expire_at_ms, context_));
    if (!fresh) ++twice;
    return state.size() % 3 != 0;  // now and then it has had enough
  }
  State state;
  int twice = 0;

 private:
  const types::Context& context_;
};

// Writes that change nothing but a stream's groups.
void WriteGroup(TestEngine& t, base::Prng& prng) {
  const std::string key = "x" + std::to_string(prng.Below(200));
  const std::string consumer = " c" + std::to_string(prng.Below(3)) + " ";
  switch (prng.Below(8)) {
    case 0:
      t.Run("XGROUP CREATE " + key + " g 0 MKSTREAM");
      break;
    case 1:
      t.Run("XACK " + key + " g 1-" + std::to_string(prng.Below(9)));
      break;
    case 2:
      t.Run("XAUTOCLAIM " + key + " g" + consumer + "0 - COUNT 2");
      break;
    case 3:
      t.Run("XCLAIM " + key + " g" + consumer + "0 1-1 1-2 FORCE");
      break;
    case 4:
      t.Run("XGROUP DELCONSUMER " + key + " g" + consumer);
      break;
    case 5:
      t.Run("XADD " + key + " 1-* f v");
      break;
    default:
      t.Run("XREADGROUP GROUP g" + consumer + "COUNT 3 STREAMS " + key + " >");
  }
}

// A write to a list, which goes between its two forms.
void WriteList(TestEngine& t, base::Prng& prng, const std::string& key) {
  switch (prng.Below(5)) {
    case 0:
      t.RunArgs({"RPUSH", key, std::string(prng.Below(9000), 'x')});
      break;
    case 1:
      t.Run("LMOVE " + key + " l" + std::to_string(prng.Below(100)) + " RIGHT LEFT");
      break;
    case 2:
      t.Run("LINSERT " + key + " BEFORE 1 2");
      break;
    case 3:
      t.Run("LPOP " + key);
      break;
    default:
      t.Run("LPUSH " + key + " 1 2 " + std::to_string(prng.Next()));
  }
}

// One random write, as commands would make it.
void Write(TestEngine& t, base::Prng& prng) {
  const std::string key = "key:" + std::to_string(prng.Below(3000));
  const std::string db = std::to_string(prng.Below(3));
  t.Run("SELECT " + db);
  const uint64_t kind = prng.Below(1000);
  if (kind < 60) {
    WriteGroup(t, prng);
  } else if (kind < 350) {
    t.Run("SET " + key + " value:" + std::to_string(prng.Next()));
  } else if (kind < 450) {
    t.Run("SET " + key + " v PX " + std::to_string(1 + prng.Below(2000)));
  } else if (kind < 500) {
    t.Run("APPEND " + key + " more");
  } else if (kind < 550) {
    WriteList(t, prng, "l" + std::to_string(prng.Below(100)));
  } else if (kind < 600) {
    t.Run("INCR n" + key);
  } else if (kind < 625) {
    t.Run("SETBIT " + key + " " + std::to_string(prng.Below(100)) + " 1");
  } else if (kind < 640) {
    t.Run("PFADD p" + key + " " + std::to_string(prng.Next()));
  } else if (kind < 650) {
    t.Run("PFCOUNT p" + key);
  } else if (kind < 760) {
    t.Run("GETDEL " + key);
  } else if (kind < 800) {
    const std::string stream_key = "x" + std::to_string(prng.Below(200));
    t.Run(prng.Below(4) > 0 ? "XADD " + stream_key + " * field value"
                            : "XTRIM " + stream_key + " MAXLEN 3");
  } else if (kind < 950) {
    const std::string hash_key = "h" + key;
    keyspace::Edit edit(t.engine.keyspace(), t.engine.keyspace().db(static_cast<int>(kind % 3)),
                        hash_key);
    types::Hash hash(edit.Collection(types::Encoding::kHashListpack),
                     t.engine.keyspace().context());
    hash.Set("field:" + std::to_string(prng.Below(200)), "value");
    edit.Changed(keyspace::kEventHash, "hset");
  } else if (kind < 965) {
    const std::string field = "field:" + std::to_string(prng.Below(50));
    t.Run("HSETEX h" + key + " PX " + std::to_string(prng.Below(1000)) + " FIELDS 1 " + field +
          " v");
  } else if (kind < 975) {
    const std::string field = "field:" + std::to_string(prng.Below(50));
    t.Run("HPEXPIRE h" + key + " " + std::to_string(prng.Below(500)) + " FIELDS 1 " + field);
  } else if (kind < 992) {
    t.AdvanceTime(std::chrono::milliseconds(prng.Below(100)));
    t.engine.Tick(10);
  } else if (kind < 996) {
    t.engine.keyspace().Flush(t.engine.keyspace().db(static_cast<int>(prng.Below(3))),
                              prng.Below(2) == 0);
  } else {
    t.engine.keyspace().Swap(t.engine.keyspace().db(0), t.engine.keyspace().db(1));
  }
}

TEST(SnapshotCut, YieldsTheStateAtTheCutWhileWritesExpiriesFlushesAndRehashesGoOn) {
  TestEngine t;
  base::Prng prng(7);
  uint64_t writes = 0;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 2000; ++i) Write(t, prng);
    const State expected = Present(t.engine.keyspace());
    CollectingSink sink(t.engine.keyspace().context());
    keyspace::SnapshotCut cut(t.engine.keyspace(), sink);
    // Some cuts race ahead of the writes, some are nearly overtaken by them.
    const uint64_t writes_a_step = prng.Below(8);
    while (cut.Step(1 + static_cast<uint32_t>(prng.Below(6)))) {
      for (uint64_t i = 0; i < writes_a_step; ++i, ++writes) Write(t, prng);
    }
    ASSERT_EQ(sink.twice, 0) << "round " << round;
    ASSERT_EQ(sink.state, expected) << "round " << round;
  }
  EXPECT_GE(writes, 100'000u);
}

TEST(SnapshotCut, AbandonedCutsLeaveNothingBehind) {
  TestEngine t;
  base::Prng prng(9);
  for (int i = 0; i < 500; ++i) Write(t, prng);
  for (int round = 0; round < 600; ++round) {
    const State expected = Present(t.engine.keyspace());
    CollectingSink sink(t.engine.keyspace().context());
    keyspace::SnapshotCut cut(t.engine.keyspace(), sink);
    if (round % 3 != 0) {
      cut.Step(static_cast<uint32_t>(prng.Below(5)));
      Write(t, prng);
      continue;
    }
    while (cut.Step(50)) Write(t, prng);
    ASSERT_EQ(sink.state, expected) << "round " << round;
  }
}

TEST(SnapshotCut, AFlushMeanwhileIsNoticedByWhoWatches) {
  TestEngine t;
  t.Run("SET there 1");
  CollectingSink sink(t.engine.keyspace().context());
  keyspace::SnapshotCut cut(t.engine.keyspace(), sink);
  services::Session& other = t.OpenNetwork();
  t.Run("WATCH absent");
  t.Run(other, "WATCH there");
  t.Run("FLUSHALL");
  t.Run(other, "MULTI");
  EXPECT_EQ(t.Run(other, "EXEC"), "(nil)");
  t.Run("MULTI");
  EXPECT_EQ(t.Run("EXEC"), "[]");
}

TEST(SnapshotCut, YieldsTheFormThatASortHasChanged) {
  TestEngine t;
  constexpr int kKeys = 100;
  for (int i = 0; i < kKeys; ++i) t.Run("ZADD z" + std::to_string(i) + " 1 a 2 b");
  const State expected = Present(t.engine.keyspace());
  CollectingSink sink(t.engine.keyspace().context());
  keyspace::SnapshotCut cut(t.engine.keyspace(), sink);
  for (int i = 0; i < kKeys; ++i) {
    t.Run((i % 2 == 0 ? "SORT z" : "SORT_RO z") + std::to_string(i) + " ALPHA");
  }
  EXPECT_EQ(t.Run("OBJECT ENCODING z0"), "\"skiplist\"");
  while (cut.Step(50)) {
  }
  EXPECT_EQ(sink.state, expected);
}

}  // namespace
}  // namespace kvasm
