// INFO persistence.
#include <algorithm>

#include "core/commands/info_text.h"
#include "core/durability/durability.h"

namespace kvasm::commands {
namespace {

using durability::Durability;
using durability::Loader;

std::string_view Status(bool ok) { return ok ? "ok" : "err"; }

double Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void Snapshots(const Durability& durability, InfoText& out) {
  const durability::SnapshotJob* job = durability.job();
  const bool is_active = durability.JobSeconds() >= 0;
  const uint64_t done = is_active ? job->keys_done() : 0;
  const uint64_t total = is_active ? job->keys_total() : 0;
  // Nothing is copied for a snapshot: what Redis counts as copy-on-write does not exist.
  out.Lines({"current_cow_peak", "current_cow_size", "current_cow_size_age"}, "0");
  out.Line("current_fork_perc", base::Fixed(std::min(Percent(done, total), 100.0), 2));
  out.Line("current_save_keys_processed", done);
  out.Line("current_save_keys_total", total);
  out.Line("rdb_changes_since_last_save", durability.ChangesSinceSave());
  out.Line("rdb_bgsave_in_progress", durability.is_saving() ? "1" : "0");
  out.Line("rdb_last_save_time", base::Int64Text(durability.last_save_s()));
  out.Line("rdb_last_bgsave_status", Status(durability.saves().ok));
  out.Line("rdb_last_bgsave_time_sec", base::Int64Text(durability.saves().last_s));
  out.Line("rdb_current_bgsave_time_sec",
           base::Int64Text(durability.is_saving() ? durability.JobSeconds() : -1));
  out.Line("rdb_saves", durability.saves().count);
  out.Line("rdb_last_cow_size", "0");
  out.Line("rdb_last_load_keys_expired", durability.last_load().keys_expired);
  out.Line("rdb_last_load_keys_loaded", durability.last_load().keys_loaded);
}

void Log(Durability& durability, InfoText& out) {
  const bool is_on = durability.log_state() != Durability::LogState::kOff;
  const durability::AppendLog& log = durability.log();
  const std::string_view scheduled = durability.is_rewrite_scheduled() ? "1" : "0";
  out.Line("aof_enabled", is_on ? "1" : "0");
  out.Line("aof_rewrite_in_progress", durability.is_rewriting() ? "1" : "0");
  out.Line("aof_rewrite_scheduled", scheduled);
  out.Line("aof_last_rewrite_time_sec", base::Int64Text(durability.rewrites().last_s));
  out.Line("aof_current_rewrite_time_sec",
           base::Int64Text(durability.is_rewriting() ? std::max<int64_t>(durability.JobSeconds(), 0)
                                                     : -1));
  out.Line("aof_last_bgrewrite_status", Status(durability.rewrites().ok));
  out.Line("aof_rewrites", durability.rewrites().count);
  out.Line("aof_rewrites_consecutive_failures", durability.rewrite_failures());
  out.Line("aof_last_write_status", Status(!log.is_failing()));
  out.Lines({"aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"}, "0");
  if (!is_on) return;
  out.Line("aof_current_size", durability.log_bytes());
  out.Line("aof_base_size", durability.log_base_bytes());
  out.Line("aof_pending_rewrite", scheduled);
  out.Line("aof_buffer_length", log.buffered_bytes());
  out.Line("aof_pending_bio_fsync", log.is_syncing() ? "1" : "0");
  out.Line("aof_delayed_fsync", log.delayed_syncs());
}

void Loading(const Loader::Progress& progress, int64_t now_ms, InfoText& out) {
  const uint64_t total = progress.bytes_total;
  const uint64_t loaded = progress.bytes_loaded;
  const int64_t elapsed_s = (now_ms - progress.began_ms) / 1000;
  const auto left = static_cast<int64_t>(total - std::min(loaded, total));
  out.Line("loading_start_time", base::Int64Text(progress.began_ms / 1000));
  out.Line("loading_total_bytes", total);
  out.Line("loading_rdb_used_mem", progress.rdb_used_memory);
  out.Line("loading_loaded_bytes", loaded);
  out.Line("loading_loaded_perc", base::Fixed(Percent(loaded, total), 2));
  out.Line(
      "loading_eta_seconds",
      base::Int64Text(elapsed_s == 0 ? 1 : elapsed_s * left / (static_cast<int64_t>(loaded) + 1)));
}

}  // namespace

void InfoPersistence(command::Call& call, InfoText& out) {
  Durability& durability = call.durability;
  const Loader* loader = durability.loader();
  out.Line("loading", durability.is_loading() ? "1" : "0");
  out.Line("async_loading", "0");
  Snapshots(durability, out);
  Log(durability, out);
  if (loader != nullptr) Loading(loader->progress(), call.now_ms(), out);
}

}  // namespace kvasm::commands
