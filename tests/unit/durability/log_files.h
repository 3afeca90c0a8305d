// The append-only file as tests of durability know it: turned on, and what its files are called.
#pragma once

#include <string>
#include <string_view>

#include "tests/unit/support/test_disk.h"

namespace kvasm::testing {

inline const Settings kLog{{"appendonly", "yes"}};

inline const std::string kTail = "appendonlydir/appendonly.aof.1.incr.aof";
inline const std::string kManifest = "appendonlydir/appendonly.aof.manifest";

inline bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace kvasm::testing
