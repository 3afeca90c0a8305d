// Bytes that a library of scripts writes: kept in memory of Lua's, so that they are metered, and so
// that an error gives them back. Has no destructor: errors of Lua's are longjmps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/scripting/lua_api.h"

namespace kvasm::scripting {

class LuaBuffer {
 public:
  // What does not fit into the object itself is kept at `anchor`: an index of the stack or an
  // upvalue that holds nil.
  LuaBuffer(lua_State* L, int anchor) : state_(L), anchor_(anchor) {}
  LuaBuffer(const LuaBuffer&) = delete;
  LuaBuffer& operator=(const LuaBuffer&) = delete;

  const char* data() const { return data_; }
  size_t size() const { return size_; }
  void Clear() { size_ = 0; }

  // Where `more` bytes may be written, to be counted by Added. Raises an error if there is no
  // memory; takes one slot of the stack while it runs.
  char* Room(size_t more) {
    if (more > capacity_ - size_) Grow(more);
    return data_ + size_;
  }
  void Added(size_t more) { size_ += more; }

  void Put(char c) {
    *Room(1) = c;
    ++size_;
  }
  void Append(const char* bytes, size_t count) {
    if (count == 0) return;
    std::memcpy(Room(count), bytes, count);
    size_ += count;
  }

  // Called for each table that is written: a few may hold each other a million times.
  void CountTable() {
    if ((++tables_ & kTablesMask) == 0) kvasm_lua_interrupt(state_);
  }

  // The buffer as a stack of small values.
  template <class T>
  void Push(const T& value) {
    Append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  template <class T>
  T Pop() {
    size_ -= sizeof(T);
    T value;
    std::memcpy(&value, data_ + size_, sizeof(T));
    return value;
  }

 private:
  static constexpr size_t kInlineBytes = 512;
  static constexpr uint32_t kTablesMask = 0xfff;  // how many between two looks at the clock
  static constexpr size_t kBytesMax = size_t{512} << 20;

  void Grow(size_t more) {
    if (more > kBytesMax || size_ > kBytesMax - more) luaL_error(state_, "not enough memory");
    size_t bytes = capacity_ * 2;
    if (bytes < size_ + more) bytes = size_ + more;
    auto* moved = static_cast<char*>(lua_newuserdata(state_, bytes));
    std::memcpy(moved, data_, size_);
    lua_replace(state_, anchor_);
    data_ = moved;
    capacity_ = bytes;
  }

  lua_State* state_;
  int anchor_;
  char* data_ = inline_;
  size_t size_ = 0;
  size_t capacity_ = kInlineBytes;
  uint32_t tables_ = 0;
  char inline_[kInlineBytes];
};

}  // namespace kvasm::scripting
