#include "core/keyspace/watch.h"

namespace kvasm::keyspace {

uint64_t WatchTable::Watch(int db, std::string_view key) {
  auto [at, fresh] = keys_.try_emplace(Name{db, std::string(key)}, Watched{0, 0});
  ++at->second.watchers;
  return at->second.version;
}

void WatchTable::Unwatch(int db, std::string_view key) {
  const auto at = keys_.find(Name{db, std::string(key)});
  if (at != keys_.end() && --at->second.watchers == 0) keys_.erase(at);
}

uint64_t WatchTable::Version(int db, std::string_view key) const {
  const auto at = keys_.find(Name{db, std::string(key)});
  return at == keys_.end() ? 0 : at->second.version;
}

void WatchTable::Touch(int db, std::string_view key) {
  const auto at = keys_.find(Name{db, std::string(key)});
  if (at != keys_.end()) Touch(at->second);
}

}  // namespace kvasm::keyspace
