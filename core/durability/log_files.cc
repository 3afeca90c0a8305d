// Durability: the files of the log, their manifest, and their rewriting.
#include <algorithm>
#include <utility>

#include "core/base/errors.h"
#include "core/base/numbers.h"
#include "core/durability/durability.h"

namespace kvasm::durability {

using persist::Manifest;
using persist::Operation;
using persist::Outcome;

namespace {

AppendLog::Policy PolicyNamed(std::string_view name) {
  using Policy = AppendLog::Policy;
  if (name == "always") return Policy::kAlways;
  return name == "no" ? Policy::kNo : Policy::kEverySecond;
}

}  // namespace

void Durability::ApplySetting(std::string_view name) {
  if (name == "save") ReadSavePoints();
  if (name == "rdb-key-save-delay") next_step_us_ = 0;
  if (name == "aof-disable-auto-gc" && !loading_ && !is_rewriting_) {
    RemoveHistory([](std::string_view) {});
  }
  log_.set_policy(PolicyNamed(settings().appendfsync));
  log_.set_timestamps(settings().aof_timestamp_enabled);
  if (name == "appendonly" && has_storage_ && !loading_) SwitchLog(settings().appendonly);
}

uint64_t Durability::log_bytes() const {
  return base_bytes_ + older_bytes_ + log_.file_bytes() + log_.buffered_bytes();
}

void Durability::StoreManifest(Manifest manifest, Done done) {
  Operation operation{.kind = Operation::Kind::kReplace,
                      .file = LogPath(persist::ManifestName(settings().appendfilename))};
  operation.bytes.Append(manifest.Text());
  operation.done = [this, manifest = std::move(manifest), done = std::move(done)](
                       const Outcome& outcome, Operation&) {
    if (outcome.ok()) {
      manifest_ = manifest;
    } else {
      Warn("Error trying to write the AOF manifest file: " + std::string(outcome.error));
    }
    if (done) done(outcome.error);
  };
  storage_.Add(Lane::kFiles, std::move(operation));
}

void Durability::AttachLog() {
  if (attached_) return;
  attached_ = true;
  parts_.keyspace.journal().Attach(log_, keyspace::Journal::kAof);
}

void Durability::DetachLog() {
  if (!attached_) return;
  attached_ = false;
  parts_.keyspace.journal().Detach(log_);
}

// The records that follow go to this file; the first of them says which database it is for.
void Durability::OpenTail(std::string name, uint64_t bytes) {
  DetachLog();
  log_.Open(LogPath(name), bytes);
  AttachLog();
}

void Durability::OpenLastTail() {
  const uint64_t bytes = log_files_bytes_.empty() ? 0 : log_files_bytes_.back();
  older_bytes_ -= std::min(older_bytes_, bytes);
  OpenTail(manifest_.increments().back().name, bytes);
}

void Durability::CreateLog(Done done) {
  const auto open = [this, done](std::string_view error) {
    if (!error.empty()) return done(error);
    log_state_ = LogState::kOn;
    RemoveHistory([](std::string_view) {});
    if (!manifest_.increments().empty()) {
      Notice("Opening AOF incr file " + manifest_.increments().back().name + " on server start");
      OpenLastTail();
      return done({});
    }
    Manifest next = manifest_;
    const std::string name = next.NewIncrement(settings().appendfilename).name;
    Notice("Creating AOF incr file " + name + " on server start");
    CreateTail(Lane::kFiles, name,
               [this, next = std::move(next), name, done](std::string_view problem) mutable {
                 if (!problem.empty()) return done(problem);
                 StoreManifest(std::move(next), [this, name, done](std::string_view failure) {
                   if (failure.empty()) OpenTail(name, 0);
                   done(failure);
                 });
               });
  };
  if (manifest_.base() || !manifest_.increments().empty()) return open({});
  Manifest next = manifest_;
  base_is_rdb_ = settings().aof_use_rdb_preamble;
  base_name_ = next.NewBase(settings().appendfilename, base_is_rdb_).name;
  Notice("Creating AOF base file " + base_name_ + " on server start");
  SnapshotOrder order = RewriteOrder();
  order.in_haste = true;
  StartJob(JobKind::kOther, std::move(order), [this, next, open](std::string_view error) {
    if (!error.empty()) return open(error);
    rewritten_bytes_ = base_bytes_ = job_->bytes();
    StoreManifest(next, open);
  });
}

// An empty file of this name, whatever was there.
void Durability::CreateTail(Lane lane, std::string_view name, Done done) {
  storage_.Add(lane, {.kind = Operation::Kind::kRemove, .file = LogPath(name)});
  storage_.Add(lane,
               {.kind = Operation::Kind::kAppend,
                .file = LogPath(name),
                .synced = true,  // before a manifest names it
                .done = [this, done = std::move(done)](const Outcome& outcome, Operation& ended) {
                  if (!outcome.ok()) {
                    Warn("Can't open the append-only file " + ended.file + ": " +
                         std::string(outcome.error));
                  }
                  done(outcome.error);
                }});
}

SnapshotOrder Durability::RewriteOrder() {
  SnapshotOrder order = OrderFor(LogPath(base_name_), true);
  order.temporary =
      LogPath("temp-rewriteaof-bg-" + base::Int64Text(parts_.identity.process_id) + ".aof");
  order.notes_time = settings().aof_timestamp_enabled;
  order.form = base_is_rdb_ ? SnapshotOrder::Form::kRdb : SnapshotOrder::Form::kCommands;
  return order;
}

base::Result<bool> Durability::Rewrite(bool schedule) {
  if (!has_storage_) return base::Error(errors::kNoStorage);
  if (is_rewriting()) return base::Error(errors::kRewriteInProgress);
  if (schedule || job_kind_ != JobKind::kNone || !storage_.is_idle(Lane::kFiles) || holding_) {
    rewrite_failures_ = 0;
    rewrite_scheduled_ = true;
    return true;
  }
  StartRewrite();
  return false;
}

// First the file for what comes after the cut is made and, unless this is the log's beginning,
// named in the manifest; the cut is made when that has been done.
void Durability::StartRewrite() {
  rewrite_scheduled_ = false;
  last_rewrite_ms_ = NowMs();
  Manifest next = manifest_;
  base_is_rdb_ = settings().aof_use_rdb_preamble;
  base_name_ = next.NewBase(settings().appendfilename, base_is_rdb_).name;
  is_rewriting_ = true;
  ++rewrite_id_;
  next_tail_.clear();
  if (log_state_ == LogState::kOff) return CutForRewrite();
  next = manifest_;
  next_tail_ = next.NewIncrement(settings().appendfilename).name;
  Notice("Creating AOF incr file " + next_tail_ + " on background rewrite");
  const Done cut = OfRewrite([this](std::string_view error) {
    if (!error.empty()) {
      NoteRewrite(error);
      return TellAll(log_waiters_, error);
    }
    TellAll(log_waiters_, {});
    cut_is_due_ = true;
    if (MayCut()) CutForRewrite();
  });
  // What has been called off may have left records on their way to a file of this name.
  if (log_state_ == LogState::kWaits) return CreateTail(Lane::kLog, next_tail_, cut);
  CreateTail(Lane::kFiles, next_tail_, OfRewrite([this, cut, next](std::string_view error) {
               error.empty() ? StoreManifest(next, cut) : NoteRewrite(error);
             }));
}

Durability::Done Durability::OfRewrite(Done step) {
  return [this, id = rewrite_id_, step = std::move(step)](std::string_view error) {
    if (is_rewriting_ && id == rewrite_id_) step(error);
  };
}

void Durability::CutForRewrite() {
  cut_is_due_ = false;
  if (!next_tail_.empty()) {
    older_bytes_ += log_.file_bytes() + log_.buffered_bytes();
    if (log_state_ == LogState::kWaits) pending_tail_ = next_tail_;
    OpenTail(next_tail_, 0);
  }
  Notice("Background append only file rewriting started by pid " +
         base::Int64Text(parts_.identity.process_id));
  StartJob(JobKind::kRewrite, RewriteOrder(),
           OfRewrite([this](std::string_view error) { EndRewrite(error); }));
}

// What it has made so far is of no use. A file that the manifest names by now is an increment like
// the others, and empty.
void Durability::CancelRewrite() {
  rewrite_scheduled_ = false;
  if (!is_rewriting_) return TellAll(rewrite_waiters_, kCancelled);
  is_rewriting_ = cut_is_due_ = false;
  if (job_kind_ == JobKind::kRewrite) CancelJob();
  if (log_state_ == LogState::kWaits) DropPendingTail();
  TellAll(rewrite_waiters_, kCancelled);
}

void Durability::EndRewrite(std::string_view error) {
  if (!error.empty()) {
    Warn("Background AOF rewrite terminated with error: " + std::string(error));
    return NoteRewrite(error);
  }
  Manifest next = manifest_;
  if (!pending_tail_.empty()) {
    // What an earlier log has left is of the past, whole.
    next.RetireIncrements(false);
    next.NewIncrement(settings().appendfilename);
  }
  next.NewBase(settings().appendfilename, base_is_rdb_);
  next.RetireIncrements(log_state_ != LogState::kOff);
  const uint64_t bytes = job_->bytes();
  StoreManifest(std::move(next), OfRewrite([this, bytes](std::string_view problem) {
                  // If it failed the new manifest may be there nevertheless: what it names stays.
                  const bool is_first = !std::exchange(pending_tail_, {}).empty();
                  if (!problem.empty()) return NoteRewrite(problem);
                  base_bytes_ = bytes;
                  older_bytes_ = 0;
                  rewritten_bytes_ = log_bytes();
                  if (is_first) log_state_ = LogState::kOn;
                  log_.EndRewrite();
                  parts_.server.ReleaseReplies();
                  RemoveHistory(OfRewrite([this](std::string_view) {
                    Notice("Background AOF rewrite finished successfully");
                    NoteRewrite({});
                  }));
                }));
}

void Durability::NoteRewrite(std::string_view error) {
  const std::string reason(error);
  rewrites_.ok = reason.empty();
  is_rewriting_ = false;
  rewrites_.last_s = (NowMs() - last_rewrite_ms_) / 1000;
  TellAll(rewrite_waiters_, reason);
  if (rewrites_.ok) {
    ++rewrites_.count;
    rewrite_failures_ = 0;
    return;
  }
  ++rewrite_failures_;
  if (log_state_ != LogState::kWaits) return;
  // A log that has no base yet begins again.
  DropPendingTail();
  rewrite_scheduled_ = true;
}

void Durability::DropPendingTail() {
  DetachLog();
  log_.Discard();
  const std::string tail = std::exchange(pending_tail_, {});
  // A manifest on its way to the disk may name it.
  if (tail.empty() || !storage_.is_idle(Lane::kFiles)) return;
  Notice("Removing the temp incr aof file " + tail + " in the background");
  storage_.Add(Lane::kLog, {.kind = Operation::Kind::kRemove, .file = LogPath(tail)});
}

void Durability::RemoveHistory(Done done) {
  if (manifest_.history().empty() || settings().aof_disable_auto_gc) return done({});
  Manifest next = manifest_;
  next.ForgetHistory();
  for (const persist::AofFile& file : manifest_.history()) {
    Notice("Removing the history file " + file.name + " in the background");
    storage_.Add(Lane::kFiles, {.kind = Operation::Kind::kRemove, .file = LogPath(file.name)});
  }
  StoreManifest(std::move(next), std::move(done));
}

bool Durability::AwaitLog(uint64_t session_id, std::vector<services::Config::Pair> before) {
  if (log_state_ != LogState::kWaits || !is_rewriting_ || !pending_tail_.empty()) return false;
  log_waiters_.push_back([this, session_id, before = std::move(before)](std::string_view error) {
    if (error.empty()) return parts_.server.EndHostWait(session_id, base::Status::Ok());
    parts_.config.Restore(before);
    constexpr std::string_view kReason = "Unable to turn on AOF. Check server logs.";
    parts_.server.EndHostWait(session_id, base::Error(errors::ConfigFailed("appendonly", kReason)));
  });
  return true;
}

std::vector<Durability::SyncWaiter> Durability::TakeSynced() {
  std::vector<SyncWaiter> synced;
  std::erase_if(sync_waiters_, [&](const SyncWaiter& waiter) {
    const bool is_over = log_state_ == LogState::kOff || IsSynced(waiter.until);
    if (is_over) synced.push_back(waiter);
    return is_over;
  });
  return synced;
}

void Durability::SwitchLog(bool on) {
  if (!on) {
    if (is_rewriting_) Notice("Killing running AOF rewrite child");
    CancelRewrite();
    DetachLog();
    log_.Close();
    log_.Flush();
    log_state_ = LogState::kOff;
    parts_.server.ReleaseReplies();
    return;
  }
  if (log_state_ != LogState::kOff) return;
  if (is_rewriting_) CancelRewrite();
  log_state_ = LogState::kWaits;
  if (job_kind_ != JobKind::kNone || !storage_.is_idle(Lane::kFiles) || !MayCut()) {
    if (job_kind_ != JobKind::kNone) {
      Notice(
          "AOF was enabled but there is already another background operation. An AOF background "
          "was scheduled to start when possible.");
    }
    rewrite_scheduled_ = true;
    return;
  }
  StartRewrite();
}

}  // namespace kvasm::durability
