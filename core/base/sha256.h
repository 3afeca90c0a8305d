#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvasm::base {

// SHA-256 (FIPS 180-4): what is kept of a password.
using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::string_view data);

// 64 lower-case hexadecimal digits.
std::string HexText(const Sha256Digest& digest);

}  // namespace kvasm::base
