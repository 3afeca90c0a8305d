// DUMP and RESTORE as a session sees them, and values exchanged with real servers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/prng.h"
#include "core/persist/payload.h"
#include "core/types/hash.h"
#include "tests/unit/persist/old_forms.h"
#include "tests/unit/persist/vectors.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::DumpVector;
using testing::ListJournal;
using testing::TestEngine;

// A payload with a sound frame around these bytes.
std::string Payload(std::string body, int version = persist::kRdbVersion) {
  return body + persist::PayloadFooter(body, version);
}

std::string Little(uint64_t value, size_t bytes) {
  return {reinterpret_cast<const char*>(&value), bytes};
}

// The bytes of a bulk reply.
std::string DumpOf(TestEngine& t, const std::string& key) {
  services::Session& session = t.OpenNetwork();
  const std::string reply = t.Raw(session, "DUMP " + key + "\r\n");
  const size_t start = reply.find("\r\n") + 2;
  return reply.substr(start, reply.size() - start - 2);
}

std::string Restore(TestEngine& t, const std::string& key, const std::string& payload,
                    const std::string& option = "REPLACE") {
  return t.RunArgs({"RESTORE", key, "0", payload, option});
}

TEST(Dump, OfAMissingKeyIsNull) {
  TestEngine t;
  EXPECT_EQ(t.Run("DUMP nothing"), "(nil)");
}

TEST(Dump, AValueReturnsUnderAnotherKey) {
  TestEngine t;
  t.Run("SET s hello");
  t.Run("SET n 12345");
  t.Run("HSET h a 1 b two");
  t.Run("SADD i 1 2 300000");
  t.Run("SADD m a b 1");
  t.Run("ZADD z 1 a 2.5 b -inf c");
  for (const std::string key : {"s", "n", "h", "i", "m", "z"}) {
    EXPECT_EQ(Restore(t, "copy:" + key, DumpOf(t, key)), "+OK") << key;
    EXPECT_EQ(t.Run("DEBUG DIGEST-VALUE copy:" + key), t.Run("DEBUG DIGEST-VALUE " + key));
    EXPECT_EQ(t.Run("OBJECT ENCODING copy:" + key), t.Run("OBJECT ENCODING " + key));
  }
}

TEST(Dump, BytesAreThoseOfARealServer) {
  TestEngine t;
  t.Run("CONFIG SET rdbcompression no");
  t.Run("SET n 0");
  EXPECT_EQ(DumpOf(t, "n"), testing::FromHex("00c0000b00f19f1a0b05cfea81"));
}

TEST(Restore, ATtlIsRelativeUnlessAbsolute) {
  TestEngine t;
  const std::string payload = Payload(std::string("\0\1v", 3));
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", "5000", payload}), "+OK");
  EXPECT_EQ(t.Run("PTTL k"), ":5000");
  const std::string at = std::to_string(t.now_ms() + 700);
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", at, payload, "ABSTTL", "REPLACE"}), "+OK");
  EXPECT_EQ(t.Run("PTTL k"), ":700");
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", "0", payload, "ABSTTL", "REPLACE"}), "+OK");
  EXPECT_EQ(t.Run("PTTL k"), ":-1");
}

TEST(Restore, AValuePastItsTimeOnlyRemoves) {
  TestEngine t;
  const std::string payload = Payload(std::string("\0\1v", 3));
  ListJournal journal;
  t.Run("SET k old");
  t.engine.keyspace().journal().Attach(journal);
  EXPECT_EQ(t.RunArgs({"RESTORE", "none", "1", payload, "ABSTTL"}), "+OK");
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", "1", payload, "ABSTTL", "REPLACE"}), "+OK");
  t.Run("SET k old");
  t.Run("CONFIG SET lazyfree-lazy-server-del yes");
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", "9223372036854775807", payload, "REPLACE"}), "+OK");
  EXPECT_EQ(t.Run("EXISTS k none"), ":0");
  t.engine.keyspace().journal().Detach(journal);
  EXPECT_EQ(journal.records,
            (std::vector<std::string>{"SELECT 0", "DEL k", "SET k old", "UNLINK k"}));
}

TEST(Restore, TheTimeIsRecordedAsAnInstant) {
  TestEngine t;
  const std::string payload = Payload(std::string("\0\1v", 3));
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  t.RunArgs({"RESTORE", "k", "5000", payload, "REPLACE"});
  t.engine.keyspace().journal().Detach(journal);
  ASSERT_EQ(journal.records.size(), 2u);
  EXPECT_EQ(journal.records[1],
            "RESTORE k " + std::to_string(t.now_ms() + 5000) + " " + payload + " REPLACE ABSTTL");
}

TEST(Restore, ErrorsComeInTheOrderOfRedis) {
  TestEngine t;
  t.Run("SET k v");
  EXPECT_EQ(t.Run("RESTORE k x ... nonsense"), "-ERR syntax error");
  EXPECT_EQ(t.Run("RESTORE k x ..."), "-BUSYKEY Target key name already exists.");
  EXPECT_EQ(t.Run("RESTORE k x ... REPLACE"), "-ERR value is not an integer or out of range");
  EXPECT_EQ(t.Run("RESTORE k -1 ... REPLACE"), "-ERR Invalid TTL value, must be >= 0");
  EXPECT_EQ(t.Run("RESTORE k 0 ... REPLACE"), "-ERR DUMP payload version or checksum are wrong");
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", "0", Payload("\x06"), "REPLACE"}), "-ERR Bad data format");
  EXPECT_EQ(t.Run("RESTORE k 0 x FREQ 256"), "-ERR Invalid FREQ value, must be >= 0 and <= 255");
  EXPECT_EQ(t.Run("RESTORE k 0 x FREQ x"), "-ERR value is not an integer or out of range");
  EXPECT_EQ(t.Run("RESTORE k 0 x IDLETIME -1"), "-ERR Invalid IDLETIME value, must be >= 0");
  EXPECT_EQ(t.Run("RESTORE k 0 x IDLETIME 1 FREQ 1"), "-ERR syntax error");
  EXPECT_EQ(t.Run("RESTORE k 0 x FREQ 1 IDLETIME 1"), "-ERR syntax error");
  EXPECT_EQ(t.Run("RESTORE k 0 x FREQ"), "-ERR syntax error");
  EXPECT_EQ(t.Run("GET k"), "\"v\"");
}

TEST(Restore, DamagedOrNewerPayloadsAreRefused) {
  TestEngine t;
  const std::string body("\0\1v", 3);
  std::string damaged = Payload(body);
  damaged[2] = 'w';
  EXPECT_EQ(Restore(t, "k", damaged), "-ERR DUMP payload version or checksum are wrong");
  EXPECT_EQ(Restore(t, "k", Payload(body, 900)), "-ERR DUMP payload version or checksum are wrong");
  EXPECT_EQ(Restore(t, "k", "short"), "-ERR DUMP payload version or checksum are wrong");
  EXPECT_EQ(Restore(t, "k", Payload(body, 2)), "+OK");
}

TEST(Restore, IdleTimeAndFrequencyAreSet) {
  TestEngine t;
  const std::string payload = Payload(std::string("\0\1v", 3));
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", "0", payload, "IDLETIME", "1000"}), "+OK");
  EXPECT_EQ(t.Run("OBJECT IDLETIME k"), ":1000");
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", "0", payload, "FREQ", "100", "REPLACE"}), "+OK");
  EXPECT_EQ(t.Run("OBJECT IDLETIME k"), ":0");
  t.Run("CONFIG SET maxmemory-policy allkeys-lfu");
  EXPECT_EQ(t.RunArgs({"RESTORE", "k", "0", payload, "FREQ", "100", "REPLACE"}), "+OK");
  EXPECT_EQ(t.Run("OBJECT FREQ k"), ":100");
}

TEST(Restore, FlawedCollectionsAreRefused) {
  TestEngine t;
  const std::string nan = Little(0x7ff8000000000000, 8);
  const std::string one = Little(0x3ff0000000000000, 8);
  const std::string intset_head = Little(2, 4) + Little(2, 4);
  for (const std::string& body : std::vector<std::string>{
           "", std::string("\4\0", 2),                               // no fields
           std::string("\2\0", 2),                                   // no members
           std::string("\5\0", 2),                                   //
           "\4\2\1a\1x\1a\1y",                                       // a field twice
           "\2\2\1a\1a",                                             // a member twice
           std::string("\2\2\xc0\1\xc0\1", 6),                       //
           "\5\1\1a" + nan,                                          // not a number
           "\5\2\1a" + one + "\1a" + one,                            // a member twice
           "\3\1\1a\xfd",                                            // not a number, as text
           "\3\1\1a\2xx",                                            //
           "\x0b\x08" + Little(2, 4) + Little(0, 4),                 // an intset of none
           "\x0b\x0c" + intset_head + Little(7, 2) + Little(7, 2),   // the same twice
           "\x0b\x0c" + intset_head + Little(7, 2) + Little(1, 2),   // descending
           "\x0b\x0c" + Little(3, 4) + Little(2, 4) + Little(0, 4),  // of no known width
           "\x02\x81\xff\xff\xff\xff\xff\xff\xff\xff",               // a huge count
           "\x07\1\1",                                               // a module's
       }) {
    EXPECT_EQ(Restore(t, "k", Payload(body)), "-ERR Bad data format") << testing::Ziplist({body});
    EXPECT_EQ(t.Run("EXISTS k"), ":0");
  }
}

TEST(Restore, FormsOfEveryAgeAreRead) {
  TestEngine t;
  const auto blob = [](const std::string& block) {
    return std::string(1, char(block.size())) + block;
  };
  const std::string pairs = blob(testing::Ziplist({"a", "1", "f", "v"}));
  const std::string map = blob(testing::Zipmap({"a", "1", "f", "v"}, 1));
  t.Run("HSET h a 1 f v");
  t.Run("ZADD z 1 a 2.5 b");
  for (const std::string& body : {"\x0d" + pairs, "\x09" + map}) {
    EXPECT_EQ(Restore(t, "k", Payload(body, 6)), "+OK");
    EXPECT_EQ(t.Run("DEBUG DIGEST-VALUE k"), t.Run("DEBUG DIGEST-VALUE h"));
    EXPECT_EQ(t.Run("OBJECT ENCODING k"), "\"listpack\"");
  }
  for (const std::string& body :
       {"\x0c" + blob(testing::Ziplist({"a", "1", "b", "2.5"})),
        "\x0c" + blob(testing::Ziplist({"b", "2.5", "a", "1"})),  // in no order
        std::string("\3\2\1a\1"
                    "1\1b\3"
                    "2.5")}) {
    EXPECT_EQ(Restore(t, "k", Payload(body, 6)), "+OK");
    EXPECT_EQ(t.Run("ZRANGE k 0 -1 WITHSCORES"), t.Run("ZRANGE z 0 -1 WITHSCORES"));
    EXPECT_EQ(t.Run("OBJECT ENCODING k"), "\"listpack\"");
  }
}

TEST(Restore, LimitsDecideTheEncodingAsInRedis) {
  TestEngine t;
  t.Run("HSET h a 1 b 2 c 3");
  t.Run("SADD i 1 2 3");
  t.Run("SADD m a b c");
  t.Run("ZADD z 1 a 2 b 3 c");
  const std::string h = DumpOf(t, "h");
  const std::string i = DumpOf(t, "i");
  const std::string m = DumpOf(t, "m");
  const std::string z = DumpOf(t, "z");
  t.Run("CONFIG SET hash-max-listpack-entries 2 set-max-intset-entries 2");
  t.Run("CONFIG SET set-max-listpack-entries 2 zset-max-listpack-entries 2");
  for (const std::string& payload : {h, i, m, z}) {
    EXPECT_EQ(Restore(t, "k", payload), "+OK");
    const std::string encoding = t.Run("OBJECT ENCODING k");
    EXPECT_TRUE(encoding == "\"hashtable\"" || encoding == "\"skiplist\"") << encoding;
  }
}

// Of every value a real server dumped: the same content, encoding and fingerprint as the same value
// made by commands here.
void CompareVectors(const std::string& version) {
  TestEngine t;
  const std::vector<DumpVector> vectors = testing::DumpVectors(version);
  if (vectors.empty()) GTEST_SKIP() << "the reference facts are not beside the project";
  int compared = 0;
  for (const DumpVector& vector : vectors) {
    const std::string_view needed = vector.type == "list"     ? "rpush"
                                    : vector.type == "stream" ? "xadd"
                                                              : "set";
    if (t.engine.table().Find(needed) == command::Table::kNone) continue;
    t.Run("FLUSHALL");
    for (const auto& command : testing::CommandsFor(vector, "made")) {
      t.RunArgs(command);
    }
    const std::string reply = Restore(t, "k", vector.payload);
    EXPECT_EQ(reply, "+OK") << vector.key;
    EXPECT_EQ(t.Run("TYPE k"), "+" + vector.type) << vector.key;
    const bool newer = version == "7.2.6";
    if (newer) EXPECT_EQ(t.Run("OBJECT ENCODING k"), '"' + vector.encoding + '"') << vector.key;
    if (t.Run("EXISTS made") == ":0") continue;
    EXPECT_EQ(t.Run("DEBUG DIGEST-VALUE k"), t.Run("DEBUG DIGEST-VALUE made")) << vector.key;
    ++compared;
  }
  EXPECT_GE(compared, 50);
}

TEST(Restore, TakesWhatRedis70Dumped) { CompareVectors("7.0.15"); }
TEST(Restore, TakesWhatRedis72Dumped) { CompareVectors("7.2.6"); }

// --- fields that end by themselves ---

TEST(Dump, HashesWithEndsReturnAndOnlyTheyAreOfVersion12) {
  for (const char* entries : {"512", "0"}) {
    TestEngine t;
    t.engine.config().mutable_settings().enable_debug_command = "yes";
    t.Run(std::string("CONFIG SET hash-max-listpack-entries ") + entries);
    t.Run("HSET h a 1 b two c 3");
    t.Run("HPEXPIREAT h 1800000000007 FIELDS 1 b");
    t.Run("HPEXPIREAT h 1800000000000 FIELDS 1 c");
    const std::string payload = DumpOf(t, "h");
    EXPECT_EQ(payload[payload.size() - 10], 12);
    EXPECT_EQ(Restore(t, "copy", payload), "+OK");
    EXPECT_EQ(t.Run("HPEXPIRETIME copy FIELDS 3 a b c"), "[:-1, :1800000000007, :1800000000000]");
    EXPECT_EQ(t.Run("DEBUG DIGEST-VALUE copy"), t.Run("DEBUG DIGEST-VALUE h"));
    EXPECT_EQ(t.Run("OBJECT ENCODING copy"), t.Run("OBJECT ENCODING h"));
    EXPECT_EQ(t.engine.keyspace().db(0).field_volatile_size(), 2u);
    t.Run("HPERSIST h FIELDS 2 b c");
    const std::string plain = DumpOf(t, "h");
    EXPECT_EQ(plain[plain.size() - 10], 11);
    EXPECT_EQ(Restore(t, "copy", plain), "+OK");
    EXPECT_EQ(t.Run("HTTL copy FIELDS 2 b c"), "[:-1, :-1]");
  }
}

TEST(Restore, FieldsAlreadyEndedAreNeverSeen) {
  TestEngine t;
  t.Run("HSET h a 1 b 2");
  t.Run("HPEXPIRE h 100 FIELDS 1 a");
  const std::string payload = DumpOf(t, "h");
  t.AdvanceTime(1s);
  EXPECT_EQ(Restore(t, "late", payload), "+OK");
  EXPECT_EQ(t.Run("HGETALL late"), "[\"b\", \"2\"]");
}

TEST(Restore, TakesTheFormsOfTheReleaseCandidate) {
  TestEngine t;
  // 81 and 8 bytes: the end as it is; 00: none.
  const std::string fields = std::string("\x16\x02", 2) +
                             std::string("\x81\0\0\x01\xa3\x18\x5c\x50\0", 9) +
                             "\x01"
                             "f"
                             "\x01"
                             "v" +
                             std::string("\0", 1) +
                             "\x01"
                             "g"
                             "\x01"
                             "w";
  EXPECT_EQ(Restore(t, "h", Payload(fields, 12)), "+OK");
  EXPECT_EQ(t.Run("HPEXPIRETIME h FIELDS 2 f g"), "[:1800000000000, :-1]");
}

TEST(Restore, HostileHashesWithEndsAreRefused) {
  TestEngine t;
  t.Run("HSET h a 1 b 2 c 3");
  t.Run("HPEXPIREAT h 1800000000000 FIELDS 2 a b");
  const std::string packed = DumpOf(t, "h");
  t.Run("CONFIG SET hash-max-listpack-entries 0");
  t.Run("HSET g a 1 b 2 c 3");
  t.Run("HPEXPIREAT g 1800000000000 FIELDS 2 a b");
  const std::string table = DumpOf(t, "g");
  base::Prng prng(11);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string& whole = round % 2 == 0 ? packed : table;
    std::string body = whole.substr(0, whole.size() - 10);
    for (uint64_t i = 0; i <= prng.Below(3); ++i) {
      body[1 + prng.Below(body.size() - 1)] = static_cast<char>(prng.Below(256));
    }
    if (prng.Below(8) == 0) body.resize(1 + prng.Below(body.size()));
    t.Run("CONFIG SET hash-max-listpack-entries " + std::to_string(prng.Below(5)));
    if (Restore(t, "k", Payload(body, 12)) != "+OK") {
      ++refused;
      continue;
    }
    keyspace::Entry* entry = t.engine.keyspace().Find(t.engine.keyspace().db(0), "k");
    if (entry == nullptr) continue;
    ASSERT_TRUE(types::Hash(entry->value(), t.engine.keyspace().context()).Validate()) << round;
  }
  EXPECT_GT(refused, 5'000);
}

}  // namespace
}  // namespace kvasm
