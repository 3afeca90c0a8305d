// Strings that live outside their entry (encoding "raw"): a heap block with room to grow.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvasm::types {

// [size u32][bytes...]; the capacity is what the allocator gave.
struct RawString {
  uint32_t size;
  char bytes[4];

  static constexpr uint32_t kHeaderBytes = sizeof(uint32_t);
  // No string is longer, whatever proto-max-bulk-len allows.
  static constexpr uint32_t kBytesMax = 0x7fff0000;

  std::string_view view() const { return {bytes, size}; }
  uint32_t capacity() const;

  // Copies `text`; null when memory is exhausted.
  static RawString* TryNew(std::string_view text);
  // A block for `size` bytes, all zero; null when memory is exhausted.
  static RawString* TryNewZeroed(uint32_t size);
  // Room for `size` bytes, growing ahead of need (doubling up to 1 MB more). The string may move.
  // Null when memory is exhausted: `string` is then untouched.
  static RawString* TryReserve(RawString* string, uint32_t size);
};

// Longest string stored inside its entry; longer ones are raw (Redis: OBJ_ENCODING_EMBSTR).
inline constexpr uint32_t kEmbeddedBytesMax = 44;

}  // namespace kvasm::types
