// A RESP value as a client sees it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvasm::sim {

struct Value {
  char type = '_';           // the RESP type byte; '_' for every kind of null
  std::string text;          // of strings, numbers, booleans and errors
  std::vector<Value> items;  // of aggregates; a map's keys and values alternate

  bool is_error() const { return type == '-'; }
  bool is_null() const { return type == '_'; }
  // Whether this is an aggregate whose first item is `word`.
  bool IsTagged(std::string_view word) const { return !items.empty() && items[0].text == word; }
  // As redis-cli would print it on one line.
  std::string Show() const;
};

// Reads one value at `*at` and moves behind it; nothing if it is not whole or not RESP.
std::optional<Value> ReadValue(std::string_view bytes, size_t* at);

}  // namespace kvasm::sim
