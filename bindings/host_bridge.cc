#include "bindings/host_bridge.h"

#include <emscripten/emscripten.h>

// clang-format off
EM_JS(double, kvasm_host_now_ms, (), { return Module['kvasmHost'].nowMs(); })
EM_JS(double, kvasm_host_cpu_us, (int system), { return Module['kvasmHost'].cpuUs(system !== 0); })
EM_JS(void, kvasm_host_sleep_ms, (double duration), { Module['kvasmHost'].sleepMs(duration); })
EM_JS(void, kvasm_host_fill_random, (void* to, int bytes), {
  Module['kvasmHost'].fillRandom(to, bytes);
})
// clang-format on

namespace kvasm::bindings {

int64_t HostClock::NowUs() {
  if (repeats_left_ > 0) {
    --repeats_left_;
    return now_us_;
  }
  if (in_batch_) repeats_left_ = kRepeats;
  now_us_ = static_cast<int64_t>(kvasm_host_now_ms() * 1000.0);
  return now_us_;
}

host::CpuTimes HostClock::ProcessCpu() {
  return {.user_us = static_cast<int64_t>(kvasm_host_cpu_us(0)),
          .system_us = static_cast<int64_t>(kvasm_host_cpu_us(1))};
}

void HostClock::SleepUs(int64_t duration_us) {
  kvasm_host_sleep_ms(static_cast<double>(duration_us) / 1000.0);
  repeats_left_ = 0;
}

uint64_t HostEntropy::Next() {
  uint64_t value = 0;
  kvasm_host_fill_random(&value, sizeof value);
  return value;
}

}  // namespace kvasm::bindings
