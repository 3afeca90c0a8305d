#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kvasm::base {

namespace internal {

// A table for half a byte at a time: 128 bytes instead of 2 KB, two look-ups a byte.
consteval std::array<uint64_t, 16> MakeCrc64Table() {
  constexpr uint64_t kJonesReflected = 0x95ac9329ac4bc9b5;
  std::array<uint64_t, 16> table{};
  for (uint64_t i = 0; i < table.size(); ++i) {
    uint64_t crc = i;
    for (int bit = 0; bit < 4; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kJonesReflected : 0);
    table[i] = crc;
  }
  return table;
}

inline constexpr std::array<uint64_t, 16> kCrc64Table = MakeCrc64Table();

}  // namespace internal

// CRC-64 "Jones" as RDB files and DUMP payloads carry it: polynomial 0xad93d23594c935a9, reflected,
// start 0, no final inversion. Crc64(Crc64(0, a), b) is the sum of a followed by b.
constexpr uint64_t Crc64(uint64_t crc, std::string_view data) {
  for (const char c : data) {
    crc ^= static_cast<uint8_t>(c);
    crc = (crc >> 4) ^ internal::kCrc64Table[crc & 15];
    crc = (crc >> 4) ^ internal::kCrc64Table[crc & 15];
  }
  return crc;
}

static_assert(Crc64(0, "123456789") == 0xe9c6d914c4b8d9ca);

}  // namespace kvasm::base
