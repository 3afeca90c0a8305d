// What Lua's own code calls in place of the C library's printf and strtod (see adapt.mjs).
#include "core/base/numbers.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/base/ascii.h"
#include "core/base/exponential.h"
#include "core/base/printf_number.h"
#include "core/scripting/lua/numbers.h"

namespace {

using kvasm::base::NumberFormat;

uint32_t TakeNumber(const char*& at) {
  uint32_t value = 0;
  for (; kvasm::base::IsDigit(*at); ++at) value = value * 10 + static_cast<uint32_t>(*at - '0');
  return value;
}

// A conversion that scanformat has checked: two digits of width and of precision at most.
NumberFormat ReadFormat(const char* at) {
  NumberFormat format;
  for (++at;; ++at) {
    if (*at == '-') {
      format.left = true;
    } else if (*at == '+') {
      format.plus = true;
    } else if (*at == ' ') {
      format.space = true;
    } else if (*at == '#') {
      format.alternate = true;
    } else if (*at == '0') {
      format.zero = true;
    } else {
      break;
    }
  }
  format.width = TakeNumber(at);
  if (*at == '.') format.precision = static_cast<int32_t>(TakeNumber(++at));
  format.conversion = *at;
  return format;
}

// To integers as x86-64 converts, whose bytes clients know: what does not fit is the lowest number.
int64_t ToInt64(double value) {
  return value >= -0x1p63 && value < 0x1p63 ? static_cast<int64_t>(value) : INT64_MIN;
}
uint64_t ToUint64(double value) {
  constexpr uint64_t kHigh = uint64_t{1} << 63;
  if (!(value >= 0x1p63)) return static_cast<uint64_t>(ToInt64(value));
  return static_cast<uint64_t>(ToInt64(value - 0x1p63)) ^ kHigh;
}
int32_t ToInt32(double value) {
  return value > -0x1p31 - 1 && value < 0x1p31 ? static_cast<int32_t>(value) : INT32_MIN;
}

size_t FormatItem(char* out, const NumberFormat& format, double value) {
  switch (format.conversion) {
    case 'c':
      *out = static_cast<char>(ToInt32(value));
      return kvasm::base::PadText(out, 1, format);
    case 'd':
    case 'i': {
      const int64_t integer = ToInt64(value);
      const auto bits = static_cast<uint64_t>(integer);
      return kvasm::base::FormatInteger(out, integer < 0, integer < 0 ? 0 - bits : bits, format);
    }
    case 'o':
    case 'u':
    case 'x':
    case 'X':
      return kvasm::base::FormatInteger(out, false, ToUint64(value), format);
    default:
      return kvasm::base::FormatFloat(out, value, format);
  }
}

}  // namespace

void kvasm_lua_format_number(char* out, const char* format, double value) {
  out[FormatItem(out, ReadFormat(format), value)] = '\0';
}

void kvasm_lua_format_text(char* out, const char* text_format, const char* text) {
  const NumberFormat format = ReadFormat(text_format);
  size_t size = std::strlen(text);
  if (format.precision >= 0) size = std::min(size, static_cast<size_t>(format.precision));
  std::memcpy(out, text, size);
  out[kvasm::base::PadText(out, size, format)] = '\0';
}

void kvasm_lua_number_text(char* out, double value) {
  constexpr double kIntegerMax = 1e14;  // the first that takes an exponent
  size_t size = 0;
  if (std::abs(value) < kIntegerMax && value == std::trunc(value) &&
      !(value == 0 && std::signbit(value))) {
    size = kvasm::base::FormatInt64(out, static_cast<int64_t>(value));
  } else {
    size = kvasm::base::FormatFloat(out, value, {.precision = 14});
  }
  out[size] = '\0';
}

void kvasm_lua_pointer_text(char* out, const void* pointer) {
  if (pointer == nullptr) {
    std::memcpy(out, "(nil)", sizeof("(nil)"));
    return;
  }
  const auto bits = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(pointer));
  const NumberFormat format{.alternate = true, .conversion = 'x'};
  out[kvasm::base::FormatInteger(out, false, bits, format)] = '\0';
}

double kvasm_lua_read_number(const char* text, char** end) {
  size_t used = 0;
  const double value = kvasm::base::ReadLeadingDouble(text, &used);
  *end = const_cast<char*>(text) + used;
  return value;
}

double kvasm_lua_read_integer(const char* text, char** end, int base) {
  size_t used = 0;
  const uint64_t value = kvasm::base::ReadLeadingInteger(text, static_cast<uint32_t>(base), &used);
  *end = const_cast<char*>(text) + used;
  return static_cast<double>(value);
}

double kvasm_lua_pow(double x, double y) { return kvasm::base::Power(x, y); }
double kvasm_lua_exp(double x) { return kvasm::base::Exponential(x); }
double kvasm_lua_log(double x) { return kvasm::base::Logarithm(x); }
double kvasm_lua_log10(double x) { return kvasm::base::Logarithm10(x); }
