#pragma once

#include <string_view>

namespace kvasm::base {

enum class Case : bool { kSensitive, kIgnored };

// Whether `text` matches a pattern of KEYS, SCAN MATCH, PSUBSCRIBE: '*' any bytes, '?' one byte,
// '[abc]' '[^a]' '[a-z]' one byte of a class, '\x' the byte x itself. As in Redis an unclosed class
// ends with the pattern, an empty text matches only the empty pattern ("*" does not match it), and
// a pattern of more than a thousand separate stars matches nothing.
//
// O(pattern x text) at worst, no recursion, no allocation.
bool GlobMatch(std::string_view pattern, std::string_view text,
               Case letter_case = Case::kSensitive);

// Whether the pattern is "*", for which callers skip matching (it includes the empty text then).
constexpr bool MatchesAll(std::string_view pattern) { return pattern == "*"; }

}  // namespace kvasm::base
