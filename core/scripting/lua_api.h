// Lua's C API, for C++. Lua raises its errors with longjmp: a function that may raise must not hold
// anything with a destructor while it does.
#pragma once

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "core/scripting/lua/extensions.h"
