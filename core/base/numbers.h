#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvasm::base {

// Numbers and text, with Redis's strictness and Redis's bytes, the same natively and in wasm.

// Room for any int64 or uint64, in characters.
inline constexpr size_t kIntCharsMax = 20;
// Room for any double, in characters.
inline constexpr size_t kDoubleCharsMax = 32;

// The one canonical form only: no sign '+', no "-0", no leading zeros or spaces, nothing after.
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<uint64_t> ParseUint64(std::string_view text);

// The cursor of SCAN and its kin, which Redis reads as loosely as strtoul: a sign and leading zeros
// are allowed, "" is 0, a NUL ends it. Leading space, other bytes and overflow are refused.
std::optional<uint64_t> ParseCursor(std::string_view text);

// Writes the decimal form and returns its length; `out` has kIntCharsMax bytes of room. No NUL.
size_t FormatInt64(char* out, int64_t value);
size_t FormatUint64(char* out, uint64_t value);
std::string Int64Text(int64_t value);

// A float argument: the whole text as strtod reads it (decimal, hexadecimal, "inf", "+Infinity"),
// correctly rounded. Refused: empty, leading space, embedded NUL, NaN, and what is too large or too
// small to be anything but infinity or zero. Subnormal numbers are accepted.
std::optional<double> ParseDouble(std::string_view text);

// A score bound (ZRANGEBYSCORE and its kin), which Redis reads more loosely: the text up to its
// first NUL, leading space allowed, "" is 0, overflow is infinite, underflow is 0. NaN is refused.
std::optional<double> ParseDoubleLoose(std::string_view text);

// A weight of SORT: as ParseDoubleLoose, but what is too large or too small for a double is
// refused, even if it is subnormal.
std::optional<double> ParseDoubleInRange(std::string_view text);

// Writes a score or a RESP3 double as Redis 7.2 prints it ("3", "0.1", "1e+20", "-inf", "nan",
// "-0") and returns its length; `out` has kDoubleCharsMax bytes of room. No NUL. Integral values
// within
// +-2^62 are printed in full; all others by Grisu2, whose digits are the shortest that read back as
// the same double but for about one value in a thousand (which Redis prints alike).
size_t FormatDouble(char* out, double value);
std::string DoubleText(double value);

// Writes a coordinate as Redis prints it: 17 digits after the point, correctly rounded, without
// trailing zeros, and returns its length; `out` has kIntCharsMax * 2 bytes of room. No NUL. The
// value is below 2^63; what it has below 2^-64 is cut off.
size_t FormatCoordinate(char* out, double value);
// Writes a distance with 4 digits after the point and returns its length; `out` has
// kDoubleCharsMax bytes of room. No NUL. As in Redis -922337203685477.5808 stands for NaN and what
// is too large.
size_t FormatDistance(char* out, double value);

// With so many decimals, rounded: Fixed(1.5, 2) is "1.50". For values below 1e15.
std::string Fixed(double value, int decimals);

}  // namespace kvasm::base
