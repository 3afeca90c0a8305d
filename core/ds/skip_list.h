#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/prng.h"

namespace kvasm::ds {

// A member with its score: one allocation that is at once a node of a SkipList and, through
// `next_in_bucket`, an element of a hash table.
//
//   | next_in_bucket | backward | score | member_size | level_count | levels... | member bytes |
struct ScoreNode {
  struct Level {
    ScoreNode* forward;
    // Elements that the step forward passes, its target included; for the last node of a
    // level: the elements behind it.
    uint32_t span;
  };

  ScoreNode* next_in_bucket;
  ScoreNode* backward;
  double score;
  uint32_t member_size;
  uint32_t level_count;

  Level* levels() { return reinterpret_cast<Level*>(this + 1); }
  const Level* levels() const { return reinterpret_cast<const Level*>(this + 1); }
  std::string_view member() const {
    return {reinterpret_cast<const char*>(levels() + level_count), member_size};
  }
  ScoreNode* forward() const { return levels()[0].forward; }
  // Heap bytes of the node.
  size_t MemoryBytes() const {
    return sizeof(ScoreNode) + level_count * sizeof(Level) + member_size;
  }
};

// Orders ScoreNodes by score, then by the bytes of the member, and knows the rank of each.
// Search, insertion, removal and access by rank take O(log n) steps on average.
// Does not own the nodes: whoever holds the hash table frees them.
class SkipList {
 public:
  SkipList() = default;
  SkipList(const SkipList&) = delete;
  SkipList& operator=(const SkipList&) = delete;

  // A node outside any list, with a random number of levels. Free with FreeNode.
  static ScoreNode* NewNode(double score, std::string_view member, base::Prng& prng);
  static void FreeNode(ScoreNode* node);

  uint32_t size() const { return size_; }
  ScoreNode* first() const { return head_[0].forward; }
  ScoreNode* last() const { return tail_; }

  // No node with the same score and member may be present.
  void Insert(ScoreNode* node);
  void Remove(ScoreNode* node);
  // Changes the score of a node of this list and moves it where it now belongs.
  void UpdateScore(ScoreNode* node, double score);
  // Unlinks `count` nodes from `rank` on, handing each to `removed(ScoreNode*)`, which may free
  // it.
  template <class Removed>
  void RemoveRange(uint32_t rank, uint32_t count, Removed removed) {
    Path path;
    FindRank(rank, path);
    for (ScoreNode* node = path.links[0]->forward; node != nullptr && count > 0; --count) {
      ScoreNode* next = node->forward();
      Unlink(node, path);
      removed(node);
      node = next;
    }
  }

  // Position from 0 of a node of this list.
  uint32_t Rank(const ScoreNode* node) const;
  // The node at `rank`, or null.
  ScoreNode* At(uint32_t rank) const;
  // The number of leading nodes for which `before(const ScoreNode&)` holds; it must hold for a
  // prefix of the list and for nothing behind it.
  template <class Before>
  uint32_t CountLeading(Before before) const {
    uint32_t rank = 0;
    const ScoreNode::Level* levels = head_;
    for (uint32_t i = level_count_; i-- > 0;) {
      while (levels[i].forward != nullptr && before(*levels[i].forward)) {
        rank += levels[i].span;
        levels = levels[i].forward->levels();
      }
    }
    return rank;
  }

  // Checks order, ranks and back links.
  bool Validate() const;

 private:
  // Enough for 4^24 elements at one level in four.
  static constexpr uint32_t kLevelsMax = 24;

  // For each level the link that leads to or over a place, and the rank of its owner + 1.
  struct Path {
    ScoreNode::Level* links[kLevelsMax];
    uint32_t ranks[kLevelsMax];
    ScoreNode* previous = nullptr;
  };

  // Returns the rank of the place.
  uint32_t FindPlace(double score, std::string_view member, Path& path);
  void FindRank(uint32_t rank, Path& path);
  void Unlink(ScoreNode* node, Path& path);

  ScoreNode* tail_ = nullptr;
  uint32_t size_ = 0;
  uint32_t level_count_ = 1;
  ScoreNode::Level head_[kLevelsMax] = {};
};

}  // namespace kvasm::ds
