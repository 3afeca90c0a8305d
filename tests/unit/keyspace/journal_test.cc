// What commands owe to logs and replicas, and what becomes of it when memory ends.
#include "core/keyspace/journal.h"

#include <gtest/gtest.h>

#include "core/base/alloc.h"
#include "core/persist/aof_writer.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using keyspace::Journal;
using testing::ListJournal;
using testing::TestEngine;
using Lines = std::vector<std::string>;

TEST(Journal, WhatIsNotedComesInOrderWhateverItsSize) {
  Journal journal;
  ListJournal sink;
  journal.Attach(sink);
  const std::string large(40'000, 'x');
  Lines expected{"MULTI", "SELECT 0"};
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "k" + std::to_string(i);
    const std::string value = i % 500 == 7 ? large : std::string(static_cast<size_t>(i % 90), 'v');
    const std::string_view parts[] = {name};
    EXPECT_TRUE(i % 2 == 0 || journal.Prepare(parts));
    journal.Add(i < 2000 ? 0 : 3, {"SET", name, value});
    if (i == 2000) expected.emplace_back("SELECT 3");
    expected.push_back("SET " + name + " " + value);
  }
  EXPECT_TRUE(journal.pending());
  EXPECT_TRUE(sink.records.empty());
  journal.Commit();
  EXPECT_FALSE(journal.pending());
  expected.emplace_back("EXEC");
  EXPECT_EQ(sink.records, expected);
  journal.Commit();
  EXPECT_EQ(sink.records.size(), expected.size());
}

TEST(Journal, TheLastRecordIsOneOfThemAll) {
  Journal journal;
  ListJournal sink;
  journal.Attach(sink);
  const std::string_view set[] = {"SET", "a", ""};
  journal.AddLast(0, set);
  journal.Add(0, {"DEL", "b"});
  journal.AddLast(0, set);
  EXPECT_EQ(sink.records, (Lines{"SELECT 0", "SET a ", "MULTI", "DEL b", "SET a ", "EXEC"}));
}

TEST(Journal, EachHearsWhatIsForHim) {
  Journal journal;
  ListJournal log;
  ListJournal replicas;
  journal.Attach(log, Journal::kAof);
  journal.Attach(replicas, Journal::kReplicas);
  journal.Add(0, {"SET", "a", "1"});
  journal.set_audience(Journal::kReplicas);
  journal.Add(0, {"SET", "b", "1"});
  journal.set_audience(Journal::kNobody);
  journal.Add(0, {"SET", "c", "1"});
  journal.Commit();
  EXPECT_EQ(log.records, (Lines{"SELECT 0", "SET a 1"}));
  EXPECT_EQ(replicas.records, (Lines{"MULTI", "SELECT 0", "SET a 1", "SET b 1", "EXEC"}));
}

// Keeps records as the log does, in memory that is asked for.
class KeptLog final : public Journal::Sink {
 public:
  persist::Block bytes;
  uint64_t records = 0;
  void Record(std::span<const std::string_view> arguments) override {
    ++records;
    persist::AppendRecord(bytes, arguments);
  }
};

class JournalFull : public ::testing::Test {
 protected:
  void SetUp() override {
    t.engine.keyspace().journal().Attach(log);
    base::SetHeapLimit(base::HeapUsedBytes() + (24u << 20));
  }
  void TearDown() override {
    base::SetHeapLimit(0);
    t.engine.keyspace().journal().Detach(log);
  }

  // Which has no room left first, what is to be recorded or the script, depends on what the heap
  // has been used for before.
  static bool IsOutOfMemory(const std::string& reply) {
    return reply.find("-OOM command not allowed when used memory > 'maxmemory'.") != reply.npos ||
           reply.find("not enough memory") != reply.npos;
  }

  KeptLog log;
  TestEngine t;
};

TEST_F(JournalFull, AScriptOfSmallChangesIsRefusedWhatCannotBeRecorded) {
  const std::string reply = t.Run(
      "EVAL \"for i=1,2000000 do local r = redis.pcall('incr', KEYS[1]) if type(r) == 'table' then "
      "return i - 1 end end return -1\" 1 k");
  const std::string made = t.Run("GET k");
  const uint64_t count = std::strtoull(made.c_str() + 1, nullptr, 10);
  EXPECT_GT(count, 50'000u) << made;
  EXPECT_EQ(log.records, count + 3);
  EXPECT_FALSE(log.bytes.failed());
  // Hardly ever: the last bytes are too few for the script to tell.
  if (IsOutOfMemory(reply)) return;
  EXPECT_EQ(reply, ":" + std::to_string(count));
}

TEST_F(JournalFull, AScriptOfLargeChangesIsRefusedWhatCannotBeRecorded) {
  const std::string reply = t.RunArgs(
      {"EVAL",
       "for i=1,400 do local r = redis.pcall('set', KEYS[1], ARGV[1]) if r.err then return i - 1 "
       "end end return -1",
       "1", "k", std::string(1 << 20, 'x')});
  EXPECT_GT(std::stoll(reply.substr(1)), 2) << reply;
  EXPECT_EQ(log.records, std::stoull(reply.substr(1)) + 3);
  EXPECT_FALSE(log.bytes.failed());
}

TEST_F(JournalFull, ATransactionIsRefusedWhatCannotBeRecorded) {
  t.Run("SET k v");
  log.records = 0;
  const std::string script =
      "EVAL \"for i=1,20000 do redis.pcall('expire', KEYS[1], 100) end return 1\" 1 k";
  t.Run("MULTI");
  for (int i = 0; i < 30; ++i) t.Run(script);
  t.Run("EXPIRE k 100");
  const std::string reply = t.Run("EXEC");
  EXPECT_TRUE(IsOutOfMemory(reply)) << reply;
  EXPECT_GT(log.records, 10'000u);
  EXPECT_FALSE(log.bytes.failed());
  EXPECT_EQ(t.Run("EXPIRE k 100"), ":1");
}

}  // namespace
}  // namespace kvasm
