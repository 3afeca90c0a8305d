#include "core/base/big_uint.h"

#include <algorithm>
#include <bit>

namespace kvasm::base {
namespace {

// 5^13 is the largest power of five below 2^32.
constexpr uint32_t kPowerMax = 13;
constexpr uint32_t PowerOf5(uint32_t exponent) {
  uint32_t power = 1;
  for (; exponent > 0; --exponent) power *= 5;
  return power;
}

}  // namespace

BigUint::BigUint(uint64_t value) {
  for (; value != 0; value >>= 32) words_.push_back(static_cast<uint32_t>(value));
}

void BigUint::Trim() {
  while (!words_.empty() && words_.back() == 0) words_.pop_back();
}

int64_t BigUint::BitWidth() const {
  if (words_.empty()) return 0;
  return static_cast<int64_t>(words_.size()) * 32 - std::countl_zero(words_.back());
}

uint128 BigUint::Top(int64_t& shift, bool& sticky) const {
  const int64_t width = BitWidth();
  shift = width > 128 ? width - 128 : 0;
  sticky = false;
  uint128 top = 0;
  for (size_t i = words_.size(); i-- > 0;) {
    const int64_t place = static_cast<int64_t>(i) * 32 - shift;
    if (place >= 0) {
      top |= uint128{words_[i]} << place;
    } else if (place > -32) {
      top |= words_[i] >> -place;
      sticky |= words_[i] << (32 + place) != 0;
    } else {
      sticky |= words_[i] != 0;
    }
  }
  return top;
}

void BigUint::MultiplyAdd(uint32_t factor, uint32_t addend) {
  uint64_t carry = addend;
  for (uint32_t& word : words_) {
    carry += uint64_t{word} * factor;
    word = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  if (carry != 0) words_.push_back(static_cast<uint32_t>(carry));
  Trim();
}

void BigUint::MultiplyByPowerOf5(uint32_t exponent) {
  for (; exponent >= kPowerMax; exponent -= kPowerMax) MultiplyAdd(PowerOf5(kPowerMax), 0);
  MultiplyAdd(PowerOf5(exponent), 0);
}

void BigUint::ShiftLeft(uint32_t bits) {
  if (words_.empty()) return;
  const uint32_t within = bits % 32;
  if (within != 0) {
    uint32_t carry = 0;
    for (uint32_t& word : words_) {
      const uint32_t low = word << within | carry;
      carry = word >> (32 - within);
      word = low;
    }
    if (carry != 0) words_.push_back(carry);
  }
  words_.insert(words_.begin(), bits / 32, 0);
}

uint32_t BigUint::DivideBy(uint32_t divisor) {
  uint64_t remainder = 0;
  for (size_t i = words_.size(); i-- > 0;) {
    remainder = remainder << 32 | words_[i];
    words_[i] = static_cast<uint32_t>(remainder / divisor);
    remainder %= divisor;
  }
  Trim();
  return static_cast<uint32_t>(remainder);
}

bool BigUint::DivideByPowerOf5(uint32_t exponent) {
  uint32_t rests = 0;
  for (; exponent >= kPowerMax; exponent -= kPowerMax) rests |= DivideBy(PowerOf5(kPowerMax));
  rests |= DivideBy(PowerOf5(exponent));
  return rests != 0;
}

std::string BigUint::Text() const {
  if (words_.empty()) return "0";
  BigUint rest = *this;
  std::string reversed;
  while (!rest.IsZero()) {
    uint32_t group = rest.DivideBy(1'000'000'000);
    for (int i = 0; i < 9 && (group != 0 || !rest.IsZero()); ++i, group /= 10) {
      reversed.push_back(static_cast<char>('0' + group % 10));
    }
  }
  return {reversed.rbegin(), reversed.rend()};
}

}  // namespace kvasm::base
