// One command being executed: all a handler may touch. Everything is borrowed for the call.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/errors.h"
#include "core/command/spec.h"
#include "core/host/host.h"
#include "core/keyspace/edit.h"
#include "core/keyspace/keyspace.h"
#include "core/resp/writer.h"
#include "core/services/services.h"
#include "core/services/session.h"

namespace kvasm::scripting {
class Scripting;
}

namespace kvasm::durability {
class Durability;
}

namespace kvasm::command {

class Table;

struct Call {
  // args[0] is the command's name (for a subcommand, args[1] is the subcommand's).
  std::span<const std::string_view> args;
  const CommandSpec& spec;
  const Table& table;
  services::Session& session;
  services::Services& services;
  scripting::Scripting& scripting;
  durability::Durability& durability;
  keyspace::Keyspace& keyspace;
  keyspace::Database& db;  // the session's
  resp::Writer& reply;
  const host::Host& host;

  size_t argc() const { return args.size(); }
  std::string_view arg(size_t i) const { return args[i]; }
  int64_t now_ms() const { return keyspace.now_ms(); }
  const types::Context& context() const { return keyspace.context(); }

  // --- journal ---
  // By default a command whose Edits changed something is recorded as it was called. A handler that
  // records something else, or nothing, says so here; records of a call keep their order.
  void Record(std::initializer_list<std::string_view> arguments) {
    Record(std::span(arguments.begin(), arguments.size()));
  }
  void Record(std::span<const std::string_view> arguments) {
    recorded = true;
    if (keyspace.journal().active()) keyspace.journal().Add(db.id(), arguments);
  }
  void RecordNothing() { recorded = true; }
  // True if records would be heard; spares building long ones.
  bool journaling() const { return keyspace.journal().active(); }
  bool recorded = false;

  // --- waiting ---
  // Nothing to take: the command is attempted again when one of these keys is written and holds
  // this type, and gets a null array when the time is up (0: never). Nothing may have been replied.
  // An attempt that finds nothing again keeps its first deadline and its first arguments.
  void WaitFor(types::Type type, std::span<const std::string_view> keys, int64_t deadline_ms) {
    waits = true;
    wait_type = type;
    wait_keys = keys;
    wait_deadline_ms = deadline_ms;
  }
  // Nothing is waited for but the end of the time (0: that another session ends the wait). Then the
  // command is called once more, to reply without waiting.
  void WaitForTime(int64_t deadline_ms) {
    waits = true;
    wait_deadline_ms = deadline_ms;
  }
  bool waits = false;
  // False inside a transaction, where WaitFor replies what the end of the time would, and when the
  // end of WaitForTime has come.
  bool may_wait = true;
  bool in_script = false;  // called by one
  types::Type wait_type{};
  std::span<const std::string_view> wait_keys{};
  int64_t wait_deadline_ms = 0;
  // Set beside WaitFor: also attempted again when a key goes away or changes its type.
  bool wakes_on_any_change = false;
  // Set beside WaitFor: later attempts are called with these arguments instead (as many as now).
  std::vector<std::string> retry_arguments{};

  // The reply comes when the host has answered an effect; not where scripts or logs are `session`.
  // A transaction waits with all that follows in it.
  bool waits_for_host = false;

  // EVAL and its kin: the engine runs what was given to Scripting::Request, and replies it.
  bool runs_script = false;

  // EXEC: the engine runs what the session has queued and replies it.
  bool runs_transaction = false;

  // --- replies common to all families ---
  void WrongType() { reply.Error(errors::kWrongType); }
  void SyntaxError() { reply.Error(errors::kSyntax); }
  void OutOfMemory() { reply.Error(errors::kOom); }
  // Whether memory can hold a result of about `bytes`; if not, OOM has been replied and nothing may
  // be changed. Collections are built of small blocks, which are never refused one by one.
  bool HaveRoom(uint64_t bytes) {
    constexpr uint64_t kSmallBytes = 1 << 20;
    return bytes <= kSmallBytes || HaveRoomForBlocks(bytes);
  }
  // As HaveRoom, asked however little it is: for blocks that are refused one by one, and for small
  // ones that are added up.
  bool HaveRoomForBlocks(uint64_t bytes) {
    if (base::HaveRoom(bytes + bytes / 4)) return true;
    if (keyspace.lazy_free().Finish() && base::HaveRoom(bytes + bytes / 4)) return true;
    OutOfMemory();
    return false;
  }
  // As HaveRoom for what a command keeps that is not refused when memory is full (no kDenyOom):
  // many small blocks would use the ballast up.
  bool HaveRoomToKeep(uint64_t bytes) {
    if (!base::HeapExhausted() || (keyspace.lazy_free().Finish() && !base::HeapExhausted())) {
      return HaveRoom(bytes);
    }
    OutOfMemory();
    return false;
  }
};

}  // namespace kvasm::command
