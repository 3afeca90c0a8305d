// What chance does to a file or a script; the same for all that are fuzzed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/prng.h"

namespace kvasm::fuzz {

// One to three changes: bits, bytes, pieces cut out or put in, the end cut off. What is put in
// stands in `pieces`, which the format gives a meaning, or is a part of `other`, another input.
inline void Damage(base::Prng& prng, std::string* bytes, std::span<const std::string_view> pieces,
                   std::string_view other) {
  const std::string donor(other);  // it may be these very bytes
  for (uint64_t i = 1 + prng.Below(3); i > 0 && !bytes->empty(); --i) {
    // What stands in front decides most.
    constexpr size_t kFront = 80;
    const size_t reach = prng.Below(2) == 0 ? bytes->size() : std::min(bytes->size(), kFront);
    const size_t at = prng.Below(reach);
    switch (prng.Below(pieces.empty() ? 5 : 7)) {
      case 0:
        (*bytes)[at] ^= static_cast<char>(1 << prng.Below(8));
        break;
      case 1:
        (*bytes)[at] = static_cast<char>(prng.Below(256));
        break;
      case 2:
        bytes->erase(at, 1 + prng.Below(8));
        break;
      case 3:
        bytes->resize(at);
        break;
      case 4:
        if (!donor.empty()) {
          bytes->insert(at, donor, prng.Below(donor.size()), 1 + prng.Below(30));
        }
        break;
      default:
        bytes->replace(at, prng.Below(2), pieces[prng.Below(pieces.size())]);
    }
  }
}

}  // namespace kvasm::fuzz
