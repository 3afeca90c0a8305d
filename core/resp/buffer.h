// A growable run of bytes with a read position: a session's output, and the part of a request that
// has not arrived whole. Contiguous, so a host can write it out in one go.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace kvasm::resp {

class Buffer {
 public:
  static constexpr uint32_t kBytesMax = sizeof(void*) == 4 ? 0x7fffffff : 0xc0000000;

  Buffer() = default;
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  const char* data() const { return block_ + begin_; }
  char* data() { return block_ + begin_; }
  uint32_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::string_view view() const { return {data(), size()}; }
  uint32_t capacity() const { return capacity_; }

  // The most it has held since this was last asked, before being emptied or now.
  uint32_t TakePeak() { return std::max(std::exchange(peak_, 0), size()); }
  // Gives back the block of an empty buffer if it is larger than `bytes`.
  void Trim(uint32_t bytes);

  // Room for `bytes` more at the returned address; Advance says how many were used. When memory is
  // exhausted: null, and the buffer has `failed`: what is written from then on goes nowhere.
  char* Prepare(uint32_t bytes) {
    if (bytes <= capacity_ - end_ && !failed_) [[likely]]
      return block_ + end_;
    return Grow(bytes);
  }
  void Advance(uint32_t bytes) { end_ += bytes; }

  void Append(std::string_view bytes) {
    if (bytes.size() > kBytesMax) {
      failed_ = true;
      return;
    }
    char* to = Prepare(static_cast<uint32_t>(bytes.size()));
    if (to == nullptr) return;
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    Advance(static_cast<uint32_t>(bytes.size()));
  }
  // Inserts bytes before those written since the buffer was `at` bytes long. O(bytes after it).
  void InsertAt(uint32_t at, std::string_view bytes);

  // Drops the first `bytes` bytes; an emptied buffer gives a large block back.
  void Consume(uint32_t bytes);
  // Forgets everything after the first `bytes` bytes.
  void Truncate(uint32_t bytes) { end_ = begin_ + bytes; }
  void Clear() { Consume(size()); }

  // The buffer fails rather than hold much more than `bytes`; what it holds already stays.
  void set_limit(uint32_t bytes) { limit_ = bytes; }
  // Whether that was why it failed; forgotten by being taken.
  bool TakeStop() { return std::exchange(stopped_, false); }

  // Whether memory ran out while writing. Stays until taken.
  bool failed() const { return failed_; }
  bool TakeFailure() { return std::exchange(failed_, false); }

 private:
  char* Grow(uint32_t bytes);

  char* block_ = nullptr;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
  uint32_t capacity_ = 0;
  uint32_t peak_ = 0;
  uint32_t limit_ = kBytesMax;
  bool failed_ = false;
  bool stopped_ = false;
};

}  // namespace kvasm::resp
