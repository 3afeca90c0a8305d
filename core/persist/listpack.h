// The listpack: how Redis keeps, and an RDB file carries, small collections.
//
//   | bytes u32 | count u16 | element... | ff |        count 65535: walk to know
//   element:  form and data, then the length of both again, for walking backwards ("backlen"):
//             base 128, most significant digit first, bit 7 set on every byte but the first
//     0nnnnnnn                  0..127                 f1 nn .. f4 nnnnnnnn   int16, 24, 32, 64
//     10llllll text             up to 63 bytes         110nnnnn n             13 bits, signed
//     1110llll l text           up to 4095 bytes       f0 llll text           longer
//
// Both classes borrow their block; neither trusts a byte of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/ds/item.h"
#include "core/persist/block.h"

namespace kvasm::persist {

// Reads the elements from first to last. The first flaw latches: More() is then false and ok() too.
class ListpackReader {
 public:
  explicit ListpackReader(std::string_view block);

  // Walks a whole block: its number of elements, or none if anything about it is wrong.
  static std::optional<uint32_t> Count(std::string_view block);
  // The number of elements that the header announces, if the block has room for them. Whether it
  // is true shows at the end. Where the header does not know it is as Count().
  static std::optional<uint32_t> Announced(std::string_view block);

  bool ok() const { return ok_; }
  bool More();
  // The element at hand; call when More(). Text that reads as an integer comes as one. After a
  // flaw: an empty text.
  ds::Item Take();
  // As Take, but text stays text.
  ds::Item TakeAsWritten();

 private:
  ds::Item Flaw();
  ds::Item TakeText(size_t head_bytes, uint64_t text_bytes);
  bool SkipBacklen(size_t form_bytes);

  std::string_view block_;
  size_t at_;
  uint32_t taken_ = 0;
  bool ok_ = true;
};

// Appends a listpack to an empty block; Finish() completes it. Whether memory sufficed is known by
// the block.
class ListpackWriter {
 public:
  // `out` is borrowed and empty.
  explicit ListpackWriter(Block& out);

  void Add(const ds::Item& item) {
    item.is_integer() ? AddInteger(item.number()) : AddText(item.bytes());
  }
  void AddInteger(int64_t value);
  // Text that is the canonical form of an int64 is written as an integer, as Redis does.
  void AddString(std::string_view text);
  void AddText(std::string_view text);
  // Returns the finished block.
  std::string_view Finish();

  // Bytes of the element behind a text of `text_bytes` bytes.
  static uint64_t TextElementBytes(uint64_t text_bytes);

 private:
  Block& out_;
  uint64_t count_ = 0;
};

}  // namespace kvasm::persist
