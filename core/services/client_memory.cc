#include "core/services/client_memory.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "core/base/stable_sort.h"

namespace kvasm::services {
namespace {

// With less nobody could even say that it is too little.
constexpr uint64_t kLimitBytesLeast = 128 * 1024;

uint64_t LimitBytes(const Settings& settings) {
  const int64_t wanted = settings.maxmemory_clients;
  if (wanted == 0 || (wanted < 0 && settings.maxmemory == 0)) return 0;
  if (wanted > 0) return std::max(static_cast<uint64_t>(wanted), kLimitBytesLeast);
  const double percent = static_cast<double>(-wanted);
  const double bytes = static_cast<double>(settings.maxmemory) * percent / 100;
  return std::max(static_cast<uint64_t>(bytes), kLimitBytesLeast);
}

}  // namespace

uint64_t MemoryOf(const Session& session) {
  // Roughly a node of a tree and what points to it from the other side.
  constexpr uint64_t kNodeBytes = 64;
  uint64_t bytes = sizeof session + session.out.capacity() + session.pushes.capacity() +
                   session.parser.memory_bytes() + session.transaction.memory_bytes() +
                   session.transaction.watch_bytes() + session.address.size() +
                   session.local_address.size() + session.name.size() +
                   session.library_name.size() + session.library_version.size();
  if (const Subscriptions* topics = session.subscriptions.get()) {
    const size_t count = topics->channels_and_patterns() + topics->count(TopicKind::kShardChannel);
    bytes += sizeof *topics + count * kNodeBytes;
  }
  if (const TrackingState* tracking = session.tracking.get()) {
    bytes += sizeof *tracking + tracking->prefixes.size() * 2 * kNodeBytes;
  }
  return bytes;
}

void ClientMemory::Apply() {
  limit_bytes_ = LimitBytes(settings_);
  sessions_.set_notes_output(limit_bytes_ != 0);
  in_vain_bytes_ = 0;
  for (const auto& session : sessions_.all()) Note(*session);
}

void ClientMemory::Count(Session& session) {
  // The program around the engine is no client that could be ended, and who is being ended has
  // given its memory back.
  const uint64_t bytes = session.network && !session.cut_off ? MemoryOf(session) : 0;
  sum_bytes_ += bytes - session.counted_bytes;
  session.counted_bytes = bytes;
}

void ClientMemory::CheckLimit() {
  while (Session* session = sessions_.NextWithOutput()) Count(*session);
  if (sum_bytes_ < std::max(limit_bytes_, in_vain_bytes_)) return;
  std::vector<Session*> candidates;
  for (const auto& session : sessions_.all()) {
    Count(*session);
    const bool may_end = session->network && !session->close_after_reply && !session->no_evict;
    if (may_end) candidates.push_back(session.get());
  }
  base::StableSort(std::span(candidates), [](const Session* a, const Session* b) {
    return std::bit_width(a->counted_bytes) > std::bit_width(b->counted_bytes);
  });
  for (Session* session : candidates) {
    if (sum_bytes_ < limit_bytes_) return;
    limits_.End(*session, "clients hold more than maxmemory-clients");
    ++stats_.evicted_clients;
    Count(*session);
  }
  if (sum_bytes_ >= limit_bytes_) in_vain_bytes_ = sum_bytes_ + 1;
}

}  // namespace kvasm::services
