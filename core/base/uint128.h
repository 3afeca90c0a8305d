#pragma once

#include <bit>
#include <cstdint>

namespace kvasm::base {

__extension__ typedef unsigned __int128 uint128;

// Bits needed to write the value: 0 for 0, 128 for the largest.
inline int BitWidth(uint128 value) {
  const auto high = static_cast<uint64_t>(value >> 64);
  return high != 0 ? 64 + static_cast<int>(std::bit_width(high))
                   : static_cast<int>(std::bit_width(static_cast<uint64_t>(value)));
}

}  // namespace kvasm::base
