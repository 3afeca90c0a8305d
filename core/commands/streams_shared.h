// Shared by the commands of streams and of their consumer groups.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/command/arguments.h"
#include "core/command/call.h"
#include "core/types/stream.h"

namespace kvasm::commands {

inline void ReplyStreamId(resp::Writer& reply, types::StreamId id) {
  reply.Bulk(types::StreamIdChars(id).view());
}

// Replies an entry: its id, and its fields and values in turn.
inline void ReplyStreamEntry(resp::Writer& reply, const types::StreamEntry& entry) {
  reply.Array(2);
  ReplyStreamId(reply, entry.id);
  reply.Array(uint64_t{entry.fields} * 2);
  entry.ForEach([&](const ds::Item& field, const ds::Item& value) {
    ds::NumberText scratch;
    reply.Bulk(field.Text(scratch));
    reply.Bulk(value.Text(scratch));
  });
}

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

// The groups part of XINFO STREAM FULL: the value of "groups", of each pending list at most `count`
// messages (0: all).
void ReplyGroupsInFull(resp::Writer& reply, const types::Stream& stream, uint64_t count);

}  // namespace kvasm::commands
