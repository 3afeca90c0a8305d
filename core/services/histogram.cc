#include "core/services/histogram.h"

#include <algorithm>

namespace kvasm::services {

uint64_t Histogram::LowerEnd(uint32_t index) {
  if (index < 2 * kHalf) return index;
  const uint32_t doublings = (index >> kHalfBits) - 1;
  return uint64_t{(index & (kHalf - 1)) + kHalf} << doublings;
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
