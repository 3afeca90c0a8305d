#include "core/services/histogram.h"

#include <algorithm>
#include <bit>

namespace kvasm::services {

uint32_t Histogram::ClassOf(uint64_t value) {
  constexpr uint64_t kSingleMost = 2 * kHalf - 1;
  const auto doublings =
      static_cast<uint32_t>(std::bit_width(value | kSingleMost)) - (kHalfBits + 1);
  return (doublings << kHalfBits) + static_cast<uint32_t>(value >> doublings);
}

uint64_t Histogram::LowerEnd(uint32_t index) {
  if (index < 2 * kHalf) return index;
  const uint32_t doublings = (index >> kHalfBits) - 1;
  return uint64_t{(index & (kHalf - 1)) + kHalf} << doublings;
}

uint32_t Histogram::BlockOf(uint64_t value) {
  return ClassOf(std::clamp<uint64_t>(value, 1, kMost)) >> kHalfBits;
}

void Histogram::Add(uint64_t value) {
  const uint32_t index = ClassOf(std::clamp<uint64_t>(value, 1, kMost));
  auto& block = blocks_[index >> kHalfBits];
  if (block == nullptr) block = std::make_unique<std::array<uint64_t, kHalf>>();
  ++(*block)[index & (kHalf - 1)];
  ++total_;
}

uint64_t Histogram::AtPercentile(double percent) const {
  const double wanted = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(total_);
  const auto count = std::max<uint64_t>(static_cast<uint64_t>(wanted + 0.5), 1);
  uint64_t sum = 0;
  for (uint32_t index = 0; index < kBlocks * kHalf; ++index) {
    sum += CountOf(index);
    if (sum >= count) return percent == 0 ? LowerEnd(index) : UpperEnd(index);
  }
  return 0;
}

}  // namespace kvasm::services
