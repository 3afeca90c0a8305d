// The numbers of the RDB format that values are written in. Versions 10 (Redis 7.0), 11 (7.2) and
// 12 (7.4) are known; a reader takes every type code that Redis 7.2 takes, back to version 1, and
// 7.4's hashes whose fields end by themselves.
//
// Source: shared facts on RDB files and DUMP payloads, sections 1.2 to 1.6.
#pragma once

#include <cstdint>
#include <string_view>

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
  kModule = 7,  // of an extension of the server; told apart and passed over only
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

// "string", "hash-listpack", ... as redis-check-rdb calls a type code; "unknown" if it is none.
std::string_view TypeCodeName(uint8_t code);

// The byte in front of what is no key, where a ValueType could stand.
enum class Opcode : uint8_t {
  kSlotInfo = 0xf4,  // sizes of a slot of a cluster
  kFunction = 0xf5,  // the source of a library
  kFunctionCandidate = 0xf6,
  kModuleAux = 0xf7,
  kIdle = 0xf8,  // of the next key, as the next three are
  kFrequency = 0xf9,
  kAux = 0xfa,  // a name and a text
  kResizeDb = 0xfb,
  kExpireMs = 0xfc,  // of the next key
  kExpireSeconds = 0xfd,
  kSelectDb = 0xfe,
  kEof = 0xff,
};
// Codes from this one on are opcodes.
inline constexpr uint8_t kOpcodeLeast = 0xf4;

// What a file begins with, four digits of the version behind it.
inline constexpr char kRdbMagic[] = {'R', 'E', 'D', 'I', 'S'};
inline constexpr int kRdbVersionDigits = 4;
// The first version whose files end with a checksum.
inline constexpr int kRdbVersionChecksum = 5;

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

// What a module's value is made of: pairs of one of these and what it says.
namespace module_opcode {
inline constexpr uint64_t kEnd = 0;
inline constexpr uint64_t kSigned = 1;
inline constexpr uint64_t kUnsigned = 2;
inline constexpr uint64_t kFloat = 3;
inline constexpr uint64_t kDouble = 4;
inline constexpr uint64_t kString = 5;
}  // namespace module_opcode

// Longest string (and longest compact block) that is read; what Redis would call 2 GB.
inline constexpr uint64_t kStringBytesMax = 0x7fff0000;

}  // namespace kvasm::persist
