#include "core/scripting/sandbox.h"

#include <cmath>

namespace kvasm::scripting {
namespace {

void OpenLibrary(lua_State* L, const char* name, lua_CFunction open) {
  lua_pushcfunction(L, open);
  lua_pushstring(L, name);
  lua_call(L, 1, 0);
}

void SetLibrary(lua_State* L, const char* name, lua_CFunction open) {
  lua_pushcfunction(L, open);
  lua_call(L, 0, 1);
  lua_setglobal(L, name);
}

// math.random, with the numbers of a generator that is the same everywhere. Source of the numbers'
// ranges: Lua 5.1's own function.
int Random(lua_State* L) {
  constexpr int32_t kMax = INT32_MAX;
  const lua_Number r = static_cast<lua_Number>(Interpreter::Of(L).random().Next() % kMax) / kMax;
  switch (lua_gettop(L)) {
    case 0:
      lua_pushnumber(L, r);
      return 1;
    case 1: {
      const int high = luaL_checkint(L, 1);
      luaL_argcheck(L, 1 <= high, 1, "interval is empty");
      lua_pushnumber(L, std::floor(r * high) + 1);
      return 1;
    }
    case 2: {
      const int low = luaL_checkint(L, 1);
      const int high = luaL_checkint(L, 2);
      luaL_argcheck(L, low <= high, 2, "interval is empty");
      lua_pushnumber(L, std::floor(r * (static_cast<lua_Number>(high) - low + 1)) + low);
      return 1;
    }
    default:
      return luaL_error(L, "wrong number of arguments");
  }
}

int SeedRandom(lua_State* L) {
  Interpreter::Of(L).random().Seed(luaL_checkint(L, 1));
  return 0;
}

int ReportMissingGlobal(lua_State* L) {
  const char* name = lua_isstring(L, 2) ? lua_tostring(L, 2) : luaL_typename(L, 2);
  return luaL_error(L, "Script attempted to access nonexistent global variable '%s'", name);
}

}  // namespace

void FreezeTable(lua_State* L) {
  if (kvasm_lua_is_readonly(L, -1)) return;
  luaL_checkstack(L, 4, "tables nested too deep");
  kvasm_lua_set_readonly(L, -1, 1);
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    if (lua_istable(L, -1)) FreezeTable(L);
  }
  if (lua_getmetatable(L, -1)) {
    FreezeTable(L);
    lua_pop(L, 1);
  }
}

void OpenSandbox(lua_State* L, Scheduler& scheduler, Interpreter::Api api) {
  OpenLibrary(L, "", &luaopen_base);
  OpenLibrary(L, LUA_TABLIBNAME, &luaopen_table);
  OpenLibrary(L, LUA_STRLIBNAME, &luaopen_string);
  OpenLibrary(L, LUA_MATHLIBNAME, &luaopen_math);
  scheduler.Open(L);
  SetLibrary(L, "bit", &OpenBit);
  SetLibrary(L, "cjson", &OpenCjson);
  SetLibrary(L, "cmsgpack", &OpenCmsgpack);
  SetLibrary(L, "struct", &OpenStruct);

  lua_getglobal(L, "math");
  lua_pushcfunction(L, &Random);
  lua_setfield(L, -2, "random");
  lua_pushcfunction(L, &SeedRandom);
  lua_setfield(L, -2, "randomseed");
  lua_pop(L, 1);
  SetLibrary(L, "redis", &OpenRedis);
  if (api == Interpreter::Api::kFunctions) {
    lua_getglobal(L, "redis");
    for (const char* name : {"replicate_commands", "breakpoint", "debug"}) {
      lua_pushnil(L);
      lua_setfield(L, -2, name);
    }
    lua_pop(L, 1);
  }

  lua_newtable(L);
  lua_pushcfunction(L, &ReportMissingGlobal);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, LUA_GLOBALSINDEX);
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  FreezeTable(L);
  lua_pop(L, 1);
  // That of all strings is reached from a string only.
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  FreezeTable(L);
  lua_pop(L, 2);
}

}  // namespace kvasm::scripting
