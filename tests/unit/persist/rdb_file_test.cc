// What stands in a file besides values, real servers' files, and files that are wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "core/base/alloc.h"
#include "core/base/crc64.h"
#include "core/base/prng.h"
#include "core/commands/data_digest.h"
#include "tests/unit/persist/rdb_files.h"
#include "tests/unit/persist/vectors.h"

namespace kvasm::persist {
namespace {

using namespace std::chrono_literals;
using testing::LoadFile;
using testing::LoadOutcome;
using testing::SaveFile;
using testing::TestEngine;
using testing::WithChecksum;
using Lines = std::vector<std::string>;

std::string Text(std::string_view text) {
  return std::string(1, static_cast<char>(text.size())) + std::string(text);
}

// A file of version 11 around these records.
std::string File(const std::string& records) {
  return WithChecksum("REDIS0011" + records + "\xff");
}

std::string StringRecord(std::string_view key, std::string_view value) {
  return std::string(1, '\0') + Text(key) + Text(value);
}

class RdbReaderTest : public ::testing::Test {
 protected:
  LoadOutcome Load(std::string_view file, size_t chunk_bytes = 0,
                   const RdbReadOptions& options = {}) {
    return LoadFile(t_, file, chunk_bytes, options);
  }
  // What the target is told, or the error; the same in pieces.
  Lines Told(const std::string& file, const RdbReadOptions& options = {}) {
    LoadOutcome whole = Load(file, 0, options);
    for (const size_t chunk_bytes : {1, 2, 5}) {
      const LoadOutcome pieces = Load(file, chunk_bytes, options);
      EXPECT_EQ(pieces.told, whole.told);
      EXPECT_EQ(pieces.error, whole.error);
      EXPECT_EQ(pieces.whole, whole.whole);
    }
    if (!whole.whole) whole.told.push_back(whole.error);
    return whole.told;
  }
  std::string Error(const std::string& file) { return Told(file).back(); }

  TestEngine t_;
};

TEST_F(RdbReaderTest, TheHeaderIsWhatTheServerWrites) {
  testing::TextSink sink;
  RdbWriter out(sink, {});
  out.Begin({.redis_version = "7.2.6",
             .created_s = 1700000000,
             .used_memory = 12345678,
             .aof_base = true,
             .has_replication = true,
             .stream_db = 3,
             .replication_id = "0123456789012345678901234567890123456789",
             .replication_offset = 77});
  out.Function("#!lua name=l");
  out.Resize(2, 5, 1);
  out.End();
  EXPECT_EQ(out.bytes(), sink.text.size());
  EXPECT_EQ(
      Told(sink.text),
      (Lines{"aux redis-ver 7.2.6", "aux redis-bits 64", "aux ctime 1700000000",
             "aux used-mem 12345678", "aux repl-stream-db 3",
             "aux repl-id 0123456789012345678901234567890123456789", "aux repl-offset 77",
             "aux aof-base 1", "function #!lua name=l", "db 2", "resize 5 1", "end, checked"}));
}

TEST_F(RdbReaderTest, ADatabaseIsSaidWhereItChanges) {
  t_.Run("SET a 1");
  t_.Run("SELECT 1");
  t_.Run("SET b 1");
  keyspace::Keyspace& keyspace = t_.engine.keyspace();
  testing::TextSink sink;
  RdbWriter out(sink, {.version = 10});
  out.Begin({});
  for (const int id : {0, 1, 1, 0}) {
    out.Put(id, *keyspace.db(id).entries().Find(id == 0 ? "a" : "b"), -1, keyspace.context(), {});
  }
  out.End();
  const std::string records("\xfe\0\0\1a\xc0\1\xfe\1\0\1b\xc0\1\0\1b\xc0\1\xfe\0\0\1a\xc0\1\xff",
                            27);
  EXPECT_EQ(sink.text.substr(sink.text.find('\xfe'), records.size()), records);
}

TEST_F(RdbReaderTest, EndsOfKeysAndTheirUseAreKept) {
  t_.Run("SET ends 1 PXAT 1700000100123");
  t_.Run("SET stays 1");
  t_.AdvanceTime(30s);
  const SavedAccess idle{.kind = SavedAccess::Kind::kIdle, .now_ms = t_.now_ms()};
  Lines told = Told(SaveFile(t_, {}, idle));
  EXPECT_TRUE(std::count(told.begin(), told.end(), "put ends at 1700000100123 idle 30"));
  EXPECT_TRUE(std::count(told.begin(), told.end(), "put stays idle 30"));

  TestEngine lfu;
  lfu.Run("CONFIG SET maxmemory-policy allkeys-lfu");
  lfu.Run("SET k 1");
  const SavedAccess frequency{.kind = SavedAccess::Kind::kFrequency,
                              .policy = lfu.engine.keyspace().access(),
                              .now_ms = lfu.now_ms()};
  told = Told(SaveFile(lfu, {}, frequency));
  EXPECT_TRUE(std::count(told.begin(), told.end(), "put k frequency 5"));
}

TEST_F(RdbReaderTest, WhatIsSaidOfAKeyIsSaidOfTheNextOnly) {
  const std::string seconds("\xfd\x01\0\0\0", 5);
  const std::string ms("\xfc\x02\0\0\0\0\0\0\0", 9);
  EXPECT_EQ(Told(File(seconds + "\xf8\x05" + StringRecord("a", "x") + ms + "\xf9\xff" +
                      StringRecord("b", "x") + StringRecord("c", "x"))),
            (Lines{"put a at 1000 idle 5", "put b at 2 frequency 255", "put c", "end, checked"}));
}

TEST_F(RdbReaderTest, RecordsOfOthersArePassedOver) {
  // A slot of a cluster; a module's data of every kind, outside of a key.
  const std::string slot = "\xf4\x05\x01\x40\x80";
  const std::string id("\x81\x01\x02\x03\x04\x05\x06\x07\x08", 9);
  const std::string pairs = std::string("\x02\x01\x01\x07\x03", 5) + "ffff" + "\x04" + "dddddddd" +
                            "\x05" + Text("text") + std::string(1, '\0');
  EXPECT_EQ(Told(File(slot + "\xf7" + id + pairs + StringRecord("k", "v")))[1], "put k");
  const std::string module_key = "\x07" + Text("key") + id + pairs;
  EXPECT_EQ(Told(File(module_key + StringRecord("k", "v")), {.skip_modules = true}),
            (Lines{"module key AQIDBAUGB", "put k", "end, checked"}));
  EXPECT_EQ(Error(File(module_key)),
            "The RDB file contains module data I can't load: no matching module type 'AQIDBAUGB' "
            "(offset 23, type 7 module-value, key 'key')");
}

TEST_F(RdbReaderTest, EmptyCollectionsAreNoKeys) {
  for (const char type : {'\1', '\2', '\3', '\4', '\5', '\x0e', '\x12'}) {
    EXPECT_EQ(Told(File(std::string(1, type) + Text("none") + std::string(1, '\0') +
                        StringRecord("k", "v"))),
              (Lines{"empty none", "put k", "end, checked"}));
  }
}

TEST_F(RdbReaderTest, TheTargetMayPassOverAKeyOrRefuse) {
  testing::LoadTarget target(t_);
  target.unwanted = "a";
  RdbReader reader(target, t_.engine.keyspace().context());
  size_t used = 0;
  EXPECT_EQ(reader.Feed(File(StringRecord("a", "x") + StringRecord("b", "x")), &used),
            RdbReader::Progress::kDone);
  EXPECT_EQ(target.told, (Lines{"put b", "end, checked"}));
  EXPECT_EQ(Error(File(StringRecord("b", "x") + StringRecord("b", "x"))),
            "duplicate (offset 19, type 0 string, key 'b')");
  EXPECT_EQ(Error(File("\xfe\x10")), "no such database (offset 11)");
  EXPECT_EQ(Error(File("\xf5\x03"
                       "bad")),
            "Failed loading library, it is bad (offset 14)");
  EXPECT_EQ(Error(File("\xfa" + Text("fatal") + Text("x"))), "Refused AUX field fatal (offset 18)");
}

TEST_F(RdbReaderTest, WhatIsNoFileIsRefused) {
  EXPECT_EQ(Error("RADIS0011\xff"), "Wrong signature trying to load DB from file (offset 9)");
  EXPECT_EQ(Error("REDIS0013\xff"), "Can't handle RDB format version 13 (offset 9)");
  EXPECT_EQ(Error("REDIS0000\xff"), "Can't handle RDB format version 0 (offset 9)");
  EXPECT_EQ(Error(""), "Unexpected EOF reading RDB file (offset 0)");
  EXPECT_EQ(Error(File("\xf6\x01x")), "Pre-release function format not supported. (offset 10)");
  EXPECT_EQ(Error(File("\x06\x01x")), "Unknown RDB encoding type 6 (offset 10)");
  EXPECT_EQ(Error(File("\x1a\x01x")), "Unknown RDB encoding type 26 (offset 10)");
  EXPECT_EQ(Error(File("\x0b\x01k\x08\x03\0\0\0\0\0\0\0")).substr(0, 34),
            "Intset integrity check failed. (of");
}

TEST_F(RdbReaderTest, VersionsBefore5HaveNoChecksum) {
  for (int version = 1; version <= 12; ++version) {
    std::string file = "REDIS00" + std::string(version < 10 ? "0" : "") + std::to_string(version);
    file += StringRecord("k", "v") + "\xff";
    const std::string summed = WithChecksum(file);
    EXPECT_EQ(Load(version < 5 ? file : summed).whole, true) << version;
    if (version < 5) EXPECT_EQ(Load(summed).used, file.size());
    if (version >= 5) EXPECT_FALSE(Load(file).whole);
  }
}

TEST_F(RdbReaderTest, TheChecksumIsChecked) {
  std::string file = File(StringRecord("k", "v"));
  file[13] ^= 1;
  EXPECT_EQ(Error(file), "RDB CRC error (offset 23)");
  EXPECT_EQ(Told(file, {.verify_checksum = false}).back(), "end");
  // Eight zeros: it was not computed.
  std::fill(file.end() - 8, file.end(), '\0');
  EXPECT_EQ(Told(file).back(), "end");
  t_.Run("SET k v");
  const std::string unsummed = SaveFile(t_, {.checksum = false});
  EXPECT_EQ(unsummed.substr(unsummed.size() - 8), std::string(8, '\0'));
  EXPECT_EQ(Told(unsummed).back(), "end");
}

// --- what is wrong ---

std::string SampleFile() {
  TestEngine t;
  for (const char* line :
       {"SET s text", "SET n 1000", "RPUSH l a 1", "SADD i 1 2", "SADD w a b", "ZADD z 1 a 2 b",
        "HSET h f v", "XADD x 1-1 a 1", "XGROUP CREATE x g 0", "XREADGROUP GROUP g c STREAMS x >",
        "SET e 1 PXAT 1700000100123", "SELECT 3", "SET other 1"}) {
    t.Run(line);
  }
  t.Run("CONFIG SET hash-max-listpack-entries 0");
  t.Run("HSET fields f v g w");
  t.Run("CONFIG SET zset-max-listpack-entries 0");
  t.Run("ZADD scores 1 a 2 b");
  t.Run("SET run " + std::string(100, 'r'));
  return SaveFile(t);
}

TEST_F(RdbReaderTest, EveryCutIsAFault) {
  const std::string file = SampleFile();
  constexpr std::string_view kStart = "Unexpected EOF reading RDB file (offset ";
  size_t good = 0;
  for (size_t size = 0; size < file.size(); ++size) {
    size_t offset = 0;
    for (const size_t chunk_bytes : {size_t{0}, size_t{3}}) {
      const LoadOutcome outcome = Load(file.substr(0, size), chunk_bytes);
      ASSERT_FALSE(outcome.whole) << size;
      ASSERT_EQ(outcome.error.substr(0, kStart.size()), kStart);
      const size_t told = std::stoul(outcome.error.substr(kStart.size()));
      if (chunk_bytes == 0) offset = told;
      EXPECT_EQ(told, offset) << size;
    }
    // Up to what is cut all is good.
    EXPECT_LE(offset, size);
    EXPECT_GE(offset, good);
    good = offset;
  }
  EXPECT_EQ(good, file.size() - sizeof(uint64_t));
}

// Whatever a byte is turned into: with the checksum it is told, without it whatever is loaded is
// sound, or a fault is told; the same in pieces.
TEST_F(RdbReaderTest, EveryByteMayBeWrong) {
  const std::string file = SampleFile();
  for (size_t at = 0; at < file.size(); ++at) {
    for (const int flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string wrong = file;
      wrong[at] ^= static_cast<char>(flip);
      const LoadOutcome outcome = Load(wrong, 0, {.verify_checksum = false});
      EXPECT_EQ(outcome.whole, outcome.error.empty());
      const LoadOutcome pieces = Load(wrong, 11, {.verify_checksum = false});
      EXPECT_EQ(pieces.told, outcome.told);
      EXPECT_EQ(pieces.whole, outcome.whole) << at << " " << flip;
      EXPECT_FALSE(flip == 1 && at > 9 && at + 8 < file.size() && Load(wrong).whole) << at;
    }
  }
}

TEST_F(RdbReaderTest, ClaimsTakeNoMemory) {
  const uint64_t bound = std::max(base::HeapPeakBytes(), base::HeapUsedBytes() + (8 << 20));
  for (const std::string& record :
       {std::string("\0\1k\x80\x7f\0\0\0", 8), std::string("\4\1k\x81\0\0\0\1\0\0\0\0\1f\1v", 16),
        std::string("\xfa\x80\x7f\0\0\0", 6),
        std::string("\0\1k\xc3\x80\x70\0\0\0\x80\x7f\0\0\0", 14),
        std::string("\xfb\x81\xff\xff\xff\xff\xff\xff\xff\xff\0", 11)}) {
    Load("REDIS0011" + record, 1);
    Load(File(record + StringRecord("k", "v")), 5);
  }
  EXPECT_LE(base::HeapPeakBytes(), bound);
}

TEST_F(RdbReaderTest, AValueWithoutRoomIsNamed) {
  // A text of 64 MB, and a hash of as many bytes in 200,000 fields.
  std::string text("\0\1t\x80\4\0\0\0", 8);
  text.resize(text.size() + (64u << 20), 'x');
  std::string hash("\4\1h\x80\0\3\x0d\x40", 8);
  for (int i = 0; i < 200'000; ++i)
    hash += Text(std::to_string(i) + "f") + Text(std::string(60, 'v'));
  for (const size_t chunk_bytes : {size_t{0}, size_t{1} << 20}) {
    for (const std::string& record : {text, hash}) {
      const std::string file = File(record);
      t_.Run("FLUSHALL");
      base::SetHeapLimit(base::HeapUsedBytes() + chunk_bytes + (12u << 20));
      const LoadOutcome outcome = Load(file, chunk_bytes);
      base::SetHeapLimit(0);
      ASSERT_FALSE(outcome.whole);
      EXPECT_EQ(outcome.error.substr(0, 30), "Out of memory reading RDB file");
      EXPECT_EQ(outcome.error.substr(outcome.error.size() - 10),
                std::string(", key '") + record[2] + "')");
      EXPECT_TRUE(Load(file, chunk_bytes).whole);
    }
  }
}

// --- files of real servers ---

std::string ReadVector(const std::string& name) {
  std::ifstream in(testing::ReferenceFolder() + "/vectors/" + name, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST_F(RdbReaderTest, FilesOfRealServersHoldWhatTheirDumpsHold) {
  if (testing::ReferenceFolder().empty()) {
    GTEST_SKIP() << "the reference facts are not beside the project";
  }
  for (const std::string version : {"7.0.15", "7.2.6"}) {
    const std::vector<testing::DumpVector> vectors = testing::DumpVectors(version);
    for (const std::string form : {"", "-nolzf", "-lfu"}) {
      const std::string file = ReadVector("all-" + version + form + ".rdb");
      ASSERT_FALSE(file.empty());
      const LoadOutcome outcome = Load(file, form.empty() ? 0 : 1000);
      ASSERT_TRUE(outcome.whole) << outcome.error;
      EXPECT_EQ(outcome.told.back(), "end, checked");
      TestEngine other;
      keyspace::Keyspace& loaded = t_.engine.keyspace();
      for (const testing::DumpVector& vector : vectors) {
        keyspace::Entry* entry = loaded.db(0).entries().Find(vector.key);
        ASSERT_NE(entry, nullptr) << vector.key;
        ASSERT_EQ(other.RunArgs({"RESTORE", vector.key, "0", vector.payload}), "+OK");
        if (vector.expire_at_ms > 0) {
          other.RunArgs({"PEXPIREAT", vector.key, std::to_string(vector.expire_at_ms)});
        }
        keyspace::Entry* restored = other.engine.keyspace().db(0).entries().Find(vector.key);
        EXPECT_EQ(commands::ValueDigest(loaded, *entry),
                  commands::ValueDigest(other.engine.keyspace(), *restored));
        EXPECT_EQ(entry->encoding, restored->encoding) << vector.key;
        EXPECT_EQ(loaded.db(0).ExpireAt(*entry), vector.expire_at_ms);
      }
    }
  }
}

// What was read from them and is written again in the same version has the same size: all forms
// are those the server chose.
TEST_F(RdbReaderTest, FilesOfRealServersAreWrittenAgainAsTheyWere) {
  if (testing::ReferenceFolder().empty()) {
    GTEST_SKIP() << "the reference facts are not beside the project";
  }
  const std::string file = ReadVector("all-7.2.6-nolzf.rdb");
  ASSERT_TRUE(Load(file).whole);
  const std::string again = SaveFile(t_, {.compress = false});
  ASSERT_TRUE(Load(again).whole);
  const auto records = [](const std::string& text) { return text.size() - text.find('\xfe'); };
  EXPECT_EQ(records(again), records(file));
}

}  // namespace
}  // namespace kvasm::persist
