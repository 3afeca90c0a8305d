// FUNCTION and FCALL: what the data of tests/conformance/functions.resp cannot show.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/persist/payload.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::ListJournal;
using testing::TestEngine;

std::string Library(const std::string& name, const std::string& code) {
  return "#!lua name=" + name + "\n" + code;
}

// A library with one function that returns a text.
std::string Returning(const std::string& name, const std::string& function,
                      const std::string& text) {
  return Library(
      name, "redis.register_function('" + function + "', function() return '" + text + "' end)");
}

std::string Load(TestEngine& t, const std::string& code) {
  return t.RunArgs({"FUNCTION", "LOAD", code});
}

std::string Record(const std::string& code) {
  EXPECT_LT(code.size(), 64u);
  return "\xf5" + std::string(1, static_cast<char>(code.size())) + code;
}

std::string Payload(const std::string& body) { return body + persist::PayloadFooter(body, 11); }

std::string Restore(TestEngine& t, const std::string& body, const std::string& policy = "APPEND") {
  return t.RunArgs({"FUNCTION", "RESTORE", Payload(body), policy});
}

std::string InfoLine(TestEngine& t, const std::string& name) {
  const std::string info = t.Run("INFO memory");
  const size_t at = info.find(name + ":");
  if (at == std::string::npos) return "absent";
  const size_t begin = at + name.size() + 1;
  return info.substr(begin, info.find_first_of("\r\\", begin) - begin);
}

// Short, to fit into one length byte.
std::string Short(const std::string& name, const std::string& function) {
  return "#!lua name=" + name + "\nredis.register_function('" + function + "',redis.log)";
}

// A millisecond goes by whenever it is looked at.
class MovingClock final : public host::Clock {
 public:
  int64_t now_us = 1'700'000'000'000'000;
  int64_t NowUs() override { return now_us += 1000; }
  void SleepUs(int64_t duration_us) override { now_us += duration_us; }
};

TEST(Libraries, AFailedLoadChangesNothing) {
  TestEngine t;
  ASSERT_EQ(Load(t, Returning("lib", "f", "old")), "\"lib\"");
  const std::string half =
      Library("lib", "redis.register_function('g', function() end)\nredis.register_function('f')");
  EXPECT_TRUE(t.RunArgs({"FUNCTION", "LOAD", "REPLACE", half}).starts_with("-ERR Error reg"));
  EXPECT_EQ(t.Run("FCALL f 0"), "\"old\"");
  EXPECT_EQ(t.Run("FCALL g 0"), "-ERR Function not found");
  ASSERT_EQ(Load(t, Returning("other", "h", "x")), "\"other\"");
  EXPECT_EQ(t.RunArgs({"FUNCTION", "LOAD", "REPLACE", Returning("lib", "h", "x")}),
            "-ERR Function h already exists");
  EXPECT_EQ(t.Run("FCALL f 0"), "\"old\"");
  EXPECT_EQ(t.Run("FCALL h 0"), "\"x\"");
}

TEST(Libraries, NamesThatDifferInCaseOnlyAreTheSameFunction) {
  TestEngine t;
  EXPECT_EQ(Load(t, Library("lib",
                            "redis.register_function('f', function() end)\n"
                            "redis.register_function('F', function() end)")),
            "-ERR Error registering functions: ERR Function already exists in the library");
}

TEST(Libraries, ALoopWhileLoadingIsEnded) {
  MovingClock clock;
  testing::CountingEntropy entropy;
  testing::ListLog log;
  const host::Host host{clock, entropy, log};
  engine::Engine engine(host, {});
  services::Session& session = engine.Open({});
  const int64_t began_us = clock.now_us;
  const std::string code = Library("lib", "while true do end");
  const std::vector<std::string_view> args{"FUNCTION", "LOAD", code};
  engine.Execute(session, args);
  EXPECT_EQ(session.out.view(), "-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n");
  EXPECT_GE(clock.now_us - began_us, 500'000);
}

TEST(Libraries, ALongFunctionIsSeenAndKilled) {
  MovingClock clock;
  testing::CountingEntropy entropy;
  testing::ListLog log;
  const host::Host host{clock, entropy, log};
  engine::Engine engine(host, {});
  services::Session& caller = engine.Open({.network = true});
  services::Session& other = engine.Open({.network = true});
  const auto run = [&](services::Session& session, std::vector<std::string_view> args) {
    engine.Execute(session, args);
    std::string reply(session.out.view());
    session.out.Clear();
    return reply;
  };
  run(other, {"CONFIG", "SET", "busy-reply-threshold", "10"});
  const std::string code =
      Library("lib", "redis.register_function('f', function() while true do pcall(type) end end)");
  ASSERT_EQ(run(caller, {"FUNCTION", "LOAD", code}), "$3\r\nlib\r\n");
  EXPECT_EQ(run(caller, {"fcall", "F", "1", "k"}), "");
  const std::string stats = run(other, {"FUNCTION", "STATS"});
  EXPECT_NE(stats.find("$4\r\nname\r\n$1\r\nf\r\n"), std::string::npos) << stats;
  EXPECT_NE(stats.find("*4\r\n$5\r\nfcall\r\n$1\r\nF\r\n$1\r\n1\r\n$1\r\nk\r\n"), std::string::npos)
      << stats;
  for (const std::string_view refused : {"LIST", "DUMP", "FLUSH"}) {
    EXPECT_TRUE(run(other, {"FUNCTION", refused}).starts_with("-BUSY")) << refused;
  }
  EXPECT_EQ(run(other, {"SCRIPT", "KILL"}),
            "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN "
            "NOSAVE.\r\n");
  EXPECT_EQ(run(other, {"FUNCTION", "KILL"}), "+OK\r\n");
  for (int i = 0; i < 10 && caller.out.size() == 0; ++i) engine.Tick(1000);
  EXPECT_TRUE(
      caller.out.view().starts_with("-ERR Script killed by user with SCRIPT KILL... "
                                    "script: f, on @user_function:2."))
      << caller.out.view();
  EXPECT_EQ(run(other, {"FUNCTION", "KILL"}), "-NOTBUSY No scripts in execution right now.\r\n");
}

TEST(Libraries, CountsAndMemoryAreTrue) {
  TestEngine t;
  EXPECT_EQ(InfoLine(t, "number_of_libraries"), "0");
  EXPECT_EQ(InfoLine(t, "used_memory_vm_functions"), "0");
  EXPECT_EQ(InfoLine(t, "used_memory_functions"), "0");
  Load(t, Library("a",
                  "redis.register_function('f', function() end)\n"
                  "redis.register_function('g', function() end)"));
  Load(t, Returning("b", "h", std::string(10'000, 'x')));
  EXPECT_EQ(InfoLine(t, "number_of_libraries"), "2");
  EXPECT_EQ(InfoLine(t, "number_of_functions"), "3");
  EXPECT_GT(std::stoul(InfoLine(t, "used_memory_vm_functions")), 20'000u);
  EXPECT_GT(std::stoul(InfoLine(t, "used_memory_functions")), 10'000u);
  EXPECT_EQ(InfoLine(t, "used_memory_vm_total"), InfoLine(t, "used_memory_vm_functions"));
  EXPECT_EQ(InfoLine(t, "used_memory_scripts"), InfoLine(t, "used_memory_functions"));
  EXPECT_EQ(InfoLine(t, "used_memory_lua"), "0");
  t.Run("FUNCTION DELETE b");
  EXPECT_LT(std::stoul(InfoLine(t, "used_memory_functions")), 10'000u);
  t.Run("FUNCTION DELETE a");
  EXPECT_EQ(InfoLine(t, "used_memory_functions"), "0");
  EXPECT_EQ(InfoLine(t, "used_memory_vm_functions"), "0");
}

TEST(Libraries, ChangesAreRecordedAndCounted) {
  TestEngine t;
  ListJournal journal;
  t.engine.keyspace().journal().Attach(journal);
  const uint64_t before = t.engine.keyspace().stats().dirty;
  Load(t, Short("a", "f"));
  Load(t, Short("a", "f"));  // refused
  Restore(t, Record(Short("b", "g")));
  Restore(t, Record(Short("b", "g")));  // refused
  t.Run("FUNCTION DELETE a");
  t.Run("FUNCTION DELETE a");  // refused
  t.Run("FUNCTION FLUSH");
  t.engine.keyspace().journal().Detach(journal);
  std::erase(journal.records, "SELECT 0");
  ASSERT_EQ(journal.records.size(), 4u);
  EXPECT_EQ(journal.records[0], "FUNCTION LOAD " + Short("a", "f"));
  EXPECT_EQ(journal.records[2], "FUNCTION DELETE a");
  EXPECT_EQ(journal.records[3], "FUNCTION FLUSH");
  EXPECT_EQ(t.engine.keyspace().stats().dirty - before, 4u);
}

TEST(Libraries, RestorePolicies) {
  TestEngine t;
  const std::string both = Record(Short("a", "f")) + Record(Short("b", "g"));
  EXPECT_EQ(Restore(t, both), "+OK");
  EXPECT_EQ(Restore(t, both), "-ERR Library a already exists");
  EXPECT_EQ(Restore(t, both, "REPLACE"), "+OK");
  EXPECT_EQ(Restore(t, Record(Short("c", "f")), "REPLACE"), "-ERR Function f already exists");
  // Two that change their functions.
  EXPECT_EQ(Restore(t, Record(Short("a", "g")) + Record(Short("b", "f")), "REPLACE"), "+OK");
  EXPECT_EQ(Restore(t, Record(Short("d", "i")), "FLUSH"), "+OK");
  EXPECT_EQ(t.Run("FCALL f 0"), "-ERR Function not found");
  EXPECT_EQ(InfoLine(t, "number_of_libraries"), "1");
  EXPECT_EQ(Restore(t, "", "FLUSH"), "+OK");
  EXPECT_EQ(InfoLine(t, "number_of_libraries"), "0");
}

TEST(Libraries, APayloadGivesWhatWasDumped) {
  TestEngine t;
  const std::string code = Returning("lib", "f", std::string(5000, 'x'));
  Load(t, code);
  const std::string raw = t.Raw(t.OpenNetwork(), "*2\r\n$8\r\nFUNCTION\r\n$4\r\nDUMP\r\n");
  const size_t begin = raw.find("\r\n") + 2;
  const std::string payload = raw.substr(begin, raw.size() - begin - 2);
  EXPECT_LT(payload.size(), 1000u);  // compressed
  EXPECT_EQ(t.RunArgs({"FUNCTION", "RESTORE", payload, "FLUSH"}), "+OK");
  EXPECT_EQ(t.Run("FCALL f 0"), "\"" + std::string(5000, 'x') + "\"");
}

TEST(Libraries, HostilePayloadsAreRefused) {
  TestEngine t;
  Load(t, Returning("kept", "f", "x"));
  EXPECT_EQ(Restore(t, "\xf6"), "-ERR Pre-GA function format not supported");
  EXPECT_EQ(Restore(t, std::string(1, '\0') + "abc"), "-ERR given type is not a function");
  EXPECT_EQ(Restore(t, Record(Short("a", "g")) + "x"), "-ERR given type is not a function");
  for (const std::string& text :
       {std::string(),
        std::string("\x05"
                    "ab"),
        std::string("\xff"), std::string("\x81\x7f\xff\xff\xff\xff\xff\xff\xff"),
        std::string("\x80\xff\xff\xff\xff"),
        // Compressed, and nothing follows; or garbage.
        std::string("\xc3\x05\x80\x7f\xff\x00\x00"
                    "abcde",
                    12),
        std::string("\xc3\x03\x10\xff\xff\xff", 6), std::string("\xc4")}) {
    EXPECT_TRUE(Restore(t, "\xf5" + text, "FLUSH").starts_with('-')) << text.size();
  }
  EXPECT_EQ(Restore(t, "\xf5\xc0\x05", "FLUSH"), "-ERR Missing library metadata");
  const std::string good = Record(Short("a", "g")) + Record(Short("b", "h"));
  // Any cut, any damaged byte: an error or another library, never an end of the engine.
  for (size_t i = 0; i < good.size(); ++i) {
    Restore(t, good.substr(0, i), "REPLACE");
    std::string damaged = good;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    Restore(t, damaged, "REPLACE");
  }
  EXPECT_EQ(t.Run("FCALL f 0"), "\"x\"");
  const std::string whole = Payload(good);
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(t.RunArgs({"FUNCTION", "RESTORE", whole.substr(0, i)}),
              "-ERR DUMP payload version or checksum are wrong");
  }
}

TEST(Libraries, NothingHasAFinalizer) {
  TestEngine t;
  Load(t, Library("lib",
                  "redis.register_function('leave', function()\n"
                  "  local object = newproxy(true)\n"
                  "  getmetatable(object).__gc = function() redis.call('incr', 'k') end\n"
                  "end)"));
  EXPECT_EQ(t.Run("FCALL leave 0"), "(nil)");
  EXPECT_EQ(t.Run("FUNCTION FLUSH"), "+OK");
  EXPECT_EQ(
      t.Run("EVAL \"getmetatable(newproxy(true)).__gc = function() redis.call('incr', 'k') end "
            "collectgarbage() collectgarbage()\" 0"),
      "(nil)");
  EXPECT_EQ(t.Run("GET k"), "(nil)");
}

TEST(Libraries, ManyFunctionsAndManyLoads) {
  TestEngine t;
  std::string code = "#!lua name=lib\n";
  for (int i = 0; i < 1000; ++i) {
    code += "redis.register_function('f" + std::to_string(i) + "', redis.log)\n";
  }
  ASSERT_EQ(Load(t, code), "\"lib\"");
  uint64_t after_few = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(t.RunArgs({"FUNCTION", "LOAD", "REPLACE", code}), "\"lib\"");
    if (i == 20) after_few = std::stoul(InfoLine(t, "used_memory_vm_functions"));
  }
  EXPECT_LT(std::stoul(InfoLine(t, "used_memory_vm_functions")), 3 * after_few);
}

TEST(Libraries, FunctionsDoNotReachThoseOfOthersByGlobals) {
  TestEngine t;
  Load(t, Library("a", "redis.register_function('f', function() return type(_G.redis.x) end)"));
  Load(t, Library("b",
                  "redis.register_function('g', function()\n"
                  "  local ok, e = pcall(function() rawset(_G, 'x', 1) end)\n"
                  "  return {ok, e}\n"
                  "end)"));
  EXPECT_TRUE(t.Run("FCALL g 0").find("readonly table") != std::string::npos) << t.Run("FCALL g 0");
  EXPECT_EQ(t.Run("FCALL f 0"), "\"nil\"");
}

}  // namespace
}  // namespace kvasm
