// DEBUG RELOAD and LOADAOF: what is loaded while an engine serves, and what goes on afterwards.
#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/persist/aof_writer.h"
#include "core/resp/inline_arguments.h"
#include "tests/unit/durability/log_files.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using persist::Operation;
using testing::Contains;
using testing::kLog;
using testing::kManifest;
using testing::kTail;
using testing::Restart;
using testing::TestDisk;

// Commands as a log holds them.
std::string Records(std::initializer_list<std::string_view> lines) {
  persist::Block records;
  for (const std::string_view line : lines) {
    std::vector<std::string> words;
    EXPECT_TRUE(resp::SplitInlineArguments(line, &words)) << line;
    const std::vector<std::string_view> arguments(words.begin(), words.end());
    persist::AppendRecord(records, arguments);
  }
  return std::string(records.view());
}

TEST(Reload, ReloadAndLoadaofGiveTheSameData) {
  TestDisk disk;
  Restart r(disk, kLog);
  services::Session& client = r.t.OpenNetwork();
  r.t.Run("HSET h a 1 b 2");
  r.t.Run("XADD s 1-1 f v");
  const std::string digest = r.Digest();
  for (const char* line : {"DEBUG RELOAD\r\n", "DEBUG LOADAOF\r\n"}) {
    r.t.engine.Feed(client, line);
    r.Settle();
    EXPECT_EQ(testing::Taken(client), "+OK\r\n") << line;
    EXPECT_EQ(r.Digest(), digest) << line;
  }
  r.t.Run("SET after 1");
  r.Settle();
  Restart again(disk, kLog);
  EXPECT_EQ(again.Digest(), r.Digest());
}

TEST(Reload, ALogOfTransactionsAndScriptsIsLoadedInTheMiddleOfATransaction) {
  TestDisk disk;
  disk.files[kManifest].bytes = "file appendonly.aof.1.incr.aof seq 1 type i\n";
  disk.files[kTail].bytes = Records({"SELECT 0", "MULTI", "SET a 1", "INCR n", "EXEC"}) +
                            Records({"EVAL \"for i=1,300000 do end redis.call('incr','n')\" 0"}) +
                            Records({"MULTI", "INCR n", "DEBUG SLEEP 0", "EXEC"});
  Restart r(disk, kLog);
  r.t.Run("CONFIG SET busy-reply-threshold 3");
  r.t.clock.exact_step_us = 700;
  services::Session& client = r.t.OpenNetwork();
  r.t.engine.Feed(client, "MULTI\r\nDEBUG LOADAOF\r\nDEBUG LOADAOF\r\nINCR n\r\nEXEC\r\nGET n\r\n");
  r.Settle();
  EXPECT_EQ(testing::Taken(client),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n+OK\r\n:4\r\n$1\r\n4\r\n");
  r.Settle();
  EXPECT_EQ(Restart(disk, kLog).t.Run("GET n"), "\"4\"");
}

TEST(Reload, ALogThatEndsWithATransactionDoesNotUndoClientReply) {
  TestDisk disk;
  { Restart(disk, kLog).t.Run("EVAL \"redis.call('set','a',1) redis.call('set','b',1)\" 0"); }
  Restart r(disk, kLog);
  services::Session& client = r.t.OpenNetwork();
  EXPECT_EQ(r.t.Raw(client, "CLIENT REPLY OFF\r\nPING\r\n"), "");
  r.t.engine.Feed(client, "DEBUG LOADAOF\r\nPING\r\n");
  r.Settle();
  EXPECT_EQ(testing::Taken(client), "");
}

TEST(Reload, ALogThatHasBeenLoadedIsAsLargeAsItsFiles) {
  TestDisk disk;
  {
    Restart first(disk, kLog);
    first.t.Run("SET a 1");
    first.Settle();
  }
  const std::string base = "appendonlydir/appendonly.aof.1.base.rdb";
  Restart r(disk, kLog);
  const auto expect_sizes = [&](const char* when) {
    const std::string info = r.t.Run("INFO persistence");
    const auto line = [](const char* name, size_t bytes) {
      return std::string(name) + ":" + std::to_string(bytes) + "\r\n";
    };
    const size_t base_bytes = disk.files[base].bytes.size();
    const size_t all = base_bytes + disk.files[kTail].bytes.size();
    EXPECT_TRUE(Contains(info, line("aof_current_size", all))) << when << info;
    EXPECT_TRUE(Contains(info, line("aof_base_size", base_bytes))) << when << info;
  };
  expect_sizes("at the start");
  services::Session& client = r.t.OpenNetwork();
  const auto reload = [&] {
    r.t.engine.Feed(client, "DEBUG LOADAOF\r\n");
    r.Settle();
    EXPECT_EQ(testing::Taken(client), "+OK\r\n");
  };
  reload();
  expect_sizes("loaded again");
  disk.files[kTail].bytes += "*3\r\n$3\r\nSET\r\n";
  reload();
  expect_sizes("cut off");
  // What a failed append leaves is cut off where the file ended, no later.
  disk.fault = [](const Operation& operation) {
    return operation.kind == Operation::Kind::kAppend ? "No space left on device" : "";
  };
  r.t.Run("SET b 2");
  r.Settle(10);
  disk.fault = nullptr;
  r.t.AdvanceTime(1100ms);
  r.Settle();
  expect_sizes("written again");
  Restart again(disk, kLog);
  EXPECT_EQ(again.error, "");
  EXPECT_EQ(again.Digest(), r.Digest());
}

TEST(Reload, EveryFileOfALogBeginsInTheFirstDatabaseOutsideATransaction) {
  TestDisk disk;
  disk.files[kManifest].bytes =
      "file appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\n";
  disk.files[kTail].bytes = Records({"SELECT 9", "SET a 1"});
  std::string& last = disk.files["appendonlydir/appendonly.aof.2.incr.aof"].bytes;
  last = Records({"SET b 1", "SELECT 7", "SET c 1"});
  Restart r(disk, kLog);
  services::Session& client = r.t.OpenNetwork();
  const auto reload = [&] {
    r.t.engine.Feed(client, "DEBUG LOADAOF\r\n");
    r.Settle();
    return testing::Taken(client);
  };
  const std::string digest = r.Digest();
  EXPECT_EQ(r.t.Run("DBSIZE"), ":1");
  EXPECT_EQ(reload(), "+OK\r\n");
  EXPECT_EQ(r.Digest(), digest);
  // One that cannot be read ends in the middle of a transaction.
  const std::string whole = last;
  last += Records({"MULTI", "SET d 1"}) + "!\r\n";
  EXPECT_TRUE(reload().starts_with("-"));
  last = whole;
  EXPECT_EQ(reload(), "+OK\r\n");
  EXPECT_EQ(r.Digest(), digest);
}

}  // namespace
}  // namespace kvasm
