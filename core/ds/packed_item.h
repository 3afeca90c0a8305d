// The form in which PackedList and the nodes of streams store one item:
//
//          0nnnnnnn                      integer 0..127
//          10llllll text                 up to 63 bytes
//          110nnnnn n                    integer of 13 bits, signed
//          1110llll l text               up to 4095 bytes
//          f0 llll text                  longer text
//          f1 / f2 / f3 / f4 n...        integer of 16 / 24 / 32 / 64 bits, signed
//          f5 ... ff nn                  integers from 4096 up to 724991, 65536 for each tag
//
// Text that is the canonical form of an int64 is stored in the one shortest form it has, hence
// equal items have equal bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/numbers.h"
#include "core/ds/item.h"

namespace kvasm::ds {

inline constexpr uint8_t kPackedText32 = 0xf0;
inline constexpr uint8_t kPackedInt16 = 0xf1;
inline constexpr uint8_t kPackedInt24 = 0xf2;
inline constexpr uint8_t kPackedInt32 = 0xf3;
inline constexpr uint8_t kPackedInt64 = 0xf4;
// The tags from here on are the third byte of integers that would otherwise take four.
inline constexpr uint8_t kPackedBiased = 0xf5;
inline constexpr int64_t kPackedBiasedMin = 4096;
inline constexpr int64_t kPackedBiasedMax = kPackedBiasedMin + (0x100 - kPackedBiased) * 65536 - 1;

// An item ready to be stored: `head` (which for integers is everything) and then `text`, which is
// borrowed.
struct EncodedItem {
  uint8_t head[9];
  uint8_t head_bytes = 0;
  std::string_view text;

  explicit EncodedItem(int64_t number) { SetNumber(number); }
  explicit EncodedItem(std::string_view value, bool allow_integer = true) {
    auto number = allow_integer ? base::ParseInt64(value) : std::nullopt;
    if (number) {
      SetNumber(*number);
    } else {
      SetText(value);
    }
  }

  uint32_t bytes() const { return head_bytes + static_cast<uint32_t>(text.size()); }

  // Writes bytes() bytes and returns the place behind them.
  uint8_t* Store(uint8_t* to) const {
    std::memcpy(to, head, head_bytes);
    if (!text.empty()) std::memcpy(to + head_bytes, text.data(), text.size());
    return to + bytes();
  }

  // Whether the stored item of the same length as this one is the same.
  bool Matches(const uint8_t* item) const {
    auto view = [](const uint8_t* bytes, size_t size) {
      return std::string_view(reinterpret_cast<const char*>(bytes), size);
    };
    return base::Equal(view(item, head_bytes), view(head, head_bytes)) &&
           base::Equal(view(item + head_bytes, text.size()), text);
  }

 private:
  void SetNumber(int64_t number) {
    if (number >= 0 && number <= 127) {
      head[0] = static_cast<uint8_t>(number);
      head_bytes = 1;
    } else if (base::FitsSigned(number, 13)) {
      auto bits = static_cast<uint32_t>(number) & 0x1fff;
      head[0] = static_cast<uint8_t>(0xc0 | bits >> 8);
      head[1] = static_cast<uint8_t>(bits);
      head_bytes = 2;
    } else if (number >= kPackedBiasedMin && number <= kPackedBiasedMax) {
      const auto offset = static_cast<uint32_t>(number - kPackedBiasedMin);
      SetWide(static_cast<uint8_t>(kPackedBiased + (offset >> 16)), offset, 2);
    } else if (base::FitsSigned(number, 16)) {
      SetWide(kPackedInt16, number, 2);
    } else if (base::FitsSigned(number, 24)) {
      SetWide(kPackedInt24, number, 3);
    } else if (base::FitsSigned(number, 32)) {
      SetWide(kPackedInt32, number, 4);
    } else {
      SetWide(kPackedInt64, number, 8);
    }
  }

  void SetText(std::string_view value) {
    text = value;
    auto size = static_cast<uint32_t>(value.size());
    if (size < 64) {
      head[0] = static_cast<uint8_t>(0x80 | size);
      head_bytes = 1;
    } else if (size < 4096) {
      head[0] = static_cast<uint8_t>(0xe0 | size >> 8);
      head[1] = static_cast<uint8_t>(size);
      head_bytes = 2;
    } else {
      SetWide(kPackedText32, size, 4);
    }
  }

  void SetWide(uint8_t tag, int64_t value, uint8_t bytes) {
    head[0] = tag;
    for (uint32_t i = 0; i < bytes; ++i) {
      head[1 + i] = static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i));
    }
    head_bytes = static_cast<uint8_t>(bytes + 1);
  }
};

// Bytes of the stored item.
inline uint32_t PackedItemBytes(const uint8_t* item) {
  const uint8_t first = item[0];
  if (first < 0x80) return 1;
  if (first < 0xc0) return 1 + (first & 0x3fu);
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 2 + ((first & 0xfu) << 8 | item[1]);
  switch (first) {
    case kPackedText32:
      return 5 + base::Load32(item + 1);
    case kPackedInt16:
      return 3;
    case kPackedInt24:
      return 4;
    case kPackedInt32:
      return 5;
    case kPackedInt64:
      return 9;
    default:
      return 3;
  }
}

// Reads the stored item and moves `at` behind it. Text is a view of the stored bytes.
inline Item TakePackedItem(const uint8_t*& at) {
  const uint8_t* item = at;
  auto text = [&](uint32_t head_bytes, uint32_t size) {
    at += head_bytes + size;
    return Item(std::string_view(reinterpret_cast<const char*>(item) + head_bytes, size));
  };
  auto wide = [&](uint32_t bytes) {
    at += bytes + 1;
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; ++i) value |= static_cast<uint64_t>(item[1 + i]) << (8 * i);
    const uint32_t unused_bits = 64 - 8 * bytes;
    return Item(static_cast<int64_t>(value << unused_bits) >> unused_bits);
  };
  const uint8_t first = item[0];
  if (first < 0x80) {
    ++at;
    return Item(int64_t{first});
  }
  if (first < 0xc0) return text(1, first & 0x3f);
  if (first < 0xe0) {
    at += 2;
    const uint32_t bits = (first & 0x1fu) << 8 | item[1];
    return Item(bits < 0x1000 ? int64_t{bits} : int64_t{bits} - 0x2000);
  }
  if (first < 0xf0) return text(2, (first & 0xfu) << 8 | item[1]);
  switch (first) {
    case kPackedText32:
      return text(5, base::Load32(item + 1));
    case kPackedInt16:
      return wide(2);
    case kPackedInt24:
      return wide(3);
    case kPackedInt32:
      return wide(4);
    case kPackedInt64:
      return wide(8);
    default:
      at += 3;
      return Item(kPackedBiasedMin + (int64_t{first - kPackedBiased} << 16) +
                  base::Load16(item + 1));
  }
}

// Whether a whole item stands at `at`, which is before `end`.
inline bool HoldsPackedItem(const uint8_t* at, const uint8_t* end) {
  const auto left = static_cast<uint64_t>(end - at);
  const uint8_t first = *at;
  const uint64_t head_bytes = first < 0xe0 ? 1 : first == kPackedText32 ? 5 : 2;
  if (head_bytes > left) return false;
  if (first == kPackedText32) return uint64_t{base::Load32(at + 1)} + 5 <= left;
  return PackedItemBytes(at) <= left;
}

}  // namespace kvasm::ds
