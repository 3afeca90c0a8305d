// The frame of a DUMP payload:  type u8 | value | RDB version u16 | CRC-64 u64, of all before it
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/persist/format.h"

namespace kvasm::persist {

// What comes behind the type and value `body`.
std::string PayloadFooter(std::string_view body, int version);

// The type and value inside a payload; none if it is too short, of a newer version, or, unless
// that is not to be checked, damaged. O(size).
std::optional<std::string_view> PayloadBody(std::string_view payload, bool check = true);

}  // namespace kvasm::persist
