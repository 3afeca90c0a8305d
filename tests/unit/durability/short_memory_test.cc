// Files that hold more than memory does: the start fails, and says why.
#include <gtest/gtest.h>

#include "core/base/alloc.h"
#include "tests/unit/support/test_disk.h"

namespace kvasm {
namespace {

using testing::Restart;
using testing::Settings;
using testing::TestDisk;

struct Data {
  const char* name;
  const char* script;
};

class ShortMemory : public ::testing::TestWithParam<Data> {
 protected:
  void TearDown() override { base::SetHeapLimit(0); }

  // What starts say with parts of the memory that the data take.
  void ExpectRefusals(const Settings& settings) {
    TestDisk disk;
    uint64_t used = 0;
    uint64_t engine_bytes = base::HeapUsedBytes();
    {
      Restart r(disk, settings);
      const uint64_t before = base::HeapUsedBytes();
      engine_bytes = before - engine_bytes;
      ASSERT_EQ(r.t.RunArgs({"EVAL", GetParam().script, "0"}), "(nil)");
      r.Settle();
      used = base::HeapUsedBytes() - before;
      r.t.engine.Shutdown(durability::ShutdownSave::kAsConfigured, false);
      r.Settle();
    }
    ASSERT_GT(used, 2u << 20);
    for (const uint64_t percent : {10, 30, 50, 70, 80, 90, 100, 110, 130, 200, 1000}) {
      // The test's disk hands over copies of what is read.
      constexpr uint64_t kDiskBytes = 1 << 20;
      base::SetHeapLimit(base::HeapUsedBytes() + engine_bytes + kDiskBytes + used * percent / 100);
      Restart again(disk, settings);
      base::SetHeapLimit(0);
      ASSERT_TRUE(again.has_started);
      EXPECT_FALSE(percent <= 30 && again.error.empty()) << percent;
      EXPECT_FALSE(percent == 1000 && !again.error.empty()) << again.error;
      if (!again.error.empty()) {
        EXPECT_TRUE(again.error.find("Out of memory") != std::string::npos) << again.error;
      }
    }
  }
};

TEST_P(ShortMemory, ASnapshotThatDoesNotFitIsRefused) { ExpectRefusals({{"save", "3600 1"}}); }

TEST_P(ShortMemory, ALogThatDoesNotFitIsRefused) { ExpectRefusals({{"appendonly", "yes"}}); }

constexpr Data kData[] = {
    {"Strings", "for i=1,100000 do redis.call('set', 'key:'..i, i) end"},
    {"LongStrings", "for i=1,200 do redis.call('set', 'key:'..i, string.rep('x', 50000)) end"},
    {"OneSet", "for i=1,100000 do redis.call('sadd', 's', 'member'..i) end"},
    {"OneList", "for i=1,300000 do redis.call('rpush', 'l', 'member'..i) end"},
    {"OneHash", "for i=1,60000 do redis.call('hset', 'h', 'f'..i, string.rep('z', 40)) end"},
    {"SmallHashes",
     "for i=1,900 do for j=1,120 do redis.call('hset', 'h'..i, 'f'..j, string.rep('z', 40)) end "
     "end"},
    {"SmallSets",
     "for i=1,1500 do for j=1,60 do redis.call('sadd', 's'..i, 'member'..j..string.rep('z', 20)) "
     "end end"},
    {"SortedSets",
     "for i=1,230 do for j=1,200 do redis.call('zadd', 'z'..i, j, 'member'..j) end end"},
    {"Streams",
     "for i=1,400000 do redis.call('xadd', 's'..(i % 1000), i..'-1', 'field', 'value'..i) end"},
};

INSTANTIATE_TEST_SUITE_P(All, ShortMemory, ::testing::ValuesIn(kData),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace kvasm
