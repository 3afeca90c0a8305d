// Fields of hashes that end by themselves, through the commands.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::ListJournal;
using testing::TestEngine;
using Lines = std::vector<std::string>;

class EventList final : public keyspace::Listener {
 public:
  explicit EventList(TestEngine& t) : t_(t) { t_.engine.keyspace().Attach(*this); }
  ~EventList() override { t_.engine.keyspace().Detach(*this); }
  uint32_t Interests() const override { return kEvents; }
  void KeyEvent(keyspace::EventClass, std::string_view event, keyspace::Database&,
                std::string_view key) override {
    lines_.push_back(std::string(event) + " " + std::string(key));
  }
  Lines Take() { return std::exchange(lines_, {}); }

 private:
  TestEngine& t_;
  Lines lines_;
};

class JournalOf {
 public:
  explicit JournalOf(TestEngine& t) : t_(t) { t_.engine.keyspace().journal().Attach(journal_); }
  ~JournalOf() { t_.engine.keyspace().journal().Detach(journal_); }
  // Without SELECT, MULTI and EXEC.
  Lines Take() {
    Lines lines = std::exchange(journal_.records, {});
    std::erase_if(lines, [](const std::string& line) {
      return line.starts_with("SELECT") || line == "MULTI" || line == "EXEC";
    });
    return lines;
  }

 private:
  TestEngine& t_;
  ListJournal journal_;
};

// Both encodings.
class HashesExpire : public ::testing::TestWithParam<bool> {
 protected:
  HashesExpire() {
    if (GetParam()) t.Run("CONFIG SET hash-max-listpack-entries 0");
  }
  TestEngine t;
};

INSTANTIATE_TEST_SUITE_P(Packed, HashesExpire, ::testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Table, HashesExpire, ::testing::Values(true));

TEST_P(HashesExpire, AFieldIsThereUntilItsTimeAndGoneFromThenOn) {
  t.Run("HSET h a 1 b 2");
  EXPECT_EQ(t.Run("HPEXPIRE h 100 FIELDS 1 a"), "[:1]");
  t.AdvanceTime(99ms);
  EXPECT_EQ(t.Run("HPTTL h FIELDS 1 a"), "[:1]");
  EXPECT_EQ(t.Run("HGET h a"), "\"1\"");
  t.AdvanceTime(1ms);
  EXPECT_EQ(t.Run("HGET h a"), "(nil)");
  EXPECT_EQ(t.Run("HLEN h"), ":1");
  EXPECT_EQ(t.Run("HTTL h FIELDS 2 a b"), "[:-2, :-1]");
}

// Whatever command comes first: it sees no field that has ended.
TEST_P(HashesExpire, NoCommandSeesAnEndedField) {
  const std::map<std::string, std::string> replies = {{"HGET h a", "(nil)"},
                                                      {"HLEN h", ":1"},
                                                      {"HEXISTS h a", ":0"},
                                                      {"HSTRLEN h a", ":0"},
                                                      {"HKEYS h", "[\"b\"]"},
                                                      {"HVALS h", "[\"2\"]"},
                                                      {"HGETALL h", "[\"b\", \"2\"]"},
                                                      {"HMGET h a b", "[(nil), \"2\"]"},
                                                      {"HRANDFIELD h", "\"b\""},
                                                      {"HRANDFIELD h 9", "[\"b\"]"},
                                                      {"HSCAN h 0", "[\"0\", [\"b\", \"2\"]]"},
                                                      {"HDEL h a", ":0"},
                                                      {"HSETNX h a 5", ":1"},
                                                      {"HINCRBY h a 5", ":5"},
                                                      {"HSET h a 5", ":1"},
                                                      {"HPERSIST h FIELDS 1 a", "[:-2]"},
                                                      {"HEXPIRE h 9 FIELDS 1 a", "[:-2]"},
                                                      {"HGETEX h PERSIST FIELDS 1 a", "[(nil)]"},
                                                      {"HGETDEL h FIELDS 1 a", "[(nil)]"},
                                                      {"HSETEX h FXX FIELDS 1 a 1", ":0"},
                                                      {"COPY h g", ":1"},
                                                      {"HEXISTS g a", ":0"}};
  for (const auto& [line, reply] : replies) {
    t.Run("FLUSHALL");
    t.Run("HSET h a 1 b 2");
    t.Run("HPEXPIRE h 10 FIELDS 1 a");
    t.AdvanceTime(10ms);
    EXPECT_EQ(t.Run(line), reply) << line;
  }
}

TEST_P(HashesExpire, TheKeyGoesWithItsLastField) {
  t.Run("HSET h a 1 b 2");
  t.Run("HPEXPIRE h 10 FIELDS 2 a b");
  t.AdvanceTime(10ms);
  for (const char* line : {"EXISTS h", "HLEN h", "DBSIZE"}) EXPECT_EQ(t.Run(line), ":0") << line;
  EXPECT_EQ(t.Run("TYPE h"), "+none");
}

TEST_P(HashesExpire, EventsAndRecordsOfALookUpThatEndsFields) {
  t.Run("HSET h a 1 b 2 c 3");
  t.Run("HPEXPIRE h 10 FIELDS 1 b");
  t.Run("HPEXPIRE h 20 FIELDS 1 a");
  EventList events(t);
  JournalOf journal(t);
  t.AdvanceTime(20ms);
  t.Run("HGET h c");
  EXPECT_EQ(events.Take(), Lines{"hexpired h"});
  EXPECT_EQ(journal.Take(), Lines{"HDEL h b a"});
  t.Run("HPEXPIRE h 10 FIELDS 1 c");
  events.Take();
  journal.Take();
  t.AdvanceTime(20ms);
  t.Run("GET h");
  EXPECT_EQ(events.Take(), (Lines{"hexpired h", "del h", "keymiss h"}));
  EXPECT_EQ(journal.Take(), Lines{GetParam() ? "DEL h" : "HDEL h c"});
}

TEST_P(HashesExpire, ActiveExpiryEndsFieldsNobodyAsksFor) {
  t.Run("HSET h a 1 b 2 c 3");
  t.Run("HSET g a 1");
  t.Run("HPEXPIRE h 50 FIELDS 1 a");
  t.Run("HPEXPIRE h 70 FIELDS 1 b");
  t.Run("HPEXPIRE g 60 FIELDS 1 a");
  EventList events(t);
  JournalOf journal(t);
  t.AdvanceTime(49ms);
  EXPECT_EQ(t.engine.Tick(100), 1);
  EXPECT_EQ(journal.Take(), Lines{});
  t.AdvanceTime(1ms);
  EXPECT_EQ(t.engine.Tick(100), 10);
  EXPECT_EQ(journal.Take(), Lines{"HDEL h a"});
  t.AdvanceTime(20ms);
  t.engine.Tick(100);
  EXPECT_EQ(journal.Take(), (Lines{"HDEL g a", "HDEL h b"}));
  EXPECT_EQ(events.Take(), (Lines{"hexpired h", "hexpired g", "del g", "hexpired h"}));
  EXPECT_EQ(t.Run("DBSIZE"), ":1");
  EXPECT_EQ(t.engine.keyspace().stats().expired_subkeys, 3u);
  EXPECT_EQ(t.engine.keyspace().stats().expired_keys, 0u);
  EXPECT_EQ(t.engine.keyspace().NextExpiryMs(), -1);
}

TEST_P(HashesExpire, ALookUpThatEndsManyFieldsMakesFewRecords) {
  if (!GetParam()) t.Run("CONFIG SET hash-max-listpack-entries 10000");
  for (int i = 0; i < 3000; ++i) {
    const std::string field = "f" + std::to_string(i);
    t.RunArgs({"HSETEX", "h", "PX", "10", "FIELDS", "1", field, "v"});
  }
  t.Run("HSET h stays v");
  JournalOf journal(t);
  t.AdvanceTime(10ms);
  EXPECT_EQ(t.Run("HLEN h"), ":1");
  const Lines lines = journal.Take();
  EXPECT_EQ(lines.size(), 6u);
  size_t fields = 0;
  for (const std::string& line : lines)
    fields += static_cast<size_t>(std::count(line.begin(), line.end(), 'f'));
  EXPECT_EQ(fields, 3000u);
}

TEST_P(HashesExpire, ActiveExpiryOfManyFieldsKeepsToItsBudget) {
  for (int i = 0; i < 1000; ++i) t.Run("HSET h f" + std::to_string(i) + " v");
  for (int i = 0; i < 1000; ++i) t.Run("HPEXPIRE h 10 FIELDS 1 f" + std::to_string(i));
  t.AdvanceTime(10ms);
  EXPECT_EQ(t.engine.Tick(300), 0);
  EXPECT_EQ(t.engine.keyspace().stats().expired_subkeys, 300u);
  while (t.engine.Tick(300) == 0) {
  }
  EXPECT_EQ(t.engine.keyspace().stats().expired_subkeys, 1000u);
  EXPECT_EQ(t.Run("DBSIZE"), ":0");
}

TEST_P(HashesExpire, ALookUpOfATableThatEndsAsAWholeDropsItAsAWhole) {
  for (int i = 0; i < 1000; ++i) {
    t.Run("HSETEX h PX 10 FIELDS 1 f" + std::to_string(i) + " v");
  }
  EventList events(t);
  JournalOf journal(t);
  t.AdvanceTime(10ms);
  EXPECT_EQ(t.Run("HGET h f1"), "(nil)");
  EXPECT_EQ(events.Take(), (Lines{"hexpired h", "del h", "keymiss h"}));
  EXPECT_EQ(journal.Take(), Lines{"DEL h"});
  EXPECT_EQ(t.engine.keyspace().stats().expired_subkeys, 1000u);
  EXPECT_EQ(t.engine.keyspace().NextExpiryMs(), -1);
}

TEST_P(HashesExpire, NothingEndsWhileExpiryIsPaused) {
  t.Run("HSET h a 1");
  t.Run("HPEXPIRE h 10 FIELDS 1 a");
  t.engine.keyspace().PauseExpiry(true);
  t.AdvanceTime(1s);
  t.engine.Tick(100);
  EXPECT_EQ(t.Run("HGET h a"), "\"1\"");
  t.engine.keyspace().PauseExpiry(false);
  EXPECT_EQ(t.Run("HGET h a"), "(nil)");
}

TEST_P(HashesExpire, AWatchedKeyIsTouchedWhenAFieldEnds) {
  t.Run("HSET h a 1 b 2");
  t.Run("HPEXPIRE h 10 FIELDS 1 a");
  keyspace::WatchTable& watches = t.engine.keyspace().watches();
  const uint64_t version = watches.Watch(0, "h");
  t.Run("HGET h a");
  EXPECT_EQ(watches.Version(0, "h"), version);
  t.AdvanceTime(10ms);
  t.engine.Tick(10);
  EXPECT_NE(watches.Version(0, "h"), version);
  watches.Unwatch(0, "h");
}

TEST_P(HashesExpire, TheOrderOfHashesFollowsTheirContents) {
  keyspace::Keyspace& keyspace = t.engine.keyspace();
  auto hashes = [&](int db) { return keyspace.db(db).field_volatile_size(); };
  t.Run("HSET h a 1 b 2");
  t.Run("HPEXPIRE h 1000 FIELDS 1 a");
  EXPECT_EQ(hashes(0), 1u);
  EXPECT_EQ(keyspace.NextExpiryMs(), 1000);
  t.Run("HPEXPIRE h 500 FIELDS 1 b");
  EXPECT_EQ(keyspace.NextExpiryMs(), 500);
  t.Run("HDEL h b");
  EXPECT_EQ(keyspace.NextExpiryMs(), 1000);
  t.Run("HSET h a 2");
  EXPECT_EQ(hashes(0), 0u);
  t.Run("HPEXPIRE h 1000 FIELDS 1 a");
  t.Run("RENAME h g");
  EXPECT_EQ(hashes(0), 1u);
  t.Run("COPY g g2");
  EXPECT_EQ(hashes(0), 2u);
  t.Run("MOVE g 3");
  EXPECT_EQ(hashes(0), 1u);
  EXPECT_EQ(hashes(3), 1u);
  t.Run("SWAPDB 0 4");
  EXPECT_EQ(hashes(0), 0u);
  EXPECT_EQ(hashes(4), 1u);
  t.Run("SELECT 4");
  t.Run("SET g2 text");
  EXPECT_EQ(hashes(4), 0u);
  t.Run("FLUSHALL ASYNC");
  EXPECT_EQ(hashes(3), 0u);
  EXPECT_EQ(keyspace.NextExpiryMs(), -1);
  t.AdvanceTime(10s);
  while (t.engine.Tick(1000) == 0) {
  }
}

TEST_P(HashesExpire, RecordsAreAbsoluteAndNameTheFieldsThatChanged) {
  JournalOf journal(t);
  auto records = [&](std::string_view line) {
    t.Run(line);
    return journal.Take();
  };
  t.Run("HSET h a 1 b 2 c 3 d 4");
  journal.Take();
  EXPECT_EQ(records("HEXPIRE h 100 FIELDS 2 a missing"),
            Lines{"HPEXPIREAT h 1700000100000 FIELDS 1 a"});
  EXPECT_EQ(records("HPEXPIRE h 50 NX FIELDS 2 a b"),
            Lines{"HPEXPIREAT h 1700000000050 NX FIELDS 1 b"});
  EXPECT_EQ(records("HEXPIREAT h 1700000200 gt FIELDS 3 a b c"),
            Lines{"HPEXPIREAT h 1700000200000 GT FIELDS 2 a b"});
  EXPECT_EQ(records("HPEXPIREAT h 1700000200000 XX FIELDS 1 c"), Lines{});
  EXPECT_EQ(records("HEXPIRE h 100 FIELDS 1 missing"), Lines{});
  EXPECT_EQ(records("HPEXPIREAT h 5 FIELDS 2 c missing"), Lines{"HDEL h c"});
  EXPECT_EQ(records("HPERSIST h FIELDS 2 a d"), Lines{"HPERSIST h FIELDS 2 a d"});
  EXPECT_EQ(records("HPERSIST h FIELDS 1 d"), Lines{});
  EXPECT_EQ(records("HTTL h FIELDS 1 d"), Lines{});
  EXPECT_EQ(records("HGETEX h FIELDS 1 a"), Lines{});
  EXPECT_EQ(records("HGETEX h EX 5 FIELDS 2 a missing"),
            Lines{"HPEXPIREAT h 1700000005000 FIELDS 2 a missing"});
  EXPECT_EQ(records("HGETEX h PERSIST FIELDS 2 a d"), Lines{"HPERSIST h FIELDS 2 a d"});
  EXPECT_EQ(records("HGETEX h PERSIST FIELDS 1 d"), Lines{});
  EXPECT_EQ(records("HGETEX h PXAT 1 FIELDS 2 d missing"), Lines{"HDEL h d"});
  EXPECT_EQ(records("HSETEX h EX 5 FIELDS 1 e 5"),
            Lines{"HSETEX h PXAT 1700000005000 FIELDS 1 e 5"});
  EXPECT_EQ(records("HSETEX h FIELDS 1 e 6"), Lines{"HSETEX h FIELDS 1 e 6"});
  EXPECT_EQ(records("HSETEX h FNX KEEPTTL FIELDS 1 f 1"),
            Lines{"HSETEX h FNX KEEPTTL FIELDS 1 f 1"});
  EXPECT_EQ(records("HSETEX h FNX KEEPTTL FIELDS 1 f 1"), Lines{});
  EXPECT_EQ(records("HSETEX h PXAT 1 FIELDS 2 e 1 g 2"), (Lines{"HDEL h e", "HDEL h g"}));
  EXPECT_EQ(records("HGETDEL h FIELDS 2 f missing"), Lines{"HDEL h f missing"});
  EXPECT_EQ(records("HGETDEL h FIELDS 1 missing"), Lines{});
  t.Run("HSET h n 1");
  journal.Take();
  EXPECT_EQ(records("HINCRBYFLOAT h n 0.5"), Lines{"HSET h n 1.5"});
  t.Run("HEXPIRE h 5 FIELDS 1 n");
  journal.Take();
  EXPECT_EQ(records("HINCRBYFLOAT h n 0.5"), Lines{"HSETEX h KEEPTTL FIELDS 1 n 2"});
}

TEST_P(HashesExpire, Events) {
  EventList events(t);
  auto of = [&](std::string_view line) {
    t.Run(line);
    return events.Take();
  };
  t.Run("HSET h a 1 b 2 c 3");
  events.Take();
  EXPECT_EQ(of("HEXPIRE h 100 FIELDS 2 a b"), Lines{"hexpire h"});
  EXPECT_EQ(of("HEXPIRE h 100 NX FIELDS 1 a"), Lines{});
  EXPECT_EQ(of("HPERSIST h FIELDS 1 a"), Lines{"hpersist h"});
  EXPECT_EQ(of("HPERSIST h FIELDS 1 a"), Lines{});
  EXPECT_EQ(of("HEXPIRE h 0 FIELDS 1 a"), Lines{"hdel h"});
  EXPECT_EQ(of("HGETEX h EX 9 FIELDS 1 b"), Lines{"hexpire h"});
  EXPECT_EQ(of("HGETEX h PERSIST FIELDS 1 b"), Lines{"hpersist h"});
  EXPECT_EQ(of("HGETEX h FIELDS 1 b"), Lines{});
  EXPECT_EQ(of("HGETEX h EX 0 FIELDS 1 b"), Lines{"hdel h"});
  EXPECT_EQ(of("HGETDEL h FIELDS 1 c"), (Lines{"hdel h", "del h"}));
  EXPECT_EQ(of("HSETEX h EX 9 FIELDS 1 c 1"), (Lines{"new h", "hset h", "hexpire h"}));
  EXPECT_EQ(of("HSETEX h KEEPTTL FIELDS 1 c 1"), Lines{"hset h"});
  EXPECT_EQ(of("HSETEX h PX 0 FIELDS 1 c 1"), (Lines{"hset h", "hdel h", "del h"}));
  EXPECT_EQ(of("HSETEX h FXX FIELDS 1 c 1"), Lines{});
}

TEST_P(HashesExpire, CountsChanges) {
  auto dirty = [&](std::string_view line) {
    const uint64_t before = t.engine.keyspace().stats().dirty;
    t.Run(line);
    return t.engine.keyspace().stats().dirty - before;
  };
  t.Run("HSET h a 1 b 2 c 3");
  EXPECT_EQ(dirty("HEXPIRE h 100 FIELDS 3 a b missing"), 2u);
  EXPECT_EQ(dirty("HEXPIRE h 100 NX FIELDS 1 a"), 0u);
  EXPECT_EQ(dirty("HPERSIST h FIELDS 2 a b"), 1u);
  EXPECT_EQ(dirty("HSETEX h EX 10 FIELDS 2 a 1 b 2"), 2u);
  EXPECT_EQ(dirty("HGETEX h EX 10 FIELDS 2 a b"), 2u);
  EXPECT_EQ(dirty("HGETDEL h FIELDS 2 a b"), 2u);
  EXPECT_EQ(dirty("HEXPIRE h 0 FIELDS 1 c"), 1u);
}

TEST_P(HashesExpire, DigestsTellWhichFieldsEnd) {
  t.engine.config().mutable_settings().enable_debug_command = "yes";
  t.Run("HSET h a 1 b 2");
  t.Run("HSET g b 2 a 1");
  EXPECT_EQ(t.Run("DEBUG DIGEST-VALUE h"), t.Run("DEBUG DIGEST-VALUE g"));
  t.Run("HPEXPIREAT h 1800000000000 FIELDS 1 a");
  EXPECT_NE(t.Run("DEBUG DIGEST-VALUE h"), t.Run("DEBUG DIGEST-VALUE g"));
  t.Run("HPEXPIREAT g 1800000000000 FIELDS 1 a");
  EXPECT_EQ(t.Run("DEBUG DIGEST-VALUE h"), t.Run("DEBUG DIGEST-VALUE g"));
}

// The database of a program that knows only std::map.
struct Held {
  std::string value;
  int64_t end_ms = -1;
};

class Model {
 public:
  void Expire(int64_t now_ms) {
    std::erase_if(fields, [&](const auto& each) {
      return each.second.end_ms >= 0 && each.second.end_ms <= now_ms;
    });
  }
  std::string PttlReply(const std::string& field, int64_t now_ms) const {
    const auto at = fields.find(field);
    if (at == fields.end()) return "[:-2]";
    const int64_t end_ms = at->second.end_ms;
    return "[:" + std::to_string(end_ms < 0 ? -1 : end_ms - now_ms) + "]";
  }
  std::map<std::string, Held> fields;
};

TEST_P(HashesExpire, RandomCommandsMatchAModelUnderSimulatedTime) {
  base::Prng prng(GetParam() ? 3 : 4);
  Model model;
  if (!GetParam()) t.Run("CONFIG SET hash-max-listpack-entries 20");
  for (int step = 0; step < 20'000; ++step) {
    const std::string field = "f" + std::to_string(prng.Below(30));
    const std::string value = std::to_string(prng.Below(100'000));
    const auto wait = static_cast<int64_t>(prng.Below(200));
    if (prng.Below(4) == 0) t.AdvanceTime(std::chrono::milliseconds(prng.Below(20)));
    if (prng.Below(10) == 0) t.engine.Tick(static_cast<uint32_t>(prng.Below(4)));
    model.Expire(t.now_ms());
    const auto at = model.fields.find(field);
    const bool there = at != model.fields.end();
    const int64_t end = t.now_ms() + wait;
    const std::string text = std::to_string(wait);
    switch (prng.Below(9)) {
      case 0:
        ASSERT_EQ(t.Run("HSET h " + field + " " + value), there ? ":0" : ":1");
        model.fields[field] = {value};
        break;
      case 1:
        ASSERT_EQ(t.Run("HPEXPIRE h " + text + " FIELDS 1 " + field), !there      ? "[:-2]"
                                                                      : wait == 0 ? "[:2]"
                                                                                  : "[:1]");
        if (there) at->second.end_ms = end;
        break;
      case 2:
        ASSERT_EQ(t.Run("HPERSIST h FIELDS 1 " + field), !there                  ? "[:-2]"
                                                         : at->second.end_ms < 0 ? "[:-1]"
                                                                                 : "[:1]");
        if (there) at->second.end_ms = -1;
        break;
      case 3:
        ASSERT_EQ(t.Run("HDEL h " + field), there ? ":1" : ":0");
        model.fields.erase(field);
        break;
      case 4: {
        const int64_t sum = (there ? std::stoll(at->second.value) : 0) + 7;
        ASSERT_EQ(t.Run("HINCRBY h " + field + " 7"), ":" + std::to_string(sum));
        model.fields[field].value = std::to_string(sum);
        break;
      }
      case 5:
        ASSERT_EQ(t.Run("HSETEX h PX " + text + " FIELDS 1 " + field + " " + value), ":1");
        model.fields[field] = {value, end};
        break;
      case 6:
        ASSERT_EQ(t.Run("HGETEX h PX " + text + " FIELDS 1 " + field),
                  there ? "[\"" + at->second.value + "\"]" : "[(nil)]");
        if (there) at->second.end_ms = end;
        break;
      case 7:
        if (prng.Below(4) == 0) t.Run(prng.Below(2) == 0 ? "RENAME h g" : "COPY h g REPLACE");
        t.Run("RENAME g h");
        break;
      default:
        ASSERT_EQ(t.Run("HPTTL h FIELDS 1 " + field), model.PttlReply(field, t.now_ms()));
    }
    model.Expire(t.now_ms());
    ASSERT_EQ(t.Run("HLEN h"), ":" + std::to_string(model.fields.size())) << step;
    ASSERT_EQ(t.Run("EXISTS h"), model.fields.empty() ? ":0" : ":1");
    if (step % 20 != 0) continue;
    for (const auto& [name, held] : model.fields) {
      ASSERT_EQ(t.Run("HGET h " + name), "\"" + held.value + "\"") << step;
    }
  }
}

}  // namespace
}  // namespace kvasm
