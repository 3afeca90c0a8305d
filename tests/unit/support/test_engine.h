// An engine with a clock that stands still until it is told to move, for tests that read like a
// session:
//
//     TestEngine t;
//     EXPECT_EQ(t.Run("SET greeting hello EX 10"), "+OK");
//     t.AdvanceTime(10s + 1ms);
//     EXPECT_EQ(t.Run("GET greeting"), "(nil)");
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/engine.h"

namespace kvasm::testing {

class ManualClock final : public host::Clock {
 public:
  int64_t now_us = 1'700'000'000'000'000;
  bool slow = false;
  int readings = 0;
  // What a look at the exact time takes: with it, scripts that loop see the time pass.
  int64_t exact_step_us = 0;
  int64_t ExactUs() override {
    now_us += exact_step_us;
    return NowUs();
  }
  int64_t NowUs() override {
    ++readings;
    return now_us;
  }
  bool IsSlow() const override { return slow; }
  void SleepUs(int64_t duration_us) override { now_us += duration_us; }
};

class CountingEntropy final : public host::Entropy {
 public:
  uint64_t Next() override { return ++state_ * 0x9e3779b97f4a7c15; }

 private:
  uint64_t state_ = 0;
};

class ListLog final : public host::Log {
 public:
  std::vector<std::string> lines;
  void Write(host::LogLevel, std::string_view text) override { lines.emplace_back(text); }
};

// Collects the journal's records as lines of space-separated arguments.
class ListJournal final : public keyspace::Journal::Sink {
 public:
  std::vector<std::string> records;
  void Record(std::span<const std::string_view> arguments) override;
};

class TestEngine {
 public:
  explicit TestEngine(int64_t script_limit_ms = 0);

  // Executes a line (split as redis-cli splits it) on the first session and renders the reply:
  // "+OK", "-ERR ...", ":1", "\"bulk\"", "(nil)", "[a, b]", "{k: v}" for maps, "~[...]" for sets,
  // ",1.5" for doubles, "#t".
  std::string Run(std::string_view line);
  std::string Run(services::Session& session, std::string_view line);
  // The same with arguments of any bytes.
  std::string RunArgs(const std::vector<std::string>& arguments);
  // Feeds raw bytes and returns the raw bytes that come back.
  std::string Raw(services::Session& session, std::string_view bytes);

  services::Session& OpenNetwork();
  void UseResp3(bool on) { session_.reply.set_protocol(on ? 3 : 2); }
  template <class Rep, class Period>
  void AdvanceTime(std::chrono::duration<Rep, Period> by) {
    clock.now_us += std::chrono::duration_cast<std::chrono::microseconds>(by).count();
  }
  int64_t now_ms() const { return clock.now_us / 1000; }

  ManualClock clock;
  CountingEntropy entropy;
  ListLog log;
  host::Host host{clock, entropy, log};
  engine::Engine engine;

 private:
  services::Session& session_;
};

// What a session was sent, as raw bytes; they are gone then.
std::string Taken(services::Session& session);

// Renders one RESP reply as TestEngine::Run does; `at` moves behind it.
std::string Render(std::string_view resp, size_t* at);

}  // namespace kvasm::testing
