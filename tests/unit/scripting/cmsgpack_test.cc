// cmsgpack in scripts: the bytes it writes, and what hostile messages must not do.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/support/test_engine.h"

namespace kvasm::testing {
namespace {

using std::string;

class Cmsgpack : public ::testing::Test {
 protected:
  string Eval(const string& script) { return t_.RunArgs({"EVAL", script, "0"}); }
  // The message of these values, in hexadecimal.
  string Packed(const string& values) {
    return Eval("return (cmsgpack.pack(" + values +
                "):gsub('.', function(c) return ('%02x'):format(c:byte()) end))");
  }
  string Error(const string& call) {
    return Eval("return select(2, pcall(cmsgpack." + call + "))");
  }
  TestEngine t_;
};

TEST_F(Cmsgpack, WritesTheShortestInteger) {
  EXPECT_EQ(Packed("0, 127, 128, 255, 256, 65535, 65536"),
            "\"007fcc80ccffcd0100cdffffce00010000\"");
  EXPECT_EQ(Packed("-1, -32, -33, -128, -129, -32769"), "\"ffe0d0dfd080d1ff7fd2ffff7fff\"");
  EXPECT_EQ(Packed("2^32, -2^31 - 1, 2^63"), "\"cf0000000100000000d3ffffffff7fffffffca5f000000\"");
}

TEST_F(Cmsgpack, WritesFloatsAsShortAsTheyAreExact) {
  EXPECT_EQ(Packed("0.5, 0.1"), "\"ca3f000000cb3fb999999999999a\"");
  EXPECT_EQ(Packed("1/0, -0"), "\"ca7f80000000\"");
}

TEST_F(Cmsgpack, TellsArraysFromMaps) {
  EXPECT_EQ(Packed("{}, {1, 2}, {[2] = 1}, {[1] = 1, x = 2}"), "\"90920102810201820101a17802\"");
}

TEST_F(Cmsgpack, WhatNestsDeeperIsNil) {
  EXPECT_EQ(Eval("local t = 5 for i = 1, 20 do t = {t} end "
                 "return cmsgpack.pack(t) == ('\\145'):rep(16) .. '\\192'"),
            ":1");
  EXPECT_EQ(Eval("local t = {} t[1] = t return #cmsgpack.pack(t)"), ":17");
}

TEST_F(Cmsgpack, ReadsBackWhatItWrites) {
  EXPECT_EQ(
      Eval("local a, b, c, d = cmsgpack.unpack(cmsgpack.pack({1, {x = 'y'}}, -5, ('s'):rep(70000), "
           "true)) return {a[1], a[2].x, b, #c, d}"),
      "[:1, \"y\", :-5, :70000, :1]");
  EXPECT_EQ(Eval("local t = {} for i = 1, 70000 do t[i] = i end "
                 "local u = cmsgpack.unpack(cmsgpack.pack(t)) return {#u, u[70000]}"),
            "[:70000, :70000]");
}

TEST_F(Cmsgpack, ReadsOneAndSomeFromAnOffset) {
  EXPECT_EQ(Eval("return {cmsgpack.unpack_one('\\1\\2\\3')}"), "[:1, :1]");
  EXPECT_EQ(Eval("return {cmsgpack.unpack_one('\\1\\2\\3', 2)}"), "[:-1, :3]");
  EXPECT_EQ(Eval("return {cmsgpack.unpack_limit('\\1\\2\\3', 2)}"), "[:2, :1, :2]");
  EXPECT_EQ(Error("unpack_one, '\\1', 5"), "\"Start offset 5 greater than input length 1.\"");
  EXPECT_EQ(Error("unpack_limit, '\\1', -1"),
            "\"Invalid request to unpack with offset of 0 and limit of 1.\"");
}

TEST_F(Cmsgpack, MessagesThatEndAnywhereAreErrors) {
  EXPECT_EQ(Eval(R"(
    local whole = cmsgpack.pack({1, 300, -70000, 0.5, 0.1, 'text', ('s'):rep(300), {k = {true}}})
    for i = 1, #whole - 1 do
      local ok, e = pcall(cmsgpack.unpack, whole:sub(1, i))
      if ok or e ~= 'Missing bytes in input.' then return {i, e} end
    end
    return 'all')"),
            "\"all\"");
}

TEST_F(Cmsgpack, LengthsOfGigabytesTakeNoMemory) {
  const string before = t_.Run("PING");
  for (const char* head : {"\\219", "\\221", "\\223"}) {
    EXPECT_EQ(Error(string("unpack, '") + head + "\\255\\255\\255\\255'"),
              "\"Missing bytes in input.\"");
    EXPECT_EQ(Error(string("unpack, '") + head + "\\255\\255\\255\\255' .. ('\\1'):rep(100)"),
              "\"Missing bytes in input.\"");
  }
}

TEST_F(Cmsgpack, AnyByteIsReadOrRefused) {
  EXPECT_EQ(Eval(R"(
    local bad = {}
    for byte = 0, 255 do
      local ok, e = pcall(cmsgpack.unpack, string.char(byte) .. ('\1'):rep(70000))
      if not ok and e == 'Bad data format in input.' then bad[#bad + 1] = byte end
    end
    return #bad)"),
            ":12");
}

TEST_F(Cmsgpack, AnyDepthEndsWithAnError) {
  EXPECT_EQ(Error("unpack, ('\\145'):rep(1000000)"),
            "\"stack overflow (in function mp_decode_to_lua_array)\"");
  EXPECT_EQ(Eval("local ok, e = pcall(cmsgpack.unpack, ('\\129\\1'):rep(1000000)) "
                 "return string.find(e, 'stack overflow', 1, true)"),
            ":1");
  EXPECT_EQ(Eval("local ok, e = pcall(cmsgpack.unpack, ('a'):rep(100000)) "
                 "return string.find(e, 'too many return values', 1, true) ~= nil"),
            ":1");
  EXPECT_EQ(Error("unpack, '\\129\\192\\1'"), "\"table index is nil\"");
}

}  // namespace
}  // namespace kvasm::testing
