#include "core/base/partial_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/prng.h"

namespace kvasm::base {
namespace {

int Compare(int a, int b) { return a < b ? -1 : a > b ? 1 : 0; }

TEST(PartialSort, PutsThePlacesAskedForInOrder) {
  Prng prng(1);
  for (int round = 0; round < 3000; ++round) {
    std::vector<int> numbers(1 + prng.Below(120));
    const uint64_t variety = 1 + prng.Below(100);
    for (int& number : numbers) number = static_cast<int>(prng.Below(variety));
    std::vector<int> sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    const size_t low = prng.Below(numbers.size());
    const size_t high = low + prng.Below(numbers.size() - low);
    PartialSort(numbers.data(), numbers.size(), static_cast<ptrdiff_t>(low),
                static_cast<ptrdiff_t>(high), Compare);
    for (size_t i = low; i <= high; ++i) EXPECT_EQ(numbers[i], sorted[i]) << i;
    std::sort(numbers.begin(), numbers.end());
    EXPECT_EQ(numbers, sorted) << "something was lost";
  }
}

TEST(PartialSort, SortsAllWhenAllIsAskedFor) {
  Prng prng(2);
  for (const size_t count : {1u, 2u, 6u, 7u, 8u, 40u, 41u, 1000u}) {
    std::vector<int> numbers(count);
    for (int& number : numbers) number = static_cast<int>(prng.Below(count));
    PartialSort(numbers.data(), count, 0, static_cast<ptrdiff_t>(count) - 1, Compare);
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end())) << count;
  }
}

TEST(PartialSort, TakesAnEmptyRangeOfPlaces) {
  std::vector<int> numbers = {5, 4, 3, 2, 1, 9, 8, 7};
  PartialSort(numbers.data(), numbers.size(), 7, 6, Compare);
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(numbers, (std::vector<int>{1, 2, 3, 4, 5, 7, 8, 9}));
}

// The order of equals that Redis gives: GEOSEARCH ... COUNT 3 over nine members at one place.
TEST(PartialSort, LeavesEqualsInTheOrderOfTheAlgorithm) {
  std::vector<std::pair<int, char>> items;
  for (char name = 'a'; name <= 'i'; ++name) items.push_back({0, name});
  PartialSort(items.data(), items.size(), 0, 2,
              [](const auto& a, const auto& b) { return Compare(a.first, b.first); });
  std::string names;
  for (const auto& item : items) names.push_back(item.second);
  EXPECT_EQ(names.substr(0, 3), "ibc");
}

// Equal keys, sorted and reversed input: the recursion must stay shallow and the work small.
TEST(PartialSort, IsQuickOnOrderedAndOnEqualInput) {
  constexpr size_t kCount = 200'000;
  std::vector<int> numbers(kCount, 1);
  uint64_t compared = 0;
  const auto counting = [&](int a, int b) {
    ++compared;
    return Compare(a, b);
  };
  PartialSort(numbers.data(), kCount, 0, kCount - 1, counting);
  EXPECT_LT(compared, kCount * 4);
  for (size_t i = 0; i < kCount; ++i) numbers[i] = static_cast<int>(kCount - i);
  compared = 0;
  PartialSort(numbers.data(), kCount, 0, kCount - 1, counting);
  EXPECT_LT(compared, kCount * 40);
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
}

}  // namespace
}  // namespace kvasm::base
