#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/base/printf_number.h"
#include "core/scripting/library_cjson.h"
#include "core/scripting/lua_buffer.h"

namespace kvasm::scripting {
namespace {

constexpr size_t kNumberBytesMax = 32;

// A table being written; it lies on the stack, and the last key above it if it is an object.
struct Open {
  int32_t length;  // of an array; 0: an object
  int32_t done;
};

class Encoder {
 public:
  // Nil at index 2.
  explicit Encoder(lua_State* L)
      : state_(L), settings_(CjsonSettings::Of(L)), out_(L, 2), open_(L, lua_upvalueindex(2)) {}

  // Pushes the text of the value on top of the stack.
  void Encode() {
    do {
      if (Begin()) End();
    } while (open_.size() > 0);
    lua_pushlstring(state_, out_.data(), out_.size());
  }

 private:
  void Fail(int index, const char* reason) {
    luaL_error(state_, "Cannot serialise %s: %s", luaL_typename(state_, index), reason);
  }

  // Writes the value on top of the stack, or a table's beginning; true if that was all of it.
  bool Begin() {
    switch (lua_type(state_, -1)) {
      case LUA_TSTRING:
        PutString(-1);
        return true;
      case LUA_TNUMBER:
        PutNumber(-1);
        return true;
      case LUA_TBOOLEAN:
        Put(lua_toboolean(state_, -1) ? "true" : "false");
        return true;
      case LUA_TTABLE:
        BeginTable();
        return Next();
      case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(state_, -1) != nullptr) break;
        [[fallthrough]];
      case LUA_TNIL:
        Put("null");
        return true;
      default:
        break;
    }
    Fail(-1, "type not supported");
    return true;
  }

  // The value on top of the stack is written: ends the tables that it was the last of, and pushes
  // the value that comes next, if there is one.
  void End() {
    while (open_.size() > 0) {
      lua_pop(state_, 1);
      if (!Next()) return;
    }
  }

  void BeginTable() {
    const auto depth = static_cast<int>(open_.size() / sizeof(Open)) + 1;
    if (depth > settings_.encode_max_depth || !lua_checkstack(state_, 3)) {
      luaL_error(state_, "Cannot serialise, excessive nesting (%d)", depth);
    }
    out_.CountTable();
    const int32_t length = ArrayLength();
    open_.Push(Open{length > 0 ? length : 0, 0});
    out_.Put(length > 0 ? '[' : '{');
    if (length <= 0) lua_pushnil(state_);
  }

  // Pushes the next value of the innermost table; true if there was none and the table has ended.
  bool Next() {
    Open open = open_.Pop<Open>();
    const bool is_first = open.done == 0;
    if (open.length > 0) {
      if (open.done == open.length) {
        out_.Put(']');
        return true;
      }
      if (!is_first) out_.Put(',');
      lua_rawgeti(state_, -1, ++open.done);
    } else {
      if (!lua_next(state_, -2)) {
        out_.Put('}');
        return true;
      }
      if (!is_first) out_.Put(',');
      open.done = 1;
      PutKey();
    }
    open_.Push(open);
    return false;
  }

  // How many elements the table on top of the stack has if it is an array.
  int32_t ArrayLength() {
    int32_t largest = 0;
    uint32_t items = 0;
    for (lua_pushnil(state_); lua_next(state_, -2) != 0; ++items) {
      const lua_Number key = lua_type(state_, -2) == LUA_TNUMBER ? lua_tonumber(state_, -2) : 0;
      if (key < 1 || std::floor(key) != key) {
        lua_pop(state_, 2);
        return -1;
      }
      // What does not fit is the lowest number, as in Redis: such a table becomes an object.
      if (key > largest) largest = key <= INT32_MAX ? static_cast<int32_t>(key) : INT32_MIN;
      lua_pop(state_, 1);
    }
    const auto ratio = static_cast<uint32_t>(settings_.sparse_ratio);
    if (ratio > 0 && largest > static_cast<int32_t>(items * ratio) &&
        largest > settings_.sparse_safe) {
      if (!settings_.sparse_convert) Fail(-1, "excessively sparse array");
      return -1;
    }
    return largest;
  }

  void Put(const char* text) { out_.Append(text, std::strlen(text)); }

  void PutKey() {
    const int type = lua_type(state_, -2);
    if (type == LUA_TNUMBER) {
      out_.Put('"');
      PutNumber(-2);
      out_.Put('"');
    } else if (type == LUA_TSTRING) {
      PutString(-2);
    } else {
      Fail(-2, "table key must be a number or string");
    }
    out_.Put(':');
  }

  void PutNumber(int index) {
    const lua_Number number = lua_tonumber(state_, index);
    if (!std::isfinite(number)) {
      switch (settings_.encode_invalid_numbers) {
        case CjsonSettings::kOff:
          return Fail(index, "must not be NaN or Inf");
        case CjsonSettings::kNull:
          return Put("null");
        default:
          if (std::isnan(number)) return Put("nan");
      }
    }
    char* at = out_.Room(kNumberBytesMax);
    out_.Added(base::FormatFloat(at, number, {.precision = settings_.encode_number_precision}));
  }

  void PutString(int index) {
    size_t size = 0;
    const char* text = lua_tolstring(state_, index, &size);
    out_.Put('"');
    size_t plain = 0;  // where the bytes begin that are not written yet
    for (size_t i = 0; i < size; ++i) {
      const auto byte = static_cast<uint8_t>(text[i]);
      if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != '/' && byte != 0x7f) continue;
      out_.Append(text + plain, i - plain);
      plain = i + 1;
      PutEscape(text[i]);
    }
    out_.Append(text + plain, size - plain);
    out_.Put('"');
  }

  void PutEscape(char c) {
    constexpr char kSpecial[] = "\b\t\n\f\r\"\\/";
    constexpr char kLetters[] = "btnfr\"\\/";
    const void* found = std::memchr(kSpecial, c, sizeof(kSpecial) - 1);
    out_.Put('\\');
    if (found != nullptr) {
      out_.Put(kLetters[static_cast<const char*>(found) - kSpecial]);
      return;
    }
    const auto byte = static_cast<uint8_t>(c);
    out_.Append("u00", 3);
    out_.Put(static_cast<char>('0' + (byte >> 4)));
    out_.Put("0123456789abcdef"[byte & 15]);
  }

  lua_State* state_;
  const CjsonSettings& settings_;
  LuaBuffer out_;
  LuaBuffer open_;
};

}  // namespace

int CjsonEncode(lua_State* L) {
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  lua_pushnil(L);
  Encoder encoder(L);
  lua_pushvalue(L, 1);
  encoder.Encode();
  return 1;
}

}  // namespace kvasm::scripting
