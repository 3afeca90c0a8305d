// What logs may show of a command: passwords are not in it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/command/spec.h"

namespace kvasm::command {

// The arguments, where one that is or may be a secret reads "(redacted)": those of AUTH and ACL
// SETUSER, of HELLO and MIGRATE what follows AUTH, of CONFIG SET the values of what is a password.
std::vector<std::string_view> WithoutSecrets(const CommandSpec& spec,
                                             std::span<const std::string_view> args);

}  // namespace kvasm::command
