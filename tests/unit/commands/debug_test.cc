// DEBUG HTSTATS and its kin, MEMORY STATS and what else looks inside.
#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::TestEngine;

class DebugTest : public ::testing::Test {
 protected:
  DebugTest() { t_.engine.config().mutable_settings().enable_debug_command = "yes"; }
  bool Tells(const std::string& line, std::string_view part) {
    return t_.Run(line).find(part) != std::string::npos;
  }

  TestEngine t_;
};

TEST_F(DebugTest, HtstatsTellsHowTheKeysLie) {
  EXPECT_EQ(t_.Run("DEBUG HTSTATS 0"),
            "\"[Dictionary HT]\nHash table 0 stats (main hash table):\n"
            "No stats available for empty dictionaries\n[Expires HT]\n"
            "Hash table 0 stats (main hash table):\n"
            "No stats available for empty dictionaries\n\"");
  t_.Run("SET only 1 EX 100");
  EXPECT_TRUE(Tells("DEBUG HTSTATS 0 FULL",
                    " number of elements: 1\n different slots: 1\n"
                    " max chain length: 1\n"));
  EXPECT_TRUE(Tells("DEBUG HTSTATS 0",
                    "[Expires HT]\nHash table 0 stats (main hash table):\n "
                    "table size: "));
  EXPECT_EQ(t_.Run("DEBUG HTSTATS 16"), "-ERR Out of range database");
  EXPECT_EQ(t_.Run("DEBUG HTSTATS x"), "-ERR value is not an integer or out of range");
  EXPECT_TRUE(t_.Run("DEBUG HTSTATS").starts_with("-ERR unknown subcommand or wrong number"));
}

TEST_F(DebugTest, HtstatsCountEachElementOnce) {
  t_.Run("DEBUG POPULATE 1000");
  const std::string text = t_.Run("DEBUG HTSTATS 0 full");
  uint64_t buckets = 0, nodes = 0;
  size_t at = text.find("distribution:\n");
  ASSERT_NE(at, std::string::npos);
  for (at += 14; text.compare(at, 3, "   ") == 0; at = text.find('\n', at) + 1) {
    const uint64_t length = std::stoull(text.substr(at));
    const uint64_t count = std::stoull(text.substr(text.find(':', at) + 1));
    buckets += count;
    nodes += length * count;
  }
  EXPECT_NE(text.find(" table size: " + std::to_string(buckets) + "\n"), std::string::npos);
  EXPECT_EQ(nodes, 1000u);
}

TEST_F(DebugTest, HtstatsKeyTellsHowElementsLie) {
  t_.Run("SADD packed 1 a");
  t_.Run("CONFIG SET set-max-listpack-entries 0 zset-max-listpack-entries 0");
  t_.Run("CONFIG SET hash-max-listpack-entries 0");
  t_.Run("SADD set a b c");
  t_.Run("ZADD zset 1 a 2 b");
  t_.Run("HSET hash f v");
  t_.Run("HSET mortal f v g v");
  t_.Run("HEXPIRE mortal 100 FIELDS 1 f");
  EXPECT_TRUE(Tells("DEBUG HTSTATS-KEY set", " number of elements: 3\n"));
  EXPECT_TRUE(Tells("DEBUG HTSTATS-KEY zset full", " number of elements: 2\n"));
  EXPECT_TRUE(Tells("DEBUG HTSTATS-KEY hash", " number of elements: 1\n"));
  EXPECT_TRUE(Tells("DEBUG HTSTATS-KEY mortal", " number of elements: 2\n"));
  EXPECT_EQ(t_.Run("DEBUG HTSTATS-KEY packed"),
            "-ERR The value stored at the specified key is not represented using an hash table");
  EXPECT_EQ(t_.Run("DEBUG HTSTATS-KEY absent"), "-ERR no such key");
}

TEST_F(DebugTest, ChangeReplIdChangesIt) {
  const std::string before = t_.engine.services().identity.replication_id;
  EXPECT_EQ(before.size(), 40u);
  EXPECT_TRUE(Tells("INFO replication", "master_replid:" + before + "\r\n"));
  EXPECT_EQ(t_.Run("DEBUG CHANGE-REPL-ID"), "+OK");
  EXPECT_FALSE(Tells("INFO replication", "master_replid:" + before));
}

TEST_F(DebugTest, ReplyBufferTakesWhatItKnows) {
  for (const char* line :
       {"DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER", "DEBUG REPLYBUFFER peak-reset-time reset",
        "DEBUG REPLYBUFFER PEAK-RESET-TIME 100", "DEBUG REPLYBUFFER RESIZING 0"}) {
    EXPECT_EQ(t_.Run(line), "+OK") << line;
  }
  EXPECT_EQ(t_.Run("DEBUG REPLYBUFFER PEAK-RESET-TIME x"),
            "-ERR value is not an integer or out of range");
  EXPECT_TRUE(t_.Run("DEBUG REPLYBUFFER x y").starts_with("-ERR unknown subcommand"));
}

TEST_F(DebugTest, ChoresRestWhenTold) {
  t_.Run("SET k v PX 100");
  EXPECT_EQ(t_.Run("DEBUG PAUSE-CRON 1"), "+OK");
  t_.AdvanceTime(std::chrono::seconds(1));
  t_.engine.Tick(1000);
  EXPECT_EQ(t_.Run("DBSIZE"), ":1");
  EXPECT_EQ(t_.Run("DEBUG PAUSE-CRON 0"), "+OK");
  t_.engine.Tick(1000);
  EXPECT_EQ(t_.Run("DBSIZE"), ":0");
}

TEST_F(DebugTest, ChecksumsAreSkippedWhenTold) {
  const std::string damaged("\x00\x01v\x0b\x00xxxxxxxx", 13);
  EXPECT_EQ(t_.RunArgs({"RESTORE", "k", "0", damaged}),
            "-ERR DUMP payload version or checksum are wrong");
  EXPECT_EQ(t_.Run("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1"), "+OK");
  EXPECT_EQ(t_.RunArgs({"RESTORE", "k", "0", damaged}), "+OK");
  EXPECT_EQ(t_.Run("GET k"), "\"v\"");
}

TEST_F(DebugTest, SizesOfStringsAreTold) {
  t_.Run("SET key value");
  EXPECT_TRUE(t_.Run("DEBUG SDSLEN key").starts_with("+key_sds_len:3, key_sds_avail:0, "));
  EXPECT_TRUE(Tells("DEBUG SDSLEN key", "val_sds_len:5, val_sds_avail:0, "));
  t_.RunArgs({"SET", "key", std::string(100, 'x')});
  EXPECT_TRUE(Tells("DEBUG SDSLEN key", "val_sds_len:100, "));
  t_.Run("SET number 12");
  EXPECT_EQ(t_.Run("DEBUG SDSLEN number"), "-ERR Not an sds encoded string.");
  EXPECT_EQ(t_.Run("DEBUG SDSLEN absent"), "-ERR no such key");
  EXPECT_TRUE(Tells("DEBUG STRUCTSIZE", "bits:" + std::to_string(sizeof(void*) * 8) + " "));
}

TEST_F(DebugTest, PatternsDoNoHarm) {
  EXPECT_EQ(t_.Run("DEBUG STRINGMATCH-TEST"), "+Apparently Redis did not crash: test passed");
}

// --- MEMORY ---

uint64_t NumberOf(const std::string& reply, const std::string& name) {
  const size_t at = reply.find("\"" + name + "\": :");
  EXPECT_NE(at, std::string::npos) << name << " in " << reply;
  return at == std::string::npos ? 0 : std::stoull(reply.substr(at + name.size() + 5));
}

TEST_F(DebugTest, MemoryStatsAddUp) {
  t_.Run("DEBUG POPULATE 1000");
  t_.Run("EXPIRE key:1 100");
  t_.UseResp3(true);
  const std::string stats = t_.Run("MEMORY STATS");
  EXPECT_EQ(NumberOf(stats, "keys.count"), 1000u);
  EXPECT_EQ(NumberOf(stats, "overhead.total") + NumberOf(stats, "dataset.bytes"),
            NumberOf(stats, "total.allocated"));
  EXPECT_GE(NumberOf(stats, "peak.allocated"), NumberOf(stats, "total.allocated"));
  EXPECT_NE(stats.find("\"db.0\": {\"overhead.hashtable.main\": :"), std::string::npos);
  EXPECT_GT(NumberOf(stats, "overhead.hashtable.expires"), 0u);
  EXPECT_EQ(stats.find("\"db.1\""), std::string::npos);
}

TEST_F(DebugTest, TheDoctorTellsOfPeaks) {
  t_.RunArgs({"SET", "large", std::string(40u << 20, 'x')});
  EXPECT_TRUE(Tells("MEMORY MALLOC-STATS", "allocated: "));
  EXPECT_FALSE(Tells("MEMORY DOCTOR", "very little data"));
  t_.RunArgs({"SET", "kept", std::string(8u << 20, 'x')});
  t_.Run("DEL large");
  EXPECT_TRUE(Tells("MEMORY DOCTOR", " * Peak: "));
}

}  // namespace
}  // namespace kvasm
