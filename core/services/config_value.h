#pragma once

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

}  // namespace kvasm::services
