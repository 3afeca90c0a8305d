#pragma once

#include <cstddef>
#include <cstdlib>

#include "core/base/check.h"

namespace kvasm::ds {

/// malloc and realloc for structures that cannot go on without the memory. Commands that may
/// grow data are refused while memory is short, long before these could fail.
inline void* Allocate(size_t bytes) {
  void* memory = std::malloc(bytes);
  CHECK(memory != nullptr);
  return memory;
}

inline void* Reallocate(void* memory, size_t bytes) {
  memory = std::realloc(memory, bytes);
  CHECK(memory != nullptr);
  return memory;
}

}  // namespace kvasm::ds
