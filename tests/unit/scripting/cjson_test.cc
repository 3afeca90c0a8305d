// cjson in scripts: what a hostile text or table must not do. What it gives for ordinary ones is
// compared with Redis (tests/conformance/scripts_libraries.resp, tests/interop/scripts.test.mjs).
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/support/test_engine.h"

namespace kvasm::testing {
namespace {

using std::string;

class Cjson : public ::testing::Test {
 protected:
  string Eval(const string& script) { return t_.RunArgs({"EVAL", script, "0"}); }
  // Of a script that is to fail: where and why.
  string Error(const string& expression) {
    return Eval("local ok, e = pcall(function() return " + expression + " end) return tostring(e)");
  }
  TestEngine t_;
};

TEST_F(Cjson, WritesEachKindOfValue) {
  EXPECT_EQ(Eval("return cjson.encode({1, 2.5, 'a', true, cjson.null, {}, {x = {}}})"),
            R"("[1,2.5,"a",true,null,{},{"x":{}}]")");
  EXPECT_EQ(Eval("return cjson.encode({[3] = 1})"), R"("[null,null,1]")");
  EXPECT_EQ(Eval(R"(return cjson.encode('\0/\127\n') == '"\\u0000\\/\\u007f\\n"')"), ":1");
  EXPECT_EQ(Eval("return cjson.encode({[2^31] = 1})"), R"("{"2147483648":1}")");
}

TEST_F(Cjson, ReadsBackWhatItWrites) {
  EXPECT_EQ(Eval("local s = {} for i = 0, 255 do s[i + 1] = string.char(i) end "
                 "s = table.concat(s) return cjson.decode(cjson.encode(s)) == s"),
            ":1");
  EXPECT_EQ(
      Eval("local t = cjson.decode('{\"a\":[1,[2,{\"b\":[]}]],\"c\":\"\\\\ud83d\\\\ude00\"}') "
           "return {t.a[1], t.a[2][1], #t.a[2][2].b, t.c == '\\240\\159\\152\\128'}"),
      "[:1, :2, :0, :1]");
}

TEST_F(Cjson, RefusesWhatItCannotWrite) {
  EXPECT_EQ(Error("cjson.encode(type)"),
            "\"user_script:1: Cannot serialise function: type not supported\"");
  EXPECT_EQ(Error("cjson.encode({[true] = 1})"),
            "\"user_script:1: Cannot serialise boolean: table key must be a number or string\"");
  EXPECT_EQ(Error("cjson.encode(1/0)"),
            "\"user_script:1: Cannot serialise number: must not be NaN or Inf\"");
}

TEST_F(Cjson, NestsAsDeepAsItIsAllowed) {
  const string nest = "local t = 1 for i = 1, N do t = {t} end ";
  const auto with = [&](const char* n) { return "local N = " + string(n) + " " + nest; };
  EXPECT_EQ(Eval(with("1000") + "return #cjson.encode(t)"), ":2001");
  EXPECT_EQ(Eval(with("1001") + "return select(2, pcall(cjson.encode, t))"),
            "\"Cannot serialise, excessive nesting (1001)\"");
  EXPECT_EQ(Eval("return select(2, pcall(cjson.decode, ('['):rep(1001)))"),
            "\"Found too many nested data structures (1001) at character 1001\"");
}

// However deep a script allows: Lua's stack ends it, not the machine's.
TEST_F(Cjson, AnyDepthEndsWithAnError) {
  EXPECT_EQ(Eval("local j = cjson.new() j.decode_max_depth(2^31 - 1) "
                 "local ok, e = pcall(j.decode, ('['):rep(1000000)) "
                 "return {ok, string.find(e, 'too many nested', 1, true) ~= nil}"),
            "[(nil), :1]");
  EXPECT_EQ(Eval("local j = cjson.new() j.encode_max_depth(2^31 - 1) "
                 "local t = {} for i = 1, 100000 do t = {a = t} end "
                 "local ok, e = pcall(j.encode, t) "
                 "return {ok, string.find(e, 'excessive nesting', 1, true) ~= nil}"),
            "[(nil), :1]");
  EXPECT_EQ(Eval("local t = {} t[1] = t return (pcall(cjson.encode, t))"), "(nil)");
}

TEST_F(Cjson, HugeArraysOfHolesEndWithAnError) {
  EXPECT_EQ(Eval("local j = cjson.new() j.encode_sparse_array(true, 0) "
                 "return (pcall(j.encode, {[2^31 - 1] = 1}))"),
            "(nil)");
  EXPECT_EQ(t_.Run("PING"), "+PONG");
}

TEST_F(Cjson, TextsThatEndAnywhereAreErrors) {
  EXPECT_EQ(Eval(R"(
    local whole = '{"a":[1,-2.5e3,"x\\u00e9\\ud83d\\ude00",true,false,null,{"b":[]}]}'
    for i = 0, #whole - 1 do
      local ok, e = pcall(cjson.decode, whole:sub(1, i))
      if ok then return i end
      if not e:find('^Expected ') and not e:find(' Expected ', 1, true) then return e end
    end
    return type(cjson.decode(whole)))"),
            "\"table\"");
}

TEST_F(Cjson, AnyByteAnywhereIsReadOrRefused) {
  EXPECT_EQ(Eval(R"(
    local whole = '{"a":[1,-2.5e3,"x\\u00e9\\ud83d\\ude00",true,null]}'
    local read = 0
    for i = 1, #whole do
      for byte = 0, 255 do
        local text = whole:sub(1, i - 1) .. string.char(byte) .. whole:sub(i + 1)
        if pcall(cjson.decode, text) then read = read + 1 end
      end
    end
    return read > #whole)"),
            ":1");
}

TEST_F(Cjson, SettingsOfANewOneAreItsOwn) {
  EXPECT_EQ(Eval("local j = cjson.new() j.encode_number_precision(3) "
                 "return {j.encode(1/3), cjson.encode(1/3)}"),
            "[\"0.333\", \"0.33333333333333\"]");
}

TEST_F(Cjson, CannotBeChanged) {
  EXPECT_EQ(Eval("return select(2, pcall(rawset, cjson, 'x', 1))"),
            "\"Attempt to modify a readonly table\"");
}

}  // namespace
}  // namespace kvasm::testing
