// Keeps copies of texts until it goes: one allocation for many small texts.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace kvasm::base {

class TextArena {
 public:
  // The copy lives as long as the arena.
  std::string_view Keep(std::string_view text) {
    if (text.empty()) return {"", 0};
    if (text.size() > left_) Grow(text.size());
    char* copy = at_;
    std::memcpy(copy, text.data(), text.size());
    at_ += text.size();
    left_ -= text.size();
    return {copy, text.size()};
  }

 private:
  static constexpr size_t kChunkBytes = 16 * 1024;

  // A text that would take much of a chunk gets one of its own.
  void Grow(size_t bytes) {
    const size_t size = bytes > kChunkBytes / 4 ? bytes : kChunkBytes;
    // (libc++ of Emscripten 3.1.6 has no make_unique_for_overwrite.)
    chunks_.push_back(std::unique_ptr<char[]>(new char[size]));
    at_ = chunks_.back().get();
    left_ = size;
  }

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* at_ = nullptr;
  size_t left_ = 0;
};

}  // namespace kvasm::base
