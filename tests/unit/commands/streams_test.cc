// What streams owe besides their replies (those are in tests/conformance): events, journal records,
// the count of changes, what waiting sessions are called again with, memory.
#include <gtest/gtest.h>

#include "core/base/alloc.h"
#include "core/types/stream.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::ListJournal;
using testing::TestEngine;
using Lines = std::vector<std::string>;

// Collects keyspace events as "event key".
class ListEvents final : public keyspace::Listener {
 public:
  Lines events;
  uint32_t Interests() const override { return kEvents; }
  void KeyEvent(keyspace::EventClass event_class, std::string_view event, keyspace::Database&,
                std::string_view key) override {
    if (event_class == keyspace::kEventKeyMiss) return;
    events.push_back(std::string(event) + " " + std::string(key));
  }
};

class StreamCommands : public ::testing::Test {
 protected:
  StreamCommands() {
    t.engine.keyspace().Attach(events_);
    t.engine.keyspace().journal().Attach(journal_);
  }
  ~StreamCommands() override {
    t.engine.keyspace().journal().Detach(journal_);
    t.engine.keyspace().Detach(events_);
  }

  Lines Events(std::string_view line) {
    events_.events.clear();
    t.Run(line);
    return events_.events;
  }
  // What a line recorded, without SELECT.
  Lines Records(std::string_view line) {
    journal_.records.clear();
    t.Run(line);
    if (!journal_.records.empty() && journal_.records[0].starts_with("SELECT")) {
      journal_.records.erase(journal_.records.begin());
    }
    return journal_.records;
  }
  uint64_t Changes(std::string_view line) {
    const uint64_t before = t.engine.keyspace().stats().dirty;
    t.Run(line);
    return t.engine.keyspace().stats().dirty - before;
  }
  void Fill(int entries) {
    for (int i = 1; i <= entries; ++i) t.Run("XADD s " + std::to_string(i) + " f v");
  }

  TestEngine t;
  ListEvents events_;
  ListJournal journal_;
};

TEST_F(StreamCommands, TellTheirEvents) {
  EXPECT_EQ(Events("XADD s 1 f v"), (Lines{"new s", "xadd s"}));
  EXPECT_EQ(Events("XADD s 1 f v"), Lines{});
  EXPECT_EQ(Events("XADD s MAXLEN 1 2 f v"), (Lines{"xadd s", "xtrim s"}));
  EXPECT_EQ(Events("XADD s MAXLEN 9 3 f v"), (Lines{"xadd s"}));
  EXPECT_EQ(Events("XTRIM s MAXLEN 9"), Lines{});
  EXPECT_EQ(Events("XTRIM s MAXLEN 1"), (Lines{"xtrim s"}));
  EXPECT_EQ(Events("XDEL s 9"), Lines{});
  EXPECT_EQ(Events("XDEL s 3"), (Lines{"xdel s"}));
  EXPECT_EQ(Events("XSETID s 9"), (Lines{"xsetid s"}));
  EXPECT_EQ(Events("XADD other NOMKSTREAM * f v"), Lines{});
}

TEST_F(StreamCommands, CountTheirChanges) {
  EXPECT_EQ(Changes("XADD s 1 f v"), 1u);
  Fill(9);
  EXPECT_EQ(Changes("XADD s MAXLEN 4 10 f v"), 1u);
  EXPECT_EQ(Changes("XTRIM s MAXLEN 2"), 2u);
  EXPECT_EQ(Changes("XDEL s 9 10 11"), 2u);
  EXPECT_EQ(Changes("XDEL s 9"), 0u);
  EXPECT_EQ(Changes("XSETID s 20"), 1u);
}

TEST_F(StreamCommands, RecordTheIdsTheyMade) {
  const std::string now = std::to_string(t.now_ms());
  EXPECT_EQ(Records("XADD s * f v"), (Lines{"XADD s " + now + "-0 f v"}));
  EXPECT_EQ(Records("XADD s * f v"), (Lines{"XADD s " + now + "-1 f v"}));
  EXPECT_EQ(Records("XADD s " + now + "-* f v"), (Lines{"XADD s " + now + "-2 f v"}));
  EXPECT_EQ(Records("XADD s NOMKSTREAM 1700000000000-7 f *"),
            (Lines{"XADD s NOMKSTREAM 1700000000000-7 f *"}));
  EXPECT_EQ(Records("XADD s 1 f v"), Lines{});
  EXPECT_EQ(Records("XADD other NOMKSTREAM * f v"), Lines{});
}

TEST_F(StreamCommands, RecordWhatAboutTrimmingDid) {
  t.Run("CONFIG SET stream-node-max-entries 4");
  Fill(10);
  EXPECT_EQ(Records("XADD s MAXLEN ~ 5 11 f v"), (Lines{"XADD s MAXLEN = 7 11 f v"}));
  EXPECT_EQ(Records("XADD s MAXLEN ~ 5 LIMIT 2 12 f limit"),
            (Lines{"XADD s MAXLEN = 8 12 f limit"}));
  EXPECT_EQ(Records("XADD s MINID ~ 9 13-* f v"), (Lines{"XADD s MINID = 9-0 13-0 f v"}));
  EXPECT_EQ(Records("XADD s MAXLEN = 4 14 f v"), (Lines{"XADD s MAXLEN = 4 14 f v"}));
  EXPECT_EQ(Records("XTRIM s MAXLEN ~ 4"), Lines{});
  EXPECT_EQ(Records("XTRIM s LIMIT 100 MAXLEN ~ 2"), (Lines{"XTRIM s MAXLEN = 2"}));
  EXPECT_EQ(Records("XTRIM s MINID ~ 14 LIMIT 100"), Lines{});
  EXPECT_EQ(Records("XTRIM s MAXLEN 1"), (Lines{"XTRIM s MAXLEN 1"}));
  EXPECT_EQ(Records("XTRIM s MINID 99"), (Lines{"XTRIM s MINID 99"}));
  // Nothing is left to name.
  EXPECT_EQ(Records("XADD s MINID ~ 99 15 f v"),
            (Lines{"XADD s MINID = 18446744073709551615-18446744073709551615 15 f v"}));
}

// The record of a trim about an id names the first entry still held, deleted or not.
TEST_F(StreamCommands, RecordTheFirstIdThatIsHeldDeletedOrNot) {
  Fill(5);
  t.Run("XDEL s 1");
  EXPECT_EQ(Records("XADD s MINID ~ 3 6 f v"), (Lines{"XADD s MINID = 1-0 6 f v"}));
}

TEST_F(StreamCommands, AWaitingReadKeepsTheIdThatWasTheLast) {
  services::Session& waiter = t.OpenNetwork();
  t.Run("XADD s 5 f v");
  EXPECT_EQ(t.Raw(waiter, "XREAD BLOCK 0 STREAMS s other $ $\r\n"), "");
  t.Run("DEL s");
  t.Run("XADD s 3 f v");
  EXPECT_EQ(t.Raw(waiter, ""), "");
  t.Run("XADD s 6 f w");
  EXPECT_EQ(t.Raw(waiter, ""),
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n6-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n");
}

TEST_F(StreamCommands, TheClockGoingBackDoesNotTakeIdsBack) {
  const std::string now = std::to_string(t.now_ms());
  t.Run("XADD s * f v");
  t.AdvanceTime(-5s);
  EXPECT_EQ(t.Run("XADD s * f v"), "\"" + now + "-1\"");
}

TEST_F(StreamCommands, AnEntryThatDoesNotFitChangesNothing) {
  base::SetHeapLimit(base::HeapUsedBytes() + (160u << 20));
  const std::string value(50u << 20, 'x');
  constexpr char kOom[] = "-OOM command not allowed when used memory > 'maxmemory'.";
  std::string reply;
  int added = 0;
  while ((reply = t.RunArgs({"XADD", "s", "*", "f", value})) != kOom) {
    ASSERT_LT(++added, 4) << reply;
  }
  EXPECT_EQ(t.Run("XLEN s"), ":" + std::to_string(added));
  EXPECT_EQ(t.RunArgs({"XADD", "fresh", "*", "f", value}), kOom);
  EXPECT_EQ(t.Run("EXISTS fresh"), ":0");
  EXPECT_EQ(t.Run("XTRIM s MAXLEN 0"), ":" + std::to_string(added));
  EXPECT_EQ(t.Run("XADD s 99999999999999 f v"), "\"99999999999999-0\"");
  base::SetHeapLimit(0);
}

TEST(StreamMemory, SmallEntriesTakeLittle) {
  TestEngine t;
  const uint64_t before = base::HeapUsedBytes();
  for (int i = 0; i < 100'000; ++i) {
    t.RunArgs({"XADD", "s", std::to_string(1 + i / 10) + "-*", "field", "value:12345678"});
  }
  // 15 bytes of value, less than 3 for the rest.
  EXPECT_LT(base::HeapUsedBytes() - before, 100'000u * 18);
}

}  // namespace
}  // namespace kvasm
