// Sessions that wait for a key: a blocking command that found nothing parks here with its arguments
// and is attempted again when a key it waits for is written, when its time is up, or when another
// session ends the wait. The engine makes the attempts; this only remembers who waits for what.
//
// Commands that CLIENT PAUSE holds back wait here too, until the pause is over.
//
// While nobody waits, no write pays for it: the listener is attached with the first waiter.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
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
  std::vector<std::string> keys;       // waited for, in the session's database
  types::Type type{};                  // that a key must hold
  bool wakes_on_any_change = false;    // not only when a key holds `type`
  int database = 0;
  int64_t deadline_ms = 0;  // 0: none
  bool held = false;        // by a pause, not for want of something to take
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
  // Forgets the session; harmless if it does not wait.
  void Remove(uint64_t session_id);
  // CLIENT UNBLOCK: the wait is to end as if its time were up, or with an error. False if the
  // session does not wait.
  bool Unblock(uint64_t session_id, bool with_error);
  // CLIENT PAUSE and UNPAUSE. A new pause does not end earlier than the one it follows.
  void Pause(int64_t until_ms, bool only_writes);
  void Unpause();
  // Leaves a held session to the next end of a pause: another has begun meanwhile.
  void Hold(uint64_t session_id) { held_.push_back(session_id); }
  bool paused() const { return pause_until_ms_ != 0; }
  bool pauses_only_writes() const { return only_writes_; }
  // Ends the pause and the waits whose deadline has come.
  void Expire(int64_t now_ms);

  // Whom to serve, each key's waiters in the order they came; forgotten by being taken.
  std::vector<Call> TakeCalls();
  bool has_calls() const { return !ready_.empty() || !calls_.empty(); }

  size_t size() const { return waiters_.size(); }
  // Keys that somebody waits for.
  size_t key_count() const { return by_key_.size(); }
  // Those of them whose going away would end somebody's wait. O(waiters).
  size_t any_change_key_count() const;
  // The next deadline, or -1. O(waiters).
  int64_t NextDeadlineMs() const;

  uint32_t Interests() const override { return kReady | kChanges; }
  void KeyReady(keyspace::Database& db, std::string_view key, types::Type type) override;
  void KeyChanged(keyspace::Database& db, std::string_view key) override;
  // Databases may have been swapped: whoever waits for a key of this one may find it now.
  void Flushed(keyspace::Database& db) override;

 private:
  using Key = std::pair<int, std::string>;

  void NoteReady(keyspace::Database& db, std::string_view key);

  keyspace::Keyspace& keyspace_;
  std::map<uint64_t, std::unique_ptr<Waiter>> waiters_;  // by session
  std::map<Key, std::vector<uint64_t>> by_key_;          // sessions in the order they came
  std::vector<Key> ready_;                               // keys changed, each once
  std::vector<Call> calls_;
  std::vector<uint64_t> held_;  // sessions a pause holds, in the order they came
  int64_t pause_until_ms_ = 0;  // 0: no pause
  bool only_writes_ = false;
  size_t any_change_waiters_ = 0;
};

}  // namespace kvasm::services
