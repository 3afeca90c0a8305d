// Replying the value of a string entry.
#pragma once

#include "core/command/call.h"
#include "core/keyspace/entry.h"

namespace kvasm::commands {

inline void ReplyString(command::Call& call, const keyspace::Entry& entry) {
  keyspace::IntText scratch;
  call.reply.Bulk(keyspace::StringOf(entry, scratch));
}

}  // namespace kvasm::commands
