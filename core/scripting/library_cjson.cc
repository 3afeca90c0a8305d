#include "core/scripting/library_cjson.h"

#include <new>

#include "core/scripting/sandbox.h"

namespace kvasm::scripting {
namespace {

// Settings take at most so many arguments; those that are missing are nil.
CjsonSettings& Arguments(lua_State* L, int count) {
  luaL_argcheck(L, lua_gettop(L) <= count, count + 1, "found too many arguments");
  lua_settop(L, count);
  return CjsonSettings::Of(L);
}

// Sets an integer if there is one at `index`, and pushes what it is now.
void IntegerSetting(lua_State* L, int index, int32_t& setting, int32_t low, int32_t high) {
  if (!lua_isnil(L, index)) {
    const int value = static_cast<int>(luaL_checkinteger(L, index));
    if (value < low || value > high) {
      luaL_argerror(L, 1, lua_pushfstring(L, "expected integer between %d and %d", low, high));
    }
    setting = value;
  }
  lua_pushnumber(L, setting);
}

constexpr const char* kSwitch[] = {"off", "on", nullptr};
constexpr const char* kSwitchOrNull[] = {"off", "on", "null", nullptr};

void SwitchSetting(lua_State* L, int32_t& setting, const char* const names[]) {
  if (lua_isboolean(L, 1)) {
    setting = lua_toboolean(L, 1);
  } else if (!lua_isnil(L, 1)) {
    setting = luaL_checkoption(L, 1, nullptr, names);
  }
  if (setting <= 1) {
    lua_pushboolean(L, setting);
  } else {
    lua_pushstring(L, names[setting]);
  }
}

int EncodeSparseArray(lua_State* L) {
  CjsonSettings& settings = Arguments(L, 3);
  SwitchSetting(L, settings.sparse_convert, kSwitch);
  IntegerSetting(L, 2, settings.sparse_ratio, 0, INT32_MAX);
  IntegerSetting(L, 3, settings.sparse_safe, 0, INT32_MAX);
  return 3;
}

int EncodeMaxDepth(lua_State* L) {
  IntegerSetting(L, 1, Arguments(L, 1).encode_max_depth, 1, INT32_MAX);
  return 1;
}

int DecodeMaxDepth(lua_State* L) {
  IntegerSetting(L, 1, Arguments(L, 1).decode_max_depth, 1, INT32_MAX);
  return 1;
}

int EncodeNumberPrecision(lua_State* L) {
  IntegerSetting(L, 1, Arguments(L, 1).encode_number_precision, 1, 14);
  return 1;
}

int EncodeKeepBuffer(lua_State* L) {
  SwitchSetting(L, Arguments(L, 1).encode_keep_buffer, kSwitch);
  return 1;
}

int EncodeInvalidNumbers(lua_State* L) {
  SwitchSetting(L, Arguments(L, 1).encode_invalid_numbers, kSwitchOrNull);
  return 1;
}

int DecodeInvalidNumbers(lua_State* L) {
  SwitchSetting(L, Arguments(L, 1).decode_invalid_numbers, kSwitch);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"encode", &CjsonEncode},
    {"decode", &CjsonDecode},
    {"encode_sparse_array", &EncodeSparseArray},
    {"encode_max_depth", &EncodeMaxDepth},
    {"decode_max_depth", &DecodeMaxDepth},
    {"encode_number_precision", &EncodeNumberPrecision},
    {"encode_keep_buffer", &EncodeKeepBuffer},
    {"encode_invalid_numbers", &EncodeInvalidNumbers},
    {"decode_invalid_numbers", &DecodeInvalidNumbers},
    {"new", &OpenCjson},
};

}  // namespace

// Each has settings of its own: what cjson.new returns does too.
int OpenCjson(lua_State* L) {
  lua_newtable(L);
  new (lua_newuserdata(L, sizeof(CjsonSettings))) CjsonSettings;
  for (const luaL_Reg& function : kFunctions) {
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_pushcclosure(L, function.func, 2);
    lua_setfield(L, -3, function.name);
  }
  lua_pop(L, 1);
  lua_pushlightuserdata(L, nullptr);
  lua_setfield(L, -2, "null");
  lua_pushliteral(L, "cjson");
  lua_setfield(L, -2, "_NAME");
  lua_pushliteral(L, "2.1.0");
  lua_setfield(L, -2, "_VERSION");
  return 1;
}

}  // namespace kvasm::scripting
