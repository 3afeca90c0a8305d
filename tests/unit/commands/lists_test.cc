// Lists where memory, size or waiting make them hard; plain behaviour is in tests/conformance.
#include <gtest/gtest.h>

#include "core/base/alloc.h"
#include "core/types/list.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::ListJournal;
using testing::TestEngine;

constexpr char kOom[] = "-OOM command not allowed when used memory > 'maxmemory'.";

// Too large for any packed list.
std::string Huge(char letter) { return std::string(2u << 20, letter); }

TEST(Lists, HugeElementsGoThroughEveryCommand) {
  TestEngine t;
  EXPECT_EQ(t.RunArgs({"RPUSH", "l", "a", Huge('x'), "b", Huge('y'), "c"}), ":5");
  EXPECT_EQ(t.Run("OBJECT ENCODING l"), "\"quicklist\"");
  EXPECT_EQ(t.RunArgs({"LPOS", "l", Huge('y')}), ":3");
  EXPECT_EQ(t.RunArgs({"LINSERT", "l", "BEFORE", Huge('y'), Huge('z')}), ":6");
  EXPECT_EQ(t.RunArgs({"LINSERT", "l", "AFTER", "b", "after"}), ":7");
  EXPECT_EQ(t.RunArgs({"LSET", "l", "0", Huge('w')}), "+OK");
  EXPECT_EQ(t.Run("LSET l 1 small"), "+OK");
  EXPECT_EQ(t.RunArgs({"LREM", "l", "0", Huge('z')}), ":1");
  EXPECT_EQ(t.Run("LMOVE l m LEFT RIGHT"), "\"" + Huge('w') + "\"");
  EXPECT_EQ(t.Run("LMOVE m m LEFT RIGHT"), "\"" + Huge('w') + "\"");
  EXPECT_EQ(t.Run("COPY m n"), ":1");
  EXPECT_EQ(t.Run("RPOP n"), "\"" + Huge('w') + "\"");
  EXPECT_EQ(t.RunArgs({"LREM", "l", "1", Huge('y')}), ":1");
  EXPECT_EQ(t.Run("LRANGE l 0 -1"), "[\"small\", \"b\", \"after\", \"c\"]");
}

TEST(Lists, ElementsThatOutgrowAPackedListOneByOneStayInOrder) {
  TestEngine t;
  std::vector<std::string> push = {"RPUSH", "l"};
  for (int i = 0; i < 100; ++i) push.push_back(std::to_string(i));
  t.RunArgs(push);
  // 100 times 100 KB would be ten times what one packed list holds.
  for (int i = 0; i < 100; ++i) {
    const std::string text = std::to_string(i) + std::string(100'000, 'x');
    ASSERT_EQ(t.RunArgs({"LSET", "l", std::to_string(i), text}), "+OK");
  }
  for (int i = 0; i < 100; ++i) {
    const std::string text = std::to_string(i) + std::string(100'000, 'x');
    ASSERT_EQ(t.Run("LINDEX l " + std::to_string(i)), "\"" + text + "\"");
  }
  for (int i = 0; i < 100; ++i) t.Run("LSET l " + std::to_string(i) + " " + std::to_string(i));
  EXPECT_EQ(t.Run("LPOS l 77"), ":77");
  EXPECT_EQ(t.Run("LLEN l"), ":100");
}

class ListMemory : public ::testing::Test {
 protected:
  void SetUp() override { base::SetHeapLimit(base::HeapUsedBytes() + (160u << 20)); }
  void TearDown() override { base::SetHeapLimit(0); }
};

TEST_F(ListMemory, PushesAreRefusedWhenFullAndServedAgainAfterDeleting) {
  TestEngine t;
  const std::string element(100, 'e');
  std::string reply;
  int pushed = 0;
  while ((reply = t.RunArgs({"RPUSH", "l", element})) != kOom) ++pushed;
  EXPECT_GT(pushed, 500'000);
  EXPECT_EQ(t.Run("LLEN l"), ":" + std::to_string(pushed));
  EXPECT_EQ(t.Run("LINDEX l -1"), "\"" + element + "\"");
  EXPECT_EQ(t.Run("DEL l"), ":1");
  while (t.engine.Tick(100'000) == 0) {
  }
  EXPECT_EQ(t.Run("RPUSH l a"), ":1");
}

TEST_F(ListMemory, WhatDoesNotFitChangesNothing) {
  TestEngine t;
  const auto large = [] { return std::string(60u << 20, 'x'); };
  t.Run("RPUSH l a b c");
  EXPECT_EQ(t.RunArgs({"RPUSH", "l", large()}), kOom);
  EXPECT_EQ(t.RunArgs({"LPUSH", "fresh", large()}), kOom);
  EXPECT_EQ(t.RunArgs({"LSET", "l", "1", large()}), kOom);
  EXPECT_EQ(t.RunArgs({"LINSERT", "l", "AFTER", "a", large()}), kOom);
  EXPECT_EQ(t.Run("LRANGE l 0 -1"), "[\"a\", \"b\", \"c\"]");
  EXPECT_EQ(t.Run("EXISTS fresh"), ":0");
}

TEST_F(ListMemory, ElementsThatCannotBeRepliedAreNotPopped) {
  TestEngine t;
  for (int i = 0; i < 80; ++i) t.RunArgs({"RPUSH", "l", std::string(1u << 20, 'e')});
  for (const char* line : {"LPOP l 80", "RPOP l 80", "LMPOP 1 l LEFT COUNT 80",
                           "BLMPOP 0 1 l RIGHT COUNT 80", "LRANGE l 0 -1", "COPY l m"}) {
    EXPECT_EQ(t.Run(line), kOom) << line;
  }
  EXPECT_EQ(t.Run("LLEN l"), ":80");
  EXPECT_EQ(t.Run("EXISTS m"), ":0");
}

TEST(Lists, AWaitThatRunsOutCountsAsOneCall) {
  TestEngine t;
  t.Run("BLPOP l 0.01");
  t.AdvanceTime(20ms);
  t.engine.Tick(100);
  EXPECT_EQ(t.engine.stats().commands[t.engine.table().Find("blpop")].calls, 1u);
}

TEST(Lists, ATrimThatRemovesNothingIsNotRecorded) {
  TestEngine t;
  t.Run("RPUSH l a b");
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  t.Run("LTRIM l 0 -1");
  t.Run("LREM l 0 missing");
  t.Run("LINSERT l BEFORE missing x");
  t.Run("LMOVE l l LEFT RIGHT");
  t.engine.keyspace().journal().Detach(journal);
  std::erase_if(journal.records, [](const auto& record) { return record.starts_with("SELECT"); });
  EXPECT_EQ(journal.records, (std::vector<std::string>{"LMOVE l l LEFT RIGHT"}));
}

}  // namespace
}  // namespace kvasm
