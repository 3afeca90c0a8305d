#include "core/commands/hyperloglog_self_test.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/alloc.h"
#include "core/base/errors.h"
#include "core/types/hyperloglog.h"

namespace kvasm::commands {
namespace {

using types::Encoding;
using types::HyperLogLog;
using Outcome = HyperLogLog::Outcome;

constexpr uint8_t kRegisterMax = 63;

// A HyperLogLog that belongs to no key.
class Scratch {
 public:
  explicit Scratch(int64_t sparse_bytes_max)
      : data_(HyperLogLog::TryNew()), sparse_bytes_max_(sparse_bytes_max) {}
  ~Scratch() { base::Free(data_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  bool ok() const { return data_ != nullptr; }
  HyperLogLog value() { return HyperLogLog({data_, encoding_}, sparse_bytes_max_); }

 private:
  void* data_;
  Encoding encoding_ = Encoding::kRaw;
  int64_t sparse_bytes_max_;
};

bool Failed(Outcome outcome) {
  return outcome == Outcome::kCorrupt || outcome == Outcome::kNoMemory;
}

std::optional<std::string> OutOfMemory() { return std::string(errors::kOom); }

std::optional<std::string> TestRegisters(base::Prng& prng) {
  constexpr int kCycles = 100;
  HyperLogLog::Registers written;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    Scratch dense(0);
    if (!dense.ok() || Failed(dense.value().ToDense())) return OutOfMemory();
    for (uint8_t& value : written) value = static_cast<uint8_t>(prng.Below(kRegisterMax + 1));
    if (Failed(dense.value().Raise(written))) return OutOfMemory();
    HyperLogLog::Registers read{};
    if (!HyperLogLog::MergeInto(dense.value().bytes(), &read)) return OutOfMemory();
    for (size_t i = 0; i < written.size(); ++i) {
      if (read[i] == written[i]) continue;
      return errors::HllRegister(i, written[i], read[i]);
    }
  }
  return std::nullopt;
}

// What must hold after this many different elements.
std::optional<std::string> CheckCount(uint64_t added, std::string_view dense,
                                      std::string_view other, int64_t sparse_bytes_max) {
  if (static_cast<int64_t>(added) < sparse_bytes_max / 2 && HyperLogLog::IsDense(other)) {
    return std::string(errors::kHllSparseUnused);
  }
  const std::optional<uint64_t> count = HyperLogLog::Count(dense);
  if (!count || count != HyperLogLog::Count(other)) {
    return std::string(errors::kHllDisagree);
  }
  const double standard_error = 1.04 / std::sqrt(double{HyperLogLog::kRegisters});
  auto tolerated =
      static_cast<uint64_t>(std::ceil(standard_error * 6 * static_cast<double>(added)));
  // Two of ten elements that meet in one register are no mistake.
  if (added == 10) tolerated = 2;
  const uint64_t error = *count > added ? *count - added : added - *count;
  if (error <= tolerated) return std::nullopt;
  return errors::HllCountError(added, error);
}

std::optional<std::string> TestCounts(base::Prng& prng, int64_t sparse_bytes_max) {
  constexpr uint64_t kElements = 1'000'000;
  Scratch dense(0);
  Scratch other(sparse_bytes_max);
  if (!dense.ok() || !other.ok() || Failed(dense.value().ToDense())) return OutOfMemory();
  HyperLogLog dense_value = dense.value();
  HyperLogLog other_value = other.value();
  const uint64_t salt = prng.Next();
  uint64_t checkpoint = 1;
  for (uint64_t i = 1; i <= kElements; ++i) {
    const uint64_t number = i ^ salt;
    char element[sizeof number];
    std::memcpy(element, &number, sizeof number);
    const std::string_view text(element, sizeof element);
    if (Failed(dense_value.Add(text)) || Failed(other_value.Add(text))) return OutOfMemory();
    if (i != checkpoint) continue;
    auto failure = CheckCount(i, dense_value.bytes(), other_value.bytes(), sparse_bytes_max);
    if (failure) return failure;
    checkpoint *= 10;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> TestHyperLogLog(base::Prng& prng, int64_t sparse_bytes_max) {
  // A million elements into a sparse value that never turns dense would take long.
  constexpr int64_t kSparseBytesMax = 3000;
  if (auto failure = TestRegisters(prng)) return failure;
  return TestCounts(prng, std::min(sparse_bytes_max, kSparseBytesMax));
}

}  // namespace kvasm::commands
