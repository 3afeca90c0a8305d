// The power goes at any operation of the disk, and an append-only file ends at any byte.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <tuple>

#include "tests/unit/support/test_disk.h"

namespace kvasm {
namespace {

using testing::Restart;
using testing::Settings;
using testing::TestDisk;

// Of `done` increments of one counter those that were acknowledged must be there, and no more than
// those that were asked for.
struct Counted {
  int64_t asked = 0;
  int64_t acknowledged = 0;
};

int64_t Number(const std::string& reply) {
  return reply == "(nil)" ? 0 : std::stoll(reply.substr(1, reply.size() - 2));
}

// Works until the disk has done `operations` of them.
// With `is_flaky` what is to be made durable fails now and then.
Counted WorkUntil(TestDisk& disk, const Settings& settings, uint64_t operations, base::Prng& prng,
                  bool is_flaky) {
  using Kind = persist::Operation::Kind;
  Counted counted;
  Restart r(disk, settings);
  EXPECT_EQ(r.error, "");
  if (is_flaky) {
    disk.fault = [&prng](const persist::Operation& operation) {
      const bool makes_durable = operation.kind == Kind::kSync ||
                                 operation.kind == Kind::kReplace ||
                                 operation.kind == Kind::kRename || operation.synced;
      return makes_durable && prng.Below(6) == 0 ? "Input/output error" : "";
    };
  }
  counted.asked = counted.acknowledged = Number(r.t.Run("GET n"));
  services::Session& client = r.t.OpenNetwork();
  const uint64_t end = disk.operations + operations;
  while (disk.operations < end) {
    const uint32_t burst = prng.Below(4);
    for (uint32_t i = 0; i < burst; ++i) {
      ++counted.asked;
      r.t.engine.Feed(client, "MULTI\r\nINCR n\r\nLPUSH l x\r\nEXEC\r\n");
    }
    if (prng.Below(20) == 0) r.t.Run("BGREWRITEAOF");
    if (prng.Below(20) == 0) r.t.Run("BGSAVE");
    for (uint32_t steps = prng.Below(3); steps > 0 && disk.operations < end; --steps) {
      disk.Step(r.t.engine);
    }
    r.t.AdvanceTime(std::chrono::milliseconds(prng.Below(300)));
    r.t.engine.Tick(100);
    // An EXEC's reply ends with the new length of the list.
    const std::string_view sent = client.out.view().substr(0, client.SendableBytes());
    for (size_t at = 0; (at = sent.find("*2\r\n:", at)) != std::string_view::npos; ++at) {
      counted.acknowledged = std::strtoll(sent.data() + at + 5, nullptr, 10);
    }
    const auto taken = static_cast<uint32_t>(sent.size());
    client.bytes_out += taken;
    client.out.Consume(taken);
  }
  disk.fault = nullptr;
  return counted;
}

class PowerCut : public ::testing::TestWithParam<std::tuple<const char*, bool>> {};

TEST_P(PowerCut, LosesNothingThatWasSynced) {
  const std::string policy = std::get<0>(GetParam());
  const Settings settings{{"appendonly", "yes"}, {"appendfsync", policy}};
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    base::Prng prng(seed);
    TestDisk disk;
    for (int life = 0; life < 3; ++life) {
      const Counted counted =
          WorkUntil(disk, settings, 1 + prng.Below(80), prng, std::get<1>(GetParam()));
      disk.LosePower(prng);
      Restart r(disk, settings);
      ASSERT_EQ(r.error, "") << policy << ", seed " << seed;
      const int64_t n = Number(r.t.Run("GET n"));
      ASSERT_LE(n, counted.asked) << "seed " << seed;
      ASSERT_EQ(r.t.Run("LLEN l"), ":" + std::to_string(n)) << "half a transaction, seed " << seed;
      if (policy == "always") ASSERT_GE(n, counted.acknowledged) << "seed " << seed;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, PowerCut,
                         ::testing::Combine(::testing::Values("always", "everysec", "no"),
                                            ::testing::Bool()));

// Wherever a tail of 64 KB ends, what is whole before that is loaded.
TEST(PowerCutTail, MayEndAtAnyByte) {
  constexpr int kCommands = 64;
  const Settings settings{{"appendonly", "yes"}, {"aof-use-rdb-preamble", "no"}};
  TestDisk disk;
  {
    Restart r(disk, settings);
    const std::string value(990, 'x');
    for (int i = 0; i < kCommands; ++i) {
      if (i % 8 == 0) r.t.Run("MULTI");
      r.t.RunArgs({"SET", "key" + std::to_string(i), value + std::to_string(i)});
      if (i % 8 == 7) r.t.Run("EXEC");
    }
    r.Settle();
  }
  const std::string name = "appendonlydir/appendonly.aof.1.incr.aof";
  const std::string whole = disk.files[name].bytes;
  ASSERT_GE(whole.size(), 64u * 1024);
  int64_t last = 0;
  for (size_t end = 0; end <= whole.size(); ++end) {
    disk.files[name] = {.bytes = whole.substr(0, end), .synced = end, .named = true};
    Restart r(disk, settings);
    ASSERT_EQ(r.error, "") << "cut at " << end;
    const std::string size = r.t.Run("DBSIZE");
    const int64_t keys = std::stoll(size.substr(1));
    ASSERT_EQ(keys % 8, 0) << "half a transaction, cut at " << end;
    ASSERT_GE(keys, last) << "cut at " << end;
    last = keys;
  }
  EXPECT_EQ(last, kCommands);
}

}  // namespace
}  // namespace kvasm
