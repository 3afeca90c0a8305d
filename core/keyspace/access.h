// The 24 bits an entry remembers about its use: the time of its last access in seconds (LRU), or a
// logarithmic access counter with the minute of its last decrement (LFU), by maxmemory-policy.
//
//   LRU  [ seconds modulo 2^24                    ]
//   LFU  [ minutes modulo 2^16        ][ counter  ]
//
// Behaviour: Redis 7.2, OBJECT IDLETIME / FREQ, lfu-log-factor, lfu-decay-time.
#pragma once

#include <cstdint>

#include "core/base/prng.h"
#include "core/keyspace/entry.h"

namespace kvasm::keyspace {

struct AccessPolicy {
  bool lfu = false;
  int64_t lfu_log_factor = 10;
  int64_t lfu_decay_time = 1;  // minutes a point; 0 = never
  bool frozen = false;         // accesses are not noted (CLIENT NO-TOUCH)
};

// What a fresh entry starts with.
void InitAccess(Entry& entry, const AccessPolicy& policy, int64_t now_ms);
// Notes an access.
void NoteAccess(Entry& entry, const AccessPolicy& policy, int64_t now_ms, base::Prng& prng);
// Sets what IdleSeconds or Frequency tells, under the policy that keeps it (RESTORE, RDB files).
void SetIdleSeconds(Entry& entry, int64_t idle_seconds, int64_t now_ms);
void SetFrequency(Entry& entry, uint8_t frequency, int64_t now_ms);
// Seconds since the last access. Meaningful under LRU.
uint64_t IdleSeconds(const Entry& entry, int64_t now_ms);
// The counter after decay. Meaningful under LFU.
uint8_t Frequency(const Entry& entry, const AccessPolicy& policy, int64_t now_ms);

}  // namespace kvasm::keyspace
