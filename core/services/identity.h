#pragma once

#include <cstdint>
#include <string>

#include "core/base/prng.h"

namespace kvasm::services {

// Facts about the program around the engine, for INFO and HELLO.
struct Identity {
  int64_t process_id = 0;
  bool standalone = false;           // a server of its own, rather than embedded in a program
  uint64_t system_memory_bytes = 0;  // of the machine; 0: not known
  std::string run_id;                // 40 hexadecimal digits, as the next
  std::string replication_id;        // of the history of the data
  std::string executable;
  std::string config_file;
};

// 40 random hexadecimal digits.
std::string NewId(base::Prng& prng);

}  // namespace kvasm::services
