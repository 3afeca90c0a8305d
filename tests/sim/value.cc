#include "tests/sim/value.h"

#include <cstdint>
#include <cstdlib>

namespace kvasm::sim {

std::string Value::Show() const {
  switch (type) {
    case '_':
      return "(nil)";
    case '$':
    case '=':
      return '"' + text + '"';
    case '*':
    case '~':
    case '>':
    case '%': {
      std::string all(1, type);
      all += '[';
      for (const Value& item : items) {
        if (all.size() > 2) all += ' ';
        all += item.Show();
      }
      return all + ']';
    }
    default:
      return type + text;
  }
}

std::optional<Value> ReadValue(std::string_view bytes, size_t* at) {
  const size_t end = bytes.find("\r\n", *at);
  if (end == std::string_view::npos) return std::nullopt;
  Value value{
      .type = bytes[*at], .text = std::string(bytes.substr(*at + 1, end - *at - 1)), .items = {}};
  *at = end + 2;
  const int64_t count = std::strtoll(value.text.c_str(), nullptr, 10);
  switch (value.type) {
    case '+':
    case '-':
    case ':':
    case ',':
    case '#':
    case '(':
    case '_':
      return value;
    case '$':
    case '=': {
      if (count < 0) return Value{};
      const auto size = static_cast<size_t>(count);
      if (bytes.size() < *at + size + 2) return std::nullopt;
      value.text = bytes.substr(*at, size);
      *at += size + 2;
      return value;
    }
    case '*':
    case '~':
    case '>':
    case '%': {
      if (count < 0) return Value{};
      value.text.clear();
      const int64_t items = value.type == '%' ? 2 * count : count;
      for (int64_t i = 0; i < items; ++i) {
        std::optional<Value> item = ReadValue(bytes, at);
        if (!item) return std::nullopt;
        value.items.push_back(std::move(*item));
      }
      return value;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace kvasm::sim
