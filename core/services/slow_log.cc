#include "core/services/slow_log.h"

#include <algorithm>
#include <utility>

#include "core/base/numbers.h"

namespace kvasm::services {
namespace {

constexpr size_t kArgumentsMax = 32;
constexpr size_t kArgumentBytesMax = 128;

std::string Shortened(std::string_view argument) {
  std::string text(argument.substr(0, kArgumentBytesMax));
  if (argument.size() > kArgumentBytesMax) {
    text += "... (" + base::Int64Text(argument.size() - kArgumentBytesMax) + " more bytes)";
  }
  return text;
}

std::vector<std::string> Shortened(std::span<const std::string_view> arguments) {
  const bool whole = arguments.size() <= kArgumentsMax;
  const size_t shown = whole ? arguments.size() : kArgumentsMax - 1;
  std::vector<std::string> texts;
  texts.reserve(std::min(arguments.size(), kArgumentsMax));
  for (size_t i = 0; i < shown; ++i) texts.push_back(Shortened(arguments[i]));
  if (!whole) {
    texts.push_back("... (" + base::Int64Text(arguments.size() - shown) + " more arguments)");
  }
  return texts;
}

}  // namespace

void SlowLog::Add(std::span<const std::string_view> arguments, int64_t time_s, int64_t duration_us,
                  std::string_view address, std::string_view client_name) {
  entries_.push_front({.id = next_id_++,
                       .time_s = time_s,
                       .duration_us = duration_us,
                       .arguments = Shortened(arguments),
                       .address = std::string(address),
                       .client_name = std::string(client_name)});
}

}  // namespace kvasm::services
