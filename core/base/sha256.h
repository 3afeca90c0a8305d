#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/sha.h"

namespace kvasm::base {

// SHA-256 (FIPS 180-4): what is kept of a password.
using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::string_view data);

}  // namespace kvasm::base
