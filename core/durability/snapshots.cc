// Durability: when snapshots are taken, and what becomes of them.
#include <algorithm>
#include <utility>

#include "core/base/alloc.h"
#include "core/base/errors.h"
#include "core/base/numbers.h"
#include "core/durability/durability.h"
#include "core/services/version.h"

namespace kvasm::durability {

using persist::Operation;
using persist::Outcome;

namespace {

constexpr int64_t kLookEveryMs = 100;
// After a failed snapshot the next one is tried no sooner.
constexpr int64_t kRetryAfterMs = 5000;
// After a failed rewrite of a log that is damaged, doubled with every failure.
constexpr int64_t kMendAfterMs = 500;
// While clients send commands, they have this many times as long as a snapshot's steps take: with
// what else it costs, seven tenths of the time are left to them.
constexpr int64_t kOthersShare = 4;
constexpr const char* kShutdownErrors =
    "Errors trying to shut down the server. Check the logs for more information.";

}  // namespace

int64_t Durability::JobSeconds() const {
  return job_kind_ == JobKind::kNone ? -1 : (NowMs() - job_began_ms_) / 1000;
}

uint64_t Durability::ChangesSinceSave() const {
  return parts_.keyspace.stats().dirty - saved_changes_;
}

void Durability::ReadSavePoints() {
  save_points_.clear();
  std::string_view rest = settings().save;
  const auto number = [&]() -> int64_t {
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const size_t end = std::min(rest.find(' '), rest.size());
    const int64_t value = base::ParseInt64(rest.substr(0, end)).value_or(0);
    rest.remove_prefix(end);
    return value;
  };
  while (!rest.empty()) {
    const int64_t seconds = number();
    save_points_.push_back({seconds, number()});
  }
}

bool Durability::IsSavePointReached() const {
  const auto changes = static_cast<int64_t>(ChangesSinceSave());
  const int64_t now_ms = NowMs();
  if (!saves_.ok && now_ms - last_try_ms_ <= kRetryAfterMs) return false;
  return std::any_of(save_points_.begin(), save_points_.end(), [&](const SavePoint& point) {
    return changes >= point.changes && now_ms / 1000 - last_save_s_ > point.seconds;
  });
}

SnapshotOrder Durability::OrderFor(std::string file, bool aof_base) {
  keyspace::Keyspace& keyspace = parts_.keyspace;
  SnapshotOrder order;
  order.file = std::move(file);
  order.options = {.version = static_cast<int>(settings().rdb_version),
                   .compress = settings().rdbcompression,
                   .checksum = settings().rdbchecksum};
  for (int id = 0; id < keyspace.database_count(); ++id) {
    if (keyspace.db(id).field_volatile_size() == 0) continue;
    // Older readers would lose the ends of fields.
    order.options.version = std::max(order.options.version, persist::kRdbVersionFieldExpiry);
  }
  order.header = {.redis_version = services::kRedisVersion,
                  .created_s = NowMs() / 1000,
                  .used_memory = base::HeapUsedBytes(),
                  .aof_base = aof_base};
  for (const auto& library : parts_.libraries.set().libraries) {
    order.functions.push_back(library->code);
  }
  const std::string& policy = settings().maxmemory_policy;
  using Kind = persist::SavedAccess::Kind;
  order.access = {.kind = keyspace.access().lfu      ? Kind::kFrequency
                          : policy.ends_with("-lru") ? Kind::kIdle
                                                     : Kind::kNone,
                  .policy = keyspace.access(),
                  .now_ms = NowMs()};
  return order;
}

void Durability::StartJob(JobKind kind, SnapshotOrder order, Done done) {
  CancelJob();
  Retire();
  job_kind_ = kind;
  if (kind != JobKind::kOther && !order.in_haste) ++background_jobs_;
  job_began_ms_ = NowMs();
  job_done_ = std::move(done);
  log_.set_spares_disk(settings().no_appendfsync_on_rewrite);
  job_ = std::make_unique<SnapshotJob>(parts_.keyspace, storage_, std::move(order),
                                       [this](std::string_view error) { EndJob(error); });
  // Of the delays one comes before each key: as many as there are keys.
  const int64_t delay_us = job_->keys_total() > 0 ? settings().rdb_key_save_delay : 0;
  next_step_us_ = delay_us > 0 ? parts_.host.clock.ExactUs() + delay_us : 0;
}

void Durability::EndJob(std::string_view error) {
  job_kind_ = JobKind::kNone;
  log_.set_spares_disk(false);
  std::exchange(job_done_, nullptr)(error);
}

// It may be called by the job itself, or operations may refer to it still.
void Durability::Retire() {
  if (job_ != nullptr) retired_.push_back(std::move(job_));
}

void Durability::CancelJob() {
  if (job_kind_ == JobKind::kNone) return;
  job_->Cancel();
  Retire();
  EndJob(kCancelled);
}

void Durability::StartSave(bool in_haste, Done done) {
  SnapshotOrder order = OrderFor(settings().dbfilename, false);
  order.temporary = "temp-" + base::Int64Text(parts_.identity.process_id) + ".rdb";
  order.in_haste = in_haste;
  const uint64_t changes = parts_.keyspace.stats().dirty;
  StartJob(JobKind::kSave, std::move(order), [this, in_haste, changes](std::string_view error) {
    // Whoever waits for it is told; what nobody waited for is told by refusing writes.
    if (error.empty() || (!in_haste && error != kCancelled)) saves_.ok = error.empty();
    EndSave(error, changes);
  });
  last_try_ms_ = NowMs();
  save_callers_.push_back(std::move(done));
}

void Durability::EndSave(std::string_view error, uint64_t changes) {
  saves_.last_s = (NowMs() - job_began_ms_) / 1000;
  if (error.empty()) {
    ++saves_.count;
    saved_changes_ = changes;
    last_save_s_ = NowMs() / 1000;
    Notice("DB saved on disk");
  } else if (error != kCancelled) {
    Warn("Write error while saving DB to the disk: " + std::string(error));
  }
  const std::string reason(error);
  TellAll(save_callers_, reason);
  TellAll(save_waiters_, reason);
}

void TellAll(std::vector<Durability::Done>& waiters, std::string_view error) {
  for (const Durability::Done& done : std::exchange(waiters, {})) done(error);
}

void Durability::WhenSaved(Done done) {
  if (!is_saving() && !save_scheduled_) return done({});
  save_waiters_.push_back(std::move(done));
}

void Durability::WhenRewritten(Done done) {
  if (!is_rewriting() && !rewrite_scheduled_) return done({});
  rewrite_waiters_.push_back(std::move(done));
}

base::Status Durability::Save(uint64_t session_id) {
  if (!has_storage_) return base::Error(errors::kNoStorage);
  if (is_saving()) return base::Error(errors::kSaveInProgress);
  if (job_kind_ != JobKind::kNone || is_rewriting_) return base::Error(errors::kOtherJobActive);
  StartSave(true, [this, session_id](std::string_view error) {
    // Redis's SAVE tells no reason either; the log has it.
    parts_.server.EndHostWait(
        session_id, error.empty() ? base::Status::Ok() : base::Status(base::Error(errors::kPlain)));
  });
  return base::Status::Ok();
}

base::Result<bool> Durability::SaveInBackground(bool schedule) {
  if (!has_storage_) return base::Error(errors::kNoStorage);
  if (is_saving()) return base::Error(errors::kSaveInProgress);
  if (job_kind_ != JobKind::kNone || is_rewriting_) {
    if (!schedule) return base::Error(errors::kOtherJobActive);
    save_scheduled_ = true;
    return true;
  }
  Notice("Background saving started by pid " + base::Int64Text(parts_.identity.process_id));
  StartSave(false, [this](std::string_view error) {
    if (error.empty()) return Notice("Background saving terminated with success");
    if (error != kCancelled) Warn("Background saving error");
  });
  return false;
}

base::Status Durability::SaveTo(std::string path, Done done) {
  if (parts_.server.IsAside()) return base::Error(errors::kBusyScript);
  if (loading_) return base::Error(errors::kLoading);
  if (job_kind_ != JobKind::kNone || is_rewriting_ || holding_) {
    return base::Error(is_saving() ? errors::kSaveInProgress : errors::kOtherJobActive);
  }
  SnapshotOrder order = OrderFor(path, false);
  order.temporary = "temp-" + path;
  order.in_haste = true;
  StartJob(JobKind::kOther, std::move(order), std::move(done));
  return base::Status::Ok();
}

bool Durability::SaveFlushed(uint64_t session_id) {
  if (!has_storage_ || loading_) return false;
  // Those who wait for a save get it: of the state that is now, after what they asked for.
  std::vector<Done> callers;
  if (is_saving() && job_->in_haste()) {
    if (save_points_.empty()) return false;
    callers.swap(save_callers_);
  }
  if (is_saving()) CancelJob();
  if (save_points_.empty() || job_kind_ != JobKind::kNone || is_rewriting_) return false;
  StartSave(true, [this, session_id](std::string_view) {
    if (session_id != 0) parts_.server.EndHostWait(session_id, base::Status::Ok());
  });
  save_callers_.insert(save_callers_.begin(), callers.begin(), callers.end());
  return true;
}

void Durability::End(Lane lane, const Outcome& outcome) {
  storage_.End(lane, outcome);
  if (lane == Lane::kSnapshot) StepJob();
}

void Durability::StepJob() {
  if (job_ == nullptr) return;
  if (job_->is_over()) return Retire();
  // Clients come first, unless one waits for this.
  if (!job_->in_haste() || settings().rdb_key_save_delay > 0) {
    const int64_t before_us = parts_.host.clock.ExactUs();
    if (before_us < next_step_us_) return;
    const uint64_t commands = parts_.stats.total_commands_processed;
    const bool is_quiet = commands - std::exchange(commands_at_step_, commands) < 16;
    const int64_t delay_us = settings().rdb_key_save_delay;
    const uint64_t keys = job_->keys_done();
    job_->Step(delay_us > 0 ? 1 : SnapshotJob::kStepBuckets);
    const int64_t after_us = parts_.host.clock.ExactUs();
    next_step_us_ = delay_us > 0
                        ? after_us + delay_us * static_cast<int64_t>(job_->keys_done() - keys)
                    : is_quiet ? 0
                               : after_us + kOthersShare * (after_us - before_us);
    return;
  }
  while (job_->Step()) {
  }
}

bool Durability::AbortShutdown() {
  if (std::erase_if(requested_, [](const auto& each) { return each.can_be_aborted; }) == 0) {
    return false;
  }
  Notice("Shutdown manually aborted.");
  return true;
}

bool Durability::Tick() {
  if (!requested_.empty() && (MayCut() || is_shut_down_)) {
    for (const Requested& shutdown : std::exchange(requested_, {})) shutdown.begin();
  }
  std::erase_if(retired_, [](const auto& job) { return job->is_over(); });
  // Not within the command that turned it off: they have more to ask.
  if (log_state_ == LogState::kOff) TellAll(log_waiters_, kCancelled);
  if (!has_storage_ && job_ == nullptr) return false;
  if (attached_ || log_.has_unwritten()) log_.Flush();
  StepJob();
  if (MayCut() && cut_is_due_) CutForRewrite();
  if (has_storage_ && !loading_) Look();
  return job_kind_ != JobKind::kNone;
}

void Durability::Hold(bool hold) {
  holding_ = hold;
  parts_.server.HoldCommands(hold);
}

bool Durability::MayCut() const {
  return !holding_ && !parts_.server.IsAside() && !parts_.keyspace.journal().pending();
}

bool Durability::IsRewriteLimited() {
  if (rewrite_failures_ < 3) return false;
  const int64_t minutes = int64_t{1} << std::min<uint64_t>(rewrite_failures_ - 3, 6);
  if (NowMs() - last_rewrite_ms_ >= minutes * 60'000) return false;
  if (std::exchange(told_failures_, rewrite_failures_) != rewrite_failures_) {
    Warn("Background AOF rewrite has repeatedly failed and triggered the limit, will retry in " +
         base::Int64Text(minutes) + " minutes");
  }
  return true;
}

void Durability::Look() {
  const int64_t now_ms = NowMs();
  if (now_ms - looked_ms_ < kLookEveryMs || !MayCut()) return;
  looked_ms_ = now_ms;
  if (job_kind_ != JobKind::kNone || is_rewriting_ || !storage_.is_idle(Lane::kFiles)) return;
  if (rewrite_scheduled_ && !IsRewriteLimited()) return StartRewrite();
  if (log_state_ == LogState::kOn && log_.wants_rewrite() &&
      now_ms - last_rewrite_ms_ >= kMendAfterMs << std::min<uint64_t>(rewrite_failures_, 7)) {
    return StartRewrite();
  }
  if (save_scheduled_ && (saves_.ok || now_ms - last_try_ms_ > kRetryAfterMs)) {
    save_scheduled_ = false;
    static_cast<void>(SaveInBackground(false));
    return;
  }
  if (IsSavePointReached()) {
    Notice(base::Int64Text(static_cast<int64_t>(ChangesSinceSave())) +
           " changes since the last snapshot. Saving...");
    static_cast<void>(SaveInBackground(false));
    return;
  }
  const int64_t percentage = settings().auto_aof_rewrite_percentage;
  const uint64_t bytes = log_bytes();
  if (log_state_ != LogState::kOn || percentage == 0 ||
      bytes <= static_cast<uint64_t>(settings().auto_aof_rewrite_min_size)) {
    return;
  }
  const uint64_t base = std::max<uint64_t>(rewritten_bytes_, 1);
  const uint64_t growth = bytes * 100 / base - 100;
  if (bytes < base || growth < static_cast<uint64_t>(percentage)) return;
  if (IsRewriteLimited()) return;
  Notice("Starting automatic rewriting of AOF on " + base::Int64Text(static_cast<int64_t>(growth)) +
         "% growth");
  StartRewrite();
}

std::string Durability::WriteRefusal() const {
  if (log_state_ != LogState::kOff && log_.is_failing()) return errors::MisconfLog(log_.error());
  return std::string(errors::kMisconfSnapshot);
}

base::Result<bool> Durability::Shutdown(ShutdownSave save, bool force, uint64_t session_id) {
  Notice("User requested shutdown...");
  const uint64_t id = ++shutdown_id_;
  ending_ = Ending::kAsked;
  PrepareShutdown(save, force, [this, id, session_id](std::string_view error) {
    const bool has_returned = id != shutdown_id_ || ending_ == Ending::kUnderWay;
    if (id == shutdown_id_) ending_ = error.empty() ? Ending::kEnded : Ending::kFailed;
    if (error.empty()) {
      parts_.effects.Add({.kind = services::Effect::Kind::kShutdown});
    } else if (has_returned) {
      parts_.server.EndHostWait(session_id, base::Error(errors::kShutdownFailed));
    }
  });
  // If it has failed already, commands that were held may have asked for another.
  if (id != shutdown_id_ || ending_ == Ending::kFailed) return base::Error(errors::kShutdownFailed);
  if (ending_ == Ending::kAsked) ending_ = Ending::kUnderWay;
  return ending_ == Ending::kUnderWay;
}

void Durability::PrepareShutdown(ShutdownSave save, bool force, Done done) {
  if (!has_storage_ || (loading_ && !holding_) || is_shut_down_) return done({});
  // What a script is in the middle of is lost with it where nothing is saved.
  const bool may_begin = save == ShutdownSave::kNo ? !holding_ : MayCut();
  if (may_begin) return MakeDurable(save, force, std::move(done));
  const auto begin = [this, save, force, done = std::move(done)] {
    PrepareShutdown(save, force, done);
  };
  requested_.push_back({.begin = begin, .can_be_aborted = false});
}

void Durability::MakeDurable(ShutdownSave save, bool force, Done done) {
  if (log_state_ == LogState::kWaits && !force && (save != ShutdownSave::kNo || is_rewriting_)) {
    const auto refuse = [this, done] {
      Warn("Writing initial AOF, can't exit.");
      Warn(kShutdownErrors);
      done("Writing initial AOF");
    };
    if (is_rewriting_ || job_kind_ != JobKind::kNone || !storage_.is_idle(Lane::kFiles)) {
      return refuse();
    }
    // It has failed so far; perhaps it does not now.
    StartRewrite();
    return WhenRewritten([this, save, done, refuse](std::string_view error) {
      error.empty() ? PrepareShutdown(save, false, done) : refuse();
    });
  }
  if (is_saving()) Warn("There is a child saving an .rdb. Killing it!");
  if (is_rewriting_) Warn("There is a child rewriting the AOF. Killing it!");
  shutting_down_ = true;
  Hold(true);
  CancelRewrite();
  CancelJob();
  const auto give_up = [this](const Done& then, std::string_view reason) {
    const std::string why(reason);
    shutting_down_ = false;
    if (log_state_ == LogState::kWaits) rewrite_scheduled_ = true;
    Warn(kShutdownErrors);
    then(why);
    Hold(false);
  };
  const bool saves_at_all = save != ShutdownSave::kNo;
  const bool saves =
      save == ShutdownSave::kYes || (save == ShutdownSave::kAsConfigured && !save_points_.empty());
  const auto end = [this, done] {
    const auto finish = [this, done](const Outcome&, Operation&) {
      is_shut_down_ = true;
      done({});
    };
    Operation last{.kind = Operation::Kind::kSize, .file = settings().dbfilename, .done = finish};
    // After the removal of what has been called off.
    if (!storage_.is_idle(Lane::kSnapshot)) return storage_.Add(Lane::kSnapshot, std::move(last));
    finish({}, last);
  };
  const auto write_snapshot = [this, saves, force, give_up, end, done] {
    if (!saves) return end();
    Notice("Saving the final RDB snapshot before exiting.");
    StartSave(true, [this, force, give_up, end, done](std::string_view error) {
      if (error.empty()) return end();
      Warn(force ? "Error trying to save the DB. Exit anyway."
                 : "Error trying to save the DB, can't exit.");
      force ? end() : give_up(done, error);
    });
  };
  if (!attached_) return write_snapshot();
  Notice("Calling fsync() on the AOF file.");
  log_.WhenSettled(
      [this, force, saves_at_all, give_up, done, write_snapshot](std::string_view error) {
        if (error.empty() || force || !saves_at_all) return write_snapshot();
        Warn("The AOF cannot be written, can't exit.");
        give_up(done, error);
      });
}

}  // namespace kvasm::durability
