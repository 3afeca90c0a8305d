// Reads the JSON files of facts that tests compare with. Tests only: bad JSON gives a null value.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kvasm::testing {

struct Json {
  enum class Kind : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  double number = 0;
  std::string text;  // UTF-8
  std::vector<Json> items;
  std::map<std::string, Json> members;

  static Json Parse(std::string_view source);
  // Null if the file cannot be read.
  static Json ParseFile(const std::string& path);

  // A member, or a null value.
  const Json& operator[](const std::string& name) const;
  bool is_null() const { return kind == Kind::kNull; }
};

// The folder of reference facts beside the project; "" when it is not there.
std::string ReferenceFolder();

}  // namespace kvasm::testing
