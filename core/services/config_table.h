// The directives of Redis 7.2, as data: name, alias, type, bounds, default. Values live in
// services::Config.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace kvasm::services {

enum class DirectiveType : uint8_t {
  kBool,           // yes, no
  kInteger,        // least..most
  kOctal,          // as kInteger, in octal
  kMemory,         // bytes, with an optional unit: k kb m mb g gb
  kMemoryPercent,  // as kMemory, or "5%"
  kEnum,           // one of `choices`
  kFlags,          // several of `choices`, separated by spaces
  kText,
  kSave,          // pairs of seconds and changes
  kBufferLimits,  // class hard soft seconds, repeated
  kOomScores,     // three integers
  kEvents,        // letters of keyspace events
  kAddresses,     // up to 16 addresses
  kReplicaOf,     // host port
  kPercentiles,   // numbers in 0..100
};

enum DirectiveFlag : uint8_t {
  kImmutable = 1u << 0,  // at start-up only
  kHidden = 1u << 1,     // answers to its exact name, not to patterns
  kProtected = 1u << 2,  // CONFIG SET needs enable-protected-configs
  kUnsigned = 1u << 3,   // bounds and value are unsigned
};

struct Directive {
  std::string_view name;
  std::string_view alias;  // older name, "" if none
  DirectiveType type;
  uint8_t flags;
  std::string_view initial;  // default, as CONFIG GET shows it
  int64_t least;             // as uint64_t when kUnsigned
  int64_t most;
  // kEnum, kFlags: separated by '|'; of choices joined by '/' the first is what CONFIG GET shows.
  std::string_view choices;
};

// Unpacked (core/base/packing.h): to be kept by who looks things up.
std::vector<Directive> Directives();

}  // namespace kvasm::services
