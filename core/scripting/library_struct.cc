// The library `struct`: numbers and strings as bytes in a given format. Behaviour as that of
// Redis 7.2's (struct 0.3) on x86-64 Linux: `l` and `T` have 8 bytes, the lowest comes first.
#include <bit>
#include <cstdint>
#include <cstring>

#include "core/base/ascii.h"
#include "core/scripting/lua_buffer.h"
#include "core/scripting/sandbox.h"

namespace kvasm::scripting {
namespace {

constexpr uint32_t kIntegerBytesMax = 32;
constexpr uint32_t kAlignmentMax = 8;  // of `!` without a number

// A format being read.
class Format {
 public:
  Format(lua_State* L, const char* text) : state_(L), at_(text) {}

  // Goes to the next option; false at the end.
  bool Next() {
    if (*at_ == '\0') return false;
    option_ = *at_++;
    size_ = ReadSize();
    return true;
  }
  char option() const { return option_; }
  uint32_t size() const { return size_; }
  bool big_endian() const { return big_endian_; }

  // Bytes between `position` and where the option's value begins.
  uint32_t Padding(uint64_t position) const {
    uint32_t size = size_;
    if (size == 0 || option_ == 'c') return 0;
    if (size > alignment_) size = alignment_;
    return (size - (static_cast<uint32_t>(position) & (size - 1))) & (size - 1);
  }

  // Obeys an option that stands for no value.
  void Control() {
    switch (option_) {
      case ' ':
        return;
      case '>':
      case '<':
        big_endian_ = option_ == '>';
        return;
      case '!':
        alignment_ = ReadNumber(kAlignmentMax);
        if (!std::has_single_bit(alignment_)) {
          luaL_error(state_, "alignment %d is not a power of 2", static_cast<int>(alignment_));
        }
        return;
      default:
        luaL_argerror(state_, 1, lua_pushfstring(state_, "invalid format option '%c'", option_));
    }
  }

 private:
  uint32_t ReadNumber(uint32_t otherwise) {
    if (!base::IsDigit(*at_)) return otherwise;
    uint64_t value = 0;
    for (; base::IsDigit(*at_); ++at_) {
      value = value * 10 + static_cast<uint64_t>(*at_ - '0');
      if (value > INT32_MAX) luaL_error(state_, "integral size overflow");
    }
    return static_cast<uint32_t>(value);
  }

  uint32_t ReadSize() {
    switch (option_) {
      case 'b':
      case 'B':
      case 'x':
        return 1;
      case 'h':
      case 'H':
        return 2;
      case 'f':
        return 4;
      case 'l':
      case 'L':
      case 'T':
      case 'd':
        return 8;
      case 'c':
        return ReadNumber(1);
      case 'i':
      case 'I': {
        const uint32_t size = ReadNumber(4);
        if (size > kIntegerBytesMax) {
          luaL_error(state_, "integral size %d is larger than limit of %d", static_cast<int>(size),
                     static_cast<int>(kIntegerBytesMax));
        }
        return size;
      }
      default:
        return 0;
    }
  }

  lua_State* state_;
  const char* at_;
  char option_ = '\0';
  uint32_t size_ = 0;
  uint32_t alignment_ = 1;
  bool big_endian_ = false;
};

bool IsInteger(char option) {
  return option != '\0' && std::strchr("bBhHlLTiI", option) != nullptr;
}

// To integers as x86-64 converts: what does not fit is 2^63.
uint64_t ToBits(lua_Number number) {
  constexpr uint64_t kHigh = uint64_t{1} << 63;
  if (number >= -0x1p63 && number < 0x1p63) {
    return static_cast<uint64_t>(static_cast<int64_t>(number));
  }
  if (number >= 0x1p63) {
    return number < 0x1p64 ? static_cast<uint64_t>(number - 0x1p63) + kHigh : 0;
  }
  return kHigh;
}

void PutBytes(LuaBuffer& out, uint64_t bits, uint32_t size, bool big_endian) {
  char* bytes = out.Room(size);
  for (uint32_t i = 0; i < size; ++i, bits >>= 8) {
    bytes[big_endian ? size - 1 - i : i] = static_cast<char>(bits & 0xff);
  }
  out.Added(size);
}

// The lowest 64 bits.
uint64_t GetBytes(const char* bytes, uint32_t size, bool big_endian) {
  uint64_t bits = 0;
  for (uint32_t i = 0; i < size; ++i) {
    bits = bits << 8 | static_cast<uint8_t>(bytes[big_endian ? i : size - 1 - i]);
  }
  return bits;
}

int Pack(lua_State* L) {
  Format format(L, luaL_checkstring(L, 1));
  int argument = 2;
  uint64_t total = 0;
  lua_pushnil(L);  // what a missing argument is, and then where the bytes are kept
  LuaBuffer out(L, lua_gettop(L) + 1);
  lua_pushnil(L);
  while (format.Next()) {
    uint64_t size = format.size();
    const uint32_t padding = format.Padding(total);
    std::memset(out.Room(padding), 0, padding);
    out.Added(padding);
    total += padding;
    const char option = format.option();
    if (IsInteger(option)) {
      const uint64_t bits = ToBits(luaL_checknumber(L, argument++));
      PutBytes(out, bits, format.size(), format.big_endian());
    } else if (option == 'x') {
      out.Put('\0');
    } else if (option == 'f') {
      const auto value = static_cast<float>(luaL_checknumber(L, argument++));
      PutBytes(out, __builtin_bit_cast(uint32_t, value), 4, format.big_endian());
    } else if (option == 'd') {
      const lua_Number value = luaL_checknumber(L, argument++);
      PutBytes(out, __builtin_bit_cast(uint64_t, value), 8, format.big_endian());
    } else if (option == 'c' || option == 's') {
      size_t length = 0;
      const char* text = luaL_checklstring(L, argument++, &length);
      if (size == 0) size = length;
      luaL_argcheck(L, length >= size, argument, "string too short");
      out.Append(text, static_cast<size_t>(size));
      if (option == 's') {
        out.Put('\0');
        ++size;
      }
    } else {
      format.Control();
    }
    total += size;
  }
  lua_pushlstring(L, out.data(), out.size());
  return 1;
}

void PushInteger(lua_State* L, const Format& format, const char* bytes) {
  uint64_t bits = GetBytes(bytes, format.size(), format.big_endian());
  if (format.option() < 'a') {  // T too is unsigned
    lua_pushnumber(L, static_cast<lua_Number>(bits));
    return;
  }
  // The sign's place is counted modulo 64, as x86-64 shifts.
  const uint64_t mask = ~uint64_t{0} << ((format.size() * 8 - 1) & 63);
  if ((bits & mask) != 0) bits |= mask;
  lua_pushnumber(L, static_cast<lua_Number>(static_cast<int64_t>(bits)));
}

int Unpack(lua_State* L) {
  Format format(L, luaL_checkstring(L, 1));
  size_t data_size = 0;
  const char* data = luaL_checklstring(L, 2, &data_size);
  auto position = static_cast<uint64_t>(luaL_optinteger(L, 3, 1));
  luaL_argcheck(L, position > 0, 3, "offset must be 1 or greater");
  --position;
  int results = 0;
  const auto need = [&](uint64_t size) {
    luaL_argcheck(L, size <= data_size && position <= data_size - size, 2, "data string too short");
  };
  while (format.Next()) {
    uint64_t size = format.size();
    position += format.Padding(position);
    need(size);
    luaL_checkstack(L, 2, "too many results");
    const char* bytes = data + position;
    const char option = format.option();
    const int before = lua_gettop(L);
    if (IsInteger(option)) {
      PushInteger(L, format, bytes);
    } else if (option == 'f') {
      const auto bits = static_cast<uint32_t>(GetBytes(bytes, 4, format.big_endian()));
      lua_pushnumber(L, __builtin_bit_cast(float, bits));
    } else if (option == 'd') {
      lua_pushnumber(L, __builtin_bit_cast(double, GetBytes(bytes, 8, format.big_endian())));
    } else if (option == 'c') {
      if (size == 0) {
        if (results == 0 || !lua_isnumber(L, -1)) {
          luaL_error(L, "format 'c0' needs a previous size");
        }
        size = ToBits(lua_tonumber(L, -1));
        lua_pop(L, 1);
        --results;
        need(size);
        lua_pushlstring(L, bytes, static_cast<size_t>(size));
        ++results;
      } else {
        lua_pushlstring(L, bytes, static_cast<size_t>(size));
      }
    } else if (option == 's') {
      const auto left = static_cast<size_t>(data_size - position);
      const auto* end = static_cast<const char*>(std::memchr(bytes, '\0', left));
      if (end == nullptr) luaL_error(L, "unfinished string in data");
      size = static_cast<uint64_t>(end - bytes) + 1;
      lua_pushlstring(L, bytes, static_cast<size_t>(size - 1));
    } else if (option != 'x') {
      format.Control();
    }
    results += lua_gettop(L) - before;
    position += size;
  }
  lua_pushnumber(L, static_cast<lua_Number>(position + 1));
  return results + 1;
}

int Size(lua_State* L) {
  Format format(L, luaL_checkstring(L, 1));
  uint64_t position = 0;
  while (format.Next()) {
    position += format.Padding(position);
    const char option = format.option();
    if (option == 's') luaL_argerror(L, 1, "option 's' has no fixed size");
    if (option == 'c' && format.size() == 0) luaL_argerror(L, 1, "option 'c0' has no fixed size");
    const char lower = base::ToLower(option);
    if (!base::IsDigit(option) && (lower < 'a' || lower > 'z')) format.Control();
    position += format.size();
  }
  lua_pushnumber(L, static_cast<lua_Number>(position));
  return 1;
}

}  // namespace

int OpenStruct(lua_State* L) {
  constexpr luaL_Reg kFunctions[] = {{"pack", &Pack}, {"unpack", &Unpack}, {"size", &Size}};
  lua_newtable(L);
  for (const luaL_Reg& function : kFunctions) {
    lua_pushcfunction(L, function.func);
    lua_setfield(L, -2, function.name);
  }
  return 1;
}

}  // namespace kvasm::scripting
