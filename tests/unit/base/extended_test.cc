#include "core/base/extended.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "core/base/prng.h"

namespace kvasm::base {
namespace {

std::string Sum(std::string_view a, std::string_view b) {
  const auto x = Extended::Parse(a);
  const auto y = Extended::Parse(b);
  return x && y ? (*x + *y).Text() : "refused";
}

// Answers of redis-server 7.2.6 on x86-64 to INCRBYFLOAT.
TEST(Extended, AddsAsIncrByFloat) {
  EXPECT_EQ(Sum("10.50", "0.1"), "10.6");
  EXPECT_EQ(Sum("5.0e3", "2.0e2"), "5200");
  EXPECT_EQ(Sum("3.0", "1.1"), "4.1");
  EXPECT_EQ(Sum("0.1", "0.2"), "0.3");
  EXPECT_EQ(Sum("1", "-1"), "0");
  EXPECT_EQ(Sum("1", "-1.1"), "-0.1");
  EXPECT_EQ(Sum("-1e-30", "0"), "0");
  EXPECT_EQ(Sum("17179869184", "1.5"), "17179869185.5");
  EXPECT_EQ(Sum("9223372036854775807", "1"), "9223372036854775808");
  EXPECT_EQ(Sum("18446744073709551615", "1"), "18446744073709551616");
  EXPECT_EQ(Sum("0x10", "1"), "17");
}

TEST(Extended, KnowsInfinityAndNan) {
  const auto infinity = Extended::Parse("inf");
  const auto negative = Extended::Parse("-Infinity");
  ASSERT_TRUE(infinity && negative);
  EXPECT_EQ(infinity->Text(), "inf");
  EXPECT_EQ(negative->Text(), "-inf");
  EXPECT_TRUE((*infinity + *negative).IsNanOrInfinite());
  EXPECT_EQ((*infinity + *negative).Text(), "nan");
  EXPECT_EQ((*infinity + Extended::FromInt64(1)).Text(), "inf");
  EXPECT_FALSE(Extended::FromInt64(1).IsNanOrInfinite());
  const auto largest = Extended::Parse("1.18973149535723176e4932");
  ASSERT_TRUE(largest);
  EXPECT_TRUE((*largest + *largest).IsNanOrInfinite());
}

TEST(Extended, RefusesWhatRedisRefuses) {
  for (const char* text : {"", " 1", "1 ", "nan", "1e5000", "-1e5000", "1e-5000", "0x1p16384",
                           "abc", "1e", "--1", "1.8e-4951"}) {
    EXPECT_FALSE(Extended::Parse(text)) << text;
  }
  EXPECT_FALSE(Extended::Parse(std::string_view("1\0", 2)));
  EXPECT_TRUE(Extended::Parse(std::string(5119, '0')));
  EXPECT_FALSE(Extended::Parse(std::string(5120, '0')));
  EXPECT_TRUE(Extended::Parse("0e99999"));
}

TEST(Extended, PrintsHugeNumbersInFull) {
  const auto value = Extended::Parse("1e4932");
  ASSERT_TRUE(value);
  const std::string text = value->Text();
  EXPECT_EQ(text.size(), 4933u);
  EXPECT_EQ(text.substr(0, 18), "100000000000000000");
  EXPECT_EQ(Extended::Parse("1e20")->Text(), "100000000000000000000");
  EXPECT_EQ(Extended::Parse("0x1p100")->Text(), "1267650600228229401496703205376");
}

TEST(Extended, KeepsEveryInt64) {
  for (const int64_t value : {std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{0},
                              std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(Extended::FromInt64(value).Text(), std::to_string(value));
  }
}

// x86's own 80-bit arithmetic and the C library's conversions are the judge where they exist.
#if defined(__x86_64__)

std::string HardwareText(long double value) {
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text(5200, '\0');
  text.resize(static_cast<size_t>(std::snprintf(text.data(), text.size(), "%.17Lf", value)));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

class Numbers {
 public:
  std::string Next() {
    char text[200];
    const auto bits = [this] {
      return static_cast<unsigned long long>(prng_.Next() >> prng_.Below(64));
    };
    const auto power = [this](int range) {
      return static_cast<int>(prng_.Below(static_cast<uint64_t>(2 * range))) - range;
    };
    switch (prng_.Below(6)) {
      case 0:
        std::snprintf(text, sizeof text, "-%llu", bits());
        break;
      case 1:
        std::snprintf(text, sizeof text, "%llu.%llu", bits(), bits());
        break;
      case 2:
        std::snprintf(text, sizeof text, "-%llu.%llue%d", bits(), bits(), power(60));
        break;
      case 3:
        std::snprintf(text, sizeof text, "%llue%d", bits(), power(4990));
        break;
      case 4:
        std::snprintf(text, sizeof text, "0x%llx.%llxp%d", bits(), bits(), power(100));
        break;
      default:
        std::snprintf(text, sizeof text, "%d.%02d", power(1000),
                      static_cast<int>(prng_.Below(100)));
    }
    return text;
  }

 private:
  Prng prng_{11};
};

TEST(Extended, AgreesWithTheHardware) {
  Numbers numbers;
  Extended sum;
  long double hardware_sum = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string text = numbers.Next();
    const long double hardware = std::strtold(text.c_str(), nullptr);
    const auto value = Extended::Parse(text);
    if (hardware == 0) continue;
    ASSERT_EQ(value.has_value(), !std::isinf(hardware)) << text;
    if (!value) continue;
    ASSERT_EQ(value->Text(), HardwareText(hardware)) << text;
    sum = sum + *value;
    hardware_sum += hardware;
    ASSERT_EQ(sum.Text(), HardwareText(hardware_sum)) << text;
    if (sum.IsNanOrInfinite() || i % 10 == 0) {
      sum = *value;
      hardware_sum = hardware;
    }
  }
}

#endif

}  // namespace
}  // namespace kvasm::base
