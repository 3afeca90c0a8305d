// MONITOR where sessions that end, do not read or are in the process are concerned; the form of the
// lines is in tests/conformance/monitor.resp.
#include "core/services/monitors.h"

#include <gtest/gtest.h>

#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using services::Session;
using testing::Taken;
using testing::TestEngine;

TEST(Monitors, ALineTellsWhenInWhichDatabaseAndWho) {
  TestEngine t;
  Session& monitor = t.OpenNetwork();
  EXPECT_EQ(t.Raw(monitor, "MONITOR\r\n"), "+OK\r\n");
  t.clock.now_us = 1'700'000'000'000'042;
  Session& tcp = t.engine.Open({.network = true, .address = "[::1]:50000"});
  t.Raw(tcp, "SELECT 2\r\n");
  EXPECT_EQ(Taken(monitor), "+1700000000.000042 [2 [::1]:50000] \"SELECT\" \"2\"\r\n");
  Session& unix_socket = t.engine.Open({.network = true, .address = "/tmp/kv.sock:0"});
  t.Raw(unix_socket, "*2\r\n$4\r\nECHO\r\n$2\r\n\x80\n\r\n");
  EXPECT_EQ(Taken(monitor), "+1700000000.000042 [0 unix:/tmp/kv.sock] \"ECHO\" \"\\x80\\n\"\r\n");
  Session& own = t.engine.Open({});
  t.engine.Execute(own, std::vector<std::string_view>{"PING"});
  EXPECT_EQ(Taken(monitor), "+1700000000.000042 [0 ?:0] \"PING\"\r\n");
}

TEST(Monitors, OneThatEndsIsNotShownAnything) {
  TestEngine t;
  Session& first = t.OpenNetwork();
  Session& second = t.OpenNetwork();
  t.Raw(first, "MONITOR\r\n");
  t.Raw(second, "MONITOR\r\n");
  EXPECT_NE(t.Run("CLIENT LIST").find(" flags=O "), std::string::npos);
  t.engine.Close(first.id);
  t.Run("PING");
  EXPECT_NE(Taken(second).find("\"PING\""), std::string::npos);
  t.Run("CLIENT KILL ID " + std::to_string(second.id));
  t.Run("PING");
  EXPECT_EQ(Taken(second), "");
}

TEST(Monitors, OneThatDoesNotReadIsEnded) {
  TestEngine t;
  Session& monitor = t.OpenNetwork();
  t.Raw(monitor, "MONITOR\r\n");
  t.Run("CONFIG SET client-output-buffer-limit \"normal 100000 0 0\"");
  const std::string value(50'000, 'x');
  for (int i = 0; i < 4 && !monitor.close_after_reply; ++i) t.RunArgs({"ECHO", value});
  EXPECT_TRUE(monitor.cut_off);
  EXPECT_EQ(monitor.out.size(), 0u);
}

TEST(Monitors, AnInProcessMonitorGetsItsLinesApart) {
  TestEngine t;
  Session& own = t.engine.Open({});
  t.engine.Execute(own, std::vector<std::string_view>{"MONITOR"});
  EXPECT_EQ(Taken(own), "+OK\r\n");
  t.engine.Execute(own, std::vector<std::string_view>{"ECHO", "x"});
  EXPECT_EQ(Taken(own), "$1\r\nx\r\n");
  EXPECT_TRUE(own.pushes.view().ends_with(" \"ECHO\" \"x\"\r\n")) << own.pushes.view();
}

TEST(Monitors, APausedCommandIsShownWhenItRuns) {
  TestEngine t;
  Session& monitor = t.OpenNetwork();
  Session& writer = t.OpenNetwork();
  t.Raw(monitor, "MONITOR\r\n");
  t.Run("CLIENT PAUSE 1000 WRITE");
  t.Raw(writer, "SET a 1\r\n");
  EXPECT_EQ(Taken(monitor), "");
  t.Run("CLIENT UNPAUSE");
  EXPECT_NE(Taken(monitor).find("\"SET\" \"a\" \"1\""), std::string::npos);
}

}  // namespace
}  // namespace kvasm
