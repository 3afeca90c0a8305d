// Client side caching: sessions are told of changes to the keys they may have kept (CLIENT
// TRACKING).
//
// Without BCAST the keys that a session reads are remembered, and the first change of one is told
// and forgets it. With BCAST a session names prefixes instead: nothing is remembered, and all keys
// below a prefix that have changed are told in one message when the turn of the host's call ends
// (Broadcast). A flush tells everybody that all keys are gone, as a null.
//
// A message goes to the session itself, which must speak RESP3, or to the one it redirects to, in
// RESP2 as a message of the channel __redis__:invalidate to one that listens to anything. What a
// session is told of while its own command runs follows the command's reply (EndCommand).
//
// The write gate is listened to only while there is something to tell. Behaviour: Redis 7.2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/keyspace/listener.h"
#include "core/resp/buffer.h"
#include "core/services/pubsub.h"
#include "core/services/session.h"
#include "core/services/tracking_table.h"

namespace kvasm::services {

class Tracking : public keyspace::Listener {
 public:
  Tracking(keyspace::Keyspace& keyspace, Sessions& sessions, Pubsub& pubsub)
      : keyspace_(keyspace),
        sessions_(sessions),
        pubsub_(pubsub),
        table_(keyspace.context().seed) {}
  ~Tracking() override;
  Tracking(const Tracking&) = delete;
  Tracking& operator=(const Tracking&) = delete;

  // Begins, or changes what was asked for before; the prefixes of before stay. The arguments have
  // been checked: `options.prefixes` is not looked at, no prefix is one of a session's others.
  void Enable(Session& session, const TrackingState& options,
              std::span<const std::string_view> prefixes);
  // Harmless if the session does not track. To be called before a session ends.
  void Disable(Session& session);

  // Whether what the session reads now is to be remembered.
  static bool Remembers(const Session& session) {
    if (session.tracking == nullptr) [[likely]]
      return false;
    const TrackingState& state = *session.tracking;
    if (state.broadcast || (state.opt_in && !state.caching_given)) return false;
    return !state.opt_out || !state.caching_given;
  }
  // Without memory to remember it, a key counts as changed at once.
  void Remember(Session& session, std::string_view key);

  // All keys are gone: tells every session that tracks.
  void ForgetAll(bool lazy);
  // Databases were swapped. Clients do not expect to be told; sessions of this process are.
  void NoteSwap() { TellAll(true); }
  // Forgets keys, as if they had changed, until the table holds no more than `keys_max` (0: any
  // number) or enough is done for now.
  void LimitTable(uint64_t keys_max);

  // The running session's command is done: tells it what it has changed itself.
  void EndCommand(Session& session) {
    if (!held_.empty()) [[unlikely]]
      TellHeld(session);
  }
  // Tells those with prefixes what has changed since the last time.
  void Broadcast() {
    if (!changed_prefixes_.empty()) [[unlikely]]
      TellPrefixes();
  }
  // A slice of freeing; true while there is more.
  bool Chore(uint32_t budget_units);

  // What is told of evicted keys takes memory until it has been read, and must not evict more: heap
  // bytes of it when SettleTold was last called, and of what was told since.
  uint64_t told_bytes() const { return told_bytes_; }
  void set_evicting(bool evicting) { evicting_ = evicting; }
  // Leaves out what has been sent. O(sessions told).
  void SettleTold();

  bool any() const { return session_count_ != 0; }
  size_t session_count() const { return session_count_; }
  uint64_t key_count() const { return table_.size(); }
  uint64_t item_count() const { return table_.item_count(); }
  size_t prefix_count() const { return prefixes_.size(); }

  uint32_t Interests() const override { return kChanges; }
  void KeyChanged(keyspace::Database& db, std::string_view key) override;
  void KeyGone(keyspace::Database& db, std::string_view key) override;

 private:
  // By key, the session that changed it last; 0: none, it went by itself.
  using ChangedKeys = std::map<std::string, uint64_t, std::less<>>;
  struct Prefix {
    std::map<uint64_t, Session*> sessions;  // by id
    ChangedKeys changed;
  };
  using Prefixes = std::map<std::string, Prefix, std::less<>>;
  // What the running session is to be told after its reply. No key: all are gone.
  struct Held {
    uint64_t redirect;
    std::optional<std::string> key;
  };

  void AddPrefix(Session& session, std::string_view name);
  void Invalidate(std::string_view key);
  void TellReaders(const TrackedKey& key);
  void NoteForPrefixes(std::string_view key, uint64_t changed_by);
  void TellPrefixes();
  void TellHeld(Session& session);
  void Hold(uint64_t redirect, std::optional<std::string_view> key);
  void TellKey(Session& session, uint64_t redirect, std::string_view key);
  // `keys` is an array as RESP has it, in parts; none: all keys are gone.
  void Tell(Session& session, uint64_t redirect, std::span<const std::string_view> keys);
  void TellAll(bool only_local);
  void TellBroken(Session& session, uint64_t redirect);
  void UpdateAttachment();

  keyspace::Keyspace& keyspace_;
  Sessions& sessions_;
  Pubsub& pubsub_;
  TrackingTable table_;
  Prefixes prefixes_;
  std::map<std::string_view, Prefix*> changed_prefixes_;  // those with changed keys
  uint64_t changed_bytes_ = 0;                            // roughly, of their changed keys
  std::vector<Held> held_;
  size_t session_count_ = 0;
  uint32_t limit_rounds_ = 0;  // in a row that left the table too large
  bool attached_ = false;
  bool evicting_ = false;
  std::map<uint64_t, uint64_t> told_;  // heap bytes of it by session
  uint64_t told_bytes_ = 0;
};

}  // namespace kvasm::services
