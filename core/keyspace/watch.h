// Versions of the keys somebody watches (WATCH). Keys that nobody watches cost nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace kvasm::keyspace {

class WatchTable {
 public:
  bool empty() const { return keys_.empty(); }

  // How often anything watched has been written: while it stays, no version has changed.
  uint64_t writes() const { return writes_; }
  // Starts watching (watches nest) and returns the key's present version.
  uint64_t Watch(int db, std::string_view key);
  // Ends one watch of the key.
  void Unwatch(int db, std::string_view key);
  // The present version of a watched key: one more than Watch returned for each write since then.
  uint64_t Version(int db, std::string_view key) const;

  // The gate: the key has been written.
  void Touch(int db, std::string_view key);
  // The gate: the whole database is flushed or swapped. Touches the keys for which
  // `exists(std::string_view key)`: what was absent stays absent.
  template <class Exists>
  void TouchAll(int db, Exists exists) {
    for (auto at = keys_.lower_bound(Name{db, {}}); at != keys_.end() && at->first.first == db;
         ++at) {
      if (exists(at->first.second)) Touch(at->second);
    }
  }

 private:
  struct Watched {
    uint64_t version;
    uint32_t watchers;
  };
  using Name = std::pair<int, std::string>;

  void Touch(Watched& watched) {
    ++watched.version;
    ++writes_;
  }

  std::map<Name, Watched> keys_;
  uint64_t writes_ = 0;
};

}  // namespace kvasm::keyspace
