#include "core/services/latency_monitor.h"

#include <algorithm>
#include <limits>

#include "core/base/ascii.h"

namespace kvasm::services {

void LatencyMonitor::Series::Add(int64_t time_s, uint32_t duration_ms) {
  longest_ms_ = std::max(longest_ms_, duration_ms);
  Sample& before = samples_[(next_ + kSamples - 1) % kSamples];
  if (before.time_s == time_s) {
    before.duration_ms = std::max(before.duration_ms, duration_ms);
    return;
  }
  samples_[next_] = {.time_s = time_s, .duration_ms = duration_ms};
  next_ = (next_ + 1) % kSamples;
}

const LatencyMonitor::Series* LatencyMonitor::Find(std::string_view event) const {
  const auto at = events_.find(event);
  return at == events_.end() ? nullptr : &at->second;
}

void LatencyMonitor::Add(std::string_view event, int64_t time_s, int64_t duration_us) {
  constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
  events_.try_emplace(std::string(event))
      .first->second.Add(time_s, static_cast<uint32_t>(std::min(duration_us / 1000, kMost)));
}

uint64_t LatencyMonitor::Reset(std::string_view event) {
  return std::erase_if(
      events_, [event](const auto& known) { return base::EqualsIgnoreCase(known.first, event); });
}

uint64_t LatencyMonitor::ResetAll() {
  const uint64_t count = events_.size();
  events_.clear();
  return count;
}

}  // namespace kvasm::services
