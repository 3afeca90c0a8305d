#include "core/ds/int_set.h"

#include <cstring>

#include "core/base/alloc.h"
#include "core/base/bytes.h"
#include "core/ds/item.h"

namespace kvasm::ds {
namespace {

uint32_t WidthFor(int64_t value) {
  if (value >= INT16_MIN && value <= INT16_MAX) return 2;
  return value >= INT32_MIN && value <= INT32_MAX ? 4 : 8;
}

uint32_t WidthCode(uint32_t width) { return width == 2 ? 1 : width == 4 ? 2 : 3; }

}  // namespace

uint32_t IntSet::Header() const { return base::Load32(block_); }

uint32_t IntSet::MemoryBytes() const { return block_ != nullptr ? BlockCapacity(bytes()) : 0; }

int64_t IntSet::Load(uint32_t index, uint32_t width) const {
  const char* at = static_cast<const char*>(block_) + kHeaderBytes + size_t{index} * width;
  if (width == 2) return static_cast<int16_t>(base::Load16(at));
  if (width == 4) return static_cast<int32_t>(base::Load32(at));
  return static_cast<int64_t>(base::Load64(at));
}

void IntSet::Store(uint32_t index, uint32_t width, int64_t value) {
  // Little endian: the low bytes come first whatever the width.
  std::memcpy(static_cast<char*>(block_) + kHeaderBytes + size_t{index} * width, &value, width);
}

// Changes block size and header only; the caller places the values. When shrinking, the values
// must have been moved down already.
void IntSet::Resize(uint32_t new_count, uint32_t new_width) {
  uint32_t new_bytes = kHeaderBytes + new_count * new_width;
  if (block_ == nullptr || BlockCapacity(new_bytes) != BlockCapacity(bytes())) {
    block_ = base::Reallocate(block_, BlockCapacity(new_bytes));
  }
  uint32_t header = new_count << 2 | WidthCode(new_width);
  base::Store32(block_, header);
}

// Index of the first value that is not less than `value`.
uint32_t IntSet::LowerBound(int64_t value) const {
  uint32_t low = 0;
  uint32_t high = count();
  uint32_t bytes_each = width();
  // Ascending insertion is the common case.
  if (high > 0 && Load(high - 1, bytes_each) < value) return high;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (Load(middle, bytes_each) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool IntSet::Contains(int64_t value) const {
  uint32_t index = LowerBound(value);
  return index < count() && At(index) == value;
}

bool IntSet::Insert(int64_t value) {
  uint32_t old_count = count();
  uint32_t old_width = width();
  uint32_t index = LowerBound(value);
  if (index < old_count && At(index) == value) return false;
  uint32_t new_width = WidthFor(value) > old_width ? WidthFor(value) : old_width;
  Resize(old_count + 1, new_width);
  if (new_width == old_width) {
    char* at = static_cast<char*>(block_) + kHeaderBytes + size_t{index} * new_width;
    std::memmove(at + new_width, at, size_t{old_count - index} * new_width);
  } else {
    for (uint32_t i = old_count; i > 0; --i) {
      Store(i - 1 < index ? i - 1 : i, new_width, Load(i - 1, old_width));
    }
  }
  Store(index, new_width, value);
  return true;
}

bool IntSet::Erase(int64_t value) {
  uint32_t index = LowerBound(value);
  if (index >= count() || At(index) != value) return false;
  EraseAt(index, 1);
  return true;
}

void IntSet::EraseAt(uint32_t index, uint32_t items) {
  uint32_t bytes_each = width();
  uint32_t new_count = count() - items;
  char* at = static_cast<char*>(block_) + kHeaderBytes + size_t{index} * bytes_each;
  std::memmove(at, at + size_t{items} * bytes_each, size_t{new_count - index} * bytes_each);
  Resize(new_count, bytes_each);
}

void IntSet::Clear() {
  base::Free(block_);
  block_ = nullptr;
}

void* IntSet::Clone() const {
  if (block_ == nullptr) return nullptr;
  void* copy = base::Allocate(BlockCapacity(bytes()));
  std::memcpy(copy, block_, bytes());
  return copy;
}

bool IntSet::Validate() const {
  if (block_ == nullptr) return true;
  if ((Header() & 3) == 0) return false;
  for (uint32_t i = 1; i < count(); ++i) {
    if (At(i - 1) >= At(i)) return false;
  }
  return true;
}

}  // namespace kvasm::ds
