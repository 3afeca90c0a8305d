#include "core/services/config.h"

#include <gtest/gtest.h>

namespace kvasm::services {
namespace {

class ConfigTest : public testing::Test {
 protected:
  // "OK" or the error.
  std::string Set(std::vector<Config::Pair> values,
                  Config::Source source = Config::Source::kRuntime) {
    const base::Status status = config_.Set(values, source);
    return status.ok() ? "OK" : std::string(status.error());
  }
  // "OK" or what follows "... - ".
  std::string Reason(const std::string& name, const std::string& value,
                     Config::Source source = Config::Source::kRuntime) {
    const std::string reply = Set({{name, value}}, source);
    const std::string prefix =
        "ERR CONFIG SET failed (possibly related to argument '" + name + "') - ";
    return reply.starts_with(prefix) ? reply.substr(prefix.size()) : reply;
  }
  std::string Get(std::string_view name) {
    std::string value;
    return config_.Get(name, &value) ? value : "(none)";
  }
  // Sets and gets.
  std::string Shown(const std::string& name, const std::string& value) {
    const std::string reply = Set({{name, value}});
    return reply == "OK" ? Get(name) : reply;
  }

  Config config_;
};

TEST_F(ConfigTest, StartsWithTheDefaultsOfRedis72) {
  EXPECT_EQ(Get("databases"), "16");
  EXPECT_EQ(Get("hash-max-listpack-entries"), "512");
  EXPECT_EQ(Get("save"), "3600 1 300 100 60 10000");
  EXPECT_EQ(Get("client-output-buffer-limit"),
            "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
  EXPECT_EQ(config_.settings().limits.hash_max_listpack_entries, 512);
  EXPECT_EQ(config_.settings().maxmemory_policy, "noeviction");
}

TEST_F(ConfigTest, NamesIgnoreCaseAndAliasesAnswer) {
  EXPECT_EQ(Get("MaxMemory"), "0");
  EXPECT_EQ(Set({{"SLAVE-priority", "77"}}), "OK");
  EXPECT_EQ(Get("replica-priority"), "77");
  EXPECT_EQ(Get("hash-max-ziplist-value"), "64");
  EXPECT_EQ(Get("no-such-thing"), "(none)");
  EXPECT_EQ(Get(""), "(none)");
}

TEST_F(ConfigTest, PatternsFindAliasesButNotHiddenDirectives) {
  using Pairs = std::vector<Config::Pair>;
  EXPECT_EQ(config_.Match("*LAVE-prio*"), (Pairs{{"slave-priority", "100"}}));
  EXPECT_EQ(config_.Match("watchdog-*"), Pairs{});
  EXPECT_EQ(config_.Match("watchdog-period"), (Pairs{{"watchdog-period", "0"}}));
  EXPECT_EQ(config_.Match("Slave-PRIORITY"), (Pairs{{"Slave-PRIORITY", "100"}}));
  EXPECT_EQ(config_.Match("nothing"), Pairs{});
  // What CONFIG GET * of a 7.2.6 server lists.
  EXPECT_EQ(config_.Match("*").size(), 195u);
}

TEST_F(ConfigTest, MemoryTakesUnits) {
  EXPECT_EQ(Shown("maxmemory", "1kb"), "1024");
  EXPECT_EQ(Shown("maxmemory", "1k"), "1000");
  EXPECT_EQ(Shown("maxmemory", "2MB"), "2097152");
  EXPECT_EQ(Shown("maxmemory", "1g"), "1000000000");
  EXPECT_EQ(Shown("maxmemory", "1b"), "1");
  EXPECT_EQ(Shown("maxmemory", "99999999999999999999"), "18446744073709551615");
  EXPECT_EQ(config_.settings().maxmemory, INT64_MAX);
  EXPECT_EQ(Shown("maxmemory", ""), "0");
  for (const char* bad : {"abc", "-1", "1.5mb", " 1", "+5"}) {
    EXPECT_EQ(Reason("maxmemory", bad), "argument must be a memory value") << bad;
  }
  EXPECT_EQ(Reason("proto-max-bulk-len", "1"),
            "argument must be between 1048576 and 9223372036854775807 inclusive");
  EXPECT_EQ(Shown("repl-backlog-size", "1"), "16384");
}

TEST_F(ConfigTest, MemoryOfClientsMayBeAPercentage) {
  EXPECT_EQ(Shown("maxmemory-clients", "5%"), "5%");
  EXPECT_EQ(Shown("maxmemory-clients", "1mb"), "1048576");
  EXPECT_EQ(Reason("maxmemory-clients", "101%"),
            "percentage argument must be less or equal to 100");
  EXPECT_EQ(Reason("maxmemory-clients", "x%"), "argument must be a memory or percent value");
}

TEST_F(ConfigTest, IntegersAreStrictAndBounded) {
  EXPECT_EQ(Reason("timeout", "-1"), "argument must be between 0 and 2147483647 inclusive");
  EXPECT_EQ(Reason("timeout", "010"), "argument couldn't be parsed into an integer");
  EXPECT_EQ(Reason("timeout", ""), "argument couldn't be parsed into an integer");
  EXPECT_EQ(Reason("maxclients", "0"), "argument must be between 1 and 4294967295 inclusive");
  EXPECT_EQ(Shown("hz", "0"), "1");
  EXPECT_EQ(Shown("hz", "1000"), "500");
  EXPECT_EQ(Shown("slowlog-log-slower-than", "-1"), "-1");
}

TEST_F(ConfigTest, OctalIsForStartUp) {
  EXPECT_EQ(Reason("unixsocketperm", "700", Config::Source::kStartup), "OK");
  EXPECT_EQ(Get("unixsocketperm"), "700");
  EXPECT_EQ(Reason("unixsocketperm", "9", Config::Source::kStartup),
            "argument couldn't be parsed as an octal number");
  EXPECT_EQ(Reason("unixsocketperm", "1000", Config::Source::kStartup),
            "argument must be between 0 and 511 inclusive");
}

TEST_F(ConfigTest, BooleansAndEnums) {
  EXPECT_EQ(Shown("rdbcompression", "NO"), "no");
  EXPECT_EQ(Reason("rdbcompression", "maybe"), "argument must be 'yes' or 'no'");
  EXPECT_EQ(Shown("maxmemory-policy", "ALLKEYS-LFU"), "allkeys-lfu");
  EXPECT_EQ(config_.settings().maxmemory_policy, "allkeys-lfu");
  EXPECT_EQ(Shown("oom-score-adj", "relative"), "yes");
  EXPECT_EQ(Reason("oom-score-adj", "x"),
            "argument(s) must be one of the following: no, yes, relative, absolute");
}

TEST_F(ConfigTest, ShutdownFlagsCombine) {
  EXPECT_EQ(Shown("shutdown-on-sigint", "now SAVE force"), "save now force");
  EXPECT_EQ(Shown("shutdown-on-sigint", "default"), "default");
  EXPECT_EQ(Reason("shutdown-on-sigint", "save nosave"),
            "shutdown options SAVE and NOSAVE can't be used simultaneously");
  EXPECT_EQ(Reason("shutdown-on-sigint", ""),
            "argument(s) must be one of the following: default, save, nosave, now, force");
}

TEST_F(ConfigTest, SavePoints) {
  EXPECT_EQ(Shown("save", "60 1 300 10"), "60 1 300 10");
  EXPECT_EQ(Shown("save", ""), "");
  for (const char* bad : {"60", "60 -1", "0 1", "a 1", "60 1 ", "60  1"}) {
    EXPECT_EQ(Reason("save", bad), "Invalid save parameters") << bad;
  }
}

TEST_F(ConfigTest, SaveLinesOfAConfigurationFileAddUp) {
  EXPECT_EQ(Set({{"save", "60 1"}}, Config::Source::kStartup), "OK");
  EXPECT_EQ(Set({{"save", "300 10"}}, Config::Source::kStartup), "OK");
  EXPECT_EQ(Get("save"), "60 1 300 10");
  EXPECT_EQ(Set({{"save", ""}}, Config::Source::kStartup), "OK");
  EXPECT_EQ(Get("save"), "");
  EXPECT_EQ(Set({{"save", "5 1"}}, Config::Source::kStartup), "OK");
  EXPECT_EQ(Get("save"), "5 1");
}

TEST_F(ConfigTest, BufferLimitsAreSetClassByClass) {
  EXPECT_EQ(Shown("client-output-buffer-limit", "replica 1mb 2mb 3 Normal 1 2 3"),
            "normal 1 2 3 slave 1048576 2097152 3 pubsub 33554432 8388608 60");
  EXPECT_EQ(Reason("client-output-buffer-limit", "normal 0 0"),
            "Wrong number of arguments in buffer limit configuration.");
  EXPECT_EQ(Reason("client-output-buffer-limit", "master 0 0 0"),
            "Invalid client class specified in buffer limit configuration.");
  EXPECT_EQ(Reason("client-output-buffer-limit", "normal 0 0 -1"),
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
}

TEST_F(ConfigTest, KeyspaceEventsAreToldInRedisOrder) {
  EXPECT_EQ(Shown("notify-keyspace-events", "KEA"), "AKE");
  EXPECT_EQ(Shown("notify-keyspace-events", "xgE"), "gxE");
  EXPECT_EQ(Shown("notify-keyspace-events", "K$lshzxegtmdn"), "AKm");
  EXPECT_EQ(Shown("notify-keyspace-events", "gnKEm"), "gnKEm");
  EXPECT_EQ(Reason("notify-keyspace-events", "q"),
            "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
}

TEST_F(ConfigTest, Percentiles) {
  EXPECT_EQ(Shown("latency-tracking-info-percentiles", "50.1234567 99 100 0 0.5"),
            "50.123457 99 100 0 0.5");
  EXPECT_EQ(Reason("latency-tracking-info-percentiles", "101"),
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
  EXPECT_EQ(Reason("latency-tracking-info-percentiles", "a"),
            "Invalid latency-tracking-info-percentiles parameters");
}

TEST_F(ConfigTest, RefusesWhatIsFixedUnknownOrTwice) {
  EXPECT_EQ(Set({{"nosuch", "1"}}),
            "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  EXPECT_EQ(Reason("databases", "3"), "can't set immutable config");
  EXPECT_EQ(Reason("databases", "3", Config::Source::kStartup), "OK");
  EXPECT_EQ(Reason("dbfilename", "x.rdb"), "can't set protected config");
  EXPECT_EQ(Reason("dbfilename", "x.rdb", Config::Source::kPrivileged), "OK");
  EXPECT_EQ(Set({{"timeout", "1"}, {"timeout", "2"}}),
            "ERR CONFIG SET failed (possibly related to argument 'timeout') - duplicate parameter");
  EXPECT_EQ(Set({{"slave-priority", "5"}, {"replica-priority", "6"}}), "OK");
  EXPECT_EQ(Get("slave-priority"), "6");
}

TEST_F(ConfigTest, SetsAllOrNone) {
  EXPECT_NE(Set({{"timeout", "5"}, {"maxmemory-policy", "foo"}}), "OK");
  EXPECT_EQ(Get("timeout"), "0");
  EXPECT_EQ(config_.settings().timeout, 0);
}

TEST_F(ConfigTest, TellsListenersWhatChanged) {
  std::vector<Config::Pair> told;
  config_.OnChange(
      [&](std::string_view name, std::string_view value) { told.emplace_back(name, value); });
  EXPECT_EQ(Set({{"slave-priority", "5"}, {"timeout", "0"}, {"maxmemory", "1kb"}}), "OK");
  EXPECT_EQ(told, (std::vector<Config::Pair>{{"replica-priority", "5"}, {"maxmemory", "1024"}}));
}

TEST_F(ConfigTest, EveryDefaultIsAValidValueOfItsDirective) {
  for (const std::string& name : config_.Names()) {
    const std::string value = Get(name);
    if (name == "replicaof" || name == "slaveof") continue;  // "" is no value that could be given
    EXPECT_EQ(Set({{name, value}}, Config::Source::kStartup), "OK") << name;
    EXPECT_EQ(Get(name), value) << name;
  }
}

}  // namespace
}  // namespace kvasm::services
