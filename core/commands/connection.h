// What commands about connections share.
#pragma once

#include <string_view>

#include "core/command/call.h"

namespace kvasm::commands {

// Whether a session's peer is on this machine: in-process, a unix socket, the loopback interface.
bool IsLocal(const services::Session& session);

// Whether the text may stand in CLIENT LIST as one word: printable, no blanks.
bool IsOneWord(std::string_view text);

// Puts a session back to what it was when it was opened, its authentication included.
void ResetSession(command::Call& call);

}  // namespace kvasm::commands
