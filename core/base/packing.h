// Tables as bytes: written by the compiler, read at start. As structures, with a pointer and a
// length for every text, they are several times as large in the module, and hardly compress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvasm::base {

// Writes texts without NUL and numbers, for a PackingReader that asks for the same in turn.
class PackingWriter {
 public:
  // Without `out` it only counts.
  constexpr explicit PackingWriter(char* out) : out_(out) {}
  constexpr size_t size() const { return size_; }

  constexpr void Text(std::string_view text) {
    for (const char c : text) Byte(static_cast<uint8_t>(c));
    Byte(0);
  }
  // Seven bits a byte, the lowest first.
  constexpr void Number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) Byte(static_cast<uint8_t>(value | 0x80));
    Byte(static_cast<uint8_t>(value));
  }
  constexpr void Signed(int64_t value) {
    const auto bits = static_cast<uint64_t>(value);
    Number(value < 0 ? ~bits << 1 | 1 : bits << 1);
  }

 private:
  constexpr void Byte(uint8_t byte) {
    if (out_ != nullptr) out_[size_] = static_cast<char>(byte);
    ++size_;
  }

  char* out_;
  size_t size_ = 0;
};

// The bytes are trusted. Texts borrow from them.
class PackingReader {
 public:
  explicit PackingReader(const char* bytes) : at_(bytes) {}

  std::string_view Text();
  uint64_t Number();
  int64_t Signed();

 private:
  const char* at_;
};

}  // namespace kvasm::base
