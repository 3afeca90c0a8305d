// What the programs have in common that make up their own input.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

namespace kvasm::fuzz {

// A number from the environment.
inline uint64_t Setting(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

// Writes `count` inputs, of next(), into a folder, for libFuzzer to begin with.
template <class Next>
void WriteSeeds(const std::string& folder, int count, Next next) {
  for (int i = 0; i < count; ++i) {
    std::ofstream(folder + "/seed" + std::to_string(i), std::ios::binary) << next();
  }
}

}  // namespace kvasm::fuzz
