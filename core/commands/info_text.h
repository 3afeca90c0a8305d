// How INFO writes its sections.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/base/numbers.h"
#include "core/command/call.h"

namespace kvasm::commands {

class InfoText {
 public:
  // Starts a section, a blank line after the one before.
  void Section(std::string_view title) {
    if (!text_.empty()) text_ += "\r\n";
    text_ += "# ";
    text_ += title;
    text_ += "\r\n";
  }
  void Line(std::string_view name, std::string_view value) {
    text_ += name;
    text_ += ':';
    text_ += value;
    text_ += "\r\n";
  }
  void Line(std::string_view name, uint64_t value) {
    char digits[base::kIntCharsMax];
    Line(name, std::string_view(digits, base::FormatUint64(digits, value)));
  }
  void Lines(std::initializer_list<std::string_view> names, std::string_view value) {
    for (const std::string_view name : names) Line(name, value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A section that has a file of its own.
void InfoPersistence(command::Call& call, InfoText& out);

}  // namespace kvasm::commands
