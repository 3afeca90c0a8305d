#pragma once

#include "core/command/call.h"

namespace kvasm::commands {

// COMMAND DOCS.
void CommandDocs(command::Call& call);

}  // namespace kvasm::commands
