#include "core/base/sha1.h"

#include <bit>
#include <cstring>

#include "core/base/bytes.h"

namespace kvasm::base {
namespace {

constexpr size_t kBlockBytes = 64;

using State = std::array<uint32_t, 5>;

void Compress(State& state, const char* block) {
  uint32_t words[80];
  for (int i = 0; i < 16; ++i) words[i] = __builtin_bswap32(Load32(block + 4 * i));
  for (int i = 16; i < 80; ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  // Not a structured binding: clang 14 cannot capture those.
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  const auto round = [&](uint32_t mixed, uint32_t constant, uint32_t word) {
    const uint32_t next = std::rotl(a, 5) + mixed + e + constant + word;
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  };
  for (int i = 0; i < 20; ++i) round((b & c) | (~b & d), 0x5a827999, words[i]);
  for (int i = 20; i < 40; ++i) round(b ^ c ^ d, 0x6ed9eba1, words[i]);
  for (int i = 40; i < 60; ++i) round((b & c) | (b & d) | (c & d), 0x8f1bbcdc, words[i]);
  for (int i = 60; i < 80; ++i) round(b ^ c ^ d, 0xca62c1d6, words[i]);
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

}  // namespace

Sha1Digest Sha1(std::string_view data) {
  State state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  size_t at = 0;
  for (; data.size() - at >= kBlockBytes; at += kBlockBytes) Compress(state, data.data() + at);

  // The rest, a set bit, zeros and the length in bits: one block or two.
  char tail[2 * kBlockBytes] = {};
  const size_t rest = data.size() - at;
  if (rest > 0) std::memcpy(tail, data.data() + at, rest);
  tail[rest] = static_cast<char>(0x80);
  const size_t tail_bytes = rest + 9 <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
  Store64(tail + tail_bytes - 8, __builtin_bswap64(uint64_t{data.size()} * 8));
  for (size_t i = 0; i < tail_bytes; i += kBlockBytes) Compress(state, tail + i);

  Sha1Digest digest;
  for (size_t i = 0; i < state.size(); ++i) {
    Store32(digest.data() + 4 * i, __builtin_bswap32(state[i]));
  }
  return digest;
}

std::string HexText(const Sha1Digest& digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    text.push_back("0123456789abcdef"[byte >> 4]);
    text.push_back("0123456789abcdef"[byte & 15]);
  }
  return text;
}

}  // namespace kvasm::base
