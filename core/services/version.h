#pragma once

#include <string_view>

namespace kvasm::services {

// The version of Redis whose behaviour this is; clients decide by it what they may use.
inline constexpr std::string_view kRedisVersion = "7.2.6";

}  // namespace kvasm::services
