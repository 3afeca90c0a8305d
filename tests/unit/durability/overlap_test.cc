// Saves, rewrites, reloads, switches, flushes, slow scripts and shutdowns that get in each other's
// way, over a disk that takes its time: all are answered, and what is loaded is what there was.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/commands/data_digest.h"
#include "tests/unit/support/test_disk.h"

namespace kvasm {
namespace {

using namespace std::chrono_literals;
using persist::Operation;
using testing::Restart;
using testing::Settings;
using testing::TestDisk;

constexpr const char* kRequests[] = {
    "INCR K",
    "INCR K",
    "RPUSH list K",
    "SADD set K",
    "DEL list",
    "SAVE",
    "BGSAVE",
    "BGSAVE SCHEDULE",
    "BGREWRITEAOF",
    "BGREWRITEAOF",
    "FLUSHALL",
    "CONFIG SET appendonly yes",
    "CONFIG SET appendonly yes",
    "CONFIG SET appendonly no",
    "CONFIG SET appendonly no\r\nCONFIG SET appendonly yes",
    "CONFIG SET aof-use-rdb-preamble no",
    "CONFIG SET aof-use-rdb-preamble yes",
    "CONFIG SET appendfsync always",
    "CONFIG SET appendfsync everysec",
    "DEBUG RELOAD",
    "DEBUG LOADAOF",
    "MULTI\r\nINCR K\r\nINCR K\r\nEXEC",
    "MULTI\r\nINCR K\r\nFLUSHALL\r\nINCR K\r\nEXEC",
    "MULTI\r\nINCR K\r\nDEBUG RELOAD\r\nINCR K\r\nEXEC",
    "MULTI\r\nDEBUG LOADAOF\r\nINCR K\r\nEXEC",
    "EVAL \"redis.call('incr','K') for i=1,600000 do end redis.call('incr','K')\" 0",
    "CLIENT PAUSE 3 ALL",
    "SHUTDOWN",
    "WAITAOF 1 0 0",
    "WAITAOF 1 0 20",
};

class World {
 public:
  World(uint64_t seed, Settings settings) : prng_(seed), r_(disk_, settings) {
    r_.t.clock.exact_step_us = 700;
    r_.t.Run("CONFIG SET busy-reply-threshold 3");
    for (services::Session*& client : clients_) client = &r_.t.OpenNetwork();
    fails_ = seed % 2 == 1;
    // What DEBUG RELOAD has dropped and cannot read is gone, as with Redis.
    disk_.fault = [this](const Operation& operation) {
      const bool reads =
          operation.kind == Operation::Kind::kRead || operation.kind == Operation::Kind::kSize;
      return fails_ && !reads && prng_.Below(40) == 0 ? "Input/output error" : "";
    };
  }

  void Act() {
    services::Session& client = *clients_[prng_.Below(clients_.size())];
    switch (prng_.Below(4)) {
      case 0:
        static_cast<void>(disk_.Step(r_.t.engine));
        break;
      case 1:
        r_.t.AdvanceTime(std::chrono::milliseconds(prng_.Below(40)));
        r_.t.engine.Tick(20);
        break;
      case 2:
        Send(client);
        break;
      default:
        static_cast<void>(testing::Taken(client));
    }
  }

  // Nothing fails any more, and there is time for all.
  void Settle() {
    fails_ = false;
    for (int i = 0; i < 30; ++i) {
      r_.t.AdvanceTime(130s);  // the longest pause between two tries is an hour
      r_.Settle(300);
    }
  }

  // Empty, or what is wrong.
  std::string Check() {
    if (has_ended()) return CheckEnd();
    for (services::Session* client : clients_) {
      if (client->waiting) return "a client was never answered";
    }
    services::Session& fresh = r_.t.OpenNetwork();
    r_.t.engine.Feed(fresh, "PING\r\n");
    const std::string pong = testing::Taken(fresh);
    if (pong != "+PONG\r\n") return "a new client is not served: " + pong;
    const bool is_logged = r_.t.Run("CONFIG GET appendonly").find("yes") != std::string::npos;
    r_.t.Run("INCR last");
    const std::string asked = r_.t.Run(is_logged ? "BGREWRITEAOF" : "BGSAVE");
    if (asked[0] != '+') return asked;
    if (is_logged) r_.t.Run("INCR last");
    Settle();
    return Compare(is_logged);
  }
  bool has_ended() const { return has_ended_; }
  // What was sent and logged, and what is on the disk.
  std::string Story() const {
    std::string story;
    for (const std::string& line : r_.t.log.lines) story += line + "\n";
    for (const auto& [name, file] : disk_.files) {
      story += name + ": " + std::to_string(file.bytes.size()) + " bytes\n" + file.bytes + "\n";
    }
    return story;
  }
  void Look() { NoteEnd(); }

 private:
  void Send(services::Session& client) {
    if (has_ended_ || client.waiting) return;
    std::string request = kRequests[prng_.Below(std::size(kRequests))];
    const std::string key = "k" + std::to_string(prng_.Below(4));
    for (size_t at = 0; (at = request.find('K', at)) != std::string::npos; ++at) {
      const bool is_word = at > 0 && request[at - 1] != ' ' && request[at - 1] != '\'';
      if (!is_word) request.replace(at, 1, key);
    }
    r_.t.log.lines.push_back("> " + request);
    r_.t.engine.Feed(client, request + "\r\n");
    NoteEnd();
  }

  void NoteEnd() {
    for (const services::Effect& effect : r_.t.engine.effects().Take()) {
      has_ended_ |= effect.kind == services::Effect::Kind::kShutdown;
    }
  }

  // What a shutdown has left is what is loaded.
  std::string CheckEnd() {
    const services::Settings& settings = r_.t.engine.config().settings();
    if (!settings.appendonly && settings.save.empty()) return "";  // nothing was to be saved
    return Compare(settings.appendonly);
  }

  std::string Compare(bool is_logged) {
    const base::Sha1Digest digest = DigestOf(r_);
    disk_.fault = nullptr;
    Restart again(disk_, {{"appendonly", is_logged ? "yes" : "no"}});
    if (!again.error.empty()) return again.error;
    if (!again.has_started) return "it never starts";
    if (DigestOf(again) == digest) return "";
    return "other data is loaded" + std::string(is_logged ? " from the log" : "");
  }

  static base::Sha1Digest DigestOf(Restart& r) {
    return commands::DatasetDigest(r.t.engine.keyspace());
  }

  base::Prng prng_;
  TestDisk disk_;
  Restart r_;
  std::array<services::Session*, 4> clients_{};
  bool fails_ = false;
  bool has_ended_ = false;
};

TEST(Overlap, EverybodyIsAnsweredAndWhatIsLoadedIsWhatThereWas) {
  const char* text = std::getenv("KVASM_OVERLAP_SEEDS");
  const int seeds = text == nullptr ? 300 : std::atoi(text);
  const char* first = std::getenv("KVASM_OVERLAP_FIRST");
  const uint64_t begin = first == nullptr ? 0 : std::strtoull(first, nullptr, 10);
  int ended = 0;
  for (uint64_t seed = begin; seed < begin + static_cast<uint64_t>(seeds); ++seed) {
    Settings settings{{"appendonly", seed % 3 == 0 ? "no" : "yes"}};
    if (seed % 5 < 2) settings.push_back({"save", "3600 1"});
    World world(seed, settings);
    for (int i = 0; i < 400 && !world.has_ended(); ++i) {
      world.Act();
      world.Look();
    }
    if (!world.has_ended()) world.Settle();
    world.Look();
    ended += world.has_ended() ? 1 : 0;
    const std::string problem = world.Check();
    ASSERT_EQ(problem, "") << "seed " << seed << "\n" << world.Story();
  }
  EXPECT_GT(ended, seeds / 10);
}

}  // namespace
}  // namespace kvasm
