#include "core/base/crc64.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/crc64_sum.h"

namespace kvasm::base {
namespace {

TEST(Crc64, HasJonesCheckValue) {
  EXPECT_EQ(Crc64(0, "123456789"), 0xe9c6d914c4b8d9cau);
  EXPECT_EQ(Crc64(0, ""), 0u);
}

TEST(Crc64, IsTheSameInPieces) {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  for (size_t i = 0; i <= text.size(); ++i) {
    EXPECT_EQ(Crc64(Crc64(0, text.substr(0, i)), text.substr(i)), Crc64(0, text));
  }
}

TEST(Crc64, EightBytesAtATimeGiveTheSame) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i * i);
  for (size_t i = 0; i <= text.size(); ++i) {
    Crc64Sum sum;
    sum.Add(std::string_view(text).substr(0, i));
    sum.Add(std::string_view(text).substr(i));
    EXPECT_EQ(sum.value(), Crc64(0, text));
  }
}

}  // namespace
}  // namespace kvasm::base
