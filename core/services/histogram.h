// How often values were met, by their size, to two significant digits: what LATENCY HISTOGRAM and
// the percentiles of INFO are made of. The classes are those of HdrHistogram as Redis sets it up
// (1 ns to 1 s, 2 digits), so both tell the same of the same durations:
//
//   values 0..255: a class each; from there on 128 classes for each doubling
//
// Memory: 1 KB for each doubling that was met.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>

namespace kvasm::services {

class Histogram {
 public:
  static constexpr uint64_t kMost = 1'000'000'000;  // larger values count as this one

  // 0 counts as 1.
  void Add(uint64_t value);
  // Whether Add takes no memory for this value.
  bool HasRoomFor(uint64_t value) const { return blocks_[BlockOf(value)] != nullptr; }
  uint64_t total() const { return total_; }
  // The upper end of the class below which (itself included) `percent` of the values lie; for 0 the
  // lower end of the first class that has any.
  uint64_t AtPercentile(double percent) const;
  // visit(upper end, values up to there) for 1024 and each doubling of it up to kMost, and for what
  // lies behind, where there are more values than at the one before.
  template <class Visit>
  void ForEachDoubling(Visit visit) const {
    uint64_t sum = 0;
    uint32_t at = 0;
    for (uint64_t level = 1024; level <= kMost; level *= 2) {
      const uint32_t last = ClassOf(level);
      const uint64_t before = sum;
      for (; at <= last; ++at) sum += CountOf(at);
      if (sum > before) visit(UpperEnd(last), sum);
    }
    if (sum < total_) visit(UpperEnd(kBlocks * kHalf - 1), total_);
  }

 private:
  static constexpr uint32_t kHalfBits = 7;
  static constexpr uint32_t kHalf = 1u << kHalfBits;  // classes for each doubling
  static constexpr uint32_t kBlocks = 24;

  static uint32_t ClassOf(uint64_t value);
  static uint32_t BlockOf(uint64_t value);
  static uint64_t LowerEnd(uint32_t index);
  static uint64_t UpperEnd(uint32_t index) { return LowerEnd(index + 1) - 1; }
  uint64_t CountOf(uint32_t index) const {
    const auto& block = blocks_[index >> kHalfBits];
    return block == nullptr ? 0 : (*block)[index & (kHalf - 1)];
  }

  std::array<std::unique_ptr<std::array<uint64_t, kHalf>>, kBlocks> blocks_{};
  uint64_t total_ = 0;
};

inline uint32_t Histogram::ClassOf(uint64_t value) {
  constexpr uint64_t kSingleMost = 2 * kHalf - 1;
  const auto doublings =
      static_cast<uint32_t>(std::bit_width(value | kSingleMost)) - (kHalfBits + 1);
  return (doublings << kHalfBits) + static_cast<uint32_t>(value >> doublings);
}

inline uint32_t Histogram::BlockOf(uint64_t value) {
  return ClassOf(std::clamp<uint64_t>(value, 1, kMost)) >> kHalfBits;
}

inline void Histogram::Add(uint64_t value) {
  const uint32_t index = ClassOf(std::clamp<uint64_t>(value, 1, kMost));
  auto& block = blocks_[index >> kHalfBits];
  if (block == nullptr) block = std::make_unique<std::array<uint64_t, kHalf>>();
  ++(*block)[index & (kHalf - 1)];
  ++total_;
}

}  // namespace kvasm::services
