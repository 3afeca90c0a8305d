// A stream: entries of fields and values in the order of their ids, and the groups that read them.
// The block behind an entry's data word (Encoding::kStream) is a Stream; it is never null.
//
// Entries live in nodes (stream_node.h), which a radix tree finds by the id of their first entry.
// Nodes begin and end where Redis's would. An empty stream keeps its ids, counters and groups.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/ds/radix_tree.h"
#include "core/types/stream_id.h"
#include "core/types/stream_node.h"
#include "core/types/value.h"

namespace kvasm::types {

class ConsumerGroups;  // core/types/stream_group.h

// What to remove from the beginning of a stream.
struct StreamTrim {
  enum class Strategy : uint8_t { kNone, kMaxLength, kMinId };
  Strategy strategy = Strategy::kNone;
  bool whole_nodes = false;  // only nodes that go completely, then stop ("~")
  uint64_t limit = 0;        // stop before more entries than this would go; 0: none
  uint64_t max_length = 0;
  StreamId min_id;
};

class Stream {
 public:
  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  static Stream& Of(ValueRef value) { return *static_cast<Stream*>(value.data); }
  static const Stream& Of(const void* data) { return *static_cast<const Stream*>(data); }

  // --- what is known of it; all but length may be set freely (XSETID, loading) ---
  uint64_t length() const { return length_; }
  StreamId last_id;         // the last one given out; the next must be higher
  StreamId max_deleted_id;  // the highest one removed by XDEL
  uint64_t entries_added = 0;
  // The lowest id of an entry that is there, 0-0 if there is none. Kept, not searched.
  StreamId first_id;

  // Owned; null: none. Created by whoever needs them first.
  std::unique_ptr<ConsumerGroups> groups;

  // --- entries ---
  // Appends an entry; `id` is above last_id and becomes it, `pairs` alternates fields and values.
  // False when memory is exhausted: nothing has changed. Costs the entry, amortised.
  [[nodiscard]] bool Add(StreamId id, std::span<const std::string_view> pairs,
                         const Limits& limits);
  // True if it was there. O(log nodes + entries of a node).
  bool Delete(StreamId id);
  bool Contains(StreamId id) const;
  // Returns how many entries were removed. O(1) for each whole node.
  uint64_t Trim(const StreamTrim& trim);
  // The highest id of an entry that is there; 0-0 if there is none. O(1).
  StreamId LastEntryId() const { return last_entry_id_; }
  // The lowest id of an entry that is there or whose node still is; the highest id if none is.
  StreamId FirstMarkedId() const;

  // --- nodes ---
  uint64_t node_count() const { return nodes_.size(); }
  // Nodes of Redis's radix tree over the same keys. O(nodes).
  uint64_t RadixNodes() const;
  // visit(const StreamNode&) in order; stops when it returns false.
  template <class Visit>
  void ForEachNode(Visit visit) const {
    ds::RadixTree::Iterator at(nodes_);
    for (at.SeekFirst(); at.valid(); at.Next()) {
      if (!visit(*static_cast<const StreamNode*>(at.value()))) return;
    }
  }
  // Takes ownership of a node made elsewhere (loading), whose ids are above those of all others.
  // False, and the node is freed, when they are not or it is not sound. What StreamNodeWriter made
  // is safe to read whatever ids it was given; this is where their order is checked.
  [[nodiscard]] bool AppendNode(StreamNode* node);
  // Takes a group, which must be there, out of this stream and into one of nothing else: a value
  // that can be freed in slices.
  std::unique_ptr<Stream> SplitOff(std::string_view group);
  // Frees what is pending in groups, then nodes of about `entries` entries, which makes the stream
  // useless for anything but this and its destructor. True while there is more.
  bool Drain(uint64_t entries);

  // --- the operations behind FreeValue, CloneValue, ... in value.h ---
  std::unique_ptr<Stream> Clone() const;
  // Judged by at most `samples` nodes (0: all).
  uint64_t MemoryBytes(uint64_t samples) const;
  uint64_t FreeEffort() const;
  // Checks every node, the tree, the counts, first_id and LastEntryId().
  bool Validate() const;

 private:
  friend class StreamReader;

  StreamNode* NodeAtMost(StreamId id) const;
  void RemoveNode(StreamNode* node);
  void Attach(StreamNode* node);
  // The tail's block may have moved.
  void SetTail(StreamNode* node);
  uint64_t TrimWithin(StreamNode& node, const StreamTrim& trim);
  // Finds the first or the last entry anew; none is left before or behind `near`.
  void FindFirstId(StreamId near = StreamId::Lowest());
  void FindLastEntryId(StreamId near = StreamId::Highest());

  ds::RadixTree nodes_;         // StreamKey -> StreamNode, owned
  StreamNode* tail_ = nullptr;  // the last of them
  uint64_t length_ = 0;
  StreamId last_entry_id_;
};

// Reads the entries from one id to another, both included, without the deleted ones:
//
//     for (StreamReader reader(stream, from, to); reader.Next();) Use(reader.entry());
//
// Backwards if `reverse`, still from the lower to the higher id as arguments. The stream must not
// change meanwhile. A node is entered at its beginning; backwards, the places of its entries are
// remembered.
class StreamReader {
 public:
  StreamReader(const Stream& stream, StreamId from, StreamId to, bool reverse = false);
  explicit StreamReader(const Stream& stream, bool reverse = false)
      : StreamReader(stream, StreamId::Lowest(), StreamId::Highest(), reverse) {}

  // Moves to the next entry. False when there is none.
  bool Next();
  const StreamEntry& entry() const { return *entry_; }

 private:
  // Entries of a node in slices, so that a huge node needs no huge memory.
  struct Backward {
    std::vector<StreamNodeWalker> marks;  // before the first entry of each slice left
    uint32_t slice_entries = 0;
    std::vector<StreamEntry> slice;  // what is left of the last one taken
    StreamEntry current;
  };

  bool NextForward();
  bool NextBackward();
  void EnterNodeBackward();
  bool TakeSlice();

  ds::RadixTree::Iterator node_;  // at the node to be entered next
  StreamId from_;
  StreamId to_;
  const bool reverse_;
  bool done_ = false;
  std::optional<StreamNodeWalker> walker_;  // forwards: in the node at hand
  std::unique_ptr<Backward> backward_;
  const StreamEntry* entry_ = nullptr;
};

}  // namespace kvasm::types
