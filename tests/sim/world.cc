#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "core/base/hash.h"
#include "tests/sim/cast.h"
#include "tests/sim/player.h"

namespace kvasm::sim {
namespace {

constexpr size_t kHistoryShown = 80;
constexpr int kStepsPerReplicaCheck = 25;

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
  replies += other.replies;
  pushes += other.pushes;
  waits += other.waits;
  served += other.served;
  timed_out += other.timed_out;
  taken += other.taken;
  cached += other.cached;
  commits += other.commits;
  conflicts += other.conflicts;
  scripts += other.scripts;
  suspended += other.suspended;
  killed += other.killed;
  cut_off += other.cut_off;
  records += other.records;
  replica_checks += other.replica_checks;
  return *this;
}

// An engine that executes what the journal says. It must come to the same.
class World::Replica final : public keyspace::Journal::Sink {
 public:
  Replica(World& world, const host::Host& host)
      : world_(world), engine_(host, {.has_seed = true, .seed = 7}), session_(engine_.Open({})) {}

  void Record(std::span<const std::string_view> arguments) override {
    ++world_.counts.records;
    engine_.Execute(session_, arguments);
    if (session_.out.view().starts_with('-')) {
      std::string line;
      for (const std::string_view argument : arguments) line += std::string(argument) + " ";
      world_.Fail("the replica refuses " + line + std::string(session_.out.view()));
    }
    session_.out.Clear();
  }

  std::string Digest() {
    engine_.config().mutable_settings().enable_debug_command = "yes";
    const std::string_view arguments[] = {"DEBUG", "DIGEST"};
    engine_.Execute(session_, arguments);
    size_t at = 0;
    const std::optional<Value> reply = ReadValue(session_.out.view(), &at);
    session_.out.Clear();
    return reply ? reply->text : "";
  }

 private:
  World& world_;
  engine::Engine engine_;
  services::Session& session_;
};

World::World(uint64_t seed) : prng_(seed) {
  temper_ = {.destroys = OneIn(2),
             .clock_goes_back = OneIn(6),
             .reads_slowly = OneIn(4),
             .has_scripts = OneIn(3)};
  engine_ =
      std::make_unique<engine::Engine>(host_, engine::Options{.has_seed = true, .seed = seed});
  engine_->config().mutable_settings().enable_debug_command = "yes";
  observer_ = &engine_->Open({});
  Ask({"HELLO", "3"});
  replica_ = std::make_unique<Replica>(*this, host_);
  engine_->keyspace().journal().Attach(*replica_);
  if (temper_.reads_slowly) {
    Ask({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 1000 0 0 normal 100000 0 0"});
  }
  if (OneIn(3)) Ask({"CONFIG", "SET", "tracking-table-max-keys", "3"});
  if (temper_.has_scripts) {
    constexpr int64_t kLookUs = 2000;
    clock_.exact_step_us = kLookUs;
    Ask({"CONFIG", "SET", "busy-reply-threshold", "5"});
    LoadFunctions(*this);
  }
  Ask({"XGROUP", "CREATE", "stream", "g", "0", "MKSTREAM"});
  players_ = MakeCast(*this);
}

World::~World() { engine_->keyspace().journal().Detach(*replica_); }

void World::Note(const std::string& text) {
  history_hash_ = base::SipHash13(base::HashSeed{history_hash_, 1}, text);
  history_.push_back(std::to_string(step_) + " (" + std::to_string(now_ms()) + ")  " + text);
  if (history_.size() > 2 * kHistoryShown) {
    history_.erase(history_.begin(), history_.begin() + kHistoryShown);
  }
}

void World::Fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

std::string World::Report() const {
  std::string report = failure_ + "\n(";
  if (temper_.destroys) report += "keys are destroyed ";
  if (temper_.clock_goes_back) report += "the clock goes back ";
  if (temper_.reads_slowly) report += "clients read slowly ";
  if (temper_.has_scripts) report += "scripts run ";
  report += "step " + std::to_string(step_) + ")\n";
  const size_t first = history_.size() > kHistoryShown ? history_.size() - kHistoryShown : 0;
  for (size_t i = first; i < history_.size(); ++i) report += history_[i] + "\n";
  return report;
}

Value World::Ask(const std::vector<std::string>& arguments) {
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  engine_->Execute(*observer_, views);
  size_t at = 0;
  std::optional<Value> reply = ReadValue(observer_->out.view(), &at);
  if (!reply) Fail("no whole reply to the observer's " + arguments[0]);
  observer_->out.Clear();
  return reply ? std::move(*reply) : Value{};
}

void World::Run(int steps) {
  for (step_ = 0; step_ < steps && !failed(); ++step_) Step();
  if (!failed()) CheckEnd();
}

void World::MoveTime() {
  int64_t by_us = static_cast<int64_t>(Below(6000));
  if (OneIn(50)) by_us = static_cast<int64_t>(Below(100'000'000));
  if (OneIn(500)) by_us = static_cast<int64_t>(Below(86'400'000'000));
  if (temper_.clock_goes_back && OneIn(40)) by_us = -static_cast<int64_t>(Below(20'000'000));
  clock_.now_us += by_us;
}

void World::Settle() {
  for (bool any = true; any && !failed();) {
    any = false;
    while (engine_->NextReady() != nullptr) {
    }
    for (const auto& player : players_) any |= player->Receive();
    for (const Served& served : std::exchange(served_, {})) {
      for (const auto& player : players_) player->CheckTurn(served);
    }
    const auto begins = [](const auto& player) { return player->HasBegunToWait(); };
    const auto count = std::count_if(players_.begin(), players_.end(), begins);
    const bool vague = count > 1 || paused() || temper_.clock_goes_back || temper_.has_scripts;
    for (const auto& player : players_) {
      if (player->HasBegunToWait()) player->BeginWait(vague);
    }
  }
}

void World::Step() {
  was_paused_ = paused() || engine_->has_suspended_script();
  MoveTime();
  players_[Below(players_.size())]->Step();
  Settle();
  engine_->Tick(static_cast<uint32_t>(1 + Below(100)));
  Settle();
  for (const auto& player : players_) player->Read();
  Settle();
  const bool is_busy = engine_->has_suspended_script();
  if (is_busy) ++counts.suspended;
  if (is_busy || paused() || failed()) return;
  for (const auto& player : players_) {
    player->CheckWait();
    player->Check();
  }
  if (step_ % kStepsPerReplicaCheck == 0) CheckReplica();
  // To look at a key may have ended its life, and with it somebody's wait.
  Settle();
}

void World::CheckReplica() {
  // Keys whose time is up are gone once somebody has looked at them.
  for (const char* db : {"1", "0"}) {
    Ask({"SELECT", db});
    Ask({"KEYS", "*"});
  }
  ++counts.replica_checks;
  const std::string ours = Ask({"DEBUG", "DIGEST"}).text;
  if (ours != replica_->Digest()) Fail("the replica has become another");
}

// When everybody has gone, nothing of them is left.
void World::CheckEnd() {
  // Behind every wait and every pause; what a pause held back may be another one.
  do {
    clock_.now_us += 86'400'000'000;
    engine_->Tick(1000);
    Settle();
  } while (paused() || engine_->has_suspended_script());
  CheckReplica();
  for (const auto& player : players_) player->Disconnect();
  if (failed()) return;
  if (engine_->sessions().size() != 1) Fail("a session is left");
  if (engine_->waiters().size() != 0) Fail("somebody still waits");
  if (engine_->waiters().key_count() != 0) Fail("a key is still waited for");
  if (!Ask({"PUBSUB", "CHANNELS"}).items.empty()) Fail("a channel is left");
  if (Ask({"PUBSUB", "NUMPAT"}).text != "0") Fail("a pattern is left");
}

}  // namespace kvasm::sim
