// How much room the emptied output buffers of sessions keep: those of clients that read little give
// theirs back, little by little.
//
// The rules are Redis's: a room may be kMost bytes at first. It becomes as large as the most that a
// session has had to send of late, where that is less than half of it, and twice as large when it
// was filled.
#pragma once

#include <cstdint>

#include "core/services/session.h"
#include "core/services/stats.h"

namespace kvasm::services {

class ReplyRooms {
 public:
  static constexpr int64_t kUsualPeakMs = 5000;

  ReplyRooms(Sessions& sessions, Stats& stats) : sessions_(sessions), stats_(stats) {}

  // Looks after a part of the sessions, after each of them about once a second. O(that part).
  void Tick(int64_t now_ms);

  // DEBUG REPLYBUFFER: whether rooms change at all, and for how long what a session has had to send
  // counts (negative: for ever).
  void set_resizing(bool resizing) { resizing_ = resizing; }
  void set_peak_ms(int64_t peak_ms) { peak_ms_ = peak_ms; }

 private:
  void Adjust(Session& session, int64_t now_ms);

  Sessions& sessions_;
  Stats& stats_;
  bool resizing_ = true;
  int64_t peak_ms_ = kUsualPeakMs;
  int64_t last_tick_ms_ = 0;
  uint64_t last_id_ = 0;  // of the session that was looked after last
};

}  // namespace kvasm::services
