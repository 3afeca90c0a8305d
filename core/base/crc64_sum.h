// CRC-64 (crc64.h) of much: sixteen bytes at a time, for which it has its own tables.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvasm::base {

// Starts as the sum of nothing. 32 KB, some microseconds to make: for a file, not for a value.
class Crc64Sum {
 public:
  Crc64Sum();

  void Add(std::string_view data);
  uint64_t value() const { return value_; }

 private:
  static constexpr int kLanes = 16;

  uint64_t value_ = 0;
  // tables_[n][b]: what byte b does to the sum when n more bytes follow it.
  uint64_t tables_[kLanes][256];
};

}  // namespace kvasm::base
