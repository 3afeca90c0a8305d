// The first line of a script or library: "#!lua flags=no-writes,allow-oom" or "#!lua name=mylib".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace kvasm::scripting {

// What a script or function says of itself, one bit each.
enum ScriptFlag : uint32_t {
  kNoWrites = 1u << 0,
  kAllowOom = 1u << 1,
  kAllowStale = 1u << 2,
  kNoCluster = 1u << 3,
  kAllowCrossSlotKeys = 1u << 4,
  // It says nothing: as scripts were before they could.
  kCompatible = 1u << 5,
};

// The bit of a flag's name; 0 if there is none.
uint32_t ScriptFlagNamed(std::string_view name);

// The names in the order of the bits.
std::string_view ScriptFlagName(uint32_t flag);

struct ScriptHeader {
  uint32_t flags = kCompatible;
  // Bytes before the line end: what is compiled begins there, so that line numbers hold.
  size_t bytes = 0;
};

// The first line of a source, without its end. False if it does not end or has a NUL.
bool FirstLine(std::string_view code, std::string_view* line);

// Reads the first line of a script for EVAL.
base::Result<ScriptHeader> ReadScriptHeader(std::string_view body);

}  // namespace kvasm::scripting
