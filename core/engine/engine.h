// The engine: sessions in, replies out. Bytes, calls and ticks come in; it opens nothing, waits for
// nothing and keeps no time of its own. One thread.
//
//     Engine engine(host, options);
//     Session& session = engine.Open({.network = true, .address = "127.0.0.1:50000"});
//     engine.Feed(session.id, bytes);                  // executes every whole request
//     write(session.out.view()); session.out.Consume(n);
//     engine.Tick(1000);                               // expiry and other chores
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/base/prng.h"
#include "core/command/access.h"
#include "core/command/table.h"
#include "core/durability/durability.h"
#include "core/engine/command_timer.h"
#include "core/host/host.h"
#include "core/keyspace/eviction.h"
#include "core/keyspace/keyspace.h"
#include "core/scripting/scripting.h"
#include "core/services/client_memory.h"
#include "core/services/keyspace_events.h"
#include "core/services/monitors.h"
#include "core/services/output_limits.h"
#include "core/services/reply_rooms.h"
#include "core/services/services.h"
#include "core/services/tracking.h"

namespace kvasm::engine {

struct Options {
  // With a seed the engine is repeatable: the same calls at the same times give the same replies.
  // Without one it is drawn from the host's entropy.
  bool has_seed = false;
  uint64_t seed = 0;
  int databases = 16;
  bool standalone = false;
  int64_t process_id = 0;
  uint64_t system_memory_bytes = 0;  // of the machine; 0: not known
  // When a script is ended that nobody can suspend, as in a synchronous call; 0: never. Also how
  // long one may go on where Lua cannot suspend it (scripting::TimeLimits::stuck_us), if less.
  int64_t script_limit_ms = 0;
  std::string executable;
  std::string config_file;
};

struct SessionOptions {
  bool network = false;
  std::string address;
  std::string local_address;
};

class Engine final : private scripting::Server, private durability::Server {
 public:
  // Bounds what pipelined requests for large values make of the memory before the host takes it.
  static constexpr uint32_t kOutputHeldBytes = 1 << 20;
  // Bounds what a client leaves unread, where client-output-buffer-limit and maxmemory-clients do
  // not. When memory is short it is kOutputHeldBytes for all.
  static constexpr uint32_t kUnreadBytesMax = 10 << 20;

  // `host` is borrowed and must outlive the engine.
  Engine(const host::Host& host, const Options& options);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  services::Session& Open(const SessionOptions& options);
  // Forgets the session and whatever output it still had.
  void Close(uint64_t session_id);
  services::Session* Find(uint64_t session_id) { return sessions_.Find(session_id); }

  // Executes one command; its reply is appended to the session's output. `args[0]` is the name.
  void Execute(services::Session& session, std::span<const std::string_view> args);
  // As Execute for a command known by its index in the table; `args[0]` may be anything.
  void ExecuteIndex(services::Session& session, size_t index,
                    std::span<const std::string_view> args);

  // Parses and executes what has arrived on a session. After a protocol error or QUIT the session's
  // `close_after_reply` is set and further input is ignored. Once a network session's output has
  // grown by kOutputHeldBytes nothing more is executed: `input_held` is set, and when the host has
  // taken what it can of the output it feeds again (nothing, if nothing came) to have the rest
  // executed. If the output did not grow by that either, the client has to read first.
  void Feed(services::Session& session, std::string_view bytes);

  // Ends a session's wait as if its time were up; without a wait nothing happens. A script that was
  // suspended runs to its end, or to that of its time.
  void EndWait(services::Session& session);

  bool has_suspended_script() const { return suspension_ && !awaits_host_; }
  // Whether what a session waits for is its own script. It may always be ended: KillScript.
  bool RunsScript(uint64_t session_id) const {
    return has_suspended_script() && suspension_->session_id == session_id;
  }
  // Ends the suspended script; the error is what SCRIPT KILL or FUNCTION KILL replies.
  base::Status KillScript(bool is_eval);
  bool is_eval_suspended() const { return scripting_.is_busy() && scripting_.run().is_eval; }

  // Replaces all users by those of a file; the error is what ACL LOAD replies.
  base::Status LoadUsers(std::string_view file, std::string_view text,
                         const services::Session* current = nullptr);
  // The host's answers to effects; the session they are for may be gone by then. `text`: the
  // file's, or, of one that could not be read, why ("No such file or directory").
  void EndAclLoad(uint64_t session_id, bool read, std::string_view text);
  void EndAclSave(uint64_t session_id, bool written);
  // `reason`: "", or why the file could not be written.
  void EndConfigRewrite(uint64_t session_id, std::string_view reason);
  // Whether what CONFIG SET has changed could be applied; if not (a reason is given, and the
  // directive that failed), all of it is taken back.
  void EndConfigSet(uint64_t session_id, std::string_view directive, std::string_view reason);

  // What is kept outside memory; see there how a host takes part.
  durability::Durability& durability() { return durability_; }
  // How an operation of its queue went.
  void EndStorage(persist::StorageQueue::Lane lane, const persist::Outcome& outcome);
  // Ends as SHUTDOWN does.
  void Shutdown(durability::ShutdownSave save, bool force);

  // A session that got output, or is to be closed, by what another session did; null when none.
  services::Session* NextReady() { return sessions_.NextReady(); }
  bool has_ready() const { return sessions_.has_ready(); }

  // Does up to `budget_units` units of background work. Returns the milliseconds until the next
  // call is wanted (0 = at once).
  int64_t Tick(uint32_t budget_units);

  const command::Table& table() const { return table_; }
  // A "rename-command" directive. "" or what is wrong.
  std::string_view RenameCommand(std::string_view from, std::string_view to) {
    return table_.Rename(from, to);
  }
  keyspace::Keyspace& keyspace() { return keyspace_; }
  services::Config& config() { return config_; }
  services::Stats& stats() { return stats_; }
  services::Sessions& sessions() { return sessions_; }
  services::Effects& effects() { return effects_; }
  services::Acl& acl() { return acl_; }
  services::Pubsub& pubsub() { return pubsub_; }
  const services::Waiters& waiters() const { return waiters_; }
  const services::Services& services() const { return services_; }

 private:
  // Feed without what follows its turn: counts the bytes and executes what is whole.
  void ExecuteInput(services::Session& session, std::string_view bytes);
  // Executes what the session's parser was fed with, until there is so much output.
  void ExecuteFed(services::Session& session, uint32_t output_bytes_max);
  // How much output it may have for its input to be executed.
  uint32_t OutputBytesMax(const services::Session& session) const;
  // What CLIENT LIST tells of the last request; `command` is empty if there is no such command.
  void NoteRequest(services::Session& session, std::string_view command);
  // Ends a session that speaks HTTP before its request's body is obeyed.
  void EndBrowser(services::Session& session);
  void ReplyUnknown(services::Session& session, std::span<const std::string_view> args);
  void ReplyUnknownSubcommand(services::Session& session, size_t container,
                              std::span<const std::string_view> args);
  // The reply, if there is one yet, is settled: what the session is told besides follows. `name` is
  // empty if there was no such command.
  void EndCommand(services::Session& session, std::string_view name);
  void ShowMonitors(const services::Session& session, const command::CommandSpec& spec,
                    std::span<const std::string_view> args);
  // Notes the keys that a tracking session reads.
  void TrackKeys(services::Session& session, const command::CommandSpec& spec,
                 std::span<const std::string_view> args);
  // The checks before a command runs; false when the error has been replied. Making room for it may
  // have told the session of keys that went: `output_before` becomes where its reply begins.
  bool Admit(services::Session& session, const command::CommandSpec& spec, size_t index,
             std::span<const std::string_view> args, uint32_t* output_before);
  // Whether as many replicas follow as min-replicas-to-write wants for a write.
  bool HasReplicas() const;
  // Whether the session's user may run this; what is refused is logged. Denied for no reason: there
  // is no memory to find out.
  bool IsPermitted(services::Session& session, size_t index, std::span<const std::string_view> args,
                   services::AclReason* denied);
  void NoteDenied(services::Session& session, size_t index, std::span<const std::string_view> args,
                  const command::Access& access);
  // Whether a command, which `adds` to what is kept or does not, may run with these arguments.
  bool HasMemoryFor(bool adds, std::span<const std::string_view> args);
  // Whether keys may go to make room, which is recorded: not in the middle of what is recorded
  // together, nor while clients are paused, as what is held back shall find its keys.
  bool MayEvict() const { return !waiters_.paused() && !is_aside() && !durability_.is_loading(); }
  // Whether maxmemory is exceeded, leaving out of account what clients are told of evicted keys and
  // what is on its way to files.
  bool IsOverLimit() const;
  // Evicts keys until it is not, or until enough is done for now: the chores go on then. False when
  // the policy leaves nothing to evict.
  bool MakeRoom();
  // Work of a tick that nobody waits for. True while there is more to do.
  bool DoChores(uint32_t budget_units);
  // Notes since when maxmemory is exceeded, or that it is no more.
  void NoteLimit();
  bool HasMemory();
  // As HasMemoryFor, whatever maxmemory is, and that its record can be kept until those of all that
  // it is called with are handed on.
  bool HasHeapFor(const command::CommandSpec& spec, std::span<const std::string_view> args);
  static bool IsObeyedAtOnce(const command::CommandSpec& spec);
  void Queue(services::Session& session, size_t index, std::span<const std::string_view> args);
  // One command's run, as far as what ends it needs to know.
  struct Execution {
    size_t index;
    std::span<const std::string_view> args;
    int64_t started;  // of the timer
    uint64_t errors_before;
    uint64_t dirty_before;
    uint32_t output_before;
    int db;  // that a record of the call is for
    bool recorded = false;
    bool is_counted = false;  // its error is, in the statistics
  };
  // What is left of a transaction that is being executed.
  struct TransactionRun {
    std::vector<services::Transaction::Queued> commands;
    size_t next = 0;
    uint32_t output_before = 0;  // of the command that runs
  };
  // What has been put aside: a script that has not ended when its time was up, with its command and
  // EXEC if it stands in a transaction; or EXEC alone, while the host does what was asked of it.
  struct Suspension {
    struct Level {
      Execution execution;
      std::vector<std::string> args;
      std::vector<std::string_view> views{};  // of them, for the execution
    };
    uint64_t session_id = 0;
    int64_t now_ms = 0;         // the instant of the script
    std::vector<Level> levels;  // the innermost first
    TransactionRun transaction{};
    std::string output;  // what the reply has so far
    uint32_t output_before = 0;
    bool is_closed = false;  // the session is gone for the host
  };

  void RunTransaction(services::Session& session);
  void RunQueued(services::Session& session, size_t index, std::span<const std::string_view> args);
  void EndQueued(services::Session& session);
  // Runs what is left of it. Returns when it has ended, or when a script is suspended.
  void ContinueTransaction(services::Session& session);
  // The end of a run: it is counted, timed and recorded.
  void FinishRun(services::Session& session, Execution& execution);

  // --- scripts (scripts.cc) ---
  // The flags of a command; those of a script that declares its own are other ones.
  uint32_t FlagsOf(const command::CommandSpec& spec, std::span<const std::string_view> args);
  // Starts the script that was asked for, and runs it until it ends or is suspended.
  void StartScript(services::Session& session, Execution& execution);
  // Why it may not run; "" if it may.
  std::string_view RefusalOf(const scripting::ScriptRequest& request);
  // Gives the script its next turn. When it has ended it has been replied.
  void ResumeScript(services::Session& session, Execution& execution,
                    const scripting::TimeLimits& limits);
  void NoteSlowScript(const Execution& execution);
  void EndScript(services::Session& session, Execution& execution,
                 scripting::Interpreter::Status status);
  // Puts what runs aside until the next turn.
  void Suspend(services::Session& session, const Execution& execution);
  // Goes on with the suspended script; true if it, and the transaction it is in, have ended.
  bool ContinueScript(const scripting::TimeLimits& limits);
  // Brings back what was put aside, its output behind what the session got meanwhile.
  Suspension TakeSuspension();
  // The end of a turn of it; false if it has been put aside again.
  bool EndTurn(Suspension& suspension);
  // Goes on with the transaction of which a command waited for the host.
  void ContinueTransaction(const base::Status& status);
  // Whether only what is put aside may go on.
  bool is_aside() const { return scripting_.is_busy() || awaits_host_; }
  scripting::TimeLimits ScriptLimits() const;
  bool CallCommand(std::span<const std::string_view> args, std::string* refusal) override;
  std::string_view CheckScriptCall(size_t index, std::span<const std::string_view> args,
                                   std::string* text);
  std::string_view reply() const override { return script_session_.out.view(); }
  void DropReply() override { script_session_.out.Clear(); }
  void SetReplyProtocol(int version) override { script_session_.reply.set_protocol(version); }
  void SetAudience(int audience) override;
  Permission MayCall(std::span<const std::string_view> args) override;
  void WriteLog(int level, std::string_view text) override;
  bool IsLogged(int level) const override;
  void CountError(std::string_view text) override { stats_.CountError(text); }
  int32_t RandomSeed() override { return static_cast<int32_t>(prng_.Next()); }
  int64_t ExactUs() override { return host_.clock.ExactUs(); }
  // --- what durability asks for (recovery.cc) ---
  durability::Executed ExecuteRecord(std::span<const std::string_view> arguments) override;
  void BeginRecords() override;
  void EndHostWait(uint64_t session_id, const base::Status& status) override;
  void DropData() override;
  void HoldCommands(bool hold) override;
  bool IsAside() const override { return is_aside(); }
  void ReleaseReplies() override;
  // Keeps the reply back until what has been recorded so far is as safe as appendfsync wants it.
  void HoldReply(services::Session& session);
  // Who the running command is for: a script's are for the script's caller.
  services::Session& ClientOf(services::Session& session) {
    return script_caller_ != nullptr ? *script_caller_ : session;
  }
  void Reject(services::Session& session, size_t index, std::string_view error);
  void Run(services::Session& session, size_t index, std::span<const std::string_view> args,
           bool may_wait = true);
  // Ends the reply of a command, and counts it as failed if the reply did not fit into memory.
  void Settle(services::Session& session, size_t index, uint32_t output_before);
  // What CLIENT REPLY leaves of the reply since the output was `output_before` bytes long. False
  // if it did not fit into memory: it has become an error.
  bool EndReply(services::Session& session, uint32_t output_before);
  void SampleClock();
  void StartInstant();
  // Whether a pause holds this command back.
  bool IsHeld(const services::Session& session, const command::CommandSpec& spec,
              std::span<const std::string_view> args);
  bool IsHeldStill(const services::Session& session, const services::Waiter& waiter);
  // Keeps a command that found nothing, or is held back, for later attempts. Replies an error
  // instead if there is no memory to keep it.
  void Park(services::Session& session, size_t index, std::span<const std::string_view> args,
            services::Waiter waiter);
  // Attempts the commands of sessions whose keys were written, until that wakes nobody any more.
  void ServeWaiters();
  void Serve(services::Session& session, services::Waiters::Wake wake);
  void AnswerForHost(services::Session& session, const base::Status& status);
  void ReplyStatus(services::Session& session, const base::Status& status);
  // Run of a command that has waited: its user may have lost the right to it meanwhile.
  void RunLater(services::Session& session, size_t index, std::span<const std::string_view> args,
                bool may_wait);
  // Calls the command of a waiter again; if it then waits no more, the waiter is gone.
  void Attempt(services::Session& session, const services::Waiter& waiter, bool may_wait);
  // A held command's first call, after which it may have to wait for a key.
  void RunHeld(services::Session& session, const services::Waiter& waiter);
  // Executes what sessions that were served have sent while they waited.
  void ResumeServed();
  void ApplySetting(std::string_view name, std::string_view value);

  const host::Host& host_;
  base::HashSeed hash_seed_;
  base::Prng prng_;
  services::Identity identity_;
  command::Table table_;
  services::Config config_;
  services::Stats stats_;
  services::Sessions sessions_;
  services::Effects effects_;
  services::Acl acl_;
  services::Services services_;
  keyspace::Keyspace keyspace_;
  keyspace::Eviction eviction_{keyspace_};
  services::Waiters waiters_;
  services::OutputLimits output_limits_;
  services::Pubsub pubsub_;
  services::KeyspaceEvents keyspace_events_;
  services::Tracking tracking_;
  services::Monitors monitors_;
  services::ClientMemory client_memory_;
  bool feeding_ = false;
  bool serving_ = false;
  bool resuming_ = false;
  std::list<uint64_t> served_;  // sessions whose input is to be looked at
  bool in_transaction_ = false;
  bool replied_in_parts_ = false;  // EXEC: what CLIENT REPLY silences of it is silenced already
  int64_t browser_logged_ms_ = 0;  // when EndBrowser last wrote to the log
  uint32_t commands_unread_ = 0;   // commands since the clock was last read
  services::SlowLog slow_log_;
  services::LatencyMonitor latency_;
  services::ReplyRooms reply_rooms_;
  CommandTimer timer_;
  scripting::Scripting scripting_{*this};
  services::Session log_session_{0};            // what recorded commands are executed with
  std::vector<uint64_t> held_;                  // sessions whose replies are held back
  services::Session script_session_{0};         // what scripts call commands with
  services::Session* script_caller_ = nullptr;  // while a script has its turn
  int64_t script_limit_us_;
  std::optional<Suspension> suspension_;
  bool suspending_ = false;   // the commands that run are being put aside
  bool awaits_host_ = false;  // a transaction does: nothing else runs
  TransactionRun transaction_run_;
  durability::Durability durability_;
};

}  // namespace kvasm::engine
