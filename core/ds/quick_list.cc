#include "core/ds/quick_list.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/alloc.h"
#include "core/ds/listpack_size.h"

namespace kvasm::ds {
namespace {

using Position = PackedList::Position;
using Node = QuickList::Node;

constexpr uint64_t kUnlimited = ~uint64_t{0};
// Nodes limited by their number of elements must not become larger than this.
constexpr uint64_t kSafeBytesMax = 8192;
// What an element is taken to cost beside its text, when a node is asked for room.
constexpr uint64_t kElementOverheadBytes = 8;
constexpr uint32_t kMarkStride = 16;

uint64_t ListpackBytesBetween(const PackedList& list, Position from, Position to) {
  uint64_t bytes = 0;
  while (from < to) bytes += ListpackBytes(list.Take(from));
  return bytes;
}

}  // namespace

NodeLimit NodeLimit::Of(int64_t setting) {
  if (setting >= 0) return {kUnlimited, setting == 0 ? 1 : static_cast<uint64_t>(setting)};
  return {uint64_t{2048} << std::min<int64_t>(-setting, 5), kUnlimited};
}

bool NodeLimit::ExceededBy(uint64_t new_bytes, uint64_t new_count) const {
  if (bytes != kUnlimited) return new_bytes > bytes;
  return new_bytes > kSafeBytesMax || new_count > count;
}

QuickList::QuickList(int64_t node_limit, int64_t compress_depth)
    : node_limit_(static_cast<int32_t>(std::clamp<int64_t>(node_limit, -5, 32767))),
      compress_depth_(static_cast<int32_t>(std::clamp<int64_t>(compress_depth, 0, 65535))) {}

QuickList::QuickList(const QuickList& other)
    : node_limit_(other.node_limit_), compress_depth_(other.compress_depth_) {
  for (Node* from = other.head_; from != nullptr; from = from->next) {
    auto* node = new Node(*from);
    if (from->raw) {
      node->block = base::Allocate(from->raw_bytes);
      std::memcpy(node->block, from->block, from->raw_bytes);
    } else {
      node->block = from->list().Clone();
    }
    Link(tail_, true, node);
  }
  size_ = other.size_;
}

void QuickList::Clear() {
  while (head_ != nullptr) Drop(head_);
}

bool QuickList::Drain(uint32_t nodes) {
  for (; nodes > 0 && head_ != nullptr; --nodes) Drop(head_);
  return head_ != nullptr;
}

uint64_t QuickList::ListpackBytes() const {
  uint64_t bytes = 0;
  for (const Node* node = head_; node != nullptr; node = node->next) bytes += node->listpack_bytes;
  return bytes;
}

uint64_t QuickList::MemoryBytes(uint64_t samples) const {
  uint64_t bytes = 0;
  uint64_t seen = 0;
  for (Node* node = head_; node != nullptr && (samples == 0 || seen < samples); node = node->next) {
    bytes += sizeof(Node) + (node->raw ? node->raw_bytes : node->list().MemoryBytes());
    ++seen;
  }
  if (seen > 0) bytes = bytes * node_count_ / seen;
  return sizeof(QuickList) + marks_.capacity() * sizeof(Position) + bytes;
}

// --- finding ---

QuickList::Place QuickList::Locate(uint64_t index) const {
  Node* node;
  if (index < size_ / 2) {
    node = head_;
    while (index >= node->count) {
      index -= node->count;
      node = node->next;
    }
    return {node, static_cast<uint32_t>(index)};
  }
  uint64_t behind = size_ - index;  // elements from it to the end, itself included
  node = tail_;
  while (behind > node->count) {
    behind -= node->count;
    node = node->previous;
  }
  return {node, static_cast<uint32_t>(node->count - behind)};
}

void QuickList::MarkTail() const {
  const PackedList list = tail_->list();
  marks_.clear();
  Position at = list.begin();
  for (uint32_t i = 0; i < tail_->count; ++i, at = list.Next(at)) {
    if (i % kMarkStride == 0) marks_.push_back(at);
  }
  marked_ = tail_;
}

Position QuickList::PositionOf(const Place& place) const {
  Node* node = place.node;
  const PackedList list = node->list();
  bool is_last = node == tail_ && place.index + 1 == node->count;
  if (is_last && marked_ != node && node->count > 2 * kMarkStride) MarkTail();
  if (marked_ != node) return list.Skip(list.begin(), place.index);
  return list.Skip(marks_[place.index / kMarkStride], place.index % kMarkStride);
}

Item QuickList::Peek(End end) const { return end == End::kHead ? At(0) : At(size_ - 1); }

Item QuickList::At(uint64_t index) const {
  Place place = Locate(index);
  if (place.node->raw) return Item(place.node->text());
  return place.node->list().Get(PositionOf(place));
}

std::optional<QuickList::Place> QuickList::Find(std::string_view text) const {
  for (Node* node = head_; node != nullptr; node = node->next) {
    if (node->raw) {
      if (node->text() == text) return Place{node, 0};
      continue;
    }
    const PackedList list = node->list();
    Position found = list.Find(text);
    if (found == list.end()) continue;
    uint32_t index = 0;
    for (Position at = list.begin(); at != found; at = list.Next(at)) ++index;
    return Place{node, index};
  }
  return std::nullopt;
}

// --- nodes ---

void QuickList::FreeBlock(Node* node) { base::Free(node->block); }

void QuickList::SetRaw(Node* node, std::string_view text, bool plain) {
  void* block = base::Allocate(text.size());
  std::memcpy(block, text.data(), text.size());
  FreeBlock(node);
  auto bytes = static_cast<uint32_t>(text.size());
  node->block = block;
  node->raw_bytes = bytes;
  node->listpack_bytes =
      plain ? bytes : kListpackFrameBytes + static_cast<uint32_t>(ListpackTextBytes(bytes));
  node->count = 1;
  node->raw = true;
  node->plain = plain;
}

Node* QuickList::NewNode(std::string_view text, bool plain) {
  auto* node = new Node();
  node->listpack_bytes = kListpackFrameBytes;
  if (plain || text.size() >= kRawTextBytesMin) {
    SetRaw(node, text, plain);
  } else {
    InsertInNode(node, PackedList::kHeaderBytes, text);
  }
  return node;
}

// Links a node beside `reference` (null: the list is empty). The caller counts its elements.
void QuickList::Link(Node* reference, bool after, Node* node) {
  node->previous = after || reference == nullptr ? reference : reference->previous;
  node->next = !after || reference == nullptr ? reference : reference->next;
  (node->previous != nullptr ? node->previous->next : head_) = node;
  (node->next != nullptr ? node->next->previous : tail_) = node;
  ++node_count_;
}

void QuickList::Unlink(Node* node) {
  (node->previous != nullptr ? node->previous->next : head_) = node->next;
  (node->next != nullptr ? node->next->previous : tail_) = node->previous;
  --node_count_;
  Unmark(node);
}

// Removes a node with its elements.
void QuickList::Drop(Node* node) {
  size_ -= node->count;
  Unlink(node);
  FreeBlock(node);
  delete node;
}

bool QuickList::MayAdd(const Node* node, uint64_t text_bytes, bool plain) const {
  if (node == nullptr || node->plain || plain) return false;
  return !NodeLimit::Of(node_limit_)
              .ExceededBy(node->listpack_bytes + text_bytes + kElementOverheadBytes,
                          uint64_t{node->count} + 1);
}

bool QuickList::MayMerge(const Node* left, const Node* right) const {
  if (left == nullptr || right == nullptr || left->plain || right->plain) return false;
  return !NodeLimit::Of(node_limit_)
              .ExceededBy(
                  uint64_t{left->listpack_bytes} + right->listpack_bytes - kListpackFrameBytes,
                  uint64_t{left->count} + right->count);
}

// Moves the elements of `right` to the end of its neighbour `left`, which is returned.
Node* QuickList::Merge(Node* left, Node* right) {
  Unmark(left);
  PackedList list = left->list();
  PackedList tail = right->list();
  list.AppendTail(tail, tail.begin());
  left->count += right->count;
  left->listpack_bytes += right->listpack_bytes - kListpackFrameBytes;
  size_ += right->count;
  Drop(right);
  return left;
}

// Merges small neighbours after a split, in Redis's order. Returns the node `center` is in now.
Node* QuickList::MergeAround(Node* center) {
  Node* previous = center->previous;
  Node* next = center->next;
  if (previous != nullptr && MayMerge(previous->previous, previous)) {
    Merge(previous->previous, previous);
  }
  if (next != nullptr && MayMerge(next, next->next)) Merge(next, next->next);
  if (MayMerge(center->previous, center)) center = Merge(center->previous, center);
  if (MayMerge(center, center->next)) center = Merge(center, center->next);
  return center;
}

// Takes the elements behind `index` (if `after`) or before it out of the node, into a new one
// that is not linked yet. Neither part is empty.
Node* QuickList::Split(Node* node, uint32_t index, bool after) {
  Unmark(node);
  uint32_t kept = after ? index + 1 : index;  // elements of the front part
  uint32_t moved = node->count - kept;
  PackedList list = node->list();
  Position middle = list.Skip(list.begin(), kept);
  auto* part = new Node();
  PackedList back = part->list();
  back.AppendTail(list, middle);
  auto back_bytes = static_cast<uint32_t>(ListpackBytesBetween(back, back.begin(), back.end()));
  list.Erase(middle, moved);
  part->count = moved;
  part->listpack_bytes = kListpackFrameBytes + back_bytes;
  node->count = kept;
  node->listpack_bytes -= back_bytes;
  if (!after) {
    std::swap(node->block, part->block);
    std::swap(node->listpack_bytes, part->listpack_bytes);
    node->count = moved;
    part->count = kept;
  }
  return part;
}

// Adds an element to a packed node. The caller counts it.
void QuickList::InsertInNode(Node* node, Position at, std::string_view text) {
  PackedList list = node->list();
  if (marked_ == node) {
    if (at != list.end()) {
      Unmark(node);
    } else if (node->count % kMarkStride == 0) {
      marks_.push_back(at);
    }
  }
  list.Insert(at, text);
  ++node->count;
  node->listpack_bytes += static_cast<uint32_t>(ds::ListpackBytes(list.Get(at)));
}

// Erases elements of a packed node, and the node if it was all.
void QuickList::EraseInNode(Node* node, Position at, uint32_t count) {
  if (count == node->count) return Drop(node);
  PackedList list = node->list();
  Position stop = list.Skip(at, count);
  auto bytes = static_cast<uint32_t>(ListpackBytesBetween(list, at, stop));
  if (stop != list.end()) Unmark(node);
  list.Erase(at, count);
  node->count -= count;
  node->listpack_bytes -= bytes;
  size_ -= count;
  if (marked_ == node) marks_.resize((node->count + kMarkStride - 1) / kMarkStride);
}

// --- changing ---

void QuickList::Push(End end, std::string_view text, bool plain) {
  bool at_tail = end == End::kTail;
  Node* node = at_tail ? tail_ : head_;
  if (MayAdd(node, text.size(), plain)) {
    InsertInNode(node, at_tail ? node->list().end() : PackedList::kHeaderBytes, text);
  } else {
    Link(node, at_tail, NewNode(text, plain));
  }
  ++size_;
}

void QuickList::Pop(End end) {
  Node* node = end == End::kTail ? tail_ : head_;
  if (node->count == 1) return Drop(node);
  EraseInNode(
      node, end == End::kTail ? PositionOf({node, node->count - 1u}) : PackedList::kHeaderBytes, 1);
}

void QuickList::Insert(Place place, bool after, std::string_view text, bool plain) {
  Node* node = place.node;
  bool at_edge = place.index == (after ? node->count - 1u : 0u);
  Node* neighbour = after ? node->next : node->previous;
  if (MayAdd(node, text.size(), plain)) {
    PackedList list = node->list();
    Position at = PositionOf(place);
    InsertInNode(node, after ? list.Next(at) : at, text);
  } else if (at_edge && MayAdd(neighbour, text.size(), plain)) {
    InsertInNode(neighbour, after ? PackedList::kHeaderBytes : neighbour->list().end(), text);
  } else if (at_edge) {
    Link(node, after, NewNode(text, plain));
  } else {
    Node* part = Split(node, place.index, after);
    if (plain || text.size() >= kRawTextBytesMin || !part->list().FitsAdding(text.size())) {
      Link(node, after, part);
      Link(node, after, NewNode(text, plain));
    } else {
      InsertInNode(part, after ? PackedList::kHeaderBytes : part->list().end(), text);
      Link(node, after, part);
    }
    if (!plain) MergeAround(node);
  }
  ++size_;
}

void QuickList::Replace(uint64_t index, std::string_view text, bool plain) {
  Place place = Locate(index);
  Node* node = place.node;
  if (node->plain && plain) {
    SetRaw(node, text, true);
  } else if (node->plain) {
    Insert(place, true, text);
    Drop(node);
  } else if (plain || !ReplaceInNode(place, text)) {
    ReplaceByNode(place, text, plain);
  }
}

// Replaces an element of a node that is not plain in place. False when the text has to stand alone
// and the element does not.
bool QuickList::ReplaceInNode(const Place& place, std::string_view text) {
  Node* node = place.node;
  bool must_be_raw = text.size() >= kRawTextBytesMin;
  if (node->count == 1) {
    Unmark(node);
    if (must_be_raw) {
      SetRaw(node, text, false);
      return true;
    }
    FreeBlock(node);
    node->block = nullptr;
    node->raw = false;
    node->count = 0;
    node->listpack_bytes = kListpackFrameBytes;
    InsertInNode(node, PackedList::kHeaderBytes, text);
    return true;
  }
  PackedList list = node->list();
  if (must_be_raw || !list.FitsAdding(text.size())) return false;
  Position at = PositionOf(place);
  Unmark(node);
  node->listpack_bytes -= static_cast<uint32_t>(ds::ListpackBytes(list.Get(at)));
  list.Replace(at, text);
  node->listpack_bytes += static_cast<uint32_t>(ds::ListpackBytes(list.Get(at)));
  return true;
}

// Replaces an element by a node of its own, dividing the node it was in.
void QuickList::ReplaceByNode(const Place& place, std::string_view text, bool plain) {
  Node* node = place.node;
  Node* fresh = NewNode(text, plain);
  if (place.index + 1 < node->count) Link(node, true, Split(node, place.index, true));
  Link(node, true, fresh);
  ++size_;
  if (node->count == 1) return Drop(node);
  EraseInNode(node, PositionOf({node, node->count - 1u}), 1);
  MergeAround(fresh);
}

void QuickList::EraseRange(uint64_t first, uint64_t count) {
  if (count == 0) return;
  Place place = Locate(first);
  Node* node = place.node;
  uint32_t index = place.index;
  while (count > 0) {
    Node* next = node->next;
    auto here = static_cast<uint32_t>(std::min<uint64_t>(count, node->count - index));
    if (here == node->count) {
      Drop(node);
    } else {
      EraseInNode(node, PositionOf({node, index}), here);
    }
    count -= here;
    node = next;
    index = 0;
  }
}

uint32_t QuickList::EraseEqualForward(Node* node, std::string_view text, uint64_t most) {
  uint32_t erased = 0;
  Position at = node->list().Find(text);
  while (at != node->list().end() && erased < most) {
    const PackedList list = node->list();
    Position stop = at;
    Position found = at;
    uint32_t run = 0;  // neighbours go together
    while (found == stop && stop != list.end() && erased + run < most) {
      stop = list.Next(stop);
      ++run;
      found = list.Find(text, stop, 1);
    }
    erased += run;
    const bool all = run == node->count;
    EraseInNode(node, at, run);
    if (all) break;
    at += found - stop;
  }
  return erased;
}

uint32_t QuickList::EraseEqualBackward(Node* node, std::string_view text, uint64_t most) {
  std::vector<Position> found;
  const PackedList list = node->list();
  for (Position at = list.Find(text); at != list.end(); at = list.Find(text, list.Next(at), 1)) {
    found.push_back(at);
  }
  uint32_t erased = 0;
  while (!found.empty() && erased < most) {
    bool all = node->count == 1;
    EraseInNode(node, found.back(), 1);
    found.pop_back();
    ++erased;
    if (all) break;
  }
  return erased;
}

uint64_t QuickList::EraseEqual(std::string_view text, uint64_t most, bool backward) {
  if (most == 0) most = kUnlimited;
  uint64_t erased = 0;
  Node* node = backward ? tail_ : head_;
  while (node != nullptr && erased < most) {
    Node* next = backward ? node->previous : node->next;
    if (!node->raw) {
      erased += backward ? EraseEqualBackward(node, text, most - erased)
                         : EraseEqualForward(node, text, most - erased);
    } else if (node->text() == text) {
      Drop(node);
      ++erased;
    }
    node = next;
  }
  return erased;
}

void QuickList::AppendNode(void* block) {
  auto* node = new Node();
  node->block = block;
  const PackedList list = node->list();
  node->count = list.count();
  node->listpack_bytes = kListpackFrameBytes + static_cast<uint32_t>(ListpackBytesBetween(
                                                   list, list.begin(), list.end()));
  Link(tail_, true, node);
  size_ += node->count;
}

void QuickList::AppendInNode(std::string_view text, bool new_node) {
  const bool fits = tail_ != nullptr && !tail_->raw && text.size() < kRawTextBytesMin &&
                    tail_->list().FitsAdding(text.size());
  if (new_node || !fits) {
    Link(tail_, true, NewNode(text, false));
  } else {
    InsertInNode(tail_, tail_->list().end(), text);
  }
  ++size_;
}

void QuickList::AppendNode(void* block, uint64_t listpack_bytes) {
  auto* node = new Node();
  node->block = block;
  node->count = node->list().count();
  node->listpack_bytes = static_cast<uint32_t>(listpack_bytes);
  Link(tail_, true, node);
  size_ += node->count;
}

void* QuickList::ReleaseBlock() {
  void* block = std::exchange(head_->block, nullptr);
  Drop(head_);
  return block;
}

bool QuickList::Validate() const {
  uint64_t elements = 0;
  uint32_t nodes = 0;
  const Node* previous = nullptr;
  for (Node* node = head_; node != nullptr; node = node->next) {
    if (node->previous != previous || node->count == 0 || (node->plain && !node->raw)) return false;
    uint64_t bytes = kListpackFrameBytes;
    if (node->raw) {
      if (node->count != 1) return false;
      bytes = node->plain ? node->raw_bytes : bytes + ListpackTextBytes(node->raw_bytes);
    } else {
      const PackedList list = node->list();
      if (!list.Validate() || list.count() != node->count) return false;
      bytes += ListpackBytesBetween(list, list.begin(), list.end());
    }
    if (bytes != node->listpack_bytes) return false;
    previous = node;
    elements += node->count;
    ++nodes;
  }
  return previous == tail_ && elements == size_ && nodes == node_count_;
}

}  // namespace kvasm::ds
