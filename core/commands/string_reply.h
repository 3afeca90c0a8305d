// Shared by the commands of strings.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/command/call.h"
#include "core/keyspace/entry.h"

namespace kvasm::commands {

// The length that no string may pass: proto-max-bulk-len, or what a string can be if that is less.
inline uint64_t StringBytesMax(const command::Call& call) {
  return std::min<uint64_t>(static_cast<uint64_t>(call.services.settings().proto_max_bulk_len),
                            types::RawString::kBytesMax);
}

// Replies the value of a string entry.
inline void ReplyString(command::Call& call, const keyspace::Entry& entry) {
  keyspace::IntText scratch;
  call.reply.Bulk(keyspace::StringOf(entry, scratch));
}

}  // namespace kvasm::commands
