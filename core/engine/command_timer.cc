#include "core/engine/command_timer.h"

#include <algorithm>

#include "core/base/alloc.h"
#include "core/command/redaction.h"

namespace kvasm::engine {

using command::CommandSpec;

namespace {

// Nobody asked for what is kept here: it does not get the last memory there is.
bool HaveSpareRoom() {
  constexpr uint64_t kSpareBytes = 64 * 1024;
  return !base::HeapExhausted() && base::HaveRoom(kSpareBytes);
}

}  // namespace

CommandTimer::CommandTimer(host::Clock& clock, const command::Table& table,
                           services::Services& services)
    : clock_(clock), table_(table), services_(services), known_(table.size()) {
  for (size_t i = 0; i < known_.size(); ++i) {
    const CommandSpec& spec = table.at(i);
    const std::string_view complexity = spec.complexity;
    const bool whole = complexity.find('+') != std::string_view::npos;  // as in "O(log N + M)"
    const bool brief = complexity.starts_with("O(1)") || complexity.starts_with("O(log");
    known_[i].brief = brief && !whole && !(spec.flags & command::kBlocking);
  }
}

bool CommandTimer::MayGuess(const Known& known, std::span<const std::string_view> args) const {
  constexpr int64_t kPreciseUs = 1000;
  constexpr size_t kFewArguments = 16;
  constexpr size_t kShortBytes = 16 * 1024;
  if (!known.brief || known.untimed_left == 0 || args.size() > kFewArguments) return false;
  if (known.last_us >= kPreciseUs) return false;
  const int64_t slow_us = services_.settings().slowlog_log_slower_than;
  if (slow_us >= 0 && slow_us < kPreciseUs) return false;
  return std::all_of(args.begin(), args.end(),
                     [](std::string_view argument) { return argument.size() <= kShortBytes; });
}

void CommandTimer::CountDuration(services::CommandStats& stats, int64_t duration_us) {
  const uint64_t duration_ns = static_cast<uint64_t>(duration_us) * 1000;
  if (stats.durations == nullptr || !stats.durations->HasRoomFor(duration_ns)) {
    if (!HaveSpareRoom()) return;
    if (stats.durations == nullptr) stats.durations = std::make_unique<services::Histogram>();
  }
  stats.durations->Add(duration_ns);
}

void CommandTimer::Account(const services::Session& session, size_t index,
                           std::span<const std::string_view> args, int64_t duration_us) {
  const services::Settings& settings = services_.settings();
  const CommandSpec& spec = table_.at(index);
  services::CommandStats& stats = services_.stats.commands[index];
  ++stats.calls;
  stats.usec += static_cast<uint64_t>(duration_us);
  if (settings.latency_tracking) CountDuration(stats, duration_us);
  if (settings.slowlog_log_slower_than >= 0) {
    if (duration_us >= settings.slowlog_log_slower_than && !(spec.flags & command::kSkipSlowlog) &&
        HaveSpareRoom()) {
      services_.slow_log.Add(command::WithoutSecrets(spec, args), NowSeconds(), duration_us,
                             session.address, session.name);
    }
    services_.slow_log.Keep(static_cast<uint64_t>(settings.slowlog_max_len));
  }
  if (services::LatencyMonitor::IsLong(duration_us, settings.latency_monitor_threshold) &&
      HaveSpareRoom()) {
    services_.latency.Add((spec.flags & command::kFast) ? "fast-command" : "command", NowSeconds(),
                          duration_us);
  }
}

}  // namespace kvasm::engine
