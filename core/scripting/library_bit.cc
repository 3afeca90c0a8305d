// The library `bit`: operations on 32-bit words. Source of its behaviour: the documentation of Lua
// BitOp 1.0, which Redis ships.
#include <bit>
#include <cstdint>

#include "core/scripting/sandbox.h"

namespace kvasm::scripting {
namespace {

// A number's lowest 32 bits, once rounded to an integer; ties to even.
uint32_t ToBits(lua_State* L, int index) {
  // The sum has its last bit at 1, so the integer stands in the lowest bits of the mantissa.
  constexpr lua_Number kRounder = 6755399441055744.0;  // 2^52 + 2^51
  return static_cast<uint32_t>(__builtin_bit_cast(uint64_t, luaL_checknumber(L, index) + kRounder));
}

int Push(lua_State* L, uint32_t bits) {
  lua_pushnumber(L, static_cast<int32_t>(bits));
  return 1;
}

int ToBit(lua_State* L) { return Push(L, ToBits(L, 1)); }
int Not(lua_State* L) { return Push(L, ~ToBits(L, 1)); }
int ByteSwap(lua_State* L) { return Push(L, __builtin_bswap32(ToBits(L, 1))); }

template <class Operation>
int Fold(lua_State* L, Operation operation) {
  uint32_t bits = ToBits(L, 1);
  for (int i = lua_gettop(L); i > 1; --i) bits = operation(bits, ToBits(L, i));
  return Push(L, bits);
}

int And(lua_State* L) {
  return Fold(L, [](uint32_t a, uint32_t b) { return a & b; });
}
int Or(lua_State* L) {
  return Fold(L, [](uint32_t a, uint32_t b) { return a | b; });
}
int Xor(lua_State* L) {
  return Fold(L, [](uint32_t a, uint32_t b) { return a ^ b; });
}

// Only the lowest five bits of a shift count.
int Places(lua_State* L) { return static_cast<int>(ToBits(L, 2) & 31); }

int ShiftLeft(lua_State* L) {
  const uint32_t bits = ToBits(L, 1);
  return Push(L, bits << Places(L));
}
int ShiftRight(lua_State* L) {
  const uint32_t bits = ToBits(L, 1);
  return Push(L, bits >> Places(L));
}
int ShiftArithmetic(lua_State* L) {
  const auto bits = static_cast<int32_t>(ToBits(L, 1));
  return Push(L, static_cast<uint32_t>(bits >> Places(L)));
}
int RotateLeft(lua_State* L) {
  const uint32_t bits = ToBits(L, 1);
  return Push(L, std::rotl(bits, Places(L)));
}
int RotateRight(lua_State* L) {
  const uint32_t bits = ToBits(L, 1);
  return Push(L, std::rotr(bits, Places(L)));
}

// Hexadecimal digits; a negative number of them asks for capitals.
int ToHex(lua_State* L) {
  constexpr int32_t kDigitsMax = 8;
  uint32_t bits = ToBits(L, 1);
  int32_t digits = lua_isnone(L, 2) ? kDigitsMax : static_cast<int32_t>(ToBits(L, 2));
  const char* alphabet = "0123456789abcdef";
  if (digits < 0) {
    digits = digits == INT32_MIN ? kDigitsMax : -digits;
    alphabet = "0123456789ABCDEF";
  }
  if (digits > kDigitsMax) digits = kDigitsMax;
  char text[kDigitsMax];
  for (int32_t i = digits; i-- > 0; bits >>= 4) text[i] = alphabet[bits & 15];
  lua_pushlstring(L, text, static_cast<size_t>(digits));
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"tobit", &ToBit},       {"bnot", &Not},
    {"band", &And},          {"bor", &Or},
    {"bxor", &Xor},          {"lshift", &ShiftLeft},
    {"rshift", &ShiftRight}, {"arshift", &ShiftArithmetic},
    {"rol", &RotateLeft},    {"ror", &RotateRight},
    {"bswap", &ByteSwap},    {"tohex", &ToHex},
};

}  // namespace

int OpenBit(lua_State* L) {
  lua_newtable(L);
  for (const luaL_Reg& function : kFunctions) {
    lua_pushcfunction(L, function.func);
    lua_setfield(L, -2, function.name);
  }
  return 1;
}

}  // namespace kvasm::scripting
