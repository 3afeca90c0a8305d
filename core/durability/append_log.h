// The tail of the append-only file: the journal's records as bytes, handed to the storage in order
// and made durable as appendfsync says.
//
//   recorded ---------- written ---------- synced
//   (in memory)     (append has ended)   (survives a loss of power)
//
// What is recorded while an append is under way goes with the next one: however many commands a
// turn executes, they share one append and one sync. A failed append keeps its bytes; the file is
// cut back to what was whole, and it is tried again after a second. After a failed sync nobody
// knows what of the file will survive, and the next sync may succeed without having written it: a
// rewrite is wanted then, and until it has ended nothing counts as synced.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/host/host.h"
#include "core/keyspace/journal.h"
#include "core/persist/aof_writer.h"
#include "core/persist/storage.h"

namespace kvasm::durability {

class AppendLog final : public keyspace::Journal::Sink {
 public:
  enum class Policy : uint8_t { kAlways, kEverySecond, kNo };

  // Both are borrowed.
  AppendLog(persist::StorageQueue& storage, const host::Host& host)
      : storage_(storage), host_(host) {}
  AppendLog(const AppendLog&) = delete;
  AppendLog& operator=(const AppendLog&) = delete;

  // From now on records go to the end of this file, which holds `bytes` bytes; those before go to
  // the file before, which is synchronised.
  void Open(std::string file, uint64_t bytes);
  // No more records come; those there are stay to be written.
  void Close();
  // As Close, and forgets what is not on its way yet: the file is of no use.
  void Discard();
  bool is_open() const { return !closing_ && !parts_.empty(); }

  void Record(std::span<const std::string_view> arguments) override;

  void set_policy(Policy policy) { policy_ = policy; }
  Policy policy() const { return policy_; }
  // aof-timestamp-enabled.
  void set_timestamps(bool on) { timestamps_on_ = on; }
  // DEBUG AOF-FLUSH-SLEEP: a slow disk.
  void set_flush_sleep_us(int64_t us) { flush_sleep_us_ = us; }
  // no-appendfsync-on-rewrite, while a rewrite is under way.
  void set_spares_disk(bool spares) { spares_disk_ = spares; }

  // Hands over what can be: an append unless one is under way, a sync that is due.
  void Flush();
  // Whether Flush has something to hand over at once.
  bool has_work() const { return !is_appending_ && !is_failing() && has_unwritten(); }
  bool has_unwritten() const { return recorded_ != written_; }
  // Syncs what has been recorded by now, whatever the policy, and calls when that has been done, at
  // once if it has, or with the reason why it cannot be.
  void WhenSettled(std::function<void(std::string_view error)> done);
  // Calls whenever more has been written or synced.
  void OnProgress(std::function<void()> call) { on_progress_ = std::move(call); }

  // Bytes since the start.
  uint64_t recorded() const { return recorded_; }
  uint64_t synced() const { return synced_; }
  // Whether replies are to wait until what has been recorded is synced.
  bool HoldsReplies(int64_t now_ms);
  // Whether a reply that was given when `recorded` bytes had been may go.
  bool Covers(uint64_t recorded) const { return recorded <= covered(); }
  uint64_t covered() const { return policy_ == Policy::kAlways ? synced_ : written_; }

  // Changes with each append: what is recorded in one turn is written together.
  uint64_t turn() const { return turn_; }
  // Of the present file.
  uint64_t file_bytes() const { return file_bytes_; }
  uint64_t buffered_bytes() const { return recorded_ - written_; }
  bool is_syncing() const { return is_syncing_; }
  uint64_t delayed_syncs() const { return delayed_syncs_; }
  // Why the last append or sync failed; "" if it did not.
  const std::string& error() const { return error_; }
  bool is_failing() const { return !error_.empty(); }
  // Something is in memory only, and no append will change that.
  bool wants_rewrite() const { return lost_ || lost_before_; }
  // A rewrite of what there was at the last Open is durable.
  void EndRewrite();

 private:
  // One file's share of what is not written yet.
  struct Part {
    std::string file;
    persist::Block bytes;
    uint64_t file_bytes;  // that are whole
    uint64_t begin;       // bytes recorded before
  };
  // The room of what has been written serves again unless it is larger.
  static constexpr size_t kRoomKept = 512 * 1024;
  static constexpr int64_t kSyncEveryMs = 1000;
  static constexpr int64_t kRetryAfterMs = 1000;
  static constexpr int64_t kBehindMs = 2000;
  static constexpr std::string_view kNoMemory = "Out of memory";

  bool is_busy() const { return is_appending_ || is_syncing_; }
  int64_t NowMs() const { return host_.clock.NowUs() / 1000; }
  void Append(Part& part);
  void EndAppend(const persist::Outcome& outcome, persist::Operation& operation, uint64_t end);
  void Sync();
  void EndSync(const persist::Outcome& outcome, const std::string& file, uint64_t end);
  void SyncOlder(const std::string& file);
  void Fail(std::string_view what, const std::string& file, std::string_view reason);
  // As Fail, of the first `end` bytes.
  void Lose(const std::string& file, std::string_view reason, uint64_t end);
  void Recover();
  // Forgets what is not written yet but in a base by now.
  void SkipRewritten();

  persist::StorageQueue& storage_;
  const host::Host& host_;
  Policy policy_ = Policy::kEverySecond;
  std::list<Part> parts_;  // the last is the present one
  bool closing_ = false;
  bool timestamps_on_ = false;
  bool spares_disk_ = false;
  int64_t flush_sleep_us_ = 0;
  persist::AofTimestamps timestamps_;
  uint64_t recorded_ = 0;
  uint64_t written_ = 0;
  uint64_t synced_ = 0;
  uint64_t turn_ = 0;
  uint64_t file_bytes_ = 0;
  bool is_appending_ = false;
  bool is_syncing_ = false;
  bool cut_back_ = false;  // the file may end in a part of a failed append
  bool is_behind_ = false;
  bool lost_ = false;         // something recorded since the last Open
  bool lost_before_ = false;  // or before
  uint64_t opened_at_ = 0;    // bytes recorded at the last Open
  uint64_t rewritten_ = 0;    // that are in a durable base
  int64_t sync_began_ms_ = 0;
  int64_t unwritten_since_ms_ = 0;  // or unsynced; 0: neither
  int64_t failed_ms_ = 0;
  uint64_t delayed_syncs_ = 0;
  std::string error_;
  struct Settling {
    uint64_t until;
    std::function<void(std::string_view)> done;
  };
  std::list<Settling> settling_;  // in the order in which they were asked for
  std::function<void()> on_progress_;

  void Progressed();
};

}  // namespace kvasm::durability
