// The library `cjson`: its settings and the two directions. Behaviour as that of Redis 7.2's
// (lua-cjson 2.1.0). Nothing here is recursive: a script may allow any depth, up to the size of
// Lua's stack.
#pragma once

#include <cstdint>

#include "core/scripting/lua_api.h"

namespace kvasm::scripting {

// Lives in a userdata; the first upvalue of each function.
struct CjsonSettings {
  enum InvalidNumbers : int32_t { kOff, kOn, kNull };

  int32_t sparse_convert = 0;
  int32_t sparse_ratio = 2;  // 0: arrays may have any number of holes
  int32_t sparse_safe = 10;
  int32_t encode_max_depth = 1000;
  int32_t decode_max_depth = 1000;
  int32_t encode_invalid_numbers = kOff;
  int32_t decode_invalid_numbers = kOn;
  int32_t encode_number_precision = 14;
  int32_t encode_keep_buffer = 1;  // has no effect but to be remembered

  static CjsonSettings& Of(lua_State* L) {
    return *static_cast<CjsonSettings*>(lua_touserdata(L, lua_upvalueindex(1)));
  }
};

// lua_CFunctions with two upvalues: the settings, and nil: a place for what nests deep.
int CjsonEncode(lua_State* L);
int CjsonDecode(lua_State* L);

}  // namespace kvasm::scripting
