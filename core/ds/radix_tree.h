#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvasm::ds {

// An ordered map from byte strings to pointers. Keys are any bytes, 0 to 2^29 of them, in the
// order of their unsigned bytes; one key may be the prefix of another.
//
// What keys have in common is stored once: a node holds the bytes that lead from its parent's
// branch to it, and a sorted array of branches of just about the size it needs.
//
//     "foo" -> 1   "foobar" -> 2   "foobaz" -> 3
//
//     [foo =1] --b--> [a] --r--> [=2]
//                       \--z--> [=3]
//
// Ownership: the tree owns its nodes, never what the values point to.
//
// Cost: Find, Insert, Remove and seeks take O(key length); a step of an iterator O(1) on average.
// Keys that ascend densely (stream ids) find their branch without a search. A key costs about
// 13 bytes in wasm plus the bytes it shares with no other.
//
// Memory: Insert needs room for the key and about 3 KB; a caller with a long key asks for that
// first. Remove and Clear need none.
class RadixTree {
 public:
  class Iterator;

  RadixTree() = default;
  // Frees the nodes. What the values point to is the caller's: see Clear().
  ~RadixTree() {
    Clear([](void*) {});
  }
  RadixTree(const RadixTree&) = delete;
  RadixTree& operator=(const RadixTree&) = delete;
  // The source is left empty and usable.
  RadixTree(RadixTree&& other) noexcept { Take(other); }
  RadixTree& operator=(RadixTree&& other) noexcept {
    if (this != &other) {
      Clear([](void*) {});
      Take(other);
    }
    return *this;
  }

  uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Heap bytes of all nodes, those of the values not included. O(1).
  uint64_t MemoryBytes() const { return bytes_; }

  // Where the value of a key stands, or null. Valid until the next Insert, Remove or Clear; the
  // value may be changed through it.
  void** Find(std::string_view key) const;
  // Where the value of a key stands, after adding the key with a null value if it is absent.
  // Valid as Find's.
  void** Insert(std::string_view key, bool* added = nullptr);
  // Removes a key. True if it was there; `*value` then gets its value.
  bool Remove(std::string_view key, void** value = nullptr);
  // The values of the lowest and of the highest key; null if there is none. Valid as Find's.
  void** First() const;
  void** Last() const;

  // Removes all keys, handing each value to `dispose(void*)`, which must not touch this tree.
  template <class Dispose>
  void Clear(Dispose dispose) {
    ClearNodes([](void* value, void* context) { (*static_cast<Dispose*>(context))(value); },
               &dispose);
  }

  // Checks order, branches, and the counts of keys and bytes. O(size).
  bool Validate() const;

 private:
  struct Node;
  struct Inner;

  static Inner* AsInner(Node* node);
  static uint32_t ChildCount(const Node* node);
  static size_t HeaderBytes(const Node* node);
  static size_t NodeBytes(const Node* node);
  static char* PrefixOf(Node* node);
  static std::string_view Prefix(const Node* node);

  Node* NewLeaf(std::string_view prefix);
  Inner* NewInner(std::string_view prefix, uint32_t capacity);
  void FreeNode(Node* node);
  Inner* MoveToInner(const Node* node, uint32_t capacity, void* block);
  void AddChild(Node** link, uint32_t at, uint8_t byte, Node* child);
  Node* SplitPrefix(Node* node, uint32_t at);
  void** InsertUnder(Node** link, uint32_t at, std::string_view rest);
  void RemoveChild(Node** link, uint32_t at);
  void TurnIntoLeaf(Node** link);
  void TryMerge(Node** link);
  void TryShrink(Node** link);

  void ClearNodes(void (*dispose)(void* value, void* context), void* context);
  void Take(RadixTree& other) {
    root_ = other.root_;
    size_ = other.size_;
    bytes_ = other.bytes_;
    other.root_ = nullptr;
    other.size_ = other.bytes_ = 0;
  }

  Node* root_ = nullptr;
  uint64_t size_ = 0;
  uint64_t bytes_ = 0;
};

// A position in a tree, or none (valid() is false): before the first Seek and behind either end.
//
//     RadixTree::Iterator it(tree);
//     for (it.SeekAtLeast(from); it.valid(); it.Next()) Use(it.key(), it.value());
//
// Values may be changed while it stands; Insert, Remove and Clear on the tree invalidate it, after
// which only a new Seek (by the key it stood at, which was copied before) makes it usable again.
// The tree must outlive it. Needs no heap unless the tree is more than 20 nodes deep or keys
// longer than 40 bytes are asked for.
class RadixTree::Iterator {
 public:
  explicit Iterator(const RadixTree& tree) : tree_(&tree) {}
  ~Iterator();
  Iterator(const Iterator&) = delete;
  Iterator& operator=(const Iterator&) = delete;

  void SeekFirst();
  void SeekLast();
  // The lowest key that is not below `key`, or none.
  void SeekAtLeast(std::string_view key);
  // The highest key that is not above `key`, or none.
  void SeekAtMost(std::string_view key);

  bool valid() const { return depth_ > 0; }
  // The iterator is valid.
  void Next();
  void Prev();
  void*& value() const;
  // The bytes of the key, put together on each call: O(key length), and room for that many bytes.
  // Valid until the iterator is used again.
  std::string_view key();

 private:
  // A node on the way down and the branch taken from it; kOwn: the position is the node itself.
  struct Step {
    Node* node;
    int32_t child;
  };
  static constexpr int32_t kOwn = -1;
  static constexpr uint32_t kStepsInline = 20;
  static constexpr uint32_t kKeyBytesInline = 40;

  void Push(Node* node, int32_t child);
  void DescendFirst(Node* node);
  void DescendLast(Node* node);
  // From a path to a node whose keys have all been passed to what follows or precedes them.
  void AscendToNext();
  void AscendToPrev();

  const RadixTree* tree_;
  uint32_t depth_ = 0;
  uint32_t steps_capacity_ = kStepsInline;
  size_t key_capacity_ = kKeyBytesInline;
  Step* steps_ = inline_steps_;
  char* key_ = inline_key_;
  Step inline_steps_[kStepsInline];
  char inline_key_[kKeyBytesInline];
};

}  // namespace kvasm::ds
