#include "core/types/stream.h"

#include <algorithm>
#include <utility>

#include "core/base/alloc.h"
#include "core/types/stream_group.h"

namespace kvasm::types {
namespace {

bool IsFull(const StreamNode& node, uint64_t added_bytes, const Limits& limits) {
  auto bytes_max = static_cast<uint64_t>(limits.stream_node_max_bytes);
  if (bytes_max == 0 || bytes_max > kStreamNodeBytesMax) bytes_max = kStreamNodeBytesMax;
  if (node.ListpackBytes() + added_bytes >= bytes_max) return true;
  const auto entries_max = static_cast<uint64_t>(limits.stream_node_max_entries);
  return entries_max != 0 && node.entries() >= entries_max;
}

StreamNode* NodeOf(void* value) { return static_cast<StreamNode*>(value); }

// The highest id of a live entry of the node, which has one.
StreamId LastLiveId(const StreamNode& node) {
  if (node.deleted == 0) return node.last_id;
  StreamId last;
  for (StreamNodeWalker walker(node); walker.Next();) {
    if (!walker.entry().deleted) last = walker.entry().id;
  }
  return last;
}

// The live entry with this id in the node; null if there is none.
const StreamEntry* FindEntry(StreamNodeWalker& walker, StreamId id) {
  while (walker.Next()) {
    const StreamEntry& entry = walker.entry();
    if (entry.deleted) continue;
    if (entry.id >= id) return entry.id == id ? &entry : nullptr;
  }
  return nullptr;
}

}  // namespace

Stream::Stream() = default;

Stream::~Stream() { nodes_.Clear(&FreeNode); }

// --- entries ---

bool Stream::Add(StreamId id, std::span<const std::string_view> pairs, const Limits& limits) {
  uint64_t text_bytes = 0;
  for (std::string_view text : pairs) text_bytes += text.size();
  const uint64_t room = text_bytes + pairs.size() * StreamNodeWriter::kItemBytesMax +
                        StreamNodeWriter::kEntryBytesMax;
  const auto fields = static_cast<uint32_t>(pairs.size() / 2);
  // XSETID may go back behind entries that are deleted; nodes must not be out of order for it.
  while (tail_ != nullptr && tail_->live == 0 && id <= tail_->last_id) RemoveNode(tail_);
  StreamNodeWriter writer(tail_);
  bool same_fields = true;
  if (tail_ == nullptr || IsFull(*tail_, text_bytes, limits)) {
    // The fields are stored with the node, the values with the entry.
    StreamNodeWriter fresh = StreamNodeWriter::Begin(id, fields, room);
    if (fresh.node() == nullptr) return false;
    for (size_t i = 0; i < pairs.size(); i += 2) fresh.Append(pairs[i]);
    if (tail_ != nullptr) {
      writer.Shrink();
      SetTail(writer.node());
    }
    *nodes_.Insert(StreamKey(id).view()) = fresh.node();
    tail_ = fresh.node();
    writer = fresh;
  } else {
    if (!writer.Reserve(room)) return false;
    if (writer.node() != tail_) SetTail(writer.node());
    same_fields = HasFields(*tail_, pairs);
  }
  writer.BeginEntry(id, false, same_fields, fields);
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (i % 2 == 1 || !same_fields) writer.Append(pairs[i]);
  }
  ++entries_added;
  last_id = id;
  last_entry_id_ = id;
  if (++length_ == 1) first_id = id;
  return true;
}

bool Stream::Delete(StreamId id) {
  StreamNode* node = NodeAtMost(id);
  if (node == nullptr) return false;
  StreamNodeWalker walker(*node);
  const StreamEntry* entry = FindEntry(walker, id);
  if (entry == nullptr) return false;
  if (node->live == 1) {
    RemoveNode(node);
  } else {
    MarkDeleted(*node, *entry);
  }
  --length_;
  max_deleted_id = std::max(max_deleted_id, id);
  if (id == first_id || length_ == 0) FindFirstId(id);
  if (id == last_entry_id_) FindLastEntryId(id);
  return true;
}

bool Stream::Contains(StreamId id) const {
  const StreamNode* node = NodeAtMost(id);
  if (node == nullptr) return false;
  StreamNodeWalker walker(*node);
  return FindEntry(walker, id) != nullptr;
}

uint64_t Stream::Trim(const StreamTrim& trim) {
  using Strategy = StreamTrim::Strategy;
  if (trim.strategy == Strategy::kNone) return 0;
  uint64_t removed = 0;
  while (!nodes_.empty()) {
    if (trim.strategy == Strategy::kMaxLength && length_ <= trim.max_length) break;
    StreamNode* node = NodeOf(*nodes_.First());
    if (trim.limit != 0 && removed + node->live > trim.limit) break;
    const bool goes_whole = trim.strategy == Strategy::kMaxLength
                                ? length_ - node->live >= trim.max_length
                                : node->last_id < trim.min_id;
    if (!goes_whole) {
      if (!trim.whole_nodes) removed += TrimWithin(*node, trim);
      break;
    }
    length_ -= node->live;
    removed += node->live;
    RemoveNode(node);
  }
  if (removed > 0 || length_ == 0) FindFirstId();
  if (length_ == 0) last_entry_id_ = {};
  return removed;
}

uint64_t Stream::TrimWithin(StreamNode& node, const StreamTrim& trim) {
  uint64_t removed = 0;
  StreamNodeWalker walker(node);
  while (walker.Next()) {
    const bool enough = trim.strategy == StreamTrim::Strategy::kMaxLength
                            ? length_ <= trim.max_length
                            : walker.entry().id >= trim.min_id;
    if (enough) break;
    if (walker.entry().deleted) continue;
    MarkDeleted(node, walker.entry());
    --length_;
    ++removed;
  }
  return removed;
}

// Nodes without a live entry are passed on the way; the ones between here and `near` need not be.
void Stream::FindFirstId(StreamId near) {
  first_id = {};
  if (length_ == 0) return;
  StreamReader reader(*this, near, StreamId::Highest());
  if (reader.Next()) first_id = reader.entry().id;
}

void Stream::FindLastEntryId(StreamId near) {
  last_entry_id_ = {};
  if (length_ == 0) return;
  StreamReader reader(*this, StreamId::Lowest(), near, true);
  if (reader.Next()) last_entry_id_ = reader.entry().id;
}

StreamId Stream::FirstMarkedId() const {
  if (nodes_.empty()) return StreamId::Highest();
  StreamNodeWalker walker(*NodeOf(*nodes_.First()));
  walker.Next();
  return walker.entry().id;
}

// --- nodes ---

StreamNode* Stream::NodeAtMost(StreamId id) const {
  if (tail_ != nullptr && tail_->first_id <= id) return tail_;
  ds::RadixTree::Iterator at(nodes_);
  at.SeekAtMost(StreamKey(id).view());
  return at.valid() ? NodeOf(at.value()) : nullptr;
}

void Stream::RemoveNode(StreamNode* node) {
  nodes_.Remove(StreamKey(node->first_id).view());
  if (node == tail_) tail_ = nodes_.empty() ? nullptr : NodeOf(*nodes_.Last());
  FreeNode(node);
}

void Stream::SetTail(StreamNode* node) {
  tail_ = node;
  *nodes_.Last() = node;
}

// Redis's tree: a leaf for each key, a node for each fork, and one for the bytes in between (below
// a fork the first byte is the branch itself). All keys have the same length.
uint64_t Stream::RadixNodes() const {
  constexpr int kKeyBytes = StreamKey::kBytes;
  if (nodes_.empty()) return 1;
  uint64_t count = nodes_.size();
  std::vector<int> forks;  // depths of the open ones, each deeper than the one before
  int depth = kKeyBytes;   // of what was closed last and still needs its place
  auto close_below = [&](int shared) {
    depth = kKeyBytes;
    while (!forks.empty() && forks.back() > shared) {
      count += depth > forks.back() + 1 ? 2 : 1;
      depth = forks.back();
      forks.pop_back();
    }
  };
  const StreamNode* last = nullptr;
  ForEachNode([&](const StreamNode& node) {
    if (last != nullptr) {
      const StreamKey before(last->first_id);
      const StreamKey key(node.first_id);
      const char* parted = std::mismatch(key.bytes, key.bytes + kKeyBytes, before.bytes).first;
      const auto shared = static_cast<int>(parted - key.bytes);
      close_below(shared);
      if (forks.empty() || forks.back() < shared) forks.push_back(shared);
      if (depth > shared + 1) ++count;
    }
    last = &node;
    return true;
  });
  close_below(-1);
  return depth > 0 ? count + 1 : count;
}

bool Stream::AppendNode(StreamNode* node) {
  const bool follows =
      tail_ == nullptr || node->first_id > std::max(tail_->first_id, last_entry_id_);
  if (!follows || !ValidateNode(*node)) {
    FreeNode(node);
    return false;
  }
  Attach(node);
  return true;
}

void Stream::Attach(StreamNode* node) {
  *nodes_.Insert(StreamKey(node->first_id).view()) = node;
  tail_ = node;
  length_ += node->live;
  if (node->live > 0) last_entry_id_ = LastLiveId(*node);
}

bool Stream::Drain(uint64_t entries) {
  if (groups != nullptr && groups->Drain(&entries)) return true;
  groups.reset();
  while (entries > 0 && !nodes_.empty()) {
    StreamNode* node = NodeOf(*nodes_.First());
    entries -= std::min<uint64_t>(entries, node->entries());
    RemoveNode(node);
  }
  return !nodes_.empty();
}

std::unique_ptr<Stream> Stream::SplitOff(std::string_view group) {
  auto remains = std::make_unique<Stream>();
  remains->groups = std::make_unique<ConsumerGroups>();
  groups->MoveTo(*remains->groups, group);
  return remains;
}

// --- the operations behind value.h ---

std::unique_ptr<Stream> Stream::Clone() const {
  auto copy = std::make_unique<Stream>();
  ForEachNode([&](const StreamNode& node) {
    copy->Attach(CloneNode(node));
    return true;
  });
  copy->last_id = last_id;
  copy->max_deleted_id = max_deleted_id;
  copy->first_id = first_id;
  copy->entries_added = entries_added;
  if (groups != nullptr) copy->groups = groups->Clone();
  return copy;
}

uint64_t Stream::MemoryBytes(uint64_t samples) const {
  uint64_t sampled = 0;
  uint64_t bytes = 0;
  ForEachNode([&](const StreamNode& node) {
    bytes += base::UsableBytes(&node);
    return ++sampled != samples;
  });
  if (sampled > 0) bytes = bytes / sampled * nodes_.size() + bytes % sampled;
  if (groups != nullptr) bytes += groups->MemoryBytes(samples);
  return sizeof(Stream) + nodes_.MemoryBytes() + bytes;
}

uint64_t Stream::FreeEffort() const {
  // Exact where it may matter to whoever asks, cheap where it does not.
  constexpr uint64_t kFew = 64;
  const uint64_t nodes = node_count() > kFew ? node_count() : RadixNodes();
  return nodes + (groups == nullptr ? 0 : groups->FreeEffort());
}

bool Stream::Validate() const {
  uint64_t live = 0;
  uint64_t nodes = 0;
  const StreamNode* last = nullptr;
  bool sound = nodes_.Validate() && (groups == nullptr || groups->Validate());
  ForEachNode([&](const StreamNode& node) {
    sound = sound && ValidateNode(node) && (last == nullptr || last->first_id < node.first_id) &&
            NodeAtMost(node.first_id) == &node;
    last = &node;
    live += node.live;
    ++nodes;
    return sound;
  });
  if (!sound || last != tail_ || nodes != nodes_.size() || live != length_) return false;
  StreamId before;
  uint64_t read = 0;
  for (StreamReader reader(*this); reader.Next(); ++read) {
    const StreamId id = reader.entry().id;
    if (read == 0 ? id != first_id : id <= before) return false;
    before = id;
  }
  return read == length_ && before <= last_id && before == last_entry_id_ &&
         (length_ > 0 || first_id.is_zero());
}

// --- reading ---

StreamReader::StreamReader(const Stream& stream, StreamId from, StreamId to, bool reverse)
    : node_(stream.nodes_), from_(from), to_(to), reverse_(reverse) {
  if (from > to) {
    done_ = true;
  } else if (reverse) {
    node_.SeekAtMost(StreamKey(to).view());
    backward_ = std::make_unique<Backward>();
  } else {
    node_.SeekAtMost(StreamKey(from).view());
    if (!node_.valid()) node_.SeekFirst();
  }
}

bool StreamReader::Next() {
  if (done_) return false;
  done_ = reverse_ ? !NextBackward() : !NextForward();
  return !done_;
}

bool StreamReader::NextForward() {
  for (;;) {
    if (!walker_) {
      if (!node_.valid()) return false;
      const StreamNode& node = *NodeOf(node_.value());
      if (node.first_id > to_) return false;
      node_.Next();
      if (node.live == 0) continue;
      walker_.emplace(node);
    }
    while (walker_->Next()) {
      const StreamEntry& entry = walker_->entry();
      if (entry.deleted || entry.id < from_) continue;
      if (entry.id > to_) return false;
      entry_ = &entry;
      return true;
    }
    walker_.reset();
  }
}

bool StreamReader::NextBackward() {
  for (;;) {
    while (!backward_->slice.empty() || TakeSlice()) {
      backward_->current = backward_->slice.back();
      backward_->slice.pop_back();
      if (backward_->current.id < from_) return false;
      entry_ = &backward_->current;
      return true;
    }
    if (!node_.valid()) return false;
    EnterNodeBackward();
    node_.Prev();
  }
}

// Marks where the slices of the node at hand begin.
void StreamReader::EnterNodeBackward() {
  const StreamNode& node = *NodeOf(node_.value());
  if (node.live == 0) return;
  constexpr uint32_t kSliceMin = 128;
  Backward& back = *backward_;
  back.slice_entries = kSliceMin;
  while (back.slice_entries < node.entries() / back.slice_entries) back.slice_entries *= 2;
  StreamNodeWalker walker(node);
  back.marks.push_back(walker);
  uint32_t passed = 0;
  if (node.entries() <= back.slice_entries) return;
  while (walker.Next()) {
    if (++passed % back.slice_entries == 0) back.marks.push_back(walker);
  }
}

// Collects the entries behind the last mark, up to `to_`.
bool StreamReader::TakeSlice() {
  Backward& back = *backward_;
  while (!back.marks.empty()) {
    StreamNodeWalker walker = back.marks.back();
    back.marks.pop_back();
    for (uint32_t i = 0; i < back.slice_entries && walker.Next(); ++i) {
      if (!walker.entry().deleted && walker.entry().id <= to_) back.slice.push_back(walker.entry());
    }
    if (!back.slice.empty()) return true;
  }
  return false;
}

}  // namespace kvasm::types
