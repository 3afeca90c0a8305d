#include "core/types/string_value.h"

#include <algorithm>
#include <cstring>

#include "core/base/alloc.h"

namespace kvasm::types {

uint32_t RawString::capacity() const {
  return static_cast<uint32_t>(base::UsableBytes(this)) - kHeaderBytes;
}

RawString* RawString::TryNew(std::string_view text) {
  auto* string = static_cast<RawString*>(
      base::TryAllocate(std::max(sizeof(RawString), kHeaderBytes + text.size())));
  if (string == nullptr) return nullptr;
  string->size = static_cast<uint32_t>(text.size());
  if (!text.empty()) std::memcpy(string->bytes, text.data(), text.size());
  return string;
}

RawString* RawString::TryNewZeroed(uint32_t size) {
  auto* string = static_cast<RawString*>(
      base::TryAllocate(std::max(sizeof(RawString), size_t{kHeaderBytes} + size)));
  if (string == nullptr) return nullptr;
  string->size = size;
  std::memset(string->bytes, 0, size);
  return string;
}

RawString* RawString::TryReserve(RawString* string, uint32_t size) {
  if (size <= string->capacity()) return string;
  const uint32_t slack = std::min<uint32_t>(size, 1u << 20);
  void* moved = base::TryReallocate(string, size_t{kHeaderBytes} + size + slack);
  if (moved == nullptr) moved = base::TryReallocate(string, size_t{kHeaderBytes} + size);
  return static_cast<RawString*>(moved);
}

}  // namespace kvasm::types
