// Shared by the commands of consumer groups.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/command/call.h"
#include "core/types/stream.h"
#include "core/types/stream_group.h"

namespace kvasm::commands {

// The group of this name in the stream behind an entry; null if there is no entry or no group. The
// entry, if any, is a stream.
types::ConsumerGroup* FindGroup(const keyspace::Entry* entry, std::string_view name);

// The consumer, created if it is missing, noted as seen now. The value is ready to be changed, and
// there is room for the name (HasRoomForName). Sets `*created` if given.
types::Consumer& SeeConsumer(command::Call& call, keyspace::Edit& edit, types::ConsumerGroup& group,
                             std::string_view name, bool* created = nullptr);

// Whether memory can hold the name of a new group or consumer; if not, OOM has been replied.
inline bool HasRoomForName(command::Call& call, std::string_view name) {
  return call.HaveRoom(uint64_t{3} * name.size());
}
// Milliseconds from then to now. Times that clients or files gave may be anything.
inline int64_t ElapsedMs(int64_t now_ms, int64_t then_ms) {
  return static_cast<int64_t>(static_cast<uint64_t>(now_ms) - static_cast<uint64_t>(then_ms));
}

// Notes for the journal: that a message is pending as it now is, and how far a group has come.
void RecordClaim(command::Call& call, std::string_view key, const types::ConsumerGroup& group,
                 types::StreamId id, const types::Pending& pending);
void RecordProgress(command::Call& call, std::string_view key, const types::ConsumerGroup& group);

}  // namespace kvasm::commands
