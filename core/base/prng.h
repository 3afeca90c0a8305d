#pragma once

#include <bit>
#include <cstdint>

namespace kvasm::base {

// xoshiro256** (Blackman and Vigna), seeded through splitmix64. The same seed gives the same
// numbers natively and in wasm. Not for secrets. 32 bytes, copyable: a copy continues the same
// sequence.
class Prng {
 public:
  explicit Prng(uint64_t seed = 0) { Seed(seed); }

  void Seed(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }

  // 64 uniform bits.
  uint64_t Next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound), without bias. bound > 0; 0 gives 0.
  uint64_t Below(uint64_t bound) {
    if (bound <= 1) return 0;
    if (bound <= 0xffffffff) return Below32(static_cast<uint32_t>(bound));
    const uint64_t threshold = (0 - bound) % bound;
    for (;;) {
      const uint64_t value = Next();
      if (value >= threshold) return value % bound;
    }
  }

  // Uniform in [0, 1), 53 bits.
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  // Lemire's multiplication: a division only in the rare unfair case.
  uint32_t Below32(uint32_t bound) {
    uint64_t product = (Next() >> 32) * bound;
    if (static_cast<uint32_t>(product) < bound) [[unlikely]] {
      const uint32_t threshold = (0 - bound) % bound;
      while (static_cast<uint32_t>(product) < threshold) product = (Next() >> 32) * bound;
    }
    return static_cast<uint32_t>(product >> 32);
  }

  uint64_t state_[4];
};

}  // namespace kvasm::base
