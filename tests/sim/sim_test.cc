// A thousand worlds; see world.h.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/sim/world.h"

namespace kvasm::sim {
namespace {

constexpr int kSteps = 1000;

uint64_t Number(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// KVASM_SIM_SEED: the first seed; KVASM_SIM_COUNT: how many. Each of the four tests takes a fourth.
class Worlds : public ::testing::TestWithParam<uint64_t> {};

TEST_P(Worlds, HoldTogether) {
  const uint64_t first = Number("KVASM_SIM_SEED", 1);
  const uint64_t count = Number("KVASM_SIM_COUNT", 1000);
  Counts all;
  for (uint64_t seed = first + GetParam(); seed < first + count; seed += 4) {
    World world(seed);
    world.Run(kSteps);
    ASSERT_FALSE(world.failed()) << "KVASM_SIM_SEED=" << seed
                                 << " KVASM_SIM_COUNT=1: " << world.Report();
    all += world.counts;
  }
  if (count < 100) return;
  // Something must have happened in them.
  const uint64_t worlds = count / 4;
  EXPECT_GT(all.replies, worlds * 100);
  EXPECT_GT(all.pushes, worlds * 20);
  EXPECT_GT(all.served, worlds * 5);
  EXPECT_GT(all.timed_out, worlds * 5);
  EXPECT_GT(all.taken, worlds * 20);
  EXPECT_GT(all.cached, worlds * 20);
  EXPECT_GT(all.commits, worlds * 2);
  EXPECT_GT(all.conflicts, worlds);
  EXPECT_GT(all.scripts, worlds);
  EXPECT_GT(all.suspended, worlds);
  EXPECT_GT(all.killed, 0u);
  EXPECT_GT(all.cut_off, 0u);
  EXPECT_GT(all.replica_checks, worlds * 5);
}

INSTANTIATE_TEST_SUITE_P(Quarter, Worlds, ::testing::Range(uint64_t{0}, uint64_t{4}));

TEST(Replay, ASeedGoesTheSameWayAgain) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    World one(seed);
    one.Run(kSteps);
    World again(seed);
    again.Run(kSteps);
    EXPECT_EQ(one.history_hash(), again.history_hash()) << seed;
    World other(seed + 1);
    other.Run(kSteps);
    EXPECT_NE(one.history_hash(), other.history_hash());
  }
}

}  // namespace
}  // namespace kvasm::sim
