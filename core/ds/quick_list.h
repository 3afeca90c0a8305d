#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/ds/item.h"
#include "core/ds/packed_list.h"

namespace kvasm::ds {

// How much a node of a list may hold, counted as Redis counts (list-max-listpack-size): bytes of
// a listpack, or elements as long as these stay below 8 KiB.
struct NodeLimit {
  uint64_t bytes;
  uint64_t count;

  // `setting`: a number of elements, or -1 .. -5 for 4, 8, 16, 32, 64 KiB.
  static NodeLimit Of(int64_t setting);
  bool ExceededBy(uint64_t new_bytes, uint64_t new_count) const;
};

// A long list: packed lists of a few KiB each, linked both ways.
//
//   head <-> [ | 17 | "a" | "b" | 5 | ] <-> [ one huge text ] <-> [ | "c" | 9 | ] <-> tail
//
// Nodes are filled, split and merged as Redis 7.2 does it, so that the number of nodes and their
// sizes are the same as there (DEBUG OBJECT, DUMP); each node knows how many bytes it would take
// as a listpack. Two kinds of nodes hold a single text as it is, outside any packed list:
//   - plain ones, which are also plain in Redis: the caller says which texts are (`plain`);
//   - those of a text of kRawTextBytesMin and more, which Redis keeps in a listpack. When such a
//     text replaces one in the midst of a node, the node is divided, which Redis would not do.
//
// Costs: both ends O(1) amortised (moving bytes within one node), At O(nodes + elements of a
// node), Insert and Replace the same, erasing ranges O(nodes + erased). No node is empty. Texts
// given must not be views into the same list. Items handed out are views valid until the next
// change. Blocks of nodes are never refused: ask for room before adding large texts.
class QuickList {
 public:
  enum class End : bool { kHead, kTail };
  struct Node {
    Node* previous;
    Node* next;
    void* block;              // a PackedList's, or the bytes of a raw text
    uint32_t raw_bytes;       // length of the raw text
    uint32_t listpack_bytes;  // as Redis counts; of a plain node the length of the text
    uint32_t count : 30;
    uint32_t raw : 1;
    uint32_t plain : 1;  // raw in Redis, too

    PackedList list() { return PackedList(block); }
    std::string_view text() const { return {static_cast<const char*>(block), raw_bytes}; }
    // visit(item) for each element.
    template <class Visit>
    void ForEach(Visit visit);
  };
  // An element: which one of a node.
  struct Place {
    Node* node;
    uint32_t index;
  };

  static constexpr uint32_t kRawTextBytesMin = 256 << 10;

  // `node_limit` as in NodeLimit::Of. `compress_depth`: how many nodes at either end stay
  // uncompressed, 0 for all of them; it is only remembered.
  explicit QuickList(int64_t node_limit, int64_t compress_depth = 0);
  QuickList(const QuickList& other);
  QuickList& operator=(const QuickList&) = delete;
  ~QuickList() { Clear(); }

  uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  uint32_t node_count() const { return node_count_; }
  int32_t node_limit() const { return node_limit_; }
  int32_t compress_depth() const { return compress_depth_; }
  // For reading.
  Node* head() const { return head_; }
  // Sum over the nodes. O(nodes).
  uint64_t ListpackBytes() const;
  // Heap bytes, extrapolated from `samples` nodes (0: all are counted).
  uint64_t MemoryBytes(uint64_t samples) const;

  // The first or last element; there must be one.
  Item Peek(End end) const;
  // `index` < size().
  Item At(uint64_t index) const;
  // Calls visit(item) for `count` elements from `first` on, towards the head if `backward`, until
  // it returns false. True when it never did. The elements must exist.
  template <class Visit>
  bool Walk(uint64_t first, uint64_t count, bool backward, Visit visit) const;
  // The first element equal to `text`.
  std::optional<Place> Find(std::string_view text) const;

  void Push(End end, std::string_view text, bool plain = false);
  // There must be an element.
  void Pop(End end);
  void Insert(Place place, bool after, std::string_view text, bool plain = false);
  // `index` < size().
  void Replace(uint64_t index, std::string_view text, bool plain = false);
  // first + count <= size().
  void EraseRange(uint64_t first, uint64_t count);
  // Erases the first `most` (0: all) elements equal to `text`, the last ones if `backward`.
  uint64_t EraseEqual(std::string_view text, uint64_t most, bool backward);
  void Clear();
  // Erases up to `nodes` nodes from the head. True while there are more.
  bool Drain(uint32_t nodes);

  // Appends a node with the items of this block, which is taken over and is not empty.
  void AppendNode(void* block);
  // Appends to the last node, however large that becomes, or to a new one.
  void AppendInNode(std::string_view text, bool new_node);
  // Appends a node: a PackedList's block with elements, which belongs to the list then, and what
  // they take as a listpack.
  void AppendNode(void* block, uint64_t listpack_bytes);
  // Whether this is one node that is a packed list.
  bool IsOnePackedList() const { return node_count_ == 1 && !head_->raw; }
  // Takes the block of the only node out, leaving the list empty.
  void* ReleaseBlock();

  // Checks links, counts and every node's block.
  bool Validate() const;

 private:
  Place Locate(uint64_t index) const;
  PackedList::Position PositionOf(const Place& place) const;
  void MarkTail() const;
  // Marks are only kept up while the tail node changes at its end.
  void Unmark(const Node* node) {
    if (marked_ == node) marked_ = nullptr;
  }

  Node* NewNode(std::string_view text, bool plain);
  void Link(Node* reference, bool after, Node* node);
  void Unlink(Node* node);
  void Drop(Node* node);
  static void FreeBlock(Node* node);
  void SetRaw(Node* node, std::string_view text, bool plain);
  bool MayAdd(const Node* node, uint64_t text_bytes, bool plain) const;
  bool MayMerge(const Node* left, const Node* right) const;
  Node* Merge(Node* left, Node* right);
  Node* MergeAround(Node* center);
  Node* Split(Node* node, uint32_t index, bool after);
  void InsertInNode(Node* node, PackedList::Position at, std::string_view text);
  void EraseInNode(Node* node, PackedList::Position at, uint32_t count);
  bool ReplaceInNode(const Place& place, std::string_view text);
  void ReplaceByNode(const Place& place, std::string_view text, bool plain);
  uint32_t EraseEqualForward(Node* node, std::string_view text, uint64_t most);
  uint32_t EraseEqualBackward(Node* node, std::string_view text, uint64_t most);

  Node* head_ = nullptr;
  Node* tail_ = nullptr;
  uint64_t size_ = 0;
  uint32_t node_count_ = 0;
  int32_t node_limit_;
  int32_t compress_depth_;
  // Packed lists are read from the front; this is where every 16th item of the tail node begins,
  // made when the last one is asked for. Valid while marked_ is the tail.
  mutable const Node* marked_ = nullptr;
  mutable std::vector<PackedList::Position> marks_;
};

template <class Visit>
void QuickList::Node::ForEach(Visit visit) {
  if (raw) return visit(Item(text()));
  const PackedList items = list();
  for (auto at = items.begin(); at != items.end();) visit(items.Take(at));
}

template <class Visit>
bool QuickList::Walk(uint64_t first, uint64_t count, bool backward, Visit visit) const {
  if (count == 0) return true;
  Place place = Locate(first);
  std::vector<PackedList::Position> positions;
  for (;;) {
    Node* node = place.node;
    auto here = static_cast<uint32_t>(
        std::min<uint64_t>(count, backward ? place.index + 1 : node->count - place.index));
    count -= here;
    if (node->raw) {
      if (!visit(Item(node->text()))) return false;
    } else {
      const PackedList list = node->list();
      auto at = PositionOf(backward ? Place{node, place.index + 1 - here} : place);
      if (backward) {
        positions.clear();
        for (uint32_t i = 0; i < here; ++i, at = list.Next(at)) positions.push_back(at);
        for (uint32_t i = here; i > 0; --i) {
          if (!visit(list.Get(positions[i - 1]))) return false;
        }
      } else {
        for (uint32_t i = 0; i < here; ++i) {
          if (!visit(list.Take(at))) return false;
        }
      }
    }
    if (count == 0) return true;
    place.node = backward ? node->previous : node->next;
    place.index = backward ? place.node->count - 1 : 0;
  }
}

}  // namespace kvasm::ds
