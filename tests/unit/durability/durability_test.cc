// What is written, when, and what becomes of it when the disk fails or the power does.
#include "core/durability/durability.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

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
using testing::Settings;
using testing::TestDisk;

const Settings kAlways{{"appendonly", "yes"}, {"appendfsync", "always"}};

TEST(Durability, ALogBeginsWithABaseAnIncrementAndAManifest) {
  TestDisk disk;
  Restart r(disk, kLog);
  EXPECT_EQ(r.error, "");
  EXPECT_EQ(disk.files.count("appendonlydir/appendonly.aof.1.base.rdb"), 1u);
  EXPECT_EQ(disk.files.count(kTail), 1u);
  EXPECT_EQ(disk.files[kManifest].bytes,
            "file appendonly.aof.1.base.rdb seq 1 type b\n"
            "file appendonly.aof.1.incr.aof seq 1 type i\n");
}

TEST(Durability, WhatIsRecordedIsLoadedAgain) {
  TestDisk disk;
  std::string digest;
  {
    Restart r(disk, kLog);
    r.t.Run("SET a 1");
    r.t.Run("SELECT 3");
    r.t.Run("RPUSH list x y z");
    r.t.Run("MULTI");
    r.t.Run("INCR n");
    r.t.Run("INCR n");
    r.t.Run("EXEC");
    digest = r.Digest();
    r.Settle();
  }
  Restart again(disk, kLog);
  EXPECT_EQ(again.error, "");
  EXPECT_EQ(again.Digest(), digest);
  EXPECT_EQ(again.t.Run("GET a"), "\"1\"");
  EXPECT_EQ(again.t.Run("DBSIZE"), ":1");
}

TEST(Durability, ALoadCountsNoCommandsAndLeavesNothingToSave) {
  TestDisk disk;
  {
    Restart r(disk, kLog);
    r.t.Run("SET a 1");
    r.Settle();
  }
  Restart again(disk, kLog);
  EXPECT_EQ(again.t.engine.stats().total_commands_processed, 0u);
  EXPECT_EQ(again.t.engine.durability().ChangesSinceSave(), 0u);
}

TEST(Durability, WithAlwaysARepliedWriteIsSynced) {
  TestDisk disk;
  Restart r(disk, kAlways);
  services::Session& client = r.t.OpenNetwork();
  r.t.engine.Feed(client, "SET a 1\r\n");
  EXPECT_EQ(client.SendableBytes(), 0u);
  EXPECT_EQ(client.out.view(), "+OK\r\n");
  while (disk.Step(r.t.engine)) {
  }
  EXPECT_EQ(client.SendableBytes(), 5u);
  EXPECT_EQ(r.t.engine.NextReady(), &client);
  EXPECT_EQ(disk.files[kTail].synced, disk.files[kTail].bytes.size());
  EXPECT_TRUE(Contains(disk.files[kTail].bytes, "$3\r\nSET\r\n"));
}

TEST(Durability, CommandsOfATurnShareOneAppend) {
  TestDisk disk;
  Restart r(disk, kAlways);
  services::Session& client = r.t.OpenNetwork();
  const uint64_t before = disk.operations;
  for (int i = 0; i < 100; ++i) r.t.engine.Feed(client, "INCR n\r\n");
  while (disk.Step(r.t.engine)) {
  }
  EXPECT_EQ(disk.operations, before + 1);
  EXPECT_EQ(client.SendableBytes(), client.out.size());
}

TEST(Durability, RepliesOfAnAppendUnderWayDoNotWaitForTheNext) {
  TestDisk disk;
  Restart r(disk, kAlways);
  durability::Durability& durability = r.t.engine.durability();
  services::Session& client = r.t.OpenNetwork();
  r.t.engine.Feed(client, "SET a 1\r\n");
  durability.Flush();
  const auto lane = persist::StorageQueue::Lane::kLog;
  ASSERT_NE(durability.storage().Begin(lane), nullptr);
  r.t.engine.Feed(client, "SET b 2\r\n");
  r.t.engine.EndStorage(lane, {});
  EXPECT_EQ(client.SendableBytes(), 5u);
  EXPECT_EQ(client.out.size(), 10u);
}

TEST(Durability, WithEverysecRepliesWaitOnlyForADiskThatIsSecondsBehind) {
  TestDisk disk;
  Restart r(disk, kLog);
  services::Session& client = r.t.OpenNetwork();
  r.t.engine.Feed(client, "SET a 1\r\n");
  EXPECT_EQ(client.SendableBytes(), 5u);
  r.t.AdvanceTime(2100ms);
  r.t.engine.Feed(client, "SET a 2\r\n");
  EXPECT_LT(client.SendableBytes(), client.out.size());
  while (disk.Step(r.t.engine)) {
  }
  EXPECT_EQ(client.SendableBytes(), client.out.size());
}

TEST(Durability, EverysecSyncsOnceASecond) {
  TestDisk disk;
  Restart r(disk, kLog);
  r.t.AdvanceTime(1s);
  r.t.Run("SET a 1");
  r.Settle();
  EXPECT_EQ(disk.files[kTail].synced, disk.files[kTail].bytes.size());
  r.t.Run("SET a 2");
  r.Settle();
  EXPECT_LT(disk.files[kTail].synced, disk.files[kTail].bytes.size());
  r.t.AdvanceTime(1s);
  r.Settle();
  EXPECT_EQ(disk.files[kTail].synced, disk.files[kTail].bytes.size());
}

TEST(Durability, AFailedAppendRefusesWritesAndLosesNothing) {
  TestDisk disk;
  Restart r(disk, kLog);
  disk.fault = [](const Operation& operation) {
    return operation.kind == Operation::Kind::kAppend ? "No space left on device" : "";
  };
  EXPECT_EQ(r.t.Run("SET a 1"), "+OK");
  r.Settle(10);
  EXPECT_EQ(r.t.Run("SET b 2"), "-MISCONF Errors writing to the AOF file: No space left on device");
  EXPECT_EQ(r.t.Run("PING").substr(0, 8), "-MISCONF");
  EXPECT_EQ(r.t.Run("GET a"), "\"1\"");
  EXPECT_TRUE(Contains(r.t.Run("INFO persistence"), "aof_last_write_status:err"));
  disk.fault = nullptr;
  r.t.AdvanceTime(1100ms);
  r.Settle();
  EXPECT_EQ(r.t.Run("SET b 2"), "+OK");
  r.Settle();
  Restart again(disk, kLog);
  EXPECT_EQ(again.error, "");
  EXPECT_EQ(again.Digest(), r.Digest());
}

TEST(Durability, AFailedSyncRefusesWritesUntilTheLogIsRewritten) {
  TestDisk disk;
  Restart r(disk, kLog);
  bool fails = true;
  disk.fault = [&](const Operation& operation) {
    const bool syncs = operation.synced || operation.kind == Operation::Kind::kSync;
    return fails && syncs ? "Input/output error" : "";
  };
  r.t.AdvanceTime(1s);
  r.t.Run("SET a 1");
  r.Settle(10);
  EXPECT_EQ(r.t.Run("SET b 2"), "-MISCONF Errors writing to the AOF file: Input/output error");
  fails = false;
  r.t.AdvanceTime(1100ms);
  r.Settle();
  EXPECT_EQ(r.t.Run("SET b 2"), "+OK");
  r.t.AdvanceTime(1100ms);
  r.Settle();
  // The second sync would have succeeded without what the first has lost.
  base::Prng prng(1);
  disk.LosePower(prng);
  Restart again(disk, kLog);
  EXPECT_EQ(again.t.Run("MGET a b"), "[\"1\", \"2\"]");
}

TEST(Durability, WithAlwaysNothingIsAcknowledgedUntilWhatAFailedSyncLostIsRewritten) {
  TestDisk disk;
  Restart r(disk, kLog);
  services::Session& client = r.t.OpenNetwork();
  r.t.Run("SET a 0");
  r.Settle();
  r.t.Run("SET a 1");
  r.Settle();
  ASSERT_LT(disk.files[kTail].synced, disk.files[kTail].bytes.size());
  bool fails = true;
  EXPECT_EQ(r.t.Run("CONFIG SET appendfsync always"), "+OK");
  disk.fault = [&](const Operation& operation) {
    return fails && operation.synced ? "Input/output error" : "";
  };
  r.t.engine.Feed(client, "SET b 2\r\n");
  r.t.AdvanceTime(5s);
  r.Settle(20);
  EXPECT_EQ(client.SendableBytes(), 0u);
  fails = false;
  r.t.AdvanceTime(5s);
  r.Settle();
  r.t.AdvanceTime(100ms);
  r.Settle();
  EXPECT_EQ(client.SendableBytes(), 5u);
  base::Prng prng(1);
  disk.LosePower(prng);
  Restart again(disk, kLog);
  EXPECT_EQ(again.t.Run("MGET a b"), "[\"1\", \"2\"]");
}

TEST(Durability, ASnapshotOnItsWayEvictsNothing) {
  for (const char* preamble : {"yes", "no"}) {
    TestDisk disk;
    Restart r(disk, {{"appendonly", "yes"},
                     {"aof-use-rdb-preamble", preamble},
                     {"rdbcompression", "no"},
                     {"maxmemory-policy", "allkeys-random"}});
    r.t.Run("SET n 0");
    const std::string value(400, 'x');
    for (int i = 0; i < 4000; ++i) r.t.Run("SET k" + std::to_string(i) + " " + value);
    r.Settle();
    // The disk is in this memory, too.
    const auto used = [&disk] {
      uint64_t bytes = base::HeapUsedBytes();
      for (const auto& [name, file] : disk.files) bytes -= file.bytes.capacity();
      return bytes;
    };
    const uint64_t room = 100'000;
    const uint64_t before = used();
    uint64_t most = 0;
    bool is_told = false;
    r.t.Run("BGREWRITEAOF");
    while (r.t.engine.durability().is_rewriting()) {
      const uint64_t on_disk = base::HeapUsedBytes() - used();
      r.t.Run("CONFIG SET maxmemory " + std::to_string(before + on_disk + room));
      r.t.Run("INCR n");
      most = std::max(most, used());
      const std::string memory = r.t.Run("INFO memory");
      EXPECT_FALSE(Contains(memory, "mem_aof_buffer:0\r\n")) << "the INCR";
      is_told |= !Contains(memory, "mem_not_counted_for_evict:0\r\n");
      r.t.Run("CONFIG SET maxmemory 0");
      r.t.AdvanceTime(1ms);
      r.Settle(1);
    }
    EXPECT_GT(most, before + room) << preamble;
    EXPECT_TRUE(is_told) << preamble;
    EXPECT_EQ(r.t.engine.keyspace().db(0).size(), 4001u) << preamble;
  }
}

TEST(Durability, AManifestThatIsNoneIsToldWithItsLine) {
  TestDisk disk;
  { Restart r(disk, kLog); }
  disk.files[kManifest].bytes = "file a seq 1 type b\nfile nothing\n";
  constexpr std::string_view kTold =
      "appendonlydir/appendonly.aof.manifest, at line 2 ('file nothing'): "
      "Invalid AOF manifest file format";
  EXPECT_EQ(Restart(disk, kLog).error, kTold);
  // What would not know of it would overwrite the files when it begins a log.
  EXPECT_EQ(Restart(disk).error, kTold);
}

TEST(Durability, ADamagedSnapshotIsToldAsTheCheckerTellsIt) {
  TestDisk disk;
  {
    Restart r(disk);
    r.t.Run("SET key 1");
    r.t.Run("RPUSH list a b");
    r.t.Run("BGSAVE");
    r.Settle();
  }
  std::string& bytes = disk.files["dump.rdb"].bytes;
  bytes[bytes.find("list") + 4] = 99;  // a length that goes past the end
  Restart r(disk);
  EXPECT_TRUE(Contains(r.error, "kvasm-check-rdb")) << r.error;
  std::string log;
  for (const std::string& line : r.t.log.lines) log += line + '\n';
  EXPECT_TRUE(Contains(log, "--- RDB ERROR DETECTED ---")) << log;
  EXPECT_TRUE(Contains(log, "[additional info] Reading key 'list'\n")) << log;
  EXPECT_TRUE(Contains(log, "Terminating server after rdb file reading failure.")) << log;
}

TEST(Durability, AFailedSnapshotRefusesWritesIfThatIsConfigured) {
  TestDisk disk;
  Restart r(disk, {{"save", "3600 1"}});
  r.t.Run("SET a 1");
  disk.fault = [](const Operation&) { return "Read-only file system"; };
  EXPECT_EQ(r.t.Run("BGSAVE"), "+Background saving started");
  r.Settle();
  EXPECT_EQ(r.t.Run("SET b 2").substr(0, 46), "-MISCONF Redis is configured to save RDB snaps");
  for (const char* header : {"", "#!lua\n"}) {
    const std::string script = std::string(header) + "return redis.call('set', KEYS[1], 1)";
    EXPECT_EQ(r.t.RunArgs({"EVAL", script, "1", "a"}).substr(0, 20), "-MISCONF Redis is co")
        << script;
  }
  EXPECT_EQ(r.t.RunArgs({"EVAL", "return redis.call('get', KEYS[1])", "1", "a"}), "\"1\"");
  EXPECT_EQ(r.t.Run("CONFIG SET stop-writes-on-bgsave-error no"), "+OK");
  EXPECT_EQ(r.t.Run("SET b 2"), "+OK");
  EXPECT_EQ(r.t.Run("CONFIG SET stop-writes-on-bgsave-error yes"), "+OK");
  disk.fault = nullptr;
  EXPECT_EQ(r.t.Run("BGSAVE"), "+Background saving started");
  r.Settle();
  EXPECT_EQ(r.t.Run("SET c 3"), "+OK");
}

TEST(Durability, SavePointsTakeSnapshotsByThemselves) {
  TestDisk disk;
  Restart r(disk, {{"save", "5 3"}});
  for (int i = 0; i < 3; ++i) r.t.Run("INCR n");
  r.t.AdvanceTime(4s);
  r.Settle();
  EXPECT_EQ(disk.files.count("dump.rdb"), 0u);
  r.t.AdvanceTime(2s);
  r.t.engine.Tick(100);
  r.Settle();
  EXPECT_EQ(disk.files.count("dump.rdb"), 1u);
  EXPECT_TRUE(Contains(r.t.Run("INFO persistence"), "rdb_changes_since_last_save:0"));
}

TEST(Durability, ARewriteLeavesOneBaseAndOneIncrement) {
  TestDisk disk;
  Restart r(disk, kLog);
  for (int i = 0; i < 1000; ++i) r.t.Run("INCR n");
  EXPECT_EQ(r.t.Run("BGREWRITEAOF"), "+Background append only file rewriting started");
  EXPECT_TRUE(r.t.Run("BGREWRITEAOF").starts_with("-ERR Background append only file rewriting al"));
  r.t.Run("INCR n");
  r.Settle();
  EXPECT_TRUE(Contains(r.t.Run("INFO stats"), "total_forks:1"));
  EXPECT_EQ(disk.files[kManifest].bytes,
            "file appendonly.aof.2.base.rdb seq 2 type b\n"
            "file appendonly.aof.2.incr.aof seq 2 type i\n");
  EXPECT_EQ(disk.files.size(), 3u);
  Restart again(disk, kLog);
  EXPECT_EQ(again.t.Run("GET n"), "\"1001\"");
}

TEST(Durability, ARewriteThatFailsKeepsAllIncrements) {
  TestDisk disk;
  Restart r(disk, kLog);
  r.t.Run("SET a 1");
  disk.fault = [](const Operation& operation) {
    return operation.kind == Operation::Kind::kRename ? "Input/output error" : "";
  };
  r.t.Run("BGREWRITEAOF");
  r.Settle();
  disk.fault = nullptr;
  EXPECT_TRUE(Contains(r.t.Run("INFO persistence"), "aof_last_bgrewrite_status:err"));
  r.t.Run("SET b 2");
  r.Settle();
  Restart again(disk, kLog);
  EXPECT_EQ(again.Digest(), r.Digest());
  EXPECT_EQ(again.t.Run("DBSIZE"), ":2");
}

TEST(Durability, AfterThreeFailedRewritesTheNextIsHeldBackAndThatIsToldOnce) {
  TestDisk disk;
  Restart r(disk, kLog);
  disk.fault = [](const Operation& operation) {
    return operation.kind == Operation::Kind::kRename ? "Input/output error" : "";
  };
  const auto told = [&] {
    return std::count_if(r.t.log.lines.begin(), r.t.log.lines.end(), [](const std::string& line) {
      return Contains(line, "triggered the limit, will retry in 1 minutes");
    });
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(told(), 0);
    r.t.Run("BGREWRITEAOF");
    r.Settle();
  }
  EXPECT_EQ(told(), 0) << "nothing asks for one";
  r.t.Run("CONFIG SET auto-aof-rewrite-min-size 1 auto-aof-rewrite-percentage 1");
  r.t.Run("SET a 1");
  for (int i = 0; i < 5; ++i) {
    r.t.AdvanceTime(1s);
    r.t.engine.Tick(100);
    r.Settle();
  }
  EXPECT_EQ(told(), 1);
}

TEST(Durability, HistoryIsKeptUntilItsRemovalIsSwitchedOnAndNumbersFollowTheManifest) {
  TestDisk disk;
  Restart r(disk, {{"appendonly", "yes"}, {"aof-disable-auto-gc", "yes"}});
  r.t.Run("BGREWRITEAOF");
  r.Settle();
  EXPECT_TRUE(Contains(disk.files[kManifest].bytes, "appendonly.aof.1.incr.aof seq 1 type h"));
  r.t.Run("CONFIG SET aof-disable-auto-gc no");
  r.Settle();
  EXPECT_EQ(disk.files[kManifest].bytes,
            "file appendonly.aof.2.base.rdb seq 2 type b\n"
            "file appendonly.aof.2.incr.aof seq 2 type i\n");
  EXPECT_EQ(disk.files.size(), 3u);
  r.t.Run("CONFIG SET appendonly no");
  r.t.Run("BGREWRITEAOF");
  r.Settle();
  r.t.Run("DEBUG LOADAOF");
  r.Settle();
  r.t.engine.Feed(r.t.OpenNetwork(), "CONFIG SET appendonly yes\r\n");
  r.Settle();
  EXPECT_EQ(disk.files[kManifest].bytes,
            "file appendonly.aof.4.base.rdb seq 4 type b\n"
            "file appendonly.aof.1.incr.aof seq 1 type i\n");
}

TEST(Durability, TheFormOfTheBaseMayBeChangedWhileItIsWritten) {
  TestDisk disk;
  for (const char* form : {"yes", "no", "yes"}) {
    for (int steps = 0; steps < 12; ++steps) {
      Restart r(disk, {{"appendonly", "yes"}, {"aof-use-rdb-preamble", form}});
      ASSERT_EQ(r.error, "");
      r.t.Run("INCR n");
      r.t.Run("BGREWRITEAOF");
      for (int i = 0; i < steps; ++i) {
        r.t.engine.Tick(1000);
        disk.Step(r.t.engine);
      }
      r.t.Run(form[0] == 'y' ? "CONFIG SET aof-use-rdb-preamble no"
                             : "CONFIG SET aof-use-rdb-preamble yes");
      r.t.Run("INCR n");
      r.Settle();
      EXPECT_EQ(disk.files.size(), 3u);
      EXPECT_EQ(Restart(disk, kLog).Digest(), r.Digest()) << form << steps;
    }
  }
}

TEST(Durability, ALogThatIsSwitchedOnHoldsWhatWasThere) {
  TestDisk disk;
  Restart r(disk);
  r.t.Run("SET a 1");
  services::Session& client = r.t.OpenNetwork();
  r.t.engine.Feed(client, "CONFIG SET appendonly yes\r\n");
  r.t.Run("SET b 2");
  EXPECT_EQ(testing::Taken(client), "");
  r.Settle();
  EXPECT_EQ(testing::Taken(client), "+OK\r\n");
  r.t.Run("SET c 3");
  r.Settle();
  Restart again(disk, kLog);
  EXPECT_EQ(again.Digest(), r.Digest());
  EXPECT_EQ(again.t.Run("DBSIZE"), ":3");
}

TEST(Durability, ALogThatCannotBeSwitchedOnLeavesNoFileAndBeginsAgain) {
  TestDisk disk;
  Restart r(disk);
  r.t.Run("SET a 1");
  int failures = 1;
  disk.fault = [&](const Operation& operation) {
    if (failures == 0 || operation.kind != Operation::Kind::kRename) return "";
    --failures;
    return "Input/output error";
  };
  services::Session& client = r.t.OpenNetwork();
  r.t.engine.Feed(client, "CONFIG SET appendonly yes\r\n");
  for (int i = 0; failures > 0 && i < 1000; ++i) {
    r.t.AdvanceTime(1ms);
    r.t.engine.Tick(100);
    disk.Step(r.t.engine);
  }
  for (int i = 0; i < 3; ++i) disk.Step(r.t.engine);
  EXPECT_EQ(testing::Taken(client), "+OK\r\n");
  EXPECT_EQ(disk.files.size(), 0u) << disk.files.begin()->first;
  r.t.AdvanceTime(1s);
  r.Settle();
  Restart again(disk, kLog);
  EXPECT_EQ(again.t.Run("GET a"), "\"1\"");
}

TEST(Durability, ALogWhoseFileCannotBeMadeIsNotSwitchedOn) {
  TestDisk disk;
  Restart r(disk);
  r.t.Run("SET a 1");
  disk.fault = [](const Operation& operation) {
    return operation.kind == Operation::Kind::kAppend ? "Permission denied" : "";
  };
  services::Session& client = r.t.OpenNetwork();
  r.t.engine.Feed(client, "CONFIG SET appendonly yes maxclients 77\r\nGET a\r\n");
  EXPECT_EQ(testing::Taken(client), "");
  EXPECT_EQ(r.t.Run("CONFIG SET hz 50"), "+OK");  // which is not taken back
  r.Settle();
  EXPECT_EQ(
      testing::Taken(client),
      "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on "
      "AOF. Check server logs.\r\n$1\r\n1\r\n");
  EXPECT_EQ(r.t.Run("CONFIG GET appendonly"), "[\"appendonly\", \"no\"]");
  EXPECT_NE(r.t.Run("CONFIG GET maxclients"), "[\"maxclients\", \"77\"]");
  EXPECT_EQ(r.t.Run("CONFIG GET hz"), "[\"hz\", \"50\"]");
  EXPECT_TRUE(Contains(r.t.Run("INFO persistence"), "aof_rewrite_scheduled:0"));
}

// What it has not been able to write is tried once more, not lost.
TEST(Durability, AShutdownWaitsForALogThatCouldNotBeginBefore) {
  TestDisk disk;
  Restart r(disk);
  r.t.Run("SET a 1");
  std::string reason = "No space left on device";
  disk.fault = [&](const Operation& operation) {
    return operation.kind == Operation::Kind::kRename ? reason : "";
  };
  services::Session& client = r.t.OpenNetwork();
  r.t.engine.Feed(client, "CONFIG SET appendonly yes\r\n");
  for (int i = 0; i < 5; ++i) {
    r.t.AdvanceTime(1s);
    r.Settle();
  }
  EXPECT_EQ(testing::Taken(client), "+OK\r\n");
  EXPECT_TRUE(Contains(r.t.Run("INFO persistence"), "aof_last_bgrewrite_status:err"));
  r.t.engine.Feed(client, "SHUTDOWN\r\n");
  r.Settle();
  EXPECT_EQ(testing::Taken(client), "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
  reason.clear();
  r.t.engine.Feed(client, "SHUTDOWN\r\n");
  r.Settle();
  EXPECT_EQ(testing::Taken(client), "");
  Restart again(disk, kLog);
  EXPECT_EQ(again.t.Run("GET a"), "\"1\"");
}

TEST(Durability, WaitaofWaitsForTheDisk) {
  TestDisk disk;
  Restart r(disk, kLog);
  services::Session& client = r.t.OpenNetwork();
  const auto send = [&](const std::string& line) {
    r.t.engine.Feed(client, line + "\r\n");
    return testing::Taken(client);
  };
  EXPECT_EQ(send("WAITAOF 1 0 0"), "*2\r\n:1\r\n:0\r\n");
  EXPECT_EQ(send("SET a 1"), "+OK\r\n");
  EXPECT_EQ(send("WAITAOF 0 0 0"), "*2\r\n:0\r\n:0\r\n");
  EXPECT_EQ(send("MULTI\r\nWAITAOF 1 0 0\r\nEXEC"), "+OK\r\n+QUEUED\r\n*1\r\n*2\r\n:0\r\n:0\r\n");
  EXPECT_EQ(send("WAITAOF 1 0 0"), "");
  // What is written meanwhile is nothing it waits for.
  bool is_later_write_synced = true;
  disk.fault = [&](const Operation& operation) {
    if (operation.kind == Operation::Kind::kSync) r.t.Run("SET later 1");
    return "";
  };
  for (int i = 0; i < 3000 && client.waiting; ++i) {
    r.t.AdvanceTime(1ms);
    r.t.engine.Tick(100);
    disk.Step(r.t.engine);
    is_later_write_synced =
        r.t.engine.durability().IsSynced(r.t.engine.durability().log().recorded());
  }
  EXPECT_EQ(testing::Taken(client), "*2\r\n:1\r\n:0\r\n");
  EXPECT_FALSE(is_later_write_synced);
  EXPECT_EQ(disk.files[kTail].synced, disk.files[kTail].bytes.size());
}

TEST(Durability, WaitaofEndsWithItsTimeAndWithTheLog) {
  TestDisk disk;
  Restart r(disk, {{"appendonly", "yes"}, {"appendfsync", "no"}});
  services::Session& client = r.t.OpenNetwork();
  r.t.engine.Feed(client, "SET a 1\r\nWAITAOF 1 0 50\r\n");
  r.Settle();
  EXPECT_EQ(testing::Taken(client), "+OK\r\n");
  r.t.AdvanceTime(51ms);
  r.t.engine.Tick(100);
  EXPECT_EQ(testing::Taken(client), "*2\r\n:0\r\n:0\r\n");
  r.t.engine.Feed(client, "WAITAOF 1 0 0\r\nPING\r\n");
  EXPECT_EQ(testing::Taken(client), "");
  r.t.Run("CONFIG SET appendonly no");
  r.t.engine.Tick(100);
  EXPECT_EQ(testing::Taken(client),
            "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n"
            "+PONG\r\n");
}

TEST(Durability, AMemoryDatabaseIsNotAskedForFiles) {
  testing::TestEngine t;
  const std::string end = " - This database has no files: it is kept in memory only";
  EXPECT_EQ(t.Run("CONFIG SET maxclients 5 appendonly yes"),
            "-ERR CONFIG SET failed (possibly related to argument 'appendonly')" + end);
  EXPECT_EQ(t.Run("CONFIG SET save '60 1'"),
            "-ERR CONFIG SET failed (possibly related to argument 'save')" + end);
  EXPECT_EQ(t.Run("CONFIG SET appendonly no save ''"), "+OK");
}

TEST(Durability, ALogThatIsNewBeginsWithTheSnapshotThatIsThere) {
  TestDisk disk;
  {
    Restart r(disk);
    r.t.Run("SET a 1");
    r.t.Run("BGSAVE");
    r.Settle();
  }
  Restart r(disk, kLog);
  EXPECT_EQ(r.t.Run("GET a"), "\"1\"");
}

TEST(Durability, DamageIsAnErrorAndNothingIsWritten) {
  TestDisk disk;
  {
    Restart r(disk, kLog);
    r.t.Run("SET a 1");
    r.t.Run("SET b 2");
    r.Settle();
  }
  disk.files[kTail].bytes[16] ^= 0x40;
  const auto before = disk.files[kTail].bytes;
  Restart r(disk, kLog);
  EXPECT_TRUE(Contains(r.error, "Bad file format reading the append only file")) << r.error;
  EXPECT_TRUE(Contains(r.error, "kvasm-check-aof")) << r.error;
  EXPECT_EQ(disk.files[kTail].bytes, before);
  EXPECT_EQ(r.t.Run("GET a"), "-LOADING Redis is loading the dataset in memory");
}

TEST(Durability, AMissingFileOfTheManifestIsAnError) {
  TestDisk disk;
  { Restart r(disk, kLog); }
  disk.files.erase(kTail);
  Restart r(disk, kLog);
  EXPECT_TRUE(Contains(r.error, "appendonly.aof.1.incr.aof")) << r.error;
  EXPECT_TRUE(Contains(r.error, "No such file or directory")) << r.error;
}

TEST(Durability, ATruncatedTailIsCutBackOrRefused) {
  TestDisk disk;
  {
    Restart r(disk, kLog);
    r.t.Run("SET a 1");
    r.t.Run("SET b 2");
    r.Settle();
  }
  std::string& tail = disk.files[kTail].bytes;
  tail.resize(tail.size() - 3);
  Restart strict(disk, {{"appendonly", "yes"}, {"aof-load-truncated", "no"}});
  EXPECT_TRUE(Contains(strict.error, "Unexpected end of file")) << strict.error;
  Restart r(disk, kLog);
  EXPECT_EQ(r.error, "");
  EXPECT_EQ(r.t.Run("DBSIZE"), ":1");
  r.t.Run("SET c 3");
  r.Settle();
  Restart again(disk, kLog);
  EXPECT_EQ(again.error, "");
  EXPECT_EQ(again.t.Run("GET c"), "\"3\"");
}

TEST(Durability, ExpiredKeysAreLeftOutOfASnapshotButCountInALog) {
  TestDisk disk;
  {
    Restart r(disk, kLog);
    r.t.Run("RPUSH l a");
    r.t.Run("PEXPIRE l 100");
    r.t.Run("SET s 1 PX 100");
    r.t.Run("BGSAVE");
    r.Settle();
  }
  // The clock of a new engine stands where it stood for the first one.
  Restart r(disk);
  EXPECT_EQ(r.t.Run("DBSIZE"), ":2");
  r.t.AdvanceTime(1s);
  EXPECT_EQ(r.t.Run("EXISTS l s"), ":0");
}

TEST(Durability, AZipmapOfTooManyFieldsBecomesATable) {
  TestDisk disk;
  const std::string zipmap(
      "\x02\x02"
      "f1\x02\0v1\x02"
      "f2\x02\0v2\xff",
      16);
  disk.files["dump.rdb"].bytes =
      std::string("REDIS0002\xfe\0\x09\x04hash", 17) + '\x10' + zipmap + '\xff';
  Restart r(disk, {{"hash-max-listpack-entries", "1"}});
  EXPECT_EQ(r.error, "");
  EXPECT_EQ(r.t.Run("OBJECT ENCODING hash"), "\"hashtable\"");
  EXPECT_EQ(r.t.Run("HMGET hash f1 f2"), "[\"v1\", \"v2\"]");
}

TEST(Durability, ShutdownSavesAndSyncsFirst) {
  TestDisk disk;
  Restart r(disk, {{"appendonly", "yes"}, {"save", "3600 1"}});
  services::Session& client = r.t.OpenNetwork();
  r.t.Run("SET a 1");
  r.t.engine.effects().Take();
  r.t.engine.Feed(client, "SHUTDOWN\r\n");
  EXPECT_EQ(r.t.engine.effects().pending(), 0u);
  r.Settle();
  EXPECT_EQ(r.t.engine.effects().pending(), 1u);
  EXPECT_EQ(disk.files.count("dump.rdb"), 1u);
  EXPECT_EQ(disk.files[kTail].synced, disk.files[kTail].bytes.size());
}

TEST(Durability, AShutdownThatCannotSaveIsRefusedUnlessForced) {
  TestDisk disk;
  Restart r(disk, {{"save", "3600 1"}});
  services::Session& client = r.t.OpenNetwork();
  r.t.Run("SET a 1");
  r.t.engine.effects().Take();
  disk.fault = [](const Operation&) { return "No space left on device"; };
  r.t.engine.Feed(client, "SHUTDOWN\r\n");
  r.Settle();
  EXPECT_EQ(testing::Taken(client), "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
  EXPECT_EQ(r.t.engine.effects().pending(), 0u);
  r.t.engine.Feed(client, "SHUTDOWN FORCE\r\n");
  r.Settle();
  EXPECT_EQ(r.t.engine.effects().pending(), 1u);
}

TEST(Durability, AShutdownThatCallsASnapshotOffLeavesNothingOfIt) {
  for (const char* request : {"BGSAVE", "BGREWRITEAOF"}) {
    for (int steps = 0; steps < 12; ++steps) {
      TestDisk disk;
      Restart r(disk, kLog);
      r.t.Run("SET a 1");
      r.Settle();
      r.t.Run(request);
      for (int i = 0; i < steps && disk.Step(r.t.engine); ++i) r.t.engine.Tick(1000);
      services::Session& client = r.t.OpenNetwork();
      r.t.engine.effects().Take();
      r.t.engine.Feed(client, "SHUTDOWN NOSAVE\r\n");
      for (int i = 0; i < 100 && r.t.engine.effects().pending() == 0; ++i) {
        r.t.engine.Tick(1000);
        disk.Step(r.t.engine);
      }
      EXPECT_EQ(r.t.engine.effects().pending(), 1u);
      for (const auto& [name, file] : disk.files) EXPECT_FALSE(Contains(name, "temp-")) << name;
    }
  }
}

}  // namespace
}  // namespace kvasm
