#include "core/services/stats.h"

namespace kvasm::services {
namespace {

// Redis stops telling error codes apart after so many, lest scripts with codes of their own fill
// it.
constexpr size_t kErrorCodesMax = 128;
constexpr int64_t kSampleMs = 100;

}  // namespace

void Rate::Sample(int64_t now_ms, uint64_t total) {
  const int64_t elapsed_ms = now_ms - last_ms_;
  if (elapsed_ms < kSampleMs) return;
  if (last_ms_ != 0 && total >= last_total_) {
    samples_[next_] = (total - last_total_) * 1000 / static_cast<uint64_t>(elapsed_ms);
    next_ = (next_ + 1) % kSamples;
  }
  last_ms_ = now_ms;
  last_total_ = total;
}

uint64_t Rate::PerSecond() const {
  uint64_t sum = 0;
  for (uint64_t sample : samples_) sum += sample;
  return sum / kSamples;
}

void Stats::SampleRates(int64_t now_ms) {
  commands_rate.Sample(now_ms, total_commands_processed);
  net_input_rate.Sample(now_ms, net_input_bytes);
  net_output_rate.Sample(now_ms, net_output_bytes);
}

void Stats::CountError(std::string_view text) {
  ++total_error_replies;
  // Scripts reply any text: what has no code within a few bytes is one of ERR.
  constexpr size_t kCodeBytesMax = 31;
  const size_t space = text.substr(0, kCodeBytesMax).find(' ');
  const std::string_view code = space < kCodeBytesMax ? text.substr(0, space) : "ERR";
  if (const auto at = errors.find(code); at != errors.end()) {
    ++at->second;
  } else if (errors.size() < kErrorCodesMax) {
    errors.emplace(code, 1);
  }
}

void Stats::Reset() {
  total_connections_received = total_commands_processed = total_error_replies = 0;
  rejected_connections = evicted_clients = net_input_bytes = net_output_bytes = 0;
  reads = writes = expire_us = eviction_exceeded_ms = 0;
  reply_buffer_shrinks = reply_buffer_expands = 0;
  commands_rate.Reset();
  net_input_rate.Reset();
  net_output_rate.Reset();
  for (CommandStats& command : commands) command = {};
  errors.clear();
}

}  // namespace kvasm::services
