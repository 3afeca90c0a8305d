#include "core/base/printf_number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>

namespace kvasm::base {
namespace {

std::string Text(double value, const NumberFormat& format) {
  char out[kFormattedBytesMax];
  return {out, FormatFloat(out, value, format)};
}

std::string Integer(int64_t value, const NumberFormat& format) {
  char out[kFormattedBytesMax];
  const auto bits = static_cast<uint64_t>(value);
  const bool negative = value < 0 && (format.conversion == 'd' || format.conversion == 'i');
  return {out, FormatInteger(out, negative, negative ? 0 - bits : bits, format)};
}

TEST(PrintfNumber, WritesTheShorterOfTwoStyles) {
  EXPECT_EQ(Text(0.1, {.precision = 14}), "0.1");
  EXPECT_EQ(Text(1e14, {.precision = 14}), "1e+14");
  EXPECT_EQ(Text(0.0001, {.precision = 14}), "0.0001");
  EXPECT_EQ(Text(0.00001, {.precision = 14}), "1e-05");
  EXPECT_EQ(Text(-0.0, {.precision = 14}), "-0");
  EXPECT_EQ(Text(999999.5, {}), "1e+06");
}

TEST(PrintfNumber, RoundsTiesToEvenAndExactly) {
  EXPECT_EQ(Text(0.5, {.precision = 0, .conversion = 'f'}), "0");
  EXPECT_EQ(Text(1.5, {.precision = 0, .conversion = 'f'}), "2");
  EXPECT_EQ(Text(2.5, {.precision = 0, .conversion = 'f'}), "2");
  EXPECT_EQ(Text(9.5, {.precision = 0, .conversion = 'f'}), "10");
  EXPECT_EQ(Text(0.125, {.precision = 2, .conversion = 'f'}), "0.12");
  EXPECT_EQ(Text(0.1, {.precision = 20, .conversion = 'f'}), "0.10000000000000000555");
}

TEST(PrintfNumber, WritesTextWithFixedDecimals) {
  EXPECT_EQ(FixedText(2.0 / 3, 2), "0.67");
  EXPECT_EQ(FixedText(-200, 6), "-200.000000");
  EXPECT_EQ(FixedText(1e308, 6).size(), 309 + 1 + 6);
}

TEST(PrintfNumber, WhatIsNoNumberIsNotPaddedWithZeros) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Text(-infinity, {.zero = true, .width = 8, .conversion = 'f'}), "    -inf");
  EXPECT_EQ(Text(std::nan(""), {.conversion = 'G'}), "NAN");
}

TEST(PrintfNumber, TheLargestFitsItsRoom) {
  const std::string text = Text(-std::numeric_limits<double>::max(),
                                {.alternate = true, .precision = 99, .conversion = 'f'});
  EXPECT_EQ(text.size(), 1u + 309 + 1 + 99);
  EXPECT_LT(text.size(), kFormattedBytesMax);
}

TEST(PrintfNumber, WritesIntegers) {
  EXPECT_EQ(Integer(INT64_MIN, {.conversion = 'd'}), "-9223372036854775808");
  EXPECT_EQ(Integer(255, {.alternate = true, .zero = true, .width = 8, .conversion = 'X'}),
            "0X0000FF");
  EXPECT_EQ(Integer(0, {.alternate = true, .precision = 0, .conversion = 'o'}), "0");
  EXPECT_EQ(Integer(0, {.precision = 0, .conversion = 'd'}), "");
  const NumberFormat both{
      .plus = true, .zero = true, .width = 6, .precision = 3, .conversion = 'd'};
  EXPECT_EQ(Integer(7, both), "  +007") << "a precision takes the zeros away";
}

TEST(PrintfNumber, ReadsTheLongestNumber) {
  const auto used = [](const char* text) {
    size_t size = 99;
    ReadLeadingDouble(text, &size);
    return size;
  };
  EXPECT_EQ(used("12abc"), 2u);
  EXPECT_EQ(used(" \t-1.5e3x"), 8u);
  EXPECT_EQ(used("1e"), 1u);
  EXPECT_EQ(used("1e+"), 1u);
  EXPECT_EQ(used("0x"), 1u);
  EXPECT_EQ(used("0x.8p-1z"), 7u);
  EXPECT_EQ(used("infinit"), 3u);
  EXPECT_EQ(used("nan(ab_1)"), 9u);
  EXPECT_EQ(used("nan(ab"), 3u);
  EXPECT_EQ(used("."), 0u);
  EXPECT_EQ(used("-"), 0u);
  EXPECT_EQ(used(""), 0u);
}

TEST(PrintfNumber, ReadsIntegersOfAnyBase) {
  size_t used = 0;
  EXPECT_EQ(ReadLeadingInteger(" 0xfFg", 16, &used), 255u);
  EXPECT_EQ(used, 5u);
  EXPECT_EQ(ReadLeadingInteger("-1", 10, &used), UINT64_MAX);
  EXPECT_EQ(ReadLeadingInteger("zz", 36, &used), 35u * 36 + 35);
  EXPECT_EQ(ReadLeadingInteger("99999999999999999999", 10, &used), UINT64_MAX);
  EXPECT_EQ(ReadLeadingInteger("8", 8, &used), 0u);
  EXPECT_EQ(used, 0u);
}

// The C library's own printf and strtod are the judge.
TEST(PrintfNumber, AgreesWithTheCLibrary) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    if (i % 2 == 0) value = static_cast<double>(static_cast<int64_t>(bits) % 100'000'000) / 64;
    if (std::isnan(value)) continue;
    NumberFormat format{.width = static_cast<uint32_t>(random() % 30)};
    format.precision = static_cast<int32_t>(random() % 25);
    format.conversion = "eEfgG"[random() % 5];
    std::string pattern = "%";
    if ((format.left = random() % 2 == 0)) pattern += '-';
    if ((format.plus = random() % 2 == 0)) pattern += '+';
    if ((format.zero = random() % 2 == 0)) pattern += '0';
    pattern += "*.*";
    pattern += format.conversion;
    char theirs[kFormattedBytesMax];
    std::snprintf(theirs, sizeof(theirs), pattern.c_str(), static_cast<int>(format.width),
                  format.precision, value);
    ASSERT_EQ(Text(value, format), theirs) << pattern << " of " << value;
    char* end = nullptr;
    const double read = std::strtod(theirs, &end);
    size_t used = 0;
    ASSERT_EQ(ReadLeadingDouble(theirs, &used), read) << theirs;
    ASSERT_EQ(used, static_cast<size_t>(end - theirs)) << theirs;
  }
}

}  // namespace
}  // namespace kvasm::base
