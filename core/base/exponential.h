// Powers, logarithms and the exponential function that give the same bits natively and in wasm, and
// carry no tables: the C libraries' take 10 KB, which do not compress.
//
// Each is computed to about 2^-70 and rounded once: the result is the double nearest to the exact
// value but for about one argument in a hundred thousand. (glibc differs from the nearest double
// a few times in a thousand.) Infinities, zeros and NaN are treated as C has it. About 0.2 us; a
// power with a small whole exponent is a few multiplications, which are exact while they fit.
#pragma once

namespace kvasm::base {

double Power(double x, double y);
double Exponential(double x);
double Logarithm(double x);
double Logarithm10(double x);

}  // namespace kvasm::base
