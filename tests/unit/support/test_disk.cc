#include "tests/unit/support/test_disk.h"

#include <algorithm>

#include "core/commands/data_digest.h"

namespace kvasm::testing {

using persist::Operation;
using persist::Outcome;
using Lane = persist::StorageQueue::Lane;

Outcome TestDisk::Do(const Operation& operation, std::string* scratch) {
  using Kind = Operation::Kind;
  if (fault) *scratch = fault(operation);
  if (!scratch->empty()) {
    if (operation.kind == Kind::kAppend) {
      // What a full disk still took.
      const size_t taken = operation.synced ? operation.bytes.size() : operation.bytes.size() / 2;
      files[operation.file].bytes += operation.bytes.view().substr(0, taken);
    }
    if (operation.kind == Kind::kSync || operation.synced) {
      File& file = files[operation.file];
      file.dropped = std::min(file.dropped, file.synced);
    }
    return {.error = *scratch};
  }
  const auto at = files.find(operation.file);
  if (operation.kind == Kind::kSize) {
    if (at == files.end()) return {.absent = true};
    return {.size = at->second.bytes.size()};
  }
  const bool makes = operation.kind == Kind::kAppend || operation.kind == Kind::kReplace ||
                     operation.kind == Kind::kRemove;
  if (at == files.end() && !makes) return {.error = "No such file or directory"};
  const auto sync = [](File& file) {
    file.synced = file.bytes.size();
    file.named = true;
  };
  switch (operation.kind) {
    case Kind::kRead:
      return {.bytes = std::string_view(at->second.bytes)
                           .substr(std::min<uint64_t>(operation.offset, at->second.bytes.size()),
                                   operation.length)};
    case Kind::kAppend: {
      File& file = files[operation.file];
      file.bytes += operation.bytes.view();
      if (operation.synced) sync(file);
      return {};
    }
    case Kind::kSync:
      sync(at->second);
      return {};
    case Kind::kTruncate:
      at->second.bytes.resize(operation.offset);
      at->second.synced = std::min<size_t>(at->second.synced, operation.offset);
      if (operation.offset <= at->second.dropped) at->second.dropped = std::string::npos;
      return {};
    case Kind::kRename: {
      File file = std::move(at->second);
      files.erase(at);
      sync(file);
      files[operation.to] = std::move(file);
      return {};
    }
    case Kind::kReplace: {
      File file{.bytes = std::string(operation.bytes.view())};
      sync(file);
      files[operation.file] = std::move(file);
      return {};
    }
    default:
      files.erase(operation.file);
      return {};
  }
}

bool TestDisk::Step(engine::Engine& engine) {
  durability::Durability& durability = engine.durability();
  for (const Lane lane : {Lane::kLog, Lane::kFiles, Lane::kSnapshot}) {
    if (lane == Lane::kLog) durability.Flush();
    const Operation* operation = durability.storage().Begin(lane);
    if (operation == nullptr) continue;
    ++operations;
    std::string scratch;
    const Outcome outcome = Do(*operation, &scratch);
    engine.EndStorage(lane, outcome);
    return true;
  }
  return false;
}

void TestDisk::LosePower(base::Prng& prng) {
  for (auto at = files.begin(); at != files.end();) {
    File& file = at->second;
    if (!file.named && prng.Below(2) == 0) {
      at = files.erase(at);
      continue;
    }
    const size_t unsynced = file.bytes.size() - file.synced;
    file.bytes.resize(file.synced + prng.Below(static_cast<uint32_t>(unsynced + 1)));
    file.bytes.resize(std::min(file.bytes.size(), file.dropped));
    file.synced = file.bytes.size();
    file.dropped = std::string::npos;
    file.named = true;
    ++at;
  }
}

Restart::Restart(TestDisk& disk, const Settings& settings) : disk_(disk) {
  services::Config& config = t.engine.config();
  const auto set = [&](const std::string& name, const std::string& value) {
    const services::Config::Pair pair{name, value};
    CHECK(config.Set({&pair, 1}, services::Config::Source::kStartup).ok());
  };
  set("save", "");
  set("enable-debug-command", "yes");
  for (const auto& [name, value] : settings) set(name, value);
  t.engine.durability().Start([this](std::string_view problem) {
    has_started = true;
    error = problem;
  });
  while (!has_started && disk_.Step(t.engine)) {
  }
  Settle();
}

void Restart::Settle(int rounds) {
  durability::Durability& durability = t.engine.durability();
  for (int i = 0; i < rounds; ++i) {
    while (disk_.Step(t.engine)) {
    }
    t.AdvanceTime(std::chrono::milliseconds(1));
    t.engine.Tick(1000);
    const bool is_idle = durability.JobSeconds() < 0 && !durability.is_rewriting() &&
                         !durability.has_work() && durability.storage().is_idle(Lane::kLog) &&
                         durability.storage().is_idle(Lane::kFiles) &&
                         durability.storage().is_idle(Lane::kSnapshot);
    if (is_idle) return;
  }
}

std::string Restart::Digest() { return t.Run("DEBUG DIGEST"); }

}  // namespace kvasm::testing
