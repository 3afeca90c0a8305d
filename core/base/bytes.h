#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kvasm::base {

static_assert(std::endian::native == std::endian::little, "formats and hashes assume this");

// Unaligned little-endian loads and stores.
inline uint16_t Load16(const void* from) {
  uint16_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
inline uint32_t Load32(const void* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
inline uint64_t Load64(const void* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
inline void Store16(void* to, uint16_t value) { std::memcpy(to, &value, sizeof value); }
inline void Store32(void* to, uint32_t value) { std::memcpy(to, &value, sizeof value); }
inline void Store64(void* to, uint64_t value) { std::memcpy(to, &value, sizeof value); }

// A signed little-endian integer of `bytes` bytes, 1 to 8.
inline int64_t LoadSigned(const void* from, uint32_t bytes) {
  uint64_t value = 0;
  std::memcpy(&value, from, bytes);
  const uint32_t unused_bits = 64 - 8 * bytes;
  return static_cast<int64_t>(value << unused_bits) >> unused_bits;
}

// Whether a signed integer of `bits` bits, 1 to 63, can hold `value`.
constexpr bool FitsSigned(int64_t value, uint32_t bits) {
  const int64_t limit = int64_t{1} << (bits - 1);
  return value >= -limit && value < limit;
}

// std::bit_cast, which libc++ of Emscripten 3.1.6 does not have.
template <class To, class From>
constexpr To BitCast(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

// Whether two strings hold the same bytes. Unlike string_view's ==, it makes no call for short
// strings: wasm's memcmp is a loop over single bytes.
inline bool Equal(std::string_view a, std::string_view b) {
  const size_t n = a.size();
  if (n != b.size()) return false;
  const char* x = a.data();
  const char* y = b.data();
  if (n >= 8) {
    for (size_t i = 0; i + 8 < n; i += 8) {
      if (Load64(x + i) != Load64(y + i)) return false;
    }
    return Load64(x + n - 8) == Load64(y + n - 8);
  }
  if (n >= 4) return Load32(x) == Load32(y) && Load32(x + n - 4) == Load32(y + n - 4);
  if (n == 0) return true;
  return x[0] == y[0] && x[n / 2] == y[n / 2] && x[n - 1] == y[n - 1];
}

// memcpy that makes no call for short pieces: wasm's own costs more than what it copies of them.
inline void Copy(void* to, const void* from, size_t n) {
  auto* out = static_cast<char*>(to);
  const auto* in = static_cast<const char*>(from);
  if (n > 32) {
    std::memcpy(out, in, n);
  } else if (n >= 8) {
    // Some of it may be copied twice.
    const uint64_t last = Load64(in + n - 8);
    for (size_t i = 0; i + 8 < n; i += 8) Store64(out + i, Load64(in + i));
    Store64(out + n - 8, last);
  } else if (n >= 4) {
    const uint32_t last = Load32(in + n - 4);
    Store32(out, Load32(in));
    Store32(out + n - 4, last);
  } else if (n > 0) {
    const char middle = in[n / 2];
    const char last = in[n - 1];
    out[0] = in[0];
    out[n / 2] = middle;
    out[n - 1] = last;
  }
}

// memmove in words, whatever the alignment: wasm's own goes byte by byte unless both places are
// aligned alike.
inline void MoveInWords(void* to, const void* from, size_t n) {
  auto* out = static_cast<uint8_t*>(to);
  const auto* in = static_cast<const uint8_t*>(from);
  // Every word is read before what is written reaches it.
  if (out < in) {
    for (; n >= 16; n -= 16, in += 16, out += 16) {
      const uint64_t low = Load64(in);
      const uint64_t high = Load64(in + 8);
      Store64(out, low);
      Store64(out + 8, high);
    }
    for (; n > 0; --n) *out++ = *in++;
  } else {
    for (; n >= 16; n -= 16) {
      const uint64_t high = Load64(in + n - 8);
      const uint64_t low = Load64(in + n - 16);
      Store64(out + n - 8, high);
      Store64(out + n - 16, low);
    }
    for (; n > 0; --n) out[n - 1] = in[n - 1];
  }
}

inline void Move(void* to, const void* from, size_t n) {
  sizeof(void*) == 4 ? MoveInWords(to, from, n) : static_cast<void>(std::memmove(to, from, n));
}

}  // namespace kvasm::base
