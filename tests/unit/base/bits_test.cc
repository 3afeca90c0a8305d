#include "core/base/bits.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/prng.h"

namespace kvasm::base {
namespace {

// The model: a bit an element.
std::vector<bool> Spread(const std::string& bytes) {
  std::vector<bool> bits;
  for (const char byte : bytes) {
    for (int i = 7; i >= 0; --i) bits.push_back(byte >> i & 1);
  }
  return bits;
}

// Mostly runs of equal bits, so that whole words are skipped, with something in between.
std::string RandomBytes(Prng& prng) {
  std::string bytes(prng.Below(70), prng.Below(2) ? '\xff' : '\0');
  for (uint64_t i = prng.Below(4); i > 0 && !bytes.empty(); --i) {
    bytes[prng.Below(bytes.size())] = static_cast<char>(prng.Next());
  }
  return bytes;
}

TEST(Bits, CountAndFindAgreeWithALoopOverSingleBits) {
  Prng prng(1);
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = RandomBytes(prng);
    const std::vector<bool> bits = Spread(bytes);
    const uint64_t to = prng.Below(bits.size() + 1);
    const uint64_t from = prng.Below(to + 1);
    const bool wanted = prng.Below(2) != 0;
    uint64_t count = 0;
    uint64_t found = to;
    for (uint64_t i = to; i-- > from;) {
      count += bits[i];
      if (bits[i] == wanted) found = i;
    }
    ASSERT_EQ(CountBits(bytes, from, to), count) << round;
    ASSERT_EQ(FindBit(bytes, wanted, from, to), found) << round;
    ASSERT_EQ(CountBits(bytes), CountBits(bytes, 0, bits.size())) << round;
  }
}

TEST(Bits, EmptyRangesHoldNothing) {
  EXPECT_EQ(CountBits(""), 0u);
  EXPECT_EQ(CountBits("", 0, 0), 0u);
  EXPECT_EQ(FindBit("", true, 0, 0), 0u);
  EXPECT_EQ(FindBit("\xff", true, 8, 8), 8u);
}

TEST(Bits, FieldsOfEveryWidthAreReadAndWrittenAtEveryOffset) {
  Prng prng(2);
  std::string bytes(24, '\x5a');
  for (uint32_t width = 1; width <= 64; ++width) {
    for (uint64_t offset = 0; offset + width <= bytes.size() * 8; ++offset) {
      std::vector<bool> bits = Spread(bytes);
      const uint64_t value = prng.Next();
      WriteBits(bytes.data(), offset, width, value);
      for (uint32_t i = 0; i < width; ++i) bits[offset + i] = value >> (width - 1 - i) & 1;
      ASSERT_EQ(Spread(bytes), bits) << width << " bits at " << offset;
      const uint64_t kept = width == 64 ? value : value & ((uint64_t{1} << width) - 1);
      ASSERT_EQ(ReadBits(bytes, offset, width), kept) << width << " bits at " << offset;
    }
  }
}

TEST(Bits, ZerosFollowTheBytes) {
  EXPECT_EQ(ReadBits("\xff", 4, 8), 0xf0u);
  EXPECT_EQ(ReadBits("\xff", 7, 64), uint64_t{1} << 63);
  EXPECT_EQ(ReadBits("\xff", 8, 64), 0u);
  EXPECT_EQ(ReadBits("", uint64_t{1} << 40, 63), 0u);
}

}  // namespace
}  // namespace kvasm::base
