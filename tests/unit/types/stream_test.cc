#include "core/types/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/alloc.h"
#include "tests/unit/types/value_fixture.h"

namespace kvasm::types {
namespace {

using Pairs = std::vector<std::string>;
using Model = std::map<StreamId, Pairs>;
using Strategy = StreamTrim::Strategy;

Pairs PairsOf(const StreamEntry& entry) {
  Pairs pairs;
  ds::NumberText scratch;
  entry.ForEach([&](const ds::Item& field, const ds::Item& value) {
    pairs.emplace_back(field.Text(scratch));
    pairs.emplace_back(value.Text(scratch));
  });
  return pairs;
}

Model Contents(const Stream& stream) {
  Model contents;
  for (StreamReader reader(stream); reader.Next();) {
    contents[reader.entry().id] = PairsOf(reader.entry());
  }
  return contents;
}

class StreamTest : public ValueTest {
 protected:
  bool Add(StreamId id, const Pairs& pairs) {
    const std::vector<std::string_view> views(pairs.begin(), pairs.end());
    return stream_.Add(id, views, limits_);
  }
  void Fill(uint64_t entries) {
    for (uint64_t i = 1; i <= entries; ++i) ASSERT_TRUE(Add({i, 0}, {"f", std::to_string(i)}));
  }
  uint64_t Trim(Strategy strategy, uint64_t threshold, bool whole_nodes, uint64_t limit = 0) {
    return stream_.Trim({.strategy = strategy,
                         .whole_nodes = whole_nodes,
                         .limit = limit,
                         .max_length = threshold,
                         .min_id = {threshold, 0}});
  }
  std::vector<uint64_t> Read(StreamId from, StreamId to, bool reverse) const {
    std::vector<uint64_t> read;
    StreamReader reader(stream_, from, to, reverse);
    while (reader.Next()) read.push_back(reader.entry().id.ms);
    return read;
  }

  Stream stream_;
};

// --- nodes ---

TEST_F(StreamTest, NodesEndByEntriesAndByBytes) {
  limits_.stream_node_max_entries = 10;
  Fill(25);
  EXPECT_EQ(stream_.node_count(), 3u);
  limits_.stream_node_max_entries = 0;
  limits_.stream_node_max_bytes = 200;
  ASSERT_TRUE(Add({26, 0}, {"f", std::string(300, 'x')}));
  EXPECT_EQ(stream_.node_count(), 4u);
  ASSERT_TRUE(Add({27, 0}, {"f", "v"}));
  EXPECT_EQ(stream_.node_count(), 5u);
}

TEST_F(StreamTest, AnEntryOfTheSameFieldsStoresNoFields) {
  ASSERT_TRUE(Add({1, 0}, {"temperature", "20", "humidity", "50"}));
  const uint64_t one = stream_.MemoryBytes(0);
  for (uint64_t i = 2; i <= 50; ++i) {
    ASSERT_TRUE(Add({i, 0}, {"temperature", "21", "humidity", "51"}));
  }
  // Head, a byte of id, and two numbers of a byte each; natively a block may be a little larger.
  EXPECT_LE(stream_.MemoryBytes(0) - one, 49u * 4 * 3 / 2 + 40);
  ASSERT_TRUE(Add({51, 0}, {"humidity", "51", "temperature", "21"}));
  EXPECT_EQ(Contents(stream_)[(StreamId{51, 0})], (Pairs{"humidity", "51", "temperature", "21"}));
}

// Redis's radix tree over these keys, node by node.
uint64_t NodesOfTree(const std::vector<std::string>& keys, size_t first, size_t last,
                     size_t depth) {
  if (last - first == 1) return depth < StreamKey::kBytes ? 2 : 1;
  size_t shared = depth;
  while (keys[first][shared] == keys[last - 1][shared]) ++shared;
  uint64_t nodes = shared > depth ? 2 : 1;
  for (size_t at = first; at < last;) {
    size_t next = at;
    while (next < last && keys[next][shared] == keys[at][shared]) ++next;
    nodes += NodesOfTree(keys, at, next, shared + 1);
    at = next;
  }
  return nodes;
}

TEST_F(StreamTest, CountsTheNodesOfRedissTree) {
  EXPECT_EQ(stream_.RadixNodes(), 1u);
  limits_.stream_node_max_entries = 1;
  base::Prng prng(11);
  std::vector<std::string> keys;
  StreamId id{1, 1};
  for (int i = 0; i < 2000; ++i) {
    keys.emplace_back(StreamKey(id).view());
    ASSERT_TRUE(Add(id, {"f", "v"}));
    if (i % 97 == 0 || i < 20) {
      EXPECT_EQ(stream_.RadixNodes(), NodesOfTree(keys, 0, keys.size(), 0)) << keys.size();
    }
    if (prng.Below(2) == 0) {
      id.seq += 1 + prng.Below(uint64_t{1} << prng.Below(20));
    } else {
      id = {id.ms + 1 + prng.Below(uint64_t{1} << prng.Below(40)), prng.Below(3)};
    }
  }
}

TEST_F(StreamTest, ANodeIsRefusedThatDoesNotFollow) {
  Fill(3);
  auto node = [&](StreamId key, std::vector<StreamId> ids) {
    StreamNodeWriter writer = StreamNodeWriter::Begin(key, 1, 1000);
    writer.Append("f");
    for (StreamId id : ids) {
      writer.BeginEntry(id, false, true, 1);
      writer.Append("v");
    }
    writer.Shrink();
    return writer.node();
  };
  EXPECT_FALSE(stream_.AppendNode(node({3, 0}, {{3, 0}})));
  EXPECT_FALSE(stream_.AppendNode(node({4, 0}, {})));
  EXPECT_FALSE(stream_.AppendNode(node({4, 0}, {{4, 5}, {4, 5}})));
  EXPECT_FALSE(stream_.AppendNode(node({4, 1}, {{4, 0}})));
  EXPECT_EQ(stream_.length(), 3u);
  EXPECT_TRUE(stream_.AppendNode(node({4, 0}, {{4, 5}, {9, 0}})));
  EXPECT_EQ(stream_.length(), 5u);
  EXPECT_EQ(stream_.LastEntryId(), (StreamId{9, 0}));
  stream_.last_id = {9, 0};
  EXPECT_TRUE(stream_.Validate());
}

StreamNode* DeadNode(StreamId id) {
  StreamNodeWriter writer = StreamNodeWriter::Begin(id, 1, 100);
  writer.Append("f");
  writer.BeginEntry(id, true, true, 1);
  writer.Append("v");
  writer.Shrink();
  return writer.node();
}

// Looking for the last entry behind them for every one would take 2 * 10^10 steps.
TEST_F(StreamTest, NodesOfDeletedEntriesAreNotReadAgainForEachThatFollows) {
  constexpr uint64_t kNodes = 200'000;
  Fill(3);
  for (uint64_t i = 1; i <= kNodes; ++i) ASSERT_TRUE(stream_.AppendNode(DeadNode({i + 3, 0})));
  EXPECT_EQ(stream_.node_count(), kNodes + 1);
  EXPECT_EQ(stream_.length(), 3u);
  for (uint64_t i = 0; i < kNodes; ++i) ASSERT_EQ(stream_.LastEntryId(), (StreamId{3, 0}));
  EXPECT_TRUE(stream_.Validate());
}

TEST_F(StreamTest, TheLastEntryIsKnownWhateverGoes) {
  limits_.stream_node_max_entries = 4;
  Fill(20);
  EXPECT_EQ(stream_.LastEntryId(), (StreamId{20, 0}));
  EXPECT_TRUE(stream_.Delete({20, 0}));
  EXPECT_EQ(stream_.LastEntryId(), (StreamId{19, 0}));
  for (uint64_t i : {17, 18, 19}) EXPECT_TRUE(stream_.Delete({i, 0}));
  EXPECT_EQ(stream_.LastEntryId(), (StreamId{16, 0}));
  EXPECT_TRUE(stream_.Delete({14, 0}));
  EXPECT_EQ(stream_.Clone()->LastEntryId(), (StreamId{16, 0}));
  EXPECT_TRUE(stream_.AppendNode(DeadNode({30, 0})));
  EXPECT_EQ(stream_.LastEntryId(), (StreamId{16, 0}));
  EXPECT_TRUE(stream_.Validate());
  EXPECT_EQ(Trim(Strategy::kMaxLength, 1, false), 14u);
  EXPECT_EQ(stream_.LastEntryId(), (StreamId{16, 0}));
  EXPECT_EQ(Trim(Strategy::kMinId, 17, false), 1u);
  EXPECT_EQ(stream_.LastEntryId(), StreamId{});
  EXPECT_TRUE(Add({31, 0}, {"f", "v"}));
  EXPECT_EQ(stream_.LastEntryId(), (StreamId{31, 0}));
  EXPECT_TRUE(stream_.Validate());
}

TEST_F(StreamTest, ADamagedNodeIsFoundOut) {
  for (uint64_t i = 1; i <= 20; ++i) {
    ASSERT_TRUE(Add({i, i % 3}, {"f", std::string(i * 5, 'x'), "other" + std::to_string(i), "1"}));
  }
  StreamNode* node = nullptr;
  stream_.ForEachNode([&](const StreamNode& only) {
    node = CloneNode(only);
    return false;
  });
  ASSERT_TRUE(ValidateNode(*node));
  uint64_t found = 0;
  for (uint32_t at = 0; at < node->bytes; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      node->begin()[at] ^= static_cast<uint8_t>(1 << bit);
      // What passes must be safe to read.
      if (!ValidateNode(*node)) {
        ++found;
      } else {
        for (StreamNodeWalker walker(*node); walker.Next();) PairsOf(walker.entry());
      }
      node->begin()[at] ^= static_cast<uint8_t>(1 << bit);
    }
  }
  EXPECT_GT(found, 100u);
  FreeNode(node);
}

// --- removing ---

TEST_F(StreamTest, DeletingKeepsTheHighestDeletedIdAndTheFirst) {
  Fill(5);
  EXPECT_TRUE(stream_.Delete({4, 0}));
  EXPECT_FALSE(stream_.Delete({4, 0}));
  EXPECT_FALSE(stream_.Delete({9, 0}));
  EXPECT_TRUE(stream_.Delete({1, 0}));
  EXPECT_EQ(stream_.max_deleted_id, (StreamId{4, 0}));
  EXPECT_EQ(stream_.first_id, (StreamId{2, 0}));
  EXPECT_EQ(stream_.length(), 3u);
  EXPECT_FALSE(stream_.Contains({4, 0}));
  for (uint64_t i : {2, 3, 5}) stream_.Delete({i, 0});
  EXPECT_EQ(stream_.node_count(), 0u);
  EXPECT_EQ(stream_.first_id, StreamId{});
  EXPECT_EQ(stream_.last_id, (StreamId{5, 0}));
  EXPECT_TRUE(stream_.Validate());
}

TEST_F(StreamTest, AboutTrimmingRemovesWholeNodesOnly) {
  limits_.stream_node_max_entries = 10;
  Fill(95);
  EXPECT_EQ(Trim(Strategy::kMaxLength, 32, true), 60u);
  EXPECT_EQ(Trim(Strategy::kMaxLength, 32, true), 0u);
  EXPECT_EQ(Trim(Strategy::kMaxLength, 32, false), 3u);
  EXPECT_EQ(stream_.first_id, (StreamId{64, 0}));
  EXPECT_EQ(Trim(Strategy::kMinId, 71, true), 7u);
  EXPECT_EQ(Trim(Strategy::kMinId, 80, true), 0u);
  EXPECT_EQ(Trim(Strategy::kMinId, 81, true), 10u);
  EXPECT_EQ(Trim(Strategy::kMaxLength, 0, true, 9), 0u);
  EXPECT_EQ(Trim(Strategy::kMaxLength, 0, true, 14), 10u);
  EXPECT_EQ(Trim(Strategy::kMaxLength, 0, false), 5u);
  EXPECT_EQ(stream_.length(), 0u);
  EXPECT_TRUE(stream_.Validate());
}

TEST_F(StreamTest, ANodeThatIsDeletedEntryByEntryStaysUntilItGoesWhole) {
  Fill(3);
  stream_.Delete({3, 0});
  EXPECT_EQ(Trim(Strategy::kMinId, 3, false), 2u);
  EXPECT_EQ(stream_.length(), 0u);
  EXPECT_EQ(stream_.node_count(), 1u);
  EXPECT_EQ(stream_.FirstMarkedId(), (StreamId{1, 0}));
  EXPECT_EQ(stream_.LastEntryId(), StreamId{});
  EXPECT_TRUE(stream_.Validate());
  ASSERT_TRUE(Add({4, 0}, {"f", "v"}));
  EXPECT_EQ(stream_.node_count(), 1u);
  EXPECT_EQ(stream_.first_id, (StreamId{4, 0}));
  EXPECT_TRUE(stream_.Validate());
}

// XSETID may set the last id back behind entries that are deleted.
TEST_F(StreamTest, EntriesBelowDeletedOnesAreFound) {
  Fill(3);
  stream_.Delete({3, 0});
  ASSERT_TRUE(Add({2, 5}, {"f", "v"}));
  ASSERT_TRUE(Add({3, 0}, {"f", "w"}));
  EXPECT_TRUE(stream_.Contains({2, 5}));
  EXPECT_EQ(Read({2, 1}, {2, 9}, false), (std::vector<uint64_t>{2}));
  EXPECT_EQ(Read({2, 1}, {9, 9}, true), (std::vector<uint64_t>{3, 2}));
  EXPECT_TRUE(stream_.Delete({2, 5}));
  EXPECT_TRUE(stream_.Validate());

  EXPECT_EQ(Trim(Strategy::kMinId, 3, false), 2u);
  EXPECT_TRUE(stream_.Delete({3, 0}));
  ASSERT_TRUE(Add({0, 7}, {"f", "below all that was there"}));
  EXPECT_TRUE(stream_.Contains({0, 7}));
  EXPECT_EQ(Read({}, StreamId::Highest(), false), (std::vector<uint64_t>{0}));
  EXPECT_TRUE(stream_.Validate());
}

TEST_F(StreamTest, DrainingFreesNodeAfterNode) {
  Fill(1000);
  int slices = 1;
  while (stream_.Drain(200)) ++slices;
  EXPECT_EQ(slices, 5);
}

// --- reading ---

TEST_F(StreamTest, ReadsANodeOfManyEntriesBackwards) {
  limits_.stream_node_max_entries = 0;
  limits_.stream_node_max_bytes = 0;
  Fill(4'000);
  EXPECT_EQ(stream_.node_count(), 1u);
  for (uint64_t i = 5; i < 4'000; i += 7) stream_.Delete({i, 0});
  std::vector<uint64_t> forward = Read({3, 0}, {3'990, 0}, false);
  std::vector<uint64_t> backward = Read({3, 0}, {3'990, 0}, true);
  std::reverse(backward.begin(), backward.end());
  EXPECT_EQ(forward, backward);
  EXPECT_EQ(forward.front(), 3u);
  EXPECT_EQ(forward.back(), 3'990u);
}

TEST_F(StreamTest, IdsOfAnyDistanceReadBack) {
  constexpr uint64_t kMost = UINT64_MAX;
  const std::vector<StreamId> ids = {{0, 1},        {0, 2},     {0, kMost},    {1, 0},
                                     {1, 1},        {1, 129},   {2, 70'000},   {2, 70'001},
                                     {1u << 30, 0}, {kMost, 0}, {kMost, kMost}};
  for (StreamId id : ids) ASSERT_TRUE(Add(id, {"f", "v"}));
  EXPECT_EQ(stream_.node_count(), 1u);
  size_t at = 0;
  for (StreamReader reader(stream_); reader.Next();) EXPECT_EQ(reader.entry().id, ids[at++]);
  EXPECT_EQ(at, ids.size());
}

TEST_F(StreamTest, AnEntryOfManyFieldsReadsBack) {
  for (size_t fields : {1u, 14u, 15u, 16u, 200u}) {
    Pairs pairs;
    for (size_t i = 0; i < fields; ++i) {
      pairs.push_back("field" + std::to_string(i));
      pairs.push_back(std::to_string(i * 1'000'003));
    }
    const StreamId id{fields, 1};
    ASSERT_TRUE(Add(id, pairs));
    EXPECT_EQ(Contents(stream_)[id], pairs);
  }
}

// --- against a model ---

class Game {
 public:
  explicit Game(uint64_t seed) : prng_(seed) {
    limits_.stream_node_max_entries = static_cast<int64_t>(prng_.Below(3) * prng_.Below(12));
    limits_.stream_node_max_bytes = static_cast<int64_t>(prng_.Below(3) * 100);
  }

  void Step() {
    const uint64_t kind = prng_.Below(100);
    if (kind < 60) {
      Add();
    } else if (kind < 75) {
      const StreamId id = AnyId();
      ASSERT_EQ(stream_->Delete(id), model_.erase(id) > 0);
    } else if (kind < 80) {
      TrimSome();
    } else if (kind < 98) {
      ReadSome();
    } else if (kind < 99) {
      stream_ = stream_->Clone();
    } else {
      CheckAll();
    }
  }
  void CheckAll() {
    ASSERT_TRUE(stream_->Validate());
    ASSERT_EQ(Contents(*stream_), model_);
    ASSERT_EQ(stream_->length(), model_.size());
    ASSERT_EQ(stream_->first_id, model_.empty() ? StreamId{} : model_.begin()->first);
    ASSERT_EQ(stream_->LastEntryId(), model_.empty() ? StreamId{} : model_.rbegin()->first);
  }

 private:
  Pairs SomePairs() {
    Pairs pairs;
    const uint64_t fields = prng_.Below(4) > 0 ? 2 : 1 + prng_.Below(20);
    for (uint64_t i = 0; i < fields; ++i) {
      pairs.push_back(prng_.Below(8) > 0 ? "f" + std::to_string(i) : std::to_string(prng_.Next()));
      pairs.push_back(prng_.Below(2) > 0 ? std::to_string(prng_.Below(1000))
                                         : std::string(prng_.Below(80), 'x'));
    }
    return pairs;
  }
  void Add() {
    StreamId id = stream_->last_id;
    if (prng_.Below(2) == 0) {
      id.Increment();
    } else {
      id = {id.ms + 1 + prng_.Below(5), prng_.Below(2) * prng_.Below(300)};
    }
    const Pairs pairs = SomePairs();
    const std::vector<std::string_view> views(pairs.begin(), pairs.end());
    ASSERT_TRUE(stream_->Add(id, views, limits_));
    model_[id] = pairs;
  }
  StreamId AnyId() {
    if (model_.empty() || prng_.Below(4) == 0) return {prng_.Below(stream_->last_id.ms + 2), 0};
    auto at = model_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(prng_.Below(model_.size())));
    return at->first;
  }
  void TrimSome() {
    StreamTrim trim;
    trim.strategy = prng_.Below(2) == 0 ? Strategy::kMaxLength : Strategy::kMinId;
    trim.whole_nodes = prng_.Below(2) == 0;
    trim.limit = prng_.Below(2) * prng_.Below(20);
    trim.max_length = prng_.Below(40);
    trim.min_id = AnyId();
    if (!trim.whole_nodes) trim.limit = 0;
    const uint64_t removed = stream_->Trim(trim);
    if (trim.limit > 0) ASSERT_LE(removed, trim.limit);
    const size_t before = model_.size();
    model_.erase(model_.begin(), std::next(model_.begin(), static_cast<std::ptrdiff_t>(removed)));
    if (trim.strategy == Strategy::kMaxLength) {
      const size_t wanted = std::min<size_t>(before, trim.max_length);
      ASSERT_GE(model_.size(), wanted);
      if (!trim.whole_nodes) ASSERT_EQ(model_.size(), wanted);
    } else {
      if (removed > 0) ASSERT_TRUE(model_.empty() || removed < before);
      if (!trim.whole_nodes && !model_.empty()) ASSERT_GE(model_.begin()->first, trim.min_id);
    }
  }
  void ReadSome() {
    StreamId from = AnyId();
    StreamId to = AnyId();
    if (prng_.Below(4) > 0 && to < from) std::swap(from, to);
    std::vector<StreamId> expected;
    if (from <= to) {
      for (auto at = model_.lower_bound(from); at != model_.end() && at->first <= to; ++at) {
        expected.push_back(at->first);
      }
    }
    const bool reverse = prng_.Below(2) == 0;
    if (reverse) std::reverse(expected.begin(), expected.end());
    std::vector<StreamId> read;
    for (StreamReader reader(*stream_, from, to, reverse); reader.Next();) {
      read.push_back(reader.entry().id);
    }
    ASSERT_EQ(read, expected);
    ASSERT_EQ(stream_->Contains(from), model_.contains(from));
  }

  base::Prng prng_;
  Limits limits_;
  std::unique_ptr<Stream> stream_ = std::make_unique<Stream>();
  Model model_;
};

TEST(StreamModel, HoldsWhatAMapHolds) {
  const uint64_t used = base::HeapUsedBytes();
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Game game(seed);
    for (int i = 0; i < 600; ++i) {
      game.Step();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << " step " << i;
    }
    game.CheckAll();
  }
  EXPECT_EQ(base::HeapUsedBytes(), used);
}

}  // namespace
}  // namespace kvasm::types
