#include <cstdint>

#include "core/base/ascii.h"
#include "core/base/printf_number.h"
#include "core/scripting/library_cjson.h"
#include "core/scripting/lua_buffer.h"

namespace kvasm::scripting {
namespace {

enum class Kind : uint8_t {
  kObjectBegin,
  kObjectEnd,
  kArrayBegin,
  kArrayEnd,
  kString,
  kNumber,
  kBoolean,
  kNull,
  kColon,
  kComma,
  kEnd,
  kError,
};

// Of everything but errors; as texts of errors have them.
constexpr const char* kKindNames[] = {"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END",
                                      "T_STRING",    "T_NUMBER",  "T_BOOLEAN",   "T_NULL",
                                      "T_COLON",     "T_COMMA",   "T_END"};

struct Token {
  Kind kind = Kind::kError;
  size_t index = 0;            // where it begins, or where the error is
  const char* text = nullptr;  // of a string, until the next token; or what the error is
  size_t size = 0;
  double number = 0;  // or boolean
};

// A table being filled: it lies on the stack, and the key above it if it is an object.
struct Open {
  int32_t index;  // of the next element; 0: an object
};

class Decoder {
 public:
  // The text at index 1, nil at index 2.
  Decoder(lua_State* L, const char* text, size_t size)
      : state_(L),
        settings_(CjsonSettings::Of(L)),
        text_(text),
        end_(text + size),
        at_(text),
        string_(L, 2),
        open_(L, lua_upvalueindex(2)) {}

  // Pushes the value of the whole text.
  void Decode() {
    Next();
    for (bool complete = Begin(); !complete || open_.size() > 0;) {
      complete = complete ? Store() : Begin();
    }
    Next();
    if (token_.kind != Kind::kEnd) Fail("the end");
  }

 private:
  void Fail(const char* expected) {
    const bool is_error = token_.kind == Kind::kError;
    const char* found = is_error ? token_.text : kKindNames[static_cast<size_t>(token_.kind)];
    luaL_error(state_, "Expected %s but found %s at character %d", expected, found,
               static_cast<int>(token_.index + 1));
  }

  // Pushes the value that the token is or begins; true if it is complete. If not, the token is
  // where the first value in it begins.
  bool Begin() {
    switch (token_.kind) {
      case Kind::kString:
        lua_pushlstring(state_, token_.text, token_.size);
        return true;
      case Kind::kNumber:
        lua_pushnumber(state_, token_.number);
        return true;
      case Kind::kBoolean:
        lua_pushboolean(state_, token_.number != 0);
        return true;
      case Kind::kNull:
        lua_pushlightuserdata(state_, nullptr);
        return true;
      case Kind::kObjectBegin:
        Descend(3);
        if (token_.kind == Kind::kObjectEnd) return true;
        open_.Push(Open{0});
        ReadKey();
        return false;
      case Kind::kArrayBegin:
        Descend(2);
        if (token_.kind == Kind::kArrayEnd) return true;
        open_.Push(Open{1});
        return false;
      default:
        Fail("value");
        return true;
    }
  }

  void Descend(int slots) {
    const auto depth = static_cast<int>(open_.size() / sizeof(Open)) + 1;
    if (depth > settings_.decode_max_depth || !lua_checkstack(state_, slots)) {
      luaL_error(state_, "Found too many nested data structures (%d) at character %d", depth,
                 static_cast<int>(at_ - text_));
    }
    lua_newtable(state_);
    Next();
  }

  void ReadKey() {
    if (token_.kind != Kind::kString) Fail("object key string");
    lua_pushlstring(state_, token_.text, token_.size);
    Next();
    if (token_.kind != Kind::kColon) Fail("colon");
    Next();
  }

  // Puts the value on top of the stack into the innermost table. True if that is complete then;
  // otherwise the token is where the next value begins.
  bool Store() {
    Open open = open_.Pop<Open>();
    const bool is_array = open.index > 0;
    if (is_array) {
      lua_rawseti(state_, -2, open.index++);
    } else {
      lua_rawset(state_, -3);
    }
    Next();
    if (token_.kind == (is_array ? Kind::kArrayEnd : Kind::kObjectEnd)) return true;
    if (token_.kind != Kind::kComma) Fail(is_array ? "comma or array end" : "comma or object end");
    Next();
    open_.Push(open);
    if (!is_array) ReadKey();
    return false;
  }

  // --- Tokens; the text ends with a NUL, which ends everything ---

  void SetError(const char* what) {
    token_.kind = Kind::kError;
    token_.index = static_cast<size_t>(at_ - text_);
    token_.text = what;
  }

  void Take(Kind kind, size_t size) {
    token_.kind = kind;
    at_ += size;
  }

  bool StartsWith(std::string_view word) const {
    return static_cast<size_t>(end_ - at_) >= word.size() &&
           std::string_view(at_, word.size()) == word;
  }

  void Next() {
    while (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r') ++at_;
    token_.index = static_cast<size_t>(at_ - text_);
    switch (*at_) {
      case '{':
        return Take(Kind::kObjectBegin, 1);
      case '}':
        return Take(Kind::kObjectEnd, 1);
      case '[':
        return Take(Kind::kArrayBegin, 1);
      case ']':
        return Take(Kind::kArrayEnd, 1);
      case ',':
        return Take(Kind::kComma, 1);
      case ':':
        return Take(Kind::kColon, 1);
      case '\0':
        return Take(Kind::kEnd, 0);
      case '"':
        return TakeString();
      default:
        return TakeWord();
    }
  }

  void TakeWord() {
    const bool strict = settings_.decode_invalid_numbers == 0;
    if (*at_ == '-' || base::IsDigit(*at_)) {
      if (strict && IsInvalidNumber()) return SetError("invalid number");
      return TakeNumber();
    }
    if (StartsWith("true") || StartsWith("false")) {
      const bool value = *at_ == 't';
      token_.number = value ? 1 : 0;
      return Take(Kind::kBoolean, value ? 4 : 5);
    }
    if (StartsWith("null")) return Take(Kind::kNull, 4);
    const bool may_be_number =
        *at_ == '+' || base::ToLower(*at_) == 'i' || base::ToLower(*at_) == 'n';
    if (may_be_number && !strict && IsInvalidNumber()) return TakeNumber();
    SetError("invalid token");
  }

  // Whether strtod might take what JSON does not allow.
  bool IsInvalidNumber() const {
    if (*at_ == '+') return true;
    const char* at = *at_ == '-' ? at_ + 1 : at_;
    if (*at == '0') return base::ToLower(at[1]) == 'x' || base::IsDigit(at[1]);
    const std::string_view rest(at, static_cast<size_t>(end_ - at));
    return base::StartsWithIgnoreCase(rest, "inf") || base::StartsWithIgnoreCase(rest, "nan");
  }

  void TakeNumber() {
    size_t used = 0;
    const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
    token_.number = base::ReadLeadingDouble(rest, &used);
    if (used == 0) return SetError("invalid number");
    Take(Kind::kNumber, used);
  }

  void TakeString() {
    const char* plain = ++at_;  // where the bytes begin that are not copied yet
    string_.Clear();
    for (; *at_ != '"';) {
      if (*at_ == '\0') return SetError("unexpected end of string");
      if (*at_ != '\\') {
        ++at_;
        continue;
      }
      string_.Append(plain, static_cast<size_t>(at_ - plain));
      if (at_[1] == 'u') {
        if (!TakeCodePoint()) return SetError("invalid unicode escape code");
      } else {
        const char c = Unescaped(at_[1]);
        if (c == '\0') return SetError("invalid escape code");
        string_.Put(c);
        at_ += 2;
      }
      plain = at_;
    }
    token_.text = plain;
    token_.size = static_cast<size_t>(at_ - plain);
    if (string_.size() > 0) {
      string_.Append(plain, token_.size);
      token_.text = string_.data();
      token_.size = string_.size();
    }
    Take(Kind::kString, 1);
  }

  static char Unescaped(char letter) {
    switch (letter) {
      case '"':
      case '\\':
      case '/':
        return letter;
      case 'b':
        return '\b';
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'f':
        return '\f';
      case 'r':
        return '\r';
      default:
        return '\0';
    }
  }

  // Four hexadecimal digits; -1 if they are not there.
  static int32_t CodeUnit(const char* at) {
    int32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = base::HexValue(at[i]);
      if (digit < 0) return -1;
      value = value << 4 | digit;
    }
    return value;
  }

  bool TakeCodePoint() {
    int32_t code = CodeUnit(at_ + 2);
    if (code < 0) return false;
    size_t size = 6;
    if ((code & 0xf800) == 0xd800) {
      if ((code & 0x400) != 0 || at_[6] != '\\' || at_[7] != 'u') return false;
      const int32_t low = CodeUnit(at_ + 8);
      if (low < 0 || (low & 0xfc00) != 0xdc00) return false;
      code = ((code & 0x3ff) << 10 | (low & 0x3ff)) + 0x10000;
      size = 12;
    }
    at_ += size;
    if (code < 0x80) {
      string_.Put(static_cast<char>(code));
      return true;
    }
    const int rest = code < 0x800 ? 1 : (code < 0x10000 ? 2 : 3);  // bytes after the first
    const int lead = rest == 1 ? 0xc0 : (rest == 2 ? 0xe0 : 0xf0);
    string_.Put(static_cast<char>(lead | code >> (6 * rest)));
    for (int i = rest; i-- > 0;) {
      string_.Put(static_cast<char>(0x80 | (code >> (6 * i) & 0x3f)));
    }
    return true;
  }

  lua_State* state_;
  const CjsonSettings& settings_;
  const char* text_;
  const char* end_;
  const char* at_;
  Token token_;
  LuaBuffer string_;
  LuaBuffer open_;
};

}  // namespace

int CjsonDecode(lua_State* L) {
  luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
  size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  if (size >= 2 && (text[0] == '\0' || text[1] == '\0')) {
    return luaL_error(L, "JSON parser does not support UTF-16 or UTF-32");
  }
  lua_pushnil(L);
  Decoder decoder(L, text, size);
  decoder.Decode();
  return 1;
}

}  // namespace kvasm::scripting
