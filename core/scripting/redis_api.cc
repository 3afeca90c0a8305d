// The table `redis` of scripts. Errors are tables with a field "err", as in Redis 7.2.
#include "core/base/sha1.h"
#include "core/scripting/interpreter.h"
#include "core/scripting/sandbox.h"
#include "core/scripting/values.h"
#include "core/services/version.h"

namespace kvasm::scripting {
namespace {

// --- redis.call, redis.pcall ---

int RaiseError(lua_State* L, const char* text) {
  PushError(L, text);
  return lua_error(L);
}

// A library that is being loaded has nobody to call in the name of.
constexpr char kNotRunning[] = "redis.call/pcall can only be called inside a script invocation";

// Pushes the reply. Returns whether it is an error.
bool CallCommand(lua_State* L) {
  Interpreter& interpreter = Interpreter::Of(L);
  if (!interpreter.is_running()) {
    PushError(L, kNotRunning);
    return true;
  }
  if (lua_gettop(L) == 0) {
    PushError(L, "Please specify at least one argument for this redis lib call");
    return true;
  }
  const auto arguments = interpreter.CommandArguments(L);
  if (arguments.empty()) {
    PushError(L, "Lua redis lib command arguments must be strings or integers");
    return true;
  }
  Server& server = interpreter.server();
  std::string& refusal = interpreter.scratch();
  if (!server.CallCommand(arguments, &refusal)) {
    PushCountedError(L, refusal);
    return true;
  }
  const std::string_view reply = server.reply();
  if (reply.empty()) {
    PushError(L, "not enough memory for the reply");
    return true;
  }
  lua_settop(L, 0);
  const bool failed = reply.front() == '-';
  PushReply(L, reply);
  server.DropReply();
  return failed;
}

int Call(lua_State* L) { return CallCommand(L) ? lua_error(L) : 1; }

int Pcall(lua_State* L) {
  CallCommand(L);
  return 1;
}

// --- replies ---

int ErrorReply(lua_State* L) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
    PushError(L, "wrong number or type of arguments");
    return 1;
  }
  const char* text = lua_tostring(L, 1);
  if (text[0] != '-') {
    lua_pushliteral(L, "-");
    lua_pushstring(L, text);
    lua_concat(L, 2);
    text = lua_tostring(L, -1);
  }
  PushError(L, text);
  return 1;
}

int StatusReply(lua_State* L) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
    PushError(L, "wrong number or type of arguments");
    return 1;
  }
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "ok");
  return 1;
}

// --- the rest ---

int Sha1Hex(lua_State* L) {
  if (lua_gettop(L) != 1) return RaiseError(L, "wrong number of arguments");
  size_t size = 0;
  const char* bytes = lua_tolstring(L, 1, &size);
  const base::Sha1Digest digest = base::Sha1({bytes == nullptr ? "" : bytes, size});
  char text[2 * sizeof digest];
  for (size_t i = 0; i < digest.size(); ++i) {
    text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  lua_pushlstring(L, text, sizeof text);
  return 1;
}

int SetProtocol(lua_State* L) {
  if (lua_gettop(L) != 1) return RaiseError(L, "redis.setresp() requires one argument.");
  const lua_Integer version = lua_tointeger(L, 1);
  if (version != 2 && version != 3) return RaiseError(L, "RESP version must be 2 or 3.");
  if (!Interpreter::Of(L).is_running()) return RaiseError(L, kNotRunning);
  Interpreter::Of(L).server().SetReplyProtocol(version);
  return 0;
}

int SetReplication(lua_State* L) {
  if (lua_gettop(L) != 1) return RaiseError(L, "redis.set_repl() requires one argument.");
  const lua_Number audience = lua_tonumber(L, 1);
  if (!(audience > -1 && audience < 4)) {
    return RaiseError(
        L, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
  }
  if (!Interpreter::Of(L).is_running()) return RaiseError(L, kNotRunning);
  Interpreter::Of(L).server().SetAudience(static_cast<int>(audience));
  return 0;
}

int ReplicateCommands(lua_State* L) {
  lua_pushboolean(L, 1);
  return 1;
}

int Breakpoint(lua_State* L) {
  lua_pushboolean(L, 0);
  return 1;
}

int Debug(lua_State*) { return 0; }

int CheckPermission(lua_State* L) {
  Interpreter& interpreter = Interpreter::Of(L);
  if (!interpreter.is_running()) return RaiseError(L, kNotRunning);
  if (lua_gettop(L) == 0) {
    return RaiseError(L, "Please specify at least one argument for this redis lib call");
  }
  const auto arguments = interpreter.CommandArguments(L);
  if (arguments.empty()) {
    return RaiseError(L, "Lua redis lib command arguments must be strings or integers");
  }
  const Server::Permission permission = interpreter.server().MayCall(arguments);
  if (permission == Server::Permission::kNoSuchCommand) {
    return RaiseError(L, "Invalid command passed to redis.acl_check_cmd()");
  }
  lua_pushboolean(L, permission == Server::Permission::kGranted);
  return 1;
}

int Log(lua_State* L) {
  const int count = lua_gettop(L);
  if (count < 2) return RaiseError(L, "redis.log() requires two arguments or more.");
  if (!lua_isnumber(L, 1)) {
    return RaiseError(L, "First argument must be a number (log level).");
  }
  const lua_Number level = lua_tonumber(L, 1);
  if (!(level >= 0 && level < 4)) return RaiseError(L, "Invalid debug level.");
  Interpreter& interpreter = Interpreter::Of(L);
  if (!interpreter.is_running() && interpreter.loading() == nullptr) return 0;
  if (!interpreter.server().IsLogged(static_cast<int>(level))) return 0;
  std::string& line = interpreter.scratch();
  line.clear();
  for (int i = 2; i <= count; ++i) {
    size_t size = 0;
    const char* text = lua_tolstring(L, i, &size);
    if (text == nullptr) continue;
    if (i > 2) line += ' ';
    line.append(text, size);
  }
  interpreter.server().WriteLog(static_cast<int>(level), line);
  return 0;
}

struct Constant {
  const char* name;
  int value;
};
constexpr Constant kConstants[] = {
    {"LOG_DEBUG", 0},  {"LOG_VERBOSE", 1},
    {"LOG_NOTICE", 2}, {"LOG_WARNING", 3},
    {"REPL_NONE", 0},  {"REPL_AOF", 1},
    {"REPL_SLAVE", 2}, {"REPL_REPLICA", 2},
    {"REPL_ALL", 3},   {"REDIS_VERSION_NUM", services::kRedisVersionNumber},
};

constexpr luaL_Reg kFunctions[] = {
    {"call", &Call},
    {"pcall", &Pcall},
    {"error_reply", &ErrorReply},
    {"status_reply", &StatusReply},
    {"sha1hex", &Sha1Hex},
    {"setresp", &SetProtocol},
    {"set_repl", &SetReplication},
    {"replicate_commands", &ReplicateCommands},
    {"breakpoint", &Breakpoint},
    {"debug", &Debug},
    {"acl_check_cmd", &CheckPermission},
    {"log", &Log},
};

}  // namespace

int OpenRedis(lua_State* L) {
  lua_newtable(L);
  for (const luaL_Reg& function : kFunctions) {
    lua_pushcfunction(L, function.func);
    lua_setfield(L, -2, function.name);
  }
  for (const Constant& constant : kConstants) {
    lua_pushnumber(L, constant.value);
    lua_setfield(L, -2, constant.name);
  }
  constexpr std::string_view kVersion = services::kRedisVersion;
  lua_pushlstring(L, kVersion.data(), kVersion.size());
  lua_setfield(L, -2, "REDIS_VERSION");
  return 1;
}

}  // namespace kvasm::scripting
