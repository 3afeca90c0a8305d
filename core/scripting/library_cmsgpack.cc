// The library `cmsgpack`: Lua's values as MessagePack. Behaviour as that of Redis 7.2's
// (lua-cmsgpack 0.4.0).
#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/scripting/lua_buffer.h"
#include "core/scripting/sandbox.h"

namespace kvasm::scripting {
namespace {

// --- Packing -----------------------------------------------------------------------------------

constexpr int kNestingMax = 16;  // tables below are nil

// A head byte and the number after it, highest byte first.
void PutHead(LuaBuffer& out, uint8_t head, uint64_t number, int bytes) {
  char* at = out.Room(9);
  *at++ = static_cast<char>(head);
  for (int i = bytes; i-- > 0;) *at++ = static_cast<char>(number >> (8 * i) & 0xff);
  out.Added(static_cast<size_t>(1 + bytes));
}

void PutInteger(LuaBuffer& out, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  if (value >= -32 && value <= INT8_MAX) return PutHead(out, static_cast<uint8_t>(bits), 0, 0);
  if (value >= 0) {
    if (value <= UINT8_MAX) return PutHead(out, 0xcc, bits, 1);
    if (value <= UINT16_MAX) return PutHead(out, 0xcd, bits, 2);
    if (value <= UINT32_MAX) return PutHead(out, 0xce, bits, 4);
    return PutHead(out, 0xcf, bits, 8);
  }
  if (value >= INT8_MIN) return PutHead(out, 0xd0, bits, 1);
  if (value >= INT16_MIN) return PutHead(out, 0xd1, bits, 2);
  if (value >= INT32_MIN) return PutHead(out, 0xd2, bits, 4);
  PutHead(out, 0xd3, bits, 8);
}

void PutNumber(LuaBuffer& out, lua_Number value) {
  const bool in_range = value >= -0x1p63 && value < 0x1p63;
  if (in_range && std::trunc(value) == value) {
    return PutInteger(out, static_cast<int64_t>(value));
  }
  const auto single = static_cast<float>(value);
  if (static_cast<lua_Number>(single) == value) {
    return PutHead(out, 0xca, __builtin_bit_cast(uint32_t, single), 4);
  }
  PutHead(out, 0xcb, __builtin_bit_cast(uint64_t, value), 8);
}

void PutString(LuaBuffer& out, const char* text, size_t size) {
  if (size < 32) {
    PutHead(out, static_cast<uint8_t>(0xa0 | size), 0, 0);
  } else if (size <= UINT8_MAX) {
    PutHead(out, 0xd9, size, 1);
  } else if (size <= UINT16_MAX) {
    PutHead(out, 0xda, size, 2);
  } else {
    PutHead(out, 0xdb, size, 4);
  }
  out.Append(text, size);
}

// `few`: the head for up to 15 elements; `many`: that of a 16-bit count, the next is of 32 bits.
void PutCount(LuaBuffer& out, uint8_t few, uint8_t many, size_t count) {
  if (count <= 15) return PutHead(out, static_cast<uint8_t>(few | count), 0, 0);
  if (count <= UINT16_MAX) return PutHead(out, many, count, 2);
  PutHead(out, many + 1, count, 4);
}

// Whether the keys of the table on top of the stack are 1 to `count`, all of them.
bool IsArray(lua_State* L, size_t* count) {
  const int top = lua_gettop(L);
  luaL_checkstack(L, 2, "in function table_is_an_array");
  size_t entries = 0;
  lua_Number largest = 0;
  bool is_array = true;
  for (lua_pushnil(L); lua_next(L, -2) != 0; ++entries) {
    lua_pop(L, 1);
    if (!is_array) continue;
    const lua_Number key = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    is_array = key > 0 && key <= INT32_MAX && std::trunc(key) == key;
    if (key > largest) largest = key;
  }
  lua_settop(L, top);
  *count = entries;
  return is_array && largest == static_cast<lua_Number>(entries);
}

void PutValue(lua_State* L, LuaBuffer& out, int level);

void PutTable(lua_State* L, LuaBuffer& out, int level) {
  out.CountTable();
  size_t count = 0;
  if (IsArray(L, &count)) {
    PutCount(out, 0x90, 0xdc, count);
    luaL_checkstack(L, 2, "in function mp_encode_lua_table_as_array");
    for (size_t i = 1; i <= count; ++i) {
      lua_rawgeti(L, -1, static_cast<int>(i));
      PutValue(L, out, level + 1);
    }
    return;
  }
  luaL_checkstack(L, 4, "in function mp_encode_lua_table_as_map");
  PutCount(out, 0x80, 0xde, count);
  for (lua_pushnil(L); lua_next(L, -2) != 0;) {
    lua_pushvalue(L, -2);
    PutValue(L, out, level + 1);
    PutValue(L, out, level + 1);
  }
}

// Writes the value on top of the stack, which is popped.
void PutValue(lua_State* L, LuaBuffer& out, int level) {
  switch (lua_type(L, -1)) {
    case LUA_TSTRING: {
      size_t size = 0;
      const char* text = lua_tolstring(L, -1, &size);
      PutString(out, text, size);
      break;
    }
    case LUA_TBOOLEAN:
      out.Put(static_cast<char>(lua_toboolean(L, -1) ? 0xc3 : 0xc2));
      break;
    case LUA_TNUMBER:
      PutNumber(out, lua_tonumber(L, -1));
      break;
    case LUA_TTABLE:
      if (level != kNestingMax) {
        PutTable(L, out, level);
        break;
      }
      [[fallthrough]];
    default:
      out.Put(static_cast<char>(0xc0));
  }
  lua_pop(L, 1);
}

int Pack(lua_State* L) {
  const int count = lua_gettop(L);
  if (count == 0) return luaL_argerror(L, 0, "MessagePack pack needs input.");
  if (!lua_checkstack(L, count)) {
    return luaL_argerror(L, 0, "Too many arguments for MessagePack pack.");
  }
  luaL_checkstack(L, 3, "in function mp_check");
  lua_pushnil(L);
  LuaBuffer out(L, count + 1);
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(L, i);
    PutValue(L, out, 0);
  }
  lua_pushlstring(L, out.data(), out.size());
  return 1;
}

// --- Unpacking ---------------------------------------------------------------------------------

// A table being filled: it lies on the stack, and above it the key that the next value is for.
struct Open {
  uint32_t left;  // elements after the next one
  uint32_t index;
  bool is_map;
  bool has_key;
};

// A message being read. Not recursive: hostile messages nest as deep as Lua's stack allows.
class Reader {
 public:
  Reader(lua_State* L, const char* data, size_t size)
      : state_(L),
        at_(reinterpret_cast<const uint8_t*>(data)),
        left_(size),
        open_(L, lua_upvalueindex(1)) {}

  size_t left() const { return left_; }

  // Pushes one value.
  void Read() {
    for (;;) {
      for (bool complete = Begin(); complete; complete = Store()) {
        if (open_.size() == 0) return;
      }
    }
  }

 private:
  const uint8_t* Take(size_t size) {
    if (left_ < size) luaL_error(state_, "Missing bytes in input.");
    const uint8_t* bytes = at_;
    at_ += size;
    left_ -= size;
    return bytes;
  }

  uint64_t TakeNumber(int bytes) {
    const uint8_t* at = Take(static_cast<size_t>(bytes));
    uint64_t number = 0;
    for (int i = 0; i < bytes; ++i) number = number << 8 | at[i];
    return number;
  }

  void PushString(size_t size) {
    const uint8_t* bytes = Take(size);
    lua_pushlstring(state_, reinterpret_cast<const char*>(bytes), size);
  }

  void PushInteger(int64_t value) { lua_pushnumber(state_, static_cast<lua_Number>(value)); }

  // Pushes a new table; true if it is complete.
  bool PushTable(uint64_t count, bool is_map) {
    lua_newtable(state_);
    if (!is_map) luaL_checkstack(state_, 1, "in function mp_decode_to_lua_array");
    if (count == 0) return true;
    open_.Push(Open{static_cast<uint32_t>(count - 1), 1, is_map, !is_map});
    if (!is_map) lua_pushnumber(state_, 1);
    return false;
  }

  // Reads one value, or a table's head; true if the value is complete, on top of the stack.
  bool Begin() {
    const uint8_t head = *Take(1);
    luaL_checkstack(state_, 1,
                    "too many return values at once; use unpack_one or unpack_limit instead.");
    if (head < 0x80) return PushInteger(head), true;
    if (head < 0x90) return PushTable(head & 0x0f, true);
    if (head < 0xa0) return PushTable(head & 0x0f, false);
    if (head < 0xc0) return PushString(head & 0x1f), true;
    if (head >= 0xe0) return PushInteger(static_cast<int8_t>(head)), true;
    if (head >= 0xdc) return PushTable(TakeNumber((head & 1) != 0 ? 4 : 2), head >= 0xde);
    PushOther(head);
    return true;
  }

  void PushOther(uint8_t head) {
    switch (head) {
      case 0xc0:
        return lua_pushnil(state_);
      case 0xc2:
      case 0xc3:
        return lua_pushboolean(state_, head & 1);
      case 0xca:
        return lua_pushnumber(state_,
                              __builtin_bit_cast(float, static_cast<uint32_t>(TakeNumber(4))));
      case 0xcb:
        return lua_pushnumber(state_, __builtin_bit_cast(double, TakeNumber(8)));
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return PushInteger(static_cast<int64_t>(TakeNumber(1 << (head & 3))));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3: {
        const int bytes = 1 << (head & 3);
        const int unused = 64 - 8 * bytes;
        return PushInteger(static_cast<int64_t>(TakeNumber(bytes) << unused) >> unused);
      }
      case 0xd9:
      case 0xda:
      case 0xdb:
        return PushString(static_cast<size_t>(TakeNumber(1 << (head - 0xd9))));
      default:
        luaL_error(state_, "Bad data format in input.");
    }
  }

  // Puts the value on top of the stack into the innermost table. True if that is complete then.
  bool Store() {
    Open open = open_.Pop<Open>();
    if (!open.has_key) {
      open.has_key = true;
    } else {
      lua_settable(state_, -3);
      if (open.left == 0) return true;
      --open.left;
      ++open.index;
      open.has_key = !open.is_map;
      if (!open.is_map) lua_pushnumber(state_, open.index);
    }
    open_.Push(open);
    return false;
  }

  lua_State* state_;
  const uint8_t* at_;
  size_t left_;
  LuaBuffer open_;
};

int UnpackFrom(lua_State* L, int64_t limit, int64_t offset) {
  size_t size = 0;
  const char* data = luaL_checklstring(L, 1, &size);
  const bool all = limit == 0 && offset == 0;
  if (offset < 0 || limit < 0) {
    return luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.",
                      static_cast<int>(offset), static_cast<int>(size));
  }
  if (static_cast<uint64_t>(offset) > size) {
    return luaL_error(L, "Start offset %d greater than input length %d.", static_cast<int>(offset),
                      static_cast<int>(size));
  }
  if (all) limit = INT32_MAX;
  const auto start = static_cast<size_t>(offset);
  Reader reader(L, data + start, size - start);
  int count = 0;
  for (; reader.left() > 0 && count < limit; ++count) reader.Read();
  if (all) return count;
  luaL_checkstack(L, 1, "in function mp_unpack_full");
  const size_t left = reader.left();
  lua_pushnumber(L, left == 0 ? -1 : static_cast<lua_Number>(size - left));
  lua_insert(L, 2);
  return count + 1;
}

int Unpack(lua_State* L) { return UnpackFrom(L, 0, 0); }

int UnpackOne(lua_State* L) {
  const int64_t offset = luaL_optinteger(L, 2, 0);
  if (lua_gettop(L) > 1) lua_settop(L, 1);
  return UnpackFrom(L, 1, offset);
}

int UnpackLimit(lua_State* L) {
  const int64_t limit = luaL_checkinteger(L, 2);
  const int64_t offset = luaL_optinteger(L, 3, 0);
  if (lua_gettop(L) > 1) lua_settop(L, 1);
  return UnpackFrom(L, limit, offset);
}

void SetField(lua_State* L, const char* name, const char* text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

}  // namespace

int OpenCmsgpack(lua_State* L) {
  constexpr luaL_Reg kFunctions[] = {{"pack", &Pack},
                                     {"unpack", &Unpack},
                                     {"unpack_one", &UnpackOne},
                                     {"unpack_limit", &UnpackLimit}};
  lua_newtable(L);
  for (const luaL_Reg& function : kFunctions) {
    lua_pushnil(L);  // where it keeps what is too large for the machine's stack
    lua_pushcclosure(L, function.func, 1);
    lua_setfield(L, -2, function.name);
  }
  SetField(L, "_NAME", "cmsgpack");
  SetField(L, "_VERSION", "lua-cmsgpack 0.4.0");
  SetField(L, "_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo");
  SetField(L, "_DESCRIPTION", "MessagePack C implementation for Lua");
  return 1;
}

}  // namespace kvasm::scripting
