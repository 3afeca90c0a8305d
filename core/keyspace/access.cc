#include "core/keyspace/access.h"

#include <algorithm>

namespace kvasm::keyspace {
namespace {

constexpr uint8_t kInitialFrequency = 5;
constexpr uint32_t kClockMask = (1u << 24) - 1;

uint32_t Load(const Entry& entry) {
  return entry.lru[0] | uint32_t{entry.lru[1]} << 8 | uint32_t{entry.lru[2]} << 16;
}

void Store(Entry& entry, uint32_t bits) {
  entry.lru[0] = static_cast<uint8_t>(bits);
  entry.lru[1] = static_cast<uint8_t>(bits >> 8);
  entry.lru[2] = static_cast<uint8_t>(bits >> 16);
}

uint32_t Seconds(int64_t now_ms) { return static_cast<uint32_t>(now_ms / 1000) & kClockMask; }
uint32_t Minutes(int64_t now_ms) { return static_cast<uint32_t>(now_ms / 60000) & 0xffff; }

}  // namespace

void InitAccess(Entry& entry, const AccessPolicy& policy, int64_t now_ms) {
  Store(entry, policy.lfu ? Minutes(now_ms) << 8 | kInitialFrequency : Seconds(now_ms));
}

void NoteAccess(Entry& entry, const AccessPolicy& policy, int64_t now_ms, base::Prng& prng) {
  if (policy.frozen) [[unlikely]]
    return;
  if (!policy.lfu) {
    Store(entry, Seconds(now_ms));
    return;
  }
  uint32_t counter = Frequency(entry, policy, now_ms);
  if (counter < 255) {
    const double above = std::max(0.0, static_cast<double>(counter) - kInitialFrequency);
    if (prng.Unit() < 1.0 / (above * static_cast<double>(policy.lfu_log_factor) + 1)) ++counter;
  }
  Store(entry, Minutes(now_ms) << 8 | counter);
}

void SetIdleSeconds(Entry& entry, int64_t idle_seconds, int64_t now_ms) {
  int64_t at = int64_t{Seconds(now_ms)} - idle_seconds;
  if (at < 0) at += kClockMask;  // the clock wraps around
  Store(entry, static_cast<uint32_t>(at) & kClockMask);
}

void SetFrequency(Entry& entry, uint8_t frequency, int64_t now_ms) {
  Store(entry, Minutes(now_ms) << 8 | frequency);
}

uint64_t IdleSeconds(const Entry& entry, int64_t now_ms) {
  return (Seconds(now_ms) - Load(entry)) & kClockMask;
}

uint8_t Frequency(const Entry& entry, const AccessPolicy& policy, int64_t now_ms) {
  const uint32_t bits = Load(entry);
  const uint32_t counter = bits & 0xff;
  if (policy.lfu_decay_time == 0) return static_cast<uint8_t>(counter);
  const uint32_t minutes = (Minutes(now_ms) - (bits >> 8)) & 0xffff;
  const auto periods = static_cast<uint32_t>(minutes / policy.lfu_decay_time);
  return static_cast<uint8_t>(periods > counter ? 0 : counter - periods);
}

}  // namespace kvasm::keyspace
