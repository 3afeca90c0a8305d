// Engine: how scripts run: what they may call, and their turns when they take long.
#include <algorithm>
#include <string>
#include <utility>

#include "core/base/errors.h"
#include "core/base/numbers.h"
#include "core/command/access.h"
#include "core/engine/engine.h"

namespace kvasm::engine {

using command::CommandSpec;
using command::Table;
using scripting::Interpreter;
using scripting::ScriptRequest;
using services::Session;

namespace {

// How long a slow script goes on before the host has its turn.
constexpr int64_t kSliceUs = 5'000;

uint32_t CommandFlagsOf(const CommandSpec& spec, uint32_t script_flags) {
  uint32_t flags = spec.flags & ~(command::kStale | command::kDenyOom | command::kWrite |
                                  command::kMayReplicate);
  if (!(script_flags & (scripting::kAllowOom | scripting::kNoWrites))) flags |= command::kDenyOom;
  if (!(script_flags & scripting::kNoWrites)) flags |= command::kWrite;
  if (script_flags & scripting::kAllowStale) flags |= command::kStale;
  return flags;
}

}  // namespace

uint32_t Engine::FlagsOf(const CommandSpec& spec, std::span<const std::string_view> args) {
  constexpr uint32_t kRunsScript = command::kSkipMonitor | command::kVariableKeys;
  if (spec.group != command::Group::kScripting || (spec.flags & kRunsScript) != kRunsScript) {
    return spec.flags;
  }
  uint32_t flags = scripting::kCompatible;
  if (spec.name.starts_with("fcall")) {
    const auto* function = scripting_.libraries().Find(args[1]);
    if (function != nullptr) flags = function->flags;
  } else if (spec.name.starts_with("evalsha")) {
    const auto* script = scripting_.cache().Find(args[1]);
    if (script != nullptr) flags = script->flags;
  } else if (spec.name.starts_with("eval")) {
    const base::Result<scripting::ScriptHeader> header = scripting::ReadScriptHeader(args[1]);
    if (header) flags = header->flags;
  }
  return (flags & scripting::kCompatible) != 0 ? spec.flags : CommandFlagsOf(spec, flags);
}

std::string_view Engine::RefusalOf(const ScriptRequest& request) {
  if (request.flags & scripting::kCompatible) return {};
  const bool writes = (request.flags & scripting::kNoWrites) == 0;
  if (writes && request.read_only) return errors::kScriptReadOnly;
  if (writes && !HasReplicas()) return errors::kNoReplicas;
  if (writes && !(request.flags & scripting::kAllowOom) && IsOverLimit() && !MakeRoom()) {
    return errors::kScriptOom;
  }
  return {};
}

void Engine::StartScript(Session& session, Execution& execution) {
  const ScriptRequest& request = scripting_.request();
  const std::string_view refusal = RefusalOf(request);
  if (!refusal.empty()) return session.reply.Error(refusal);

  script_session_.db = session.db;
  script_session_.user = session.user;
  script_session_.no_touch = session.no_touch;
  script_session_.reply.set_protocol(2);
  const bool is_compatible = (request.flags & scripting::kCompatible) != 0;
  const bool says_no_writes = !is_compatible && (request.flags & scripting::kNoWrites) != 0;
  scripting_.Begin({.interpreter = request.interpreter,
                    .name = std::string(request.name),
                    .is_eval = request.is_eval,
                    .read_only = request.read_only || says_no_writes,
                    .allows_oom = !is_compatible && (request.flags & scripting::kAllowOom) != 0,
                    .out_of_memory = IsOverLimit() && !MakeRoom(),
                    .began_ms = keyspace_.now_ms()});
  script_caller_ = &session;
  Interpreter& interpreter = *request.interpreter;
  const bool started =
      request.is_eval
          ? interpreter.StartChunk(request.reference, request.keys, request.arguments)
          : interpreter.StartFunction(request.reference, request.keys, request.arguments);
  if (started) return ResumeScript(session, execution, ScriptLimits());
  interpreter.End();
  scripting_.End();
  script_caller_ = nullptr;
  session.reply.Error(errors::kOom);
}

scripting::TimeLimits Engine::ScriptLimits() const {
  const int64_t busy_us = config_.settings().busy_reply_threshold * 1000;
  if (busy_us == 0) return {.limit_us = script_limit_us_};
  // Nobody knows yet whether the host will wait for the end: EndWait is for that.
  scripting::TimeLimits limits{.busy_us = busy_us, .slice_us = kSliceUs};
  if (script_limit_us_ == 0) return limits;
  limits.busy_us = std::min(busy_us, script_limit_us_);
  limits.stuck_us = std::min(limits.stuck_us, script_limit_us_);
  return limits;
}

void Engine::ResumeScript(Session& session, Execution& execution,
                          const scripting::TimeLimits& limits) {
  scripting::ScriptRun& run = scripting_.run();
  Interpreter::Status status = run.interpreter->Resume(limits);
  if (status == Interpreter::Status::kSuspended && &session == &log_session_) {
    // A log is read in order.
    NoteSlowScript(execution);
    status = run.interpreter->Resume({});
  }
  if (status != Interpreter::Status::kSuspended) return EndScript(session, execution, status);
  run.suspended = suspending_ = true;
  script_caller_ = nullptr;
  NoteSlowScript(execution);
}

void Engine::NoteSlowScript(const Execution& execution) {
  scripting::ScriptRun& run = scripting_.run();
  if (std::exchange(run.was_logged, true)) return;
  run.command.assign(execution.args.begin(), execution.args.end());
  host_.log.Write(host::LogLevel::kWarning,
                  "Slow script detected: still in execution after " +
                      base::Int64Text(run.interpreter->elapsed_us() / 1000) +
                      " milliseconds. You can try killing the script using the " +
                      (run.is_eval ? "SCRIPT KILL" : "FUNCTION KILL") +
                      " command. Script name is: " + run.name + ".");
}

void Engine::EndScript(Session& session, Execution& execution, Interpreter::Status status) {
  Interpreter& interpreter = *scripting_.run().interpreter;
  const std::string& name = scripting_.run().name;
  const uint32_t before = session.out.size();
  if (status == Interpreter::Status::kDone) {
    const int protocol = script_session_.reply.protocol();
    const std::string_view error = interpreter.WriteResult(session.reply, protocol);
    execution.is_counted = error.empty();
    if (!error.empty()) {
      session.out.Truncate(before);
      session.reply.Error(error);
    }
  } else {
    const scripting::Failure failure = status == Interpreter::Status::kSuspended
                                           ? interpreter.DescribeKill(name)
                                           : interpreter.DescribeFailure(name);
    session.reply.Error(failure.text);
    execution.is_counted = failure.counted;
  }
  interpreter.End();
  scripting_.End();
  script_session_.out.Clear();
  keyspace_.journal().set_audience(keyspace::Journal::kAll);
  script_caller_ = nullptr;
}

// --- turns ---

void Engine::Suspend(Session& session, const Execution& execution) {
  if (!suspension_) {
    suspension_.emplace(Suspension{});
    suspension_->session_id = session.id;
    suspension_->now_ms = keyspace_.now_ms();
  }
  suspension_->levels.push_back({execution, {execution.args.begin(), execution.args.end()}});
  session.waiting = true;
  if (in_transaction_) return;  // EXEC follows
  suspending_ = replied_in_parts_ = false;
  // DEBUG LOADAOF: the log has transactions of its own.
  suspension_->transaction = std::move(transaction_run_);
  const uint32_t before = execution.output_before;
  suspension_->output = session.out.view().substr(before);
  session.out.Truncate(before);
}

bool Engine::ContinueScript(const scripting::TimeLimits& limits) {
  Suspension suspension = TakeSuspension();
  Session& session = *sessions_.Find(suspension.session_id);
  script_caller_ = &session;
  scripting_.run().suspended = false;
  scripting_.run().told_us = 0;
  const bool in_transaction = suspension.levels.size() > 1;
  in_transaction_ = in_transaction;
  Execution& script = suspension.levels.front().execution;
  if (scripting_.was_killed()) {
    host_.log.Write(host::LogLevel::kNotice, "Lua script killed by user with SCRIPT KILL.");
    EndScript(session, script, Interpreter::Status::kSuspended);
  } else {
    ResumeScript(session, script, limits);
  }
  if (suspending_) {
    Suspend(session, script);
  } else {
    FinishRun(session, script);
    if (in_transaction) {
      EndQueued(session);
      ContinueTransaction(session);
    }
  }
  return EndTurn(suspension);
}

base::Status Engine::KillScript(bool is_eval) {
  base::Status killed = scripting_.Kill(is_eval);
  if (killed.ok()) ContinueScript({});
  return killed;
}

void Engine::ContinueTransaction(const base::Status& status) {
  Suspension suspension = TakeSuspension();
  Session& session = *sessions_.Find(suspension.session_id);
  in_transaction_ = true;
  ReplyStatus(session, status);
  EndQueued(session);
  ContinueTransaction(session);
  EndTurn(suspension);
}

Engine::Suspension Engine::TakeSuspension() {
  Suspension suspension = std::move(*suspension_);
  suspension_.reset();
  awaits_host_ = false;
  Session& session = *sessions_.Find(suspension.session_id);
  session.waiting = session.awaits_host = false;
  pubsub_.SetRunning(&session);
  keyspace_.SetNow(suspension.now_ms);
  suspension.output_before = session.out.size();
  const uint32_t shift =
      suspension.output_before - suspension.levels.back().execution.output_before;
  session.out.Append(suspension.output);
  transaction_run_ = std::move(suspension.transaction);
  transaction_run_.output_before += shift;
  for (Suspension::Level& level : suspension.levels) {
    level.execution.output_before += shift;
    level.views = {level.args.begin(), level.args.end()};
    level.execution.args = level.views;
  }
  return suspension;
}

bool Engine::EndTurn(Suspension& suspension) {
  Session& session = *sessions_.Find(suspension.session_id);
  Execution& outermost = suspension.levels.back().execution;
  const bool in_transaction = table_.at(outermost.index).name == "exec";
  in_transaction_ = false;
  if (suspending_ || suspension_) {
    if (in_transaction) Suspend(session, outermost);
    suspension_->is_closed = suspension.is_closed;
    return false;
  }
  if (in_transaction) {
    outermost.errors_before = session.reply.errors();
    FinishRun(session, outermost);
  }
  Settle(session, outermost.index, suspension.output_before);
  EndCommand(session, table_.at(outermost.index).name);
  session.last_interaction_ms = keyspace_.recent_ms();
  if (suspension.is_closed) {
    Close(session.id);
  } else {
    sessions_.MarkReady(session);
    if (session.network) served_.push_back(session.id);
  }
  waiters_.Retry();
  if (waiters_.has_calls() && !serving_) ServeWaiters();
  if (!feeding_) ResumeServed();
  if (!is_aside()) tracking_.Broadcast();
  return true;
}

// --- what a script calls ---

bool Engine::CallCommand(std::span<const std::string_view> args, std::string* refusal) {
  refusal->clear();
  const int32_t index = table_.Resolve(args);
  if (index == Table::kNone) {
    *refusal = errors::kUnknownInScript;
    stats_.CountError("ERR");
    return false;
  }
  const auto known = static_cast<size_t>(index);
  const std::string_view reason = CheckScriptCall(known, args, refusal);
  if (!reason.empty()) {
    if (refusal->empty()) *refusal = reason;
    ++stats_.commands[known].rejected_calls;
    stats_.CountError(std::string_view(*refusal).substr(1));
    return false;
  }
  if (table_.at(known).flags & command::kWrite) scripting_.run().has_written = true;
  Run(script_session_, known, args, false);
  if (!script_session_.out.TakeFailure()) return true;
  script_session_.out.Clear();
  script_session_.reply.Error(errors::kOom);
  return true;
}

std::string_view Engine::CheckScriptCall(size_t index, std::span<const std::string_view> args,
                                         std::string* text) {
  const CommandSpec& spec = table_.at(index);
  const scripting::ScriptRun& run = scripting_.run();
  if (!spec.Takes(args.size())) return errors::kArityInScript;
  const bool runs_script = spec.group == command::Group::kScripting;
  if ((spec.flags & command::kNoScript) && (!scripting_.allows_all_commands() || runs_script)) {
    return errors::kNotInScript;
  }
  services::AclReason denied{};
  if (!IsPermitted(script_session_, index, args, &denied)) [[unlikely]] {
    const std::string reason =
        denied == services::AclReason::kCommand
            ? errors::DeniedCommand(script_session_.user->name(), spec.name)
            : std::string(denied == services::AclReason::kKey ? errors::kDeniedKey
                                                              : errors::kDeniedChannel);
    *text = errors::DeniedInScript(reason);
    return *text;
  }
  constexpr uint32_t kReplicated = command::kWrite | command::kMayReplicate;
  if (run.read_only && (spec.flags & kReplicated)) return errors::kWriteInReadOnlyScript;
  if ((spec.flags & command::kWrite) && durability_.is_failing()) {
    *text = "-" + durability_.WriteRefusal();
    return *text;
  }
  if ((spec.flags & command::kWrite) && !run.has_written && !HasReplicas()) {
    *text = "-";
    *text += errors::kNoReplicas;
    return *text;
  }
  const bool adds = (spec.flags & command::kDenyOom) != 0;
  const bool refuses = run.out_of_memory && !run.has_written && !run.allows_oom && adds;
  // The heap's own end is nobody's choice.
  const bool fits =
      HasHeapFor(spec, args) || (keyspace_.lazy_free().Finish() && HasHeapFor(spec, args));
  if (!refuses && fits) return {};
  *text = "-";
  *text += errors::kOom;
  return *text;
}

void Engine::SetAudience(int audience) {
  keyspace_.journal().set_audience(static_cast<keyspace::Journal::Audience>(audience));
}

scripting::Server::Permission Engine::MayCall(std::span<const std::string_view> args) {
  const int32_t index = table_.Resolve(args);
  if (index == Table::kNone) return Permission::kNoSuchCommand;
  const auto known = static_cast<size_t>(index);
  const command::Access access =
      command::CheckAccess(*script_session_.user, table_.at(known), known, args);
  return access.ok() ? Permission::kGranted : Permission::kDenied;
}

void Engine::WriteLog(int level, std::string_view text) {
  host_.log.Write(static_cast<host::LogLevel>(level), text);
}

bool Engine::IsLogged(int level) const {
  constexpr std::string_view kLevels[] = {"debug", "verbose", "notice", "warning", "nothing"};
  const auto* known =
      std::find(std::begin(kLevels), std::end(kLevels), config_.settings().loglevel);
  return level >= known - std::begin(kLevels);
}

}  // namespace kvasm::engine
