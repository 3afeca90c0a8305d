// Shared by the commands of strings.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/command/call.h"
#include "core/durability/durability.h"
#include "core/keyspace/entry.h"

namespace kvasm::commands {

// The length that no string may pass: proto-max-bulk-len, or what a string can be if that is less.
// What a log asks for was allowed when it was done.
inline uint64_t StringBytesMax(const command::Call& call) {
  const uint64_t most = types::RawString::kBytesMax;
  if (call.durability.is_loading()) return most;
  return std::min(static_cast<uint64_t>(call.services.settings().proto_max_bulk_len), most);
}

// Replies the value of a string entry.
inline void ReplyString(command::Call& call, const keyspace::Entry& entry) {
  keyspace::IntText scratch;
  call.reply.Bulk(keyspace::StringOf(entry, scratch));
}

}  // namespace kvasm::commands
