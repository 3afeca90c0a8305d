// What the engine adds to Lua 5.1 (see adapt.mjs for what is changed in its source).
#pragma once

#include <lua.h>

// How deep the matching of one pattern nests; each level takes some of the machine's stack.
#define KVASM_LUA_PATTERN_DEPTH 400
// Loops in C call kvasm_lua_interrupt whenever so many steps, a power of two, have been made.
#define KVASM_LUA_STEPS_MASK 0xfffffu
// table.sort calls it for each part that is longer, elements.
#define KVASM_LUA_LONG_RANGE 1000
// kvasm_lua_look is called after one of so many calls of C functions, a power of two, and for each
// string of so many bytes.
#define KVASM_LUA_CALLS_MASK 15u
#define KVASM_LUA_LONG_STRING 65536
// Longest string that string.rep makes, bytes.
#define KVASM_LUA_STRING_BYTES_MAX (512.0 * 1024 * 1024)

#ifdef __cplusplus
extern "C" {
#endif

// A table whose fields cannot be changed, not even by rawset; to try is an error of the script.
void kvasm_lua_set_readonly(lua_State* L, int index, int readonly);
int kvasm_lua_is_readonly(lua_State* L, int index);

// Whether lua_yield would succeed: no C function but the running one is on the thread's stack, and
// that was called by one of Lua's.
int kvasm_lua_can_yield(lua_State* L);

// As lua_checkstack, for a thread other than the running one: 0 also when there is no memory, where
// lua_checkstack would raise an error that nobody catches. The API's calls that may allocate must
// not be used on such a thread at all.
int kvasm_lua_reserve(lua_State* thread, int slots);

// Calls `body(L, data)` so that an error ends it and no more; 0 then. As lua_cpcall, but it needs
// no memory itself. `body` must not call functions of Lua's. Outside of any call on `L`.
int kvasm_lua_try(lua_State* L, void (*body)(lua_State*, void*), void* data);

// Pushes a text, which is on the stack, `count` times repeated. Made in one place: from pieces it
// would be joined and hashed again and again. The result has KVASM_LUA_STRING_BYTES_MAX at most.
void kvasm_lua_push_repeated(lua_State* L, const char* text, size_t bytes, size_t count);

// Pushes the elements [first, last] of a table, with `separator` between, as one string; 0 if they
// are not all strings. Raises "not enough memory" beyond KVASM_LUA_STRING_BYTES_MAX.
int kvasm_lua_push_joined(lua_State* L, int index, int first, int last, const char* separator,
                          size_t separator_bytes);

// Undoes LUA_GCSTOP. Not as LUA_GCRESTART, which begins a collection whether it was stopped or not.
void kvasm_lua_end_gc_stop(lua_State* L);

// Called now and then by C functions that may take long. May raise an error. Defined in
// core/scripting/interpreter.cc.
void kvasm_lua_interrupt(lua_State* L);

// Called often: what has just been done may have taken long. Raises nothing. Defined there, too.
void kvasm_lua_look(lua_State* L);

#ifdef __cplusplus
}
#endif
