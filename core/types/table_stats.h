#pragma once

#include <vector>

#include "core/ds/dict.h"
#include "core/types/value.h"

namespace kvasm::types {

// How the table inside a value lies; empty if there is none. O(size).
std::vector<ds::TableStats> TableStatsOf(Encoding encoding, const void* data);

}  // namespace kvasm::types
