#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"

namespace kvasm::base {

// The secret of one engine: without it nobody can make keys that fall into one bucket.
struct HashSeed {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
};

namespace internal {

struct SipState {
  uint64_t v0, v1, v2, v3;

  [[gnu::always_inline]] void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  [[gnu::always_inline]] void Absorb(uint64_t word) {
    v3 ^= word;
    Round();
    v0 ^= word;
  }
};

// The last 0 to 7 bytes of a text (those after its last full word), low byte first.
inline uint64_t LoadTail(const char* text, size_t size) {
  const size_t rest = size & 7;
  if (rest == 0) return 0;
  if (size >= 8) return Load64(text + size - 8) >> (64 - 8 * rest);
  if (rest >= 4) {
    return Load32(text) | uint64_t{Load32(text + rest - 4)} << (8 * (rest - 4));
  }
  const auto byte = [text](size_t i) { return uint64_t{static_cast<uint8_t>(text[i])} << (8 * i); };
  return byte(0) | byte(rest / 2) | byte(rest - 1);
}

}  // namespace internal

// SipHash-1-3 (Aumasson and Bernstein): one round a word, three at the end. A keyed hash whose
// collisions cannot be computed without the seed. O(size), no allocation.
inline uint64_t SipHash13(const HashSeed& seed, std::string_view text) {
  internal::SipState state{seed.k0 ^ 0x736f6d6570736575, seed.k1 ^ 0x646f72616e646f6d,
                           seed.k0 ^ 0x6c7967656e657261, seed.k1 ^ 0x7465646279746573};
  const char* data = text.data();
  const size_t size = text.size();
  for (size_t i = 0; i + 8 <= size; i += 8) state.Absorb(Load64(data + i));
  state.Absorb(internal::LoadTail(data, size) | uint64_t{size & 0xff} << 56);
  state.v2 ^= 0xff;
  state.Round();
  state.Round();
  state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace kvasm::base
