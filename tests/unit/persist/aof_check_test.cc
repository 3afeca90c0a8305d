#include "core/persist/aof_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kvasm::persist {
namespace {

using Kind = AofFault::Kind;
using Verdict = AofCheck::Verdict;

const std::string kSet = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n";  // 31 bytes
const std::string kMulti = "*1\r\n$5\r\nmulti\r\n";                        // 15
const std::string kExec = "*1\r\n$4\r\nExec\r\n";                          // 14

struct Report {
  Verdict verdict;
  uint64_t ok_up_to;
  uint64_t lines;
  Kind kind = Kind::kNone;
  uint64_t fault_offset = 0;
  bool operator==(const Report&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Report& report) {
  return out << static_cast<int>(report.verdict) << " ok_up_to=" << report.ok_up_to
             << " lines=" << report.lines << " fault " << static_cast<int>(report.kind) << " at "
             << report.fault_offset;
}

Report CheckIn(std::string_view bytes, size_t piece, int64_t until_s) {
  AofCheck check(0, until_s);
  Verdict verdict = Verdict::kMore;
  for (size_t at = 0; at < bytes.size() && verdict == Verdict::kMore; at += piece) {
    const std::string copy(bytes.substr(at, piece));
    verdict = check.Feed(copy);
  }
  if (verdict == Verdict::kMore) verdict = check.Finish();
  EXPECT_EQ(check.Finish(), verdict);
  const bool told = verdict != Verdict::kGood && verdict != Verdict::kPastTime;
  return {verdict, check.ok_up_to(), check.lines(), check.fault().kind,
          told ? check.fault_offset() : 0};
}

Report Check(std::string_view bytes, int64_t until_s = 0) {
  const Report report = CheckIn(bytes, 1, until_s);
  for (const size_t piece : {7, 4096}) EXPECT_EQ(CheckIn(bytes, piece, until_s), report);
  return report;
}

// Figures are those of redis-check-aof 7.2.6 on the same bytes; its line numbers are one higher.
TEST(AofCheck, GoodFiles) {
  EXPECT_EQ(Check(kSet), (Report{Verdict::kGood, 31, 7}));
  EXPECT_EQ(Check(kSet + kMulti + kSet + kExec + "#TS:5\r\n"), (Report{Verdict::kGood, 98, 20}));
  EXPECT_EQ(Check(""), (Report{Verdict::kGood, 0, 0}));
}

TEST(AofCheck, FaultsOfTheFormat) {
  EXPECT_EQ(Check(kSet + "!!!"), (Report{Verdict::kFaulty, 31, 7, Kind::kMark, 31}));
  EXPECT_EQ(Check(kSet + kSet.substr(0, 26)),
            (Report{Verdict::kFaulty, 31, 13, Kind::kBytesCut, 0x37}));
  EXPECT_EQ(Check(kSet + "*1\r\n:4\r\nEXEC\r\n"),
            (Report{Verdict::kFaulty, 31, 8, Kind::kMark, 0x23}));
  EXPECT_EQ(Check(kSet + "*1\r\n$4\r\nEXECxx*1"),
            (Report{Verdict::kFaulty, 31, 9, Kind::kLineEnd, 0x27}));
  EXPECT_EQ(Check(kSet + kSet.substr(0, 15)),
            (Report{Verdict::kFaulty, 31, 10, Kind::kLineCut, 0x2c}));
}

TEST(AofCheck, FaultsOfTransactions) {
  EXPECT_EQ(Check(kSet + kExec), (Report{Verdict::kExecWithout, 31, 10, Kind::kRefused, 0x27}));
  EXPECT_EQ(Check(kSet + kMulti + kSet),
            (Report{Verdict::kFaulty, 31, 17, Kind::kTransaction, 0x46}));
  EXPECT_EQ(Check(kSet + kMulti + kSet + kMulti),
            (Report{Verdict::kNestedMulti, 31, 20, Kind::kRefused, 0x55}));
  EXPECT_EQ(Check(kSet + kMulti + "!"), (Report{Verdict::kFaulty, 31, 10, Kind::kMark, 46}));
}

TEST(AofCheck, AFileIsCutWhereItsTimePasses) {
  const std::string bytes = "#TS:100\r\n" + kSet + "#TS:200\r\n" + kSet;
  EXPECT_EQ(Check(bytes, 50), (Report{Verdict::kPastTime, 0, 0, Kind::kRefused}));
  EXPECT_EQ(Check(bytes, 100), (Report{Verdict::kPastTime, 40, 7, Kind::kRefused}));
  EXPECT_EQ(Check(bytes, 199), (Report{Verdict::kPastTime, 40, 7, Kind::kRefused}));
  EXPECT_EQ(Check(bytes, 200), (Report{Verdict::kGood, 80, 14}));
  EXPECT_EQ(Check("#TS:1\r\n#TS:1x\r\n", 5).verdict, Verdict::kNotATime);
  EXPECT_EQ(Check("#TS:1\r\n#TS:1\n", 5).verdict, Verdict::kNotATime);
  EXPECT_EQ(Check("#other\r\n#TS:x\r\n").verdict, Verdict::kGood);
}

TEST(AofCheck, ATransactionIsNotCutInTwo) {
  EXPECT_EQ(Check(kSet + kMulti + "#TS:9\r\n" + kSet + kExec, 8).ok_up_to, 31u);
}

// What is cut off is enough, wherever the file ends or is damaged: the rest is good.
TEST(AofCheck, WhatIsLeftOfADamagedFileIsGood) {
  const std::string bytes = "#TS:1\r\n" + kSet + kMulti + kSet + kSet + kExec + kSet;
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    for (const char byte : {'\0', '*', '\r', '\xff', '9', static_cast<char>(bytes[at] ^ 1)}) {
      damaged[at] = byte;
      const Report report = Check(damaged);
      ASSERT_LE(report.ok_up_to, bytes.size());
      EXPECT_EQ(Check(std::string_view(damaged).substr(0, report.ok_up_to)).verdict,
                Verdict::kGood);
    }
    const std::string_view cut = std::string_view(bytes).substr(0, at);
    EXPECT_EQ(Check(cut.substr(0, Check(cut).ok_up_to)).verdict, Verdict::kGood);
  }
}

}  // namespace
}  // namespace kvasm::persist
