#include "core/services/stats.h"

namespace kvasm::services {
namespace {

// Redis stops telling error codes apart after so many, lest scripts with codes of their own fill
// it.
constexpr size_t kErrorCodesMax = 128;

}  // namespace

void Stats::CountError(std::string_view text) {
  ++total_error_replies;
  const std::string_view code = text.substr(0, text.find(' '));
  if (const auto at = errors.find(code); at != errors.end()) {
    ++at->second;
  } else if (errors.size() < kErrorCodesMax) {
    errors.emplace(code, 1);
  }
}

void Stats::Reset() {
  total_connections_received = total_commands_processed = total_error_replies = 0;
  rejected_connections = net_input_bytes = net_output_bytes = 0;
  commands.assign(commands.size(), CommandStats{});
  errors.clear();
}

}  // namespace kvasm::services
