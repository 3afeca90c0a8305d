// The engine's host interfaces, implemented by the `kvasmHost` object the module was made with.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/host/host.h"

namespace kvasm::bindings {

// Asking JavaScript for the time costs as much as a short command, so a batch of requests that came
// in one chunk asks for every sixteenth only.
class HostClock final : public host::Clock {
 public:
  int64_t NowUs() override;
  int64_t ExactUs() override {
    repeats_left_ = 0;
    return NowUs();
  }
  host::CpuTimes ProcessCpu() override;
  void SleepUs(int64_t duration_us) override;
  bool IsSlow() const override { return true; }

  void BeginBatch() { in_batch_ = true; }
  void EndBatch() {
    in_batch_ = false;
    repeats_left_ = 0;
  }

 private:
  static constexpr int kRepeats = 15;

  int64_t now_us_ = 0;
  int repeats_left_ = 0;
  bool in_batch_ = false;
};

class HostEntropy final : public host::Entropy {
 public:
  uint64_t Next() override;
};

// Keeps lines until JavaScript takes them (Engine.takeEffects).
class QueuedLog final : public host::Log {
 public:
  struct Line {
    host::LogLevel level;
    std::string text;
  };

  void Write(host::LogLevel level, std::string_view text) override {
    lines_.push_back({level, std::string(text)});
  }
  size_t pending() const { return lines_.size(); }
  std::vector<Line> Take() { return std::exchange(lines_, {}); }

 private:
  std::vector<Line> lines_;
};

}  // namespace kvasm::bindings
