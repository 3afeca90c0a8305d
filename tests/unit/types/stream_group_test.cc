#include "core/types/stream_group.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/prng.h"
#include "core/types/stream.h"
#include "gtest/gtest.h"

namespace kvasm::types {
namespace {

constexpr int64_t kNow = 1700000000000;

class StreamGroupTest : public testing::Test {
 protected:
  struct Delivery {
    std::string owner;
    int64_t ms;
    uint64_t count;
    bool operator==(const Delivery&) const = default;
  };
  using Model = std::map<StreamId, Delivery>;

  static Model ListOf(const ConsumerGroup& group) {
    Model list;
    for (PendingReader at(group.pending()); at.valid(); at.Next()) {
      list[at.id()] = {at->owner->name, at->delivery_ms, at->delivery_count};
    }
    return list;
  }
  static Model ListOf(const Consumer& consumer) {
    Model list;
    for (PendingReader at(consumer.pending); at.valid(); at.Next()) {
      list[at.id()] = {consumer.name, at->delivery_ms, at->delivery_count};
    }
    return list;
  }

  void ExpectSame(const ConsumerGroup& group, const Model& model) {
    ASSERT_EQ(ListOf(group), model);
    ASSERT_TRUE(group.Validate());
    group.ForEachConsumer([&](const Consumer& consumer) {
      Model own;
      for (const auto& [id, delivery] : model) {
        if (delivery.owner == consumer.name) own[id] = delivery;
      }
      EXPECT_EQ(ListOf(consumer), own);
    });
  }

  Consumer& ConsumerOf(ConsumerGroup& group, const std::string& name) {
    Consumer* consumer = group.FindConsumer(name);
    return consumer != nullptr ? *consumer : group.AddConsumer(name, kNow);
  }

  void Fill(Stream& stream, uint64_t first, uint64_t last) {
    const std::vector<std::string_view> pairs = {"f", "v"};
    for (uint64_t ms = first; ms <= last; ++ms) ASSERT_TRUE(stream.Add({ms, 0}, pairs, limits_));
  }

  base::Prng prng_{23};
  Limits limits_;
};

TEST_F(StreamGroupTest, ListsAreInTheOrderOfNames) {
  ConsumerGroups groups;
  for (const char* name : {"b", "", "ab", "a", "\xff"}) {
    ASSERT_NE(groups.Add(name, {}, ConsumerGroup::kUnknown), nullptr);
  }
  EXPECT_EQ(groups.Add("a", {}, 0), nullptr);
  std::vector<std::string> names;
  groups.ForEach([&](const ConsumerGroup& group) { names.push_back(group.name()); });
  EXPECT_EQ(names, (std::vector<std::string>{"", "a", "ab", "b", "\xff"}));
  ConsumerGroups others;
  groups.MoveTo(others, "a");
  EXPECT_EQ(groups.Find("a"), nullptr);
  EXPECT_NE(others.Find("a"), nullptr);
  EXPECT_EQ(groups.Find("a"), nullptr);
  EXPECT_EQ(groups.size(), 4u);
  EXPECT_TRUE(groups.Validate());
}

TEST_F(StreamGroupTest, RandomDeliveriesMatchAModel) {
  ConsumerGroup group("g", {}, 0);
  Model model;
  for (int step = 1; step <= 20000; ++step) {
    const StreamId id{kNow + prng_.Below(400), prng_.Below(2)};
    const std::string name = "consumer" + std::to_string(prng_.Below(5));
    const int64_t now = kNow + step;
    switch (prng_.Below(8)) {
      case 0:
      case 1:
      case 2: {
        const Pending& pending = group.Deliver(id, ConsumerOf(group, name), now);
        ASSERT_EQ(pending.delivery_count, 1u);
        model[id] = {name, now, 1};
        break;
      }
      case 3:
      case 4:
        ASSERT_EQ(group.Acknowledge(id), model.erase(id) == 1);
        break;
      case 5: {
        Pending* pending = group.FindPending(id);
        ASSERT_EQ(pending != nullptr, model.contains(id));
        if (pending == nullptr) break;
        group.Reassign(id, *pending, ConsumerOf(group, name));
        ++pending->delivery_count;
        model[id].owner = name;
        ++model[id].count;
        break;
      }
      case 6: {
        PendingReader at(group.pending(), id);
        const auto expected = model.lower_bound(id);
        ASSERT_EQ(at.valid(), expected != model.end());
        if (at.valid()) {
          ASSERT_EQ(at.id(), expected->first);
        }
        break;
      }
      default: {
        Consumer* consumer = group.FindConsumer(name);
        if (consumer == nullptr || prng_.Below(100) != 0) break;
        group.RemoveConsumer(*consumer);
        std::erase_if(model, [&](const auto& each) { return each.second.owner == name; });
        ASSERT_EQ(group.FindConsumer(name), nullptr);
      }
    }
    if (step % 500 == 0) ExpectSame(group, model);
    if (HasFatalFailure()) FAIL() << "step " << step;
  }
}

TEST_F(StreamGroupTest, ACloneSharesNothing) {
  ConsumerGroups groups;
  ConsumerGroup& group = *groups.Add("g", {7, 1}, 42);
  for (uint64_t i = 0; i < 500; ++i) {
    group.Deliver({i, 0}, ConsumerOf(group, "c" + std::to_string(i % 7)), kNow);
  }
  group.FindConsumer("c3")->active_ms = 99;
  ConsumerOf(group, "idle");
  groups.Add("empty", {}, ConsumerGroup::kUnknown);
  const Model before = ListOf(group);
  const std::unique_ptr<ConsumerGroups> copy = groups.Clone();
  {
    ConsumerGroups gone;
    groups.MoveTo(gone, "g");
  }
  ASSERT_TRUE(copy->Validate());
  EXPECT_EQ(copy->size(), 2u);
  const ConsumerGroup& twin = *copy->Find("g");
  EXPECT_EQ(ListOf(twin), before);
  EXPECT_EQ(twin.last_id, (StreamId{7, 1}));
  EXPECT_EQ(twin.entries_read, 42);
  EXPECT_EQ(twin.consumer_count(), 8u);
  EXPECT_EQ(twin.FindConsumer("c3")->active_ms, 99);
  EXPECT_EQ(twin.FindConsumer("idle")->active_ms, -1);
}

TEST_F(StreamGroupTest, LoadingRefusesWhatDoesNotFit) {
  ConsumerGroup group("g", {}, 0);
  EXPECT_TRUE(group.LoadPending({1, 0}, kNow, 3));
  EXPECT_FALSE(group.LoadPending({1, 0}, kNow, 3));
  EXPECT_TRUE(group.LoadPending({2, 0}, kNow, 1));
  Consumer& consumer = group.AddConsumer("c", kNow, kNow);
  Consumer& other = group.AddConsumer("d", kNow);
  EXPECT_TRUE(group.LoadOwner({1, 0}, consumer));
  EXPECT_FALSE(group.LoadOwner({1, 0}, consumer));
  EXPECT_FALSE(group.LoadOwner({1, 0}, other));
  EXPECT_FALSE(group.LoadOwner({3, 0}, consumer));
  EXPECT_FALSE(group.AllOwned());
  EXPECT_TRUE(group.LoadOwner({2, 0}, other));
  EXPECT_TRUE(group.AllOwned());
  EXPECT_TRUE(group.Validate());
  // One that was given up halfway is freed all the same.
  ConsumerGroup partial("p", {}, 0);
  EXPECT_TRUE(partial.LoadPending({1, 0}, kNow, 1));
  EXPECT_TRUE(partial.Acknowledge({1, 0}));
  EXPECT_TRUE(partial.LoadPending({2, 0}, kNow, 1));
}

int Slices(ConsumerGroups& groups, uint64_t budget) {
  int slices = 1;
  for (uint64_t left = budget; groups.Drain(&left); left = budget) ++slices;
  return slices;
}

TEST_F(StreamGroupTest, DrainFreesInSteps) {
  const uint64_t heap_before = base::HeapUsedBytes();
  {
    ConsumerGroups groups;
    for (const char* name : {"a", "b", "c"}) {
      ConsumerGroup& group = *groups.Add(name, {}, 0);
      for (uint64_t i = 0; i < 1000; ++i) {
        group.Deliver({i, 0}, ConsumerOf(group, i % 2 == 0 ? "x" : "y"), kNow);
      }
    }
    EXPECT_EQ(Slices(groups, 100), 61);  // each message stands in two lists
    EXPECT_EQ(groups.size(), 0u);
  }
  EXPECT_EQ(base::HeapUsedBytes(), heap_before);
}

TEST_F(StreamGroupTest, DrainedGroupsAndConsumersAreGoneAtOnce) {
  ConsumerGroups groups;
  for (int i = 0; i < 1000; ++i) groups.Add("small" + std::to_string(i), {}, 0);
  ConsumerGroup& crowded = *groups.Add("crowded", {}, 0);
  for (int i = 0; i < 3000; ++i) crowded.AddConsumer("consumer" + std::to_string(i), kNow);
  EXPECT_EQ(groups.FreeEffort(), 4001u);
  uint64_t held = base::HeapUsedBytes();
  uint64_t largest = 0;
  for (uint64_t slice = 100; groups.Drain(&slice); slice = 100) {
    EXPECT_EQ(slice, 0u);
    largest = std::max(largest, held - base::HeapUsedBytes());
    held = base::HeapUsedBytes();
  }
  EXPECT_GT(largest, 0u);
  EXPECT_LT(largest, 100u * 1000);
  EXPECT_EQ(groups.size(), 0u);
}

TEST_F(StreamGroupTest, TheEffortIsThatOfAllGroups) {
  ConsumerGroups groups;
  groups.Add("a", {}, 0);
  ConsumerGroup& large = *groups.Add("b", {}, 0);
  for (uint64_t i = 0; i < 10'000; ++i) large.Deliver({i, 0}, ConsumerOf(large, "x"), kNow);
  EXPECT_EQ(groups.FreeEffort(), 10'003u);
}

TEST_F(StreamGroupTest, AGroupIsSplitOffWithAllThatIsPending) {
  Stream stream;
  stream.groups = std::make_unique<ConsumerGroups>();
  stream.groups->Add("stays", {}, 0);
  ConsumerGroup& group = *stream.groups->Add("goes", {}, 0);
  group.Deliver({1, 0}, ConsumerOf(group, "x"), kNow);
  const std::unique_ptr<Stream> remains = stream.SplitOff("goes");
  EXPECT_EQ(stream.groups->size(), 1u);
  EXPECT_EQ(stream.groups->Find("goes"), nullptr);
  EXPECT_EQ(remains->groups->Find("goes"), &group);
  EXPECT_EQ(remains->FreeEffort(), 4u);
  EXPECT_FALSE(remains->Drain(100));
}

TEST_F(StreamGroupTest, MemoryBytesIsCloseToWhatTheHeapHolds) {
  ConsumerGroups groups;
  const uint64_t before = base::HeapUsedBytes();
  ConsumerGroup& group = *groups.Add("group", {}, 0);
  Consumer& consumer = group.AddConsumer("consumer", kNow);
  for (uint64_t i = 0; i < 20000; ++i) group.Deliver({kNow + i, 0}, consumer, kNow);
  const uint64_t held = base::HeapUsedBytes() - before;
  EXPECT_LE(groups.MemoryBytes(0), held + 200);
  EXPECT_GE(groups.MemoryBytes(0), held / 3);  // natively blocks have headers
  EXPECT_EQ(groups.FreeEffort(), 20002u);
}

// The table of cases in Redis's own words: an id's number is known at either end of a stream
// without gaps, and nowhere between.
TEST_F(StreamGroupTest, EntriesAddedUpToAnIdWhereItCanBeTold) {
  Stream stream;
  EXPECT_EQ(EntriesAddedUpTo(stream, {9, 0}), 0);
  Fill(stream, 1, 10);
  EXPECT_EQ(EntriesAddedUpTo(stream, {10, 0}), 10);
  EXPECT_EQ(EntriesAddedUpTo(stream, {11, 0}), ConsumerGroup::kUnknown);
  EXPECT_EQ(EntriesAddedUpTo(stream, {5, 0}), ConsumerGroup::kUnknown);
  EXPECT_EQ(EntriesAddedUpTo(stream, {1, 0}), 1);
  EXPECT_EQ(EntriesAddedUpTo(stream, {0, 1}), 0);
  // Trimming leaves no gap: the first entry's number is still known.
  stream.Trim({.strategy = StreamTrim::Strategy::kMaxLength, .max_length = 4});
  EXPECT_EQ(EntriesAddedUpTo(stream, {7, 0}), 7);
  EXPECT_EQ(EntriesAddedUpTo(stream, {3, 0}), 6);
  EXPECT_TRUE(stream.Delete({8, 0}));
  EXPECT_EQ(EntriesAddedUpTo(stream, {7, 0}), ConsumerGroup::kUnknown);
  EXPECT_EQ(EntriesAddedUpTo(stream, {10, 0}), 10);
  stream.Trim({.strategy = StreamTrim::Strategy::kMaxLength, .max_length = 0});
  EXPECT_EQ(EntriesAddedUpTo(stream, {8, 0}), 10);
}

TEST_F(StreamGroupTest, LagIsWhatIsLeftUnlessDeletionsHideIt) {
  Stream stream;
  ConsumerGroup group("g", {}, ConsumerGroup::kUnknown);
  EXPECT_EQ(group.Lag(stream), 0);
  Fill(stream, 1, 5);
  EXPECT_EQ(group.Lag(stream), 5);
  group.Advance(stream, {1, 0});
  EXPECT_EQ(group.entries_read, 1);
  group.Advance(stream, {2, 0});
  EXPECT_EQ(group.entries_read, 2);
  EXPECT_EQ(group.Lag(stream), 3);
  EXPECT_TRUE(stream.Delete({4, 0}));
  EXPECT_EQ(group.Lag(stream), std::nullopt);
  group.Advance(stream, {3, 0});
  EXPECT_EQ(group.entries_read, ConsumerGroup::kUnknown);
  group.Advance(stream, {5, 0});
  EXPECT_EQ(group.entries_read, 5);
  EXPECT_EQ(group.Lag(stream), 0);
}

TEST_F(StreamGroupTest, CountersFromOutsideMayBeAnything) {
  Stream stream;
  Fill(stream, 1, 3);
  stream.entries_added = ~uint64_t{0};
  ConsumerGroup group("g", {0, 1}, std::numeric_limits<int64_t>::max());
  group.Advance(stream, {1, 0});
  EXPECT_EQ(group.entries_read, std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(group.Lag(stream).has_value());
  EXPECT_EQ(EntriesAddedUpTo(stream, {3, 0}), -1);
}

}  // namespace
}  // namespace kvasm::types
