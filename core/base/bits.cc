#include "core/base/bits.h"

#include <algorithm>
#include <bit>

#include "core/base/bytes.h"

namespace kvasm::base {
namespace {

uint8_t ByteAt(std::string_view bytes, uint64_t i) {
  return static_cast<uint8_t>(bytes[static_cast<size_t>(i)]);
}

}  // namespace

uint64_t CountBits(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  // Four sums, so that a count need not wait for the one before it.
  uint64_t counts[4] = {};
  for (; end - at >= 32; at += 32) {
    counts[0] += static_cast<uint64_t>(std::popcount(Load64(at)));
    counts[1] += static_cast<uint64_t>(std::popcount(Load64(at + 8)));
    counts[2] += static_cast<uint64_t>(std::popcount(Load64(at + 16)));
    counts[3] += static_cast<uint64_t>(std::popcount(Load64(at + 24)));
  }
  for (; end - at >= 8; at += 8) counts[0] += static_cast<uint64_t>(std::popcount(Load64(at)));
  for (; at < end; ++at) {
    counts[1] += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(*at)));
  }
  return counts[0] + counts[1] + counts[2] + counts[3];
}

uint64_t CountBits(std::string_view bytes, uint64_t from, uint64_t to) {
  if (from >= to) return 0;
  const uint64_t first = from >> 3;
  const uint64_t last = (to - 1) >> 3;
  const auto whole =
      bytes.substr(static_cast<size_t>(first), static_cast<size_t>(last - first + 1));
  // The bits of the outer bytes that are not in the range.
  const auto before = static_cast<uint8_t>(ByteAt(bytes, first) & ~(0xff >> (from & 7)));
  const auto after = static_cast<uint8_t>(ByteAt(bytes, last) & (0x7f >> ((to - 1) & 7)));
  return CountBits(whole) - static_cast<uint64_t>(std::popcount(before) + std::popcount(after));
}

uint64_t FindBit(std::string_view bytes, bool bit, uint64_t from, uint64_t to) {
  if (from >= to) return to;
  // Flipped so that a bit that is searched for is 1.
  const uint64_t flip = bit ? 0 : ~uint64_t{0};
  const uint64_t end = (to + 7) >> 3;
  uint64_t i = from >> 3;
  const auto first = static_cast<uint8_t>((ByteAt(bytes, i) ^ flip) & (0xff >> (from & 7)));
  if (first != 0) return std::min(to, i * 8 + static_cast<uint64_t>(std::countl_zero(first)));
  ++i;
  while (end - i >= 8) {
    const uint64_t word = Load64(bytes.data() + i) ^ flip;
    if (word != 0) {
      // The lowest byte of the word stands first.
      const auto byte = static_cast<uint64_t>(std::countr_zero(word)) >> 3;
      const auto found = static_cast<uint8_t>(word >> (byte * 8));
      return std::min(to, (i + byte) * 8 + static_cast<uint64_t>(std::countl_zero(found)));
    }
    i += 8;
  }
  for (; i < end; ++i) {
    const auto found = static_cast<uint8_t>(ByteAt(bytes, i) ^ flip);
    if (found != 0) return std::min(to, i * 8 + static_cast<uint64_t>(std::countl_zero(found)));
  }
  return to;
}

uint64_t ReadBits(std::string_view bytes, uint64_t offset, uint32_t width) {
  uint64_t value = 0;
  while (width > 0) {
    const uint64_t byte = offset >> 3;
    const auto skipped = static_cast<uint32_t>(offset & 7);
    const uint32_t taken = std::min(8 - skipped, width);
    const uint32_t bits = byte < bytes.size() ? ByteAt(bytes, byte) : 0u;
    value = value << taken | (bits >> (8 - skipped - taken) & ((1u << taken) - 1));
    offset += taken;
    width -= taken;
  }
  return value;
}

void WriteBits(char* bytes, uint64_t offset, uint32_t width, uint64_t value) {
  while (width > 0) {
    const auto skipped = static_cast<uint32_t>(offset & 7);
    const uint32_t taken = std::min(8 - skipped, width);
    const uint32_t shift = 8 - skipped - taken;
    const uint32_t mask = ((1u << taken) - 1) << shift;
    const auto bits = static_cast<uint32_t>(value >> (width - taken)) << shift & mask;
    char& at = bytes[static_cast<size_t>(offset >> 3)];
    at = static_cast<char>((static_cast<uint8_t>(at) & ~mask) | bits);
    offset += taken;
    width -= taken;
  }
}

}  // namespace kvasm::base
