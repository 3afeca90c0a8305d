// Runs of bits in strings of bytes, as the bitmap commands number them: bit 0 is the highest bit of
// the first byte. Positions and lengths are in bits, 64 bits wide, whatever size_t is.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvasm::base {

// How many bits are set in all of `bytes`. O(bytes), a word at a time.
uint64_t CountBits(std::string_view bytes);
// The same for the bits [from, to); `to` is at most 8 * bytes.size().
uint64_t CountBits(std::string_view bytes, uint64_t from, uint64_t to);

// The first bit in [from, to) that equals `bit`, or `to` if there is none; `to` is at most
// 8 * bytes.size(). O(bits up to it), a word at a time.
uint64_t FindBit(std::string_view bytes, bool bit, uint64_t from, uint64_t to);

// The `width` (1 to 64) bits from `offset` on as a number, highest bit first. What lies behind the
// end of `bytes` is 0.
uint64_t ReadBits(std::string_view bytes, uint64_t offset, uint32_t width);
// Writes the low `width` bits of `value` there. All of them are inside of `bytes`.
void WriteBits(char* bytes, uint64_t offset, uint32_t width, uint64_t value);

}  // namespace kvasm::base
