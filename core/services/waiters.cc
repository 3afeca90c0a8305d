#include "core/services/waiters.h"

#include <algorithm>

#include "core/keyspace/database.h"

namespace kvasm::services {
namespace {

constexpr uint32_t kLookupUnnoticed =
    keyspace::kLookupNoTouch | keyspace::kLookupNoStats | keyspace::kLookupNoNotify;

}  // namespace

Waiters::~Waiters() {
  if (!waiters_.empty()) keyspace_.Detach(*this);
}

void Waiters::Park(Waiter waiter) {
  if (waiters_.empty()) keyspace_.Attach(*this);
  const uint64_t id = waiter.session_id;
  for (const std::string& key : waiter.keys) {
    std::vector<uint64_t>& sessions = by_key_[{waiter.database, key}];
    if (std::find(sessions.begin(), sessions.end(), id) == sessions.end()) sessions.push_back(id);
  }
  if (waiter.held) held_.push_back(id);
  if (waiter.wakes_on_any_change) ++any_change_waiters_;
  waiters_[id] = std::make_unique<Waiter>(std::move(waiter));
}

const Waiter* Waiters::Find(uint64_t session_id) const {
  const auto at = waiters_.find(session_id);
  return at == waiters_.end() ? nullptr : at->second.get();
}

void Waiters::Remove(uint64_t session_id) {
  const auto at = waiters_.find(session_id);
  if (at == waiters_.end()) return;
  for (const std::string& key : at->second->keys) {
    const auto sessions = by_key_.find({at->second->database, key});
    if (sessions == by_key_.end()) continue;
    std::erase(sessions->second, session_id);
    if (sessions->second.empty()) by_key_.erase(sessions);
  }
  if (at->second->wakes_on_any_change) --any_change_waiters_;
  waiters_.erase(at);
  if (waiters_.empty()) keyspace_.Detach(*this);
}

bool Waiters::Unblock(uint64_t session_id, bool with_error) {
  const Waiter* waiter = Find(session_id);
  if (waiter == nullptr || waiter->held) return false;
  calls_.push_back({session_id, with_error ? Wake::kError : Wake::kTimeout});
  return true;
}

void Waiters::Pause(int64_t until_ms, bool only_writes) {
  pause_until_ms_ = std::max(pause_until_ms_, until_ms);
  only_writes_ = only_writes;
}

void Waiters::Unpause() {
  pause_until_ms_ = 0;
  for (const uint64_t id : std::exchange(held_, {})) calls_.push_back({id, Wake::kAttempt});
}

void Waiters::Expire(int64_t now_ms) {
  if (paused() && pause_until_ms_ <= now_ms) Unpause();
  for (const auto& [id, waiter] : waiters_) {
    if (waiter->deadline_ms != 0 && waiter->deadline_ms <= now_ms) {
      calls_.push_back({id, Wake::kTimeout});
    }
  }
}

std::vector<Waiters::Call> Waiters::TakeCalls() {
  std::vector<Call> calls = std::exchange(calls_, {});
  for (const Key& key : std::exchange(ready_, {})) {
    const auto sessions = by_key_.find(key);
    if (sessions == by_key_.end()) continue;
    const keyspace::Entry* entry =
        keyspace_.Find(keyspace_.db(key.first), key.second, kLookupUnnoticed);
    for (const uint64_t id : sessions->second) {
      const Waiter& waiter = *waiters_.at(id);
      const bool found = entry != nullptr && entry->type() == waiter.type;
      if (found || waiter.wakes_on_any_change) calls.push_back({id, Wake::kAttempt});
    }
  }
  return calls;
}

size_t Waiters::any_change_key_count() const {
  if (any_change_waiters_ == 0) return 0;
  return static_cast<size_t>(
      std::count_if(by_key_.begin(), by_key_.end(), [this](const auto& key_and_sessions) {
        const std::vector<uint64_t>& sessions = key_and_sessions.second;
        return std::any_of(sessions.begin(), sessions.end(),
                           [this](uint64_t id) { return waiters_.at(id)->wakes_on_any_change; });
      }));
}

int64_t Waiters::NextDeadlineMs() const {
  int64_t next = paused() ? pause_until_ms_ : -1;
  for (const auto& [id, waiter] : waiters_) {
    const int64_t deadline = waiter->deadline_ms;
    if (deadline != 0 && (next < 0 || deadline < next)) next = deadline;
  }
  return next;
}

void Waiters::NoteReady(keyspace::Database& db, std::string_view key) {
  Key ready{db.id(), std::string(key)};
  if (!by_key_.contains(ready)) return;
  if (std::find(ready_.begin(), ready_.end(), ready) == ready_.end()) {
    ready_.push_back(std::move(ready));
  }
}

void Waiters::KeyReady(keyspace::Database& db, std::string_view key, types::Type) {
  NoteReady(db, key);
}

void Waiters::KeyChanged(keyspace::Database& db, std::string_view key) {
  if (any_change_waiters_ > 0) NoteReady(db, key);
}

void Waiters::Flushed(keyspace::Database& db) {
  for (const auto& [key, sessions] : by_key_) {
    if (key.first == db.id()) ready_.push_back(key);
  }
}

}  // namespace kvasm::services
