#include "bindings/door.h"

#include "core/base/alloc.h"

namespace kvasm::bindings {
namespace {

constinit Door* the_door = nullptr;
constinit Frame the_frame{};

// An input buffer up to this size is kept whatever is asked for.
constexpr uint32_t kKeptBytes = 8 << 20;

}  // namespace

Door* TheDoor() { return the_door; }
void SetTheDoor(Door* door) { the_door = door; }
Frame& TheFrame() { return the_frame; }

Door::~Door() { base::Free(input_); }

bool Door::Reserve(uint32_t bytes) {
  if (bytes <= input_bytes_ && (input_bytes_ < kKeptBytes || bytes > input_bytes_ / 4)) return true;
  char* grown = static_cast<char*>(base::TryAllocate(bytes));
  if (grown == nullptr) return false;
  base::Free(input_);
  input_ = grown;
  input_bytes_ = bytes;
  the_frame.input = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(input_));
  the_frame.input_bytes = input_bytes_;
  return true;
}

std::span<const std::string_view> Door::Arguments(uint32_t count, std::string_view name) {
  arguments_.clear();
  if (!name.empty()) arguments_.push_back(name);
  if (count > input_bytes_ / sizeof(uint32_t)) return {};
  const auto* lengths = reinterpret_cast<const uint32_t*>(input_);
  uint64_t at = uint64_t{count} * sizeof(uint32_t);
  for (uint32_t i = 0; i < count; ++i) {
    if (at + lengths[i] > input_bytes_) return {};
    arguments_.emplace_back(input_ + at, lengths[i]);
    at += lengths[i];
  }
  return arguments_;
}

std::string_view Door::Input(uint32_t bytes) const {
  return {input_, bytes < input_bytes_ ? bytes : input_bytes_};
}

uint32_t Door::Show(services::Session& session) {
  the_frame.output = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(session.out.data()));
  the_frame.output_bytes = session.out.size();
  const bool is_work_pending =
      engine_.has_ready() || engine_.effects().pending() != 0 || log_.pending() != 0;
  the_frame.flags = (session.close_after_reply ? kCloseAfterOutput : 0) |
                    (session.waiting ? kWaiting : 0) | (session.input_held ? kInputHeld : 0) |
                    (session.cut_off ? kCutOff : 0) | (session.pushes.empty() ? 0 : kHasPushes) |
                    (is_work_pending ? kWorkPending : 0);
  the_frame.session = static_cast<uint32_t>(session.id);
  return session.out.size();
}

uint32_t Door::ShowPushes(services::Session& session) {
  Show(session);
  the_frame.output = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(session.pushes.data()));
  the_frame.output_bytes = session.pushes.size();
  return session.pushes.size();
}

}  // namespace kvasm::bindings
