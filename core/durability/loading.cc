// Durability: what is loaded when the engine starts, and by DEBUG RELOAD and LOADAOF.
#include <utility>

#include "core/base/errors.h"
#include "core/base/numbers.h"
#include "core/durability/durability.h"

namespace kvasm::durability {

using persist::Operation;
using persist::Outcome;

Durability::Durability(const Parts& parts) : parts_(parts), log_(storage_, parts.host) {
  last_save_s_ = NowMs() / 1000;
  log_.OnProgress([this] { parts_.server.ReleaseReplies(); });
}

Durability::~Durability() {
  if (attached_) parts_.keyspace.journal().Detach(log_);
}

void Durability::Start(Done done) {
  has_storage_ = true;
  loading_ = true;
  ReadSavePoints();
  start_done_ = std::move(done);
  // Also without a log: the numbers of its files go on where an earlier one has ended.
  ReadManifest([this](std::string_view error) {
    if (!error.empty()) return EndStart(error);
    if (!settings().appendonly) {
      return LoadSnapshot([this](std::string_view problem) { EndStart(problem); });
    }
    LookForOldLog([this](std::string_view problem) {
      if (!problem.empty()) return EndStart(problem);
      const auto loaded = [this](std::string_view failure) {
        if (!failure.empty()) return EndStart(failure);
        CreateLog([this](std::string_view reason) { EndStart(reason); });
      };
      // Where there is no log yet it begins with what the snapshot holds.
      manifest_.empty() ? LoadSnapshot(loaded) : LoadLog(loaded);
    });
  });
}

void Durability::EndStart(std::string_view error) {
  const std::string reason(error);
  loading_ = !reason.empty();  // with half of the data nobody is to be served
  saved_changes_ = parts_.keyspace.stats().dirty;
  last_save_s_ = NowMs() / 1000;
  std::exchange(start_done_, nullptr)(reason);
}

void Durability::LoadFile(std::string path, Done done) {
  loading_ = true;
  Load({.files = {{.path = path, .name = path}}},
       [this, done = std::move(done)](std::string_view error) {
         loading_ = false;
         done(error);
       });
}

void Durability::Load(LoadOrder order, Done done) {
  if (order.files.empty()) {
    last_load_ = {.began_ms = NowMs()};
    log_files_bytes_.clear();
    return done({});
  }
  order.takes_truncated = settings().aof_load_truncated;
  order.verify_checksum = settings().rdbchecksum;
  load_done_ = std::move(done);
  loader_ = std::make_unique<Loader>(
      Loader::Parts{parts_.host, parts_.keyspace, parts_.libraries, storage_, parts_.server},
      std::move(order), [this](std::string_view error) { EndLoad(error); });
}

void Durability::EndLoad(std::string_view error) {
  const std::string reason(error);
  last_load_ = loader_->progress();
  const std::unique_ptr<Loader> ended = std::move(loader_);  // it is its call
  if (ended->has_failed_rdb() && start_done_) {
    Warn("Terminating server after rdb file reading failure.");
  }
  log_files_bytes_.clear();
  for (size_t i = 0; reason.empty() && i < ended->file_count(); ++i) {
    log_files_bytes_.push_back(ended->BytesOf(i));
  }
  std::exchange(load_done_, nullptr)(reason);
}

void Durability::LoadSnapshot(Done done) {
  const std::string file = settings().dbfilename;
  storage_.Add(Lane::kLog, {.kind = Operation::Kind::kSize,
                            .file = file,
                            .done = [this, file, done](const Outcome& outcome, Operation&) {
                              if (!outcome.ok()) {
                                return done("Fatal error: can't open the RDB file " + file +
                                            " for reading: " + std::string(outcome.error));
                              }
                              if (outcome.absent) return done({});
                              Load({.files = {{.path = file, .name = file}}},
                                   [this, done](std::string_view error) {
                                     if (error.empty()) NoteLoaded("disk");
                                     done(error);
                                   });
                            }});
}

void Durability::NoteLoaded(std::string_view from) {
  const auto seconds = static_cast<double>(NowMs() - last_load_.began_ms) / 1000;
  Notice("Done loading RDB, keys loaded: " +
         base::Int64Text(static_cast<int64_t>(last_load_.keys_loaded)) +
         ", keys expired: " + base::Int64Text(static_cast<int64_t>(last_load_.keys_expired)) + ".");
  if (last_load_.keys_empty > 0) {
    Notice("empty keys skipped: " + base::Int64Text(static_cast<int64_t>(last_load_.keys_empty)) +
           ".");
  }
  Notice("DB loaded from " + std::string(from) + ": " + base::Fixed(seconds, 3) + " seconds");
}

std::string Durability::LogPath(std::string_view name) const {
  return settings().appenddirname + "/" + std::string(name);
}

void Durability::ReadManifest(Done done) {
  const std::string path = LogPath(persist::ManifestName(settings().appendfilename));
  constexpr uint32_t kManifestBytesMax = 16 << 20;
  storage_.Add(Lane::kLog, {.kind = Operation::Kind::kSize,
                            .file = path,
                            .done = [this, path, done](const Outcome& outcome, Operation&) {
                              if (!outcome.ok()) {
                                return done("Fatal error: can't open the AOF manifest file " +
                                            path + " for reading: " + std::string(outcome.error));
                              }
                              if (outcome.absent) return done({});
                              storage_.Add(
                                  Lane::kLog,
                                  {.kind = Operation::Kind::kRead,
                                   .file = path,
                                   .length = kManifestBytesMax,
                                   .done = [this, path, done](const Outcome& read, Operation&) {
                                     if (!read.ok()) return done(read.error);
                                     TakeManifest(path, read.bytes, done);
                                   }});
                            }});
}

void Durability::TakeManifest(const std::string& path, std::string_view text, const Done& done) {
  persist::ManifestFault fault;
  std::optional<persist::Manifest> manifest = persist::Manifest::Parse(text, fault);
  if (manifest) {
    manifest_ = std::move(*manifest);
    return done({});
  }
  Warn("*** FATAL AOF MANIFEST FILE ERROR ***");
  std::string error = path;
  if (fault.line != 0) {
    const std::string place = ", at line " + base::Int64Text(fault.line);
    Warn("Reading the manifest file" + place);
    Warn(">>> '" + fault.line_text + "'");
    error += place + " ('" + fault.line_text + "')";
  }
  error += ": ";
  error += fault.text;
  done(error);
}

// The single file of versions before 7 becomes the base.
void Durability::LookForOldLog(Done done) {
  const std::string& name = settings().appendfilename;
  const bool is_adopted = manifest_.base() && manifest_.base()->name == name &&
                          manifest_.increments().empty() && manifest_.history().empty();
  if (!manifest_.empty() && !is_adopted) return done({});
  if (is_adopted) {
    // Perhaps it was not moved any more.
    const auto look = [this, name, done](const Outcome& outcome, Operation&) {
      if (!outcome.ok()) return done(outcome.error);
      outcome.absent ? MoveOldLog(done) : done({});
    };
    storage_.Add(Lane::kLog, {.kind = Operation::Kind::kSize, .file = LogPath(name), .done = look});
    return;
  }
  storage_.Add(Lane::kLog, {.kind = Operation::Kind::kSize,
                            .file = name,
                            .done = [this, done](const Outcome& outcome, Operation&) {
                              if (!outcome.ok()) return done(outcome.error);
                              outcome.absent ? done({}) : AdoptOldLog(done);
                            }});
}

void Durability::AdoptOldLog(Done done) {
  const std::string& name = settings().appendfilename;
  persist::Manifest adopted;
  adopted.AdoptOldFile(name);
  StoreManifest(std::move(adopted), [this, done](std::string_view error) {
    error.empty() ? MoveOldLog(done) : done(error);
  });
}

void Durability::MoveOldLog(Done done) {
  const std::string& old = settings().appendfilename;
  const auto moved = [this, done](const Outcome& outcome, Operation&) {
    // That it is nowhere, loading tells.
    if (outcome.ok()) {
      Notice("Successfully migrated an old-style AOF file (" + settings().appendfilename +
             ") into the AOF directory (" + settings().appenddirname + ").");
    }
    done({});
  };
  storage_.Add(Lane::kLog,
               {.kind = Operation::Kind::kRename, .file = old, .to = LogPath(old), .done = moved});
}

void Durability::LoadLog(Done done) {
  LoadOrder order;
  if (manifest_.base()) {
    const std::string& name = manifest_.base()->name;
    order.files.push_back({.path = LogPath(name), .name = name, .is_log = true, .is_base = true});
  }
  for (const persist::AofFile& file : manifest_.increments()) {
    order.files.push_back({.path = LogPath(file.name), .name = file.name, .is_log = true});
  }
  Load(std::move(order), [this, done](std::string_view error) {
    if (!error.empty()) return done(error);
    base_bytes_ = older_bytes_ = 0;
    for (size_t i = 0; i < log_files_bytes_.size(); ++i) {
      (i == 0 && manifest_.base() ? base_bytes_ : older_bytes_) += log_files_bytes_[i];
    }
    rewritten_bytes_ = base_bytes_;  // what came after it then, nobody has noted
    const auto seconds = static_cast<double>(NowMs() - last_load_.began_ms) / 1000;
    if (!manifest_.empty()) {
      Notice("DB loaded from append only file: " + base::Fixed(seconds, 3) + " seconds");
    }
    done({});
  });
}

base::Status Durability::Reload(uint64_t session_id, ReloadOptions options) {
  if (!has_storage_) return base::Error(errors::kNoStorage);
  if (loading_) return base::Error(errors::kLoading);
  if (job_kind_ != JobKind::kNone || is_rewriting_) {
    return base::Error(is_saving() ? errors::kSaveInProgress : errors::kOtherJobActive);
  }
  Hold(true);
  if (!options.saves) {
    LoadAgain(session_id, options);
    return base::Status::Ok();
  }
  StartSave(true, [this, session_id, options](std::string_view error) {
    if (error.empty()) return LoadAgain(session_id, options);
    Hold(false);
    parts_.server.EndHostWait(session_id, base::Error(errors::kPlain));
  });
  return base::Status::Ok();
}

void Durability::LoadAgain(uint64_t session_id, const ReloadOptions& options) {
  if (options.flushes) parts_.server.DropData();
  loading_ = true;
  LoadOrder order{.files = {{.path = settings().dbfilename, .name = settings().dbfilename}}};
  order.replaces = options.merges;
  Load(std::move(order),
       [this, session_id](std::string_view error) { Reloaded(session_id, error, false); });
}

void Durability::Reloaded(uint64_t session_id, std::string_view error, bool from_log) {
  loading_ = false;
  saved_changes_ = parts_.keyspace.stats().dirty;
  if (!error.empty()) Warn(std::string(error));
  Hold(false);
  if (error.empty()) {
    Notice(from_log ? "Append Only File loaded by DEBUG LOADAOF" : "DB reloaded by DEBUG RELOAD");
    return parts_.server.EndHostWait(session_id, base::Status::Ok());
  }
  parts_.server.EndHostWait(session_id,
                            base::Error(from_log ? errors::kReloadLog : errors::kReloadLoad));
}

base::Status Durability::ReloadLog(uint64_t session_id) {
  if (!has_storage_) return base::Error(errors::kNoStorage);
  if (loading_) return base::Error(errors::kLoading);
  if (job_kind_ != JobKind::kNone || is_rewriting_ || !storage_.is_idle(Lane::kFiles)) {
    return base::Error(is_saving() ? errors::kSaveInProgress : errors::kOtherJobActive);
  }
  // From here on nothing ends before this returns: the session does not wait yet.
  if (attached_ && log_.is_failing()) {
    Warn(log_.error());
    return base::Error(errors::kReloadLog);
  }
  Hold(true);
  const auto load = [this, session_id](std::string_view reason) {
    if (!reason.empty()) return Reloaded(session_id, reason, true);
    const bool was_attached = attached_;
    DetachLog();
    parts_.server.DropData();
    loading_ = true;
    const auto loaded = [this, session_id, was_attached](std::string_view error) {
      const std::string failure(error);
      if (was_attached) {
        // A tail that was cut off is shorter than it was.
        const bool is_loaded = failure.empty() && !manifest_.increments().empty();
        is_loaded ? OpenLastTail() : AttachLog();
      }
      Reloaded(session_id, failure, true);
    };
    // What it says, not what there was: numbers of files that are gone are given anew.
    ReadManifest([this, loaded](std::string_view error) {
      error.empty() ? LoadLog(loaded) : loaded(error);
    });
  };
  if (!attached_) {
    load({});
    return base::Status::Ok();
  }
  log_.WhenSettled(load);
  return base::Status::Ok();
}

}  // namespace kvasm::durability
