#pragma once

#include <cstdint>

#include "core/base/bytes.h"
#include "core/ds/item.h"

namespace kvasm::ds {

// What items would take in a listpack, Redis's own compact list: the unit in which the limits of
// a list's nodes are given (list-max-listpack-size). A listpack has links backwards that a
// PackedList does without.
//
//   listpack:  | bytes:4 count:2 | entry | entry | ... | ff |
//   entry:     | head | text | length of the two, 7 bits a byte |
inline constexpr uint32_t kListpackFrameBytes = 7;

// The whole entry whose head and text take `body_bytes`.
inline uint64_t ListpackEntryBytes(uint64_t body_bytes) {
  if (body_bytes < 128) return body_bytes + 1;
  if (body_bytes < 16383) return body_bytes + 2;
  if (body_bytes < 2097151) return body_bytes + 3;
  return body_bytes + (body_bytes < 268435455 ? 4 : 5);
}

inline uint64_t ListpackBytes(int64_t number) {
  if (number >= 0 && number < 128) return 2;
  if (base::FitsSigned(number, 13)) return 3;
  if (base::FitsSigned(number, 16)) return 4;
  if (base::FitsSigned(number, 24)) return 5;
  return base::FitsSigned(number, 32) ? 6 : 10;
}

// Text that is no integer.
inline uint64_t ListpackTextBytes(uint64_t text_bytes) {
  return ListpackEntryBytes(text_bytes + (text_bytes < 64 ? 1 : text_bytes < 4096 ? 2 : 5));
}

inline uint64_t ListpackBytes(const Item& item) {
  return item.is_integer() ? ListpackBytes(item.number()) : ListpackTextBytes(item.bytes().size());
}

}  // namespace kvasm::ds
