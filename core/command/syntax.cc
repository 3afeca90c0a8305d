#include "core/command/syntax.h"

#include "core/base/ascii.h"

namespace kvasm::command {
namespace {

struct TypeName {
  std::string_view name;
  Argument::Type type;
};
constexpr TypeName kTypeNames[] = {
    {"string", Argument::Type::kString},        {"integer", Argument::Type::kInteger},
    {"double", Argument::Type::kDouble},        {"key", Argument::Type::kKey},
    {"pattern", Argument::Type::kPattern},      {"unix-time", Argument::Type::kUnixTime},
    {"pure-token", Argument::Type::kPureToken}, {"oneof", Argument::Type::kOneof},
    {"block", Argument::Type::kBlock},
};

bool HasLowerCase(std::string_view text) { return text != base::UpperCopy(text); }

// Recursive descent; one method for each construct of the notation.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool Run(std::vector<Argument>* arguments) {
    Sequence(arguments);
    return ok_ && at_ == text_.size();
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool Accept(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  void Expect(char c) { ok_ &= Accept(c); }
  void SkipSpaces() {
    while (Peek() == ' ') ++at_;
  }
  bool AtEnd() const {
    const char c = Peek();
    return !ok_ || c == '\0' || c == ']' || c == '}' || c == '>' || c == '|';
  }

  void Sequence(std::vector<Argument>* arguments) {
    for (SkipSpaces(); !AtEnd(); SkipSpaces()) arguments->push_back(Element());
  }

  Argument Element() {
    if (Accept('[')) {
      Argument argument = Element();
      argument.optional = true;
      Expect(']');
      return argument;
    }
    if (Accept('<')) return Oneof();
    if (Accept('{')) return Block();
    return Word();
  }

  Argument Oneof() {
    Argument argument{.name = std::string(NameWord()), .type = Argument::Type::kOneof};
    do {
      SkipSpaces();
      argument.parts.push_back(Element());
      SkipSpaces();
    } while (ok_ && Accept('|'));
    Expect('>');
    Suffixes(&argument);
    return argument;
  }

  Argument Block() {
    Argument argument{.name = std::string(NameWord()), .type = Argument::Type::kBlock};
    Sequence(&argument.parts);
    Expect('}');
    Suffixes(&argument);
    return argument;
  }

  std::string_view NameWord() {
    const size_t start = at_;
    while (base::IsDigit(Peek()) || Peek() == '-' || Peek() == '_' ||
           (base::ToLower(Peek()) >= 'a' && base::ToLower(Peek()) <= 'z')) {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

  Argument Word() {
    Argument argument;
    if (Peek() == '"' && Peek(1) == '"') {
      at_ += 2;
      return WithBody("");
    }
    const std::string_view name = NameWord();
    ok_ &= !name.empty();
    argument.name = base::LowerCopy(name);
    if (Accept('=')) {
      argument.type = Argument::Type::kPureToken;
      argument.has_token = true;
      argument.token = TokenWord();
    } else if (HasLowerCase(name)) {
      Typed(&argument);
    } else if (BodyFollows()) {
      return WithBody(name);
    } else {
      argument.type = Argument::Type::kPureToken;
      argument.has_token = true;
      argument.token = name;
    }
    Suffixes(&argument);
    return argument;
  }

  // A token made of anything but blanks; "~6.2.0" after it is not part of it.
  std::string_view TokenWord() {
    const size_t start = at_;
    while (Peek() != ' ' && !AtEnd() &&
           (at_ == start || Peek() != '~' || !base::IsDigit(Peek(1)))) {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

  void Typed(Argument* argument) {
    if (Accept(':')) {
      const std::string_view type = NameWord();
      bool known = false;
      for (const TypeName& each : kTypeNames) {
        if (each.name != type) continue;
        argument->type = each.type;
        known = true;
      }
      ok_ &= known;
    }
    if (argument->type == Argument::Type::kKey) argument->key_spec = next_key_++;
    if (Accept('#')) {
      argument->key_spec = Peek() - '0';
      ok_ &= base::IsDigit(Peek());
      ++at_;
      next_key_ = argument->key_spec + 1;
    }
    if (Accept('\'')) {
      while (Peek() != '\'' && Peek() != '\0') argument->display.push_back(text_[at_++]);
      Expect('\'');
    }
  }

  // Whether what comes next is what the token just read introduces.
  bool BodyFollows() const {
    if (Peek() != ' ') return false;
    const char c = Peek(1);
    if (c == '<' || c == '{') return true;
    if (c < 'a' || c > 'z') return false;
    const size_t end = text_.find_first_of(" ]}>|", at_ + 1);
    return text_.substr(at_ + 1, end - at_ - 1).find('=') == std::string_view::npos;
  }

  Argument WithBody(std::string_view token) {
    Expect(' ');
    Argument argument = Element();
    argument.has_token = true;
    argument.token = token;
    return argument;
  }

  void Suffixes(Argument* argument) {
    if (Peek() == '.' && Peek(1) == '.' && Peek(2) == '.') {
      at_ += 3;
      argument->multiple = true;
    }
    argument->multiple_token = Accept('+');
    if (Accept('~')) argument->since = VersionWord();
    if (Accept('!')) argument->deprecated_since = VersionWord();
  }

  std::string_view VersionWord() {
    const size_t start = at_;
    while (base::IsDigit(Peek()) || Peek() == '.') ++at_;
    return text_.substr(start, at_ - start);
  }

  const std::string_view text_;
  size_t at_ = 0;
  int next_key_ = 0;
  bool ok_ = true;
};

}  // namespace

std::string_view TypeText(Argument::Type type) {
  for (const TypeName& each : kTypeNames) {
    if (each.type == type) return each.name;
  }
  return {};
}

bool ParseSyntax(std::string_view syntax, std::vector<Argument>* arguments) {
  return Parser(syntax).Run(arguments);
}

}  // namespace kvasm::command
