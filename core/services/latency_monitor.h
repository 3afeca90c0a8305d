// LATENCY: when something took longer than `latency-monitor-threshold`, and how long, by event.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kvasm::services {

class LatencyMonitor {
 public:
  struct Sample {
    int64_t time_s = 0;  // since the epoch; 0: none
    uint32_t duration_ms = 0;
  };

  // The last samples of one event, one for a second: the longest.
  class Series {
   public:
    static constexpr size_t kSamples = 160;

    void Add(int64_t time_s, uint32_t duration_ms);
    const Sample& last() const { return samples_[(next_ + kSamples - 1) % kSamples]; }
    uint32_t longest_ms() const { return longest_ms_; }
    // visit(const Sample&), from the oldest on.
    template <class Visit>
    void ForEach(Visit visit) const {
      for (size_t i = 0; i < kSamples; ++i) {
        const Sample& sample = samples_[(next_ + i) % kSamples];
        if (sample.time_s != 0) visit(sample);
      }
    }

   private:
    std::array<Sample, kSamples> samples_{};
    size_t next_ = 0;
    uint32_t longest_ms_ = 0;  // ever
  };

  using Events = std::map<std::string, Series, std::less<>>;

  const Events& events() const { return events_; }
  const Series* Find(std::string_view event) const;

  // Whether a duration is to be added; a threshold of 0 is never met.
  static bool IsLong(int64_t duration_us, int64_t threshold_ms) {
    return threshold_ms > 0 && duration_us / 1000 >= threshold_ms;
  }
  void Add(std::string_view event, int64_t time_s, int64_t duration_us);
  // Forgets an event (its name in any case), or all; returns how many there were.
  uint64_t Reset(std::string_view event);
  uint64_t ResetAll();

 private:
  Events events_;
};

}  // namespace kvasm::services
