// Shared by the commands of streams and of their consumer groups.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/command/arguments.h"
#include "core/command/call.h"
#include "core/commands/collections.h"
#include "core/types/stream.h"

namespace kvasm::commands {

// The stream at `key` for reading, null when absent. False after replying WRONGTYPE.
inline bool FindStream(command::Call& call, std::string_view key, types::Stream** stream) {
  keyspace::Entry* entry;
  if (!FindCollection(call, key, types::Type::kStream, &entry)) return false;
  *stream = entry == nullptr ? nullptr : &types::Stream::Of(entry->value());
  return true;
}

inline void ReplyStreamId(resp::Writer& reply, types::StreamId id) {
  reply.Bulk(types::StreamIdChars(id).view());
}

// Replies an entry: its id, and its fields and values in turn.
inline void ReplyStreamEntry(resp::Writer& reply, const types::StreamEntry& entry) {
  reply.Array(2);
  ReplyStreamId(reply, entry.id);
  reply.Array(uint64_t{entry.fields} * 2);
  entry.ForEach([&](const ds::Item& field, const ds::Item& value) {
    ReplyItem(reply, field);
    ReplyItem(reply, value);
  });
}

// Replies the entries from one id to another, both included, as an array: at most `count` of them
// (0: all). Returns how many.
uint64_t ReplyStreamRange(resp::Writer& reply, const types::Stream& stream, types::StreamId from,
                          types::StreamId to, uint64_t count, bool reverse = false);

// The next argument as an id; a missing sequence number is 0.
inline types::StreamId ReadStreamId(command::Arguments& in) {
  const std::string_view text = in.Next();
  if (!in.ok()) return {};
  const auto id = types::ParseStreamId(text, 0);
  if (!id) in.Fail(errors::kInvalidStreamId);
  return id.value_or(types::StreamId{});
}

// The next argument as the lower end of a range: an id, "-", "+", or what an open end leaves.
inline types::StreamId ReadRangeStart(command::Arguments& in) {
  const std::string_view text = in.Next();
  if (!in.ok()) return {};
  auto bound = types::ParseStreamBound(text, 0);
  if (!bound) {
    in.Fail(errors::kInvalidStreamId);
    return {};
  }
  if (bound->open && !bound->id.Increment()) in.Fail(errors::kInvalidRangeStart);
  return bound->id;
}

// As ReadRangeStart, the upper end; a missing sequence number is the highest.
inline types::StreamId ReadRangeEnd(command::Arguments& in) {
  const std::string_view text = in.Next();
  if (!in.ok()) return {};
  auto bound = types::ParseStreamBound(text, types::StreamId::Highest().seq);
  if (!bound) {
    in.Fail(errors::kInvalidStreamId);
    return {};
  }
  if (bound->open && !bound->id.Decrement()) in.Fail(errors::kInvalidRangeEnd);
  return bound->id;
}

// COUNT of XRANGE, XREAD and their kin: what is negative counts as 0.
inline uint64_t ReadStreamCount(command::Arguments& in) {
  const int64_t count = in.Int();
  return count < 0 ? 0 : static_cast<uint64_t>(count);
}

// What XREAD and XREADGROUP are asked for. Views of the arguments.
struct StreamReadRequest {
  uint64_t count = 0;  // of entries of each stream; 0: all
  bool blocks = false;
  int64_t deadline_ms = 0;  // if it blocks; 0: never
  bool has_group = false;
  std::string_view group{};
  std::string_view consumer{};
  bool noack = false;
  size_t ids_at = 0;  // argument that is the first id
  std::span<const std::string_view> keys{};
  std::span<const std::string_view> ids{};  // as many
};
// Reads the arguments of XREAD, or of XREADGROUP. False after replying an error.
bool ParseStreamRead(command::Call& call, bool with_group, StreamReadRequest* request);

// The frame of the reply of XREAD and XREADGROUP: a map, or for RESP2 pairs, from keys to what
// follows each Begin().
class StreamReadReply {
 public:
  explicit StreamReadReply(resp::Writer& reply) : reply_(reply), mark_(reply.Begin()) {}

  void Begin(std::string_view key) {
    at_ = reply_.buffer().size();
    if (reply_.protocol() == 2) reply_.Array(2);
    reply_.Bulk(key);
    ++streams_;
  }
  // Whether what follows Begin() can be sent. What does not fit into memory is taken back, and the
  // frame is `full`; taken back from an empty frame, it leaves the buffer failed.
  [[nodiscard]] bool Keep();
  bool full() const { return full_; }
  bool empty() const { return streams_ == 0; }
  // Puts the size in front; not to be called when empty.
  void End() {
    reply_.protocol() == 2 ? reply_.EndArray(mark_, streams_) : reply_.EndMap(mark_, streams_);
  }

 private:
  resp::Writer& reply_;
  resp::Writer::Mark mark_;
  uint32_t at_ = 0;  // where the last stream begins
  uint64_t streams_ = 0;
  bool full_ = false;
};

// The groups part of XINFO STREAM FULL: the value of "groups", of each pending list at most `count`
// messages (0: all).
void ReplyGroupsInFull(resp::Writer& reply, const types::Stream& stream, uint64_t count);

}  // namespace kvasm::commands
