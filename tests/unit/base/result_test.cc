#include "core/base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace kvasm::base {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return Error("odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  const int half = TRY(Half(value));
  return Half(half);
}

Status CheckQuarter(int value, int expected) {
  if (TRY(Quarter(value)) != expected) return Error(std::string("not ") + std::to_string(expected));
  return Status::Ok();
}

TEST(Result, CarriesTheValueOrTheError) {
  EXPECT_EQ(Half(4).value(), 2);
  EXPECT_FALSE(Half(3).ok());
  EXPECT_EQ(Half(3).error(), "odd");
  EXPECT_EQ(Half(3).ValueOr(9), 9);
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).error(), "odd");
  EXPECT_TRUE(CheckQuarter(8, 2).ok());
  EXPECT_EQ(CheckQuarter(8, 1).error(), "not 1");
  EXPECT_EQ(CheckQuarter(7, 1).error(), "odd");
}

TEST(Result, MovesValuesThatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
  const auto use = [&make]() -> Result<int> {
    const std::unique_ptr<int> number = TRY(make());
    return *number;
  };
  EXPECT_EQ(use().value(), 5);
}

}  // namespace
}  // namespace kvasm::base
