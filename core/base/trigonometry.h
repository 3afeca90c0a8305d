// Sine, cosine and arc sine that give the same bits natively and in wasm, where the C libraries
// differ in the last place.
//
// Each is computed to about 2^-67 and rounded once: the result is the double nearest to the exact
// value but for about one argument in ten thousand, there it is the neighbour. (glibc, and so a
// Redis on Linux, differs from the nearest double about 15 times in ten thousand.)
#pragma once

namespace kvasm::base {

// |x| <= 8 radians; beyond, and for NaN, the result is NaN.
double Sine(double x);
double Cosine(double x);
// In [-pi/2, pi/2]; NaN when |x| > 1.
double ArcSine(double x);

}  // namespace kvasm::base
