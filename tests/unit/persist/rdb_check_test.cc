// What the checker of RDB files says. The lines are those of redis-check-rdb 7.2.6 for the same
// files.
#include "core/persist/rdb_check.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/persist/rdb_files.h"

namespace kvasm::persist {
namespace {

using Lines = std::vector<std::string>;

class LineList final : public RdbCheck::Output {
 public:
  Lines lines;
  void Line(std::string_view text) override { lines.emplace_back(text); }
};

constexpr int64_t kNowMs = 1'700'000'000'000;

// The lines behind the first; the same for a file in pieces.
Lines Check(const std::string& file, bool with_types = false) {
  Lines whole;
  for (const size_t chunk_bytes : {file.size() + 1, size_t{1}, size_t{6}}) {
    LineList output;
    const auto check = std::make_unique<RdbCheck>(output, kNowMs, base::HashSeed{1, 2});
    check->Begin("dump.rdb");
    RdbReader::Progress progress = RdbReader::Progress::kMore;
    size_t used = 0;
    for (size_t at = 0; at < file.size() && progress == RdbReader::Progress::kMore; at += used) {
      progress = check->Feed(std::string_view(file).substr(at, chunk_bytes), &used);
    }
    check->Finish();
    if (with_types) check->TellTypes();
    EXPECT_EQ(output.lines[0], "[offset 0] Checking RDB file dump.rdb");
    output.lines.erase(output.lines.begin());
    if (whole.empty()) whole = output.lines;
    EXPECT_EQ(output.lines, whole);
  }
  return whole;
}

std::string Bytes(std::string_view text) { return std::string(text); }

const std::string kStart = "REDIS0011";
const std::string kNoSum(8, '\0');
// Two keys, the first of which ends in 1970.
const std::string kKeys = Bytes({"\xfc\1\0\0\0\0\0\0\0\0\1a\1b\0\1c\1d", 19});

TEST(RdbCheck, AGoodFileLooksGood) {
  EXPECT_EQ(
      Check(testing::WithChecksum(kStart + Bytes("\xfa\1a\1b\xfe\5\xfb\2\1") + kKeys + "\xff")),
      (Lines{"[offset 14] AUX FIELD a = 'b'", "[offset 16] Selecting DB ID 5",
             "[offset 47] Checksum OK", "[offset 47] \\o/ RDB looks OK! \\o/", "[info] 2 keys read",
             "[info] 1 expires", "[info] 1 already expired"}));
}

TEST(RdbCheck, AFileWithoutAChecksumIsSaidToHaveNone) {
  EXPECT_EQ(Check(kStart + kKeys + "\xff" + kNoSum)[0],
            "[offset 37] RDB file was saved with checksum disabled: no check performed.");
  EXPECT_EQ(Check("REDIS0004" + kKeys + "\xff")[0], "[offset 29] \\o/ RDB looks OK! \\o/");
}

TEST(RdbCheck, AWrongChecksumIsTold) {
  EXPECT_EQ(Check(kStart + kKeys + "\xff" + "\1\1\1\1\1\1\1\1"),
            (Lines{"--- RDB ERROR DETECTED ---", "[offset 37] RDB CRC error",
                   "[additional info] While doing: check-sum", "[info] 2 keys read",
                   "[info] 1 expires", "[info] 1 already expired"}));
}

TEST(RdbCheck, ADamagedValueIsNamed) {
  const std::string listpack("\x10\1k\x09\x09\0\0\0\2\0\x81\x61\2\xff", 14);
  EXPECT_EQ(
      Check(kStart + listpack),
      (Lines{"--- RDB ERROR DETECTED ---", "[offset 22] Hash listpack integrity check failed.",
             "[additional info] While doing: read-object-value",
             "[additional info] Reading key 'k'",
             "[additional info] Reading type 16 (hash-listpack)", "[info] 1 keys read",
             "[info] 0 expires", "[info] 0 already expired"}));
}

TEST(RdbCheck, ACutFileIsTold) {
  const Lines lines = Check(kStart + kKeys);
  EXPECT_EQ(lines[1], "[offset 28] Unexpected EOF reading RDB file");
  EXPECT_EQ(lines[2], "[additional info] While doing: read-type");
  EXPECT_EQ(lines[3], "[info] 2 keys read");
  EXPECT_EQ(Check("")[1], "[offset 0] Unexpected EOF reading RDB file");
  EXPECT_EQ(Check("")[2], "[additional info] While doing: start");
  EXPECT_EQ(Check(kStart + "\4\1k\2\1a\1b\1c")[3], "[additional info] Reading key 'k'");
}

TEST(RdbCheck, ACutFileIsGoodUpToTheNumberOrTextThatIsCut) {
  const auto offset = [](std::string_view rest) {
    const Lines lines = Check(kStart + std::string(rest));
    const std::string_view line = lines[1];
    EXPECT_EQ(line.substr(line.find(']')), "] Unexpected EOF reading RDB file") << line;
    return std::string(line.substr(0, line.find(']')));
  };
  EXPECT_EQ(Check("REDIS001")[1], "[offset 0] Unexpected EOF reading RDB file");
  // A text: behind its length. A length: behind its first byte.
  EXPECT_EQ(offset({"\0\3key\4val", 9}), "[offset 15");
  EXPECT_EQ(offset({"\0\3key\x80\0\0", 8}), "[offset 15");
  EXPECT_EQ(offset({"\0\3key\xc2\1\2", 8}), "[offset 15");
  // The second length of a compressed text.
  EXPECT_EQ(offset({"\0\3key\xc3\x40\x09\x80\0", 10}), "[offset 18");
  // Elements of one that is cut much later; a score; a time.
  EXPECT_EQ(offset({"\2\1s\x7f\x90\1a\2b", 8}), "[offset 17");
  EXPECT_EQ(offset({"\5\1z\2\1m\0\0\0\0", 10}), "[offset 15");
  EXPECT_EQ(offset({"\xfc\0\0\0\0\0", 6}), "[offset 10");
  // A length that is far too large is what is wrong, not the end of the file.
  EXPECT_EQ(offset("\2\1s\2\1a\x7f\xff and more"), "[offset 17");
  EXPECT_EQ(offset("\xff\1\2\3"), "[offset 10");
}

TEST(RdbCheck, WhatIsNoFileIsTold) {
  EXPECT_EQ(Check("RADIS0011")[1], "[offset 9] Wrong signature trying to load DB from file");
  EXPECT_EQ(Check("REDIS0013")[1], "[offset 9] Can't handle RDB format version 13");
  EXPECT_EQ(Check(kStart + "\x20"
                           "abc")[1],
            "[offset 10] Invalid object type: 32");
  EXPECT_EQ(Check(kStart + "\xf6\1x")[2], "[additional info] While doing: read-type");
}

TEST(RdbCheck, ModulesArePassedOver) {
  const std::string id("\x81\1\2\3\4\5\6\7\x08", 9);
  EXPECT_EQ(Check(kStart + "\7\3key" + id + Bytes({"\2\1\0", 3}) + "\xff" + kNoSum)[2],
            "[info] 1 keys read");
  EXPECT_EQ(Check(kStart + "\xf7" + id + Bytes({"\2\1\5\2ab\0", 7}) + "\xff" + kNoSum)[0],
            "[offset 26] MODULE AUX for: AQIDBAUGB");
}

TEST(RdbCheck, EmptyCollectionsAreCounted) {
  const Lines lines = Check(kStart + Bytes({"\2\1a\0", 4}) + "\xff" + kNoSum);
  EXPECT_EQ(lines.back(), "[info] 1 empty keys skipped");
}

TEST(RdbCheck, KeysAreCountedByType) {
  testing::TestEngine t;
  for (const char* line : {"SET a 1", "SET b 2", "RPUSH l 1", "SADD s 1", "ZADD z 1 a",
                           "HSET h f v", "XADD x * f v"}) {
    t.Run(line);
  }
  Lines lines = Check(testing::SaveFile(t), true);
  lines.erase(lines.begin(), lines.end() - 7);
  EXPECT_EQ(lines, (Lines{"[info] 2 of type string", "[info] 1 of type list",
                          "[info] 1 of type set", "[info] 1 of type zset", "[info] 1 of type hash",
                          "[info] 1 of type stream", "[info] 0 libraries of functions"}));
}

TEST(RdbCheck, WhatDoesNotPrintIsShownAsItsNumber) {
  EXPECT_EQ(Check(kStart + "\xfa\2\x1b[\1\n\xff" + kNoSum)[0],
            "[offset 15] AUX FIELD \\x1b[ = '\\x0a'");
}

}  // namespace
}  // namespace kvasm::persist
