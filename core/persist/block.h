// A growable block of bytes for what must be whole before it is written: a listpack, a compressed
// or expanded string. Running out of memory is a state, not a trap.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/base/alloc.h"

namespace kvasm::persist {

class Block {
 public:
  Block() = default;
  ~Block() { base::Free(bytes_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  // What was moved from is empty.
  Block(Block&& other) noexcept { Swap(other); }
  Block& operator=(Block&& other) noexcept {
    Swap(other);
    return *this;
  }

  std::string_view view() const { return {bytes_, size_}; }
  char* data() { return bytes_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

  // Room for `bytes` in total. False when memory is exhausted: the block is as it was, and failed.
  bool Reserve(size_t bytes) {
    if (bytes <= capacity_) return true;
    const size_t generous = bytes + std::min<size_t>(bytes, kGrowthBytesMax);
    for (const size_t wanted : {generous, bytes}) {
      void* moved = base::TryReallocate(bytes_, wanted);
      if (moved == nullptr) continue;
      bytes_ = static_cast<char*>(moved);
      capacity_ = wanted;
      return true;
    }
    failed_ = true;
    return false;
  }

  // After a failed Append nothing is appended any more.
  void Append(std::string_view bytes) {
    if (bytes.empty() || failed_ || !Reserve(size_ + bytes.size())) return;
    std::memcpy(bytes_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void AppendByte(uint8_t byte) {
    const char as_char = static_cast<char>(byte);
    Append({&as_char, 1});
  }
  // Says how much of what Reserve gave is used.
  void Resize(size_t bytes) { size_ = bytes; }

  // Empties it; a large block is given back.
  void Clear() {
    size_ = 0;
    failed_ = false;
    if (capacity_ <= kKeptBytes) return;
    base::Free(bytes_);
    bytes_ = nullptr;
    capacity_ = 0;
  }
  bool failed() const { return failed_; }
  void Swap(Block& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(failed_, other.failed_);
  }

 private:
  static constexpr size_t kGrowthBytesMax = 1 << 20;
  static constexpr size_t kKeptBytes = 64 * 1024;

  char* bytes_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  bool failed_ = false;
};

}  // namespace kvasm::persist
