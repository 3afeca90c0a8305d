#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/sha.h"

namespace kvasm::base {

// SHA-1 (FIPS 180-4). Not for security: Redis names scripts by it and digests data sets with it.
using Sha1Digest = std::array<uint8_t, 20>;

Sha1Digest Sha1(std::string_view data);

}  // namespace kvasm::base
