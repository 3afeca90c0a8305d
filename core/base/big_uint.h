#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/uint128.h"

namespace kvasm::base {

// An unsigned integer of any size, with just what converting floating point to and from decimal
// needs. Every operation is linear in the size (and exponent). An ordinary value type.
class BigUint {
 public:
  BigUint() = default;
  explicit BigUint(uint64_t value);

  bool IsZero() const { return words_.empty(); }
  // Bits needed to write the value; 0 for 0.
  int64_t BitWidth() const;
  // The value's highest 128 bits or all of it; sets `shift` to the number of bits below them and
  // `sticky` if any of those is set.
  uint128 Top(int64_t& shift, bool& sticky) const;

  // this = this x factor + addend
  void MultiplyAdd(uint32_t factor, uint32_t addend);
  void MultiplyByPowerOf5(uint32_t exponent);
  void ShiftLeft(uint32_t bits);
  // this = this / divisor; returns the remainder.
  uint32_t DivideBy(uint32_t divisor);
  // this = this / 5^exponent, rounded down; returns whether anything was left.
  bool DivideByPowerOf5(uint32_t exponent);

  // The decimal form. Quadratic.
  std::string Text() const;

 private:
  void Trim();

  std::vector<uint32_t> words_;  // lowest first, highest not 0
};

}  // namespace kvasm::base
