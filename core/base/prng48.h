// The 48-bit linear congruential generator of lrand48: the numbers of a seed are the same
// everywhere. Redis's math.random gives them to scripts.
#pragma once

#include <cstdint>

namespace kvasm::base {

class Prng48 {
 public:
  // As srand48.
  void Seed(int32_t seed) {
    state_ = (static_cast<uint64_t>(static_cast<uint32_t>(seed)) << 16) | 0x330e;
  }
  // As lrand48: 31 bits.
  int32_t Next() {
    state_ = (state_ * 0x5deece66dULL + 0xb) & ((uint64_t{1} << 48) - 1);
    return static_cast<int32_t>(state_ >> 17);
  }

 private:
  uint64_t state_ = 0x1234abcd330eULL;
};

}  // namespace kvasm::base
