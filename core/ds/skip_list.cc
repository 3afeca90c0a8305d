#include "core/ds/skip_list.h"

#include <cstring>

#include "core/base/alloc.h"

namespace kvasm::ds {
namespace {

bool Precedes(const ScoreNode& node, double score, std::string_view member) {
  return node.score < score || (node.score == score && node.member() < member);
}

}  // namespace

ScoreNode* SkipList::NewNode(double score, std::string_view member, base::Prng& prng) {
  uint32_t levels = 1;
  for (uint64_t bits = prng.Next(); levels < kLevelsMax && (bits & 3) == 0; bits >>= 2) ++levels;
  size_t bytes = sizeof(ScoreNode) + levels * sizeof(ScoreNode::Level) + member.size();
  auto* node = static_cast<ScoreNode*>(base::Allocate(bytes));
  node->next_in_bucket = nullptr;
  node->backward = nullptr;
  node->score = score;
  node->member_size = static_cast<uint32_t>(member.size());
  node->level_count = levels;
  if (!member.empty()) std::memcpy(node->levels() + levels, member.data(), member.size());
  return node;
}

void SkipList::FreeNode(ScoreNode* node) { base::Free(node); }

uint32_t SkipList::FindPlace(double score, std::string_view member, Path& path) {
  ScoreNode::Level* levels = head_;
  uint32_t rank = 0;
  path.previous = nullptr;
  for (uint32_t i = level_count_; i-- > 0;) {
    while (levels[i].forward != nullptr && Precedes(*levels[i].forward, score, member)) {
      rank += levels[i].span;
      path.previous = levels[i].forward;
      levels = path.previous->levels();
    }
    path.links[i] = levels + i;
    path.ranks[i] = rank;
  }
  return rank;
}

void SkipList::FindRank(uint32_t wanted, Path& path) {
  ScoreNode::Level* levels = head_;
  uint32_t rank = 0;
  path.previous = nullptr;
  for (uint32_t i = level_count_; i-- > 0;) {
    while (levels[i].forward != nullptr && rank + levels[i].span <= wanted) {
      rank += levels[i].span;
      path.previous = levels[i].forward;
      levels = path.previous->levels();
    }
    path.links[i] = levels + i;
    path.ranks[i] = rank;
  }
}

void SkipList::Insert(ScoreNode* node) {
  Path path;
  uint32_t rank = FindPlace(node->score, node->member(), path);
  for (; level_count_ < node->level_count; ++level_count_) {
    head_[level_count_] = {nullptr, size_};
    path.links[level_count_] = &head_[level_count_];
    path.ranks[level_count_] = 0;
  }
  for (uint32_t i = 0; i < node->level_count; ++i) {
    ScoreNode::Level& link = *path.links[i];
    uint32_t passed = rank - path.ranks[i];
    node->levels()[i] = {link.forward, link.span - passed};
    link = {node, passed + 1};
  }
  for (uint32_t i = node->level_count; i < level_count_; ++i) ++path.links[i]->span;
  node->backward = path.previous;
  if (node->forward() != nullptr) {
    node->forward()->backward = node;
  } else {
    tail_ = node;
  }
  ++size_;
}

// `path` leads to `node`; afterwards it leads to the node's successor.
void SkipList::Unlink(ScoreNode* node, Path& path) {
  for (uint32_t i = 0; i < level_count_; ++i) {
    ScoreNode::Level& link = *path.links[i];
    if (link.forward == node) {
      link = {node->levels()[i].forward, link.span + node->levels()[i].span - 1};
    } else {
      --link.span;
    }
  }
  if (node->forward() != nullptr) {
    node->forward()->backward = node->backward;
  } else {
    tail_ = node->backward;
  }
  while (level_count_ > 1 && head_[level_count_ - 1].forward == nullptr) --level_count_;
  --size_;
}

void SkipList::Remove(ScoreNode* node) {
  Path path;
  FindPlace(node->score, node->member(), path);
  Unlink(node, path);
}

void SkipList::UpdateScore(ScoreNode* node, double score) {
  const ScoreNode* next = node->forward();
  bool stays = (node->backward == nullptr || Precedes(*node->backward, score, node->member())) &&
               (next == nullptr || !Precedes(*next, score, node->member()));
  if (stays) {
    node->score = score;
    return;
  }
  Remove(node);
  node->score = score;
  Insert(node);
}

uint32_t SkipList::Rank(const ScoreNode* node) const {
  return CountLeading(
      [node](const ScoreNode& other) { return Precedes(other, node->score, node->member()); });
}

ScoreNode* SkipList::At(uint32_t rank) const {
  if (rank >= size_) return nullptr;
  if (rank == size_ - 1) return tail_;
  uint32_t passed = 0;
  const ScoreNode::Level* levels = head_;
  for (uint32_t i = level_count_; i-- > 0;) {
    while (levels[i].forward != nullptr && passed + levels[i].span <= rank) {
      passed += levels[i].span;
      levels = levels[i].forward->levels();
    }
  }
  return levels[0].forward;
}

bool SkipList::Validate() const {
  uint32_t seen = 0;
  const ScoreNode* previous = nullptr;
  for (const ScoreNode* node = first(); node != nullptr; node = node->forward()) {
    if (node->backward != previous) return false;
    if (previous != nullptr && !Precedes(*previous, node->score, node->member())) return false;
    if (Rank(node) != seen || At(seen) != node) return false;
    previous = node;
    ++seen;
  }
  if (seen != size_ || tail_ != previous) return false;
  for (uint32_t i = 0; i < level_count_; ++i) {
    uint32_t passed = 0;
    for (const ScoreNode::Level* level = &head_[i];; level = &level->forward->levels()[i]) {
      passed += level->span;
      if (level->forward == nullptr) break;
    }
    if (passed != size_) return false;
  }
  return true;
}

}  // namespace kvasm::ds
