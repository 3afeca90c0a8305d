// What a session has asked of CLIENT TRACKING. Kept apart from Tracking, which fills it, because
// every session may have one.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>

namespace kvasm::services {

struct TrackingState {
  uint64_t redirect = 0;  // the session that gets the messages; 0: this one
  bool broadcast = false;
  bool opt_in = false;
  bool opt_out = false;
  bool no_loop = false;
  bool caching_given = false;             // CLIENT CACHING: for what the next command reads
  bool redirect_broken = false;           // the other session was found to be gone
  std::set<std::string_view> prefixes{};  // with BCAST; the names are borrowed from Tracking
};

}  // namespace kvasm::services
