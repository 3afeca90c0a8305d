#include "core/base/printf_number.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "core/base/ascii.h"
#include "core/base/big_uint.h"
#include "core/base/numbers.h"

namespace kvasm::base {
namespace {

// digits[0].digits[1]... x 10^exponent; the first digit is not 0, or there is none: zero.
struct Decimal {
  std::string digits;
  int32_t exponent = 0;

  // The digit worth 10^power.
  char At(int32_t power) const {
    const int32_t place = exponent - power;
    if (place < 0 || place >= static_cast<int32_t>(digits.size())) return '0';
    return digits[static_cast<size_t>(place)];
  }

  // Rounds to so many digits, which may be none or less.
  void Round(int32_t count) {
    if (digits.empty() || count >= static_cast<int32_t>(digits.size())) return;
    bool up = false;
    if (count >= 0) {
      const auto keep = static_cast<size_t>(count);
      const bool above = digits.find_first_not_of('0', keep + 1) != std::string::npos;
      const bool odd = keep > 0 && (digits[keep - 1] & 1) != 0;
      up = digits[keep] > '5' || (digits[keep] == '5' && (above || odd));
    }
    digits.resize(count > 0 ? static_cast<size_t>(count) : 0);
    if (!up) return;
    size_t at = digits.size();
    while (at > 0 && digits[at - 1] == '9') digits[--at] = '0';
    if (at > 0) {
      ++digits[at - 1];
    } else {
      digits.insert(digits.begin(), '1');
      ++exponent;
    }
  }
};

// All the digits of a finite number that is not negative.
Decimal Expand(double value) {
  constexpr int kMantissaBits = 53;
  Decimal decimal;
  if (value == 0) return decimal;
  int exponent = 0;
  auto mantissa = static_cast<uint64_t>(std::ldexp(std::frexp(value, &exponent), kMantissaBits));
  exponent -= kMantissaBits;
  for (; exponent < 0 && (mantissa & 1) == 0; mantissa >>= 1) ++exponent;
  BigUint digits(mantissa);
  int32_t after_point = 0;
  if (exponent >= 0) {
    digits.ShiftLeft(static_cast<uint32_t>(exponent));
  } else {
    after_point = -exponent;
    digits.MultiplyByPowerOf5(static_cast<uint32_t>(after_point));
  }
  decimal.digits = digits.Text();
  decimal.exponent = static_cast<int32_t>(decimal.digits.size()) - 1 - after_point;
  return decimal;
}

size_t PutExponent(char* out, int32_t exponent) {
  size_t size = 0;
  out[size++] = 'e';
  out[size++] = exponent < 0 ? '-' : '+';
  if (exponent < 0) exponent = -exponent;
  if (exponent < 10) out[size++] = '0';
  return size + FormatUint64(out + size, static_cast<uint64_t>(exponent));
}

// The digits from 10^high down to 10^low, with a point if any follow it. `trims`: without zeros at
// the end of the fraction.
size_t PutDigits(char* out, const Decimal& decimal, int32_t high, int32_t whole_end, int32_t low,
                 bool trims, bool always_point) {
  size_t size = 0;
  for (int32_t power = high; power >= whole_end; --power) out[size++] = decimal.At(power);
  if (low >= whole_end && !always_point) return size;
  out[size++] = '.';
  for (int32_t power = whole_end - 1; power >= low; --power) out[size++] = decimal.At(power);
  if (trims) {
    while (out[size - 1] == '0') --size;
    if (out[size - 1] == '.') --size;
  }
  return size;
}

size_t PutFinite(char* out, double value, const NumberFormat& format) {
  char style = ToLower(format.conversion);
  int32_t precision = format.precision < 0 ? 6 : format.precision;
  Decimal decimal = Expand(value);
  bool trims = false;
  if (style == 'g') {
    if (precision == 0) precision = 1;
    decimal.Round(precision);
    trims = !format.alternate;
    --precision;
    style = decimal.exponent < -4 || decimal.exponent > precision ? 'e' : 'f';
    if (style == 'f') precision -= decimal.exponent;
  }
  if (style == 'f') {
    decimal.Round(decimal.exponent + 1 + precision);
    const int32_t high = decimal.exponent > 0 ? decimal.exponent : 0;
    return PutDigits(out, decimal, high, 0, -precision, trims, format.alternate);
  }
  decimal.Round(precision + 1);
  const int32_t high = decimal.exponent;
  const size_t size =
      PutDigits(out, decimal, high, high, high - precision, trims, format.alternate);
  return size + PutExponent(out + size, high);
}

size_t PutSign(char* out, bool negative, const NumberFormat& format) {
  if (!negative && !format.plus && !format.space) return 0;
  *out = negative ? '-' : (format.plus ? '+' : ' ');
  return 1;
}

// Widens with zeros between the sign or "0x", of `prefix` bytes, and the rest.
size_t PadZeros(char* out, size_t size, size_t prefix, uint32_t width) {
  if (size >= width) return size;
  std::memmove(out + prefix + (width - size), out + prefix, size - prefix);
  std::memset(out + prefix, '0', width - size);
  return width;
}

void MakeUpper(char* text, size_t size) {
  for (size_t i = 0; i < size; ++i) text[i] = ToUpper(text[i]);
}

}  // namespace

size_t PadText(char* out, size_t size, const NumberFormat& format) {
  if (size >= format.width) return size;
  const size_t missing = format.width - size;
  if (format.left) {
    std::memset(out + size, ' ', missing);
  } else {
    std::memmove(out + missing, out, size);
    std::memset(out, ' ', missing);
  }
  return format.width;
}

size_t FormatFloat(char* out, double value, const NumberFormat& format) {
  const size_t sign = PutSign(out, std::signbit(value), format);
  size_t size = sign;
  const bool is_finite = std::isfinite(value);
  if (is_finite) {
    size += PutFinite(out + size, std::abs(value), format);
  } else {
    std::memcpy(out + size, std::isnan(value) ? "nan" : "inf", 3);
    size += 3;
  }
  if (format.conversion < 'a') MakeUpper(out, size);
  if (format.zero && is_finite && !format.left) size = PadZeros(out, size, sign, format.width);
  return PadText(out, size, format);
}

std::string FixedText(double value, int32_t decimals) {
  char text[kFormattedBytesMax];
  return {text, FormatFloat(text, value, {.precision = decimals, .conversion = 'f'})};
}

size_t FormatInteger(char* out, bool negative, uint64_t magnitude, const NumberFormat& format) {
  const char kind = ToLower(format.conversion);
  const bool is_signed = kind == 'd' || kind == 'i';
  const uint32_t radix = kind == 'x' ? 16 : (kind == 'o' ? 8 : 10);
  size_t prefix = is_signed ? PutSign(out, negative, format) : 0;
  if (kind == 'x' && format.alternate && magnitude != 0) {
    out[prefix++] = '0';
    out[prefix++] = 'x';
  }
  char digits[64];
  size_t count = 0;
  for (uint64_t rest = magnitude; rest != 0; rest /= radix) {
    digits[count++] = "0123456789abcdef"[rest % radix];
  }
  size_t least = format.precision < 0 ? 1 : static_cast<size_t>(format.precision);
  if (kind == 'o' && format.alternate && least <= count) least = count + 1;
  size_t size = prefix;
  for (size_t i = count; i < least; ++i) out[size++] = '0';
  while (count > 0) out[size++] = digits[--count];
  if (format.conversion == 'X') MakeUpper(out, size);
  if (format.zero && !format.left && format.precision < 0) {
    size = PadZeros(out, size, prefix, format.width);
  }
  return PadText(out, size, format);
}

double ReadLeadingDouble(std::string_view text, size_t* used) {
  size_t at = 0;
  while (at < text.size() && IsSpace(text[at])) ++at;
  const size_t start = at;
  const auto peek = [&](size_t offset) {
    return at + offset < text.size() ? text[at + offset] : '\0';
  };
  *used = 0;
  const bool negative = peek(0) == '-';
  if (negative || peek(0) == '+') ++at;
  const double sign = negative ? -1 : 1;
  if (StartsWithIgnoreCase(text.substr(at), "inf")) {
    *used = at + (StartsWithIgnoreCase(text.substr(at), "infinity") ? 8 : 3);
    return sign * std::numeric_limits<double>::infinity();
  }
  if (StartsWithIgnoreCase(text.substr(at), "nan")) {
    at += 3;
    *used = at;
    if (peek(0) == '(') {
      size_t end = 1;
      while (IsDigit(peek(end)) || peek(end) == '_' ||
             (ToLower(peek(end)) >= 'a' && ToLower(peek(end)) <= 'z')) {
        ++end;
      }
      if (peek(end) == ')') *used = at + end + 1;
    }
    return std::copysign(std::numeric_limits<double>::quiet_NaN(), sign);
  }
  const auto is_digit = [](char c, bool hex) { return hex ? HexValue(c) >= 0 : IsDigit(c); };
  // "0x" counts only if a digit follows.
  const bool hex = peek(0) == '0' && ToLower(peek(1)) == 'x' &&
                   (is_digit(peek(2), true) || (peek(2) == '.' && is_digit(peek(3), true)));
  if (hex) at += 2;
  const size_t digits_start = at;
  while (is_digit(peek(0), hex)) ++at;
  size_t digits = at - digits_start;
  if (peek(0) == '.' && (digits > 0 || is_digit(peek(1), hex))) {
    const size_t point = at++;
    while (is_digit(peek(0), hex)) ++at;
    digits += at - point - 1;
  }
  if (digits == 0) return 0;
  if (ToLower(peek(0)) == (hex ? 'p' : 'e')) {
    const size_t signs = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (IsDigit(peek(1 + signs))) {
      at += 1 + signs;
      while (IsDigit(peek(0))) ++at;
    }
  }
  *used = at;
  return ParseDoubleLoose(text.substr(start, at - start)).value_or(0);
}

uint64_t ReadLeadingInteger(std::string_view text, uint32_t base, size_t* used) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  size_t at = 0;
  const auto digit = [&](size_t place) {
    const char c = place < text.size() ? ToLower(text[place]) : '\0';
    const int value = IsDigit(c) ? c - '0' : (c >= 'a' && c <= 'z' ? c - 'a' + 10 : -1);
    return value >= 0 && static_cast<uint32_t>(value) < base ? value : -1;
  };
  *used = 0;
  while (at < text.size() && IsSpace(text[at])) ++at;
  const bool negative = at < text.size() && text[at] == '-';
  if (negative || (at < text.size() && text[at] == '+')) ++at;
  if (base == 16 && StartsWithIgnoreCase(text.substr(at), "0x") && digit(at + 2) >= 0) at += 2;
  uint64_t value = 0;
  bool too_large = false;
  for (int next = digit(at); next >= 0; next = digit(++at)) {
    const auto added = static_cast<uint64_t>(next);
    too_large = too_large || value > (kMax - added) / base;
    value = value * base + added;
    *used = at + 1;
  }
  if (too_large) return kMax;
  return negative ? 0 - value : value;
}

}  // namespace kvasm::base
