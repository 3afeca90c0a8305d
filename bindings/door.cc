#include "bindings/door.h"

#include "core/base/alloc.h"

namespace kvasm::bindings {
namespace {

constinit Door* the_door = nullptr;
constinit Frame the_frame{};
constinit StorageFrame the_storage_frame{};

// An input buffer up to this size is kept whatever is asked for.
constexpr uint32_t kKeptBytes = 8 << 20;

}  // namespace

Door* TheDoor() { return the_door; }
void SetTheDoor(Door* door) { the_door = door; }
Frame& TheFrame() { return the_frame; }
StorageFrame& TheStorageFrame() { return the_storage_frame; }

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
  the_frame.output_bytes = session.SendableBytes();
  const bool is_held =
      session.network ? !session.held.empty() : engine_.durability().HoldsReplies();
  if (is_held)
    the_storage_frame.recorded = static_cast<double>(engine_.durability().log().recorded());
  const bool is_work_pending = engine_.has_ready() || engine_.effects().pending() != 0 ||
                               log_.pending() != 0 || engine_.durability().has_work();
  the_frame.flags = (session.close_after_reply ? kCloseAfterOutput : 0) |
                    (session.waiting ? kWaiting : 0) | (session.input_held ? kInputHeld : 0) |
                    (is_held ? kReplyHeld : 0) | (session.cut_off ? kCutOff : 0) |
                    (session.pushes.empty() ? 0 : kHasPushes) |
                    (is_work_pending ? kWorkPending : 0);
  the_frame.session = static_cast<uint32_t>(session.id);
  return the_frame.output_bytes;
}

uint32_t Door::ShowPushes(services::Session& session) {
  Show(session);
  the_frame.output = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(session.pushes.data()));
  the_frame.output_bytes = session.pushes.size();
  return session.pushes.size();
}

uint32_t Door::ShowOperation(uint32_t lane) {
  durability::Durability& durability = engine_.durability();
  if (lane == 0) durability.Flush();
  const persist::Operation* operation =
      durability.storage().Begin(static_cast<persist::StorageQueue::Lane>(lane));
  if (operation == nullptr) return 0;
  const auto address = [](const char* at) {
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(at));
  };
  const std::string_view data = operation->bytes.view();
  the_storage_frame = {.file = address(operation->file.data()),
                       .file_bytes = static_cast<uint32_t>(operation->file.size()),
                       .to = address(operation->to.data()),
                       .to_bytes = static_cast<uint32_t>(operation->to.size()),
                       .data = address(data.data()),
                       .data_bytes = static_cast<uint32_t>(data.size()),
                       .offset_low = static_cast<uint32_t>(operation->offset),
                       .offset_high = static_cast<uint32_t>(operation->offset >> 32),
                       .length = operation->length,
                       .synced = operation->synced ? 1u : 0u,
                       .recorded = the_storage_frame.recorded};
  return static_cast<uint32_t>(operation->kind);
}

}  // namespace kvasm::bindings
