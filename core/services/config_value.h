#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/services/config_table.h"

namespace kvasm::services {

// Checks a value meant for a directive and brings it to the form that CONFIG GET shows. `current`
// is the present form, for directives that are set in parts. The error is the reason only, as
// CONFIG
// SET puts it after "... - ".
base::Result<std::string> NormalizeValue(const Directive& directive, std::string_view text,
                                         std::string_view current);

// A number of bytes as the configuration takes it: "10", "64kb", "1G". Too large a number stands
// for the largest; without digits it is 0, as in Redis. Nothing when the unit is unknown.
std::optional<uint64_t> ParseMemory(std::string_view text);

}  // namespace kvasm::services
