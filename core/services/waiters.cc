#include "core/services/waiters.h"

#include <algorithm>

#include "core/keyspace/database.h"

namespace kvasm::services {
Waiters::~Waiters() {
  if (!waiters_.empty()) keyspace_.Detach(*this);
}

void Waiters::Park(Waiter waiter) {
  if (waiters_.empty()) keyspace_.Attach(*this);
  const uint64_t id = waiter.session_id;
  waiter.arrival = ++arrivals_;
  auto parked = std::make_unique<Waiter>(std::move(waiter));
  for (const std::string& key : parked->keys) {
    by_key_[{parked->database, key}].waiters[parked->arrival] = parked.get();
  }
  if (parked->held) held_.push_back(id);
  if (parked->wakes_on_any_change) ++any_change_waiters_;
  if (parked->deadline_ms != 0) deadlines_.insert({parked->deadline_ms, id});
  waiters_[id] = std::move(parked);
}

const Waiter* Waiters::Find(uint64_t session_id) const {
  const auto at = waiters_.find(session_id);
  return at == waiters_.end() ? nullptr : at->second.get();
}

void Waiters::Requeue(uint64_t session_id) {
  Waiter& waiter = *waiters_.at(session_id);
  const uint64_t before = std::exchange(waiter.arrival, ++arrivals_);
  for (const std::string& key : waiter.keys) {
    auto& waiters = by_key_.find(KeyView{waiter.database, key})->second.waiters;
    waiters.erase(before);
    waiters[waiter.arrival] = &waiter;
  }
}

void Waiters::Remove(uint64_t session_id) {
  const auto at = waiters_.find(session_id);
  if (at == waiters_.end()) return;
  const Waiter& waiter = *at->second;
  for (const std::string& key : waiter.keys) {
    const auto waited = by_key_.find(KeyView{waiter.database, key});
    if (waited == by_key_.end()) continue;
    waited->second.waiters.erase(waiter.arrival);
    if (waited->second.waiters.empty()) by_key_.erase(waited);
  }
  deadlines_.erase({waiter.deadline_ms, session_id});
  if (waiter.wakes_on_any_change) --any_change_waiters_;
  waiters_.erase(at);
  if (waiters_.empty()) keyspace_.Detach(*this);
}

bool Waiters::Unblock(uint64_t session_id, bool with_error) {
  const auto at = waiters_.find(session_id);
  if (at == waiters_.end() || at->second->held || at->second->ending) return false;
  at->second->ending = true;
  deadlines_.erase({at->second->deadline_ms, session_id});
  calls_.push_back({session_id, with_error ? Wake::kError : Wake::kTimeout});
  return true;
}

void Waiters::Pause(int64_t until_ms, bool only_writes) {
  only_writes_ = only_writes && (only_writes_ || pause_until_ms_ == 0);
  pause_until_ms_ = std::max(pause_until_ms_, until_ms);
  keyspace_.KeepExpired(true);
}

void Waiters::Unpause() {
  pause_until_ms_ = 0;
  if (frozen_) return;
  keyspace_.KeepExpired(false);
  Retry();
}

void Waiters::Freeze(bool frozen) {
  frozen_ = frozen;
  frozen || pause_until_ms_ != 0 ? keyspace_.KeepExpired(true) : Unpause();
  if (!frozen) Retry();
}

void Waiters::Retry() {
  for (const uint64_t id : std::exchange(held_, {})) calls_.push_back({id, Wake::kAttempt});
}

void Waiters::Expire(int64_t now_ms) {
  if (pause_until_ms_ != 0 && pause_until_ms_ <= now_ms) Unpause();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_ms) {
    Unblock(deadlines_.begin()->second, false);
  }
}

std::optional<Waiters::Call> Waiters::NextCall() {
  if (!calls_.empty()) {
    const Call call = calls_.front();
    calls_.pop_front();
    return call;
  }
  for (;;) {
    if (!serving_) {
      if (ready_.empty()) return std::nullopt;
      serving_ = {std::move(ready_.front()), 0, arrivals_};
      ready_.pop_front();
      // What its waiters write to it makes it ready once more.
      const auto waited = by_key_.find(serving_->key);
      if (waited != by_key_.end()) waited->second.ready = false;
    }
    if (const Waiter* waiter = NextOfServed()) {
      serving_->called = waiter->arrival;
      return Call{waiter->session_id, Wake::kAttempt};
    }
    serving_.reset();
  }
}

const Waiter* Waiters::NextOfServed() {
  const auto& [key, called, last] = *serving_;
  const auto waited = by_key_.find(key);
  if (waited == by_key_.end()) return nullptr;
  keyspace::Database& db = keyspace_.db(key.first);
  keyspace::Entry* entry = keyspace_.Peek(db, key.second);
  if (entry != nullptr && keyspace_.IsExpired(db, *entry)) entry = nullptr;
  if (entry == nullptr && any_change_waiters_ == 0) return nullptr;
  const auto& waiters = waited->second.waiters;
  for (auto at = waiters.upper_bound(called); at != waiters.end() && at->first <= last; ++at) {
    const Waiter& waiter = *at->second;
    const bool found = entry != nullptr && entry->type() == waiter.type;
    if (found || waiter.wakes_on_any_change) return &waiter;
  }
  return nullptr;
}

size_t Waiters::any_change_key_count() const {
  if (any_change_waiters_ == 0) return 0;
  return static_cast<size_t>(
      std::count_if(by_key_.begin(), by_key_.end(), [](const auto& key_and_waiters) {
        const auto& waiters = key_and_waiters.second.waiters;
        return std::any_of(waiters.begin(), waiters.end(),
                           [](const auto& waiter) { return waiter.second->wakes_on_any_change; });
      }));
}

int64_t Waiters::NextDeadlineMs() const {
  const int64_t next = pause_until_ms_ != 0 ? pause_until_ms_ : -1;
  if (deadlines_.empty()) return next;
  const int64_t deadline = deadlines_.begin()->first;
  return next < 0 ? deadline : std::min(next, deadline);
}

void Waiters::NoteReady(const Key& key, WaitedKey& waited) {
  if (std::exchange(waited.ready, true)) return;
  ready_.push_back(key);
}

void Waiters::NoteReady(keyspace::Database& db, std::string_view key) {
  const auto waited = by_key_.find(KeyView{db.id(), key});
  if (waited != by_key_.end()) NoteReady(waited->first, waited->second);
}

void Waiters::KeyReady(keyspace::Database& db, std::string_view key, types::Type) {
  NoteReady(db, key);
}

void Waiters::KeyChanged(keyspace::Database& db, std::string_view key) {
  if (any_change_waiters_ > 0) NoteReady(db, key);
}

void Waiters::Flushed(keyspace::Database& db) {
  for (auto& [key, waited] : by_key_) {
    if (key.first == db.id()) NoteReady(key, waited);
  }
}

}  // namespace kvasm::services
