// What lmathlib.c takes instead of the C library's functions, which are large (see adapt.mjs).
#pragma once

#include <math.h>

#include "core/scripting/lua/numbers.h"

#define exp kvasm_lua_exp
#define log kvasm_lua_log
#define log10 kvasm_lua_log10
#define pow kvasm_lua_pow

#ifdef __EMSCRIPTEN__
// JavaScript has these (emscripten/em_math.h). Results may differ in the last place from one engine
// to the next, as they do from one C library to the next.
double emscripten_math_acos(double x);
double emscripten_math_asin(double x);
double emscripten_math_atan(double x);
double emscripten_math_cos(double x);
double emscripten_math_cosh(double x);
double emscripten_math_sin(double x);
double emscripten_math_sinh(double x);
double emscripten_math_tan(double x);
double emscripten_math_tanh(double x);
double emscripten_math_atan2(double y, double x);
#define acos emscripten_math_acos
#define asin emscripten_math_asin
#define atan emscripten_math_atan
#define atan2 emscripten_math_atan2
#define cos emscripten_math_cos
#define cosh emscripten_math_cosh
#define sin emscripten_math_sin
#define sinh emscripten_math_sinh
#define tan emscripten_math_tan
#define tanh emscripten_math_tanh
#endif
