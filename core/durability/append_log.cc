#include "core/durability/append_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kvasm::durability {

using persist::Operation;
using persist::Outcome;
using Lane = persist::StorageQueue::Lane;

void AppendLog::Open(std::string file, uint64_t bytes) {
  closing_ = false;
  file_bytes_ = bytes;
  lost_before_ = wants_rewrite();
  lost_ = false;
  opened_at_ = recorded_;
  if (!parts_.empty() && parts_.back().bytes.size() == 0 && !is_appending_) {
    // Nothing is left to be written to the one before.
    SyncOlder(parts_.back().file);
    parts_.pop_back();
  }
  parts_.push_back({.file = std::move(file), .bytes = {}, .file_bytes = bytes, .begin = recorded_});
}

void AppendLog::Close() { closing_ = true; }

void AppendLog::Discard() {
  for (Part& part : parts_) {
    recorded_ -= part.bytes.size();
    part.bytes.Clear();
  }
  opened_at_ = std::min(opened_at_, recorded_);
  rewritten_ = std::min(rewritten_, recorded_);
  for (Settling& settling : settling_) settling.until = std::min(settling.until, recorded_);
  parts_.resize(is_appending_ ? 1 : 0);
  closing_ = true;
}

void AppendLog::Record(std::span<const std::string_view> arguments) {
  if (!is_open()) return;
  persist::Block& bytes = parts_.back().bytes;
  const size_t before = bytes.size();
  if (timestamps_on_) timestamps_.Note(bytes, NowMs() / 1000);
  persist::AppendRecord(bytes, arguments);
  if (bytes.failed()) {
    // Its effect is in memory only: nothing more may be written before a rewrite.
    bytes.Resize(before);
    lost_ = true;
    Fail("recording for", parts_.back().file, kNoMemory);
    return;
  }
  if (unwritten_since_ms_ == 0) unwritten_since_ms_ = NowMs();
  recorded_ += bytes.size() - before;
}

bool AppendLog::HoldsReplies(int64_t now_ms) {
  // While it fails writes are refused: what is asked then has nothing to wait for.
  if (recorded_ == synced_ || is_failing()) return false;
  if (policy_ == Policy::kAlways) return true;
  if (policy_ == Policy::kNo || unwritten_since_ms_ == 0) return false;
  const bool is_behind = now_ms - unwritten_since_ms_ > kBehindMs && recorded_ != written_;
  if (is_behind && !is_behind_) ++delayed_syncs_;
  is_behind_ = is_behind;
  return is_behind;
}

void AppendLog::Flush() {
  if (is_failing()) {
    if (!wants_rewrite() && NowMs() - failed_ms_ >= kRetryAfterMs) Recover();
    return;
  }
  if (!is_appending_ && has_unwritten()) Append(parts_.front());
  if (is_syncing_ || synced_ == written_) return;
  const bool is_due =
      policy_ == Policy::kEverySecond && !spares_disk_ && NowMs() - sync_began_ms_ >= kSyncEveryMs;
  const bool is_waited_for = (policy_ == Policy::kAlways && !is_appending_) ||
                             (!settling_.empty() && settling_.front().until <= written_);
  if (is_due || is_waited_for || (closing_ && recorded_ == written_)) Sync();
}

void AppendLog::Append(Part& part) {
  if (flush_sleep_us_ > 0) host_.clock.SleepUs(flush_sleep_us_);
  is_appending_ = true;
  ++turn_;
  Operation operation{.kind = Operation::Kind::kAppend, .file = part.file};
  operation.bytes = std::move(part.bytes);
  // Until it is the turn of what was recorded for the next file.
  const uint64_t end = written_ + operation.bytes.size();
  operation.synced = policy_ == Policy::kAlways;
  operation.done = [this, end](const Outcome& outcome, Operation& ended) {
    EndAppend(outcome, ended, end);
  };
  storage_.Add(Lane::kLog, std::move(operation));
}

void AppendLog::EndAppend(const Outcome& outcome, Operation& operation, uint64_t end) {
  is_appending_ = false;
  if (written_ < rewritten_) {
    SkipRewritten();
    Flush();
    return Progressed();
  }
  Part& part = parts_.front();
  if (!outcome.ok()) {
    operation.bytes.Append(part.bytes.view());
    part.bytes = std::move(operation.bytes);
    cut_back_ = true;
    if (part.bytes.failed()) return Lose(part.file, kNoMemory, end);
    // It may have been the sync, and not of these bytes alone.
    if (operation.synced && synced_ != written_) return Lose(part.file, outcome.error, end);
    return Fail("writing to", part.file, outcome.error);
  }
  if (is_failing() && !wants_rewrite()) {
    error_.clear();
    host_.log.Write(host::LogLevel::kWarning,
                    "The AOF can be written again: " + part.file + " is up to date");
  }
  cut_back_ = false;
  part.file_bytes += end - written_;
  if (part.bytes.size() == 0 && operation.bytes.capacity() <= kRoomKept) {
    operation.bytes.Resize(0);
    part.bytes = std::move(operation.bytes);
  }
  written_ = end;
  unwritten_since_ms_ = recorded_ == written_ ? 0 : NowMs();
  if (operation.synced && !wants_rewrite()) synced_ = end;
  if (parts_.size() > 1 && part.bytes.size() == 0) {
    SyncOlder(part.file);
    parts_.pop_front();
  } else if (parts_.size() == 1) {
    file_bytes_ = part.file_bytes;
  }
  Flush();
  Progressed();
}

void AppendLog::Sync() {
  if (parts_.empty()) return;
  is_syncing_ = true;
  sync_began_ms_ = NowMs();
  const uint64_t end = written_;
  storage_.Add(Lane::kLog, {.kind = Operation::Kind::kSync,
                            .file = parts_.front().file,
                            .done = [this, end](const Outcome& outcome, Operation& ended) {
                              EndSync(outcome, ended.file, end);
                            }});
}

void AppendLog::EndSync(const Outcome& outcome, const std::string& file, uint64_t end) {
  is_syncing_ = false;
  if (!outcome.ok()) return Lose(file, outcome.error, end);
  if (!wants_rewrite()) synced_ = std::max(synced_, end);
  Flush();
  Progressed();
}

void AppendLog::SyncOlder(const std::string& file) {
  if (synced_ == written_) return;
  storage_.Add(Lane::kLog,
               {.kind = Operation::Kind::kSync,
                .file = file,
                .done = [this, end = written_](const Outcome& outcome, Operation& ended) {
                  if (!outcome.ok()) Lose(ended.file, outcome.error, end);
                }});
}

void AppendLog::EndRewrite() {
  rewritten_ = opened_at_;
  const bool was_failing = is_failing();
  SkipRewritten();
  if (std::exchange(lost_before_, false) && !lost_) {
    synced_ = std::max(synced_, rewritten_);
    if (!cut_back_) error_.clear();
  }
  if (was_failing && !is_failing()) {
    host_.log.Write(host::LogLevel::kWarning, "The AOF has been rewritten, and is up to date");
  }
  Flush();
  Progressed();
}

void AppendLog::SkipRewritten() {
  if (is_appending_ || written_ >= rewritten_) return;
  while (parts_.size() > 1 && std::next(parts_.begin())->begin <= rewritten_) parts_.pop_front();
  written_ = rewritten_;
  cut_back_ = false;
  if (lost_) return;
  synced_ = std::max(synced_, rewritten_);
  error_.clear();
}

void AppendLog::WhenSettled(std::function<void(std::string_view error)> done) {
  settling_.push_back({recorded_, std::move(done)});
  Flush();
  Progressed();
}

void AppendLog::Progressed() {
  if (on_progress_) on_progress_();
  while (!settling_.empty() && (is_failing() || settling_.front().until <= synced_)) {
    const auto done = std::move(settling_.front().done);
    settling_.pop_front();
    done(std::string(error_));
  }
}

void AppendLog::Fail(std::string_view what, const std::string& file, std::string_view reason) {
  failed_ms_ = NowMs();
  if (error_ != reason) {
    error_ = reason;
    host_.log.Write(
        host::LogLevel::kWarning,
        "Error " + std::string(what) + " the AOF file " + file + ": " + error_ +
            (wants_rewrite() ? ". It is rewritten" : ". It is tried again every second"));
  }
  // Last: who is told may have the log forget its files.
  if (!settling_.empty()) Progressed();
}

void AppendLog::Lose(const std::string& file, std::string_view reason, uint64_t end) {
  if (end <= rewritten_) return;
  (end <= opened_at_ ? lost_before_ : lost_) = true;
  Fail("writing to", file, reason);
}

void AppendLog::Recover() {
  if (is_busy() || parts_.empty()) return;
  failed_ms_ = NowMs();
  is_appending_ = true;
  Part& part = parts_.front();
  storage_.Add(Lane::kLog, {.kind = Operation::Kind::kTruncate,
                            .file = part.file,
                            .offset = part.file_bytes,
                            .done = [this](const Outcome& outcome, Operation& ended) {
                              is_appending_ = false;
                              if (written_ < rewritten_) return SkipRewritten();
                              if (!outcome.ok()) {
                                return Fail("cutting back", ended.file, outcome.error);
                              }
                              Append(parts_.front());
                            }});
}

}  // namespace kvasm::durability
