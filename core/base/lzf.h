// LZF, the compression inside RDB strings and DUMP payloads: a byte-oriented LZ77 with a window of
// 8 KB. Any decoder of LZF reads what LzfCompress writes; the bytes need not be those of another
// compressor.
//
//   control byte c   c < 32: c + 1 literal bytes follow
//                    else:   a copy of (c >> 5) + 2 bytes; when c >> 5 is 7 the next byte adds to
//                            the length; then the distance less one, its high 5 bits in c and its
//                            low 8 bits in one more byte
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvasm::base {

// No stream of `compressed` bytes expands to more than this: three bytes make 264 at best. Ask
// before allocating what a stream claims to hold.
constexpr uint64_t LzfExpandedBytesMax(uint64_t compressed) { return compressed * 88; }

// Compresses `from` into `to`, which has `room` bytes. Returns the bytes used, or 0 when they would
// be more than `room`. O(size), 32 KB of stack, allocates nothing. Inputs below 4 GB.
size_t LzfCompress(std::string_view from, char* to, size_t room);

// Expands `from` into exactly `size` bytes at `to`. False when `from` is not a valid stream or
// holds another number of bytes. Never reads or writes outside the two blocks.
bool LzfExpand(std::string_view from, char* to, size_t size);

}  // namespace kvasm::base
