#include "core/services/histogram.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace kvasm::services {
namespace {

using Steps = std::vector<std::pair<uint64_t, uint64_t>>;

Steps StepsOf(const Histogram& histogram) {
  Steps steps;
  histogram.ForEachDoubling([&](uint64_t end, uint64_t sum) { steps.emplace_back(end, sum); });
  return steps;
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (uint64_t value = 0; value < 256; ++value) histogram.Add(value);
  EXPECT_EQ(histogram.total(), 256u);
  EXPECT_EQ(histogram.AtPercentile(0), 1u);  // which 0 counts as
  EXPECT_EQ(histogram.AtPercentile(50), 127u);
  EXPECT_EQ(histogram.AtPercentile(100), 255u);
}

// Seen of a real server: DEBUG SLEEP 0.6, 0.7 and 0.1, with what they took in nanoseconds.
TEST(Histogram, TellsWhatRedisTells) {
  Histogram histogram;
  for (const uint64_t ns : {609'788'000, 700'144'000, 105'547'000}) histogram.Add(ns);
  EXPECT_EQ(histogram.AtPercentile(0), 105'381'888u);
  EXPECT_EQ(histogram.AtPercentile(50), 612'368'383u);
  EXPECT_EQ(histogram.AtPercentile(99.9), 700'448'767u);
  EXPECT_EQ(StepsOf(histogram), (Steps{{135'266'303, 1}, {1'073'741'823, 3}}));
}

TEST(Histogram, StepsAreDoublingsThatAddValues) {
  Histogram histogram;
  for (const uint64_t value : {5, 1000, 3000, 3001, 40'000}) histogram.Add(value);
  EXPECT_EQ(StepsOf(histogram), (Steps{{1031, 2}, {4127, 4}, {66'047, 5}}));
}

TEST(Histogram, LargerValuesCountAsTheLargest) {
  Histogram histogram;
  histogram.Add(UINT64_MAX);
  EXPECT_EQ(StepsOf(histogram), (Steps{{1'073'741'823, 1}}));
  EXPECT_GE(histogram.AtPercentile(50), Histogram::kMost);
}

TEST(Histogram, HasNoStepsWhileEmpty) {
  EXPECT_EQ(StepsOf(Histogram()), Steps{});
  EXPECT_EQ(Histogram().AtPercentile(50), 0u);
}

}  // namespace
}  // namespace kvasm::services
