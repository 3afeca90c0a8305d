#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/hash.h"

namespace kvasm::base {

// MurmurHash64A (Austin Appleby): the hash that decides which register of a HyperLogLog an element
// counts into, and so is part of that format. Not keyed against chosen inputs. O(size).
inline uint64_t Murmur64A(std::string_view text, uint64_t seed) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  constexpr int kShift = 47;
  const char* data = text.data();
  const size_t size = text.size();
  uint64_t hash = seed ^ (uint64_t{size} * kMultiplier);
  for (size_t i = 0; i + 8 <= size; i += 8) {
    uint64_t word = Load64(data + i) * kMultiplier;
    word = (word ^ word >> kShift) * kMultiplier;
    hash = (hash ^ word) * kMultiplier;
  }
  if ((size & 7) != 0) hash = (hash ^ internal::LoadTail(data, size)) * kMultiplier;
  hash = (hash ^ hash >> kShift) * kMultiplier;
  return hash ^ hash >> kShift;
}

}  // namespace kvasm::base
