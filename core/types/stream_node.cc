#include "core/types/stream_node.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/alloc.h"
#include "core/base/bytes.h"
#include "core/ds/listpack_size.h"

namespace kvasm::types {
namespace {

constexpr uint8_t kDeleted = 1u << 0;
constexpr uint8_t kSameFields = 1u << 1;
constexpr uint32_t kIdFormShift = 2;
constexpr uint32_t kFieldsShift = 4;
constexpr uint32_t kFieldsInHeadMax = 14;

enum IdForm : uint8_t { kNextSeq, kMsMore, kSeqMore, kBothMore };

// Bytes of a block a TryAllocate may refuse; smaller ones come from the ballast if need be.
constexpr uint64_t kSmallBytes = 1 << 20;

uint64_t TakeVarint(const uint8_t*& at) {
  uint64_t value = *at & 0x7f;
  for (uint32_t shift = 7; *at++ >= 0x80; shift += 7) {
    value |= static_cast<uint64_t>(*at & 0x7f) << shift;
  }
  return value;
}

// As TakeVarint within [at, end). False if it does not end there or is too long.
bool CheckVarint(const uint8_t*& at, const uint8_t* end, uint64_t* value) {
  const uint8_t* from = at;
  while (at < end && *at >= 0x80 && at - from < 9) ++at;
  if (at == end || *at >= 0x80) return false;
  at = from;
  *value = TakeVarint(at);
  return true;
}

// The id before the first entry's.
StreamId Before(StreamId id) { return {id.ms, id.seq - 1}; }

// Moves `id` on by what stands at `at`.
void TakeId(uint8_t head, const uint8_t*& at, StreamId* id) {
  switch ((head >> kIdFormShift) & 3) {
    case kNextSeq:
      ++id->seq;
      return;
    case kMsMore:
      id->ms += TakeVarint(at);
      id->seq = 0;
      return;
    case kSeqMore:
      id->seq += TakeVarint(at) + 1;
      return;
    default:
      id->ms += TakeVarint(at);
      id->seq = TakeVarint(at);
  }
}

uint32_t ItemsOf(const StreamEntry& entry) {
  return entry.same_fields ? entry.fields : 2 * entry.fields;
}

void* TakeBlock(void* block, uint64_t bytes) {
  if (bytes > std::numeric_limits<uint32_t>::max()) return nullptr;
  const auto size = static_cast<size_t>(bytes);
  return bytes > kSmallBytes ? base::TryReallocate(block, size) : base::Reallocate(block, size);
}

}  // namespace

uint64_t StreamNode::ListpackBytes() const {
  return ds::kListpackFrameBytes + listpack_bytes + ds::ListpackBytes(int64_t{live}) +
         ds::ListpackBytes(int64_t{deleted});
}

// --- walking ---

StreamNodeWalker::StreamNodeWalker(const StreamNode& node) : end_(node.end()) {
  const uint8_t* at = node.begin();
  fields_ = static_cast<uint32_t>(TakeVarint(at));
  field_items_ = at;
  for (uint32_t i = 0; i < fields_; ++i) at += ds::PackedItemBytes(at);
  entry_.id = Before(node.first_id);
  entry_.field_items = field_items_;
  entry_.items = at;
}

bool StreamNodeWalker::Next() {
  const uint8_t* at = entry_.items;
  for (uint32_t i = ItemsOf(entry_); i > 0; --i) at += ds::PackedItemBytes(at);
  if (at == end_) {
    entry_.items = at;
    entry_.fields = 0;
    return false;
  }
  entry_.head = at;
  const uint8_t head = *at++;
  entry_.deleted = (head & kDeleted) != 0;
  entry_.same_fields = (head & kSameFields) != 0;
  TakeId(head, at, &entry_.id);
  if (entry_.same_fields) {
    entry_.fields = fields_;
  } else {
    const uint32_t fields = head >> kFieldsShift;
    entry_.fields = fields <= kFieldsInHeadMax ? fields : static_cast<uint32_t>(TakeVarint(at));
  }
  entry_.items = at;
  return true;
}

// --- writing ---

StreamNodeWriter StreamNodeWriter::Begin(StreamId first_id, uint32_t fields, uint64_t bytes) {
  void* block = TakeBlock(nullptr, sizeof(StreamNode) + kEntryBytesMax + bytes);
  StreamNodeWriter writer(static_cast<StreamNode*>(block));
  if (block == nullptr) return writer;
  StreamNode& node = *writer.node_;
  node.bytes = node.live = node.deleted = 0;
  node.first_id = first_id;
  node.last_id = Before(first_id);
  constexpr uint32_t kTerminator = 2;
  node.listpack_bytes = static_cast<uint32_t>(ds::ListpackBytes(int64_t{fields})) + kTerminator;
  writer.AppendVarint(fields);
  return writer;
}

bool StreamNodeWriter::Reserve(uint64_t bytes) {
  const uint64_t wanted = node_->BlockBytes() + bytes;
  if (wanted <= base::UsableBytes(node_)) return true;
  // Grows in steps, small ones where half as much again would hurt.
  constexpr uint64_t kStepMax = 1 << 16;
  const uint64_t roomy = wanted + std::min<uint64_t>(wanted / 2, kStepMax);
  void* block = TakeBlock(node_, std::max(roomy, wanted + wanted / 16));
  if (block == nullptr) block = TakeBlock(node_, wanted);
  if (block == nullptr) return false;
  node_ = static_cast<StreamNode*>(block);
  return true;
}

void StreamNodeWriter::BeginEntry(StreamId id, bool deleted, bool same_fields, uint32_t fields) {
  StreamNode& node = *node_;
  const StreamId last = node.last_id;
  IdForm form;
  // In unsigned arithmetic: the id before the first may have wrapped around.
  if (id.ms == last.ms) {
    form = id.seq == last.seq + 1 ? kNextSeq : kSeqMore;
  } else {
    form = id.seq == 0 ? kMsMore : kBothMore;
  }
  const uint32_t in_head = same_fields ? 0 : std::min(fields, kFieldsInHeadMax + 1);
  AppendByte(static_cast<uint8_t>((deleted ? kDeleted : 0) | (same_fields ? kSameFields : 0) |
                                  form << kIdFormShift | in_head << kFieldsShift));
  if (form == kMsMore || form == kBothMore) AppendVarint(id.ms - last.ms);
  if (form == kSeqMore) AppendVarint(id.seq - last.seq - 1);
  if (form == kBothMore) AppendVarint(id.seq);
  if (in_head > kFieldsInHeadMax) AppendVarint(fields);
  node.last_id = id;
  ++(deleted ? node.deleted : node.live);

  // flags, ms and seq less the node's, [fields], and last the number of the entry's elements.
  const int64_t elements = same_fields ? 3 + int64_t{fields} : 4 + 2 * int64_t{fields};
  uint64_t bytes = 2 + ds::ListpackBytes(static_cast<int64_t>(id.ms - node.first_id.ms)) +
                   ds::ListpackBytes(static_cast<int64_t>(id.seq - node.first_id.seq)) +
                   ds::ListpackBytes(elements);
  if (!same_fields) bytes += ds::ListpackBytes(int64_t{fields});
  node.listpack_bytes += static_cast<uint32_t>(bytes);
}

void StreamNodeWriter::Store(const ds::Item& item) {
  const ds::EncodedItem encoded =
      item.is_integer() ? ds::EncodedItem(item.number()) : ds::EncodedItem(item.bytes(), false);
  encoded.Store(node_->begin() + node_->bytes);
  node_->bytes += encoded.bytes();
  node_->listpack_bytes += static_cast<uint32_t>(ds::ListpackBytes(item));
}

void StreamNodeWriter::AppendVarint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) AppendByte(static_cast<uint8_t>(value | 0x80));
  AppendByte(static_cast<uint8_t>(value));
}

void StreamNodeWriter::Shrink() {
  if (void* block = base::TryReallocate(node_, node_->BlockBytes())) {
    node_ = static_cast<StreamNode*>(block);
  }
}

// --- nodes ---

bool HasFields(const StreamNode& node, std::span<const std::string_view> pairs) {
  const uint8_t* at = node.begin();
  if (TakeVarint(at) != pairs.size() / 2) return false;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const ds::EncodedItem field(pairs[i]);
    if (ds::PackedItemBytes(at) != field.bytes() || !field.Matches(at)) return false;
    at += field.bytes();
  }
  return true;
}

void MarkDeleted(StreamNode& node, const StreamEntry& entry) {
  auto* head = const_cast<uint8_t*>(entry.head);
  if (*head & kDeleted) return;
  *head |= kDeleted;
  --node.live;
  ++node.deleted;
}

StreamNode* CloneNode(const StreamNode& node) {
  void* block = base::Allocate(node.BlockBytes());
  std::memcpy(block, &node, node.BlockBytes());
  return static_cast<StreamNode*>(block);
}

void FreeNode(void* node) { base::Free(node); }

bool ValidateNode(const StreamNode& node) {
  const uint8_t* at = node.begin();
  const uint8_t* const end = node.end();
  auto skip_items = [&](uint64_t count) {
    for (; count > 0; --count) {
      if (at >= end || !ds::HoldsPackedItem(at, end)) return false;
      at += ds::PackedItemBytes(at);
    }
    return true;
  };
  uint64_t fields;
  if (!CheckVarint(at, end, &fields) || !skip_items(fields)) return false;
  StreamId id = Before(node.first_id);
  StreamId last_live;
  uint64_t live = 0;
  uint64_t deleted = 0;
  while (at < end) {
    const uint8_t head = *at++;
    ++(head & kDeleted ? deleted : live);
    const uint8_t* id_at = at;
    uint64_t unused;
    const uint32_t form = (head >> kIdFormShift) & 3;
    if (form != kNextSeq && !CheckVarint(at, end, &unused)) return false;
    if (form == kBothMore && !CheckVarint(at, end, &unused)) return false;
    TakeId(head, id_at, &id);
    if (id < node.first_id) return false;
    if (!(head & kDeleted)) {
      if (live > 1 && id <= last_live) return false;
      last_live = id;
    }
    if (head & kSameFields) {
      if (!skip_items(fields)) return false;
      continue;
    }
    uint64_t own = head >> kFieldsShift;
    if (own > kFieldsInHeadMax && !CheckVarint(at, end, &own)) return false;
    if (!skip_items(2 * own)) return false;
  }
  return at == end && live + deleted > 0 && id == node.last_id && live == node.live &&
         deleted == node.deleted;
}

}  // namespace kvasm::types
