// A node of a stream: a run of neighbouring entries in one heap block.
//
//   block: | StreamNode | fields, as a varint | field item ... | entry | entry | ...
//   entry: | head | id | [fields, as a varint] | item ... |
//
//   head:  bit 0     deleted: the entry stays in place until its node goes
//          bit 1     same fields: the items are values only, the fields are those of the node,
//                    which are the fields of its first entry
//          bits 2-3  how the id follows from that of the entry before (of the first: from the
//                    node's first_id less one):
//                    0  ms the same, seq one more          1  varint: ms more; seq 0
//                    2  varint: seq that much and one more 3  varint: ms more; varint: seq
//          bits 4-7  without same fields: the number of fields, 15 = the varint follows
//
// Items are those of ds/packed_item.h; without same fields they alternate, field and value. There
// are no back links: walking backwards means remembering where entries begin.
//
// Redis keeps a node as a listpack and ends it by the size of that. The same nodes are wanted here
// (what `~` trims, what DUMP writes), so each node knows how large its listpack would be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/ds/item.h"
#include "core/ds/packed_item.h"
#include "core/types/stream_id.h"

namespace kvasm::types {

// One entry where it stands in its node. A view: valid until the stream changes.
struct StreamEntry {
  StreamId id;
  uint32_t fields = 0;  // pairs of field and value
  bool deleted = false;
  bool same_fields = false;
  const uint8_t* head = nullptr;
  const uint8_t* field_items = nullptr;  // of the node; used if same_fields
  const uint8_t* items = nullptr;

  // visit(Item field, Item value)
  template <class Visit>
  void ForEach(Visit visit) const {
    const uint8_t* field_at = field_items;
    const uint8_t* at = items;
    for (uint32_t i = 0; i < fields; ++i) {
      const ds::Item field = ds::TakePackedItem(same_fields ? field_at : at);
      visit(field, ds::TakePackedItem(at));
    }
  }
};

// The bytes a node's listpack would have in Redis, which makes no larger ones, whatever its
// configuration allows; and so the most that one entry may hold.
inline constexpr uint64_t kStreamNodeBytesMax = uint64_t{1} << 30;

struct StreamNode {
  uint32_t bytes;           // in use behind this header
  uint32_t listpack_bytes;  // of fields and entries, were this a listpack
  uint32_t live;
  uint32_t deleted;
  StreamId first_id;  // its key in the stream: the id of its first entry
  StreamId last_id;   // of its last entry, deleted or not

  const uint8_t* begin() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  uint8_t* begin() { return reinterpret_cast<uint8_t*>(this + 1); }
  const uint8_t* end() const { return begin() + bytes; }
  uint32_t entries() const { return live + deleted; }
  // The size Redis's listpack would have.
  uint64_t ListpackBytes() const;
  size_t BlockBytes() const { return sizeof(StreamNode) + bytes; }
};
static_assert(sizeof(StreamNode) == 48);

// Walks the entries of a node from the first on, deleted ones as well.
//
//     for (StreamNodeWalker walker(node); walker.Next();) Use(walker.entry());
class StreamNodeWalker {
 public:
  explicit StreamNodeWalker(const StreamNode& node);

  // Moves to the next entry. False when there is none.
  bool Next();
  const StreamEntry& entry() const { return entry_; }

  // The fields of the node.
  uint32_t fields() const { return fields_; }
  const uint8_t* field_items() const { return field_items_; }

 private:
  const uint8_t* end_;
  uint32_t fields_;
  const uint8_t* field_items_;
  StreamEntry entry_;
};

// Makes nodes: where a stream grows, and where one is loaded. An entry is begun and its items
// appended; memory is asked for beforehand. The node is owned by whoever holds `node()`.
class StreamNodeWriter {
 public:
  // What any entry takes besides its texts, and what each text adds to its own length.
  static constexpr uint32_t kEntryBytesMax = 32;
  static constexpr uint32_t kItemBytesMax = 9;

  // Continues a node; it may move.
  explicit StreamNodeWriter(StreamNode* node) : node_(node) {}

  // Begins a node with the number of its fields, which follow by Append. Room for `bytes` of fields
  // and entries is made at once. Null node() when memory is exhausted.
  static StreamNodeWriter Begin(StreamId first_id, uint32_t fields, uint64_t bytes);

  // Makes room for `bytes` more; false when memory is exhausted: nothing has changed.
  [[nodiscard]] bool Reserve(uint64_t bytes);
  // Begins an entry: `fields` values follow by Append, or as many fields and values in turn. Ids
  // ascend but for deleted entries, and none is below the node's first_id. Room has been reserved.
  void BeginEntry(StreamId id, bool deleted, bool same_fields, uint32_t fields);
  void Append(std::string_view text) { Store(ds::Item::Of(text)); }
  void Append(const ds::Item& item) { item.is_integer() ? Store(item) : Append(item.bytes()); }
  // Gives back what was reserved too much; the node may move.
  void Shrink();

  StreamNode* node() const { return node_; }

 private:
  // Text in it is no integer.
  void Store(const ds::Item& item);
  void AppendVarint(uint64_t value);
  void AppendByte(uint8_t byte) { node_->begin()[node_->bytes++] = byte; }

  StreamNode* node_;
};

// Whether the fields of the node are these: `pairs` alternates fields and values.
bool HasFields(const StreamNode& node, std::span<const std::string_view> pairs);
// Marks an entry of this node as deleted.
void MarkDeleted(StreamNode& node, const StreamEntry& entry);
StreamNode* CloneNode(const StreamNode& node);
void FreeNode(void* node);
// Checks the structure, the order of the live ids and the counts. O(bytes).
bool ValidateNode(const StreamNode& node);

}  // namespace kvasm::types
