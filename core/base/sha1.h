#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvasm::base {

// SHA-1 (FIPS 180-4). Not for security: Redis names scripts by it and digests data sets with it.
using Sha1Digest = std::array<uint8_t, 20>;

Sha1Digest Sha1(std::string_view data);

// 40 lower-case hexadecimal digits.
std::string HexText(const Sha1Digest& digest);

}  // namespace kvasm::base
