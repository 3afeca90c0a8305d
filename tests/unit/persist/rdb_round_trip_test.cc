// Files written, read back in pieces of any size, and compared.
#include <gtest/gtest.h>

#include <string>

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

std::string Digest(TestEngine& t) {
  const base::Sha1Digest digest = commands::DatasetDigest(t.engine.keyspace());
  return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

// Every type in every encoding, in two databases, with ends of keys.
void Fill(TestEngine& t) {
  for (const char* line : {
           "SET number 12345",
           "SET large 9223372036854775807",
           "SET text hello EX 100",
           "SETRANGE long 60000 x",
           "RPUSH list a b 3 -4000000000 c",
           "SADD integers 1 2 300000",
           "SADD words a b c 12",
           "ZADD zset 1 a 2.5 b -inf c inf d",
           "HSET hash field value other 42",
           "XADD stream 1-1 a 1 b 2",
           "XADD stream 2-1 c 3",
           "XADD stream 3-1 a 1 b 2",
           "XDEL stream 2-1",
           "XGROUP CREATE stream group 0",
           "XREADGROUP GROUP group worker COUNT 1 STREAMS stream >",
           "XGROUP CREATECONSUMER stream group idler",
           "XADD empty-stream 1-1 a 1",
           "XDEL empty-stream 1-1",
           "PFADD hll a b c",
           "SELECT 9",
           "SET elsewhere value PX 5000",
           "HSET ending f v g w",
       }) {
    ASSERT_EQ(t.Run(line).substr(0, 4).find("-ERR"), std::string::npos) << line;
  }
  for (int i = 0; i < 700; ++i) {
    const std::string n = std::to_string(i);
    t.Run("SADD many-integers " + n);
    t.Run("SADD many-words w" + n);
    t.Run("ZADD many-scores " + std::to_string(i * 0.1) + " m" + n);
    t.Run("HSET many-fields f" + n + " " + std::string(i % 90, 'v'));
    t.Run("RPUSH many-elements " + std::string(i % 200, 'e') + n);
    t.Run("XADD many-entries * f " + n);
  }
  t.Run("SELECT 0");
}

TEST(RdbFile, EveryTypeComesBackThroughEveryVersionInAnyPieces) {
  TestEngine t;
  Fill(t);
  const std::string digest = Digest(t);
  for (const int version : {10, 11, 12}) {
    for (const bool compress : {true, false}) {
      const std::string file = SaveFile(t, {.version = version, .compress = compress});
      EXPECT_EQ(file.substr(0, 9), "REDIS00" + std::to_string(version));
      for (const size_t chunk_bytes : {0, 1, 7, 4096}) {
        TestEngine other;
        const LoadOutcome outcome = LoadFile(other, file, chunk_bytes);
        ASSERT_TRUE(outcome.whole) << outcome.error;
        EXPECT_EQ(outcome.used, file.size());
        EXPECT_EQ(Digest(other), digest) << version << " " << chunk_bytes;
        EXPECT_EQ(outcome.told.back(), "end, checked");
      }
    }
  }
}

TEST(RdbFile, WhatFollowsTheFileIsNotTouched) {
  TestEngine t;
  t.Run("SET k v");
  const std::string file = SaveFile(t);
  for (const size_t chunk_bytes : {0, 1, 7}) {
    const LoadOutcome outcome = LoadFile(t, file + "*1\r\n$4\r\nPING\r\n", chunk_bytes);
    EXPECT_TRUE(outcome.whole);
    EXPECT_EQ(outcome.used, file.size());
  }
}

}  // namespace
}  // namespace kvasm::persist
