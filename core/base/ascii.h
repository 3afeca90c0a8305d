#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kvasm::base {

// ASCII only, whatever the locale: bytes above 0x7f are left alone.
constexpr char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char ToUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// What C's isspace accepts in the C locale.
constexpr bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The value of a hexadecimal digit, -1 for any other byte.
constexpr int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = ToLower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && ToLower(a[i]) != ToLower(b[i])) return false;
  }
  return true;
}

// Whether `text` begins with `prefix`, letter case ignored.
constexpr bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

// Negative, zero or positive as strcasecmp, bytes compared unsigned.
constexpr int CompareIgnoreCase(std::string_view a, std::string_view b) {
  const size_t shorter = a.size() < b.size() ? a.size() : b.size();
  for (size_t i = 0; i < shorter; ++i) {
    const int difference =
        static_cast<uint8_t>(ToLower(a[i])) - static_cast<uint8_t>(ToLower(b[i]));
    if (difference != 0) return difference;
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

inline std::string LowerCopy(std::string_view text) {
  std::string copy(text);
  for (char& c : copy) c = ToLower(c);
  return copy;
}

inline std::string UpperCopy(std::string_view text) {
  std::string copy(text);
  for (char& c : copy) c = ToUpper(c);
  return copy;
}

}  // namespace kvasm::base
