#include "core/resp/buffer.h"

#include <algorithm>

#include "core/base/alloc.h"

namespace kvasm::resp {
namespace {

constexpr uint32_t kSmallestBytes = 512;
// An emptied block larger than this is freed: one large reply must not pin its memory.
constexpr uint32_t kKeptBytes = 64 * 1024;

}  // namespace

Buffer::~Buffer() { base::Free(block_); }

char* Buffer::Grow(uint32_t bytes) {
  if (failed_) return nullptr;
  const uint32_t used = size();
  if (uint64_t{used} + bytes > limit_) {
    failed_ = stopped_ = limit_ < kBytesMax;
    if (failed_) return nullptr;
  }
  if (begin_ > 0 && begin_ >= capacity_ / 2 && uint64_t{used} + bytes <= capacity_) {
    std::memmove(block_, block_ + begin_, used);
    begin_ = 0;
    end_ = used;
    return block_ + end_;
  }
  const uint64_t needed = uint64_t{end_} + bytes;
  if (block_ == nullptr && needed <= kSmallestBytes) {
    // Never refused: there has to be room for the error that tells of exhausted memory.
    block_ = static_cast<char*>(base::Allocate(kSmallestBytes));
    capacity_ = kSmallestBytes;
    return block_;
  }
  const uint64_t wanted = std::max<uint64_t>({needed, uint64_t{capacity_} * 2, kSmallestBytes});
  // Where doubling is too much, less will do; but never so little that a reply of small elements
  // moves its block for each of them.
  const uint64_t modest = needed + std::max<uint64_t>(needed / 16, kSmallestBytes);
  char* grown = nullptr;
  uint64_t given = 0;
  for (const uint64_t bytes_now : {wanted, modest}) {
    if (grown != nullptr || needed > kBytesMax) break;
    given = std::min<uint64_t>(bytes_now, kBytesMax);
    grown = static_cast<char*>(base::TryReallocate(block_, static_cast<size_t>(given)));
  }
  if (grown == nullptr) {
    failed_ = true;
    return nullptr;
  }
  block_ = grown;
  capacity_ = static_cast<uint32_t>(given);
  return block_ + end_;
}

void Buffer::InsertAt(uint32_t at, std::string_view bytes) {
  const auto count = static_cast<uint32_t>(bytes.size());
  if (Prepare(count) == nullptr) return;
  char* from = data() + at;
  std::memmove(from + count, from, size() - at);
  std::memcpy(from, bytes.data(), count);
  Advance(count);
}

void Buffer::Consume(uint32_t bytes) {
  peak_ = std::max(peak_, size());
  begin_ += bytes;
  if (begin_ < end_) return;
  begin_ = end_ = 0;
  Trim(kKeptBytes);
}

void Buffer::Trim(uint32_t bytes) {
  if (!empty() || capacity_ <= bytes) return;
  begin_ = end_ = 0;
  base::Free(block_);
  block_ = nullptr;
  capacity_ = 0;
}

}  // namespace kvasm::resp
