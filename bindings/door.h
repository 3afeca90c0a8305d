// The one engine of this module instance and the memory it shares with JavaScript. embind
// (control_plane.cc) makes and ends it, the exported functions (data_plane.cc) use it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "bindings/host_bridge.h"
#include "core/engine/engine.h"

namespace kvasm::bindings {

// Read by JavaScript as six 32-bit words. Pointers and lengths in bytes.
struct Frame {
  uint32_t input;
  uint32_t input_bytes;
  uint32_t output;
  uint32_t output_bytes;
  uint32_t flags;
  uint32_t session;
};
static_assert(sizeof(Frame) == 24);

// Bits of the frame's flags. Bit 1 is kept for sessions that wait (blocking commands).
inline constexpr uint32_t kCloseAfterOutput = 1;
inline constexpr uint32_t kWaiting = 2;      // a blocking command has parked
inline constexpr uint32_t kWorkPending = 4;  // effects to take, or other sessions ready
inline constexpr uint32_t kInputHeld = 8;    // requests wait for this output to be taken
inline constexpr uint32_t kCutOff = 16;      // to be closed without waiting for what was sent
inline constexpr uint32_t kHasPushes = 32;   // an in-process session has got messages
inline constexpr uint32_t kReplyHeld = 64;   // what it did is not durable yet: not to be sent

// One operation on files, as persist::Operation has it; what it refers to stays until it has ended.
struct StorageFrame {
  uint32_t file;
  uint32_t file_bytes;
  uint32_t to;
  uint32_t to_bytes;
  uint32_t data;
  uint32_t data_bytes;
  uint32_t offset_low;
  uint32_t offset_high;
  uint32_t length;
  uint32_t synced;
  double recorded;  // by the log when a reply was last held, bytes
};

class Door {
 public:
  explicit Door(const engine::Options& options)
      : host_{clock_, entropy_, log_}, engine_(host_, options) {}
  ~Door();

  engine::Engine& engine() { return engine_; }
  QueuedLog& log() { return log_; }
  HostClock& clock() { return clock_; }

  // Makes the input buffer hold `bytes`; a buffer that has become very much larger than that is
  // given back. Its contents are lost. False when memory is exhausted.
  bool Reserve(uint32_t bytes);
  // The arguments in the input buffer: `count` lengths, then the bytes. `name` goes in front unless
  // empty. Empty if the lengths do not fit into the buffer.
  std::span<const std::string_view> Arguments(uint32_t count, std::string_view name);
  std::string_view Input(uint32_t bytes) const;

  // Shows JavaScript what a session has to send.
  uint32_t Show(services::Session& session);
  // As Show, for the messages that an in-process session gets besides replies.
  uint32_t ShowPushes(services::Session& session);
  // Shows JavaScript the next operation on files of a lane, if one is to begin. Its kind or 0.
  uint32_t ShowOperation(uint32_t lane);

 private:
  HostClock clock_;
  HostEntropy entropy_;
  QueuedLog log_;
  host::Host host_;
  engine::Engine engine_;
  std::vector<std::string_view> arguments_;
  char* input_ = nullptr;
  uint32_t input_bytes_ = 0;
};

// One instance, one engine: null before it is made and after it is deleted.
Door* TheDoor();
void SetTheDoor(Door* door);
Frame& TheFrame();
StorageFrame& TheStorageFrame();

}  // namespace kvasm::bindings
