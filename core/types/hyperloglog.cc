#include "core/types/hyperloglog.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/alloc.h"
#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/base/murmur.h"
#include "core/base/numbers.h"

namespace kvasm::types {
namespace {

constexpr uint32_t kRegisters = HyperLogLog::kRegisters;
constexpr uint32_t kHeaderBytes = HyperLogLog::kHeaderBytes;
constexpr uint8_t kDense = 0;
constexpr uint8_t kSparse = 1;
constexpr uint32_t kEncodingAt = 4;
constexpr uint32_t kCountAt = 8;
constexpr uint32_t kStaleAt = 15;
constexpr uint8_t kStaleBit = 0x80;

constexpr uint64_t kHashSeed = 0xadc83b19;
constexpr int kIndexBits = 14;
// A register holds at most one more than this: 1 + the zeros the rest of a hash can begin with.
constexpr int kHashBits = 64 - kIndexBits;

// --- sparse runs ---

constexpr uint32_t kShortZerosMax = 64;
constexpr uint32_t kValueMax = 32;
constexpr uint32_t kValueRunMax = 4;

struct Run {
  uint32_t registers;
  uint8_t value;  // 0 for runs of zeros
  uint8_t bytes;
};

// The run at `at`, which is inside of the string. The second byte of a run that the end of the
// string cuts off counts as 0, as in Redis, where a NUL stands there.
Run RunAt(std::string_view sparse, size_t at) {
  const auto head = static_cast<uint8_t>(sparse[at]);
  if (head >= 0x80) {
    return {(head & 3u) + 1, static_cast<uint8_t>((head >> 2 & 31) + 1), 1};
  }
  if (head < 0x40) return {head + 1u, 0, 1};
  const uint32_t low = at + 1 < sparse.size() ? static_cast<uint8_t>(sparse[at + 1]) : 0;
  return {(head & 63u) * 256 + low + 1, 0, 2};
}

char ValueRun(uint32_t value, uint32_t registers) {
  return static_cast<char>(0x80 | (value - 1) << 2 | (registers - 1));
}

// Runs that are to replace another; at most five bytes.
class Runs {
 public:
  void Zeros(uint32_t registers) {
    if (registers == 0) return;
    if (registers > kShortZerosMax) {
      bytes_[size_++] = static_cast<char>(0x40 | (registers - 1) >> 8);
      bytes_[size_++] = static_cast<char>((registers - 1) & 0xff);
    } else {
      bytes_[size_++] = static_cast<char>(registers - 1);
    }
  }
  void Values(uint32_t value, uint32_t registers) {
    if (registers > 0) bytes_[size_++] = ValueRun(value, registers);
  }
  std::string_view view() const { return {bytes_, size_}; }

 private:
  char bytes_[5];
  uint32_t size_ = 0;
};

// visit(first register, run) for the runs of a sparse string. True if they make up all registers.
// What Redis lets pass and what not is kept: runs of values that would go past the last register
// end the walk, wherever it stands.
template <class Visit>
bool ForEachRun(std::string_view sparse, Visit visit) {
  uint32_t index = 0;
  for (size_t at = kHeaderBytes; at < sparse.size() && index <= kRegisters;) {
    const Run run = RunAt(sparse, at);
    if (run.value != 0) {
      if (index + run.registers > kRegisters) break;
      visit(index, run);
    }
    index += run.registers;
    at += run.bytes;
  }
  return index == kRegisters;
}

// --- dense registers ---

uint8_t DenseAt(const uint8_t* registers, uint32_t index) {
  const uint32_t bit = index * 6;
  const uint8_t* at = registers + bit / 8;
  const uint32_t shift = bit % 8;
  // Registers that fit one byte must not read the next: it may be past the end.
  const uint32_t pair = shift <= 2 ? at[0] : at[0] | uint32_t{at[1]} << 8;
  return pair >> shift & 63;
}

void SetDenseAt(uint8_t* registers, uint32_t index, uint8_t value) {
  const uint32_t bit = index * 6;
  uint8_t* at = registers + bit / 8;
  const uint32_t shift = bit % 8;
  at[0] = static_cast<uint8_t>((at[0] & ~(63u << shift)) | uint32_t{value} << shift);
  if (shift <= 2) return;
  at[1] = static_cast<uint8_t>((at[1] & ~(63u >> (8 - shift))) | uint32_t{value} >> (8 - shift));
}

// visit(index, value) for all registers: four of them are three bytes.
template <class Visit>
void ForEachDense(const uint8_t* registers, Visit visit) {
  for (uint32_t index = 0; index < kRegisters; index += 4, registers += 3) {
    const uint32_t four = registers[0] | uint32_t{registers[1]} << 8 | uint32_t{registers[2]} << 16;
    for (uint32_t i = 0; i < 4; ++i) visit(index + i, static_cast<uint8_t>(four >> (6 * i) & 63));
  }
}

const uint8_t* RegistersOf(std::string_view dense) {
  return reinterpret_cast<const uint8_t*>(dense.data()) + kHeaderBytes;
}

// --- the estimate ---
// Sums of doubles in the order Redis has them, with operations that IEEE 754 defines to the last
// bit (+ - * / sqrt), so that every build gives the same count.

// How many registers hold each value. Values that no element can give are counted, too.
using Histogram = std::array<uint32_t, 64>;

// x + sum of x^(2^k) 2^(k-1)
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double weight = 1;
  double sum = x;
  for (double before = -1; before != sum;) {
    x *= x;
    before = sum;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

// (1 - x - sum of (1 - x^(2^-k))^2 2^-k) / 3
double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double weight = 1;
  double sum = 1 - x;
  for (double before = -1; before != sum;) {
    x = std::sqrt(x);
    before = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

uint64_t Estimate(const Histogram& histogram) {
  constexpr double kAlpha = 0.721347520444481703680;  // 0.5 / ln 2
  constexpr double kCount = kRegisters;
  double z = kCount * Tau((kCount - histogram[kHashBits + 1]) / kCount);
  for (size_t value = kHashBits; value >= 1; --value) {
    z += histogram[value];
    z *= 0.5;
  }
  z += kCount * Sigma(histogram[0] / kCount);
  const double estimate = kAlpha * kCount * kCount / z;
  // Only registers that were not made by adding elements are past this; Redis's conversion gives
  // the least integer.
  constexpr double kConvertible = 9.2e18;
  if (!(estimate < kConvertible)) return uint64_t{1} << 63;
  return static_cast<uint64_t>(std::llround(estimate));
}

// The dense string for the runs of a sparse one. Null when memory is exhausted or they are corrupt.
RawString* TryNewDense(std::string_view sparse, HyperLogLog::Outcome* failure) {
  RawString* dense = RawString::TryNewZeroed(HyperLogLog::kDenseBytes);
  if (dense == nullptr) {
    *failure = HyperLogLog::Outcome::kNoMemory;
    return nullptr;
  }
  auto* bytes = reinterpret_cast<uint8_t*>(dense->bytes);
  std::memcpy(bytes, sparse.data(), kHeaderBytes);
  bytes[kEncodingAt] = kDense;
  uint8_t* registers = bytes + kHeaderBytes;
  const bool whole = ForEachRun(sparse, [&](uint32_t first, const Run& run) {
    for (uint32_t i = 0; i < run.registers; ++i) SetDenseAt(registers, first + i, run.value);
  });
  if (whole) return dense;
  base::Free(dense);
  *failure = HyperLogLog::Outcome::kCorrupt;
  return nullptr;
}

}  // namespace

// --- reading ---

bool HyperLogLog::LooksValid(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("HYLL")) return false;
  const auto encoding = static_cast<uint8_t>(bytes[kEncodingAt]);
  return encoding == kSparse || (encoding == kDense && bytes.size() == kDenseBytes);
}

std::optional<uint64_t> HyperLogLog::CachedCount(std::string_view bytes) {
  if (static_cast<uint8_t>(bytes[kStaleAt]) & kStaleBit) return std::nullopt;
  return base::Load64(bytes.data() + kCountAt);
}

std::optional<uint64_t> HyperLogLog::Count(std::string_view bytes) {
  Histogram histogram{};
  if (IsDense(bytes)) {
    ForEachDense(RegistersOf(bytes), [&](uint32_t, uint8_t value) { ++histogram[value]; });
    return Estimate(histogram);
  }
  // Unlike when merging, nothing may follow the last register here.
  uint64_t index = 0;
  for (size_t at = kHeaderBytes; at < bytes.size() && index <= kRegisters;) {
    const Run run = RunAt(bytes, at);
    histogram[run.value] += run.registers;
    index += run.registers;
    at += run.bytes;
  }
  if (index != kRegisters) return std::nullopt;
  return Estimate(histogram);
}

uint64_t HyperLogLog::Count(const Registers& registers) {
  Histogram histogram{};
  for (const uint8_t value : registers) ++histogram[value];
  return Estimate(histogram);
}

bool HyperLogLog::MergeInto(std::string_view bytes, Registers* registers) {
  const auto raise = [registers](uint32_t index, uint8_t value) {
    uint8_t& at = (*registers)[index];
    at = std::max(at, value);
  };
  if (IsDense(bytes)) {
    ForEachDense(RegistersOf(bytes), raise);
    return true;
  }
  return ForEachRun(bytes, [&](uint32_t first, const Run& run) {
    for (uint32_t i = 0; i < run.registers; ++i) raise(first + i, run.value);
  });
}

namespace {

// The text of one run, without the blank between two.
std::string_view DescribeRun(const Run& run, char (&text)[32]) {
  uint32_t size = 0;
  text[size++] = run.value != 0 ? 'v' : run.bytes == 1 ? 'z' : 'Z';
  text[size++] = ':';
  if (run.value != 0) {
    size += static_cast<uint32_t>(base::FormatInt64(text + size, run.value));
    text[size++] = ',';
  }
  size += static_cast<uint32_t>(base::FormatInt64(text + size, run.registers));
  return {text, size};
}

template <class Visit>
void ForEachDescription(std::string_view sparse, Visit visit) {
  char text[32];
  for (size_t at = kHeaderBytes; at < sparse.size();) {
    const Run run = RunAt(sparse, at);
    visit(at == kHeaderBytes ? std::string_view() : std::string_view(" "));
    visit(DescribeRun(run, text));
    at += run.bytes;
  }
}

}  // namespace

uint64_t HyperLogLog::DescriptionBytes(std::string_view sparse) {
  uint64_t bytes = 0;
  ForEachDescription(sparse, [&](std::string_view part) { bytes += part.size(); });
  return bytes;
}

std::string HyperLogLog::Describe(std::string_view sparse) {
  std::string text;
  text.reserve(static_cast<size_t>(DescriptionBytes(sparse)));
  ForEachDescription(sparse, [&](std::string_view part) { text.append(part); });
  return text;
}

HyperLogLog::Trace HyperLogLog::TraceOf(std::string_view element) {
  const uint64_t hash = base::Murmur64A(element, kHashSeed);
  const uint64_t rest = hash >> kIndexBits | uint64_t{1} << kHashBits;
  return {static_cast<uint32_t>(hash & (kRegisters - 1)),
          static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

// --- changing ---

RawString* HyperLogLog::TryNew() {
  RawString* string = RawString::TryNewZeroed(kEmptyBytes);
  if (string == nullptr) return nullptr;
  char* bytes = string->bytes;
  std::memcpy(bytes, "HYLL", 4);
  bytes[kEncodingAt] = kSparse;
  Runs runs;
  runs.Zeros(kRegisters);
  std::memcpy(bytes + kHeaderBytes, runs.view().data(), runs.view().size());
  return string;
}

void HyperLogLog::MarkStale() { data()[kStaleAt] |= kStaleBit; }

void HyperLogLog::SetCachedCount(uint64_t count) { base::Store64(data() + kCountAt, count); }

HyperLogLog::Outcome HyperLogLog::ToDense() {
  if (IsDense(bytes())) return Outcome::kSame;
  Outcome failure{};
  RawString* dense = TryNewDense(bytes(), &failure);
  if (dense == nullptr) return failure;
  base::Free(value_.data);
  value_.data = dense;
  return Outcome::kChanged;
}

HyperLogLog::Outcome HyperLogLog::Add(std::string_view element) {
  const Trace trace = TraceOf(element);
  return Set(trace.index, trace.value);
}

HyperLogLog::Outcome HyperLogLog::Set(uint32_t index, uint8_t value) {
  if (IsDense(bytes())) return SetDense(index, value);
  Place start{kHeaderBytes, 0};
  return SetSparse(index, value, &start);
}

HyperLogLog::Outcome HyperLogLog::Raise(const Registers& registers) {
  Outcome all = Outcome::kSame;
  // From one register to the next the search goes on where it ended.
  Place from{kHeaderBytes, 0};
  for (uint32_t index = 0; index < kRegisters; ++index) {
    const uint8_t value = registers[index];
    if (value == 0) continue;
    const Outcome outcome =
        IsDense(bytes()) ? SetDense(index, value) : SetSparse(index, value, &from);
    if (outcome == Outcome::kCorrupt || outcome == Outcome::kNoMemory) return outcome;
    if (outcome == Outcome::kChanged) all = outcome;
  }
  return all;
}

HyperLogLog::Outcome HyperLogLog::SetDense(uint32_t index, uint8_t value) {
  uint8_t* registers = data() + kHeaderBytes;
  if (DenseAt(registers, index) >= value) return Outcome::kSame;
  SetDenseAt(registers, index, value);
  return Outcome::kChanged;
}

HyperLogLog::Outcome HyperLogLog::SetTurningDense(uint32_t index, uint8_t value) {
  const Outcome outcome = ToDense();
  return outcome == Outcome::kChanged ? SetDense(index, value) : outcome;
}

HyperLogLog::Outcome HyperLogLog::SetSparse(uint32_t index, uint8_t value, Place* from) {
  if (value > kValueMax) return SetTurningDense(index, value);
  const std::string_view sparse = bytes();
  constexpr Place kStart{kHeaderBytes, 0};
  Place before = *from;
  Place here = before;
  Run run{};
  for (;; before = here, here = {here.at + run.bytes, here.first + run.registers}) {
    if (here.at >= sparse.size()) return Outcome::kCorrupt;
    run = RunAt(sparse, here.at);
    if (index < here.first + run.registers) break;
  }
  if (here == *from && here != kStart) {
    // The run before this one, with which it may merge, is not known.
    *from = kStart;
    return SetSparse(index, value, from);
  }
  *from = before;
  if (here.at + run.bytes > sparse.size()) return Outcome::kCorrupt;
  if (run.value >= value) return Outcome::kSame;
  // The run falls apart into what is before the register, the register, and what is after it.
  Runs runs;
  const uint32_t registers_before = index - here.first;
  const uint32_t registers_after = run.registers - registers_before - 1;
  const auto keep = [&](uint32_t registers) {
    run.value == 0 ? runs.Zeros(registers) : runs.Values(run.value, registers);
  };
  keep(registers_before);
  runs.Values(value, 1);
  keep(registers_after);
  const size_t new_bytes = runs.view().size();
  if (new_bytes > run.bytes &&
      sparse.size() + new_bytes - run.bytes > static_cast<uint64_t>(sparse_bytes_max_)) {
    return SetTurningDense(index, value);
  }
  if (!ReplaceRun(here.at, run.bytes, runs.view())) return Outcome::kNoMemory;
  MergeRuns(before.at);
  MarkStale();
  return Outcome::kChanged;
}

bool HyperLogLog::ReplaceRun(uint32_t at, uint32_t old_bytes, std::string_view runs) {
  RawString* string = this->string();
  const auto new_bytes = static_cast<uint32_t>(runs.size());
  const uint32_t size = string->size - old_bytes + new_bytes;
  if (size > string->capacity()) {
    // Grows ahead of need, but not past the size at which it turns dense.
    constexpr uint32_t kAheadMax = 300;
    const uint32_t ahead = std::min(size, kAheadMax);
    const auto room = static_cast<uint32_t>(
        std::clamp<uint64_t>(static_cast<uint64_t>(sparse_bytes_max_), size, size + ahead));
    void* moved = base::TryReallocate(string, RawString::kHeaderBytes + room);
    if (moved == nullptr) return false;
    value_.data = moved;
    string = this->string();
  }
  char* run = string->bytes + at;
  std::memmove(run + new_bytes, run + old_bytes, string->size - at - old_bytes);
  std::memcpy(run, runs.data(), new_bytes);
  string->size = size;
  return true;
}

// Joins neighbouring runs of one value, from the run at `at` on. Only the few that a change can
// have touched are looked at.
void HyperLogLog::MergeRuns(uint32_t at) {
  uint8_t* runs = data();
  uint32_t size = string()->size;
  for (int looked_at = 0; looked_at < 5 && at < size; ++looked_at) {
    const Run run = RunAt(bytes(), at);
    if (run.value != 0 && at + 1 < size) {
      const Run next = RunAt(bytes(), at + 1);
      if (next.value == run.value && run.registers + next.registers <= kValueRunMax) {
        runs[at] = static_cast<uint8_t>(ValueRun(run.value, run.registers + next.registers));
        std::memmove(runs + at + 1, runs + at + 2, size - at - 2);
        string()->size = --size;
        continue;
      }
    }
    at += run.bytes;
  }
}

}  // namespace kvasm::types
