// Lua's values and Redis's replies, each made of the other as Redis 7.2 does it. The functions that
// take a lua_State may raise errors, unless they say otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/resp/writer.h"
#include "core/scripting/lua_api.h"
#include "core/scripting/server.h"

namespace kvasm::scripting {

// Why a script failed, ready to be replied.
struct Failure {
  std::string text;      // starts with the code
  bool counted = false;  // in the statistics of errors, when the command failed that caused it
};

// Writes a number as an argument of a command; `out` has 32 bytes of room. Returns its length.
size_t FormatArgument(char* out, double number);

// Pushes what a reply, in either protocol, is to a script. `reply` is one whole reply.
void PushReply(lua_State* L, std::string_view reply);

// Pushes an error as redis.pcall returns it: a table with the text as its field "err". The text
// starts with "-" and the code, or has none and gets "ERR".
void PushError(lua_State* L, std::string_view text);
// As PushError, of one that the statistics have counted already.
void PushCountedError(lua_State* L, std::string_view text);

// One table being written, innermost last.
struct OpenTable {
  enum class Kind { kArray, kMap, kSet };
  Kind kind;
  resp::Writer::Mark mark;
  uint64_t count = 0;
  bool value_is_next = false;  // of a map: it lies on the stack
};

// Writes the value on top of the stack, which is popped. With `script_protocol` 2 booleans are 1
// and null. Its errors are counted if they are not yet. `open` is lent, to be used and left empty.
// False, in the midst, if it is more than `values_max` values: a few tables may hold each other a
// million times.
bool WriteValue(lua_State* L, resp::Writer& reply, int script_protocol, Server& server,
                std::vector<OpenTable>& open, uint64_t values_max);

// Finds where a thread stands, from a level of its stack on: the first function that is not of
// coroutine.wrap itself. False if there is none. Raises nothing.
bool FindPlace(lua_State* thread, int level, lua_Debug* frame);

// Describes the error on top of a thread that has failed with it. `name`: of the script; without
// one the place is left out.
void DescribeError(lua_State* L, lua_State* thread, std::string_view name, Failure* failure);

}  // namespace kvasm::scripting
