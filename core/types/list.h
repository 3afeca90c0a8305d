// A list: elements in order, in one packed list while it is small, in a quick list later. Encodings
// and the moments they change are those of Redis 7.2 (OBJECT ENCODING, list-max-listpack-size): a
// list that has shrunk to half of what a packed list may hold becomes one again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/ds/item.h"
#include "core/ds/packed_list.h"
#include "core/ds/quick_list.h"
#include "core/types/value.h"

namespace kvasm::types {

// A node as List::ForEachNode shows it; borrowed.
struct ListNode {
  bool plain;            // one element that Redis stores as it is, without a listpack
  uint32_t count;        // elements
  uint32_t total_bytes;  // of the listpack it is in Redis, or of the plain element

  // visit(item) for each element.
  template <class Visit>
  void ForEach(Visit visit) const;

  ds::QuickList::Node* node;  // null: the items of `packed`
  ds::PackedList* packed;
};

// A handle over a value; owns nothing. Null data is the empty list in either encoding. Items handed
// out are views valid until the next change. Arguments must not be views into the same list. Costs:
// as ds::QuickList; while packed O(size), which the limits keep at 64 KiB. Room for large texts is
// asked for beforehand.
class List {
 public:
  static constexpr Encoding kInitialEncoding = Encoding::kListListpack;  // with null data
  using End = ds::QuickList::End;

  List(ValueRef value, const Context& context) : value_(value), context_(context) {
    if (value.data == nullptr && !packed()) value.data = NewQuickList();
  }

  uint64_t size() const { return Size(value_.encoding, value_.data); }
  bool empty() const { return size() == 0; }
  // The list is not empty.
  ds::Item Peek(End end) const;
  // `index` < size().
  ds::Item At(uint64_t index) const;
  // Calls visit(item) for `count` elements from `first` on, towards the head if `backward`, until
  // it returns false. True when it never did. The elements must exist.
  template <class Visit>
  bool Walk(uint64_t first, uint64_t count, bool backward, Visit visit) const;
  // visit(item), from head to tail.
  template <class Visit>
  void ForEach(Visit visit) const;

  // Changes the encoding early when `count` elements with `text_bytes` bytes of text, about to be
  // added, would not stay packed.
  void Prepare(uint64_t text_bytes, uint64_t count);
  // Adds the elements one after the other.
  void Push(End end, std::span<const std::string_view> texts);
  // Adds one, after Prepare.
  void PushPrepared(End end, std::string_view text);
  // Removes `count` <= size() elements.
  void Pop(End end, uint64_t count = 1);
  // Moves an element from one end to the other.
  void Rotate(End from, End to);
  // Inserts before or after the first element equal to `pivot`. False if there is none (the
  // encoding may have changed nevertheless).
  bool Insert(std::string_view pivot, bool after, std::string_view text);
  // False if there is no such index (the encoding may have changed nevertheless).
  bool Replace(uint64_t index, std::string_view text);
  // first + count <= size().
  void EraseRange(uint64_t first, uint64_t count);
  // Keeps `count` elements from `first` on.
  void Trim(uint64_t first, uint64_t count);
  // Removes the first `most` (0: all) elements equal to `text`, the last ones if `backward`.
  // Returns how many.
  uint64_t EraseEqual(std::string_view text, uint64_t most, bool backward);

  // What DUMP and RDB files write: the nodes Redis would have. visit(ListNode&).
  template <class Visit>
  void ForEachNode(Visit visit) const;
  // The quick list behind the encoding of that name, else null.
  const ds::QuickList* quick_list() const { return packed() ? nullptr : &quick(); }

  // The operations behind FreeValue, CloneValue, ... in value.h.
  static void Free(Encoding encoding, void* data);
  static void* Clone(Encoding encoding, const void* data);
  static uint64_t Size(Encoding encoding, const void* data);
  static uint64_t MemoryBytes(Encoding encoding, const void* data, uint64_t samples);
  static uint64_t FreeEffort(Encoding encoding, const void* data);
  // Checks the structure.
  bool Validate() const;

 private:
  bool packed() const { return value_.encoding == Encoding::kListListpack; }
  ds::PackedList list() const { return ds::PackedList(value_.data); }
  ds::QuickList& quick() const { return *static_cast<ds::QuickList*>(value_.data); }
  ds::QuickList* NewQuickList() const;
  bool IsPlain(std::string_view text) const;
  static uint32_t ListpackBytes(const ds::PackedList& items);
  // After a removal: back to a packed list when small enough.
  void Shrink();

  ValueRef value_;
  const Context& context_;
};

// A new list, filled from head to tail. Costs O(1) an element.
class ListBuilder {
 public:
  // Nodes as configured, or limited as `node_limit` says (as list-max-listpack-size).
  explicit ListBuilder(const Context& context);
  ListBuilder(const Context& context, int64_t node_limit);

  // Appends as RPUSH does.
  void Append(std::string_view text);
  // Appends to the last node, whatever its size, or to a new one: nodes as a file has them.
  void AppendInNode(std::string_view text, bool new_node) { list_->AppendInNode(text, new_node); }
  // Appends a packed node whole: see QuickList::AppendNode.
  void AppendNode(void* block, uint64_t listpack_bytes) {
    list_->AppendNode(block, listpack_bytes);
  }
  // Appends a node that is one element.
  void AppendPlain(std::string_view text);
  uint64_t size() const { return list_->size(); }

  // Gives the list away in the encoding that fits its size: a packed list if it is small. Called
  // once; the block belongs to the caller, who may give it to Edit::Put.
  Encoding Finish(void*& data);
  // Gives it away as a quick list (Encoding::kListQuicklist), however small.
  void* Release() { return list_.release(); }

 private:
  const Context& context_;
  std::unique_ptr<ds::QuickList> list_;
};

template <class Visit>
bool List::Walk(uint64_t first, uint64_t count, bool backward, Visit visit) const {
  if (!packed()) return quick().Walk(first, count, backward, visit);
  if (count == 0) return true;
  auto items = list();
  if (!backward) {
    auto at = items.At(static_cast<uint32_t>(first));
    for (; count > 0; --count) {
      if (!visit(items.Take(at))) return false;
    }
    return true;
  }
  std::vector<ds::PackedList::Position> positions;
  auto at = items.At(static_cast<uint32_t>(first + 1 - count));
  for (uint64_t i = 0; i < count; ++i, at = items.Next(at)) positions.push_back(at);
  for (; count > 0; --count) {
    if (!visit(items.Get(positions[count - 1]))) return false;
  }
  return true;
}

template <class Visit>
void List::ForEach(Visit visit) const {
  ForEachNode([&](const ListNode& node) { node.ForEach(visit); });
}

template <class Visit>
void List::ForEachNode(Visit visit) const {
  if (packed()) {
    auto items = list();
    const ListNode node{false, items.count(), ListpackBytes(items), nullptr, &items};
    if (node.count > 0) visit(node);
    return;
  }
  for (auto* node = quick().head(); node != nullptr; node = node->next) {
    visit(ListNode{node->plain != 0, node->count, node->listpack_bytes, node, nullptr});
  }
}

template <class Visit>
void ListNode::ForEach(Visit visit) const {
  if (node != nullptr) return node->ForEach(visit);
  for (auto at = packed->begin(); at != packed->end();) visit(packed->Take(at));
}

}  // namespace kvasm::types
