// The data plane: exported C functions, pointers and lengths only (why: a call costs 4 ns, an
// embind call 77). Described for callers in bindings/README.md.
#include <emscripten/emscripten.h>

#include "bindings/door.h"

using kvasm::bindings::Door;
using kvasm::bindings::TheDoor;
using kvasm::services::Session;

namespace {

Session* FindSession(uint32_t id) {
  Door* door = TheDoor();
  return door == nullptr ? nullptr : door->engine().Find(id);
}

}  // namespace

extern "C" {

// The address of the frame; constant.
EMSCRIPTEN_KEEPALIVE uint32_t kv_frame() {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(&kvasm::bindings::TheFrame()));
}

// Makes the input buffer hold `bytes`; its contents are lost. 0 when memory is exhausted.
EMSCRIPTEN_KEEPALIVE int kv_reserve(uint32_t bytes) {
  Door* door = TheDoor();
  return door != nullptr && door->Reserve(bytes) ? 1 : 0;
}

// Executes one command of an in-process session: the arguments stand in the input buffer, `command`
// is its index, or -1 if the name is the first argument. Returns the length of the reply.
EMSCRIPTEN_KEEPALIVE uint32_t kv_call(uint32_t session_id, int32_t command, uint32_t count) {
  Session* session = FindSession(session_id);
  if (session == nullptr) return 0;
  Door& door = *TheDoor();
  kvasm::engine::Engine& engine = door.engine();
  session->out.Clear();
  // Its user may be gone, and the host not have come to it yet.
  if (session->cut_off) [[unlikely]]
    return door.Show(*session);
  if (command < 0) {
    const auto arguments = door.Arguments(count, {});
    if (!arguments.empty()) engine.Execute(*session, arguments);
  } else if (static_cast<size_t>(command) < engine.table().size()) {
    const auto index = static_cast<size_t>(command);
    const auto arguments = door.Arguments(count, engine.table().at(index).name);
    if (!arguments.empty()) engine.ExecuteIndex(*session, index, arguments);
  }
  return door.Show(*session);
}

// Ends the wait of a session whose last call has parked, as if its time were up. Returns the length
// of its reply.
EMSCRIPTEN_KEEPALIVE uint32_t kv_end_wait(uint32_t session_id) {
  Session* session = FindSession(session_id);
  if (session == nullptr) return 0;
  Door& door = *TheDoor();
  door.engine().EndWait(*session);
  return door.Show(*session);
}

// Feeds raw RESP from the input buffer to a session. Returns the length of its pending output.
// With kInputHeld in the flags it is to be called again, if need be with 0 bytes, once the output
// has been taken.
EMSCRIPTEN_KEEPALIVE uint32_t kv_feed(uint32_t session_id, uint32_t bytes) {
  Session* session = FindSession(session_id);
  if (session == nullptr) return 0;
  Door& door = *TheDoor();
  door.clock().BeginBatch();
  door.engine().Feed(*session, door.Input(bytes));
  door.clock().EndBatch();
  return door.Show(*session);
}

// Shows a session's pending output in the frame. Returns its length.
EMSCRIPTEN_KEEPALIVE uint32_t kv_output(uint32_t session_id) {
  Session* session = FindSession(session_id);
  return session == nullptr ? 0 : TheDoor()->Show(*session);
}

// Drops the first `bytes` bytes of a session's pending output.
EMSCRIPTEN_KEEPALIVE void kv_consume(uint32_t session_id, uint32_t bytes) {
  Session* session = FindSession(session_id);
  if (session == nullptr) return;
  const uint32_t pending = session->out.size();
  const uint32_t consumed = bytes < pending ? bytes : pending;
  session->out.Consume(consumed);
  session->bytes_out += consumed;
  kvasm::services::Stats& stats = TheDoor()->engine().stats();
  stats.net_output_bytes += consumed;
  ++stats.writes;
}

// Shows in the frame what an in-process session got besides replies: whole pushes, one after the
// other. Returns their length.
EMSCRIPTEN_KEEPALIVE uint32_t kv_pushes(uint32_t session_id) {
  Session* session = FindSession(session_id);
  return session == nullptr ? 0 : TheDoor()->ShowPushes(*session);
}

// Drops what kv_pushes has shown.
EMSCRIPTEN_KEEPALIVE void kv_drop_pushes(uint32_t session_id) {
  Session* session = FindSession(session_id);
  if (session != nullptr) session->pushes.Clear();
}

// A session that another one gave output to, or has to close; -1 when none.
EMSCRIPTEN_KEEPALIVE int32_t kv_next_ready() {
  Door* door = TheDoor();
  if (door == nullptr) return -1;
  Session* session = door->engine().NextReady();
  return session == nullptr ? -1 : static_cast<int32_t>(session->id);
}

// The address of the frame of operations on files; constant.
EMSCRIPTEN_KEEPALIVE uint32_t kv_storage_frame() {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(&kvasm::bindings::TheStorageFrame()));
}

// Begins the next operation on files of a lane (0: the log's, 1: the snapshot's) and shows it
// there. Returns its kind, or 0: there is none, or the one before has not ended.
EMSCRIPTEN_KEEPALIVE uint32_t kv_storage_begin(uint32_t lane) {
  Door* door = TheDoor();
  return door == nullptr ? 0 : door->ShowOperation(lane);
}

// Ends it. `status`: 0 done, 1 failed (the input buffer says why in `input_bytes` bytes), 2 there
// is no such file. `size`: what was asked for; of a reading the bytes are in the input buffer.
// Returns up to where, in bytes recorded by the log, replies need not be held any more.
EMSCRIPTEN_KEEPALIVE double kv_storage_end(uint32_t lane, uint32_t status, double size,
                                           uint32_t input_bytes) {
  Door* door = TheDoor();
  if (door == nullptr) return 0;
  const std::string_view input = door->Input(input_bytes);
  door->engine().EndStorage(static_cast<kvasm::persist::StorageQueue::Lane>(lane),
                            {.error = status == 1 ? input : std::string_view(),
                             .bytes = status == 0 ? input : std::string_view(),
                             .size = static_cast<uint64_t>(size),
                             .absent = status == 2});
  return static_cast<double>(door->engine().durability().CoveredBytes());
}

// Background work. Returns the milliseconds until the next call is wanted.
EMSCRIPTEN_KEEPALIVE int32_t kv_tick(uint32_t budget_units) {
  Door* door = TheDoor();
  return door == nullptr ? 1000 : static_cast<int32_t>(door->engine().Tick(budget_units));
}

// How many effects and log lines wait for Engine.takeEffects().
EMSCRIPTEN_KEEPALIVE uint32_t kv_effects_pending() {
  Door* door = TheDoor();
  if (door == nullptr) return 0;
  return static_cast<uint32_t>(door->engine().effects().pending() + door->log().pending());
}

}  // extern "C"
