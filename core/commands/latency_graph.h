// LATENCY GRAPH and LATENCY DOCTOR: what the latency monitor has seen, for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/services/latency_monitor.h"
#include "core/services/settings.h"

namespace kvasm::commands {

// The samples of an event as columns of characters, each over how long ago it was.
std::string LatencyGraph(std::string_view event, const services::LatencyMonitor::Series& series,
                         int64_t now_s);

// What the events amount to, and what can be done about them.
std::string LatencyReport(const services::LatencyMonitor& monitor,
                          const services::Settings& settings, int64_t now_s);

}  // namespace kvasm::commands
