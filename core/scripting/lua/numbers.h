// Numbers and texts as glibc's printf and strtod have them, and functions of numbers, for Lua's own
// code: luaconf.h includes this (adapt.mjs).
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// `format` is one conversion that string.format has checked. What is written ends with a NUL and
// takes at most 512 bytes. A text has less than 100 bytes, or `format` a precision.
void kvasm_lua_format_number(char* out, const char* format, double value);
void kvasm_lua_format_text(char* out, const char* format, const char* text);
// As "%.14g" and "%p"; at most 32 bytes.
void kvasm_lua_number_text(char* out, double value);
void kvasm_lua_pointer_text(char* out, const void* pointer);
// As strtod, and as strtoul where long has 64 bits.
double kvasm_lua_read_number(const char* text, char** end);
double kvasm_lua_read_integer(const char* text, char** end, int base);

double kvasm_lua_pow(double x, double y);
double kvasm_lua_exp(double x);
double kvasm_lua_log(double x);
double kvasm_lua_log10(double x);

#ifdef __cplusplus
}
#endif
