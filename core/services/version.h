#pragma once

#include <string_view>

namespace kvasm::services {

// The version of Redis whose behaviour this is; clients decide by it what they may use.
inline constexpr std::string_view kRedisVersion = "7.2.6";
// The same as scripts compare it: a byte each for major, minor and patch.
inline constexpr int kRedisVersionNumber = 0x070206;

}  // namespace kvasm::services
