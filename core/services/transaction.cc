#include "core/services/transaction.h"

#include <algorithm>
#include <utility>

namespace kvasm::services {
namespace {

// Looking the key up removes it if it has expired, which counts as a change; nobody else notices.
void LookUp(keyspace::Keyspace& keyspace, keyspace::Database& db, std::string_view key) {
  keyspace.Find(db, key,
                keyspace::kLookupNoTouch | keyspace::kLookupNoStats | keyspace::kLookupNoNotify);
}

}  // namespace

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
  LookUp(keyspace, db, key);
  at->second = keyspace.watches().Watch(db.id(), key);
}

void Transaction::Unwatch(keyspace::Keyspace& keyspace) {
  for (const auto& [name, version] : watched_) keyspace.watches().Unwatch(name.first, name.second);
  watched_.clear();
  watch_bytes_ = 0;
}

bool Transaction::WatchedHasChanged(keyspace::Keyspace& keyspace) const {
  return std::any_of(watched_.begin(), watched_.end(), [&](const auto& watched) {
    const auto& [name, version] = watched;
    LookUp(keyspace, keyspace.db(name.first), name.second);
    return keyspace.watches().Version(name.first, name.second) != version;
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
