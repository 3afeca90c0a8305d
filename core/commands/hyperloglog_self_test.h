// PFSELFTEST: what cannot be seen from outside of a HyperLogLog, checked on random data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/prng.h"

namespace kvasm::commands {

// Registers keep what is written and do not touch each other; dense and sparse values agree, turn
// when they should, and estimate within six standard errors up to a million elements. Nothing if
// all holds, or the error to reply. Takes well under a second.
std::optional<std::string> TestHyperLogLog(base::Prng& prng, int64_t sparse_bytes_max);

}  // namespace kvasm::commands
