// What a user may do with a command as it is called: the one check of access control.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/command/keys.h"
#include "core/command/spec.h"
#include "core/services/acl_log.h"
#include "core/services/acl_user.h"

namespace kvasm::command {

struct Access {
  services::AclReason denied = services::AclReason::kNone;
  size_t argument = 0;  // the key or channel that was denied; 0: the command

  bool ok() const { return denied == services::AclReason::kNone; }
};

// Whether one of the user's selectors allows the command with all its keys and channels. If not,
// what came nearest to being allowed is told, as in Redis. `index` is the command's in the table;
// its arity has been checked.
Access CheckAccess(const services::AclUser& user, const CommandSpec& spec, size_t index,
                   std::span<const std::string_view> args);

// Whether the selector that allows the command also allows to read any key there may be: SORT's BY
// and GET name keys that no argument tells.
bool MayReadAnyKey(const services::AclUser& user, const CommandSpec& spec, size_t index,
                   std::span<const std::string_view> args);

// The channels that a command publishes to or subscribes to.
struct ChannelRange {
  size_t begin = 1;  // into the arguments
  size_t end = 1;
  bool are_patterns = false;  // of PSUBSCRIBE
};
ChannelRange FindChannels(const CommandSpec& spec, size_t argc);

}  // namespace kvasm::command
