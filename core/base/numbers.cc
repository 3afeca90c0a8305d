#include "core/base/numbers.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/ascii.h"
#include "core/base/float_text.h"
#include "core/base/grisu2.h"
#include "core/base/uint128.h"

namespace kvasm::base {
namespace {

constexpr uint64_t kInt64MinMagnitude = uint64_t{1} << 63;

// Digits without sign or leading zeros; "0" is allowed.
std::optional<uint64_t> ParseMagnitude(std::string_view digits) {
  if (digits.empty() || digits.size() > kIntCharsMax) return std::nullopt;
  if (digits[0] == '0' && digits.size() > 1) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    const auto digit = static_cast<uint8_t>(c - '0');
    if (digit > 9) return std::nullopt;
    if (value >= std::numeric_limits<uint64_t>::max() / 10) [[unlikely]] {
      if (value > (std::numeric_limits<uint64_t>::max() - digit) / 10) return std::nullopt;
    }
    value = value * 10 + digit;
  }
  return value;
}

// mantissa x 2^exponent (+ a bit more if sticky) rounded to the nearest double, ties to even.
double RoundToDouble(BinaryParts parts) {
  if (parts.mantissa == 0) return 0;
  const int64_t top = parts.exponent + BitWidth(parts.mantissa);  // value < 2^top
  if (top > 1024) return std::numeric_limits<double>::infinity();
  if (top < -1080) return 0;
  const int64_t unit = top - 53 > -1074 ? top - 53 : -1074;  // exponent of the last place kept
  const int64_t drop = unit - parts.exponent;
  if (drop <= 0)
    return std::ldexp(static_cast<double>(parts.mantissa), static_cast<int>(parts.exponent));
  uint128 kept = drop >= 128 ? 0 : parts.mantissa >> drop;
  const uint128 rest = drop >= 128 ? parts.mantissa : parts.mantissa - (kept << drop);
  const uint128 half = drop > 128 ? 0 : uint128{1} << (drop - 1);
  const bool above = rest > half || (rest == half && parts.sticky);
  if (half != 0 && (above || (rest == half && (kept & 1) != 0))) ++kept;
  return std::ldexp(static_cast<double>(static_cast<uint64_t>(kept)), static_cast<int>(unit));
}

// Where both the digits and the power of ten are doubles, one operation on them rounds rightly.
std::optional<double> SmallDecimal(const FloatText& text) {
  constexpr int64_t kPowerMax = 22;
  constexpr size_t kDigitsMax = 18;
  constexpr uint64_t kDigitsValueMax = uint64_t{1} << 53;
  if (text.whole.size() + text.fraction.size() > kDigitsMax) return std::nullopt;
  int64_t exponent = text.exponent - static_cast<int64_t>(text.fraction.size());
  if (exponent < -kPowerMax || exponent > kPowerMax) return std::nullopt;
  uint64_t digits = 0;
  for (const char c : text.whole) digits = digits * 10 + static_cast<uint64_t>(c - '0');
  for (const char c : text.fraction) digits = digits * 10 + static_cast<uint64_t>(c - '0');
  if (digits > kDigitsValueMax) return std::nullopt;
  double power = 1;
  for (int64_t i = exponent < 0 ? -exponent : exponent; i > 0; --i) power *= 10;
  const auto value = static_cast<double>(digits);
  return exponent < 0 ? value / power : value * power;
}

double DecimalValue(const FloatText& text) {
  // Doubles other than 0 are less than 10^309 and more than 10^-324.
  constexpr int64_t kMagnitudeMax = 345;
  if (const std::optional<double> value = SmallDecimal(text)) return *value;
  return RoundToDouble(ReadDecimal(text, kMagnitudeMax));
}

double ValueOf(const FloatText& text) {
  double value = std::numeric_limits<double>::infinity();
  if (text.kind == FloatText::Kind::kDecimal) {
    value = DecimalValue(text);
  } else if (text.kind == FloatText::Kind::kHex) {
    value = RoundToDouble(ReadHex(text));
  }
  return text.negative ? -value : value;
}

std::string_view UntilNul(std::string_view text) { return text.substr(0, text.find('\0')); }

std::string_view WithoutLeadingSpace(std::string_view text) {
  while (!text.empty() && IsSpace(text[0])) text.remove_prefix(1);
  return text;
}

}  // namespace

std::optional<int64_t> ParseInt64(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const std::optional<uint64_t> magnitude = ParseMagnitude(text);
  if (!magnitude) return std::nullopt;
  if (negative) {
    if (*magnitude == 0 || *magnitude > kInt64MinMagnitude) return std::nullopt;
    return static_cast<int64_t>(0 - *magnitude);
  }
  if (*magnitude >= kInt64MinMagnitude) return std::nullopt;
  return static_cast<int64_t>(*magnitude);
}

std::optional<uint64_t> ParseUint64(std::string_view text) { return ParseMagnitude(text); }

std::optional<uint64_t> ParseCursor(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.empty()) return 0;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  while (text.size() > 1 && text[0] == '0') text.remove_prefix(1);
  const std::optional<uint64_t> magnitude = ParseMagnitude(text);
  if (magnitude && negative) return 0 - *magnitude;
  return magnitude;
}

size_t FormatUint64(char* out, uint64_t value) {
  char digits[kIntCharsMax];
  char* first = digits + kIntCharsMax;
  // Two digits a division, in 32 bits as soon as they suffice.
  const auto put_pair = [&first](uint32_t pair) {
    *--first = static_cast<char>('0' + pair % 10);
    *--first = static_cast<char>('0' + pair / 10);
  };
  while (value > std::numeric_limits<uint32_t>::max()) {
    put_pair(static_cast<uint32_t>(value % 100));
    value /= 100;
  }
  auto low = static_cast<uint32_t>(value);
  while (low >= 100) {
    put_pair(low % 100);
    low /= 100;
  }
  if (low >= 10) {
    put_pair(low);
  } else {
    *--first = static_cast<char>('0' + low);
  }
  const auto size = static_cast<size_t>(digits + kIntCharsMax - first);
  std::memcpy(out, first, size);
  return size;
}

size_t FormatInt64(char* out, int64_t value) {
  if (value >= 0) return FormatUint64(out, static_cast<uint64_t>(value));
  *out = '-';
  return 1 + FormatUint64(out + 1, 0 - static_cast<uint64_t>(value));
}

std::string Int64Text(int64_t value) {
  char buffer[kIntCharsMax];
  return std::string(buffer, FormatInt64(buffer, value));
}

std::optional<double> ParseDouble(std::string_view text) {
  const std::optional<FloatText> scanned = FloatText::Scan(text);
  if (!scanned) return std::nullopt;
  const double value = ValueOf(*scanned);
  if (scanned->kind == FloatText::Kind::kInfinity) return value;
  if (std::isinf(value)) return std::nullopt;
  if (value == 0 && !scanned->IsZero()) return std::nullopt;
  return value;
}

std::optional<double> ParseDoubleLoose(std::string_view text) {
  text = UntilNul(text);
  if (text.empty()) return 0;
  const std::optional<FloatText> scanned = FloatText::Scan(WithoutLeadingSpace(text));
  if (!scanned) return std::nullopt;
  return ValueOf(*scanned);
}

std::optional<double> ParseDoubleInRange(std::string_view text) {
  text = UntilNul(text);
  if (text.empty()) return 0;
  const std::optional<FloatText> scanned = FloatText::Scan(WithoutLeadingSpace(text));
  if (!scanned) return std::nullopt;
  const double value = ValueOf(*scanned);
  if (scanned->kind == FloatText::Kind::kInfinity || std::isnormal(value)) return value;
  if (std::isinf(value) || !scanned->IsZero()) return std::nullopt;
  return value;
}

size_t FormatDouble(char* out, double value) {
  const auto put = [out](std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return text.size();
  };
  if (std::isnan(value)) return put("nan");
  if (std::isinf(value)) return put(value < 0 ? "-inf" : "inf");
  if (value == 0) return put(std::signbit(value) ? "-0" : "0");
  if (std::abs(value) <= 0x1p62) {
    const auto integer = static_cast<int64_t>(value);
    if (static_cast<double>(integer) == value) return FormatInt64(out, integer);
  }
  return FormatGrisu2(out, value);
}

size_t FormatCoordinate(char* out, double value) {
  constexpr int kDigits = 17;
  constexpr uint64_t kOne = 100'000'000'000'000'000;
  const double magnitude = std::abs(value);
  auto whole = static_cast<uint64_t>(magnitude);
  const double rest = magnitude - static_cast<double>(whole);
  const uint128 scaled = uint128{static_cast<uint64_t>(std::ldexp(rest, 64))} * kOne;
  auto digits = static_cast<uint64_t>(scaled >> 64);
  const auto cut_off = static_cast<uint64_t>(scaled);
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  if (cut_off > kHalf || (cut_off == kHalf && (digits & 1) != 0)) ++digits;
  if (digits == kOne) {
    digits = 0;
    ++whole;
  }
  char* at = out;
  if (value < 0 && (whole != 0 || digits != 0)) *at++ = '-';
  at += FormatUint64(at, whole);
  if (digits == 0) return static_cast<size_t>(at - out);
  *at = '.';
  char* end = at + kDigits + 1;
  while (digits % 10 == 0) {
    digits /= 10;
    --end;
  }
  for (char* to = end; to > at + 1; digits /= 10) *--to = static_cast<char>('0' + digits % 10);
  return static_cast<size_t>(end - out);
}

size_t FormatDistance(char* out, double value) {
  const double scaled = std::nearbyint(value * 10000);
  const bool fits = scaled >= -0x1p63 && scaled < 0x1p63;
  const int64_t number = fits ? static_cast<int64_t>(scaled) : std::numeric_limits<int64_t>::min();
  char* at = out;
  uint64_t magnitude = static_cast<uint64_t>(number);
  if (number < 0) {
    *at++ = '-';
    magnitude = 0 - magnitude;
  }
  at += FormatUint64(at, magnitude / 10000);
  *at++ = '.';
  auto digits = static_cast<uint32_t>(magnitude % 10000);
  for (int i = 3; i >= 0; --i, digits /= 10) at[i] = static_cast<char>('0' + digits % 10);
  return static_cast<size_t>(at + 4 - out);
}

std::string DoubleText(double value) {
  char buffer[kDoubleCharsMax];
  return std::string(buffer, FormatDouble(buffer, value));
}

std::string Fixed(double value, int decimals) {
  uint64_t scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  const bool negative = value < 0;
  const auto scaled =
      static_cast<uint64_t>((negative ? -value : value) * static_cast<double>(scale) + 0.5);
  std::string text = Int64Text(static_cast<int64_t>(scaled / scale));
  text += '.' + Int64Text(static_cast<int64_t>(scale + scaled % scale)).substr(1);
  return negative ? "-" + text : text;
}

}  // namespace kvasm::base
