// The parts of DEBUG that look into tables and strings.
#pragma once

#include "core/command/call.h"

namespace kvasm::commands {

// DEBUG HTSTATS <db> [FULL], HTSTATS-KEY <key> [FULL]: how hash tables lie.
void DebugHtstats(command::Call& call);
void DebugHtstatsKey(command::Call& call);
// DEBUG SDSLEN <key>: bytes of a key and of its string.
void DebugSdslen(command::Call& call);
// DEBUG STRUCTSIZE: bytes of what there are many of.
void DebugStructsize(command::Call& call);
// DEBUG STRINGMATCH-TEST: random patterns against random strings.
void DebugStringmatchTest(command::Call& call);

}  // namespace kvasm::commands
