#include "core/base/crc64.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace kvasm::base
