// A value on its own, with surroundings whose limits a test can change.
#pragma once

#include <string>

#include "core/types/value.h"
#include "gtest/gtest.h"

namespace kvasm::types {

class ValueTest : public testing::Test {
 protected:
  ~ValueTest() override {
    if (data_ != nullptr) FreeValue(encoding_, data_);
  }

  void Restart(Encoding initial) {
    if (data_ != nullptr) FreeValue(encoding_, data_);
    data_ = nullptr;
    encoding_ = initial;
  }
  ValueRef value() { return {data_, encoding_}; }
  std::string encoding() const { return std::string(EncodingName(encoding_)); }
  // A small, often repeated text: sometimes a number, sometimes longer than the test limits.
  std::string RandomText() {
    std::string text = std::to_string(prng_.Below(60));
    if (prng_.Below(3) == 0) text = "m" + text;
    if (prng_.Below(200) == 0) text += "-well-over-the-limit";
    return text;
  }

  base::HashSeed seed_{17, 4};
  Limits limits_;
  base::Prng prng_{5};
  Context context_{&seed_, &limits_, &prng_};
  void* data_ = nullptr;
  Encoding encoding_ = Encoding::kHashListpack;
};

}  // namespace kvasm::types
