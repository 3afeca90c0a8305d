#include "core/scripting/lua/extensions.h"

#include <string.h>

#include "ldo.h"
#include "lgc.h"
#include "lobject.h"
#include "lstate.h"
#include "lstring.h"
#include "ltable.h"
#include "lzio.h"

static Table* TableAt(lua_State* L, int index) { return (Table*)lua_topointer(L, index); }

void kvasm_lua_set_readonly(lua_State* L, int index, int readonly) {
  TableAt(L, index)->readonly = (lu_byte)readonly;
}

int kvasm_lua_is_readonly(lua_State* L, int index) { return TableAt(L, index)->readonly; }

int kvasm_lua_can_yield(lua_State* L) {
  // What a C function yields is given to the function of Lua's that has called it: a thread that
  // began with a C function has none.
  const int resumable = isLua(L->ci) || (L->ci > L->base_ci && isLua(L->ci - 1));
  return resumable && L->nCcalls <= L->baseCcalls;
}

static void Reserve(lua_State* L, void* slots) {
  if (!lua_checkstack(L, *(int*)slots)) luaD_throw(L, LUA_ERRMEM);
}

int kvasm_lua_reserve(lua_State* thread, int slots) {
  return luaD_rawrunprotected(thread, &Reserve, &slots) == 0;
}

int kvasm_lua_try(lua_State* L, void (*body)(lua_State*, void*), void* data) {
  const int top = lua_gettop(L);
  const int status = luaD_rawrunprotected(L, body, data);
  lua_settop(L, top);
  return status == 0;
}

// Room for a string that PushRoom makes of it. Nothing may collect before: the buffer is Lua's,
// which lets go of it then.
static char* Room(lua_State* L, size_t bytes) {
  return luaZ_openspace(L, &G(L)->buff, bytes + 1);
}

static void PushRoom(lua_State* L, const char* room, size_t bytes) {
  luaD_checkstack(L, 1);
  setsvalue2s(L, L->top, luaS_newlstr(L, room, bytes));
  ++L->top;
  luaC_checkGC(L);
}

void kvasm_lua_push_repeated(lua_State* L, const char* text, size_t bytes, size_t count) {
  const size_t total = bytes * count;
  char* room = Room(L, total);
  size_t done = total < bytes ? total : bytes;
  memcpy(room, text, done);
  while (done < total) {
    const size_t part = done < total - done ? done : total - done;
    memcpy(room + done, room, part);
    done += part;
  }
  PushRoom(L, room, total);
}

int kvasm_lua_push_joined(lua_State* L, int index, int first, int last, const char* separator,
                          size_t separator_bytes) {
  Table* table = TableAt(L, index);
  double total = 0;
  for (long long i = first; i <= last; ++i) {
    const TValue* element = luaH_getnum(table, (int)i);
    if (!ttisstring(element)) return 0;
    total += (double)tsvalue(element)->len + (i < last ? (double)separator_bytes : 0);
  }
  if (total > KVASM_LUA_STRING_BYTES_MAX) luaD_throw(L, LUA_ERRMEM);
  char* room = Room(L, (size_t)total);
  char* end = room;
  for (long long i = first; i <= last; ++i) {
    const TString* element = rawtsvalue(luaH_getnum(table, (int)i));
    memcpy(end, getstr(element), element->tsv.len);
    end += element->tsv.len;
    if (i == last) break;
    memcpy(end, separator, separator_bytes);
    end += separator_bytes;
  }
  PushRoom(L, room, (size_t)total);
  return 1;
}

void kvasm_lua_end_gc_stop(lua_State* L) {
  global_State* g = G(L);
  if (g->GCthreshold == MAX_LUMEM) g->GCthreshold = g->totalbytes;
}
