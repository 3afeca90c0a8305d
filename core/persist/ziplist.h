// The forms in which Redis before 7.0 kept small collections. They are read only; like
// ListpackReader, these readers trust no byte and latch the first flaw.
//
//   ziplist  | bytes u32 | offset of the last entry u32 | count u16 | entry... | ff |
//     entry: length of the entry before it (1 byte below 254, else fe and 4 bytes), then
//            00llllll | 01llllll l | 80 llll (big endian)   and that many bytes of text
//            c0 nn, d0 nnnn, e0 nnnnnnnn, f0 nnn, fe n      integers;  f1..fd  the integers 0..12
//   zipmap   | count u8 | pair... | ff |
//     pair:  length, key, length, free u8, value, `free` unused bytes
//            length: 1 byte below 254, else fe and 4 bytes
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/ds/item.h"

namespace kvasm::persist {

class ZiplistReader {
 public:
  explicit ZiplistReader(std::string_view block);

  // Walks a whole block: its number of elements, or none if anything about it is wrong.
  static std::optional<uint32_t> Count(std::string_view block);

  bool ok() const { return ok_; }
  bool More();
  // As ListpackReader::Take.
  ds::Item Take();

 private:
  ds::Item Flaw();
  ds::Item Text(size_t head_bytes, uint64_t text_bytes);
  ds::Item Integer(size_t head_bytes, uint32_t bytes);
  void End(size_t entry_end);

  std::string_view block_;
  size_t at_;
  size_t previous_ = 0;        // where the entry before starts; 0 = there is none
  size_t previous_bytes_ = 0;  // and its length
  uint32_t taken_ = 0;
  bool ok_ = true;
};

// Reads keys and values in turn.
class ZipmapReader {
 public:
  explicit ZipmapReader(std::string_view block);

  // The number of keys and values together.
  static std::optional<uint32_t> Count(std::string_view block);

  bool ok() const { return ok_; }
  bool More();
  ds::Item Take();

 private:
  ds::Item Flaw();

  std::string_view block_;
  size_t at_ = 1;
  uint32_t taken_ = 0;
  bool ok_ = true;
};

}  // namespace kvasm::persist
