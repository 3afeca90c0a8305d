// Numbers as C's printf writes them, byte for byte as glibc does, exactly rounded (ties to even),
// the same natively and in wasm: what Lua's string.format, tostring and cjson are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvasm::base {

// One conversion, as `%-+ #0width.precision` and its letter.
struct NumberFormat {
  bool left = false;
  bool plus = false;
  bool space = false;
  bool alternate = false;
  bool zero = false;
  uint32_t width = 0;      // at most kFormatWidthMax
  int32_t precision = -1;  // -1: none given; at most kFormatWidthMax
  char conversion = 'g';
};
inline constexpr uint32_t kFormatWidthMax = 99;

// Room for whatever the functions below write, in bytes.
inline constexpr size_t kFormattedBytesMax = 512;

// Conversions e, E, f, g, G. No NUL; returns the length. Takes longer for numbers that are very
// large or small: up to some 10 us.
size_t FormatFloat(char* out, double value, const NumberFormat& format);

// As %f with that many digits after the point.
std::string FixedText(double value, int32_t decimals);

// Conversions d, i, u, o, x, X of a number given as sign and magnitude. No NUL; returns the length.
size_t FormatInteger(char* out, bool negative, uint64_t magnitude, const NumberFormat& format);

// Widens a text that was written to `out`, to `width`, with spaces; returns its new length.
size_t PadText(char* out, size_t size, const NumberFormat& format);

// The number that `text` begins with, as strtod reads it in the C locale: after white space; "inf",
// "nan" and hexadecimal too; infinite or zero if out of range. `used`: its length with the space
// before it, 0 if there is none.
double ReadLeadingDouble(std::string_view text, size_t* used);

// The same of an unsigned integer in a base of 2 to 36, as strtoul reads it where long has 64 bits:
// a minus sign negates it, overflow gives the largest.
uint64_t ReadLeadingInteger(std::string_view text, uint32_t base, size_t* used);

}  // namespace kvasm::base
