#pragma once

#include <cstddef>

namespace kvasm::base {

// Writes a finite, non-zero double in the form Redis 7.2 gives to scores and returns its length, at
// most 25 bytes. Plain notation while few zeros are needed ("1234.5", "0.000001", "1500000000"),
// otherwise scientific with a signed exponent ("1e+20", "1.5e-7").
//
// The digits are those of Grisu2 (Loitsch, "Printing floating-point numbers quickly and accurately
// with integers", 2010), run exactly as Redis runs it: the last digit may differ from that of a
// perfect shortest printer, and clients compare texts.
size_t FormatGrisu2(char* out, double value);

}  // namespace kvasm::base
