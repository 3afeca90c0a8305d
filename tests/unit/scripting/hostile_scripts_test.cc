// Scripts that would take the engine down: each gets an error, and the engine is as it was.
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/alloc.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::TestEngine;

class HostileScripts : public ::testing::Test {
 protected:
  HostileScripts() { t.clock.exact_step_us = 10; }

  std::string Eval(std::string_view script) {
    return t.RunArgs({"EVAL", std::string(script), "0"});
  }
  // The script fails with an error that has this in it, and the next one works.
  void ExpectRefused(std::string_view script, std::string_view part) {
    const std::string reply = Eval(script);
    EXPECT_TRUE(reply.starts_with('-')) << script << "\n" << reply.substr(0, 200);
    EXPECT_NE(reply.find(part), std::string::npos) << script << "\n" << reply.substr(0, 200);
    EXPECT_EQ(Eval("return 1"), ":1") << script;
  }

  TestEngine t;
};

TEST_F(HostileScripts, MemoryIsBounded) {
  const uint64_t before = base::HeapUsedBytes();
  ExpectRefused("local t = {} for i=1,1e9 do t[i] = {} end", "not enough memory");
  ExpectRefused("local s = 'x' while true do s = s .. s end", "not enough memory");
  ExpectRefused("return string.rep('x', 2000000000)", "resulting string too large");
  t.Run("SCRIPT FLUSH");
  EXPECT_LT(base::HeapUsedBytes(), before + (1 << 20));
}

TEST_F(HostileScripts, RecursionIsBounded) {
  ExpectRefused("local function f() return 1 + f() end return f()", "stack overflow");
  ExpectRefused("local function f() return pcall(f) end f() return 1 + nil", "arithmetic");
  ExpectRefused(
      "local t = setmetatable({}, {}) getmetatable(t).__index = function(a, k) "
      "return a[k] end return t.x",
      "C stack overflow");
  ExpectRefused("return loadstring('return ' .. string.rep('(', 10000) .. '1')() ", "");
  ExpectRefused("local s = string.rep('{', 1000) return loadstring('return ' .. s)()", "");
  ExpectRefused("local co co = function(n) return coroutine.wrap(co)(n + 1) end return co(1)", "");
  ExpectRefused("return unpack({}, 1, 1e8)", "too many results");
  ExpectRefused("return string.byte(string.rep('a', 1e7), 1, -1)", "string slice too long");
}

TEST_F(HostileScripts, PatternsAreBounded) {
  ExpectRefused("return string.find(string.rep('a', 1e5), string.rep('a?', 1e5))",
                "pattern too complex");
  ExpectRefused("return string.find(string.rep('a', 1e5), string.rep('(a', 100))",
                "too many captures");
  // It would take longer than the universe: ended after some seconds of the test's clock.
  t.clock.exact_step_us = 200'000;
  const std::string reply =
      Eval("return string.find(string.rep('a', 60), string.rep('a-', 30) .. 'b')");
  EXPECT_TRUE(reply.starts_with("-ERR the script was ended")) << reply;
  EXPECT_EQ(Eval("return 1"), ":1");
}

// It would go back some thousand million places.
TEST_F(HostileScripts, LoopsOfTheLibraryAreEnded) {
  t.clock.exact_step_us = 200'000;
  const std::string reply = Eval("return table.insert({}, 3e9, 1)");
  EXPECT_TRUE(reply.starts_with("-ERR the script was ended")) << reply;
  EXPECT_EQ(Eval("return 1"), ":1");
}

// Twenty-five tables are thirty million values, and one that holds itself has no end.
TEST_F(HostileScripts, RepliesOfTablesThatHoldEachOtherAreBounded) {
  for (const char* script :
       {"redis.call('set', 'k', 1) local t = {} for i=1,25 do t = {t, t} end return t",
        "local t = {} t[1] = t t[2] = t return t",
        "local t = {} t.map = {a = t, b = t} return t"}) {
    EXPECT_EQ(Eval(script),
              "-ERR the script's reply has too many values: its tables hold each other again and "
              "again")
        << script;
  }
  EXPECT_EQ(t.Run("GET k"), "\"1\"");
  EXPECT_EQ(Eval("local t = {} for i=1,20 do t = {t, t} end return t").substr(0, 2), "[[");
}

class ScriptGarbage : public HostileScripts {
 protected:
  // In bytes.
  int64_t LuaMemory() {
    const std::string info = t.Run("INFO memory");
    constexpr std::string_view kField = "used_memory_vm_eval:";
    return std::strtoll(info.c_str() + info.find(kField) + kField.size(), nullptr, 10);
  }
};

TEST_F(ScriptGarbage, GoesBeforeAnyKey) {
  t.Run("CONFIG SET maxmemory-policy allkeys-lru");
  for (int i = 0; i < 100; ++i) t.Run("SET key:" + std::to_string(i) + " v");
  Eval("return 1");
  const std::string before = std::to_string(base::HeapUsedBytes() + (2 << 20));
  EXPECT_EQ(Eval("local t = {} for i=1,200000 do t[i] = {i} end"), "(nil)");
  ASSERT_GT(LuaMemory(), 4 << 20);
  EXPECT_EQ(t.RunArgs({"CONFIG", "SET", "maxmemory", before}), "+OK");
  EXPECT_EQ(t.Run("SET one more"), "+OK");
  EXPECT_EQ(t.Run("DBSIZE"), ":101");
}

TEST_F(ScriptGarbage, GoesByAndByWhenThereIsTime) {
  Eval("return 1");
  const int64_t before = LuaMemory();
  EXPECT_EQ(Eval("local t = {} for i=1,200000 do t[i] = {i} end"), "(nil)");
  ASSERT_GT(LuaMemory(), before + (4 << 20));
  for (int i = 0; i < 2000 && t.engine.Tick(100) == 0; ++i) {
  }
  EXPECT_LT(LuaMemory(), before + (1 << 20));
}

TEST_F(HostileScripts, WhatAllShareCannotBeChanged) {
  constexpr std::string_view kReadOnly = "Attempt to modify a readonly table";
  for (const char* script :
       {"redis.call = nil", "x = 1", "_G.x = 1", "rawset(_G, 'x', 1)", "string.rep = nil",
        "rawset(string, 'rep', 1)", "setmetatable(_G, {})", "getmetatable(_G).__index = nil",
        "getmetatable('').__index = {}", "math.pi = 3", "table.insert(redis, 1)",
        "table.insert(_G, 1)", "coroutine.yield = nil", "bit.band = nil", "pcall = nil",
        "setmetatable(redis, {})", "rawset(getmetatable(''), '__len', 1)"}) {
    ExpectRefused(script, kReadOnly);
  }
  EXPECT_EQ(Eval("return getmetatable('').__index == string"), ":1");
}

TEST_F(HostileScripts, NothingStaysForTheNextScript) {
  EXPECT_EQ(Eval("setfenv(0, {}) return 1"), ":1");
  EXPECT_EQ(Eval("return type(redis)"), "\"table\"");
  // The same chunk, twice: its own globals are the usual ones again.
  EXPECT_EQ(Eval("local t = type(redis) setfenv(1, {}) return t"), "\"table\"");
  EXPECT_EQ(t.Run("EVAL \"local t = type(redis) setfenv(1, {}) return t\" 0"), "\"table\"");
  EXPECT_EQ(Eval("collectgarbage('stop') collectgarbage('setpause', 100000) return 1"), ":1");
  EXPECT_EQ(
      Eval("collectgarbage() local before = collectgarbage('count') "
           "for i=1,100000 do local t = {} end return collectgarbage('count') - before < 4000"),
      ":1");
}

TEST_F(HostileScripts, NoWayOut) {
  for (const char* name :
       {"io", "os", "package", "require", "dofile", "loadfile", "print", "debug", "module"}) {
    ExpectRefused(std::string("return ") + name,
                  std::string("nonexistent global variable '") + name + "'");
  }
  // Bytecode is not loaded.
  ExpectRefused("return loadstring(string.dump(function() return 1 end))()", "");
  ExpectRefused("return loadstring('\\27Lua')()", "");
  EXPECT_EQ(Eval("return loadstring('return 1+1')()"), ":2");
}

TEST_F(HostileScripts, RepliesNestedWithoutEndAreCut) {
  // Raw: to render it would take more stack than there is.
  const std::string reply = t.Raw(t.OpenNetwork(), "EVAL \"local a = {} a[1] = a return a\" 0\r\n");
  EXPECT_NE(reply.find("reached lua stack limit"), std::string::npos);
  EXPECT_EQ(Eval("return 1"), ":1");
}

TEST_F(HostileScripts, MetatablesOfRepliesAreNotCalled) {
  EXPECT_EQ(Eval("return setmetatable({1, 2}, {__index = function() error('x') end})"), "[:1, :2]");
}

TEST_F(HostileScripts, NumbersThatDoNotFitAreNoTrap) {
  EXPECT_EQ(Eval("return 1e300"), ":-9223372036854775808");
  EXPECT_EQ(Eval("return -1e300"), ":-9223372036854775808");
  EXPECT_EQ(Eval("return 0/0"), ":-9223372036854775808");
  EXPECT_EQ(Eval("return bit.band(1e300, -1)").substr(0, 1), ":");
  EXPECT_EQ(Eval("return string.rep('x', -1e300)"), "\"\"");
  EXPECT_EQ(Eval("return ('x'):sub(1e300, -1e300)"), "\"\"");
  EXPECT_EQ(Eval("return #string.format('%d', 1e300) > 0"), ":1");
  EXPECT_EQ(Eval("return select('#', table.concat({}, 'x', 1, -1e300))"), ":1");
  ExpectRefused("return select(-1e300, 1)", "index out of range");
}

}  // namespace
}  // namespace kvasm
