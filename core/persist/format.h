// The numbers of the RDB format that values are written in. Versions 10 (Redis 7.0), 11 (7.2) and
// 12 (7.4) are known; a reader takes every type code that Redis 7.2 takes, back to version 1, and
// 7.4's hashes whose fields end by themselves.
//
// Source: shared facts on RDB files and DUMP payloads, sections 1.2 to 1.6.
#pragma once

#include <cstdint>

namespace kvasm::persist {

inline constexpr int kRdbVersionLeast = 10;
inline constexpr int kRdbVersion = 11;
// The first that knows ends of hash fields, and the newest a reader takes.
inline constexpr int kRdbVersionFieldExpiry = 12;
inline constexpr int kRdbVersionMost = 12;

// The byte in front of a value.
enum class ValueType : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kZsetText = 3,  // scores as decimal text
  kHash = 4,
  kZset = 5,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kZsetZiplist = 12,
  kHashZiplist = 13,
  kListQuicklist = 14,  // of ziplists
  kStream1 = 15,
  kHashListpack = 16,
  kZsetListpack = 17,
  kListQuicklist2 = 18,  // of listpacks and single elements
  kStream2 = 19,
  kSetListpack = 20,
  kStream3 = 21,
  // Hashes with ends of fields; the first two, of a release candidate, are only read.
  kHashExpiryCandidate = 22,
  kHashListpackExCandidate = 23,
  kHashExpiry = 24,
  kHashListpackEx = 25,
};

// What a node of a kListQuicklist2 holds.
enum class Container : uint8_t { kPlain = 1, kPacked = 2 };

// The first byte of a length; see Writer::Length.
namespace length_byte {
inline constexpr uint8_t k14Bits = 0x40;
inline constexpr uint8_t k32Bits = 0x80;
inline constexpr uint8_t k64Bits = 0x81;
// Not lengths but strings of another form.
inline constexpr uint8_t kInt8 = 0xc0;
inline constexpr uint8_t kInt16 = 0xc1;
inline constexpr uint8_t kInt32 = 0xc2;
inline constexpr uint8_t kCompressed = 0xc3;
}  // namespace length_byte

// Longest string (and longest compact block) that is read; what Redis would call 2 GB.
inline constexpr uint64_t kStringBytesMax = 0x7fff0000;

}  // namespace kvasm::persist
