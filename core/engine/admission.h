// What is looked at before a command runs: its user's rights and the room for it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/command/spec.h"
#include "core/services/acl_log.h"
#include "core/services/session.h"

namespace kvasm::engine {

// Whether what a command brings along can be kept, with the nodes around it. Large values are
// allocated with care where they are stored; this is for many arguments and for large elements.
// Little is never refused here: while the ballast is whole there is room for it.
bool HaveRoomFor(std::span<const std::string_view> args, uint64_t copies = 2);

// The error for a command that is refused.
std::string DeniedText(const services::Session& session, const command::CommandSpec& spec,
                       services::AclReason denied);
// The same for a transaction's command, whose user has lost the right to it since it was queued.
std::string NoMoreText(services::AclReason denied);

}  // namespace kvasm::engine
