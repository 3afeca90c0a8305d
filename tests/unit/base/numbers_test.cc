#include "core/base/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "core/base/bytes.h"
#include "core/base/prng.h"

namespace kvasm::base {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ParseInt64, AcceptsTheCanonicalFormOnly) {
  EXPECT_EQ(ParseInt64("0"), 0);
  EXPECT_EQ(ParseInt64("-1"), -1);
  EXPECT_EQ(ParseInt64("42"), 42);
  for (const char* text : {"", "-", "+1", "-0", "00", "01", "-01", " 1", "1 ", "1.0", "1e3", "0x10",
                           "a", "1a", "--1", "\t1"}) {
    EXPECT_FALSE(ParseInt64(text)) << text;
  }
  EXPECT_FALSE(ParseInt64(std::string_view("1\0", 2)));
}

TEST(ParseInt64, StopsAtTheEdgesOfTheRange) {
  EXPECT_EQ(ParseInt64("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ParseInt64("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  for (const char* text :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "18446744073709551616", "99999999999999999999", "100000000000000000000"}) {
    EXPECT_FALSE(ParseInt64(text)) << text;
  }
}

TEST(ParseUint64, StopsAtTheEdgesOfTheRange) {
  EXPECT_EQ(ParseUint64("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  EXPECT_FALSE(ParseUint64("18446744073709551616"));
  EXPECT_FALSE(ParseUint64("-1"));
  EXPECT_EQ(ParseUint64("0"), 0u);
}

TEST(ParseCursor, IsAsLooseAsStrtoul) {
  EXPECT_EQ(ParseCursor("0"), 0u);
  EXPECT_EQ(ParseCursor("007"), 7u);
  EXPECT_EQ(ParseCursor("+7"), 7u);
  EXPECT_EQ(ParseCursor("-1"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(ParseCursor(""), 0u);
  EXPECT_EQ(ParseCursor("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  for (const char* text : {" 1", "1 ", "-", "+", "x", "1x", "18446744073709551616"}) {
    EXPECT_FALSE(ParseCursor(text)) << text;
  }
}

TEST(FormatInt64, RoundTripsAllMagnitudes) {
  EXPECT_EQ(Int64Text(0), "0");
  EXPECT_EQ(Int64Text(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(Int64Text(std::numeric_limits<int64_t>::max()), "9223372036854775807");
  Prng prng(1);
  for (int i = 0; i < 100000; ++i) {
    const auto value = static_cast<int64_t>(prng.Next()) >> prng.Below(64);
    ASSERT_EQ(Int64Text(value), std::to_string(value));
    ASSERT_EQ(ParseInt64(Int64Text(value)), value);
  }
}

TEST(ParseDouble, AcceptsWhatStrtodAccepts) {
  EXPECT_EQ(ParseDouble("3"), 3);
  EXPECT_EQ(ParseDouble("+3.5"), 3.5);
  EXPECT_EQ(ParseDouble("-.5"), -0.5);
  EXPECT_EQ(ParseDouble("5."), 5);
  EXPECT_EQ(ParseDouble("1e3"), 1000);
  EXPECT_EQ(ParseDouble("1E-3"), 0.001);
  EXPECT_EQ(ParseDouble("0x10"), 16);
  EXPECT_EQ(ParseDouble("-0X1.8p1"), -3);
  EXPECT_EQ(ParseDouble("inf"), kInfinity);
  EXPECT_EQ(ParseDouble("+INF"), kInfinity);
  EXPECT_EQ(ParseDouble("-Infinity"), -kInfinity);
  EXPECT_EQ(ParseDouble("007"), 7);
  EXPECT_TRUE(std::signbit(*ParseDouble("-0")));
}

TEST(ParseDouble, RefusesEverythingElse) {
  for (const char* text :
       {"",  " 1", "1 ",  "nan", "NaN", "-nan", "infi", "in",    "e5",  "1e", "1e+", ".",
        "-", "+",  "--1", "0x",  "0x.", "0x1p", "1,5",  "1_000", "abc", "1f", "\t1", "1.2.3"}) {
    EXPECT_FALSE(ParseDouble(text)) << text;
  }
  EXPECT_FALSE(ParseDouble(std::string_view("1\0", 2)));
  EXPECT_FALSE(ParseDouble(std::string_view("\0", 1)));
}

TEST(ParseDouble, RefusesWhatIsOutOfRangeButKeepsSubnormals) {
  EXPECT_FALSE(ParseDouble("1e400"));
  EXPECT_FALSE(ParseDouble("-1e400"));
  EXPECT_FALSE(ParseDouble("1e-400"));
  EXPECT_FALSE(ParseDouble("1e999999999999999999999"));
  EXPECT_FALSE(ParseDouble("0x1p1024"));
  EXPECT_FALSE(ParseDouble("0x1p-1076"));
  EXPECT_EQ(ParseDouble("0e999999999999999999999"), 0);
  EXPECT_EQ(ParseDouble("5e-324"), 5e-324);
  EXPECT_EQ(ParseDouble("0x1p-1074"), 5e-324);
  EXPECT_EQ(ParseDouble("1.7976931348623157e308"), std::numeric_limits<double>::max());
}

TEST(ParseDouble, RoundsToNearestEven) {
  EXPECT_EQ(ParseDouble("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(ParseDouble("9007199254740995"), 9007199254740996.0);
  EXPECT_EQ(ParseDouble("0x1.00000000000008p0"), 1);
  EXPECT_EQ(ParseDouble("0x1.000000000000080000000000000000000001p0"), 1 + 0x1p-52);
  EXPECT_EQ(ParseDouble("0x1.00000000000018p0"), 1 + 0x1p-51);
}

TEST(ParseDoubleLoose, IsAsLooseAsScoreBounds) {
  EXPECT_EQ(ParseDoubleLoose(" 1.5"), 1.5);
  EXPECT_EQ(ParseDoubleLoose(""), 0);
  EXPECT_EQ(ParseDoubleLoose("1e400"), kInfinity);
  EXPECT_EQ(ParseDoubleLoose("-1e400"), -kInfinity);
  EXPECT_EQ(ParseDoubleLoose("1e-400"), 0);
  EXPECT_EQ(ParseDoubleLoose(std::string_view("7\0x", 3)), 7);
  for (const char* text : {" ", "1 ", "nan", "x"}) EXPECT_FALSE(ParseDoubleLoose(text)) << text;
}

// Answers of redis-server 7.2.6 to ZADD followed by ZSCORE.
TEST(FormatDouble, PrintsWhatRedisPrints) {
  const std::pair<double, const char*> cases[] = {
      {3, "3"},
      {-3, "-3"},
      {3.5, "3.5"},
      {0.1, "0.1"},
      {-0.0, "-0"},
      {1e17, "100000000000000000"},
      {4611686018427387904.0, "4611686018427387904"},
      {4611686018427388928.0, "4611686018427389000"},
      {1e19, "1e+19"},
      {1e20, "1e+20"},
      {1.5e300, "1.5e+300"},
      {12345678901234567890.0, "12345678901234567000"},
      {1e-6, "0.000001"},
      {1e-7, "1e-7"},
      {1.5e-7, "1.5e-7"},
      {0.00001234, "1.234e-5"},
      {0.001234, "0.001234"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {0.30000000000000004, "0.30000000000000004"},
      {3.14159265358979, "3.14159265358979"},
      {123456.789, "123456.789"},
      {kInfinity, "inf"},
      {-kInfinity, "-inf"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(DoubleText(value), text);
  EXPECT_EQ(DoubleText(std::nan("")), "nan");
  EXPECT_EQ(DoubleText(-std::nan("")), "nan");
}

TEST(FormatDouble, ReadsBackAsTheSameDouble) {
  Prng prng(2);
  for (int i = 0; i < 300000; ++i) {
    const double value = BitCast<double>(prng.Next());
    if (std::isnan(value)) continue;
    const std::string text = DoubleText(value);
    ASSERT_LE(text.size(), kDoubleCharsMax);
    ASSERT_EQ(ParseDouble(text), value) << text;
  }
}

// Grisu2 does not always find the shortest digits; clients compare with what Redis prints.
TEST(FormatDouble, KeepsTheDigitsOfGrisu2) {
  uint64_t sum = 0;
  Prng prng(3);
  for (int i = 0; i < 100000; ++i) {
    const double value = BitCast<double>(prng.Next());
    for (const char c : std::isnan(value) ? std::string() : DoubleText(value)) {
      sum = sum * 1099511628211 + static_cast<uint8_t>(c);
    }
  }
  EXPECT_EQ(sum, 9838020682430423997u);
}

// --- coordinates and distances ---

std::string CoordinateText(double value) {
  char text[2 * kIntCharsMax];
  return std::string(text, FormatCoordinate(text, value));
}

std::string DistanceText(double value) {
  char text[kDoubleCharsMax];
  return std::string(text, FormatDistance(text, value));
}

TEST(FormatCoordinate, DropsTrailingZerosAndTheSignOfZero) {
  EXPECT_EQ(CoordinateText(0), "0");
  EXPECT_EQ(CoordinateText(-0.0), "0");
  EXPECT_EQ(CoordinateText(-180), "-180");
  EXPECT_EQ(CoordinateText(0.5), "0.5");
  EXPECT_EQ(CoordinateText(-0.1), "-0.10000000000000001");
  EXPECT_EQ(CoordinateText(13.36138933897018433), "13.36138933897018433");
  EXPECT_EQ(CoordinateText(1e-18), "0");
  EXPECT_EQ(CoordinateText(-1e-18), "0");
  EXPECT_EQ(CoordinateText(0.00000000000000001), "0.00000000000000001");
}

// Multiples of 2^-47 below 256, as coordinates are.
TEST(FormatCoordinate, PrintsWhatTheLibraryPrints) {
  Prng prng(4);
  for (int i = 0; i < 100000; ++i) {
    const auto steps = static_cast<int64_t>(prng.Below(uint64_t{1} << (prng.Below(54) + 1)));
    const double value = static_cast<double>(i % 2 == 0 ? steps : -steps) * 0x1p-47;
    char expected[64];
    const int size = std::snprintf(expected, sizeof expected, "%.17f", value);
    std::string text(expected, static_cast<size_t>(size));
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    if (text == "-0") text = "0";
    ASSERT_EQ(CoordinateText(value), text);
  }
}

TEST(FormatDistance, HasFourDigitsRoundedToEven) {
  EXPECT_EQ(DistanceText(0), "0.0000");
  EXPECT_EQ(DistanceText(0.00004), "0.0000");
  EXPECT_EQ(DistanceText(0.00006), "0.0001");
  EXPECT_EQ(DistanceText(0.00025), "0.0002");
  EXPECT_EQ(DistanceText(166274.15156960033), "166274.1516");
  EXPECT_EQ(DistanceText(20020741.75), "20020741.7500");
  EXPECT_EQ(DistanceText(-1.5), "-1.5000");
  EXPECT_EQ(DistanceText(std::nan("")), "-922337203685477.5808");
  EXPECT_EQ(DistanceText(1e300), "-922337203685477.5808");
}

}  // namespace
}  // namespace kvasm::base
