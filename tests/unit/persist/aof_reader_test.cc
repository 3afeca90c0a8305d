#include "core/persist/aof_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/persist/aof_writer.h"

namespace kvasm::persist {
namespace {

using Kind = AofFault::Kind;
using End = AofReader::End;

// Text with the writer's interface.
struct Text {
  std::string bytes;
  void Append(std::string_view appended) { bytes += appended; }
};

std::string Record(const std::vector<std::string_view>& arguments) {
  Text out;
  AppendRecord(out, arguments);
  return out.bytes;
}

// Everything that can be seen of a reading.
struct Seen {
  std::vector<std::string> events;
  Kind fault = Kind::kNone;
  uint64_t fault_offset = 0;
  std::string got;
  uint64_t wanted = 0;
  uint64_t present = 0;
  uint64_t offset = 0;
  uint64_t good_offset = 0;
  uint64_t lines = 0;
  bool operator==(const Seen&) const = default;
};

class Listener final : public AofReader::Target {
 public:
  explicit Listener(std::vector<std::string>& events) : events_(events) {}
  bool Command(std::span<const std::string_view> arguments) override {
    std::string line;
    for (const std::string_view argument : arguments) line.append(argument).append(" ");
    events_.push_back(line);
    return arguments[0] != "STOP";
  }
  bool Annotation(std::string_view line) override {
    events_.emplace_back(line);
    return line != "#STOP\r\n";
  }

 private:
  std::vector<std::string>& events_;
};

Seen Read(std::string_view bytes, size_t piece, uint64_t base = 0) {
  Seen seen;
  Listener listener(seen.events);
  AofReader reader(listener, base);
  for (size_t at = 0; at < bytes.size() && !reader.failed(); at += piece) {
    // A copy on the heap, so that a look beyond it is noticed.
    const std::string copy(bytes.substr(at, piece));
    const bool failed = reader.Feed(copy) == AofReader::Outcome::kFailed;
    EXPECT_EQ(failed, reader.failed());
  }
  if (!reader.failed()) {
    const End end = reader.Finish();
    EXPECT_EQ(end == End::kWhole, reader.fault().kind == Kind::kNone);
    EXPECT_EQ(end == End::kTransaction, reader.fault().kind == Kind::kTransaction);
  }
  const AofFault& fault = reader.fault();
  seen.fault = fault.kind;
  seen.fault_offset = fault.offset;
  seen.got = {fault.got[0], fault.got[1]};
  seen.wanted = fault.wanted;
  seen.present = fault.present;
  seen.offset = reader.offset();
  seen.good_offset = reader.good_offset();
  seen.lines = reader.lines();
  return seen;
}

// The same in pieces of several sizes.
Seen ReadAlike(std::string_view bytes) {
  const Seen seen = Read(bytes, 1);
  for (const size_t piece : {7, 4096}) EXPECT_EQ(Read(bytes, piece), seen) << piece;
  return seen;
}

std::string Sample() {
  return "#TS:1700000000\r\n" + Record({"SELECT", "0"}) + Record({"SET", "k", "a\r\nb"}) +
         Record({"MULTI"}) + Record({"SET", "", std::string_view("\0", 1)}) + Record({"EXEC"}) +
         "#TS:1700000001\r\n" + Record({"DEL", "k"});
}

TEST(AofWriter, WritesAsRedisDoes) {
  EXPECT_EQ(Record({"SET", "key", ""}), "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n");
  EXPECT_EQ(Record(std::vector<std::string_view>(12, "x")).substr(0, 5), "*12\r\n");
}

TEST(AofWriter, NotesTheTimeOnceASecond) {
  AofTimestamps timestamps;
  Text out;
  timestamps.Note(out, 5);
  timestamps.Note(out, 5);
  timestamps.Note(out, 4);
  timestamps.Note(out, 6);
  EXPECT_EQ(out.bytes, "#TS:5\r\n#TS:6\r\n");
  timestamps.Note(out, 6, true);
  EXPECT_EQ(out.bytes, "#TS:5\r\n#TS:6\r\n#TS:6\r\n");
}

TEST(AofReader, ReadsWhatWasWritten) {
  const std::string bytes = Sample();
  const Seen seen = ReadAlike(bytes);
  EXPECT_EQ(seen.events, (std::vector<std::string>{
                             "#TS:1700000000\r\n", "SELECT 0 ", "SET k a\r\nb ", "MULTI ",
                             std::string("SET  \0 ", 7), "EXEC ", "#TS:1700000001\r\n", "DEL k "}));
  EXPECT_EQ(seen.fault, Kind::kNone);
  EXPECT_EQ(seen.offset, bytes.size());
  EXPECT_EQ(seen.good_offset, bytes.size());
  EXPECT_EQ(seen.lines, 5u + 7 + 3 + 7 + 3 + 5);
}

TEST(AofReader, AnEmptyFileIsWhole) {
  const Seen seen = ReadAlike("");
  EXPECT_EQ(seen.fault, Kind::kNone);
  EXPECT_EQ(seen.good_offset, 0u);
}

TEST(AofReader, OffsetsCountFromWhereItBegins) {
  const std::string bytes = Record({"PING"}) + "*1\r\n!";
  const Seen seen = Read(bytes, 3, 1000);
  EXPECT_EQ(seen.good_offset, 1014u);
  EXPECT_EQ(seen.offset, 1014u);
  EXPECT_EQ(seen.fault, Kind::kMark);
  EXPECT_EQ(seen.fault_offset, 1018u);
}

// Wherever a file ends, it is known where the last command that counts ended.
TEST(AofReader, EveryPlaceWhereAFileMayEnd) {
  const std::string bytes = Sample();
  std::vector<std::pair<size_t, bool>> ends = {{0, true}};  // of records; whether no MULTI is open
  size_t annotation_end = 0;
  for (const auto& [record, counts] : std::vector<std::pair<std::string, bool>>{
           {Record({"SELECT", "0"}), true},
           {Record({"SET", "k", "a\r\nb"}), true},
           {Record({"MULTI"}), false},
           {Record({"SET", "", std::string_view("\0", 1)}), false},
           {Record({"EXEC"}), true},
           {Record({"DEL", "k"}), true}}) {
    const size_t at = bytes.find(record, ends.back().first);
    ASSERT_NE(at, bytes.npos);
    if (at != ends.back().first) annotation_end = at;
    ends.push_back({at + record.size(), counts});
  }
  for (size_t size = 0; size <= bytes.size(); ++size) {
    const Seen seen = ReadAlike(std::string_view(bytes).substr(0, size));
    size_t good = 0;
    size_t last = 0;
    bool open = false;
    for (const auto& [end, counts] : ends) {
      if (end > size) break;
      last = end;
      open = !counts;
      if (counts) good = end;
    }
    EXPECT_EQ(seen.good_offset, good) << size;
    const bool between = size == last || size == 16 || size == annotation_end;
    EXPECT_EQ(seen.fault == Kind::kNone || seen.fault == Kind::kTransaction, between) << size;
    EXPECT_EQ(seen.fault == Kind::kTransaction, between && open) << size;
  }
}

TEST(AofReader, SaysHowARecordWasCut) {
  const auto cut = [](std::string_view bytes) { return ReadAlike(bytes); };
  EXPECT_EQ(cut("*").fault, Kind::kLineCut);
  EXPECT_EQ(cut("*1\r").got, std::string("\r\0", 2));
  EXPECT_EQ(cut("*1x").got, std::string("x\0", 2));
  EXPECT_EQ(cut("*1\r\n").fault, Kind::kCutShort);
  EXPECT_EQ(cut("*1\r\n$").fault_offset, 4u);
  const Seen bytes = cut("*1\r\n$4\r\nPI");
  EXPECT_EQ(bytes.fault, Kind::kBytesCut);
  EXPECT_EQ(bytes.fault_offset, 8u);
  EXPECT_EQ(bytes.wanted, 6u);
  EXPECT_EQ(bytes.present, 2u);
  EXPECT_EQ(bytes.lines, 2u);
  EXPECT_EQ(cut("*1\r\n$4\r\n").present, 0u);
  EXPECT_EQ(cut("#TS:1").fault, Kind::kAnnotation);
}

TEST(AofReader, SaysWhatIsNoRecord) {
  struct {
    std::string_view bytes;
    Kind kind;
    uint64_t offset;
  } const cases[] = {
      {"!", Kind::kMark, 0},
      {"PING\r\n", Kind::kMark, 0},
      {std::string_view("\0", 1), Kind::kMark, 0},
      {"*0\r\n", Kind::kNumber, 0},
      {"*-1\r\n", Kind::kNumber, 0},
      {"*\r\n", Kind::kNumber, 0},
      {"* 1\r\n", Kind::kNumber, 0},
      {"*2147483648\r\n", Kind::kNumber, 0},
      {"*01\r\n", Kind::kNumber, 0},
      {"*10000000000\r\n", Kind::kNumber, 0},
      {"*1\n$4", Kind::kLineEnd, 0},
      {"*1\rx", Kind::kLineEnd, 0},
      {"*1\r\n:4\r\n", Kind::kMark, 4},
      {"*1\r\n$-1\r\n", Kind::kNumber, 4},
      {"*1\r\n$2147483647\r\n", Kind::kNumber, 4},
      {"*1\r\n$99999999999\r\n", Kind::kNumber, 4},
      {"*1\r\n$4\r\nPINGxx", Kind::kLineEnd, 8},
      {"*1\r\n$3\r\nPING\r\n", Kind::kLineEnd, 8},
      {"*1\r\n$4\r\nSTOP\r\n*", Kind::kRefused, 0},
      {"#STOP\r\n", Kind::kRefused, 0},
  };
  const std::string before = Record({"PING"});
  for (const auto& [bytes, kind, offset] : cases) {
    const Seen seen = ReadAlike(before + std::string(bytes));
    EXPECT_EQ(seen.fault, kind) << bytes;
    EXPECT_EQ(seen.fault_offset, before.size() + offset) << bytes;
    EXPECT_EQ(seen.offset, before.size()) << bytes;
    EXPECT_EQ(seen.good_offset, before.size()) << bytes;
  }
  EXPECT_EQ(ReadAlike("#" + std::string(1022, 'x')).fault, Kind::kAnnotation);
  EXPECT_EQ(ReadAlike("#" + std::string(1021, 'x') + "\n").fault, Kind::kNone);
}

TEST(AofReader, EveryByteChanged) {
  const std::string bytes = Sample();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(byte);
      ReadAlike(changed);
    }
  }
}

TEST(AofReader, WhatIsAnnouncedIsNotAllocated) {
  std::vector<std::string> events;
  Listener listener(events);
  AofReader reader(listener);
  EXPECT_EQ(reader.Feed("*2147483647\r\n$2147418112\r\n"), AofReader::Outcome::kMore);
  EXPECT_EQ(reader.Feed("some bytes"), AofReader::Outcome::kMore);
  EXPECT_LT(reader.memory_bytes(), 64u << 10);
}

TEST(AofReader, AHugeRecordDoesNotKeepItsMemory) {
  std::vector<std::string> events;
  Listener listener(events);
  AofReader reader(listener);
  const std::string large(8 << 20, 'x');
  const std::string bytes = Record({"SET", "k", large}) + "*1\r\n$4\r\nPI";
  const std::string_view view = bytes;
  for (size_t at = 0; at < view.size(); at += 65536) reader.Feed(view.substr(at, 65536));
  EXPECT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].size(), large.size() + 7);
  EXPECT_LT(reader.memory_bytes(), 1u << 20);
  EXPECT_EQ(reader.Feed("NG\r\n"), AofReader::Outcome::kMore);
  EXPECT_EQ(events.back(), "PING ");
  EXPECT_EQ(reader.Finish(), End::kWhole);
}

TEST(AofReader, ManyArgumentsComeWhole) {
  const std::vector<std::string_view> arguments(100'000, "x");
  const Seen seen = Read(Record(arguments), 4096);
  ASSERT_EQ(seen.events.size(), 1u);
  EXPECT_EQ(seen.events[0].size(), 200'000u);
}

}  // namespace
}  // namespace kvasm::persist
