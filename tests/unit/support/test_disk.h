// A disk for engines in tests: does what their storage queue asks for, and can fail or lose power.
//
//     TestDisk disk;
//     { Restart r(disk, {{"appendonly", "yes"}}); r.t.Run("SET a 1"); r.Settle(); }
//     disk.LosePower(prng);
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/prng.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm::testing {

class TestDisk {
 public:
  struct File {
    std::string bytes;
    size_t synced = 0;   // how many of them survive a loss of power
    bool named = false;  // whether its name does
    // From here on a failed sync has lost what no later one brings to the disk.
    size_t dropped = std::string::npos;
  };
  std::map<std::string, File> files;
  // Why an operation is to fail; "" = it does not. A failed append may leave a part behind; what
  // waits for a sync that fails is in the file, and will not survive.
  std::function<std::string(const persist::Operation&)> fault;
  uint64_t operations = 0;

  // Does the next operation of either lane. False if there is none.
  bool Step(engine::Engine& engine);
  // What had not been synced is gone, or a first part of it is.
  void LosePower(base::Prng& prng);

 private:
  persist::Outcome Do(const persist::Operation& operation, std::string* scratch);
};

using Settings = std::vector<std::pair<std::string, std::string>>;

// An engine that has loaded what a disk holds.
class Restart {
 public:
  explicit Restart(TestDisk& disk, const Settings& settings = {});

  // Ticks and disk operations until nothing is under way any more (at most `rounds`).
  void Settle(int rounds = 10'000);
  // Of all databases.
  std::string Digest();

  TestEngine t;
  bool has_started = false;
  std::string error;  // of the start

 private:
  TestDisk& disk_;
};

}  // namespace kvasm::testing
