// Whatever arrives, the engine goes on: random bytes, damaged requests and every command of the
// table with random arguments, while keys expire, memory runs short and a snapshot is being cut.
// Nothing is asserted of the replies (the conformance and the differential tests do that) but that
// each is whole; the sanitizers' presets run this too.
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/alloc.h"
#include "core/base/prng.h"
#include "core/keyspace/snapshot_cut.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm {
namespace {

using testing::TestEngine;

constexpr uint64_t kSeed = 20240607;  // KVASM_SEED takes others
constexpr int kIterations = 240'000;
constexpr uint64_t kHeapBytes = 24u << 20;

// Numbers at which arithmetic breaks, and texts that are almost numbers.
constexpr std::string_view kNumbers[] = {
    "0",
    "1",
    "-1",
    "2",
    "3",
    "10",
    "-10",
    "100",
    "1000",
    "-0",
    "00",
    "+1",
    " 1",
    "1 ",
    "1.5",
    "-2.5",
    "1e3",
    "0x10",
    "inf",
    "-inf",
    "nan",
    "1e308",
    "-1e308",
    "5e-324",
    "255",
    "256",
    "65536",
    "1048575",
    "4194303",
    "2147483647",
    "-2147483648",
    "2147483648",
    "4294967295",
    "4294967296",
    "4611686018427387904",
    "-4611686018427387905",
    "9223372036854775806",
    "9223372036854775807",
    "-9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "99999999999999999999",
};
// What some argument has to look like to get past the first check.
constexpr std::string_view kForms[] = {
    "[a",
    "(b",
    "-",
    "+",
    "(1",
    "(inf",
    "*",
    "k*",
    "[^a]?\\",
    "u8",
    "i64",
    "u64",
    "#1",
    "0-0",
    "",
    "allkeys-lfu",
    "noeviction",
    "volatile-ttl",
    "hash-max-listpack-entries",
    "set-max-intset-entries",
    "zset-max-listpack-value",
    "maxmemory-policy",
    "maxmemory",
    "ID",
    "ADDR",
    "TYPE",
    "normal",
    "default",
    "127.0.0.1:50000",
};

// Ids, and names of groups and consumers.
constexpr std::string_view kStreamWords[] = {"g", "g", "h",  "c", "d", "0",     "1-1",
                                             "5", "$", "1-", ">", ">", "(0-99", "99999999999999-0"};

class Chaos {
 public:
  Chaos() : prng_(Seed()) {
    base::SetHeapLimit(base::HeapUsedBytes() + kHeapBytes);
    t_.engine.keyspace().journal().Attach(journal_);
    t_.engine.config().mutable_settings().enable_debug_command = "yes";
    t_.engine.config().mutable_settings().proto_max_bulk_len = 1 << 20;
    const command::Table& table = t_.engine.table();
    for (size_t i = 0; i < table.size(); ++i) AddWords(table.at(i).syntax);
    for (services::Session*& session : sessions_) session = &Open();
  }
  ~Chaos() {
    cut_.reset();
    t_.engine.keyspace().journal().Detach(journal_);
    base::SetHeapLimit(0);
  }

  void Step() {
    services::Session*& session = sessions_[prng_.Below(kSessions)];
    // What is only queued tests little, but some queues shall be long.
    const uint64_t most = session->id % 4 == 0 ? 60 : prng_.Below(8);
    if (session->transaction.size() > most) Execute(*session, {"EXEC"});
    switch (prng_.Below(8)) {
      case 0:
        t_.engine.Feed(*session, RandomBytes());
        break;
      case 1:
      case 2:
        FeedInPieces(*session, Damaged(Encoded(RandomCommand())));
        break;
      default:
        Execute(*session, RandomCommand());
    }
    Surroundings();
    for (services::Session*& other : sessions_) {
      other->out.Clear();
      const bool over = other->close_after_reply || other->parser.pending_bytes() > 100'000;
      if (over || prng_.Below(other->waiting ? 20 : 500) == 0) {
        t_.engine.Close(other->id);
        other = &Open();
      }
    }
  }

  // A new session's answer to PING, after any CLIENT PAUSE.
  std::string Ping() {
    t_.AdvanceTime(std::chrono::seconds(1));
    t_.engine.Tick(1);
    services::Session& session = t_.engine.Open({});
    const std::string reply = t_.Run(session, "PING");
    t_.engine.Close(session.id);
    return reply;
  }
  uint64_t records() const { return journal_.records; }
  uint64_t taken() const { return sink_.taken; }
  // Commands that were answered, with anything but an error.
  uint64_t served() const { return calls_ - refused_; }

 private:
  static constexpr size_t kSessions = 4;

  static uint64_t Seed() {
    const char* given = std::getenv("KVASM_SEED");
    return given == nullptr ? kSeed : std::strtoull(given, nullptr, 10);
  }

  struct CountingJournal final : keyspace::Journal::Sink {
    void Record(std::span<const std::string_view>) override { ++records; }
    uint64_t records = 0;
  };
  struct CountingSink final : keyspace::SnapshotCut::Sink {
    bool Take(int, keyspace::Entry& entry, int64_t) override {
      taken += !entry.key().empty();
      return true;
    }
    uint64_t taken = 0;
  };

  services::Session& Open() {
    const bool network = prng_.Below(2) == 0;
    services::Session& session =
        t_.engine.Open({.network = network, .address = network ? "127.0.0.1:50000" : ""});
    session.authenticated = true;
    return session;
  }

  // The tokens of a syntax are what is written in capitals.
  void AddWords(std::string_view syntax) {
    std::string word;
    for (const char c : std::string(syntax) + " ") {
      if (std::isupper(static_cast<unsigned char>(c)) != 0) {
        word.push_back(c);
      } else {
        if (word.size() > 1) words_.push_back(word);
        word.clear();
      }
    }
  }

  template <class List>
  std::string_view OneOf(const List& list) {
    return list[prng_.Below(std::size(list))];
  }

  std::string RandomBytes() {
    std::string bytes(prng_.Below(64), '\0');
    for (char& c : bytes) {
      c = prng_.Below(3) == 0 ? "*$\r\n-0123456789"[prng_.Below(15)]
                              : static_cast<char>(prng_.Below(256));
    }
    return bytes;
  }

  // Mostly a key that the group's commands have filled.
  std::string RandomKey(command::Group group) {
    const auto kind = prng_.Below(8) == 0 ? prng_.Below(8) : static_cast<uint64_t>(group);
    return std::to_string(kind) + "k" + std::to_string(prng_.Below(6));
  }

  // What the command's syntax asks for at this place, as far as that is easily seen.
  std::string FittingArgument(const command::CommandSpec& spec, size_t place) {
    std::string_view syntax = spec.syntax;
    for (; place > 0 && !syntax.empty(); --place) {
      syntax.remove_prefix(std::min(syntax.size(), syntax.find(' ') + 1));
    }
    const std::string_view word = syntax.substr(0, syntax.find(' '));
    if (word.find(":key") != std::string_view::npos) return RandomKey(spec.group);
    if (word.find(":integer") == std::string_view::npos &&
        word.find(":double") == std::string_view::npos) {
      return RandomArgument(spec.group);
    }
    return prng_.Below(3) == 0 ? std::string(OneOf(kNumbers)) : std::to_string(prng_.Below(12));
  }

  std::string RandomArgument(command::Group group) {
    if (group == command::Group::kStream && prng_.Below(2) == 0) {
      return std::string(OneOf(kStreamWords));
    }
    switch (prng_.Below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return RandomKey(group);
      case 4:
      case 5:
      case 6:
        return std::string(OneOf(kNumbers));
      case 7:
        return std::to_string(static_cast<int64_t>(prng_.Below(40)) - 10);
      case 8:
      case 9:
      case 10:
        return words_[prng_.Below(words_.size())];
      case 11:
        return std::string(OneOf(kForms));
      case 12:
        return RandomBytes();
      case 13:
        return std::string(prng_.Below(prng_.Below(8) == 0 ? 5000 : 90), 'x');
      default:
        return std::string(1, static_cast<char>('a' + prng_.Below(8)));
    }
  }

  std::vector<std::string> RandomCommand() {
    const command::Table& table = t_.engine.table();
    const command::CommandSpec* spec;
    do {
      spec = &table.at(prng_.Below(table.size()));
      // These are many and slow (COMMAND DOCS); values are more interesting.
    } while (
        (spec->group == command::Group::kServer || spec->group == command::Group::kConnection) &&
        prng_.Below(8) > 0);
    std::vector<std::string> args;
    // Takes as long as a thousand others.
    if (spec->name == "pfselftest") return {"PING"};
    // Not for so long that nothing else is tested.
    if (spec->name == "client|pause") return {"CLIENT", "PAUSE", std::to_string(prng_.Below(20))};
    if (spec->name == "xreadgroup" && prng_.Below(2) == 0) {
      const char* id = prng_.Below(3) == 0 ? "0" : ">";
      return {"XREADGROUP",           "GROUP", "g", prng_.Below(2) == 0 ? "c" : "d", "STREAMS",
              RandomKey(spec->group), id};
    }
    const size_t bar = spec->name.find('|');
    args.emplace_back(spec->name.substr(0, bar));
    if (bar != std::string_view::npos) args.emplace_back(spec->name.substr(bar + 1));
    const size_t least = static_cast<size_t>(spec->arity < 0 ? -spec->arity : spec->arity);
    size_t count = least + (spec->arity < 0 ? prng_.Below(prng_.Below(8) == 0 ? 40 : 6) : 0);
    if (prng_.Below(32) == 0) count = prng_.Below(12);
    for (size_t place = 0; args.size() < count; ++place) {
      args.push_back(prng_.Below(4) > 0 ? FittingArgument(*spec, place)
                                        : RandomArgument(spec->group));
    }
    return args;
  }

  void Execute(services::Session& session, const std::vector<std::string>& args) {
    const std::vector<std::string_view> views(args.begin(), args.end());
    const uint32_t before = session.out.size();
    const bool waited = session.waiting;
    t_.engine.Execute(session, views);
    if (waited || session.waiting) return;
    ++calls_;
    if (session.out.view().substr(before).starts_with('-')) ++refused_;
    for (size_t at = before; at < session.out.size();) {
      // Large replies are rare and slow to read.
      if (session.out.size() > 100'000) break;
      ASSERT_EQ(testing::Render(session.out.view(), &at).find("(incomplete)"), std::string::npos)
          << args[0];
    }
  }

  static std::string Encoded(const std::vector<std::string>& args) {
    std::string bytes = "*" + std::to_string(args.size()) + "\r\n";
    for (const std::string& arg : args) {
      bytes += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
    }
    return bytes;
  }

  std::string Damaged(std::string bytes) {
    for (uint64_t i = prng_.Below(4); i > 0 && !bytes.empty(); --i) {
      const size_t at = prng_.Below(bytes.size());
      switch (prng_.Below(5)) {
        case 0:
          bytes[at] = static_cast<char>(prng_.Below(256));
          break;
        case 1:
          bytes.erase(at, prng_.Below(4));
          break;
        case 2:
          bytes.insert(at, OneOf(kNumbers));
          break;
        case 3:
          bytes.insert(at, bytes.substr(at, prng_.Below(20)));
          break;
        default:
          bytes.resize(at);
      }
    }
    return bytes;
  }

  void FeedInPieces(services::Session& session, std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t piece = 1 + prng_.Below(prng_.Below(2) == 0 ? 3 : bytes.size());
      // A copy of its own, so that what outlives the call is seen by the sanitizer.
      const auto chunk = std::make_unique<std::string>(bytes.substr(0, piece));
      t_.engine.Feed(session, *chunk);
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
  }

  // Time, background work and snapshots.
  void Surroundings() {
    const uint64_t dice = prng_.Below(100);
    t_.clock.now_us = 1'700'000'000'000'000 + static_cast<int64_t>(++steps_) * 1000;
    if (dice < 5) t_.engine.Tick(static_cast<uint32_t>(prng_.Below(100)));
    while (t_.engine.NextReady() != nullptr) {
    }
    if (steps_ % 5000 == 0) cut_.reset();
    if (cut_ == nullptr && steps_ % 5000 == 1000) {
      cut_ = std::make_unique<keyspace::SnapshotCut>(t_.engine.keyspace(), sink_);
    }
    if (cut_ != nullptr && dice < 10) cut_->Step(1);
    if (dice == 10) t_.engine.effects().Take();
    // Some CONFIG SET may have opened the gates.
    if (dice == 11) t_.engine.config().mutable_settings().proto_max_bulk_len = 1 << 20;
  }

  base::Prng prng_;
  TestEngine t_;
  CountingJournal journal_;
  CountingSink sink_;
  std::unique_ptr<keyspace::SnapshotCut> cut_;
  std::vector<std::string> words_;
  services::Session* sessions_[kSessions] = {};
  uint64_t steps_ = 0;
  uint64_t calls_ = 0;
  uint64_t refused_ = 0;
};

TEST(RandomBytes, NoInputEndsTheEngine) {
  Chaos chaos;
  for (int i = 0; i < kIterations; ++i) {
    chaos.Step();
    if (i % 1000 == 0) {
      ASSERT_EQ(chaos.Ping(), "+PONG");
    }
  }
  EXPECT_EQ(chaos.Ping(), "+PONG");
  // Enough of it must have been accepted to be of use.
  EXPECT_GT(chaos.served(), 50'000u) << chaos.records();
  EXPECT_GT(chaos.records(), 10'000u);
  EXPECT_GT(chaos.taken(), 100u);
}

}  // namespace
}  // namespace kvasm
