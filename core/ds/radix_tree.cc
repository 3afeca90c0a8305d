#include "core/ds/radix_tree.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/bytes.h"
#include "core/base/check.h"

namespace kvasm::ds {

// The prefix, the bytes between the parent's branch and this node, is the tail of its block, so
// that it can be cut or lengthened where it stands.
//
//   leaf:   | Node | prefix |
//   inner:  | Node | count, capacity | children... | bytes of their branches... | prefix |
//
// Every inner node but for two exceptions has a value or two children: merging a node with its only
// child is given up when memory is short, and so is making a leaf of a node without children.
struct RadixTree::Node {
  uint32_t prefix_size : 30;
  uint32_t is_inner : 1;
  uint32_t has_value : 1;
  void* value;
};

struct RadixTree::Inner : Node {
  uint16_t count;
  uint16_t capacity;

  Node** children() { return reinterpret_cast<Node**>(this + 1); }
  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(children() + capacity); }

  // The branch with this byte or, if there is none, where it belongs.
  uint32_t Place(uint8_t byte, bool* found) {
    const uint8_t* all = bytes();
    *found = true;
    // Branches without gaps: the byte tells the place.
    const uint32_t guess = byte - all[0];
    if (guess < count && all[guess] == byte) return guess;
    if (all[count - 1] == byte) return count - 1u;
    *found = false;
    if (all[count - 1] < byte) return count;
    uint32_t low = 0;
    uint32_t high = count - 1u;
    while (low < high) {
      const uint32_t middle = (low + high) / 2;
      if (all[middle] < byte) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    *found = all[low] == byte;
    return low;
  }
};

namespace {

// The bits of a size; keys are far shorter.
constexpr uint32_t kSizeMask = (uint32_t{1} << 30) - 1;
constexpr uint32_t kChildrenMax = 256;

// 2, 4, 8, 16, then half as much again.
uint32_t GrownCapacity(uint32_t capacity) {
  if (capacity < 2) return 2;
  if (capacity < 16) return capacity * 2;
  return std::min(kChildrenMax, (capacity + capacity / 2 + 7) / 8 * 8);
}

uint32_t CapacityFor(uint32_t count) {
  uint32_t capacity = 2;
  while (capacity < count) capacity = GrownCapacity(capacity);
  return capacity;
}

// The number of leading bytes that two strings share.
uint32_t SharedBytes(std::string_view a, std::string_view b) {
  const size_t most = std::min(a.size(), b.size());
  size_t i = 0;
  for (; i + 8 <= most; i += 8) {
    const uint64_t differing = base::Load64(a.data() + i) ^ base::Load64(b.data() + i);
    if (differing != 0) {
      return static_cast<uint32_t>(i) + static_cast<uint32_t>(std::countr_zero(differing)) / 8;
    }
  }
  while (i < most && a[i] == b[i]) ++i;
  return static_cast<uint32_t>(i);
}

uint8_t ByteAt(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

void CopyBytes(char* to, std::string_view from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

}  // namespace

RadixTree::Inner* RadixTree::AsInner(Node* node) { return static_cast<Inner*>(node); }

uint32_t RadixTree::ChildCount(const Node* node) {
  return node->is_inner ? static_cast<const Inner*>(node)->count : 0;
}

size_t RadixTree::HeaderBytes(const Node* node) {
  if (!node->is_inner) return sizeof(Node);
  return sizeof(Inner) + static_cast<const Inner*>(node)->capacity * (sizeof(Node*) + 1);
}

size_t RadixTree::NodeBytes(const Node* node) { return HeaderBytes(node) + node->prefix_size; }

char* RadixTree::PrefixOf(Node* node) { return reinterpret_cast<char*>(node) + HeaderBytes(node); }

std::string_view RadixTree::Prefix(const Node* node) {
  return {reinterpret_cast<const char*>(node) + HeaderBytes(node), node->prefix_size};
}

RadixTree::Node* RadixTree::NewLeaf(std::string_view prefix) {
  auto* leaf = static_cast<Node*>(base::Allocate(sizeof(Node) + prefix.size()));
  leaf->prefix_size = static_cast<uint32_t>(prefix.size()) & kSizeMask;
  leaf->is_inner = 0;
  leaf->has_value = 1;
  leaf->value = nullptr;
  CopyBytes(PrefixOf(leaf), prefix);
  bytes_ += NodeBytes(leaf);
  return leaf;
}

RadixTree::Inner* RadixTree::NewInner(std::string_view prefix, uint32_t capacity) {
  auto* inner = static_cast<Inner*>(
      base::Allocate(sizeof(Inner) + capacity * (sizeof(Node*) + 1) + prefix.size()));
  inner->prefix_size = static_cast<uint32_t>(prefix.size()) & kSizeMask;
  inner->is_inner = 1;
  inner->has_value = 0;
  inner->value = nullptr;
  inner->count = 0;
  inner->capacity = static_cast<uint16_t>(capacity);
  CopyBytes(PrefixOf(inner), prefix);
  bytes_ += NodeBytes(inner);
  return inner;
}

void RadixTree::FreeNode(Node* node) {
  bytes_ -= NodeBytes(node);
  base::Free(node);
}

// Writes to `block` the inner node that `node`, a leaf or an inner one, is with that many places.
RadixTree::Inner* RadixTree::MoveToInner(const Node* node, uint32_t capacity, void* block) {
  auto* inner = static_cast<Inner*>(block);
  inner->prefix_size = node->prefix_size;
  inner->is_inner = 1;
  inner->has_value = node->has_value;
  inner->value = node->value;
  inner->count = static_cast<uint16_t>(ChildCount(node));
  inner->capacity = static_cast<uint16_t>(capacity);
  if (inner->count > 0) {
    auto* old = AsInner(const_cast<Node*>(node));
    std::memcpy(inner->children(), old->children(), inner->count * sizeof(Node*));
    std::memcpy(inner->bytes(), old->bytes(), inner->count);
  }
  CopyBytes(PrefixOf(inner), Prefix(node));
  bytes_ += NodeBytes(inner);
  return inner;
}

// Makes `child` the branch `byte` of the node at `link`, which may move.
void RadixTree::AddChild(Node** link, uint32_t at, uint8_t byte, Node* child) {
  Node* node = *link;
  if (!node->is_inner || AsInner(node)->count == AsInner(node)->capacity) {
    const uint32_t capacity = GrownCapacity(node->is_inner ? AsInner(node)->capacity : 0);
    const size_t bytes = sizeof(Inner) + capacity * (sizeof(Node*) + 1) + node->prefix_size;
    *link = MoveToInner(node, capacity, base::Allocate(bytes));
    FreeNode(node);
  }
  Inner* inner = AsInner(*link);
  Node** children = inner->children();
  uint8_t* all = inner->bytes();
  const uint32_t behind = inner->count - at;
  if (behind > 0) {
    std::memmove(children + at + 1, children + at, behind * sizeof(Node*));
    std::memmove(all + at + 1, all + at, behind);
  }
  children[at] = child;
  all[at] = byte;
  ++inner->count;
}

// Cuts the first `at` bytes of a node's prefix and the byte behind them, which the caller has put
// elsewhere. Returns where the node now is.
RadixTree::Node* RadixTree::SplitPrefix(Node* node, uint32_t at) {
  const uint32_t cut = at + 1;
  char* prefix = PrefixOf(node);
  std::memmove(prefix, prefix + cut, node->prefix_size - cut);
  node->prefix_size = (node->prefix_size - cut) & kSizeMask;
  bytes_ -= cut;
  return static_cast<Node*>(base::Reallocate(node, NodeBytes(node)));
}

void** RadixTree::Find(std::string_view key) const {
  Node* node = root_;
  while (node != nullptr) {
    const std::string_view prefix = Prefix(node);
    if (key.size() < prefix.size() || SharedBytes(key, prefix) != prefix.size()) return nullptr;
    if (key.size() == prefix.size()) return node->has_value ? &node->value : nullptr;
    if (ChildCount(node) == 0) return nullptr;
    bool found;
    const uint32_t at = AsInner(node)->Place(ByteAt(key, prefix.size()), &found);
    if (!found) return nullptr;
    key.remove_prefix(prefix.size() + 1);
    node = AsInner(node)->children()[at];
  }
  return nullptr;
}

// Adds the key of which `rest` is left below the first `at` bytes of the prefix of the node at
// `link`, where it parts from the node's own keys.
void** RadixTree::InsertUnder(Node** link, uint32_t at, std::string_view rest) {
  Node* node = *link;
  const std::string_view prefix = Prefix(node);
  Inner* parent = NewInner(prefix.substr(0, at), 2);
  const uint8_t byte = ByteAt(prefix, at);
  Node* parent_node = parent;
  AddChild(&parent_node, 0, byte, SplitPrefix(node, at));
  *link = parent_node;
  if (rest.empty()) {
    parent->has_value = 1;
    return &parent->value;
  }
  Node* leaf = NewLeaf(rest.substr(1));
  AddChild(link, ByteAt(rest, 0) > byte ? 1 : 0, ByteAt(rest, 0), leaf);
  return &leaf->value;
}

void** RadixTree::Insert(std::string_view key, bool* added) {
  if (added != nullptr) *added = true;
  Node** link = &root_;
  while (*link != nullptr) {
    Node* node = *link;
    const std::string_view prefix = Prefix(node);
    const uint32_t shared = SharedBytes(key, prefix);
    key.remove_prefix(shared);
    if (shared < prefix.size()) {
      ++size_;
      return InsertUnder(link, shared, key);
    }
    if (key.empty()) {
      if (node->has_value) {
        if (added != nullptr) *added = false;
      } else {
        ++size_;
        node->has_value = 1;
        node->value = nullptr;
      }
      return &node->value;
    }
    bool found = false;
    const uint32_t at = ChildCount(node) == 0 ? 0 : AsInner(node)->Place(ByteAt(key, 0), &found);
    if (!found) {
      ++size_;
      Node* leaf = NewLeaf(key.substr(1));
      AddChild(link, at, ByteAt(key, 0), leaf);
      return &leaf->value;
    }
    link = &AsInner(node)->children()[at];
    key.remove_prefix(1);
  }
  ++size_;
  root_ = NewLeaf(key);
  return &root_->value;
}

bool RadixTree::Remove(std::string_view key, void** value) {
  // The last node passed that stays when the branch taken goes, and that branch. What hangs on it
  // is a chain of nodes without other purpose than the key.
  Node** anchor = nullptr;
  uint32_t anchor_child = 0;
  Node** link = &root_;
  while (true) {
    Node* node = *link;
    if (node == nullptr) return false;
    const std::string_view prefix = Prefix(node);
    const uint32_t shared = SharedBytes(key, prefix);
    if (shared < prefix.size()) return false;
    key.remove_prefix(shared);
    if (key.empty()) break;
    if (ChildCount(node) == 0) return false;
    bool found;
    const uint32_t at = AsInner(node)->Place(ByteAt(key, 0), &found);
    if (!found) return false;
    if (node->has_value || AsInner(node)->count > 1) {
      anchor = link;
      anchor_child = at;
    }
    link = &AsInner(node)->children()[at];
    key.remove_prefix(1);
  }
  Node* node = *link;
  if (!node->has_value) return false;
  if (value != nullptr) *value = node->value;
  --size_;
  if (ChildCount(node) > 0) {
    node->has_value = 0;
    TryMerge(link);
    return true;
  }
  Node* chain = anchor == nullptr ? root_ : AsInner(*anchor)->children()[anchor_child];
  while (chain != nullptr) {
    Node* next = ChildCount(chain) > 0 ? AsInner(chain)->children()[0] : nullptr;
    FreeNode(chain);
    chain = next;
  }
  if (anchor == nullptr) {
    root_ = nullptr;
  } else {
    RemoveChild(anchor, anchor_child);
  }
  return true;
}

void RadixTree::RemoveChild(Node** link, uint32_t at) {
  Inner* inner = AsInner(*link);
  --inner->count;
  const uint32_t behind = inner->count - at;
  if (behind > 0) {
    Node** children = inner->children();
    uint8_t* all = inner->bytes();
    std::memmove(children + at, children + at + 1, behind * sizeof(Node*));
    std::memmove(all + at, all + at + 1, behind);
  }
  if (inner->count == 0) {
    TurnIntoLeaf(link);
  } else if (inner->count == 1 && !inner->has_value) {
    TryMerge(link);
  } else {
    TryShrink(link);
  }
}

void RadixTree::TurnIntoLeaf(Node** link) {
  Node* node = *link;
  void* block = base::TryAllocate(sizeof(Node) + node->prefix_size);
  if (block == nullptr) return;
  auto* leaf = static_cast<Node*>(block);
  leaf->prefix_size = node->prefix_size;
  leaf->is_inner = 0;
  leaf->has_value = 1;
  leaf->value = node->value;
  CopyBytes(PrefixOf(leaf), Prefix(node));
  bytes_ += NodeBytes(leaf);
  FreeNode(node);
  *link = leaf;
}

// Makes one of a node that only leads to its only child and that child.
void RadixTree::TryMerge(Node** link) {
  Node* node = *link;
  if (node->has_value || ChildCount(node) != 1) return;
  const std::string_view prefix = Prefix(node);
  const uint32_t more = node->prefix_size + 1;
  Node* child = AsInner(node)->children()[0];
  const uint8_t byte = AsInner(node)->bytes()[0];
  void* block = base::TryReallocate(child, NodeBytes(child) + more);
  if (block == nullptr) return;
  child = static_cast<Node*>(block);
  char* to = PrefixOf(child);
  std::memmove(to + more, to, child->prefix_size);
  CopyBytes(to, prefix);
  to[more - 1] = static_cast<char>(byte);
  child->prefix_size = (child->prefix_size + more) & kSizeMask;
  bytes_ += more;
  FreeNode(node);
  *link = child;
}

void RadixTree::TryShrink(Node** link) {
  Inner* inner = AsInner(*link);
  if (inner->capacity <= 2 || inner->count * 3u > inner->capacity) return;
  const uint32_t capacity = CapacityFor(inner->count);
  const size_t bytes = sizeof(Inner) + capacity * (sizeof(Node*) + 1) + inner->prefix_size;
  void* block = base::TryAllocate(bytes);
  if (block == nullptr) return;
  *link = MoveToInner(inner, capacity, block);
  FreeNode(inner);
}

void** RadixTree::First() const {
  Node* node = root_;
  if (node == nullptr) return nullptr;
  while (!node->has_value) node = AsInner(node)->children()[0];
  return &node->value;
}

void** RadixTree::Last() const {
  Node* node = root_;
  if (node == nullptr) return nullptr;
  while (const uint32_t count = ChildCount(node)) node = AsInner(node)->children()[count - 1];
  return &node->value;
}

// Goes down the last branches. While it is below a node, that node's last child pointer holds the
// way back up, so a tree of any depth needs no stack.
void RadixTree::ClearNodes(void (*dispose)(void* value, void* context), void* context) {
  Node* up = nullptr;
  Node* node = root_;
  root_ = nullptr;
  while (node != nullptr) {
    if (const uint32_t count = ChildCount(node)) {
      Node* child = AsInner(node)->children()[count - 1];
      AsInner(node)->children()[count - 1] = up;
      up = node;
      node = child;
      continue;
    }
    if (node->has_value) dispose(node->value, context);
    base::Free(node);
    node = up;
    if (node != nullptr) {
      Inner* inner = AsInner(node);
      up = inner->children()[inner->count - 1];
      --inner->count;
    }
  }
  size_ = bytes_ = 0;
}

RadixTree::Iterator::~Iterator() {
  if (steps_ != inline_steps_) base::Free(steps_);
  if (key_ != inline_key_) base::Free(key_);
}

void RadixTree::Iterator::Push(Node* node, int32_t child) {
  if (depth_ == steps_capacity_) [[unlikely]] {
    const uint32_t capacity = steps_capacity_ * 2;
    auto* steps = static_cast<Step*>(base::Allocate(capacity * sizeof(Step)));
    std::memcpy(static_cast<void*>(steps), steps_, depth_ * sizeof(Step));
    if (steps_ != inline_steps_) base::Free(steps_);
    steps_ = steps;
    steps_capacity_ = capacity;
  }
  steps_[depth_++] = {node, child};
}

void RadixTree::Iterator::DescendFirst(Node* node) {
  while (!node->has_value) {
    Push(node, 0);
    node = AsInner(node)->children()[0];
  }
  Push(node, kOwn);
}

void RadixTree::Iterator::DescendLast(Node* node) {
  while (const uint32_t count = ChildCount(node)) {
    Push(node, static_cast<int32_t>(count - 1));
    node = AsInner(node)->children()[count - 1];
  }
  Push(node, kOwn);
}

void RadixTree::Iterator::AscendToNext() {
  for (; depth_ > 0; --depth_) {
    Step& step = steps_[depth_ - 1];
    if (step.child + 1 < static_cast<int32_t>(ChildCount(step.node))) {
      ++step.child;
      return DescendFirst(AsInner(step.node)->children()[step.child]);
    }
  }
}

void RadixTree::Iterator::AscendToPrev() {
  for (; depth_ > 0; --depth_) {
    Step& step = steps_[depth_ - 1];
    if (step.child > 0) {
      --step.child;
      return DescendLast(AsInner(step.node)->children()[step.child]);
    }
    if (step.child == 0 && step.node->has_value) {
      step.child = kOwn;
      return;
    }
  }
}

void RadixTree::Iterator::SeekFirst() {
  depth_ = 0;
  if (tree_->root_ != nullptr) DescendFirst(tree_->root_);
}

void RadixTree::Iterator::SeekLast() {
  depth_ = 0;
  if (tree_->root_ != nullptr) DescendLast(tree_->root_);
}

void RadixTree::Iterator::SeekAtLeast(std::string_view key) {
  depth_ = 0;
  Node* node = tree_->root_;
  if (node == nullptr) return;
  while (true) {
    const std::string_view prefix = Prefix(node);
    const uint32_t shared = SharedBytes(key, prefix);
    if (shared == key.size()) return DescendFirst(node);
    if (shared < prefix.size()) {
      if (ByteAt(key, shared) < ByteAt(prefix, shared)) return DescendFirst(node);
      return AscendToNext();
    }
    const uint32_t count = ChildCount(node);
    if (count == 0) return AscendToNext();
    bool found;
    const uint32_t at = AsInner(node)->Place(ByteAt(key, shared), &found);
    if (at == count) return AscendToNext();
    Push(node, static_cast<int32_t>(at));
    node = AsInner(node)->children()[at];
    if (!found) return DescendFirst(node);
    key.remove_prefix(shared + 1);
  }
}

void RadixTree::Iterator::SeekAtMost(std::string_view key) {
  depth_ = 0;
  Node* node = tree_->root_;
  if (node == nullptr) return;
  while (true) {
    const std::string_view prefix = Prefix(node);
    const uint32_t shared = SharedBytes(key, prefix);
    if (shared < prefix.size()) {
      if (shared < key.size() && ByteAt(key, shared) > ByteAt(prefix, shared)) {
        return DescendLast(node);
      }
      return AscendToPrev();
    }
    if (shared == key.size()) {
      if (!node->has_value) return AscendToPrev();
      return Push(node, kOwn);
    }
    if (ChildCount(node) == 0) return Push(node, kOwn);
    bool found;
    const uint32_t at = AsInner(node)->Place(ByteAt(key, shared), &found);
    // What precedes branch `at` is the branch before it or the node's own value.
    Push(node, static_cast<int32_t>(at));
    if (!found) return AscendToPrev();
    node = AsInner(node)->children()[at];
    key.remove_prefix(shared + 1);
  }
}

void RadixTree::Iterator::Next() {
  // Standing on a node's own value, its first branch comes next.
  AscendToNext();
}

void RadixTree::Iterator::Prev() {
  --depth_;
  AscendToPrev();
}

void*& RadixTree::Iterator::value() const { return steps_[depth_ - 1].node->value; }

std::string_view RadixTree::Iterator::key() {
  size_t size = depth_ - 1;
  for (uint32_t i = 0; i < depth_; ++i) size += steps_[i].node->prefix_size;
  if (size > key_capacity_) [[unlikely]] {
    if (key_ != inline_key_) base::Free(key_);
    key_ = static_cast<char*>(base::Allocate(size));
    key_capacity_ = size;
  }
  char* end = key_;
  for (uint32_t i = 0; i < depth_; ++i) {
    const std::string_view prefix = Prefix(steps_[i].node);
    CopyBytes(end, prefix);
    end += prefix.size();
    if (i + 1 < depth_) {
      *end++ = static_cast<char>(AsInner(steps_[i].node)->bytes()[steps_[i].child]);
    }
  }
  return {key_, size};
}

bool RadixTree::Validate() const {
  uint64_t keys = 0;
  uint64_t bytes = 0;
  std::vector<Node*> nodes;
  if (root_ != nullptr) nodes.push_back(root_);
  while (!nodes.empty()) {
    Node* node = nodes.back();
    nodes.pop_back();
    keys += node->has_value;
    bytes += NodeBytes(node);
    const uint32_t count = ChildCount(node);
    if (!node->has_value && count < 2) return false;
    if (node->is_inner && (count == 0 || count > AsInner(node)->capacity)) return false;
    for (uint32_t i = 0; i < count; ++i) {
      if (i > 0 && AsInner(node)->bytes()[i - 1] >= AsInner(node)->bytes()[i]) return false;
      nodes.push_back(AsInner(node)->children()[i]);
    }
  }
  return keys == size_ && bytes == bytes_;
}

}  // namespace kvasm::ds
