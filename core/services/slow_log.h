// SLOWLOG: the commands that took longest lately, with shortened arguments and without secrets.
#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvasm::services {

class SlowLog {
 public:
  struct Entry {
    uint64_t id;
    int64_t time_s;  // when it ended, since the epoch
    int64_t duration_us;
    std::vector<std::string> arguments;
    std::string address;
    std::string client_name;
  };

  // The latest comes first.
  const std::list<Entry>& entries() const { return entries_; }

  // Adds a command as its newest entry; `arguments` are shortened as Redis does: the 32nd tells how
  // many there were from there on, a long one how many bytes were left out.
  void Add(std::span<const std::string_view> arguments, int64_t time_s, int64_t duration_us,
           std::string_view address, std::string_view client_name);
  // Forgets all but the newest entries.
  void Keep(uint64_t entries_max) {
    while (entries_.size() > entries_max) entries_.pop_back();
  }
  void Clear() { entries_.clear(); }

 private:
  std::list<Entry> entries_;
  uint64_t next_id_ = 0;
};

}  // namespace kvasm::services
