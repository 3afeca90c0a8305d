// Bitmaps and HyperLogLogs: what the conformance data cannot show.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/base/alloc.h"
#include "core/types/hyperloglog.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::ListJournal;
using testing::TestEngine;

// A byte at a time, as the definition has it.
std::string Combined(const std::string& operation, const std::vector<std::string>& sources) {
  size_t longest = 0;
  for (const std::string& source : sources) longest = std::max(longest, source.size());
  std::string result(longest, '\0');
  for (size_t i = 0; i < longest; ++i) {
    for (size_t k = 0; k < sources.size(); ++k) {
      const char byte = i < sources[k].size() ? sources[k][i] : '\0';
      if (k == 0) {
        result[i] = operation == "NOT" ? static_cast<char>(~byte) : byte;
      } else if (operation == "AND") {
        result[i] = static_cast<char>(result[i] & byte);
      } else if (operation == "OR") {
        result[i] = static_cast<char>(result[i] | byte);
      } else {
        result[i] = static_cast<char>(result[i] ^ byte);
      }
    }
  }
  return result;
}

TEST(Bitmaps, BitopEqualsAModelOfSingleBytes) {
  TestEngine t;
  base::Prng prng(3);
  for (int round = 0; round < 400; ++round) {
    const bool unary = prng.Below(4) == 0;
    const std::string operation = unary ? "NOT" : std::array{"AND", "OR", "XOR"}[prng.Below(3)];
    std::vector<std::string> sources;
    std::vector<std::string> command = {"BITOP", operation, "r"};
    const uint64_t count = unary ? 1 : 1 + prng.Below(4);
    for (uint64_t i = 0; i < count; ++i) {
      // Beyond the size of the blocks it works in, now and then.
      std::string source(prng.Below(prng.Below(8) == 0 ? 40'000 : 50), '\0');
      for (char& byte : source) byte = static_cast<char>('a' + prng.Below(20));
      const std::string key = "k" + std::to_string(i);
      t.RunArgs({"SET", key, source});
      sources.push_back(source);
      command.push_back(key);
    }
    const std::string expected = Combined(operation, sources);
    ASSERT_EQ(t.RunArgs(command), ":" + std::to_string(expected.size()));
    if (!expected.empty()) {
      const std::string key = "r";
      const keyspace::Entry* entry = t.engine.keyspace().Find(t.engine.keyspace().db(0), key);
      keyspace::IntText scratch;
      ASSERT_EQ(keyspace::StringOf(*entry, scratch), expected) << round;
    }
  }
}

TEST(Bitmaps, ResultsTooLargeForTheHeapAreRefusedAndChangeNothing) {
  TestEngine t;
  t.Run("SET r before");
  t.Run("SETBIT big 160000000 1");
  base::SetHeapLimit(base::HeapUsedBytes() + (10 << 20));
  EXPECT_EQ(t.Run("BITOP NOT r big"), "-OOM command not allowed when used memory > 'maxmemory'.");
  EXPECT_EQ(t.Run("SETBIT other 4294967295 1"),
            "-OOM command not allowed when used memory > 'maxmemory'.");
  EXPECT_EQ(t.Run("BITFIELD other SET u8 4294967280 1"),
            "-OOM command not allowed when used memory > 'maxmemory'.");
  EXPECT_EQ(t.Run("EXISTS other"), ":0");
  EXPECT_EQ(t.Run("GET r"), "\"before\"");
  base::SetHeapLimit(0);
  EXPECT_EQ(t.Run("BITOP NOT r big"), ":20000001");
}

TEST(Bitmaps, AGrownStringIsRecordedEvenWhenEveryFieldFails) {
  TestEngine t;
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  EXPECT_EQ(t.Run("BITFIELD f OVERFLOW FAIL SET u4 20 16"), "[(nil)]");
  EXPECT_EQ(t.Run("STRLEN f"), ":3");
  EXPECT_EQ(t.Run("BITFIELD f OVERFLOW FAIL SET u4 20 16"), "[(nil)]");
  EXPECT_EQ(t.Run("BITFIELD f SET u4 20 0"), "[:0]");
  const std::vector<std::string> expected = {"SELECT 0", "BITFIELD f OVERFLOW FAIL SET u4 20 16"};
  EXPECT_EQ(journal.records, expected);
}

TEST(HyperLogLogs, OnlyCountsThatBecomeKnownAreRecorded) {
  TestEngine t;
  t.Run("PFADD h a b c");
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  EXPECT_EQ(t.Run("PFCOUNT h"), ":3");
  EXPECT_EQ(t.Run("PFCOUNT h"), ":3");
  EXPECT_EQ(t.Run("PFADD h a"), ":0");
  EXPECT_EQ(t.Run("PFCOUNT h h"), ":3");
  const std::vector<std::string> expected = {"SELECT 0", "PFCOUNT h"};
  EXPECT_EQ(journal.records, expected);
}

// 16,384 registers of which the last lack: elements of the first ones are added, others are not.
TEST(HyperLogLogs, AddingToCorruptRegistersRecordsWhatWasAdded) {
  TestEngine t;
  std::string bytes = "HYLL\x01";
  bytes.resize(15);
  bytes += "\x80\x5f\xff";  // 8,192 registers
  t.RunArgs({"SET", "h", bytes});
  std::vector<std::string> low;
  std::string high;
  for (int i = 0; low.size() < 2 || high.empty(); ++i) {
    const std::string element = "e" + std::to_string(i);
    const uint32_t index = types::HyperLogLog::TraceOf(element).index;
    if (index >= 8192) {
      high = element;
    } else if (low.size() < 2) {
      low.push_back(element);
    }
  }
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  EXPECT_EQ(t.RunArgs({"PFADD", "h", low[0], low[1], high, "never"}),
            "-INVALIDOBJ Corrupted HLL object detected");
  EXPECT_EQ(t.RunArgs({"PFADD", "h", low[0], high}), "-INVALIDOBJ Corrupted HLL object detected");
  const std::vector<std::string> expected = {"SELECT 0", "PFADD h " + low[0] + " " + low[1]};
  EXPECT_EQ(journal.records, expected);
  // Replaying the record gives the same bytes.
  const std::string after = t.Run("GET h");
  t.RunArgs({"SET", "h", bytes});
  t.RunArgs({"PFADD", "h", low[0], low[1]});
  EXPECT_EQ(t.Run("GET h"), after);
}

TEST(HyperLogLogs, CommandsSurviveRandomBytesInTheValue) {
  TestEngine t;
  base::Prng prng(4);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = "HYLL\x01";
    bytes.resize(15);
    bytes += '\x80';
    for (uint64_t i = prng.Below(30); i > 0; --i) bytes += static_cast<char>(prng.Next());
    if (prng.Below(3) == 0) bytes += "\x7f\xff";
    t.RunArgs({"SET", "h", bytes});
    for (const char* line : {"PFCOUNT h", "PFCOUNT h h", "PFDEBUG DECODE h", "PFMERGE r h",
                             "PFADD h a b c d e f g", "PFMERGE h r", "PFDEBUG TODENSE h",
                             "PFDEBUG GETREG h", "PFCOUNT r h", "PFDEBUG ENCODING h"}) {
      const std::string reply = t.Run(line);
      ASSERT_FALSE(reply.empty());
      ASSERT_FALSE(reply.starts_with("-ERR unknown")) << reply;
    }
    t.Run("DEL r");
  }
}

TEST(HyperLogLogs, TheSelfTestPassesWhateverTheLimit) {
  TestEngine t;
  for (const char* limit : {"0", "100", "3000", "20000"}) {
    t.Run(std::string("CONFIG SET hll-sparse-max-bytes ") + limit);
    EXPECT_EQ(t.Run("PFSELFTEST"), "+OK") << limit;
  }
}

TEST(HyperLogLogs, WithoutMemoryNothingIsHalfMerged) {
  TestEngine t;
  t.Run("PFADD a 1 2 3");
  t.Run("PFADD b 4 5 6");
  t.Run("PFDEBUG TODENSE b");
  const std::string before = t.Run("GET a");
  base::SetHeapLimit(base::HeapUsedBytes() + 4096);
  EXPECT_EQ(t.Run("PFMERGE a b"), "-OOM command not allowed when used memory > 'maxmemory'.");
  EXPECT_EQ(t.Run("PFMERGE c b"), "-OOM command not allowed when used memory > 'maxmemory'.");
  EXPECT_EQ(t.Run("GET a"), before);
  base::SetHeapLimit(0);
  EXPECT_EQ(t.Run("EXISTS c"), ":0");
  EXPECT_EQ(t.Run("PFMERGE a b"), "+OK");
  EXPECT_EQ(t.Run("PFCOUNT a"), ":6");
}

}  // namespace
}  // namespace kvasm
