// What commands about connections share.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/command/call.h"

namespace kvasm::commands {

// Whether a session's peer is on this machine: in-process, a unix socket, the loopback interface.
bool IsLocal(const services::Session& session);

// Whether the text may stand in CLIENT LIST as one word: printable, no blanks.
bool IsOneWord(std::string_view text);

// A line of CLIENT LIST, without its end. `args`: the request, if the session is executing one.
std::string DescribeSession(const services::Session& session, keyspace::Keyspace& keyspace,
                            std::span<const std::string_view> args);

// Logs that somebody has not proved to be this user.
void NoteFailedAuthentication(command::Call& call, std::string_view user);

// Where the session's invalidation messages go: 0 to itself, -1 if it does not track.
int64_t RedirectOf(const services::Session& session);

// CONFIG REWRITE. `is_forced`: with all directives, those at their default, too. What the host gets
// is counted texts (AppendCounted): "1" if forced or "", the users as lines, Config::Export.
void RewriteConfig(command::Call& call, bool is_forced);

// Puts a session back to what it was when it was opened, its authentication included.
void ResetSession(command::Call& call);

}  // namespace kvasm::commands
