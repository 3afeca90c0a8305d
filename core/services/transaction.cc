#include "core/services/transaction.h"

#include <algorithm>
#include <utility>

namespace kvasm::services {

void Transaction::Queue(Queued command, uint32_t flags) {
  flags_ |= flags;
  memory_bytes_ += sizeof command;
  for (const std::string& argument : command.arguments) {
    memory_bytes_ += sizeof argument + argument.size();
  }
  queued_.push_back(std::move(command));
}

void Transaction::Watch(keyspace::Keyspace& keyspace, keyspace::Database& db,
                        std::string_view key) {
  const auto [at, fresh] = watched_.try_emplace({db.id(), std::string(key)});
  if (!fresh) return;
  constexpr uint64_t kNodeBytes = 64;
  watch_bytes_ += kNodeBytes + key.size();
  at->second = {.version = keyspace.watches().Watch(db.id(), key),
                .present = IsPresent(keyspace, at->first)};
}

void Transaction::Unwatch(keyspace::Keyspace& keyspace) {
  for (const auto& [name, watched] : watched_) keyspace.watches().Unwatch(name.first, name.second);
  watched_.clear();
  watch_bytes_ = 0;
  touched_ = false;
}

bool Transaction::IsPresent(keyspace::Keyspace& keyspace, const Name& name) {
  keyspace::Database& db = keyspace.db(name.first);
  keyspace::Entry* entry = keyspace.Peek(db, name.second);
  return entry != nullptr && !keyspace.IsExpired(db, *entry);
}

bool Transaction::IsTouched(keyspace::Keyspace& keyspace, const Name& name,
                            const Watched& watched) {
  const uint64_t writes = keyspace.watches().Version(name.first, name.second) - watched.version;
  if (watched.present || writes != 1) return writes != 0;
  // That an expired key is removed changes nothing, whether it was there or was swapped in.
  return keyspace.Peek(keyspace.db(name.first), name.second) != nullptr;
}

bool Transaction::WatchedWasTouched(keyspace::Keyspace& keyspace) const {
  if (touched_ || watched_.empty()) return touched_;
  const uint64_t writes = keyspace.watches().writes();
  if (std::exchange(writes_seen_, writes) != writes) {
    touched_ = std::any_of(watched_.begin(), watched_.end(), [&](const auto& watched) {
      return IsTouched(keyspace, watched.first, watched.second);
    });
  }
  return touched_;
}

bool Transaction::WatchedHasChanged(keyspace::Keyspace& keyspace) const {
  if (WatchedWasTouched(keyspace)) return true;
  return std::any_of(watched_.begin(), watched_.end(), [&](const auto& watched) {
    return watched.second.present && !IsPresent(keyspace, watched.first);
  });
}

std::vector<Transaction::Queued> Transaction::Close(keyspace::Keyspace& keyspace) {
  Unwatch(keyspace);
  open_ = failed_ = false;
  flags_ = 0;
  memory_bytes_ = 0;
  return std::exchange(queued_, {});
}

}  // namespace kvasm::services
