// DUMP payloads of real servers, from the reference facts. Tests only.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/support/json.h"

namespace kvasm::testing {

struct DumpVector {
  std::string key;
  std::string type;
  std::string encoding;
  std::string payload;  // as DUMP gave it
  int64_t expire_at_ms = -1;
  Json value;  // texts in hex: one, a list, or a list of pairs
};

// Of "7.0.15" or "7.2.6"; empty when the facts are not beside the project.
std::vector<DumpVector> DumpVectors(const std::string& version);

std::string FromHex(const std::string& hex);
std::string ToHex(const std::string& bytes);

// The commands that make the value from nothing at `key`, without its expiry.
std::vector<std::vector<std::string>> CommandsFor(const DumpVector& vector, const std::string& key);

}  // namespace kvasm::testing
