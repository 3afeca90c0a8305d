// A world for an engine to live in: a clock that jumps, clients that send requests in pieces, wait,
// vanish and do not read, and a replica that replays the journal. Everything follows from a seed,
// so that a run that went wrong goes wrong again. After each step every invariant is checked.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/prng.h"
#include "core/engine/engine.h"
#include "tests/sim/value.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm::sim {

class Player;

// Somebody who waited got what it waited for.
struct Served {
  std::string name;
  std::string key;
  std::string type;
  uint64_t arrival;
};

// What a seed's world is like. Where keys are destroyed less can be said of what must be there.
struct Temper {
  bool destroys = false;         // keys are deleted, flushed, swapped, evicted; they expire
  bool clock_goes_back = false;  // as a wall clock may
  bool reads_slowly = false;     // and output is limited
  bool has_scripts = false;      // some of them slow: time passes while they run
};

// How much happened, to see that a world is not a dull one.
struct Counts {
  uint64_t replies = 0;
  uint64_t pushes = 0;
  uint64_t waits = 0;
  uint64_t served = 0;     // of those that waited
  uint64_t timed_out = 0;  // the others
  uint64_t taken = 0;      // elements
  uint64_t cached = 0;     // values
  uint64_t commits = 0;    // of the counter
  uint64_t conflicts = 0;
  uint64_t scripts = 0;  // that ended well
  uint64_t suspended = 0;
  uint64_t killed = 0;   // scripts
  uint64_t cut_off = 0;  // by CLIENT KILL or for unread output
  uint64_t records = 0;  // of the journal
  uint64_t replica_checks = 0;

  Counts& operator+=(const Counts& other);
};

class World {
 public:
  explicit World(uint64_t seed);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Lives through so many steps, or until an invariant is broken.
  void Run(int steps);
  bool failed() const { return !failure_.empty(); }
  // What was broken, and the last of what happened before.
  std::string Report() const;
  // Of all that happened: two runs of a seed have the same.
  uint64_t history_hash() const { return history_hash_; }

  // --- for players ---

  uint64_t Below(uint64_t bound) { return prng_.Below(bound); }
  bool OneIn(uint64_t times) { return prng_.Below(times) == 0; }
  // Part of the history.
  void Note(const std::string& text);
  // Ends the run; the first failure counts.
  void Fail(const std::string& what);
  const Temper& temper() const { return temper_; }
  engine::Engine& engine() { return *engine_; }
  int64_t now_ms() const { return clock_.now_us / 1000; }
  // Whether CLIENT PAUSE holds requests back, so that nothing can be said of when they run.
  bool paused() const { return engine_->waiters().paused(); }
  // Whether it, or a script, did when the step began: requests of several may have run in it.
  bool was_paused() const { return was_paused_; }
  // Of a request that has begun to wait.
  uint64_t NextArrival() { return ++arrivals_; }
  void NoteServed(Served served) { served_.push_back(std::move(served)); }
  const std::vector<std::unique_ptr<Player>>& players() const { return players_; }
  // Asks the engine as an observer whom nothing holds back; in RESP3.
  Value Ask(const std::vector<std::string>& arguments);
  // Lets every player see what has arrived for it.
  void Settle();

  Counts counts;

 private:
  class Replica;

  void Step();
  void MoveTime();
  void CheckReplica();
  void CheckEnd();

  base::Prng prng_;
  Temper temper_;
  testing::ManualClock clock_;
  testing::CountingEntropy entropy_;
  testing::ListLog log_;
  host::Host host_{clock_, entropy_, log_};
  std::unique_ptr<engine::Engine> engine_;
  services::Session* observer_;
  std::unique_ptr<Replica> replica_;
  std::vector<std::unique_ptr<Player>> players_;
  std::vector<Served> served_;  // since the players' last look
  std::vector<std::string> history_;
  uint64_t history_hash_ = 0;
  std::string failure_;
  int step_ = 0;
  bool was_paused_ = false;
  uint64_t arrivals_ = 0;
};

}  // namespace kvasm::sim
