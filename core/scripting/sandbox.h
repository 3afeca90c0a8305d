// What a script finds when it starts, as in Redis 7.2: Lua's libraries but for files, packages, the
// system and debugging; cjson, cmsgpack, struct, bit; and `redis`. All of it read-only.
#pragma once

#include "core/scripting/interpreter.h"
#include "core/scripting/scheduler.h"

namespace kvasm::scripting {

// Fills a new state. May raise an error.
void OpenSandbox(lua_State* L, Scheduler& scheduler, Interpreter::Api api);

// Makes the table on top of the stack read-only, and all that can be reached from it. May raise.
void FreezeTable(lua_State* L);

// The libraries that are not Lua's; each leaves its table on the stack. May raise.
int OpenBit(lua_State* L);
int OpenCjson(lua_State* L);
int OpenCmsgpack(lua_State* L);
int OpenStruct(lua_State* L);
int OpenRedis(lua_State* L);

}  // namespace kvasm::scripting
