// Expiry times as commands give them: seconds or milliseconds, relative or absolute.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/command/arguments.h"
#include "core/command/call.h"

namespace kvasm::commands {

struct ExpireUnit {
  bool seconds = false;
  bool absolute = false;

  bool operator==(const ExpireUnit&) const = default;
};

// The absolute time in milliseconds since the Unix epoch that `text` stands for. Replies the error
// (not an integer, or "invalid expire time in '...' command" for times <= 0 or out of range) and
// returns nothing if it is bad. Source: SET, GETEX of Redis 7.2.
std::optional<int64_t> ReadPositiveExpireTime(command::Call& call, std::string_view text,
                                              ExpireUnit unit);

// EX / PX / EXAT / PXAT with its value, if it comes next in `in`; nothing is read otherwise. True
// if it was there; `*text` is the value. `again`: one was read before, and only the same option may
// come again; the last value holds.
bool TakeExpireOption(command::Arguments& in, bool again, ExpireUnit* unit, std::string_view* text);

}  // namespace kvasm::commands
