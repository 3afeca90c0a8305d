// Makes the blocks that Redis before 7.0 kept small collections in. Tests only.
#pragma once

#include <string>
#include <vector>

namespace kvasm::testing {

// A ziplist of these texts; numbers as numbers.
std::string Ziplist(const std::vector<std::string>& texts);
// A zipmap of these keys and values (alternating), with `unused` free bytes behind each value.
std::string Zipmap(const std::vector<std::string>& texts, int unused = 0);

}  // namespace kvasm::testing
