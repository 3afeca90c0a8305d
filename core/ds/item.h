#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/numbers.h"

namespace kvasm::ds {

// Scratch space in which an integer item is written out as text.
struct NumberText {
  char bytes[base::kIntCharsMax];
};

// One element read from a compact structure: either a view of bytes owned by that structure
// (valid until it changes) or an integer, which has text only once written into a NumberText.
// Trivially copyable; owns nothing.
class Item {
 public:
  Item() = default;
  explicit Item(std::string_view text)
      : data_(text.data() != nullptr ? text.data() : ""),
        size_(static_cast<uint32_t>(text.size())) {}
  explicit Item(int64_t number) : number_(number) {}

  // Text that is the canonical form of an int64 becomes an integer item.
  static Item Of(std::string_view text);

  bool is_integer() const { return data_ == nullptr; }
  int64_t number() const { return number_; }
  // The bytes of an item that is not an integer.
  std::string_view bytes() const { return {data_, size_}; }

  // The item as text; `scratch` must outlive the view.
  std::string_view Text(NumberText& scratch) const {
    if (data_ != nullptr) return {data_, size_};
    return {scratch.bytes, base::FormatInt64(scratch.bytes, number_)};
  }
  // Length of Text() without producing it.
  uint32_t TextSize() const {
    NumberText scratch;
    return static_cast<uint32_t>(Text(scratch).size());
  }

 private:
  const char* data_ = nullptr;
  uint32_t size_ = 0;
  int64_t number_ = 0;
};

inline Item Item::Of(std::string_view text) {
  auto number = base::ParseInt64(text);
  return number ? Item(*number) : Item(text);
}

// Heap bytes a compact block of `bytes` bytes is given: at most 1/16 more than asked, so that
// most appends do not reallocate. A pure function, so no block stores its capacity.
inline uint32_t BlockCapacity(uint32_t bytes) {
  uint32_t step = 8;
  while (bytes / step > 32) step *= 2;
  return (bytes + step - 1) / step * step;
}

}  // namespace kvasm::ds
