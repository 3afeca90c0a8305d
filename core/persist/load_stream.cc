// Streams. The node of a stream is a listpack that describes itself:
//
//   live count, deleted count, N, field x N, 0         what the entries have in common
//   flags, ms, seq, [n, field and value x n | value x N], elements of the entry before this one
//
// flags: 1 deleted, 2 the fields are the common ones; ms and seq are relative to the node's id.
#include <memory>

#include "core/persist/listpack.h"
#include "core/persist/loading.h"
#include "core/types/stream.h"
#include "core/types/stream_group.h"

namespace kvasm::persist {
namespace {

using types::Consumer;
using types::ConsumerGroup;
using types::Stream;
using types::StreamId;
using types::StreamNodeWriter;

constexpr int64_t kDeleted = 1;
constexpr int64_t kSameFields = 2;
constexpr uint64_t kConsumerBytes = 256;

// Reads a node's listpack; the first thing that does not belong there latches.
class NodeReader {
 public:
  explicit NodeReader(std::string_view block) : source_(block) {}

  bool ok() const { return ok_; }
  bool AtEnd() { return !source_.More() && source_.ok(); }
  ds::Item Take() {
    if (ok_ && source_.More()) return source_.Take();
    ok_ = false;
    return ds::Item(std::string_view());
  }
  int64_t Number() {
    const ds::Item item = Take();
    ok_ = ok_ && item.is_integer();
    return ok_ ? item.number() : 0;
  }
  // A number of things, `most` or fewer.
  uint32_t CountUpTo(uint32_t most) {
    const int64_t count = Number();
    ok_ = ok_ && count >= 0 && count <= int64_t{most};
    return ok_ ? static_cast<uint32_t>(count) : 0;
  }
  void Flaw() { ok_ = false; }

 private:
  ListpackReader source_;
  bool ok_ = true;
};

void ReadEntry(NodeReader& in, StreamNodeWriter& out, StreamId first_id, uint32_t elements,
               uint32_t common_fields) {
  const int64_t flags = in.Number();
  const StreamId id{first_id.ms + static_cast<uint64_t>(in.Number()),
                    first_id.seq + static_cast<uint64_t>(in.Number())};
  const bool same = (flags & kSameFields) != 0;
  const uint32_t fields = same ? common_fields : in.CountUpTo(elements);
  if (!in.ok() || flags < 0 || flags > (kDeleted | kSameFields) || id < first_id) return in.Flaw();
  const uint64_t texts = same ? uint64_t{fields} : uint64_t{fields} * 2;
  if (texts > elements) return in.Flaw();
  out.BeginEntry(id, (flags & kDeleted) != 0, same, fields);
  for (uint64_t i = 0; i < texts; ++i) out.Append(in.Take());
  const int64_t before = in.Number();
  if (before != static_cast<int64_t>(texts) + (same ? 3 : 4)) in.Flaw();
}

// None when the block is no node; then the fault is latched, as it is when memory is exhausted.
types::StreamNode* ReadNode(Loading& loading, std::string_view block, StreamId first_id) {
  const std::optional<uint32_t> elements = ListpackReader::Announced(block);
  NodeReader in(block);
  const uint32_t most = elements.value_or(0);
  const uint32_t live = in.CountUpTo(most);
  const uint32_t deleted = in.CountUpTo(most);
  const uint32_t fields = in.CountUpTo(most);
  const uint64_t entries = uint64_t{live} + deleted;
  constexpr uint32_t kElementsLeast = 4;  // of an entry
  if (!elements || !in.ok() || entries == 0 || entries > most / kElementsLeast ||
      block.size() > types::kStreamNodeBytesMax) {
    loading.Corrupt();
    return nullptr;
  }
  const uint64_t bytes = block.size() + uint64_t{most} * StreamNodeWriter::kItemBytesMax +
                         entries * StreamNodeWriter::kEntryBytesMax;
  if (!loading.HaveRoom(bytes)) return nullptr;
  StreamNodeWriter out = StreamNodeWriter::Begin(first_id, fields, bytes);
  if (out.node() == nullptr) {
    loading.in.Fail(Fault::kOutOfMemory);
    return nullptr;
  }
  for (uint32_t i = 0; i < fields; ++i) out.Append(in.Take());
  if (in.Number() != 0) in.Flaw();
  for (uint64_t i = 0; i < entries && in.ok(); ++i) ReadEntry(in, out, first_id, most, fields);
  const bool sound = in.ok() && in.AtEnd() && out.node()->live == live;
  if (!sound) {
    types::FreeNode(out.node());
    loading.Corrupt();
    return nullptr;
  }
  out.Shrink();
  return out.node();
}

bool LoadEntries(Loading& loading, Stream& stream) {
  constexpr uint32_t kNodeBytesLeast = 1 + types::StreamKey::kBytes + 1;
  const uint32_t nodes = loading.in.Count(kNodeBytesLeast);
  for (uint32_t i = 0; i < nodes; ++i) {
    const std::string_view key = loading.in.String(loading.first);
    if (loading.in.ok() && key.size() != types::StreamKey::kBytes) {
      return loading.Corrupt("Stream node key entry is not an ID");
    }
    if (!loading.in.ok()) return false;
    const StreamId first_id = types::StreamIdOfKey(key);
    const std::string_view block = loading.in.String(loading.first);
    if (!loading.in.ok()) return false;
    types::StreamNode* node = ReadNode(loading, block, first_id);
    if (node == nullptr) return false;
    if (!stream.AppendNode(node)) return loading.Corrupt("Stream nodes out of order");
  }
  return loading.in.ok();
}

StreamId ReadId(Reader& in) {
  const uint64_t ms = in.Length();
  return {ms, in.Length()};
}

// What stands behind the entries and agrees with them.
bool LoadFacts(Loading& loading, Stream& stream, ValueType type) {
  Reader& in = loading.in;
  const uint64_t length = in.Length();
  const StreamId last_id = ReadId(in);
  StreamId max_deleted_id;
  uint64_t entries_added = length;
  if (type != ValueType::kStream1) {
    ReadId(in);  // of the first entry, which the entries tell
    max_deleted_id = ReadId(in);
    entries_added = in.Length();
  }
  if (!in.ok()) return false;
  if (length != stream.length() || last_id < stream.LastEntryId() || entries_added < length ||
      entries_added > INT64_MAX) {
    return loading.Corrupt("Stream length or IDs inconsistent with its entries");
  }
  types::StreamReader first(stream);
  if (first.Next()) stream.first_id = first.entry().id;
  stream.last_id = last_id;
  stream.max_deleted_id = max_deleted_id;
  stream.entries_added = entries_added;
  return true;
}

bool LoadPending(Loading& loading, ConsumerGroup& group) {
  Reader& in = loading.in;
  constexpr uint32_t kBytesLeast = types::StreamKey::kBytes + sizeof(int64_t) + 1;
  const uint32_t pending = in.Count(kBytesLeast);
  for (uint32_t i = 0; i < pending; ++i) {
    const std::string_view key = in.Bytes(types::StreamKey::kBytes);
    const auto delivery_ms = static_cast<int64_t>(in.Fixed64());
    const uint64_t delivery_count = in.Length();
    if (!in.ok() || !loading.HaveRoom(types::kPendingBytesMax)) return false;
    if (!group.LoadPending(types::StreamIdOfKey(key), delivery_ms, delivery_count)) {
      return loading.Corrupt("Duplicate pending entry of a stream group detected");
    }
  }
  return in.ok();
}

bool LoadConsumer(Loading& loading, ConsumerGroup& group, ValueType type) {
  Reader& in = loading.in;
  const std::string_view name = in.String(loading.first);
  const auto seen_ms = static_cast<int64_t>(in.Fixed64());
  const auto active_ms = type == ValueType::kStream3 ? static_cast<int64_t>(in.Fixed64()) : seen_ms;
  const uint32_t pending = in.Count(types::StreamKey::kBytes);
  if (!in.ok() || !loading.HaveRoom(kConsumerBytes + uint64_t{3} * name.size())) return false;
  if (group.FindConsumer(name) != nullptr) {
    return loading.Corrupt("Duplicate stream consumer detected");
  }
  Consumer& consumer = group.AddConsumer(name, seen_ms, active_ms);
  for (uint32_t i = 0; i < pending; ++i) {
    const std::string_view key = in.Bytes(types::StreamKey::kBytes);
    if (!loading.HaveRoom(types::kPendingBytesMax)) return false;
    if (!group.LoadOwner(types::StreamIdOfKey(key), consumer)) {
      return loading.Corrupt("Stream consumer entry not found in its group, or owned twice");
    }
  }
  return true;
}

bool LoadGroup(Loading& loading, Stream& stream, ValueType type) {
  Reader& in = loading.in;
  const std::string_view name = in.String(loading.first);
  const StreamId last_id = ReadId(in);
  const int64_t entries_read = type == ValueType::kStream1
                                   ? types::EntriesAddedUpTo(stream, last_id)
                                   : static_cast<int64_t>(in.Length());
  if (!in.ok() || !loading.HaveRoom(kConsumerBytes + uint64_t{3} * name.size())) return false;
  if (entries_read < ConsumerGroup::kUnknown) {
    return loading.Corrupt("Stream group offset out of range");
  }
  ConsumerGroup* group = stream.groups->Add(name, last_id, entries_read);
  if (group == nullptr) return loading.Corrupt("Duplicate stream group detected");
  if (!LoadPending(loading, *group)) return false;
  constexpr uint32_t kConsumerBytesLeast = 1 + sizeof(int64_t) + 1;
  const uint32_t consumers = in.Count(kConsumerBytesLeast);
  for (uint32_t i = 0; i < consumers; ++i) {
    if (!LoadConsumer(loading, *group, type)) return false;
  }
  if (!in.ok()) return false;
  return group->AllOwned() || loading.Corrupt("Stream group pending entry without consumer");
}

}  // namespace

bool LoadStream(Loading& loading, ValueType type) {
  loading.Begin(types::Encoding::kStream);
  Stream& stream = *static_cast<Stream*>(loading.value.data);
  if (!LoadEntries(loading, stream) || !LoadFacts(loading, stream, type)) return false;
  constexpr uint32_t kGroupBytesLeast = 5;
  const uint32_t groups = loading.in.Count(kGroupBytesLeast);
  if (groups > 0) stream.groups = std::make_unique<types::ConsumerGroups>();
  for (uint32_t i = 0; i < groups; ++i) {
    if (!LoadGroup(loading, stream, type)) return false;
  }
  return loading.in.ok();
}

}  // namespace kvasm::persist
