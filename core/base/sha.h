// What SHA-1 and SHA-256 (FIPS 180-4) have in common: blocks of 64 bytes, the padding of the last,
// and digests of big-endian words.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace kvasm::base {

// Runs `compress(state, block)` over the padded text, and returns the state as bytes.
template <size_t kWords, class Compress>
std::array<uint8_t, 4 * kWords> ShaDigest(std::array<uint32_t, kWords> state, std::string_view data,
                                          const Compress& compress) {
  constexpr size_t kBlockBytes = 64;
  size_t at = 0;
  for (; data.size() - at >= kBlockBytes; at += kBlockBytes) compress(state, data.data() + at);

  // The rest, a set bit, zeros and the length in bits: one block or two.
  char tail[2 * kBlockBytes] = {};
  const size_t rest = data.size() - at;
  if (rest > 0) std::memcpy(tail, data.data() + at, rest);
  tail[rest] = static_cast<char>(0x80);
  const size_t tail_bytes = rest + 9 <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
  Store64(tail + tail_bytes - 8, __builtin_bswap64(uint64_t{data.size()} * 8));
  for (size_t i = 0; i < tail_bytes; i += kBlockBytes) compress(state, tail + i);

  std::array<uint8_t, 4 * kWords> digest;
  for (size_t i = 0; i < kWords; ++i) Store32(digest.data() + 4 * i, __builtin_bswap32(state[i]));
  return digest;
}

// Two lower-case hexadecimal digits a byte.
inline std::string HexText(std::span<const uint8_t> digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    text.push_back("0123456789abcdef"[byte >> 4]);
    text.push_back("0123456789abcdef"[byte & 15]);
  }
  return text;
}

}  // namespace kvasm::base
