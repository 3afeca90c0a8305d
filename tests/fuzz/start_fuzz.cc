// Whole starts: what lies in a folder is loaded by the engine itself, a log's commands executed.
// Whatever the files say, the start ends, by an error or by an engine that serves, keeps values
// that are sound, and finds the same data when it starts again.
//
// An input that begins with "REDIS" is a snapshot. Any other one is a log: its base, an RDB file if
// it says so after a line "base", and after a line "next" its increment.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/ascii.h"
#include "core/base/prng.h"
#include "core/commands/data_digest.h"
#include "core/persist/aof_writer.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/program.h"
#include "tests/unit/support/test_disk.h"

namespace kvasm {
namespace {

using testing::Restart;
using testing::Settings;
using testing::TestDisk;

constexpr std::string_view kBase = "base\n";
constexpr std::string_view kNext = "\nnext\n";

class Fuzzer {
 public:
  Fuzzer() { base::SetHeapLimit(uint64_t{256} << 20); }

  // False if something does not hold; `what` says it.
  bool Feed(std::string_view input) {
    const std::string lower = base::LowerCopy(input);
    // What takes as long as it is told to, or as long as it likes.
    for (const std::string_view slow : {"eval", "fcall", "populate", "#!lua", "sleep"}) {
      if (lower.find(slow) != lower.npos) return true;
    }
    TestDisk disk;
    const bool is_log = !input.starts_with("REDIS");
    is_log ? WriteLog(disk, input) : WriteSnapshot(disk, input);
    const Settings settings{{"appendonly", is_log ? "yes" : "no"}, {"save", "3600 1"}};
    base::Sha1Digest digest;
    {
      Restart r(disk, settings);
      engine::Engine& engine = r.t.engine;
      if (HasEnded(engine)) return true;
      if (!r.has_started) return Fail("it never starts");
      if (!r.error.empty()) return true;
      ++accepted_;
      services::Session& client = r.t.OpenNetwork();
      engine.Feed(client, "PING\r\n");
      const std::string pong = testing::Taken(client);
      // Users and settings may be others by then.
      if (pong != "+PONG\r\n" && pong[0] != '-') return Fail("a client is not served");
      engine.Feed(client, "SET written 1\r\nSAVE\r\n");
      r.Settle(300);
      // The data are compared where nothing but them was changed, and time changes none of them.
      for (const std::string_view other : {"config", "debug", "client", "acl", "multi"}) {
        if (lower.find(other) != lower.npos) return true;
      }
      keyspace::Keyspace& data = engine.keyspace();
      for (int id = 0; id < data.database_count(); ++id) {
        if (data.db(id).volatile_size() + data.db(id).field_volatile_size() > 0) return true;
      }
      digest = commands::DatasetDigest(data);
    }
    Restart again(disk, settings);
    if (!again.has_started || !again.error.empty()) return Fail("it does not start again");
    if (commands::DatasetDigest(again.t.engine.keyspace()) != digest) {
      return Fail("it finds other data when it starts again");
    }
    return true;
  }
  const char* what() const { return what_; }
  uint64_t accepted() const { return accepted_; }

 private:
  bool Fail(const char* what) {
    what_ = what;
    return false;
  }

  static void WriteSnapshot(TestDisk& disk, std::string_view input) {
    disk.files["dump.rdb"].bytes = input;
  }

  static void WriteLog(TestDisk& disk, std::string_view input) {
    const std::string folder = "appendonlydir/appendonly.aof.";
    std::string manifest;
    if (input.starts_with(kBase)) {
      input.remove_prefix(kBase.size());
      const size_t end = std::min(input.find(kNext), input.size());
      disk.files[folder + "1.base.rdb"].bytes = input.substr(0, end);
      input.remove_prefix(std::min(input.size(), end + kNext.size()));
      manifest += "file appendonly.aof.1.base.rdb seq 1 type b\n";
    }
    disk.files[folder + "1.incr.aof"].bytes = input;
    manifest += "file appendonly.aof.1.incr.aof seq 1 type i\n";
    disk.files[folder + "manifest"].bytes = manifest;
  }

  static bool HasEnded(engine::Engine& engine) {
    for (const services::Effect& effect : engine.effects().Take()) {
      if (effect.kind == services::Effect::Kind::kShutdown) return true;
    }
    return false;
  }

  const char* what_ = "";
  uint64_t accepted_ = 0;
};

// Logs of commands that there are, with arguments that some of them understand.
class Generator {
 public:
  explicit Generator(uint64_t seed) : prng_(seed) {
    testing::TestEngine t;
    for (size_t i = 0; i < t.engine.table().size(); ++i) {
      commands_.push_back(t.engine.table().at(i));
    }
  }

  std::string Next() {
    std::string log;
    if (prng_.Below(3) == 0) {
      log += kBase;
      log += Commands();
      log += kNext;
    }
    log += Commands();
    if (prng_.Below(3) == 0) {
      static constexpr std::string_view kPieces[] = {"*", "$", "\r\n", "0", "1", "-1"};
      fuzz::Damage(prng_, &log, kPieces, log);
    }
    return log;
  }

 private:
  struct Text {
    std::string bytes;
    void Append(std::string_view appended) { bytes += appended; }
  };

  std::string Commands() {
    Text out;
    for (uint64_t i = prng_.Below(12); i > 0; --i) persist::AppendRecord(out, Command());
    return out.bytes;
  }

  std::vector<std::string_view> Command() {
    static constexpr std::string_view kWords[] = {
        "k",   "l",      "s",     "h",     "z",  "x",      "0",    "1",     "-1",    "2",
        "10",  "a",      "(1",    "[a",    "+",  "-",      "*",    "$",     ">",     "1-1",
        "NX",  "XX",     "EX",    "GET",   "CH", "LEFT",   "AND",  "COUNT", "LIMIT", "MAXLEN",
        "inf", "GROUPS", "STORE", "YES",   "ON", "OFF",    "NO",   "SAVE",  "ASYNC", "BYSCORE",
        "",    "NOSAVE", "MERGE", "ABORT", "ID", "CREATE", "FREQ", "FORCE", "g",     "c"};
    const command::CommandSpec& spec = commands_[prng_.Below(commands_.size())];
    std::vector<std::string_view> arguments;
    const size_t bar = spec.name.find('|');
    arguments.push_back(spec.name.substr(0, bar));
    if (bar != spec.name.npos) arguments.push_back(spec.name.substr(bar + 1));
    const auto least = static_cast<size_t>(std::abs(spec.arity));
    const size_t more = spec.arity < 0 ? prng_.Below(5) : prng_.Below(16) == 0 ? 1 : 0;
    const size_t fewer = prng_.Below(16) == 0 ? 1 : 0;
    while (arguments.size() + fewer < least + more) {
      arguments.push_back(kWords[prng_.Below(std::size(kWords))]);
    }
    return arguments;
  }

  base::Prng prng_;
  std::vector<command::CommandSpec> commands_;
};

}  // namespace
}  // namespace kvasm

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static kvasm::Fuzzer fuzzer;
  if (!fuzzer.Feed({reinterpret_cast<const char*>(data), size})) {
    std::fprintf(stderr, "%s\n", fuzzer.what());
    std::abort();
  }
  return 0;
}

#ifndef KVASM_LIBFUZZER
int main() {
  if (const char* folder = std::getenv("KVASM_FUZZ_SEEDS")) {
    kvasm::Generator generator(1);
    kvasm::fuzz::WriteSeeds(folder, 1000, [&] { return generator.Next(); });
    return 0;
  }
  const uint64_t count = kvasm::fuzz::Setting("KVASM_FUZZ_COUNT", 3000);
  const uint64_t seed = kvasm::fuzz::Setting("KVASM_FUZZ_SEED", 1);
  kvasm::Generator generator(seed);
  kvasm::Fuzzer fuzzer;
  const bool shows = std::getenv("KVASM_FUZZ_SHOW") != nullptr;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string log = generator.Next();
    if (shows)
      std::fprintf(stderr, "--- %llu\n%s\n", static_cast<unsigned long long>(i), log.c_str());
    if (fuzzer.Feed(log)) continue;
    std::printf("log %llu of seed %llu: %s\n", static_cast<unsigned long long>(i),
                static_cast<unsigned long long>(seed), fuzzer.what());
    std::fwrite(log.data(), 1, log.size(), stdout);
    return 1;
  }
  std::printf("%llu logs, seed %llu, %llu of them good\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(fuzzer.accepted()));
  return 0;
}
#endif
