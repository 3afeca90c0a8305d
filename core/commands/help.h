// The HELP subcommand of containers.
#pragma once

#include <initializer_list>
#include <string_view>

#include "core/command/call.h"

namespace kvasm::commands {

// Replies the lines between Redis's customary first line and its last two, as simple strings.
// `lines` are alternately "SUBCOMMAND <argument>" and "    What it does.".
void ReplyHelp(command::Call& call, std::initializer_list<std::string_view> lines);

}  // namespace kvasm::commands
