// What is kept of the data set outside memory, and when it is written: snapshots (RDB files) and
// the append-only file with its manifest. Everything that can fail here is told: in the log, in
// INFO, and to clients, whose writes are refused (MISCONF) until it works again.
//
// All work on files goes through a StorageQueue to the host and ends later; between the calls of a
// host the members here are consistent. One snapshot, of whatever kind, is under way at a time.
//
// What takes several operations can be called off between them (a rewrite by appendonly no, a save
// by FLUSHALL, both by SHUTDOWN): whoever waits for it is told, and its later steps have no effect.
// Reloading and shutting down have the data to themselves: commands wait, nothing else begins.
//
// Source of the behaviour: Redis 7.2, with what a fork does there done by a cut (snapshot_cut.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/durability/append_log.h"
#include "core/durability/loader.h"
#include "core/durability/snapshot_job.h"
#include "core/host/host.h"
#include "core/persist/manifest.h"
#include "core/persist/storage.h"
#include "core/scripting/libraries.h"
#include "core/services/config.h"
#include "core/services/effects.h"
#include "core/services/identity.h"
#include "core/services/stats.h"

namespace kvasm::durability {

// What the engine does for it.
class Server : public Executor {
 public:
  // Replies to a session that waits for the end of some work: OK, or the error.
  virtual void EndHostWait(uint64_t session_id, const base::Status& status) = 0;
  // Removes all data and libraries, for others to be loaded. Nothing is recorded.
  virtual void DropData() = 0;
  // Commands wait, or go on.
  virtual void HoldCommands(bool hold) = 0;
  // Whether a script or a transaction has begun and not ended: what it has done so far is not to be
  // taken for the state of the data.
  virtual bool IsAside() const = 0;
  // Replies that were held back may go.
  virtual void ReleaseReplies() = 0;
};

enum class ShutdownSave : uint8_t { kAsConfigured, kYes, kNo };

class Durability {
 public:
  using Lane = persist::StorageQueue::Lane;
  struct Parts {
    const host::Host& host;
    keyspace::Keyspace& keyspace;
    services::Config& config;
    const services::Stats& stats;
    const services::Identity& identity;
    services::Effects& effects;
    scripting::Libraries& libraries;
    Server& server;
  };
  // What was asked for has ended; the error is for whoever asked.
  using Done = std::function<void(std::string_view error)>;

  explicit Durability(const Parts& parts);
  ~Durability();
  Durability(const Durability&) = delete;
  Durability& operator=(const Durability&) = delete;

  // --- the host ---
  // There are files from now on: what they hold is loaded. Until then, and without this call for
  // good, nothing is read or written.
  void Start(Done done);
  // Loads a file that is an RDB file, whatever the configuration says of files.
  void LoadFile(std::string path, Done done);
  // Writes an RDB file of the present state. Fails at once while another snapshot is under way.
  base::Status SaveTo(std::string path, Done done);
  persist::StorageQueue& storage() { return storage_; }
  // An operation of the queue has ended: what waits for that goes on.
  void End(Lane lane, const persist::Outcome& outcome);
  // To be called before an operation is asked for: records become an append.
  void Flush() { log_.Flush(); }
  bool has_work() const {
    for (const Lane lane : {Lane::kLog, Lane::kSnapshot, Lane::kFiles}) {
      if (storage_.has_next(lane)) return true;
    }
    return attached_ && storage_.is_idle(Lane::kLog) && log_.has_work();
  }
  // Steps what is under way; to be called with every tick. True while there is more to do at once.
  bool Tick();
  void ApplySetting(std::string_view name);

  // As SHUTDOWN, with the next tick: until then it can be called off.
  void RequestShutdown(ShutdownSave save, bool force) {
    const auto begin = [this, save, force] { static_cast<void>(Shutdown(save, force, 0)); };
    requested_.push_back({.begin = begin, .can_be_aborted = true});
  }
  // SHUTDOWN ABORT. False if there is nothing to call off.
  bool AbortShutdown();
  // It has been asked for and neither called off nor failed.
  bool is_shutting_down() const { return !requested_.empty() || shutting_down_; }
  // Makes all durable, when no script is in the middle; from then on commands wait unless it
  // fails. The error: it could not be, and `force` did not say to end all the same.
  void PrepareShutdown(ShutdownSave save, bool force, Done done);

  // --- commands ---
  bool has_storage() const { return has_storage_; }
  // SAVE and BGSAVE; `session_id` is told of the end of SAVE. The value: it is only scheduled.
  base::Status Save(uint64_t session_id);
  base::Result<bool> SaveInBackground(bool schedule);
  base::Result<bool> Rewrite(bool schedule);
  // Tells when the one under way or scheduled has ended; at once if there is none.
  void WhenSaved(Done done);
  void WhenRewritten(Done done);
  // DEBUG RELOAD and LOADAOF.
  struct ReloadOptions {
    bool saves = true;
    bool flushes = true;
    bool merges = false;
  };
  base::Status Reload(uint64_t session_id, ReloadOptions options);
  base::Status ReloadLog(uint64_t session_id);
  // FLUSHALL: a snapshot under way is of no use, an empty one replaces the file. Whether one is
  // made: the session (0: none waits) is told when that has been done.
  bool SaveFlushed(uint64_t session_id);
  // Makes all durable, then asks the host to end the program. If that fails, and is not forced, the
  // session (0: none asked) gets an error and all goes on. The value: it is under way.
  base::Result<bool> Shutdown(ShutdownSave save, bool force, uint64_t session_id);

  // CONFIG SET has changed what `before` says. If it has turned the log on, which is tried at this
  // moment, the session gets its reply when it is known whether the log can be written: if not, all
  // is as before. False: there is nothing to wait for.
  bool AwaitLog(uint64_t session_id, std::vector<services::Config::Pair> before);

  // --- what commands are told before they run ---
  bool is_loading() const { return loading_; }
  // Memory that is on its way to files: no data, and soon free.
  uint64_t held_bytes() const {
    return log_.buffered_bytes() + (job_ == nullptr ? 0 : job_->held_bytes());
  }
  // Whether writes are refused, and what is replied to them then.
  bool is_failing() const {
    return has_storage_ &&
           ((settings().stop_writes_on_bgsave_error && !saves_.ok && !save_points_.empty()) ||
            (log_state_ != LogState::kOff && log_.is_failing()));
  }
  std::string WriteRefusal() const;
  bool HoldsReplies() {
    return log_state_ == LogState::kOn && attached_ &&
           log_.HoldsReplies(parts_.keyspace.recent_ms());
  }
  // Whether what had been recorded up to here is as safe as replies ask for.
  bool Covers(uint64_t recorded) const {
    return log_state_ != LogState::kOn || log_.Covers(recorded);
  }
  uint64_t CoveredBytes() const {
    return log_state_ != LogState::kOn ? log_.recorded() : log_.covered();
  }
  AppendLog& log() { return log_; }
  // Whether so much of what has been recorded survives a loss of power.
  bool IsSynced(uint64_t recorded) const {
    return log_state_ == LogState::kOn && recorded <= log_.synced();
  }
  // WAITAOF: the session is to be told when so much is synced, or the log is off.
  struct SyncWaiter {
    uint64_t session_id;
    uint64_t until;
  };
  void AwaitSync(uint64_t session_id, uint64_t until) {
    sync_waiters_.push_back({session_id, until});
  }
  // Those to be told now.
  std::vector<SyncWaiter> TakeSynced();

  // --- what INFO tells ---
  enum class LogState : uint8_t { kOff, kWaits, kOn };  // kWaits: for its first base
  struct Run {
    bool ok = true;
    int64_t last_s = -1;  // how long the last one took
    uint64_t count = 0;
  };
  LogState log_state() const { return log_state_; }
  const Loader* loader() const { return loader_.get(); }
  const Loader::Progress& last_load() const { return last_load_; }
  const SnapshotJob* job() const { return job_.get(); }
  bool is_saving() const { return job_kind_ == JobKind::kSave; }
  bool is_rewriting() const { return is_rewriting_; }
  bool is_rewrite_scheduled() const { return rewrite_scheduled_; }
  bool is_save_scheduled() const { return save_scheduled_; }
  int64_t JobSeconds() const;
  uint64_t ChangesSinceSave() const;
  int64_t last_save_s() const { return last_save_s_; }
  const Run& saves() const { return saves_; }
  const Run& rewrites() const { return rewrites_; }
  uint64_t rewrite_failures() const { return rewrite_failures_; }
  // Snapshots and rewrites begun beside the commands; Redis forks for each.
  uint64_t background_jobs() const { return background_jobs_; }
  uint64_t log_bytes() const;
  uint64_t log_base_bytes() const { return rewritten_bytes_; }

 private:
  enum class JobKind : uint8_t { kNone, kSave, kRewrite, kOther };
  // What those are told who wait for something that has been called off.
  static constexpr std::string_view kCancelled = "It was cancelled";
  struct SavePoint {
    int64_t seconds;
    int64_t changes;
  };

  const services::Settings& settings() const { return parts_.config.settings(); }
  int64_t NowMs() const { return parts_.host.clock.NowUs() / 1000; }
  void Log(host::LogLevel level, std::string text) const { parts_.host.log.Write(level, text); }
  void Warn(std::string text) const { Log(host::LogLevel::kWarning, std::move(text)); }
  void Notice(std::string text) const { Log(host::LogLevel::kNotice, std::move(text)); }

  // --- snapshots (snapshots.cc) ---
  SnapshotOrder OrderFor(std::string file, bool aof_base);
  // In the place of the one before, if that is still under way.
  void StartJob(JobKind kind, SnapshotOrder order, Done done);
  void EndJob(std::string_view error);
  void CancelJob();
  void Retire();
  void StartSave(bool in_haste, Done done);
  void EndSave(std::string_view error, uint64_t changes);
  // Commands wait, and nothing begins by itself.
  void Hold(bool hold);
  bool MayCut() const;
  void MakeDurable(ShutdownSave save, bool force, Done done);
  void StepJob();
  bool IsSavePointReached() const;
  void ReadSavePoints();
  // After failures it is tried less and less often by itself: whether the next try is too early.
  bool IsRewriteLimited();
  void Look();  // ten times a second: is anything due?

  // --- loading (loading.cc) ---
  void Load(LoadOrder order, Done done);
  void LoadSnapshot(Done done);
  void LoadLog(Done done);
  void EndLoad(std::string_view error);
  void EndStart(std::string_view error);
  void ReadManifest(Done done);
  void TakeManifest(const std::string& path, std::string_view text, const Done& done);
  void LookForOldLog(Done done);
  void AdoptOldLog(Done done);
  void MoveOldLog(Done done);
  void NoteLoaded(std::string_view from);
  void Reloaded(uint64_t session_id, std::string_view error, bool from_log);
  void LoadAgain(uint64_t session_id, const ReloadOptions& options);

  // --- the log's files (log_files.cc) ---
  std::string LogPath(std::string_view name) const;
  void StoreManifest(persist::Manifest manifest, Done done);
  void CreateLog(Done done);  // after loading: what is missing of it
  void OpenTail(std::string name, uint64_t bytes);
  // The last increment of the manifest, as it was loaded.
  void OpenLastTail();
  void CreateTail(Lane lane, std::string_view name, Done done);
  SnapshotOrder RewriteOrder();
  void AttachLog();
  void DetachLog();
  void StartRewrite();
  // Makes the cut of the rewrite under way, as soon as it may be made.
  void CutForRewrite();
  void CancelRewrite();
  // kWaits: what has been recorded is of no use without a base.
  void DropPendingTail();
  // A step of the rewrite under way: without effect once that has been called off.
  Done OfRewrite(Done step);
  void EndRewrite(std::string_view error);
  void NoteRewrite(std::string_view error);
  void RemoveHistory(Done done);
  void SwitchLog(bool on);

  const Parts parts_;
  bool has_storage_ = false;
  persist::StorageQueue storage_;
  AppendLog log_;

  std::vector<SavePoint> save_points_;
  std::unique_ptr<SnapshotJob> job_;
  std::vector<std::unique_ptr<SnapshotJob>> retired_;  // whose operations may not have ended
  JobKind job_kind_ = JobKind::kNone;
  Done job_done_;
  std::vector<Done> save_callers_;  // of the save under way
  int64_t job_began_ms_ = 0;
  int64_t next_step_us_ = 0;
  uint64_t commands_at_step_ = 0;
  bool save_scheduled_ = false;
  bool rewrite_scheduled_ = false;
  uint64_t saved_changes_ = 0;  // the count of changes that the last snapshot holds
  int64_t last_save_s_ = 0;
  int64_t last_try_ms_ = 0;
  int64_t last_rewrite_ms_ = 0;
  int64_t looked_ms_ = 0;
  std::vector<Done> save_waiters_;
  std::vector<Done> rewrite_waiters_;
  std::vector<Done> log_waiters_;  // for the first increment of a log that is turned on
  std::vector<SyncWaiter> sync_waiters_;
  Run saves_;
  Run rewrites_;
  uint64_t rewrite_failures_ = 0;  // one after the other
  uint64_t told_failures_ = 0;     // what they were when the log last told of the limit
  uint64_t background_jobs_ = 0;

  bool loading_ = false;
  std::unique_ptr<Loader> loader_;
  Done load_done_;
  std::vector<uint64_t> log_files_bytes_;  // by file, of the last load
  Loader::Progress last_load_;
  Done start_done_;

  LogState log_state_ = LogState::kOff;
  bool attached_ = false;
  bool is_rewriting_ = false;  // from the making of its increment to the end of the history
  uint64_t rewrite_id_ = 0;    // of the one under way, or the last
  bool cut_is_due_ = false;    // and when it has been made records go to
  std::string next_tail_;      // this file ("": the log is off)
  persist::Manifest manifest_;
  std::string base_name_;     // of the rewrite under way
  bool base_is_rdb_ = false;  // as aof-use-rdb-preamble was when it began
  std::string pending_tail_;  // kWaits: the increment that is not in the manifest yet
  uint64_t base_bytes_ = 0;
  uint64_t older_bytes_ = 0;      // of increments before the last
  uint64_t rewritten_bytes_ = 0;  // of all files after the last rewrite, or the base at the start
  bool holding_ = false;
  bool shutting_down_ = false;
  bool is_shut_down_ = false;  // all is durable, nothing is executed any more
  // A shutdown that has not begun.
  struct Requested {
    std::function<void()> begin;
    bool can_be_aborted;
  };
  std::vector<Requested> requested_;
  // How far the one is that Shutdown was asked for.
  enum class Ending : uint8_t { kAsked, kUnderWay, kEnded, kFailed };
  Ending ending_ = Ending::kAsked;
  uint64_t shutdown_id_ = 0;
};

// Tells all of them, who are forgotten then.
void TellAll(std::vector<Durability::Done>& waiters, std::string_view error);

}  // namespace kvasm::durability
