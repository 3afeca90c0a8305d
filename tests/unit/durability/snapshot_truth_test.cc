// A snapshot is the state at its instant, whatever is written while it is made.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/unit/support/test_disk.h"

namespace kvasm {
namespace {

using testing::Restart;
using testing::TestDisk;

// Random writes of every kind to a few keys in a few databases.
class Writer {
 public:
  Writer(Restart& r, base::Prng& prng) : r_(r), prng_(prng) {}

  void Write() {
    static constexpr const char* kCommands[] = {
        "SET K V",
        "SET K V PX T",
        "APPEND K V",
        "SETRANGE K 5 V",
        "INCRBY C N",
        "GETDEL K",
        "SETBIT B N 1",
        "BITOP OR B B B",
        "PFADD P V",
        "GETEX K PX T",
        "MSET K V K V",
        "RPUSH L V V V",
        "LPUSH L V",
        "LPOP L N",
        "LMOVE L L LEFT RIGHT",
        "LTRIM L 1 -1",
        "LSET L 0 V",
        "LINSERT L BEFORE V V",
        "SADD S V V N",
        "SREM S V",
        "SPOP S",
        "SMOVE S S V",
        "SINTERSTORE S S S",
        "SUNIONSTORE S S S",
        "HSET H V V N V",
        "HDEL H V",
        "HINCRBY H N N",
        "HPEXPIRE H T FIELDS 1 V",
        "ZADD Z N V N V",
        "ZREM Z V",
        "ZPOPMIN Z",
        "ZINCRBY Z N V",
        "ZUNIONSTORE Z 2 Z Z",
        "XADD X * V V",
        "XADD X MAXLEN 5 * V V",
        "XTRIM X MAXLEN 3",
        "XGROUP CREATE X V $ MKSTREAM",
        "XREADGROUP GROUP V V STREAMS X >",
        "XDEL X 1-1",
        "DEL K",
        "DEL A",
        "UNLINK A A A",
        "EXPIRE A N",
        "PEXPIRE A T",
        "PERSIST A",
        "RENAME A A",
        "RENAMENX A A",
        "COPY A A DB D REPLACE",
        "MOVE A D",
        "SORT L STORE L",
        "SELECT D",
        "SELECT D",
        "SWAPDB D D",
    };
    const uint64_t rare = prng_.Below(400);
    if (rare == 0) return Run("FLUSHDB");
    if (rare == 1) return Run("FLUSHALL ASYNC");
    if (rare == 2) return Run("FLUSHDB ASYNC");
    if (rare == 3) return Run("DEBUG POPULATE 300 A" + Text(prng_.Below(3)));
    Run(kCommands[prng_.Below(std::size(kCommands))]);
  }

 private:
  std::string Text(uint64_t number) { return std::to_string(number); }

  std::string Word(const std::string& word) {
    if (word.size() != 1) return word;
    const std::string number = Text(prng_.Below(12));
    switch (word[0]) {
      case 'V':
        return prng_.Below(20) == 0 ? std::string(prng_.Below(300), 'v') + number : "v" + number;
      case 'N':
        return number;
      case 'T':
        return Text(1 + prng_.Below(50));
      case 'D':
        return Text(prng_.Below(3));
      case 'A':  // of any type
        return std::string(1, "KCBPLSHZX"[prng_.Below(9)]) + number;
      default:
        return std::isupper(word[0]) != 0 ? word + number : word;
    }
  }

  void Run(const std::string& command) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : command + ' ') {
      if (c != ' ') {
        word += c;
        continue;
      }
      words.push_back(Word(word));
      word.clear();
    }
    r_.t.RunArgs(words);
  }

  Restart& r_;
  base::Prng& prng_;
};

TEST(SnapshotTruth, IsTheStateAtTheCut) {
  const char* wanted = std::getenv("KVASM_SNAPSHOTS");
  const int snapshots = wanted == nullptr ? 1000 : std::atoi(wanted);
  base::Prng prng(20261122);
  TestDisk disk;
  // The version that knows ends of fields, whether there are any or not.
  Restart r(disk, {{"rdb-version", "12"}, {"databases", "3"}});
  Writer writer(r, prng);
  for (int i = 0; i < 2000; ++i) writer.Write();
  uint64_t writes_during = 0;
  for (int i = 0; i < snapshots; ++i) {
    // What has expired by now is in no snapshot that is loaded.
    while (r.t.engine.keyspace().ExpireDue(1000)) {
    }
    const std::string digest = r.Digest();
    const auto now_us = r.t.clock.now_us;
    bool is_done = false;
    std::string error;
    ASSERT_TRUE(r.t.engine.durability()
                    .SaveTo("snapshot.rdb",
                            [&](std::string_view problem) {
                              is_done = true;
                              error = problem;
                            })
                    .ok());
    while (!is_done) {
      for (uint64_t n = prng.Below(30); n > 0; --n, ++writes_during) writer.Write();
      if (prng.Below(3) == 0) r.t.AdvanceTime(std::chrono::milliseconds(prng.Below(30)));
      if (prng.Below(2) == 0) r.t.engine.Tick(1 + static_cast<uint32_t>(prng.Below(200)));
      disk.Step(r.t.engine);
    }
    ASSERT_EQ(error, "");
    TestDisk copy;
    copy.files["snapshot.rdb"] = disk.files["snapshot.rdb"];
    Restart loaded(copy, {{"databases", "3"}});
    loaded.t.clock.now_us = now_us;
    loaded.t.engine.Tick(1);
    bool has_loaded = false;
    loaded.t.engine.durability().LoadFile("snapshot.rdb", [&](std::string_view problem) {
      has_loaded = true;
      error = problem;
    });
    while (!has_loaded && copy.Step(loaded.t.engine)) {
    }
    ASSERT_EQ(error, "") << "snapshot " << i;
    ASSERT_EQ(loaded.Digest(), digest) << "snapshot " << i;
    r.Settle();
  }
  EXPECT_GT(writes_during, static_cast<uint64_t>(snapshots));
}

}  // namespace
}  // namespace kvasm
