#include "core/base/bytes.h"

#include <string>

#include "gtest/gtest.h"

namespace kvasm::base {
namespace {

TEST(Bytes, MovingInWordsMayOverlapEitherWay) {
  std::string start;
  for (int i = 0; i < 200; ++i) start.push_back(static_cast<char>(i));
  for (size_t from = 0; from < 40; ++from) {
    for (size_t to = 0; to < 40; ++to) {
      for (size_t size : {0, 1, 7, 8, 15, 16, 17, 31, 33, 64, 150}) {
        std::string expected = start;
        std::memmove(expected.data() + to, expected.data() + from, size);
        std::string moved = start;
        MoveInWords(moved.data() + to, moved.data() + from, size);
        ASSERT_EQ(moved, expected) << from << " to " << to << ", " << size;
      }
    }
  }
}

}  // namespace
}  // namespace kvasm::base
