#include "tests/unit/support/json.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace kvasm::testing {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view source) : source_(source) {}

  Json Value() {
    SkipSpace();
    Json value;
    const char c = Peek();
    if (c == '{') return Object();
    if (c == '[') return Array();
    if (c == '"') {
      value.kind = Json::Kind::kString;
      value.text = String();
    } else if (Word("true") || Word("false")) {
      value.kind = Json::Kind::kBool;
      value.boolean = c == 't';
    } else if (!Word("null")) {
      value.kind = Json::Kind::kNumber;
      const size_t end = source_.find_first_not_of("+-.eE0123456789", at_);
      value.number = std::strtod(std::string(source_.substr(at_, end - at_)).c_str(), nullptr);
      at_ = end == std::string_view::npos ? source_.size() : end;
    }
    return value;
  }

 private:
  char Peek() const { return at_ < source_.size() ? source_[at_] : '\0'; }
  void SkipSpace() {
    constexpr std::string_view kBetween = " \n\r\t,:";
    while (at_ < source_.size() && kBetween.find(source_[at_]) != kBetween.npos) ++at_;
  }
  bool Word(std::string_view word) {
    if (source_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  std::string String() {
    std::string text;
    ++at_;
    while (at_ < source_.size() && source_[at_] != '"') {
      if (source_[at_] != '\\') {
        text.push_back(source_[at_++]);
        continue;
      }
      const char escape = at_ + 1 < source_.size() ? source_[at_ + 1] : '\0';
      at_ += 2;
      if (escape == 'u') {
        AppendUtf8(text, std::strtoul(std::string(source_.substr(at_, 4)).c_str(), nullptr, 16));
        at_ += 4;
      } else {
        constexpr std::string_view kFrom = "nrtbf";
        constexpr std::string_view kTo = "\n\r\t\b\f";
        const size_t known = kFrom.find(escape);
        text.push_back(known == std::string_view::npos ? escape : kTo[known]);
      }
    }
    ++at_;
    return text;
  }

  static void AppendUtf8(std::string& text, unsigned long code) {
    if (code < 0x80) {
      text.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
      text.push_back(static_cast<char>(0xc0 | code >> 6));
      text.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    } else {
      text.push_back(static_cast<char>(0xe0 | code >> 12));
      text.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
      text.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    }
  }

  Json Array() {
    Json value;
    value.kind = Json::Kind::kArray;
    ++at_;
    for (SkipSpace(); Peek() != ']' && at_ < source_.size(); SkipSpace()) {
      value.items.push_back(Value());
    }
    ++at_;
    return value;
  }

  Json Object() {
    Json value;
    value.kind = Json::Kind::kObject;
    ++at_;
    for (SkipSpace(); Peek() == '"'; SkipSpace()) {
      std::string name = String();
      value.members[std::move(name)] = Value();
    }
    ++at_;
    return value;
  }

  std::string_view source_;
  size_t at_ = 0;
};

}  // namespace

Json Json::Parse(std::string_view source) { return Reader(source).Value(); }

Json Json::ParseFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  std::stringstream bytes;
  bytes << file.rdbuf();
  return Parse(bytes.str());
}

const Json& Json::operator[](const std::string& name) const {
  static const Json kNone;
  const auto at = members.find(name);
  return at == members.end() ? kNone : at->second;
}

std::string ReferenceFolder() {
  const char* given = std::getenv("KVASM_REFERENCE");
  const std::string folder = given != nullptr ? given : KVASM_SOURCE_DIR "/../shared/reference";
  return std::ifstream(folder + "/formats.md") ? folder : "";
}

}  // namespace kvasm::testing
