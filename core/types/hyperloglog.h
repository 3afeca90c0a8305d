// HyperLogLog: an estimate of how many different elements were added, in 12 KiB or less. The value
// is an ordinary string, byte for byte the one Redis has:
//
//    0      4          5          8                         16
//   +------+----------+----------+-------------------------+------------------
//   | HYLL | encoding | 0  0  0  | cached count, 64 bits LE | registers ...
//   +------+----------+----------+-------------------------+------------------
//
// The top bit of the cached count says that it is stale. There are 16,384 registers of 0 to 63:
//
//   dense   (encoding 0)  6 bits each, lowest bits first, 12,288 bytes
//   sparse  (encoding 1)  runs:  00xxxxxx           x + 1 registers of 0
//                                01xxxxxx yyyyyyyy  256 x + y + 1 registers of 0
//                                1vvvvvxx           x + 1 registers of v + 1
//
// Any client may have written the string, so nothing beyond LooksValid is taken for granted: sparse
// runs that do not make up 16,384 registers are corrupt, which is an outcome, never a trap.
//
// Registers: Flajolet et al. 2007. Estimate: Ertl 2017 (arXiv:1702.01284). Bytes: Redis 7.2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/types/string_value.h"
#include "core/types/value.h"

namespace kvasm::types {

class HyperLogLog {
 public:
  static constexpr uint32_t kRegisters = 16384;
  static constexpr uint32_t kHeaderBytes = 16;
  static constexpr uint32_t kDenseBytes = kHeaderBytes + kRegisters * 6 / 8;
  static constexpr uint32_t kEmptyBytes = kHeaderBytes + 2;
  // Memory that a change to one value may ask for.
  static constexpr uint32_t kChangeBytesMax = 2 * kDenseBytes;

  using Registers = std::array<uint8_t, kRegisters>;

  // --- reading: O(bytes) ---
  // Whether this string has the outer form of a HyperLogLog.
  static bool LooksValid(std::string_view bytes);
  static bool IsDense(std::string_view bytes) { return bytes[4] == 0; }
  // Nothing if it is stale.
  static std::optional<uint64_t> CachedCount(std::string_view bytes);
  // The estimate, from the registers. Nothing if they are corrupt.
  static std::optional<uint64_t> Count(std::string_view bytes);
  static uint64_t Count(const Registers& registers);
  // Raises each register to that of the string. False if those are corrupt: some may be raised.
  [[nodiscard]] static bool MergeInto(std::string_view bytes, Registers* registers);
  // The runs of a sparse one as text, "Z:100 v:1,2 z:7"; this is how long it gets.
  static uint64_t DescriptionBytes(std::string_view sparse);
  static std::string Describe(std::string_view sparse);

  // The register an element counts into, and the value it asks for.
  struct Trace {
    uint32_t index;
    uint8_t value;
  };
  static Trace TraceOf(std::string_view element);

  // --- changing ---
  enum class [[nodiscard]] Outcome : uint8_t{kSame, kChanged, kCorrupt, kNoMemory};

  // The string of an empty one; null when memory is exhausted.
  static RawString* TryNew();

  // `value` is a raw string that LooksValid; it is replaced when it has to grow or turns dense.
  // Sparse ones turn dense above `sparse_bytes_max`. All is borrowed.
  HyperLogLog(ValueRef value, int64_t sparse_bytes_max)
      : value_(value), sparse_bytes_max_(sparse_bytes_max) {}

  std::string_view bytes() const { return string()->view(); }
  // O(1) if dense, O(bytes) if sparse. A corrupt one stays as it is.
  Outcome Add(std::string_view element);
  // Raises each register to at least this one. O(16384), also if sparse.
  Outcome Raise(const Registers& registers);
  // kSame if it was dense.
  Outcome ToDense();
  void SetCachedCount(uint64_t count);
  void MarkStale();

 private:
  // The run that holds a register: it starts at byte `at` and at register `first`.
  struct Place {
    uint32_t at;
    uint32_t first;
    bool operator==(const Place&) const = default;
  };

  RawString* string() const { return static_cast<RawString*>(value_.data); }
  uint8_t* data() const { return reinterpret_cast<uint8_t*>(string()->bytes); }

  Outcome Set(uint32_t index, uint8_t value);
  Outcome SetDense(uint32_t index, uint8_t value);
  // The search starts at `*from`, which becomes the run before the changed one.
  Outcome SetSparse(uint32_t index, uint8_t value, Place* from);
  Outcome SetTurningDense(uint32_t index, uint8_t value);
  bool ReplaceRun(uint32_t at, uint32_t old_bytes, std::string_view runs);
  void MergeRuns(uint32_t at);

  ValueRef value_;
  int64_t sparse_bytes_max_;
};

}  // namespace kvasm::types
