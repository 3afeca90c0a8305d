#include "core/services/reply_rooms.h"

#include <algorithm>

namespace kvasm::services {

void ReplyRooms::Tick(int64_t now_ms) {
  constexpr int64_t kTickMs = 100;
  constexpr size_t kTicksPerRound = 10;
  constexpr size_t kLeastSessions = 5;
  if (!resizing_ || now_ms - last_tick_ms_ < kTickMs) return;
  last_tick_ms_ = now_ms;
  const auto& all = sessions_.all();
  const size_t wanted = std::max(all.size() / kTicksPerRound, kLeastSessions);
  auto at = std::upper_bound(all.begin(), all.end(), last_id_,
                             [](uint64_t id, const auto& session) { return id < session->id; });
  for (size_t i = 0; i < std::min(wanted, all.size()); ++i, ++at) {
    if (at == all.end()) at = all.begin();
    Adjust(**at, now_ms);
    last_id_ = (*at)->id;
  }
}

void ReplyRooms::Adjust(Session& session, int64_t now_ms) {
  ReplyRoom& room = session.reply_room;
  room.peak = std::max(room.peak, std::min(session.out.TakePeak(), room.bytes));
  uint32_t bytes = room.bytes;
  if (bytes / 2 >= ReplyRoom::kLeast && room.peak < bytes / 2) {
    bytes = std::max(ReplyRoom::kLeast, room.peak + 1);
    ++stats_.reply_buffer_shrinks;
  } else if (bytes < ReplyRoom::kMost && room.peak == bytes) {
    bytes = std::min(ReplyRoom::kMost, 2 * bytes);
    ++stats_.reply_buffer_expands;
  }
  if (peak_ms_ >= 0 && now_ms - room.peak_since_ms >= peak_ms_) {
    room.peak = std::min(session.out.size(), bytes);
    room.peak_since_ms = now_ms;
  }
  room.bytes = bytes;
  if (bytes < ReplyRoom::kMost) session.out.Trim(bytes);
}

}  // namespace kvasm::services
