// What the engine asks of the program it runs in. The core opens nothing and reads no clock of its
// own: these four interfaces are its only way out. Implemented by bindings/ and by the tests.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvasm::host {

// Processor time that the program has used.
struct CpuTimes {
  int64_t user_us = 0;
  int64_t system_us = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall clock, microseconds since the Unix epoch. Read once a command.
  virtual int64_t NowUs() = 0;
  // As NowUs, for durations: where NowUs may be a little late, this is not.
  virtual int64_t ExactUs() { return NowUs(); }
  // Whether asking costs as much as a short command does. Then only commands that need the time
  // ask; what merely records when a key or a session was last used may be up to a tick late.
  virtual bool IsSlow() const { return false; }
  // Zero where nobody knows.
  virtual CpuTimes ProcessCpu() { return {}; }
  // Blocks the caller (DEBUG SLEEP).
  virtual void SleepUs(int64_t duration_us) = 0;
};

class Entropy {
 public:
  virtual ~Entropy() = default;
  // 64 unpredictable bits. Read when the engine is made; a fixed seed makes runs repeatable.
  virtual uint64_t Next() = 0;
};

enum class LogLevel : uint8_t { kDebug, kVerbose, kNotice, kWarning };

class Log {
 public:
  virtual ~Log() = default;
  // One line without a line end; `text` is valid during the call only.
  virtual void Write(LogLevel level, std::string_view text) = 0;
};

// All borrowed; must outlive the engine.
struct Host {
  Clock& clock;
  Entropy& entropy;
  Log& log;
};

}  // namespace kvasm::host
