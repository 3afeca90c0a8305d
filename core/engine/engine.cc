#include "core/engine/engine.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "core/base/alloc.h"
#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/command/access.h"
#include "core/command/call.h"
#include "core/command/keys.h"
#include "core/command/names.h"
#include "core/command/redaction.h"
#include "core/commands/all.h"
#include "core/commands/connection.h"
#include "core/engine/admission.h"

namespace kvasm::engine {

using command::CommandSpec;
using command::Table;
using services::Session;

namespace {

// Background work is looked after at least this often (Redis: hz 10).
constexpr int64_t kTickMs = 100;

}  // namespace

void Engine::SampleClock() { keyspace_.SetNow(host_.clock.NowUs() / 1000); }

// Every command is an instant of its own. A slow clock is left alone until the command asks, save
// for one command in 64, so that recent_ms() stays recent where no ticks come.
void Engine::StartInstant() {
  constexpr uint32_t kCommandsUnread = 64;
  if (!host_.clock.IsSlow() || ++commands_unread_ >= kCommandsUnread) {
    commands_unread_ = 0;
    SampleClock();
  } else {
    keyspace_.SetNowWhenAsked(host_.clock);
  }
}

void Engine::Feed(Session& session, std::string_view bytes) {
  const bool outermost = !std::exchange(feeding_, true);
  if (outermost) client_memory_.EndLargest();
  ExecuteInput(session, bytes);
  client_memory_.Note(session);
  if (!outermost) return;
  ResumeServed();
  feeding_ = false;
  if (!is_aside()) tracking_.Broadcast();
}

void Engine::ExecuteInput(Session& session, std::string_view bytes) {
  session.input_held = false;
  if (session.close_after_reply) return;
  session.bytes_in += bytes.size();
  stats_.net_input_bytes += bytes.size();
  if (!bytes.empty()) ++stats_.reads;
  session.parser.Feed(bytes);
  session.being_fed = true;
  ExecuteFed(session, OutputBytesMax(session));
  session.being_fed = false;
}

uint32_t Engine::OutputBytesMax(const Session& session) const {
  if (!session.network) return UINT32_MAX;
  if (session.out.empty()) [[likely]]
    return kOutputHeldBytes;
  if (IsOverLimit() || base::HeapUsedBytes() > base::HeapLimitBytes() / 2) return kOutputHeldBytes;
  const uint32_t more = session.out.size() + kOutputHeldBytes;
  const bool is_bounded = output_limits_.HasLimit(session) || client_memory_.has_limit();
  return is_bounded && !session.no_evict ? more : std::min(more, kUnreadBytesMax);
}

void Engine::ExecuteFed(Session& session, uint32_t output_bytes_max) {
  resp::RequestParser& parser = session.parser;
  while (!session.waiting) {
    if (session.out.size() >= output_bytes_max) {
      session.input_held = true;
      break;
    }
    const auto outcome = parser.Next({.bulk_bytes_max = config_.settings().proto_max_bulk_len,
                                      .authenticated = !acl_.MustAuthenticate(session)});
    if (outcome == resp::RequestParser::Outcome::kNeedMore) break;
    if (outcome == resp::RequestParser::Outcome::kError) {
      session.reply.Error(parser.error());
      stats_.CountError("ERR");
      session.close_after_reply = true;
      return;
    }
    Execute(session, parser.arguments());
    // The command may have ended this very session (CLIENT KILL, QUIT).
    if (session.close_after_reply) return;
  }
  parser.Finish();
  if (parser.failed()) session.close_after_reply = true;
}

void Engine::Execute(Session& session, std::span<const std::string_view> args) {
  const int32_t index = table_.Find(args[0]);
  if (index == Table::kNone || Table::IsSubcommand(table_.at(static_cast<size_t>(index)))) {
    if (session.waiting) return;  // as in ExecuteIndex
    StartInstant();
    NoteRequest(session, {});
    const uint32_t before = session.out.size();
    ReplyUnknown(session, args);
    session.transaction.Fail();
    stats_.CountError("ERR");
    EndReply(session, before);
    return EndCommand(session, {});
  }
  ExecuteIndex(session, static_cast<size_t>(index), args);
}

void Engine::ExecuteIndex(Session& session, size_t index, std::span<const std::string_view> args) {
  if (session.waiting) return;  // a host's mistake: the reply before has not come yet
  uint32_t before = session.out.size();
  StartInstant();
  if (table_.IsContainer(index) && args.size() > 1) {
    const int32_t subcommand = table_.FindSubcommand(index, args[1]);
    if (subcommand == Table::kNone) {
      NoteRequest(session, {});
      ReplyUnknownSubcommand(session, index, args);
      session.transaction.Fail();
      stats_.CountError("ERR");
      Settle(session, index, before);
      return EndCommand(session, {});
    }
    index = static_cast<size_t>(subcommand);
  }
  NoteRequest(session, table_.at(index).name);
  if (Admit(session, table_.at(index), index, args, &before)) {
    if (waiters_.paused()) [[unlikely]]
      waiters_.Expire(keyspace_.now_ms());
    if (session.transaction.open() && !IsObeyedAtOnce(table_.at(index))) {
      Queue(session, index, args);
    } else if (IsHeld(session, table_.at(index), args)) {
      Park(session, index, args, {.held = true});
    } else {
      Run(session, index, args);
    }
  } else if (monitors_.any() && table_.at(index).name == "exec") {
    // It ends what MULTI, which was shown, has begun.
    ShowMonitors(session, table_.at(index), args);
  }
  if (is_aside()) [[unlikely]] {
    // What it does is told when it has ended.
    if (!session.waiting) Settle(session, index, before);
    // Who has killed a script finds it ended.
    if (has_suspended_script() && scripting_.was_killed()) ContinueScript({});
    return;
  }
  if (!session.waiting) Settle(session, index, before);
  EndCommand(session, table_.at(index).name);
  if (waiters_.has_calls() && !serving_) [[unlikely]]
    ServeWaiters();
  if (!feeding_) tracking_.Broadcast();
}

void Engine::EndCommand(Session& session, std::string_view name) {
  if (durability_.HoldsReplies()) [[unlikely]]
    HoldReply(session);
  tracking_.EndCommand(session);
  pubsub_.FlushPushes(session);
  if (session.tracking == nullptr || session.waiting) [[likely]]
    return;
  // CLIENT CACHING holds until a command, or a transaction, other than CLIENT has ended.
  if (!session.transaction.open() && !name.starts_with("client")) {
    session.tracking->caching_given = false;
  }
}

void Engine::NoteRequest(Session& session, std::string_view command) {
  session.last_command = command;
  session.last_interaction_ms = keyspace_.recent_ms();
}

// Everything else is queued between MULTI and EXEC.
bool Engine::IsObeyedAtOnce(const CommandSpec& spec) {
  return (spec.group == command::Group::kTransactions && spec.name != "unwatch") ||
         spec.name == "quit" || spec.name == "reset";
}

void Engine::Queue(Session& session, size_t index, std::span<const std::string_view> args) {
  // What EXEC will not run is not kept.
  services::Transaction& transaction = session.transaction;
  if (transaction.failed() || transaction.WatchedWasTouched(keyspace_)) {
    return session.reply.Simple("QUEUED");
  }
  // The queue doubles when it is full.
  constexpr uint64_t kBytes = 2 * sizeof(services::Transaction::Queued);
  if (std::has_single_bit(transaction.size()) && !base::HaveRoom(kBytes * transaction.size())) {
    return Reject(session, index, errors::kOom);
  }
  session.transaction.Queue({.command_index = index, .arguments = {args.begin(), args.end()}},
                            FlagsOf(table_.at(index), args));
  session.reply.Simple("QUEUED");
}

void Engine::RunTransaction(Session& session) {
  // With room for short replies set aside there will be an answer even if memory runs out.
  constexpr uint64_t kShortReplyBytes = 64;
  const uint64_t reply_bytes = kShortReplyBytes * (session.transaction.size() + 1);
  const bool has_room = reply_bytes <= resp::Buffer::kBytesMax &&
                        session.out.Prepare(static_cast<uint32_t>(reply_bytes)) != nullptr;
  if (!has_room || ((session.transaction.flags() & command::kDenyOom) && !HasMemory())) {
    session.out.TakeFailure();
    session.transaction.Close(keyspace_);
    return session.reply.Error(errors::ExecAborted(errors::kOom));
  }
  transaction_run_ = {.commands = session.transaction.Close(keyspace_)};
  const size_t count = transaction_run_.commands.size();
  if (!services::IsSilent(session.reply_mode)) session.reply.Array(count);
  ContinueTransaction(session);
}

void Engine::ContinueTransaction(Session& session) {
  in_transaction_ = true;
  std::vector<std::string_view> args;
  TransactionRun& run = transaction_run_;
  while (run.next < run.commands.size()) {
    services::Transaction::Queued& queued = run.commands[run.next++];
    // Freed when it has run: the next may need the memory.
    const std::vector<std::string> arguments = std::move(queued.arguments);
    args.assign(arguments.begin(), arguments.end());
    run.output_before = session.out.size();
    RunQueued(session, queued.command_index, args);
    if (suspending_) [[unlikely]]
      break;
    EndQueued(session);
  }
  in_transaction_ = false;
  replied_in_parts_ = true;
}

void Engine::RunQueued(Session& session, size_t index, std::span<const std::string_view> args) {
  // maxmemory has been looked at for all of them; the heap may be full only by now.
  const CommandSpec& spec = table_.at(index);
  services::AclReason denied{};
  if (!IsPermitted(session, index, args, &denied)) [[unlikely]] {
    const std::string error = NoMoreText(denied);
    stats_.CountError(error);
    session.reply.Error(error);
  } else if (HasHeapFor(spec, args) || (keyspace_.lazy_free().Finish() && HasHeapFor(spec, args))) {
    Run(session, index, args);
  } else {
    ++stats_.commands[index].rejected_calls;
    stats_.CountError(errors::kOom);
    session.reply.Error(errors::kOom);
  }
}

// CLIENT REPLY silences from where it stands on.
void Engine::EndQueued(Session& session) {
  if (services::IsSilent(session.reply_mode)) {
    session.out.Truncate(transaction_run_.output_before);
  }
}

void Engine::Run(Session& session, size_t index, std::span<const std::string_view> args,
                 bool may_wait) {
  const CommandSpec& spec = table_.at(index);
  pubsub_.SetRunning(&ClientOf(session));
  const bool attempted_before = session.waiting;
  const bool in_script = script_caller_ != nullptr;
  Execution execution{.index = index,
                      .args = args,
                      .errors_before = session.reply.errors(),
                      .dirty_before = keyspace_.stats().dirty,
                      .output_before = session.out.size(),
                      .db = session.db};
  command::Call call{.args = args,
                     .spec = spec,
                     .table = table_,
                     .session = session,
                     .services = services_,
                     .scripting = scripting_,
                     .durability = durability_,
                     .keyspace = keyspace_,
                     .db = keyspace_.db(session.db),
                     .reply = session.reply,
                     .host = host_,
                     .may_wait = may_wait && !in_transaction_ && !in_script,
                     .in_script = in_script};
  // TOUCH is called to note an access, even by a session whose accesses do not count.
  keyspace_.access().frozen = session.no_touch && spec.name != "touch";
  execution.started = timer_.Start(index, args);
  // A script before the commands it calls; also one that cannot be run.
  const bool is_shown_first = (spec.flags & command::kSkipMonitor) != 0;
  if (is_shown_first && monitors_.any()) [[unlikely]]
    ShowMonitors(session, spec, args);
  spec.handler(call);
  execution.recorded = call.recorded;
  if (call.runs_transaction) {
    execution.recorded = true;
    RunTransaction(session);
    execution.errors_before = session.reply.errors();  // its commands have counted theirs
  } else if (call.runs_script) {
    StartScript(session, execution);
  }
  if (monitors_.any() && !attempted_before && !is_shown_first) [[unlikely]]
    ShowMonitors(session, spec, args);
  if (suspending_) [[unlikely]]
    return Suspend(session, execution);
  if ((spec.flags & command::kReadonly) && services::Tracking::Remembers(ClientOf(session)) &&
      spec.group != command::Group::kScripting) [[unlikely]] {
    TrackKeys(ClientOf(session), spec, args);
  }
  if (call.waits && (in_transaction_ || in_script)) {
    session.reply.NullArray();
  } else if (call.waits) {
    keyspace_.journal().Commit();
    return Park(session, index, args,
                {.arguments = std::move(call.retry_arguments),
                 .keys = {call.wait_keys.begin(), call.wait_keys.end()},
                 .type = call.wait_type,
                 .wakes_on_any_change = call.wakes_on_any_change,
                 .deadline_ms = call.wait_deadline_ms});
  }
  // If it waited before, this was the attempt that found something.
  session.waiting = session.awaits_host = call.waits_for_host;
  FinishRun(session, execution);
  if (call.waits_for_host && in_transaction_) suspending_ = awaits_host_ = true;
}

void Engine::FinishRun(Session& session, Execution& execution) {
  const size_t index = execution.index;
  const int64_t duration = timer_.End(index, execution.started);
  if (&session != &log_session_) [[likely]] {
    timer_.Account(session, index, execution.args, duration);
    ++stats_.total_commands_processed;
  }
  keyspace::Journal& journal = keyspace_.journal();
  const bool is_last = !in_transaction_ && !scripting_.is_running();
  if (!execution.recorded && keyspace_.stats().dirty != execution.dirty_before) {
    is_last ? journal.AddLast(execution.db, execution.args)
            : journal.Add(execution.db, execution.args);
  } else if (is_last) {
    // Keys that SCAN finds expired are not its own doing.
    journal.Commit((table_.at(index).flags & command::kTouchesArbitraryKeys) == 0);
  }
  if (session.reply.errors() != execution.errors_before) [[unlikely]] {
    ++stats_.commands[index].failed_calls;
    const std::string_view reply = session.out.view().substr(execution.output_before);
    if (reply.starts_with('-') && !execution.is_counted) stats_.CountError(reply.substr(1));
  }
}

bool Engine::IsHeld(const Session& session, const CommandSpec& spec,
                    std::span<const std::string_view> args) {
  if (awaits_host_) [[unlikely]]
    return true;
  if (!waiters_.paused()) [[likely]]
    return false;
  const uint32_t flags = spec.name == "exec" ? session.transaction.flags() : FlagsOf(spec, args);
  constexpr uint32_t kReplicated = command::kWrite | command::kMayReplicate;
  return !waiters_.pauses_only_writes() || (flags & kReplicated) != 0;
}

void Engine::RunLater(Session& session, size_t index, std::span<const std::string_view> args,
                      bool may_wait) {
  services::AclReason denied{};
  if (IsPermitted(session, index, args, &denied)) [[likely]]
    return Run(session, index, args, may_wait);
  session.waiting = false;
  Reject(session, index, DeniedText(session, table_.at(index), denied));
}

void Engine::Settle(Session& session, size_t index, uint32_t output_before) {
  if (!EndReply(session, output_before)) [[unlikely]]
    ++stats_.commands[index].failed_calls;
}

bool Engine::EndReply(Session& session, uint32_t output_before) {
  resp::Buffer& out = session.out;
  const bool fits = !out.TakeFailure();
  const bool in_parts = std::exchange(replied_in_parts_, false);
  if (!fits) [[unlikely]] {
    if (output_limits_.EndIfStopped(session)) return fits;
    // What was written of it is withdrawn.
    out.Truncate(output_before);
    session.reply.Error(errors::kOom);
    if (out.TakeFailure()) session.close_after_reply = true;
  }
  if (session.reply_mode == services::ReplyMode::kOn) [[likely]] {
    output_limits_.Check(session);
    return fits;
  }
  if (session.reply_mode == services::ReplyMode::kSkipNext) {
    session.reply_mode = services::ReplyMode::kSkip;
    return fits;
  }
  if (!in_parts) out.Truncate(output_before);
  if (session.reply_mode == services::ReplyMode::kSkip) {
    session.reply_mode = services::ReplyMode::kOn;
  }
  return fits;
}

int64_t Engine::Tick(uint32_t budget_units) {
  SampleClock();
  if (has_suspended_script()) ContinueScript(ScriptLimits());
  if (awaits_host_) return durability_.Tick() ? 0 : 1;
  if (suspension_) return 0;
  if (acl_.has_gone()) [[unlikely]]
    acl_.FreeGone(sessions_);
  const bool paused = config_.settings().chores_paused;
  const bool busy = !paused && DoChores(budget_units);
  waiters_.Expire(keyspace_.now_ms());
  if (waiters_.has_calls()) ServeWaiters();
  if (suspension_) return 0;
  tracking_.Broadcast();
  if (busy) return 0;
  int64_t wanted = kTickMs;
  const int64_t expiry = keyspace_.NextExpiryMs();
  if (!paused && config_.settings().active_expire && expiry >= 0) wanted = std::min(wanted, expiry);
  const int64_t deadline = waiters_.NextDeadlineMs();
  if (deadline >= 0) wanted = std::min(wanted, deadline - keyspace_.now_ms());
  return std::max<int64_t>(wanted, 1);
}

}  // namespace kvasm::engine
