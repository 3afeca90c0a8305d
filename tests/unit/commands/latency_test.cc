// LATENCY, and what INFO tells of how long commands take.
#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using testing::TestEngine;

class LatencyTest : public ::testing::Test {
 protected:
  LatencyTest() {
    t_.engine.config().mutable_settings().enable_debug_command = "yes";
    t_.Run("CONFIG SET latency-monitor-threshold 100");
  }
  std::string Now() const { return std::to_string(t_.now_ms() / 1000); }

  TestEngine t_;
};

TEST_F(LatencyTest, EventsAreNotedFromTheThresholdOn) {
  t_.Run("DEBUG SLEEP 0.09");
  EXPECT_EQ(t_.Run("LATENCY LATEST"), "[]");
  t_.Run("DEBUG SLEEP 0.5");
  const std::string first = Now();
  t_.AdvanceTime(2s);
  t_.Run("DEBUG SLEEP 0.3");
  EXPECT_EQ(t_.Run("LATENCY HISTORY command"), "[[:" + first + ", :500], [:" + Now() + ", :300]]");
  EXPECT_EQ(t_.Run("LATENCY LATEST"), "[[\"command\", :" + Now() + ", :300, :500]]");
  EXPECT_EQ(t_.Run("LATENCY HISTORY nosuch"), "[]");
}

TEST_F(LatencyTest, OfOneSecondTheLongestIsKept) {
  t_.Run("DEBUG SLEEP 0.3");
  t_.Run("DEBUG SLEEP 0.2");
  EXPECT_EQ(t_.Run("LATENCY HISTORY command"), "[[:" + Now() + ", :300]]");
}

TEST_F(LatencyTest, ASeriesKeeps160Samples) {
  for (int i = 0; i < 200; ++i) {
    t_.Run("DEBUG SLEEP 0.1");
    t_.AdvanceTime(1s);
  }
  const auto* series = t_.engine.services().latency.Find("command");
  ASSERT_NE(series, nullptr);
  int samples = 0;
  series->ForEach([&](const auto&) { ++samples; });
  EXPECT_EQ(samples, 160);
}

TEST_F(LatencyTest, ResetForgetsEventsByNameOrAll) {
  t_.Run("DEBUG SLEEP 0.2");
  EXPECT_EQ(t_.Run("LATENCY RESET nosuch"), ":0");
  EXPECT_EQ(t_.Run("LATENCY RESET nosuch COMMAND"), ":1");
  EXPECT_EQ(t_.Run("LATENCY LATEST"), "[]");
  t_.Run("DEBUG SLEEP 0.2");
  EXPECT_EQ(t_.Run("LATENCY RESET"), ":1");
}

TEST_F(LatencyTest, GraphDrawsColumnsOverTheirAge) {
  t_.Run("DEBUG SLEEP 0.1");
  t_.AdvanceTime(70s);
  t_.Run("DEBUG SLEEP 0.2");
  t_.Run("DEBUG SLEEP 0.3");
  const std::string dashes(80, '-');
  EXPECT_EQ(t_.Run("LATENCY GRAPH command"),
            "\"command - high 300 ms, low 100 ms (all time high 300 ms)\n" + dashes +
                "\n #\n |\n |\n_|\n  \n10\nms\n\"");
  EXPECT_EQ(t_.Run("LATENCY GRAPH nosuch"), "-ERR No samples available for event 'nosuch'");
}

TEST_F(LatencyTest, DoctorTellsOfEvents) {
  EXPECT_NE(t_.Run("LATENCY DOCTOR").find("Nothing took as long"), std::string::npos);
  t_.Run("DEBUG SLEEP 0.2");
  EXPECT_NE(t_.Run("LATENCY DOCTOR").find("1. command: 1 latency spikes (average 200ms, mean"),
            std::string::npos);
}

TEST_F(LatencyTest, HistogramsCountTheCallsOfEachCommand) {
  t_.Run("CONFIG RESETSTAT");
  t_.Run("SET a b");
  t_.Run("SET c d");
  t_.Run("DEBUG SLEEP 0.6");
  t_.UseResp3(true);
  EXPECT_EQ(t_.Run("LATENCY HISTOGRAM set nosuch get"),
            "{\"set\": {\"calls\": :2, \"histogram_usec\": {:1: :2}}}");
  EXPECT_EQ(t_.Run("LATENCY HISTOGRAM config"),
            "{\"config|resetstat\": {\"calls\": :1, \"histogram_usec\": {:1: :1}}}");
  EXPECT_EQ(t_.Run("LATENCY HISTOGRAM debug"),
            "{\"debug\": {\"calls\": :1, \"histogram_usec\": {:1073741: :1}}}");
}

TEST_F(LatencyTest, WithoutTrackingThereAreNoHistograms) {
  t_.Run("CONFIG SET latency-tracking no");
  t_.Run("CONFIG RESETSTAT");
  t_.Run("SET a b");
  EXPECT_EQ(t_.Run("LATENCY HISTOGRAM"), "[]");
  EXPECT_EQ(t_.Run("INFO latencystats"), "\"# Latencystats\r\n\"");
}

TEST_F(LatencyTest, InfoTellsTimesAndPercentiles) {
  t_.Run("CONFIG RESETSTAT");
  t_.Run("DEBUG SLEEP 0.25");
  t_.Run("DEBUG SLEEP 0.75");
  EXPECT_NE(t_.Run("INFO commandstats")
                .find("cmdstat_debug:calls=2,usec=1000000,usec_per_call=500000.00,"),
            std::string::npos);
  EXPECT_NE(t_.Run("INFO latencystats")
                .find("latency_percentiles_usec_debug:p50=250609.663,p99=750780.415,"
                      "p99.9=750780.415\r\n"),
            std::string::npos);
}

TEST_F(LatencyTest, WhereTheClockIsSlowShortCommandsAreTimedNowAndThen) {
  t_.clock.slow = true;
  t_.Run("SET a b");
  const int before = t_.clock.readings;
  for (int i = 0; i < 15; ++i) t_.Run("SET a b");
  EXPECT_EQ(t_.clock.readings, before);
  t_.Run("DEBUG SLEEP 0.2");  // is not short
  EXPECT_EQ(t_.Run("LATENCY LATEST").substr(0, 11), "[[\"command\"");
  t_.Run("CONFIG SET slowlog-log-slower-than 0");
  const int logging = t_.clock.readings;
  t_.Run("SET a b");
  EXPECT_GE(t_.clock.readings - logging, 2);
}

}  // namespace
}  // namespace kvasm
