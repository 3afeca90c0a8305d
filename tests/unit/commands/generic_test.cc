#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::ListJournal;
using testing::TestEngine;

class EventList final : public keyspace::Listener {
 public:
  std::vector<std::string> events;
  uint32_t Interests() const override { return kEvents; }
  void KeyEvent(keyspace::EventClass, std::string_view event, keyspace::Database& db,
                std::string_view key) override {
    if (event == "set") return;
    events.push_back(std::string(event) + " " + std::to_string(db.id()) + ":" + std::string(key));
  }
};

// The keys of a SCAN reply "[next, [a, b]]".
std::set<std::string> ScanAll(TestEngine& t, const std::string& options) {
  std::set<std::string> keys;
  std::string cursor = "0";
  do {
    const std::string reply = t.Run("SCAN " + cursor + " " + options);
    cursor = reply.substr(2, reply.find('"', 2) - 2);
    std::string list = reply.substr(reply.find('[', 1) + 1);
    list.resize(list.find(']'));
    std::istringstream words(list);
    for (std::string word; words >> word;) {
      if (word.back() == ',') word.pop_back();
      keys.insert(word.substr(1, word.size() - 2));
    }
  } while (cursor != "0");
  return keys;
}

TEST(Generic, DelCountsWhatItDeleted) {
  TestEngine t;
  t.Run("MSET a 1 b 2");
  EXPECT_EQ(t.Run("DEL a b c a"), ":2");
  EXPECT_EQ(t.Run("UNLINK a"), ":0");
  EXPECT_EQ(t.Run("EXISTS a b"), ":0");
}

TEST(Generic, ExistsCountsRepetitions) {
  TestEngine t;
  t.Run("SET a 1");
  EXPECT_EQ(t.Run("EXISTS a a b"), ":2");
  EXPECT_EQ(t.Run("TOUCH a a b"), ":2");
}

TEST(Generic, TypeNamesTheType) {
  TestEngine t;
  t.Run("SET a 1");
  EXPECT_EQ(t.Run("TYPE a"), "+string");
  EXPECT_EQ(t.Run("TYPE b"), "+none");
}

TEST(Generic, RenameTakesValueAndExpiryAlong) {
  TestEngine t;
  t.Run("SET a 1 PX 5000");
  t.Run("SET b something-else");
  EXPECT_EQ(t.Run("RENAME a b"), "+OK");
  EXPECT_EQ(t.Run("GET b"), "\"1\"");
  EXPECT_EQ(t.Run("PTTL b"), ":5000");
  EXPECT_EQ(t.Run("EXISTS a"), ":0");
  EXPECT_EQ(t.Run("RENAME a b"), "-ERR no such key");
  EXPECT_EQ(t.Run("RENAME b b"), "+OK");
  EXPECT_EQ(t.Run("RENAME absent absent"), "-ERR no such key");
}

TEST(Generic, RenameToALongerKeyKeepsEveryKindOfValue) {
  TestEngine t;
  const std::string name(600, 'n');
  const std::string raw(100, 'r');
  for (const std::string& value : {std::string("12"), std::string("embedded"), raw}) {
    t.RunArgs({"SET", "k", value});
    EXPECT_EQ(t.RunArgs({"RENAME", "k", name}), "+OK");
    EXPECT_EQ(t.RunArgs({"GET", name}), "\"" + value + "\"");
    EXPECT_EQ(t.RunArgs({"RENAME", name, "k"}), "+OK");
    EXPECT_EQ(t.Run("GET k"), "\"" + value + "\"");
  }
}

TEST(Generic, RenamenxSparesWhatIsThere) {
  TestEngine t;
  t.Run("MSET a 1 b 2");
  EXPECT_EQ(t.Run("RENAMENX a b"), ":0");
  EXPECT_EQ(t.Run("RENAMENX a a"), ":0");
  EXPECT_EQ(t.Run("RENAMENX a c"), ":1");
  EXPECT_EQ(t.Run("MGET a b c"), "[(nil), \"2\", \"1\"]");
}

TEST(Generic, CopyLeavesTheSourceAlone) {
  TestEngine t;
  const std::string raw(100, 'r');
  t.RunArgs({"SET", "raw", raw, "PX", "5000"});
  t.Run("SET int 12");
  t.Run("SET text hello");
  for (const char* key : {"raw", "int", "text"}) {
    const std::string to = std::string(key) + "2";
    EXPECT_EQ(t.RunArgs({"COPY", key, to}), ":1");
    EXPECT_EQ(t.RunArgs({"GET", to}), t.RunArgs({"GET", key}));
    EXPECT_EQ(t.RunArgs({"OBJECT", "ENCODING", to}), t.RunArgs({"OBJECT", "ENCODING", key}));
    EXPECT_EQ(t.RunArgs({"PTTL", to}), t.RunArgs({"PTTL", key}));
  }
  t.Run("APPEND raw x");
  EXPECT_EQ(t.Run("STRLEN raw2"), ":100");
  EXPECT_EQ(t.Run("COPY int text"), ":0");
  EXPECT_EQ(t.Run("COPY int raw2 REPLACE"), ":1");
  EXPECT_EQ(t.Run("GET raw2"), "\"12\"");
  EXPECT_EQ(t.Run("PTTL raw2"), ":-1");
  EXPECT_EQ(t.Run("COPY absent x"), ":0");
}

TEST(Generic, CopyChecksItsArguments) {
  TestEngine t;
  t.Run("SET a 1");
  EXPECT_EQ(t.Run("COPY a a"), "-ERR source and destination objects are the same");
  EXPECT_EQ(t.Run("COPY a a DB 3"), ":1");
  EXPECT_EQ(t.Run("COPY a a DB 3"), ":0");
  EXPECT_EQ(t.Run("COPY a b DB 16"), "-ERR DB index is out of range");
  EXPECT_EQ(t.Run("COPY a b DB -1"), "-ERR DB index is out of range");
  EXPECT_EQ(t.Run("COPY a b DB x"), "-ERR value is not an integer or out of range");
  EXPECT_EQ(t.Run("COPY a b DB"), "-ERR syntax error");
  EXPECT_EQ(t.Run("COPY a b WHAT"), "-ERR syntax error");
}

TEST(Generic, MoveGoesToAnotherDatabaseUnlessTheKeyIsThere) {
  TestEngine t;
  t.Run("SET a 1 PX 5000");
  EXPECT_EQ(t.Run("MOVE a 1"), ":1");
  EXPECT_EQ(t.Run("EXISTS a"), ":0");
  EXPECT_EQ(t.engine.keyspace().db(1).size(), 1u);
  EXPECT_EQ(t.engine.keyspace().db(1).volatile_size(), 1u);
  t.Run("SET a 2");
  EXPECT_EQ(t.Run("MOVE a 1"), ":0");
  EXPECT_EQ(t.Run("MOVE a 0"), "-ERR source and destination objects are the same");
  EXPECT_EQ(t.Run("MOVE a 99"), "-ERR DB index is out of range");
  EXPECT_EQ(t.Run("MOVE a x"), "-ERR value is not an integer or out of range");
  EXPECT_EQ(t.Run("MOVE absent 1"), ":0");
}

TEST(Generic, EventsNameBothSides) {
  TestEngine t;
  EventList list;
  t.engine.keyspace().Attach(list);
  t.Run("SET a 1");
  t.Run("RENAME a b");
  t.Run("MOVE b 2");
  t.Run("SET c 1");
  t.Run("COPY c d DB 2");
  t.Run("DEL c");
  const std::vector<std::string> expected = {
      "new 0:a",     "new 0:b", "rename_from 0:a", "rename_to 0:b", "new 2:b", "move_from 0:b",
      "move_to 2:b", "new 0:c", "new 2:d",         "copy_to 2:d",   "del 0:c"};
  EXPECT_EQ(list.events, expected);
  t.engine.keyspace().Detach(list);
}

TEST(Generic, JournalHoldsTheCalls) {
  TestEngine t;
  t.Run("MSET s 1 s3 1");
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  for (const char* line : {"RENAME s s2", "COPY s2 s", "MOVE s 3", "DEL s2 nokey", "DEL nokey",
                           "UNLINK s3", "TOUCH s", "RENAME absent s"}) {
    t.Run(line);
  }
  const std::vector<std::string> expected = {"SELECT 0", "RENAME s s2",  "COPY s2 s",
                                             "MOVE s 3", "DEL s2 nokey", "UNLINK s3"};
  EXPECT_EQ(journal.records, expected);
}

TEST(Generic, KeysListsWhatMatchesAndLives) {
  TestEngine t;
  t.Run("MSET key_x 1 key_y 2 foo_a 3");
  t.Run("SET key_z 1 PX 10");
  t.AdvanceTime(11ms);
  EXPECT_EQ(t.Run("KEYS foo*"), "[\"foo_a\"]");
  EXPECT_EQ(t.Run("KEYS key_[x]"), "[\"key_x\"]");
  EXPECT_EQ(t.Run("KEYS nothing*"), "[]");
  EXPECT_EQ(t.Run("KEYS *").size(), std::string("[\"key_x\", \"key_y\", \"foo_a\"]").size());
  // As in Redis, which only skips it.
  EXPECT_EQ(t.engine.keyspace().db(0).size(), 4u);
}

TEST(Generic, KeysMatchesTheEmptyKey) {
  TestEngine t;
  t.RunArgs({"SET", "", "1"});
  EXPECT_EQ(t.Run("KEYS *"), "[\"\"]");
}

TEST(Generic, ScanReturnsEveryKey) {
  TestEngine t;
  std::set<std::string> all;
  for (int i = 0; i < 1000; ++i) {
    t.Run("SET key:" + std::to_string(i) + " x");
    all.insert("key:" + std::to_string(i));
  }
  EXPECT_EQ(ScanAll(t, ""), all);
  EXPECT_EQ(ScanAll(t, "COUNT 1"), all);
  EXPECT_EQ(ScanAll(t, "COUNT 10000"), all);
  EXPECT_EQ(ScanAll(t, "MATCH key:99?").size(), 10u);
  EXPECT_EQ(ScanAll(t, "TYPE string"), all);
  EXPECT_EQ(ScanAll(t, "TYPE STRING MATCH key:1 COUNT 500").size(), 1u);
  EXPECT_TRUE(ScanAll(t, "TYPE hash").empty());
  EXPECT_TRUE(ScanAll(t, "TYPE no-such-type").empty());
}

TEST(Generic, ScanChecksItsArguments) {
  TestEngine t;
  EXPECT_EQ(t.Run("SCAN 0 COUNT 0"), "-ERR syntax error");
  EXPECT_EQ(t.Run("SCAN 0 COUNT x"), "-ERR value is not an integer or out of range");
  EXPECT_EQ(t.Run("SCAN 0 COUNT"), "-ERR syntax error");
  EXPECT_EQ(t.Run("SCAN 0 WHAT 1"), "-ERR syntax error");
  EXPECT_EQ(t.Run("SCAN x"), "-ERR invalid cursor");
  EXPECT_EQ(t.Run("SCAN 18446744073709551616"), "-ERR invalid cursor");
  EXPECT_EQ(t.Run("SCAN 0 COUNT 9223372036854775807"), "[\"0\", []]");
  EXPECT_EQ(t.Run("SCAN 18446744073709551615").substr(0, 1), "[");
}

TEST(Generic, ScanRemovesWhatHasExpired) {
  TestEngine t;
  for (int i = 0; i < 100; ++i) t.Run("SET key:" + std::to_string(i) + " x PX 10");
  t.Run("SET stays 1");
  t.AdvanceTime(11ms);
  EXPECT_EQ(ScanAll(t, "COUNT 7"), std::set<std::string>{"stays"});
  EXPECT_EQ(t.engine.keyspace().db(0).size(), 1u);
}

TEST(Generic, RandomkeyReturnsOnlyLiveKeys) {
  TestEngine t;
  EXPECT_EQ(t.Run("RANDOMKEY"), "(nil)");
  for (int i = 0; i < 100; ++i) t.Run("SET key:" + std::to_string(i) + " x PX 10");
  t.Run("SET stays 1");
  t.AdvanceTime(11ms);
  EXPECT_EQ(t.Run("RANDOMKEY"), "\"stays\"");
  t.Run("SET too 1");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(t.Run("RANDOMKEY"));
  EXPECT_EQ(seen.size(), 2u);
}

TEST(Object, TellsTheEncoding) {
  TestEngine t;
  t.Run("SET int 12");
  t.Run("SET text hello");
  t.RunArgs({"SET", "raw", std::string(45, 'x')});
  EXPECT_EQ(t.Run("OBJECT ENCODING int"), "\"int\"");
  EXPECT_EQ(t.Run("OBJECT ENCODING text"), "\"embstr\"");
  EXPECT_EQ(t.Run("OBJECT ENCODING raw"), "\"raw\"");
  EXPECT_EQ(t.Run("OBJECT ENCODING absent"), "(nil)");
  EXPECT_EQ(t.Run("OBJECT REFCOUNT text"), ":1");
  EXPECT_EQ(t.Run("OBJECT REFCOUNT int"), ":2147483647");
}

TEST(Object, CountsIdleTimeSinceTheLastUse) {
  TestEngine t;
  t.Run("SET a 1");
  t.AdvanceTime(100s);
  EXPECT_EQ(t.Run("OBJECT IDLETIME a"), ":100");
  t.Run("TTL a");
  t.Run("EXISTS a");
  EXPECT_EQ(t.Run("OBJECT IDLETIME a"), ":100");
  t.Run("TOUCH a");
  EXPECT_EQ(t.Run("OBJECT IDLETIME a"), ":0");
  EXPECT_TRUE(t.Run("OBJECT FREQ a").starts_with("-ERR An LFU maxmemory policy is not selected"));
}

TEST(Object, RefusesUnknownSubcommands) {
  TestEngine t;
  EXPECT_EQ(t.Run("OBJECT WHAT a"), "-ERR unknown subcommand 'WHAT'. Try OBJECT HELP.");
  EXPECT_EQ(t.Run("OBJECT"), "-ERR wrong number of arguments for 'object' command");
  EXPECT_EQ(t.Run("OBJECT ENCODING"),
            "-ERR wrong number of arguments for 'object|encoding' command");
  EXPECT_TRUE(t.Run("OBJECT HELP").starts_with("[+OBJECT <subcommand>"));
}

}  // namespace
}  // namespace kvasm
