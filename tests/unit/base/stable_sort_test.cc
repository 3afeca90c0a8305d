#include "core/base/stable_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/base/prng.h"

namespace kvasm::base {
namespace {

struct Record {
  int key = 0;
  int number = 0;
  bool operator==(const Record&) const = default;
};

TEST(StableSort, SortsAndKeepsTheOrderOfEqualRecords) {
  Prng prng(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Record> records(prng.Below(200));
    const uint64_t variety = 1 + prng.Below(100);
    for (size_t i = 0; i < records.size(); ++i) {
      records[i] = {static_cast<int>(prng.Below(variety)), static_cast<int>(i)};
    }
    std::vector<Record> expected = records;
    const auto less = [](const Record& a, const Record& b) { return a.key < b.key; };
    std::stable_sort(expected.begin(), expected.end(), less);
    StableSort(std::span(records), less);
    EXPECT_EQ(records, expected);
  }
}

TEST(StableSort, ComparesRecordsThatAreInOrderOnlyOnceOrTwice) {
  std::vector<int> numbers(10'000);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(i);
  size_t comparisons = 0;
  StableSort(std::span(numbers), [&](int a, int b) {
    ++comparisons;
    return a < b;
  });
  EXPECT_LE(comparisons, 2 * numbers.size());
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
}

}  // namespace
}  // namespace kvasm::base
