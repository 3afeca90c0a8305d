// Classes of keyspace events, the bits of notify-keyspace-events (Redis 7.2).
#pragma once

#include <cstdint>

namespace kvasm::keyspace {

enum EventClass : uint32_t {
  kNoEvent = 0,
  kEventGeneric = 1u << 0,  // g  DEL, EXPIRE, RENAME ...
  kEventString = 1u << 1,   // $
  kEventList = 1u << 2,     // l
  kEventSet = 1u << 3,      // s
  kEventHash = 1u << 4,     // h
  kEventZset = 1u << 5,     // z
  kEventExpired = 1u << 6,  // x
  kEventEvicted = 1u << 7,  // e
  kEventStream = 1u << 8,   // t
  kEventKeyMiss = 1u << 9,  // m
  kEventModule = 1u << 10,  // d
  kEventNew = 1u << 11,     // n
};

}  // namespace kvasm::keyspace
