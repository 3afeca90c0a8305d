// Sessions that wait for a key: a blocking command that found nothing parks here with its arguments
// and is attempted again when a key it waits for is written, when its time is up, or when another
// session ends the wait. The engine makes the attempts; this only remembers who waits for what.
//
// Commands that CLIENT PAUSE holds back wait here too, until the pause is over.
//
// While nobody waits, no write pays for it: the listener is attached with the first waiter.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/keyspace/listener.h"

namespace kvasm::services {

struct Waiter {
  uint64_t session_id = 0;
  size_t command_index = 0;            // in the command table
  std::vector<std::string> arguments;  // as they were called
  std::vector<std::string> keys;       // waited for, in the session's database; none: for the time
  types::Type type{};                  // that a key must hold
  bool wakes_on_any_change = false;    // not only when a key holds `type`
  int database = 0;
  int64_t deadline_ms = 0;  // 0: none
  bool held = false;        // by a pause, not for want of something to take
  bool ending = false;      // its time is up, or another session has ended it
  uint64_t arrival = 0;     // set by Park: orders the waiters of a key
};

class Waiters : public keyspace::Listener {
 public:
  enum class Wake : uint8_t { kAttempt, kTimeout, kError };
  struct Call {
    uint64_t session_id;
    Wake wake;
  };

  explicit Waiters(keyspace::Keyspace& keyspace) : keyspace_(keyspace) {}
  ~Waiters() override;
  Waiters(const Waiters&) = delete;
  Waiters& operator=(const Waiters&) = delete;

  void Park(Waiter waiter);
  // Null if the session does not wait. The waiter stays where it is until it is removed.
  const Waiter* Find(uint64_t session_id) const;
  // An attempt found nothing: the session now comes after all who wait for the same keys.
  void Requeue(uint64_t session_id);
  // Forgets the session; harmless if it does not wait.
  void Remove(uint64_t session_id);
  // CLIENT UNBLOCK: the wait is to end as if its time were up, or with an error. False if the
  // session does not wait, or its wait is about to end.
  bool Unblock(uint64_t session_id, bool with_error);
  // CLIENT PAUSE and UNPAUSE. A pause that follows another ends no earlier than that one, and holds
  // back no less. Keys do not expire meanwhile (Keyspace::KeepExpired).
  void Pause(int64_t until_ms, bool only_writes);
  void Unpause();
  // As a pause of everything that only its own end ends, whatever clients ask for.
  void Freeze(bool frozen);
  // Leaves a held session to the next end of a pause: another has begun meanwhile.
  void Hold(uint64_t session_id) { held_.push_back(session_id); }
  // Has all held sessions attempted, though a pause may go on.
  void Retry();
  bool paused() const { return pause_until_ms_ != 0 || frozen_; }
  bool pauses_only_writes() const { return only_writes_ && !frozen_; }
  // Ends the pause and the waits whose deadline has come, the earliest first.
  void Expire(int64_t now_ms);

  // Whom to serve next, if anybody. Keys come in the order in which they were written, and the
  // waiters of a key in the order in which they came; each key is looked up again for each of
  // them, so that nobody is called for what the one before has taken. O(log waiters), and what it
  // passes over: waiters for another type.
  std::optional<Call> NextCall();
  bool has_calls() const { return !calls_.empty() || !ready_.empty() || serving_.has_value(); }

  size_t size() const { return waiters_.size(); }
  // Those of them whose wait ends at some time.
  size_t deadline_count() const { return deadlines_.size(); }
  // Keys that somebody waits for.
  size_t key_count() const { return by_key_.size(); }
  // Those of them whose going away would end somebody's wait. O(waiters).
  size_t any_change_key_count() const;
  // The next deadline, or -1.
  int64_t NextDeadlineMs() const;

  uint32_t Interests() const override { return kReady | kChanges; }
  void KeyReady(keyspace::Database& db, std::string_view key, types::Type type) override;
  void KeyChanged(keyspace::Database& db, std::string_view key) override;
  // Databases may have been swapped: whoever waits for a key of this one may find it now.
  void Flushed(keyspace::Database& db) override;

 private:
  using Key = std::pair<int, std::string>;
  using KeyView = std::pair<int, std::string_view>;
  struct KeyLess {
    using is_transparent = void;
    bool operator()(const KeyView& a, const KeyView& b) const { return a < b; }
  };
  struct WaitedKey {
    std::map<uint64_t, const Waiter*> waiters;  // by arrival
    bool ready = false;                         // is in ready_
  };
  // A ready key whose waiters are being called.
  struct Serving {
    Key key;
    uint64_t called;  // the arrival of the last one called
    uint64_t last;    // the latest arrival when the key's turn came
  };

  void NoteReady(const Key& key, WaitedKey& waited);
  void NoteReady(keyspace::Database& db, std::string_view key);
  // The next waiter of the key being served that it may satisfy; null when there is none left.
  const Waiter* NextOfServed();

  keyspace::Keyspace& keyspace_;
  std::map<uint64_t, std::unique_ptr<Waiter>> waiters_;  // by session
  std::map<Key, WaitedKey, KeyLess> by_key_;
  std::set<std::pair<int64_t, uint64_t>> deadlines_;  // with the session, of those not ending
  std::list<Key> ready_;                              // keys changed, each once
  std::optional<Serving> serving_;
  std::list<Call> calls_;       // whatever the keys hold
  std::vector<uint64_t> held_;  // sessions a pause holds, in the order they came
  int64_t pause_until_ms_ = 0;  // 0: no pause
  bool frozen_ = false;
  bool only_writes_ = false;
  size_t any_change_waiters_ = 0;
  uint64_t arrivals_ = 0;
};

}  // namespace kvasm::services
