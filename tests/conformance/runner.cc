// The native engine behind a pipe, for tests/conformance/targets.mjs and the differential test.
//
// Frames both ways: a kind (1 byte), a number (4 bytes) and a length (4 bytes, both little-endian),
// then that many bytes. In: 'n' opens session <number>, 'i' feeds it, 'c' closes it, 't' moves the
// clock by <number> milliseconds. Out: 'o' is output of a session, 'x' tells that it was closed.
//
// With --still the clock goes by these frames alone, so that replies do not depend on how busy the
// machine is. 'w' then moves it until session <number> has said something since the 'w' before, by
// the milliseconds of its payload (4 bytes) at most; 'd' answers: "1", or "0" when it said nothing.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "core/engine/engine.h"

namespace {

using kvasm::services::Session;

constexpr size_t kHeaderBytes = 9;
constexpr uint32_t kTickBudgetUnits = 1000;

class MovableClock : public kvasm::host::Clock {
 public:
  explicit MovableClock(bool is_still) : is_still_(is_still), offset_us_(is_still ? RealUs() : 0) {}

  // A still clock moves by a microsecond, so that what takes time takes some.
  int64_t NowUs() override { return is_still_ ? offset_us_++ : RealUs() + offset_us_; }
  void SleepUs(int64_t duration_us) override { offset_us_ += duration_us; }

 private:
  static int64_t RealUs() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  }

  const bool is_still_;
  int64_t offset_us_;
};

class FixedEntropy : public kvasm::host::Entropy {
 public:
  uint64_t Next() override { return next_ += 0x9e3779b97f4a7c15U; }

 private:
  uint64_t next_ = 1;
};

class NoLog : public kvasm::host::Log {
 public:
  void Write(kvasm::host::LogLevel, std::string_view) override {}
};

uint32_t ReadU32(const char* from) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; i--) value = value << 8 | static_cast<uint8_t>(from[i]);
  return value;
}

bool WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

bool WriteFrame(char kind, uint32_t number, std::string_view payload) {
  char header[kHeaderBytes] = {kind};
  const auto length = static_cast<uint32_t>(payload.size());
  for (int i = 0; i < 4; i++) {
    header[1 + i] = static_cast<char>(number >> (8 * i));
    header[5 + i] = static_cast<char>(length >> (8 * i));
  }
  return WriteAll({header, kHeaderBytes}) && WriteAll(payload);
}

class Pipe {
 public:
  explicit Pipe(bool is_still) : clock_(is_still), engine_(host_, {.standalone = true}) {
    const kvasm::services::Config::Pair debug{"enable-debug-command", "yes"};
    const kvasm::base::Status set =
        engine_.config().Set({&debug, 1}, kvasm::services::Config::Source::kStartup);
    if (!set.ok()) std::fprintf(stderr, "%s\n", std::string(set.error()).c_str());
  }

  // Serves until the input ends. False when writing failed.
  bool Serve() {
    for (;;) {
      const int64_t wait_ms = std::clamp<int64_t>(engine_.Tick(kTickBudgetUnits), 0, 100);
      if (!DrainReady()) return false;
      pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      if (poll(&input, 1, static_cast<int>(wait_ms)) == 0) continue;
      char chunk[65536];
      const ssize_t count = read(STDIN_FILENO, chunk, sizeof(chunk));
      if (count <= 0) return true;
      bytes_.append(chunk, static_cast<size_t>(count));
      size_t at = 0;
      while (bytes_.size() - at >= kHeaderBytes) {
        const uint32_t length = ReadU32(bytes_.data() + at + 5);
        if (bytes_.size() - at - kHeaderBytes < length) break;
        const std::string_view payload(bytes_.data() + at + kHeaderBytes, length);
        if (!Take(bytes_[at], ReadU32(bytes_.data() + at + 1), payload)) return false;
        at += kHeaderBytes + length;
      }
      bytes_.erase(0, at);
    }
  }

 private:
  bool Take(char kind, uint32_t number, std::string_view payload) {
    if (kind == 'n') {
      Session& opened = engine_.Open(
          {.network = true, .address = "127.0.0.1:50000", .local_address = "127.0.0.1:6379"});
      ids_[number] = opened.id;
      numbers_[opened.id] = number;
      return true;
    }
    if (kind == 't') {
      clock_.SleepUs(int64_t{number} * 1000);
      for (int i = 0; i < 20; i++) engine_.Tick(kTickBudgetUnits);
      return DrainReady();
    }
    if (kind == 'w') return payload.size() == 4 && Await(number, ReadU32(payload.data()));
    Session* session = ids_.contains(number) ? engine_.Find(ids_[number]) : nullptr;
    if (session == nullptr) return true;
    if (kind == 'i') {
      engine_.Feed(*session, payload);
      while (session->input_held) {
        if (!Drain(*session)) return false;
        engine_.Feed(*session, {});
      }
      return Drain(*session) && DrainReady();
    }
    Forget(*session);
    return true;
  }

  bool Await(uint32_t number, int64_t left_ms) {
    while (!talked_.contains(number) && left_ms > 0) {
      const int64_t step_ms = std::clamp<int64_t>(engine_.Tick(kTickBudgetUnits), 1, left_ms);
      if (!DrainReady()) return false;
      if (talked_.contains(number)) break;
      clock_.SleepUs(step_ms * 1000);
      left_ms -= step_ms;
    }
    return WriteFrame('d', number, talked_.erase(number) != 0 ? "1" : "0");
  }

  void Forget(const Session& session) {
    ids_.erase(numbers_[session.id]);
    numbers_.erase(session.id);
    engine_.Close(session.id);
  }

  bool Drain(Session& session) {
    const uint32_t number = numbers_[session.id];
    if (!session.out.empty()) {
      talked_.insert(number);
      if (!WriteFrame('o', number, session.out.view())) return false;
    }
    session.out.Clear();
    if (!session.close_after_reply) return true;
    talked_.insert(number);
    Forget(session);
    return WriteFrame('x', number, {});
  }

  bool DrainReady() {
    for (Session* ready = engine_.NextReady(); ready != nullptr; ready = engine_.NextReady()) {
      if (!Drain(*ready)) return false;
    }
    return true;
  }

  MovableClock clock_;
  FixedEntropy entropy_;
  NoLog log_;
  const kvasm::host::Host host_{clock_, entropy_, log_};
  kvasm::engine::Engine engine_;
  std::map<uint32_t, uint64_t> ids_;      // the pipe's number of a session -> the engine's id
  std::map<uint64_t, uint32_t> numbers_;  // and back
  std::set<uint32_t> talked_;             // since the last 'w', by the pipe's numbers
  std::string bytes_;
};

}  // namespace

int main(int count, char** arguments) {
  Pipe pipe(count > 1 && std::string_view(arguments[1]) == "--still");
  return pipe.Serve() ? 0 : 1;
}
