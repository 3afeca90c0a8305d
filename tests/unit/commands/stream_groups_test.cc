// What the commands of consumer groups owe besides their replies (those are in tests/conformance):
// keyspace events, journal records, who is woken, what counts as a modification.
#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::ListJournal;
using testing::TestEngine;
using Lines = std::vector<std::string>;

class ListEvents final : public keyspace::Listener {
 public:
  Lines events;
  int changes = 0;
  uint32_t Interests() const override { return kEvents | kChanges; }
  void KeyEvent(keyspace::EventClass event_class, std::string_view event, keyspace::Database&,
                std::string_view key) override {
    if (event_class == keyspace::kEventKeyMiss || event_class == keyspace::kEventNew) return;
    events.push_back(std::string(event) + " " + std::string(key));
  }
  void KeyChanged(keyspace::Database&, std::string_view) override { ++changes; }
};

class StreamGroupCommands : public ::testing::Test {
 protected:
  StreamGroupCommands() {
    t.engine.keyspace().Attach(events_);
    t.engine.keyspace().journal().Attach(journal_);
    for (const char* line : {"XADD s 1-1 f v", "XADD s 1-2 f v", "XGROUP CREATE s g 0"})
      t.Run(line);
  }
  ~StreamGroupCommands() override {
    t.engine.keyspace().journal().Detach(journal_);
    t.engine.keyspace().Detach(events_);
  }

  Lines Events(std::string_view line) {
    events_.events.clear();
    t.Run(line);
    return events_.events;
  }
  // What a line records, without SELECT and with the time of now as <now>.
  Lines Records(std::string_view line) {
    journal_.records.clear();
    t.Run(line);
    Lines records;
    for (std::string record : journal_.records) {
      const std::string now = std::to_string(t.now_ms());
      const size_t at = record.find(now);
      if (at != std::string::npos) record.replace(at, now.size(), "<now>");
      if (!record.starts_with("SELECT")) records.push_back(std::move(record));
    }
    return records;
  }
  std::string Claimed(const std::string& consumer, const std::string& id, int count,
                      const std::string& last_id) {
    return "XCLAIM s g " + consumer + " 0 " + id + " TIME <now> RETRYCOUNT " +
           std::to_string(count) + " FORCE JUSTID LASTID " + last_id;
  }

  TestEngine t;
  ListEvents events_;
  ListJournal journal_;
};

TEST_F(StreamGroupCommands, EventsAreThoseOfRedis) {
  EXPECT_EQ(Events("XGROUP CREATE s h $"), Lines{"xgroup-create s"});
  EXPECT_EQ(Events("XGROUP CREATE t h $ MKSTREAM"), Lines{"xgroup-create t"});
  EXPECT_EQ(Events("XGROUP SETID s h 0"), Lines{"xgroup-setid s"});
  EXPECT_EQ(Events("XGROUP CREATECONSUMER s g c"), Lines{"xgroup-createconsumer s"});
  EXPECT_EQ(Events("XGROUP CREATECONSUMER s g c"), Lines{});
  EXPECT_EQ(Events("XREADGROUP GROUP g d STREAMS s >"), Lines{"xgroup-createconsumer s"});
  EXPECT_EQ(Events("XREADGROUP GROUP g d STREAMS s 0"), Lines{});
  EXPECT_EQ(Events("XACK s g 1-1"), Lines{});
  EXPECT_EQ(Events("XCLAIM s g e 0 1-2"), Lines{"xgroup-createconsumer s"});
  EXPECT_EQ(Events("XAUTOCLAIM s g f 0 -"), Lines{"xgroup-createconsumer s"});
  EXPECT_EQ(Events("XGROUP DELCONSUMER s g c"), Lines{"xgroup-delconsumer s"});
  EXPECT_EQ(Events("XGROUP DELCONSUMER s g c"), Lines{});
  EXPECT_EQ(Events("XGROUP DESTROY s h"), Lines{"xgroup-destroy s"});
  EXPECT_EQ(Events("XGROUP DESTROY s h"), Lines{});
}

// WATCH and client side caching hear of the stream, not of who has read it.
TEST_F(StreamGroupCommands, TheStateOfAGroupIsNoModification) {
  events_.changes = 0;
  const uint64_t dirty = t.engine.keyspace().stats().dirty;
  for (const char* line :
       {"XGROUP CREATE s h $", "XGROUP SETID s h 0", "XGROUP CREATECONSUMER s g c",
        "XREADGROUP GROUP g d STREAMS s >", "XACK s g 1-1", "XCLAIM s g e 0 1-2",
        "XAUTOCLAIM s g f 0 -", "XGROUP DELCONSUMER s g c", "XGROUP DESTROY s h"}) {
    t.Run(line);
  }
  EXPECT_EQ(events_.changes, 0);
  EXPECT_GT(t.engine.keyspace().stats().dirty, dirty + 8);
  t.Run("XGROUP CREATE t h $ MKSTREAM");
  EXPECT_EQ(events_.changes, 1);
}

TEST_F(StreamGroupCommands, ReadingRecordsEachMessageAsAClaim) {
  EXPECT_EQ(Records("XREADGROUP GROUP g c STREAMS s >"),
            (Lines{"MULTI", Claimed("c", "1-1", 1, "1-1"), Claimed("c", "1-2", 1, "1-2"), "EXEC"}));
  EXPECT_EQ(Records("XREADGROUP GROUP g c STREAMS s 0"), Lines{});
  EXPECT_EQ(Records("XREADGROUP GROUP g d STREAMS s >"), Lines{});
  t.Run("XADD s 1-3 f v");
  EXPECT_EQ(Records("XREADGROUP GROUP g c NOACK STREAMS s >"),
            Lines{"XGROUP SETID s g 1-3 ENTRIESREAD 3"});
  EXPECT_EQ(Records("XREADGROUP GROUP g e NOACK STREAMS s >"),
            Lines{"XGROUP CREATECONSUMER s g e"});
  EXPECT_EQ(Records("XREADGROUP GROUP none c STREAMS s >"), Lines{});
}

TEST_F(StreamGroupCommands, ClaimsRecordWhatTheyCameTo) {
  t.Run("XREADGROUP GROUP g c STREAMS s >");
  t.AdvanceTime(5s);
  EXPECT_EQ(Records("XCLAIM s g d 0 1-1 RETRYCOUNT 9"), Lines{Claimed("d", "1-1", 9, "1-2")});
  EXPECT_EQ(Records("XCLAIM s g d 99999 1-2"), Lines{});
  // A deleted one is told as it was.
  t.Run("XDEL s 1-2");
  Lines records = Records("XCLAIM s g d 0 1-2");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].starts_with("XCLAIM s g c 0 1-2 TIME ")) << records[0];
  EXPECT_EQ(Records("XCLAIM s g d 0 5-5 LASTID 7-7"), Lines{"XGROUP SETID s g 7-7 ENTRIESREAD 2"});
  EXPECT_EQ(Records("XAUTOCLAIM s g e 0 - JUSTID"), Lines{Claimed("e", "1-1", 9, "7-7")});
  EXPECT_EQ(Records("XAUTOCLAIM s g e 99999 -"), Lines{});
  EXPECT_EQ(Records("XACK s g 1-1 1-2"), Lines{"XACK s g 1-1 1-2"});
  EXPECT_EQ(Records("XACK s g 1-1"), Lines{});
}

// Found by reading: what a command recorded before it began to wait came out with the next one.
TEST_F(StreamGroupCommands, WhatIsRecordedBeforeAWaitIsNotHeldBack) {
  services::Session& waiting = t.OpenNetwork();
  t.Run("XREADGROUP GROUP g c STREAMS s >");
  journal_.records.clear();
  EXPECT_EQ(t.Raw(waiting, "XREADGROUP GROUP g new NOACK BLOCK 0 STREAMS s >\r\n"), "");
  ASSERT_FALSE(journal_.records.empty());
  EXPECT_EQ(journal_.records.back(), "XGROUP CREATECONSUMER s g new");
  EXPECT_EQ(Records("XADD s 2-1 f v").front(), "XADD s 2-1 f v");
}

TEST_F(StreamGroupCommands, AWaitingReaderIsServedOnce) {
  services::Session& waiting = t.OpenNetwork();
  t.Run("XREADGROUP GROUP g c STREAMS s >");
  EXPECT_EQ(t.Raw(waiting, "XREADGROUP GROUP g d BLOCK 0 STREAMS s >\r\n"), "");
  t.Run("XACK s g 1-1");
  t.Run("XGROUP SETID s g 1-2");
  EXPECT_EQ(t.Raw(waiting, ""), "");
  t.Run("XADD s 3-1 f v");
  EXPECT_EQ(t.Raw(waiting, ""),
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n3-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
  EXPECT_EQ(t.Run("XPENDING s g 3-1 3-1 9"), "[[\"3-1\", \"d\", :0, :1]]");
}

TEST_F(StreamGroupCommands, AReaderStopsWaitingWhenItsGroupGoes) {
  services::Session& waiting = t.OpenNetwork();
  t.Run("XREADGROUP GROUP g c STREAMS s >");
  for (const char* line : {"XGROUP DESTROY s g", "DEL s", "FLUSHALL", "SET s v"}) {
    t.Run("DEL s");
    t.Run("XGROUP CREATE s g $ MKSTREAM");
    EXPECT_EQ(t.Raw(waiting, "XREADGROUP GROUP g d BLOCK 0 STREAMS s >\r\n"), "");
    t.Run(line);
    const std::string reply = t.Raw(waiting, "");
    EXPECT_TRUE(reply.starts_with("-NOGROUP") || reply.starts_with("-WRONGTYPE"))
        << line << " " << reply;
  }
}

TEST_F(StreamGroupCommands, AWaitEndsWithItsTime) {
  services::Session& waiting = t.OpenNetwork();
  t.Run("XREADGROUP GROUP g c STREAMS s >");
  EXPECT_EQ(t.Raw(waiting, "XREADGROUP GROUP g d BLOCK 100 STREAMS s >\r\n"), "");
  t.AdvanceTime(50ms);
  t.engine.Tick(100);
  EXPECT_EQ(t.Raw(waiting, ""), "");
  t.AdvanceTime(60ms);
  t.engine.Tick(100);
  EXPECT_EQ(t.Raw(waiting, ""), "*-1\r\n");
}

TEST_F(StreamGroupCommands, TheObjectCommandsKnowGroups) {
  t.Run("XREADGROUP GROUP g c STREAMS s >");
  const std::string digest = t.Run("DEBUG DIGEST-VALUE s");
  EXPECT_EQ(t.Run("COPY s copy"), ":1");
  EXPECT_EQ(t.Run("DEBUG DIGEST-VALUE copy"), digest);
  const std::string before = t.Run("MEMORY USAGE s SAMPLES 0");
  for (int i = 0; i < 1000; ++i) t.Run("XGROUP CREATECONSUMER s g consumer" + std::to_string(i));
  const std::string after = t.Run("MEMORY USAGE s SAMPLES 0");
  EXPECT_GT(std::stoi(after.substr(1)), std::stoi(before.substr(1)) + 30000);
}

}  // namespace
}  // namespace kvasm
