// What a library finds when it is loaded: redis.register_function and little else.
#include "core/base/alloc.h"
#include "core/base/ascii.h"
#include "core/scripting/libraries.h"
#include "core/scripting/sandbox.h"
#include "core/scripting/values.h"

namespace kvasm::scripting {
namespace {

// Where the parts of a registration lie on the stack once they have been read.
enum Slot : int { kTable = 1, kName, kCallback, kDescription };

int RaiseError(lua_State* L, const char* text) {
  PushError(L, text);
  return lua_error(L);
}

std::string_view TextAt(lua_State* L, int index) {
  size_t size = 0;
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

// Reads the list on top of the stack. False if one is unknown.
bool ReadFlags(lua_State* L, uint32_t* flags) {
  *flags = 0;
  for (int i = 1;; ++i) {
    lua_rawgeti(L, -1, i);
    if (lua_isnil(L, -1)) break;
    uint32_t found = 0;
    const std::string_view name = lua_isstring(L, -1) ? TextAt(L, -1) : std::string_view();
    for (uint32_t flag = 1; flag < kCompatible; flag <<= 1) {
      if (base::EqualsIgnoreCase(name, ScriptFlagName(flag))) found = flag;
    }
    lua_pop(L, 1);
    if (found == 0) return false;
    *flags |= found;
  }
  lua_pop(L, 1);
  return true;
}

// Puts the value on top of the stack where it belongs. Null, or what is wrong.
const char* ReadArgument(lua_State* L, std::string_view name, uint32_t* flags) {
  if (base::EqualsIgnoreCase(name, "function_name")) {
    if (!lua_isstring(L, -1)) {
      return "function_name argument given to redis.register_function must be a string";
    }
    lua_pushvalue(L, -1);
    lua_replace(L, kName);
  } else if (base::EqualsIgnoreCase(name, "description")) {
    if (!lua_isstring(L, -1)) {
      return "description argument given to redis.register_function must be a string";
    }
    lua_pushvalue(L, -1);
    lua_replace(L, kDescription);
  } else if (base::EqualsIgnoreCase(name, "callback")) {
    if (!lua_isfunction(L, -1)) {
      return "callback argument given to redis.register_function must be a function";
    }
    lua_pushvalue(L, -1);
    lua_replace(L, kCallback);
  } else if (base::EqualsIgnoreCase(name, "flags")) {
    if (!lua_istable(L, -1)) {
      return "flags argument to redis.register_function must be a table representing function "
             "flags";
    }
    if (!ReadFlags(L, flags)) return "unknown flag given";
  } else {
    return "unknown argument given to redis.register_function";
  }
  return nullptr;
}

// register_function{function_name=, callback=, description=, flags=}.
const char* ReadNamedArguments(lua_State* L, uint32_t* flags) {
  if (!lua_istable(L, kTable)) {
    return "calling redis.register_function with a single argument is only applicable to Lua table "
           "(representing named arguments).";
  }
  lua_settop(L, kDescription);
  for (lua_pushnil(L); lua_next(L, kTable) != 0; lua_pop(L, 1)) {
    if (!lua_isstring(L, -2)) {
      return "named argument key given to redis.register_function is not a string";
    }
    // A number must not be made a text here: lua_next goes on from it.
    const bool is_text = lua_type(L, -2) == LUA_TSTRING;
    const char* wrong = ReadArgument(L, is_text ? TextAt(L, -2) : std::string_view(), flags);
    if (wrong != nullptr) return wrong;
  }
  if (lua_isnil(L, kName)) return "redis.register_function must get a function name argument";
  if (lua_isnil(L, kCallback)) return "redis.register_function must get a callback argument";
  return nullptr;
}

// register_function(name, callback).
const char* ReadPositionalArguments(lua_State* L) {
  if (!lua_isstring(L, 1)) return "first argument to redis.register_function must be a string";
  if (!lua_isfunction(L, 2)) return "second argument to redis.register_function must be a function";
  lua_pushnil(L);
  lua_insert(L, kTable);
  lua_settop(L, kDescription);
  return nullptr;
}

int RegisterFunction(lua_State* L) {
  Library* library = Interpreter::Of(L).loading();
  if (library == nullptr) {
    return RaiseError(L, "redis.register_function can only be called on FUNCTION LOAD command");
  }
  const int count = lua_gettop(L);
  if (count < 1 || count > 2) {
    return RaiseError(L, "wrong number of arguments to redis.register_function");
  }
  uint32_t flags = 0;
  const char* wrong = count == 1 ? ReadNamedArguments(L, &flags) : ReadPositionalArguments(L);
  if (wrong != nullptr) return RaiseError(L, wrong);
  const std::string_view name = TextAt(L, kName);
  const bool is_described = !lua_isnil(L, kDescription);
  const std::string_view description = is_described ? TextAt(L, kDescription) : std::string_view();
  if (!IsLibraryName(name)) {
    return RaiseError(L,
                      "Library names can only contain letters, numbers, or underscores(_) and must "
                      "be at least one character long");
  }
  if (!base::HaveRoom(4 * (name.size() + description.size()) + (64 << 10))) {
    return RaiseError(L, "not enough memory");
  }
  lua_settop(L, kDescription);
  lua_pushvalue(L, kCallback);
  const int reference = luaL_ref(L, LUA_REGISTRYINDEX);
  // From here to the end of the block nothing raises.
  bool is_new = false;
  {
    auto function = std::make_unique<Function>();
    function->name = name;
    function->folded = base::LowerCopy(name);
    function->description = description;
    function->is_described = is_described;
    function->flags = flags;
    function->reference = reference;
    is_new = library->Add(std::move(function));
  }
  if (is_new) return 0;
  luaL_unref(L, LUA_REGISTRYINDEX, reference);
  return RaiseError(L, "Function already exists in the library");
}

constexpr const char* kSharedNames[] = {"log",          "LOG_DEBUG",   "LOG_VERBOSE",
                                        "LOG_NOTICE",   "LOG_WARNING", "REDIS_VERSION_NUM",
                                        "REDIS_VERSION"};

}  // namespace

void OpenLibraryApi(lua_State* L, LibraryApi* api) {
  lua_newtable(L);  // the globals
  lua_newtable(L);  // `redis`
  lua_getglobal(L, "redis");
  for (const char* name : kSharedNames) {
    lua_getfield(L, -1, name);
    lua_setfield(L, -3, name);
  }
  lua_pop(L, 1);
  lua_pushcfunction(L, &RegisterFunction);
  lua_setfield(L, -2, "register_function");
  // Both complain of what is missing.
  lua_getmetatable(L, LUA_GLOBALSINDEX);
  lua_pushvalue(L, -1);
  lua_setmetatable(L, -3);
  lua_insert(L, -2);
  lua_setfield(L, -3, "redis");
  lua_setmetatable(L, -2);
  FreezeTable(L);
  api->loading = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  api->running = luaL_ref(L, LUA_REGISTRYINDEX);

  lua_newtable(L);
  lua_newtable(L);
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  FreezeTable(L);
  lua_replace(L, LUA_GLOBALSINDEX);
}

void ShowApi(lua_State* L, int reference) {
  lua_getmetatable(L, LUA_GLOBALSINDEX);
  kvasm_lua_set_readonly(L, -1, 0);
  lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
  lua_setfield(L, -2, "__index");
  kvasm_lua_set_readonly(L, -1, 1);
  lua_pop(L, 1);
}

}  // namespace kvasm::scripting
