// A large value that goes is freed in slices, whatever made it go.
#include "core/keyspace/lazy_free.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "core/base/alloc.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::TestEngine;

constexpr int kElements = 50'000;
// Of a tick: the engine's slice times the elements freed for each of its units.
constexpr double kElementsPerTick = 2048;
// Of the value: the block of its hash table, which can only go as one.
constexpr double kTableShare = 0.15;

// A value of kElements elements at `key`; returns the bytes it takes.
uint64_t Fill(TestEngine& t, const std::string& command, const std::string& key) {
  const uint64_t before = base::HeapUsedBytes();
  for (int i = 0; i < kElements; ++i) {
    const std::string name = "element:" + std::to_string(i);
    if (command == "SADD") t.RunArgs({command, key, name});
    if (command == "HSET") t.RunArgs({command, key, name, "v"});
    if (command == "ZADD") t.RunArgs({command, key, std::to_string(i), name});
    if (command == "RPUSH") t.RunArgs({command, key, name});
    if (command == "XADD") t.RunArgs({command, key, "*", "name", name});
  }
  return base::HeapUsedBytes() - before;
}

// Makes the value go by `end`, which must not free it, and ticks until all is freed. Returns the
// most that one tick freed, as a share of the value.
double LargestShareOfATick(TestEngine& t, uint64_t value_bytes, const std::function<void()>& end) {
  const uint64_t full = base::HeapUsedBytes();
  end();
  EXPECT_GT(base::HeapUsedBytes() + value_bytes / 10, full);
  uint64_t largest = 0;
  uint64_t before = base::HeapUsedBytes();
  for (int i = 0; i < kElements; ++i) {
    const bool done = t.engine.Tick(1000) > 0;
    const uint64_t now = base::HeapUsedBytes();
    largest = std::max(largest, before - std::min(now, before));
    before = now;
    if (done) break;
  }
  EXPECT_LT(before, full - value_bytes * 9 / 10);
  return static_cast<double>(largest) / static_cast<double>(value_bytes);
}

class LazyFreeOf : public ::testing::TestWithParam<const char*> {};

TEST_P(LazyFreeOf, TakesOneSliceATickHoweverTheValueWent) {
  TestEngine t;
  const std::vector<std::function<void()>> ends = {
      [&] { EXPECT_EQ(t.Run("DEL k"), ":1"); },
      [&] { EXPECT_EQ(t.Run("UNLINK k"), ":1"); },
      [&] { EXPECT_EQ(t.Run("SET k v"), "+OK"); },
      [&] { EXPECT_EQ(t.Run("SUNIONSTORE k other"), ":1"); },
      [&] { EXPECT_EQ(t.Run("RENAME other k"), "+OK"); },
      [&] { EXPECT_EQ(t.Run("FLUSHALL ASYNC"), "+OK"); },
      [&] {
        EXPECT_EQ(t.Run("PEXPIRE k 1"), ":1");
        t.AdvanceTime(2ms);
        EXPECT_EQ(t.Run("EXISTS k"), ":0");
      },
  };
  for (const auto& end : ends) {
    t.Run("FLUSHALL SYNC");
    t.Run("SADD other m");
    const uint64_t bytes = Fill(t, GetParam(), "k");
    EXPECT_LT(LargestShareOfATick(t, bytes, end), 3.0 * kElementsPerTick / kElements + kTableShare);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, LazyFreeOf, ::testing::Values("SADD", "HSET", "ZADD"),
                         [](const auto& suite) { return std::string(suite.param); });

// Each of them is freed at once when it goes alone.
TEST(LazyFree, ATickTakesFewOfManyValuesOfMediumSize) {
  constexpr int kHashes = 100;
  constexpr int kFields = 4000;
  TestEngine t;
  const uint64_t empty = base::HeapUsedBytes();
  for (const bool expiring : {false, true}) {
    for (int i = 0; i < kHashes * kFields; ++i) {
      t.RunArgs({"HSET", "h" + std::to_string(i / kFields), std::to_string(i), "v"});
    }
    for (int i = 0; expiring && i < kHashes; ++i) t.Run("PEXPIRE h" + std::to_string(i) + " 1");
    const auto end = [&] {
      if (!expiring) t.Run("FLUSHALL ASYNC");
      t.AdvanceTime(2ms);
    };
    EXPECT_LT(LargestShareOfATick(t, base::HeapUsedBytes() - empty, end), 5.0 / kHashes);
  }
}

TEST(LazyFree, InfoCountsWhatWasAskedForOnly) {
  TestEngine t;
  const auto field = [&](const std::string& name) {
    const std::string info = t.Run("INFO memory stats");
    const size_t at = info.find(name + ":") + name.size() + 1;
    return std::stoi(info.substr(at));
  };
  Fill(t, "SADD", "a");
  Fill(t, "SADD", "b");
  t.Run("DEL a");
  EXPECT_EQ(field("lazyfree_pending_objects"), 0);
  t.Run("UNLINK b");
  EXPECT_EQ(field("lazyfree_pending_objects"), 1);
  while (t.engine.Tick(1000) == 0) {
  }
  EXPECT_EQ(field("lazyfree_pending_objects"), 0);
  EXPECT_EQ(field("lazyfreed_objects"), 1);
  t.Run("CONFIG RESETSTAT");
  EXPECT_EQ(field("lazyfreed_objects"), 0);
}

TEST(LazyFree, ADestroyedGroupGoesInSlices) {
  TestEngine t;
  Fill(t, "XADD", "s");
  t.Run("XGROUP CREATE s g 0");
  const uint64_t before = base::HeapUsedBytes();
  t.Run("XREADGROUP GROUP g c COUNT " + std::to_string(kElements) + " STREAMS s >");
  const uint64_t bytes = base::HeapUsedBytes() - before;
  const auto end = [&] { EXPECT_EQ(t.Run("XGROUP DESTROY s g"), ":1"); };
  EXPECT_LT(LargestShareOfATick(t, bytes, end), 3.0 * kElementsPerTick / kElements);
  EXPECT_EQ(t.Run("XINFO GROUPS s"), "[]");
}

TEST(LazyFree, WhatWaitsToBeFreedIsNoReasonToRefuseAWrite) {
  TestEngine t;
  Fill(t, "SADD", "k");
  t.Run("DEL k");
  const uint64_t limit = base::HeapUsedBytes() - 100'000;
  ASSERT_EQ(t.Run("CONFIG SET maxmemory " + std::to_string(limit)), "+OK");
  EXPECT_EQ(t.Run("SET a b"), "+OK");
  EXPECT_LT(base::HeapUsedBytes(), limit);
}

}  // namespace
}  // namespace kvasm
