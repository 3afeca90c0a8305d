// Lua sources for EVAL. After each the engine must be alive, and the next script must find what it
// expects.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/prng.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/program.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::TestEngine;

class Fuzzer {
 public:
  Fuzzer() { Begin(); }

  // False if the engine is not as it was.
  bool Feed(std::string_view script) {
    services::Session& session = *session_;
    t_->engine.Feed(session, "*3\r\n$4\r\nEVAL\r\n$" + std::to_string(script.size()) + "\r\n" +
                                 std::string(script) + "\r\n$1\r\n0\r\n");
    RunTurns();
    if (session.waiting) t_->Run(*other_, "SCRIPT KILL");
    RunTurns();
    if (session.waiting) {
      // It has written and does not end. The engine must be able to go all the same.
      Begin();
      return true;
    }
    if (session.out.empty()) return false;
    session.out.Clear();
    if (++fed_ % 200 == 0) t_->Run(*other_, "SCRIPT FLUSH");
    if (fed_ % 500 == 0) t_->Run(*other_, "FLUSHALL");
    return t_->Run(*other_, "EVAL \"return {type(redis.call), #KEYS, string.rep('x', 3)}\" 0") ==
           "[\"function\", :0, \"xxx\"]";
  }

 private:
  void Begin() {
    t_ = std::make_unique<TestEngine>();
    session_ = &t_->OpenNetwork();
    other_ = &t_->OpenNetwork();
    // Each look at the clock comes late, so the next one is soon; a script that loops is suspended
    // after some 30 of them, which the script that asks whether all is well does not live to see.
    t_->clock.exact_step_us = 30'000;
    t_->Run(*other_, "CONFIG SET busy-reply-threshold 1000");
  }
  void RunTurns() {
    constexpr int kTurns = 20;
    for (int turn = 0; turn < kTurns && session_->waiting; ++turn) t_->engine.Tick(100);
  }

  std::unique_ptr<TestEngine> t_;
  services::Session* session_ = nullptr;
  services::Session* other_ = nullptr;
  uint64_t fed_ = 0;
};

// Expressions and statements that have to do with what the sandbox guards.
constexpr std::string_view kExpressions[] = {
    "1",
    "-1",
    "2^53",
    "1e308*10",
    "0/0",
    "nil",
    "true",
    "'x'",
    "''",
    "'\\0\\255'",
    "{}",
    "{1,2,3}",
    "_G",
    "KEYS",
    "ARGV",
    "string",
    "redis",
    "cjson",
    "coroutine",
    "getmetatable('')",
    "function(...) return ... end",
    "function() error({err='E x'}) end",
    "string.rep('ab', 1000)",
    "string.rep('%a-', 20)",
    "setmetatable({}, {__index=function(t,k) return t[k] end})",
    "setmetatable({}, {__call=function() return 1 end, __gc=1, __mode='k'})",
    "newproxy(true)",
    "coroutine.create(function(a) coroutine.yield(a) error('c') end)",
    "coroutine.running()",
    "redis.error_reply('E y')",
    "redis.status_reply('fine')",
    "{double=1.5}",
    "{map={a=1}}",
    "{set={a=true}}",
    "{big_number='12'}",
    "{verbatim_string={format='txt',string='s'}}",
    "cjson.decode('[1,{\"a\":null}]')",
    "cmsgpack.pack({1,2,{a=3}})",
    "struct.pack('>I4', 7)",
    "bit.bxor(1, -1)",
    "math.huge",
    "tostring({})",
    "collectgarbage('count')",
};
constexpr std::string_view kCalls[] = {
    "pcall(%, %)",
    "xpcall(%, %)",
    "select(%, %, %)",
    "unpack(%, 1, 100)",
    "next(%, %)",
    "rawget(%, %)",
    "rawset(%, %, %)",
    "setmetatable(%, %)",
    "getfenv(%)",
    "setfenv(%, %)",
    "loadstring(%)",
    "load(%)",
    "tonumber(%, %)",
    "string.find(%, %)",
    "string.gsub(%, %, %)",
    "string.format('%%s %%d %%q %%5.1f', %, %, %, %)",
    "string.byte(%, 1, -1)",
    "table.sort(%, %)",
    "table.concat(%, %)",
    "table.insert(%, %)",
    "table.remove(%)",
    "string.dump(%)",
    "coroutine.resume(%, %)",
    "coroutine.wrap(%)(%)",
    "coroutine.yield(%)",
    "coroutine.status(%)",
    "redis.call(%, %)",
    "redis.pcall('set', %, %)",
    "redis.pcall('get', %)",
    "redis.setresp(3)",
    "redis.pcall('lpush', 'l', %)",
    "redis.pcall('lrange', 'l', 0, -1)",
    "redis.sha1hex(%)",
    "redis.log(%, %)",
    "redis.set_repl(%)",
    "redis.acl_check_cmd(%, %)",
    "cjson.encode(%)",
    "cjson.decode(%)",
    "cmsgpack.pack(%, %)",
    "cmsgpack.unpack(%)",
    "cmsgpack.unpack_limit(%, %, %)",
    "struct.pack(%, %)",
    "struct.unpack(%, %)",
    "struct.size(%)",
    "bit.tohex(%, %)",
    "bit.lshift(%, %)",
    "math.random(%)",
    "math.randomseed(%)",
    "math.fmod(%, %)",
    "(% .. %)",
    "(% + %)",
    "(% == %)",
    "(#%)",
    "(%)[%]",
    "(%)(%)",
    "assert(%, %)",
    "error(%, %)",
};
constexpr std::string_view kStatements[] = {
    "local a = % ",
    "a = % ",
    "return % ",
    "for i = 1, 10 do local b = % end ",
    "for k, v in pairs(%) do local b = % break end ",
    "if % then local b = % end ",
    "while % do local b = % end ",
    "local function f(x) return % end f(%) ",
    "string.x = % ",
    "pcall(function() % end) ",
    "do local c <const> = 1 end ",
    "goto x ",
    "-- ",
    "[[ ",
};

class Generator {
 public:
  explicit Generator(uint64_t seed) : prng_(seed) {}

  std::string Script() {
    std::string script;
    for (uint64_t i = 1 + prng_.Below(4); i > 0; --i) script += Fill(OneOf(kStatements), 0);
    if (prng_.Below(3) == 0) fuzz::Damage(prng_, &script, {}, script);
    return script;
  }

 private:
  template <size_t N>
  std::string_view OneOf(const std::string_view (&list)[N]) {
    return list[prng_.Below(N)];
  }
  // Puts an expression in the place of each single percent sign.
  std::string Fill(std::string_view form, int depth) {
    std::string text;
    for (size_t i = 0; i < form.size(); ++i) {
      if (form[i] != '%') {
        text += form[i];
      } else if (i + 1 < form.size() && form[i + 1] == '%') {
        text += form[i++];
      } else {
        const bool is_deep = depth > 4 || prng_.Below(2) == 0;
        text += is_deep ? std::string(OneOf(kExpressions)) : Fill(OneOf(kCalls), depth + 1);
      }
    }
    return text;
  }

  base::Prng prng_;
};

}  // namespace
}  // namespace kvasm

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static kvasm::Fuzzer fuzzer;
  if (!fuzzer.Feed({reinterpret_cast<const char*>(data), size})) std::abort();
  return 0;
}

#ifndef KVASM_LIBFUZZER
int main() {
  const uint64_t count = kvasm::fuzz::Setting("KVASM_FUZZ_COUNT", 2000);
  const uint64_t seed = kvasm::fuzz::Setting("KVASM_FUZZ_SEED", 1);
  kvasm::Generator generator(seed);
  kvasm::Fuzzer fuzzer;
  const bool shows = std::getenv("KVASM_FUZZ_SHOW") != nullptr;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string script = generator.Script();
    if (shows)
      std::fprintf(stderr, "%llu: %s\n", static_cast<unsigned long long>(i), script.c_str());
    if (fuzzer.Feed(script)) continue;
    std::printf("script %llu of seed %llu leaves the engine broken:\n%s\n",
                static_cast<unsigned long long>(i), static_cast<unsigned long long>(seed),
                script.c_str());
    return 1;
  }
  std::printf("%llu scripts, seed %llu\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(seed));
  return 0;
}
#endif
