#include "core/scripting/values.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <string>

#include "core/base/errors.h"
#include "core/base/numbers.h"
#include "core/scripting/scheduler.h"

namespace kvasm::scripting {
namespace {

using Kind = OpenTable::Kind;

// --- replies to values ---

// Reads a reply from the front of `rest` and pushes its value.
class ReplyReader {
 public:
  ReplyReader(lua_State* L, std::string_view rest) : L_(L), rest_(rest) {}

  void Push() {
    luaL_checkstack(L_, 4, "reply nested too deep");
    const char type = rest_.front();
    const std::string_view line = TakeLine();
    switch (type) {
      case '+':
        return PushField("ok", line);
      case '-': {
        // With its sign it has a code.
        PushCountedError(L_, {line.data() - 1, line.size() + 1});
        return;
      }
      case ':':
        return lua_pushnumber(L_, static_cast<lua_Number>(Integer(line)));
      case '$':
        return line == "-1" ? lua_pushboolean(L_, 0) : PushText(TakeBulk(line));
      case '*':
        return line == "-1" ? lua_pushboolean(L_, 0) : PushArray(Integer(line));
      case '_':
        return lua_pushnil(L_);
      case '#':
        return lua_pushboolean(L_, line == "t");
      case ',':
        return PushDouble(line);
      case '(':
        return PushField("big_number", line);
      case '=':
        return PushVerbatim(TakeBulk(line));
      case '%':
        return PushMap(Integer(line));
      case '~':
        return PushSet(Integer(line));
      case '|':
        // Scripts are not told of attributes.
        for (int64_t i = 2 * Integer(line); i > 0; --i) {
          Push();
          lua_pop(L_, 1);
        }
        return Push();
      default:
        lua_pushnil(L_);
    }
  }

 private:
  static int64_t Integer(std::string_view line) { return base::ParseInt64(line).value_or(0); }

  std::string_view TakeLine() {
    const size_t end = rest_.find('\r');
    const std::string_view line = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 2);
    return line;
  }
  std::string_view TakeBulk(std::string_view line) {
    const auto size = static_cast<size_t>(Integer(line));
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size + 2);
    return text;
  }
  void PushText(std::string_view text) { lua_pushlstring(L_, text.data(), text.size()); }
  void PushField(const char* name, std::string_view text) {
    lua_createtable(L_, 0, 1);
    PushText(text);
    lua_setfield(L_, -2, name);
  }
  void PushDouble(std::string_view line) {
    lua_createtable(L_, 0, 1);
    lua_pushnumber(L_, base::ParseDouble(line).value_or(std::numeric_limits<double>::quiet_NaN()));
    lua_setfield(L_, -2, "double");
  }
  void PushVerbatim(std::string_view text) {
    lua_createtable(L_, 0, 1);
    lua_createtable(L_, 0, 2);
    PushText(text.substr(0, 3));
    lua_setfield(L_, -2, "format");
    PushText(text.substr(4));
    lua_setfield(L_, -2, "string");
    lua_setfield(L_, -2, "verbatim_string");
  }
  void PushArray(int64_t count) {
    lua_createtable(L_, static_cast<int>(std::min<int64_t>(count, INT32_MAX)), 0);
    for (int64_t i = 1; i <= count; ++i) {
      Push();
      lua_rawseti(L_, -2, static_cast<int>(i));
    }
  }
  void PushMap(int64_t count) {
    lua_createtable(L_, 0, 1);
    lua_newtable(L_);
    for (int64_t i = 0; i < count; ++i) {
      Push();
      Push();
      lua_rawset(L_, -3);
    }
    lua_setfield(L_, -2, "map");
  }
  void PushSet(int64_t count) {
    lua_createtable(L_, 0, 1);
    lua_newtable(L_);
    for (int64_t i = 0; i < count; ++i) {
      Push();
      lua_pushboolean(L_, 1);
      lua_rawset(L_, -3);
    }
    lua_setfield(L_, -2, "set");
  }

  lua_State* L_;
  std::string_view rest_;
};

// --- values to replies ---

// Pushes a field of the table on top of the stack if it has the type; else pushes nothing.
bool PushFieldOf(lua_State* L, const char* name, int type) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  if (lua_type(L, -1) == type) return true;
  lua_pop(L, 1);
  return false;
}

// As C has it: it ends at the first NUL.
std::string_view CString(lua_State* L, int index) { return lua_tostring(L, index); }

std::string_view Bytes(lua_State* L, int index) {
  size_t size = 0;
  const char* bytes = lua_tolstring(L, index, &size);
  return {bytes, size};
}

// As the processor of most servers converts what does not fit.
int64_t Truncate(double number) {
  constexpr double kLimit = 9223372036854775808.0;
  if (!(number >= -kLimit && number < kLimit)) return INT64_MIN;
  return static_cast<int64_t>(number);
}

// Line breaks would end the line early. Written in pieces: nothing is held that an error of Lua's
// would leave behind.
void WriteLine(resp::Writer& reply, std::string_view type, std::string_view text) {
  reply.Raw(type);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    reply.Raw(text.substr(at, end - at));
    if (end < text.size()) reply.Raw(" ");
    at = end + 1;
  }
  reply.Raw("\r\n");
}

class ValueWriter {
 public:
  ValueWriter(lua_State* L, resp::Writer& reply, int script_protocol, Server& server,
              std::vector<OpenTable>& open)
      : L_(L), reply_(reply), script_protocol_(script_protocol), server_(server), open_(open) {}

  bool WriteAll(uint64_t values_max) {
    open_.clear();
    Write();
    while (!open_.empty()) {
      if (values_ > values_max) return false;
      Step();
    }
    return true;
  }

 private:
  // Goes on with the innermost table.
  void Step() {
    OpenTable& table = open_.back();
    if (table.value_is_next) {
      table.value_is_next = false;
      return Write();
    }
    if (table.kind == Kind::kArray) {
      lua_rawgeti(L_, -1, static_cast<int>(table.count + 1));
      if (lua_isnil(L_, -1)) {
        lua_pop(L_, 1);
        reply_.EndArray(table.mark, table.count);
        return Close();
      }
      ++table.count;
      return Write();
    }
    if (lua_next(L_, -2) == 0) {
      table.kind == Kind::kMap ? reply_.EndMap(table.mark, table.count)
                               : reply_.EndSet(table.mark, table.count);
      return Close();
    }
    ++table.count;
    table.value_is_next = table.kind == Kind::kMap;
    if (table.kind == Kind::kSet) lua_pop(L_, 1);
    lua_pushvalue(L_, table.kind == Kind::kMap ? -2 : -1);
    Write();
  }
  void Close() {
    open_.pop_back();
    lua_pop(L_, 1);
  }
  // The table stays on the stack until it is closed.
  void Open(Kind kind) {
    open_.push_back({kind, reply_.Begin()});
    if (kind != Kind::kArray) {
      lua_remove(L_, -2);
      lua_pushnil(L_);
    }
  }

  // Writes the value on top of the stack and pops it, or opens it.
  void Write() {
    ++values_;
    if (!lua_checkstack(L_, 4)) {
      WriteError(errors::kLuaStackLimit, false);
      return lua_pop(L_, 1);
    }
    switch (lua_type(L_, -1)) {
      case LUA_TSTRING:
        reply_.Bulk(Bytes(L_, -1));
        break;
      case LUA_TBOOLEAN:
        WriteBoolean(lua_toboolean(L_, -1) != 0);
        break;
      case LUA_TNUMBER:
        reply_.Integer(Truncate(lua_tonumber(L_, -1)));
        break;
      case LUA_TTABLE:
        return WriteTable();
      default:
        reply_.Null();
    }
    lua_pop(L_, 1);
  }
  void WriteError(std::string_view text, bool is_counted) {
    if (!is_counted) server_.CountError(text);
    reply_.Error(text);
  }
  void WriteBoolean(bool value) {
    if (script_protocol_ == 3) {
      reply_.Bool(value);
    } else if (value) {
      reply_.Integer(1);
    } else {
      reply_.Null();
    }
  }
  void WriteTable() {
    if (PushFieldOf(L_, "err", LUA_TSTRING)) {
      lua_insert(L_, -2);
      const bool is_counted = PushFieldOf(L_, "ignore_error_stats_update", LUA_TBOOLEAN);
      if (is_counted) lua_pop(L_, 1);
      WriteError(CString(L_, -2), is_counted);
      return lua_pop(L_, 2);
    }
    if (PushFieldOf(L_, "ok", LUA_TSTRING)) {
      WriteLine(reply_, "+", CString(L_, -1));
      return lua_pop(L_, 2);
    }
    if (PushFieldOf(L_, "double", LUA_TNUMBER)) {
      reply_.Double(lua_tonumber(L_, -1));
      return lua_pop(L_, 2);
    }
    if (PushFieldOf(L_, "big_number", LUA_TSTRING)) {
      WriteBigNumber(Bytes(L_, -1));
      return lua_pop(L_, 2);
    }
    if (PushFieldOf(L_, "verbatim_string", LUA_TTABLE)) {
      if (WriteVerbatim()) return lua_pop(L_, 2);
      lua_pop(L_, 1);
    }
    if (PushFieldOf(L_, "map", LUA_TTABLE)) return Open(Kind::kMap);
    if (PushFieldOf(L_, "set", LUA_TTABLE)) return Open(Kind::kSet);
    Open(Kind::kArray);
  }
  void WriteBigNumber(std::string_view digits) {
    if (reply_.protocol() == 3) return WriteLine(reply_, "(", digits);
    // The same length: what replaces a line break is one byte, too.
    const std::string_view size = SizeLine(digits.size());
    reply_.Raw(size);
    WriteLine(reply_, "", digits);
  }
  std::string_view SizeLine(size_t size) {
    size_line_[0] = '$';
    const size_t digits = base::FormatUint64(size_line_ + 1, size);
    std::memcpy(size_line_ + 1 + digits, "\r\n", 2);
    return {size_line_, digits + 3};
  }
  // Of the table on top of the stack; false if it lacks a field.
  bool WriteVerbatim() {
    if (!PushFieldOf(L_, "format", LUA_TSTRING)) return false;
    lua_insert(L_, -2);
    const bool has_text = PushFieldOf(L_, "string", LUA_TSTRING);
    if (has_text) {
      reply_.Verbatim(CString(L_, -3), Bytes(L_, -1));
      lua_pop(L_, 1);
    }
    lua_remove(L_, -2);
    return has_text;
  }

  lua_State* L_;
  resp::Writer& reply_;
  int script_protocol_;
  Server& server_;
  std::vector<OpenTable>& open_;
  uint64_t values_ = 0;  // written
  char size_line_[base::kIntCharsMax + 3];
};

// Where a thread stands: in a function of Lua's, or where one has called what runs. Raises nothing.
std::string PlaceOf(lua_State* thread, std::string_view name) {
  lua_Debug frame;
  bool has_frame = FindPlace(thread, 0, &frame);
  if (has_frame && frame.what[0] == 'C') has_frame = FindPlace(thread, 1, &frame);
  return has_frame ? errors::ScriptPlace(name, frame.source, frame.currentline) : std::string();
}

}  // namespace

bool FindPlace(lua_State* thread, int level, lua_Debug* frame) {
  for (; lua_getstack(thread, level, frame) != 0; ++level) {
    lua_getinfo(thread, "Sl", frame);
    if (std::string_view(frame->source) != kCoroutineSource) return true;
  }
  return false;
}

size_t FormatArgument(char* out, double number) {
  // Integers that a double holds exactly are written in full.
  constexpr double kExact = 4503599627370496.0;
  if (number >= -kExact && number <= kExact) {
    const auto integer = static_cast<int64_t>(number);
    if (static_cast<double>(integer) == number) return base::FormatInt64(out, integer);
  }
  return base::FormatDouble(out, number);
}

void PushReply(lua_State* L, std::string_view reply) { ReplyReader(L, reply).Push(); }

void PushError(lua_State* L, std::string_view text) {
  bool has_code = false;
  if (text.starts_with('-')) {
    text.remove_prefix(1);
    has_code = text.find(' ') != std::string_view::npos;
  }
  constexpr std::string_view kBreaks = "\r\n";
  while (!text.empty() && kBreaks.find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  while (!text.empty() && kBreaks.find(text.front()) != std::string_view::npos) {
    text.remove_prefix(1);
  }
  lua_createtable(L, 0, 2);
  lua_pushstring(L, has_code ? "" : errors::kScriptCode);
  lua_pushlstring(L, text.data(), std::min(text.size(), text.find('\0')));
  lua_concat(L, 2);
  lua_setfield(L, -2, "err");
}

void PushCountedError(lua_State* L, std::string_view text) {
  PushError(L, text);
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "ignore_error_stats_update");
}

bool WriteValue(lua_State* L, resp::Writer& reply, int script_protocol, Server& server,
                std::vector<OpenTable>& open, uint64_t values_max) {
  return ValueWriter(L, reply, script_protocol, server, open).WriteAll(values_max);
}

void DescribeError(lua_State* L, lua_State* thread, std::string_view name, Failure* failure) {
  // What is held belongs to the caller: an error of Lua's may end this function anywhere.
  std::string& text = failure->text;
  text.clear();
  if (!name.empty()) text = PlaceOf(thread, name);
  lua_xmove(thread, L, 1);
  if (lua_istable(L, -1)) {
    const bool has_text = PushFieldOf(L, "err", LUA_TSTRING) || PushFieldOf(L, "err", LUA_TNUMBER);
    text.insert(0, has_text ? CString(L, -1) : errors::kScriptUnknownError);
    if (has_text) lua_pop(L, 1);
    failure->counted = PushFieldOf(L, "ignore_error_stats_update", LUA_TBOOLEAN);
    return;
  }
  const bool is_text = lua_isstring(L, -1) != 0;
  const bool is_bool = lua_isboolean(L, -1);
  text.insert(0, is_text   ? lua_tostring(L, -1)
                 : is_bool ? (lua_toboolean(L, -1) != 0 ? "true" : "false")
                           : luaL_typename(L, -1));
  text.insert(0, errors::kScriptCode);
}

}  // namespace kvasm::scripting
