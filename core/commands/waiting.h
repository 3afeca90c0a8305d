// Shared by the commands that wait for something to take.
#pragma once

#include <cstdint>
#include <string>

#include "core/command/arguments.h"

namespace kvasm::commands {

// The milliseconds since the epoch at which waiting ends, from the next argument, seconds as a
// float; 0: never.
int64_t ReadDeadline(command::Arguments& in, int64_t now_ms);
// The same, from an integer of milliseconds.
int64_t ReadDeadlineMs(command::Arguments& in, int64_t now_ms);

// What WAITAOF has in the place of its last argument while it waits for so much of the log.
std::string SyncMark(uint64_t until);

}  // namespace kvasm::commands
