#pragma once

#include <cstdint>

namespace kvasm::base {

// Collections are built of small blocks, which are never refused one by one. Whoever builds a large
// one adds up here what it is about to take, and asks for memory now and then, ahead of it.
class RoomAhead {
 public:
  // About `bytes` more will be taken. Returns how many bytes there must be room for before that; 0
  // if enough has been asked for.
  uint64_t Take(uint64_t bytes) {
    if (bytes < left_) {
      left_ -= bytes;
      return 0;
    }
    left_ = kStepBytes;
    return bytes + kStepBytes;
  }

 private:
  static constexpr uint64_t kStepBytes = 256 * 1024;

  uint64_t left_ = kStepBytes;  // what may be taken before it is asked again
};

}  // namespace kvasm::base
