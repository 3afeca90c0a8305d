#include "core/services/identity.h"

#include <string_view>

namespace kvasm::services {

std::string NewId(base::Prng& prng) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr int kLength = 40;
  std::string id;
  for (int i = 0; i < kLength; ++i) id.push_back(kDigits[prng.Below(kDigits.size())]);
  return id;
}

}  // namespace kvasm::services
