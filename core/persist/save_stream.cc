// The other direction of load_stream.cc, which draws the form of a node.
#include "core/persist/listpack.h"
#include "core/persist/saving.h"
#include "core/types/stream.h"
#include "core/types/stream_group.h"

namespace kvasm::persist {
namespace {

using types::Consumer;
using types::ConsumerGroup;
using types::StreamEntry;
using types::StreamId;
using types::StreamKey;
using types::StreamNode;

void AddEntry(ListpackWriter& listpack, const StreamEntry& entry, StreamId first_id) {
  listpack.AddInteger((entry.deleted ? 1 : 0) | (entry.same_fields ? 2 : 0));
  listpack.AddInteger(static_cast<int64_t>(entry.id.ms - first_id.ms));
  listpack.AddInteger(static_cast<int64_t>(entry.id.seq - first_id.seq));
  if (!entry.same_fields) listpack.AddInteger(entry.fields);
  entry.ForEach([&](const ds::Item& field, const ds::Item& value) {
    if (!entry.same_fields) listpack.Add(field);
    listpack.Add(value);
  });
  listpack.AddInteger(entry.same_fields ? int64_t{entry.fields} + 3
                                        : int64_t{entry.fields} * 2 + 4);
}

void SaveNode(Writer& out, const StreamNode& node) {
  out.Blob(StreamKey(node.first_id).view());
  SaveListpack(out, [&](ListpackWriter& listpack) {
    types::StreamNodeWalker walker(node);
    listpack.AddInteger(node.live);
    listpack.AddInteger(node.deleted);
    listpack.AddInteger(walker.fields());
    const uint8_t* at = walker.field_items();
    for (uint32_t i = 0; i < walker.fields(); ++i) listpack.Add(ds::TakePackedItem(at));
    listpack.AddInteger(0);
    while (walker.Next()) AddEntry(listpack, walker.entry(), node.first_id);
  });
}

void SaveId(Writer& out, StreamId id) {
  out.Length(id.ms);
  out.Length(id.seq);
}

void SaveConsumer(Writer& out, const Consumer& consumer, bool with_activity) {
  out.String(consumer.name);
  out.Fixed64(static_cast<uint64_t>(consumer.seen_ms));
  if (with_activity) out.Fixed64(static_cast<uint64_t>(consumer.active_ms));
  out.Length(consumer.pending.size());
  for (types::PendingReader at(consumer.pending); at.valid(); at.Next()) {
    out.Bytes(StreamKey(at.id()).view());
  }
}

void SaveGroup(Writer& out, const ConsumerGroup& group, bool with_activity) {
  out.String(group.name());
  SaveId(out, group.last_id);
  out.Length(static_cast<uint64_t>(group.entries_read));
  out.Length(group.pending().size());
  for (types::PendingReader at(group.pending()); at.valid(); at.Next()) {
    out.Bytes(StreamKey(at.id()).view());
    out.Fixed64(static_cast<uint64_t>(at->delivery_ms));
    out.Length(at->delivery_count);
  }
  out.Length(group.consumer_count());
  group.ForEachConsumer(
      [&](const Consumer& consumer) { SaveConsumer(out, consumer, with_activity); });
}

}  // namespace

void SaveStream(Writer& out, const types::Stream& stream, ValueType type) {
  out.Length(stream.node_count());
  stream.ForEachNode([&](const StreamNode& node) {
    SaveNode(out, node);
    return !out.failed();
  });
  out.Length(stream.length());
  SaveId(out, stream.last_id);
  SaveId(out, stream.first_id);
  SaveId(out, stream.max_deleted_id);
  out.Length(stream.entries_added);
  out.Length(stream.groups != nullptr ? stream.groups->size() : 0);
  if (stream.groups == nullptr) return;
  stream.groups->ForEach(
      [&](const ConsumerGroup& group) { SaveGroup(out, group, type == ValueType::kStream3); });
}

}  // namespace kvasm::persist
