#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::TestEngine;

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Info, SectionsFollowWhatIsAskedFor) {
  TestEngine t;
  EXPECT_EQ(t.Run("INFO cluster"), "\"# Cluster\r\ncluster_enabled:0\r\n\"");
  EXPECT_EQ(t.Run("INFO CLUSTER nosuch modules"),
            "\"# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n\"");
  EXPECT_EQ(t.Run("INFO nosuch"), "\"\"");
  const std::string by_default = t.Run("INFO");
  EXPECT_TRUE(Has(by_default, "redis_version:7.2.6\r\n"));
  EXPECT_TRUE(Has(by_default, "# Modules\r\n"));
  EXPECT_FALSE(Has(by_default, "# Commandstats"));
  const std::string all = t.Run("INFO all cpu");
  EXPECT_TRUE(Has(all, "# Commandstats"));
  EXPECT_FALSE(Has(all, "# Modules"));
  EXPECT_EQ(all.find("# CPU"), all.rfind("# CPU"));
  EXPECT_TRUE(Has(t.Run("INFO everything"), "# Modules"));
}

TEST(Info, KeyspaceCountsKeysExpiriesAndTheirMeanTime) {
  TestEngine t;
  EXPECT_EQ(t.Run("INFO keyspace"), "\"# Keyspace\r\n\"");
  t.Run("SET a 1");
  t.Run("SET b 1 PX 1000");
  t.Run("SET c 1 PX 3000");
  t.Run("HSET h f v");
  t.Run("HEXPIRE h 10 FIELDS 1 f");
  EXPECT_EQ(t.Run("INFO keyspace"),
            "\"# Keyspace\r\ndb0:keys=4,expires=2,avg_ttl=2000,subexpiry=1\r\n\"");
}

TEST(Info, CommandAndErrorStatisticsCountAndReset) {
  TestEngine t;
  t.Run("GET k");
  t.Run("GET");
  t.Run("INCR k");
  t.Run("LPOS x");
  t.Run("SET k text");
  t.Run("INCR k");
  const std::string commands = t.Run("INFO commandstats");
  EXPECT_TRUE(Has(commands,
                  "cmdstat_get:calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,"
                  "failed_calls=0\r\n"));
  EXPECT_TRUE(Has(commands,
                  "cmdstat_incr:calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,"
                  "failed_calls=1\r\n"));
  EXPECT_TRUE(Has(t.Run("INFO errorstats"), "errorstat_ERR:count=3\r\n"));
  t.Run("CONFIG RESETSTAT");
  EXPECT_EQ(t.Run("INFO errorstats"), "\"# Errorstats\r\n\"");
}

TEST(Info, HitsMissesAndExpiredKeysAreCounted) {
  TestEngine t;
  t.Run("SET k v PX 1");
  t.Run("GET k");
  t.Run("GET absent");
  t.AdvanceTime(1s);
  t.Run("GET k");
  const std::string stats = t.Run("INFO stats");
  EXPECT_TRUE(Has(stats, "keyspace_hits:1\r\n"));
  EXPECT_TRUE(Has(stats, "keyspace_misses:2\r\n"));
  EXPECT_TRUE(Has(stats, "expired_keys:1\r\n"));
}

TEST(Info, OperationsPerSecondFollowTheLastTicks) {
  TestEngine t;
  t.engine.Tick(1);
  for (int tick = 0; tick < 16; ++tick) {
    for (int i = 0; i < 10; ++i) t.Run("PING");
    t.AdvanceTime(100ms);
    t.engine.Tick(1);
  }
  EXPECT_TRUE(Has(t.Run("INFO stats"), "instantaneous_ops_per_sec:100\r\n"));
}

TEST(MemoryCommand, UsageGrowsWithTheValue) {
  TestEngine t;
  t.Run("SET small v");
  t.RunArgs({"SET", "large", std::string(10000, 'x')});
  EXPECT_EQ(t.Run("MEMORY USAGE absent"), "(nil)");
  const int small = std::stoi(t.Run("MEMORY USAGE small").substr(1));
  const int large = std::stoi(t.Run("MEMORY USAGE large SAMPLES 0").substr(1));
  EXPECT_GT(small, 5);
  EXPECT_GT(large, 10000);
  EXPECT_LT(large, 11000);
  EXPECT_EQ(t.Run("MEMORY USAGE small SAMPLES -1"), "-ERR syntax error");
}

}  // namespace
}  // namespace kvasm
