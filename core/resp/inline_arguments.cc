#include "core/resp/inline_arguments.h"

namespace kvasm::resp {
namespace {

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads what follows an opening double quote; `at` ends after the closing one.
bool ReadDoubleQuoted(std::string_view line, size_t& at, std::string& out) {
  while (at < line.size()) {
    const char c = line[at++];
    if (c == '"') return at == line.size() || IsBlank(line[at]);
    if (c != '\\' || at == line.size()) {
      out.push_back(c);
      continue;
    }
    if (line[at] == 'x' && at + 2 < line.size() && HexDigit(line[at + 1]) >= 0 &&
        HexDigit(line[at + 2]) >= 0) {
      out.push_back(static_cast<char>(HexDigit(line[at + 1]) * 16 + HexDigit(line[at + 2])));
      at += 3;
    } else {
      out.push_back(Unescape(line[at++]));
    }
  }
  return false;
}

bool ReadSingleQuoted(std::string_view line, size_t& at, std::string& out) {
  while (at < line.size()) {
    const char c = line[at++];
    if (c == '\'') return at == line.size() || IsBlank(line[at]);
    if (c == '\\' && at < line.size() && line[at] == '\'') {
      out.push_back('\'');
      ++at;
    } else {
      out.push_back(c);
    }
  }
  return false;
}

}  // namespace

bool SplitInlineArguments(std::string_view line, std::vector<std::string>* arguments) {
  arguments->clear();
  size_t at = 0;
  for (;;) {
    while (at < line.size() && IsBlank(line[at])) ++at;
    if (at == line.size()) return true;
    std::string& out = arguments->emplace_back();
    while (at < line.size() && !IsBlank(line[at])) {
      const char c = line[at++];
      if (c == '"') {
        if (!ReadDoubleQuoted(line, at, out)) return false;
      } else if (c == '\'') {
        if (!ReadSingleQuoted(line, at, out)) return false;
      } else {
        out.push_back(c);
      }
    }
  }
}

}  // namespace kvasm::resp
