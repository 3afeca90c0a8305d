#include "core/commands/latency_graph.h"

#include <algorithm>
#include <span>
#include <vector>

#include "core/base/numbers.h"

namespace kvasm::commands {
namespace {

using services::LatencyMonitor;
using Sample = LatencyMonitor::Sample;

std::string Number(uint64_t value) { return base::Int64Text(static_cast<int64_t>(value)); }
std::string Milliseconds(uint64_t value) { return Number(value) + " ms"; }

std::vector<Sample> SamplesOf(const LatencyMonitor::Series& series) {
  std::vector<Sample> samples;
  series.ForEach([&](const Sample& sample) { samples.push_back(sample); });
  return samples;
}

// "5s", "5m", "5h" or "5d".
std::string Age(int64_t seconds) {
  constexpr int64_t kMinute = 60;
  constexpr int64_t kHour = 60 * kMinute;
  constexpr int64_t kDay = 24 * kHour;
  if (seconds < kMinute) return base::Int64Text(seconds) + "s";
  if (seconds < kHour) return base::Int64Text(seconds / kMinute) + "m";
  if (seconds < kDay) return base::Int64Text(seconds / kHour) + "h";
  return base::Int64Text(seconds / kDay) + "d";
}

struct Range {
  uint32_t low;
  uint32_t high;
};

Range RangeOf(std::span<const Sample> samples) {
  const auto [low, high] = std::minmax_element(
      samples.begin(), samples.end(),
      [](const Sample& a, const Sample& b) { return a.duration_ms < b.duration_ms; });
  return {low->duration_ms, high->duration_ms};
}

// Each row tells three heights apart; below a column's top it is filled.
constexpr std::string_view kTops = "_o#";
constexpr uint64_t kRows = 4;

char Pixel(uint64_t height, uint64_t row) {
  const uint64_t below = (kRows - 1 - row) * kTops.size();
  if (height < below) return ' ';
  return height - below < kTops.size() ? kTops[height - below] : '|';
}

// The samples side by side, and under each its age, written downwards.
std::string Draw(std::span<const Sample> samples, Range range, int64_t now_s) {
  constexpr uint64_t kSteps = kRows * kTops.size();
  const uint64_t span = std::max<uint64_t>(range.high - range.low, 1);
  std::string text;
  for (uint64_t row = 0; row < kRows; ++row) {
    for (const Sample& sample : samples) {
      const uint64_t height = uint64_t{sample.duration_ms - range.low} * kSteps / span;
      text += Pixel(std::min(height, kSteps - 1), row);
    }
    text += '\n';
  }
  text.append(samples.size(), ' ');
  text += '\n';
  std::vector<std::string> ages;
  size_t longest = 0;
  for (const Sample& sample : samples) {
    ages.push_back(Age(now_s - sample.time_s));
    longest = std::max(longest, ages.back().size());
  }
  for (size_t at = 0; at < longest; ++at) {
    for (const std::string& age : ages) text += at < age.size() ? age[at] : ' ';
    text += '\n';
  }
  return text;
}

// Means over the samples of one event.
struct Summary {
  uint64_t samples = 0;
  uint64_t mean_ms = 0;
  uint64_t deviation_ms = 0;
  double period_s = 0;
};

Summary Summarize(const LatencyMonitor::Series& series, int64_t now_s) {
  const std::vector<Sample> samples = SamplesOf(series);
  Summary summary{.samples = samples.size()};
  if (samples.empty()) return summary;
  uint64_t sum = 0;
  int64_t oldest_s = now_s;
  for (const Sample& sample : samples) {
    sum += sample.duration_ms;
    oldest_s = std::min(oldest_s, sample.time_s);
  }
  summary.mean_ms = sum / samples.size();
  uint64_t deviations = 0;
  for (const Sample& sample : samples) {
    deviations += std::max<uint64_t>(sample.duration_ms, summary.mean_ms) -
                  std::min<uint64_t>(sample.duration_ms, summary.mean_ms);
  }
  summary.deviation_ms = deviations / samples.size();
  summary.period_s = static_cast<double>(std::max<int64_t>(now_s - oldest_s, 1)) /
                     static_cast<double>(samples.size());
  return summary;
}

// Two decimals.
std::string Decimal(double value) {
  const auto hundredths = static_cast<uint64_t>(value * 100 + 0.5);
  return Number(hundredths / 100) + "." + Number(100 + hundredths % 100).substr(1);
}

std::string AdviceForCommands(const services::Settings& settings) {
  std::string text;
  const std::string threshold_us =
      Number(static_cast<uint64_t>(settings.latency_monitor_threshold) * 1000);
  if (settings.slowlog_log_slower_than < 0) {
    text += "- The slow log is off. 'CONFIG SET slowlog-log-slower-than " + threshold_us +
            "' has it name the commands that take this long.\n";
  } else if (settings.slowlog_log_slower_than / 1000 > settings.latency_monitor_threshold) {
    text +=
        "- The slow log only sees what is slower than the latency monitor's threshold. 'CONFIG "
        "SET slowlog-log-slower-than " +
        threshold_us + "' makes them agree.\n";
  }
  text += "- SLOWLOG GET tells which commands are slow.\n";
  text +=
      "- Commands over a whole large value take long: split such values, or read them in "
      "parts. UNLINK frees in the background what DEL frees at once.\n";
  return text;
}

std::string Advice(const LatencyMonitor& monitor, const services::Settings& settings) {
  std::string text;
  if (monitor.Find("command") != nullptr) text += AdviceForCommands(settings);
  if (monitor.Find("fast-command") != nullptr) {
    text +=
        "- Commands that do little took long: the program did not get the processor. Other "
        "programs of this machine, or other work of this thread, keep it busy.\n";
  }
  if (monitor.Find("expire-cycle") != nullptr) {
    text +=
        "- Many keys, or large ones, end at once. Spread the times at which they do; with "
        "'lazyfree-lazy-expire yes' large ones are freed in the background.\n";
  }
  return text;
}

}  // namespace

std::string LatencyGraph(std::string_view event, const LatencyMonitor::Series& series,
                         int64_t now_s) {
  constexpr size_t kColumns = 80;
  const std::vector<Sample> samples = SamplesOf(series);
  const Range range = RangeOf(samples);
  std::string text(event);
  text += " - high " + Milliseconds(range.high) + ", low " + Milliseconds(range.low) +
          " (all time high " + Milliseconds(series.longest_ms()) + ")\n";
  text.append(kColumns, '-');
  text += '\n';
  for (size_t at = 0; at < samples.size(); at += kColumns) {
    if (at != 0) text += '\n';
    const size_t count = std::min(kColumns, samples.size() - at);
    text += Draw(std::span(samples).subspan(at, count), range, now_s);
  }
  return text;
}

std::string LatencyReport(const LatencyMonitor& monitor, const services::Settings& settings,
                          int64_t now_s) {
  if (monitor.events().empty()) {
    return settings.latency_monitor_threshold == 0
               ? "The latency monitor is off. 'CONFIG SET latency-monitor-threshold "
                 "<milliseconds>' has it note whatever takes that long.\n"
               : "Nothing took as long as the latency monitor's threshold. That is good.\n";
  }
  std::string text = "These events took as long as the latency monitor's threshold, or longer:\n\n";
  uint64_t number = 0;
  for (const auto& [event, series] : monitor.events()) {
    const Summary summary = Summarize(series, now_s);
    text += Number(++number) + ". " + event + ": " + Number(summary.samples) +
            " latency spikes (average " + Number(summary.mean_ms) + "ms, mean deviation " +
            Number(summary.deviation_ms) + "ms, period " + Decimal(summary.period_s) +
            " sec). Worst all time event " + Number(series.longest_ms()) + "ms.\n";
  }
  const std::string advice = Advice(monitor, settings);
  if (!advice.empty()) text += "\nWhat you can do:\n\n" + advice;
  return text;
}

}  // namespace kvasm::commands
