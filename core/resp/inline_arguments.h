// Splits a line into arguments as redis-cli, inline requests and redis.conf do: blanks separate,
// "..." knows \n \r \t \b \a \xHH and \<any>, '...' knows \' only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kvasm::resp {

// False on unbalanced quotes, or when a closing quote is not followed by a blank.
bool SplitInlineArguments(std::string_view line, std::vector<std::string>* arguments);

}  // namespace kvasm::resp
