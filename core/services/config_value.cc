#include "core/services/config_value.h"

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/check.h"
#include "core/base/numbers.h"

namespace kvasm::services {
namespace {

using base::Error;
using base::Result;
using Text = Result<std::string>;

constexpr size_t kAddressesMax = 16;
constexpr int64_t kOomScoreMax = 2000;

// Every single space separates, as in Redis: "60  1" has an empty part in the middle.
std::vector<std::string_view> SplitSpaces(std::string_view text, char separator = ' ') {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

void AppendWord(std::string* line, std::string_view word) {
  if (!line->empty()) line->push_back(' ');
  line->append(word);
}

// Unlike base::ParseInt64 takes a plus sign and leading zeros.
std::optional<int64_t> ParseLooseInt(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  int64_t value = 0;
  for (char c : text) {
    if (!base::IsDigit(c) || __builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, c - '0', &value)) {
      return std::nullopt;
    }
  }
  return negative ? -value : value;
}

struct Unit {
  std::string_view name;
  uint64_t bytes;
};
constexpr Unit kUnits[] = {
    {"", 1},        {"b", 1},        {"k", 1000},       {"kb", 1 << 10},
    {"m", 1000000}, {"mb", 1 << 20}, {"g", 1000000000}, {"gb", 1 << 30},
};

std::string NumberText(const Directive& directive, int64_t value) {
  if (!(directive.flags & kUnsigned)) return base::Int64Text(value);
  char text[base::kIntCharsMax];
  return {text, base::FormatUint64(text, static_cast<uint64_t>(value))};
}

Result<int64_t> WithinBounds(const Directive& directive, int64_t value) {
  const bool inside =
      (directive.flags & kUnsigned)
          ? static_cast<uint64_t>(value) >= static_cast<uint64_t>(directive.least) &&
                static_cast<uint64_t>(value) <= static_cast<uint64_t>(directive.most)
          : value >= directive.least && value <= directive.most;
  if (inside) return value;
  return Error("argument must be between " + NumberText(directive, directive.least) + " and " +
               NumberText(directive, directive.most) + " inclusive");
}

Text NormalizeInteger(const Directive& directive, std::string_view text) {
  const std::optional<int64_t> parsed = base::ParseInt64(text);
  if (!parsed) return Error("argument couldn't be parsed into an integer");
  int64_t value = TRY(WithinBounds(directive, *parsed));
  if (directive.name == "hz") value = std::min<int64_t>(std::max<int64_t>(value, 1), 500);
  return NumberText(directive, value);
}

Text NormalizeOctal(const Directive& directive, std::string_view text) {
  int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '7') return Error("argument couldn't be parsed as an octal number");
    if (value <= directive.most) value = value * 8 + (c - '0');
  }
  if (text.empty()) return Error("argument couldn't be parsed as an octal number");
  value = TRY(WithinBounds(directive, value));
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + value % 8));
    value /= 8;
  } while (value != 0);
  return digits;
}

Text NormalizeMemory(const Directive& directive, std::string_view text) {
  if (directive.type == DirectiveType::kMemoryPercent && text.ends_with('%')) {
    const std::optional<int64_t> percent = base::ParseInt64(text.substr(0, text.size() - 1));
    if (!percent || *percent < 0) return Error("argument must be a memory or percent value");
    if (*percent > -directive.least) {
      return Error("percentage argument must be less or equal to " +
                   base::Int64Text(-directive.least));
    }
    return *percent == 0 ? std::string("0") : std::string(text);
  }
  const std::optional<uint64_t> bytes = ParseMemory(text);
  if (!bytes) {
    return Error(directive.type == DirectiveType::kMemoryPercent
                     ? "argument must be a memory or percent value"
                     : "argument must be a memory value");
  }
  int64_t value = TRY(WithinBounds(directive, static_cast<int64_t>(*bytes)));
  if (directive.name == "repl-backlog-size") value = std::max<int64_t>(value, 16384);
  return NumberText(directive, value);
}

// Calls visit(choice, shown, index of the shown one) for each choice until it returns true.
template <class F>
void ForEachChoice(std::string_view choices, F visit) {
  size_t index = 0;
  for (std::string_view group : SplitSpaces(choices, '|')) {
    const std::vector<std::string_view> same = SplitSpaces(group, '/');
    for (std::string_view choice : same) {
      if (visit(choice, same[0], index)) return;
    }
    ++index;
  }
}

Error NotAChoice(std::string_view choices) {
  std::string reason = "argument(s) must be one of the following: ";
  bool first = true;
  ForEachChoice(choices, [&](std::string_view choice, std::string_view, size_t) {
    if (!first) reason += ", ";
    first = false;
    reason += choice;
    return false;
  });
  return Error(std::move(reason));
}

Text NormalizeEnum(const Directive& directive, std::string_view text) {
  std::string_view found;
  ForEachChoice(directive.choices, [&](std::string_view choice, std::string_view shown, size_t) {
    if (!base::EqualsIgnoreCase(choice, text)) return false;
    found = shown;
    return true;
  });
  if (found.empty()) return NotAChoice(directive.choices);
  return std::string(found);
}

// The first choice stands for none of the others.
Text NormalizeFlags(const Directive& directive, std::string_view text) {
  const std::vector<std::string_view> choices = SplitSpaces(directive.choices, '|');
  std::vector<bool> set(choices.size());
  const std::vector<std::string_view> words = SplitSpaces(text);
  if (words.empty()) return NotAChoice(directive.choices);
  for (std::string_view word : words) {
    size_t i = 0;
    while (i < choices.size() && !base::EqualsIgnoreCase(choices[i], word)) ++i;
    if (i == choices.size()) return NotAChoice(directive.choices);
    set[i] = true;
  }
  if (set[1] && set[2]) {
    return Error("shutdown options SAVE and NOSAVE can't be used simultaneously");
  }
  std::string line;
  for (size_t i = 1; i < choices.size(); ++i) {
    if (set[i]) AppendWord(&line, choices[i]);
  }
  return line.empty() ? std::string(choices[0]) : line;
}

Text NormalizeSave(std::string_view text) {
  const std::vector<std::string_view> words = SplitSpaces(text);
  std::string line;
  if (words.size() % 2 != 0) return Error("Invalid save parameters");
  for (size_t i = 0; i < words.size(); i += 2) {
    const std::optional<int64_t> seconds = ParseLooseInt(words[i]);
    const std::optional<int64_t> changes = ParseLooseInt(words[i + 1]);
    if (!seconds || !changes || *seconds < 1 || *changes < 0 ||
        *changes > std::numeric_limits<int32_t>::max()) {
      return Error("Invalid save parameters");
    }
    AppendWord(&line, base::Int64Text(*seconds));
    AppendWord(&line, base::Int64Text(*changes));
  }
  return line;
}

Text NormalizeBufferLimits(std::string_view text, std::string_view current) {
  // Twelve words: normal hard soft seconds slave ... pubsub ...
  std::vector<std::string> limits;
  for (std::string_view word : SplitSpaces(current)) limits.emplace_back(word);
  const std::vector<std::string_view> words = SplitSpaces(text);
  if (words.size() % 4 != 0) {
    return Error("Wrong number of arguments in buffer limit configuration.");
  }
  for (size_t i = 0; i < words.size(); i += 4) {
    const std::string_view name =
        base::EqualsIgnoreCase(words[i], "replica") ? std::string_view("slave") : words[i];
    size_t at = 0;
    while (at < limits.size() && !base::EqualsIgnoreCase(limits[at], name)) at += 4;
    if (at >= limits.size()) {
      return Error("Invalid client class specified in buffer limit configuration.");
    }
    const std::optional<uint64_t> hard = ParseMemory(words[i + 1]);
    const std::optional<uint64_t> soft = ParseMemory(words[i + 2]);
    const std::optional<int64_t> seconds = ParseLooseInt(words[i + 3]);
    if (!hard || !soft || !seconds || *seconds < 0) {
      return Error("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    char digits[base::kIntCharsMax];
    limits[at + 1].assign(digits, base::FormatUint64(digits, *hard));
    limits[at + 2].assign(digits, base::FormatUint64(digits, *soft));
    limits[at + 3] = base::Int64Text(*seconds);
  }
  std::string line;
  for (const std::string& word : limits) AppendWord(&line, word);
  return line;
}

Text NormalizeOomScores(std::string_view text) {
  const std::vector<std::string_view> words = SplitSpaces(text);
  if (words.size() != 3) return Error("wrong number of arguments");
  std::string line;
  for (std::string_view word : words) {
    const std::optional<int64_t> score = ParseLooseInt(word);
    if (!score || *score < -kOomScoreMax || *score > kOomScoreMax) {
      return Error("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    }
    AppendWord(&line, base::Int64Text(*score));
  }
  return line;
}

Text NormalizeEvents(std::string_view text) {
  // 'A' stands for the first ten.
  constexpr std::string_view kAll = "g$lshzxetd";
  constexpr std::string_view kOrder = "g$lshzxetdnKEm";
  std::array<bool, kOrder.size()> set{};
  for (char c : text) {
    if (c == 'A') {
      for (size_t i = 0; i < kAll.size(); ++i) set[i] = true;
      continue;
    }
    const size_t at = kOrder.find(c);
    if (at == std::string_view::npos) {
      return Error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    }
    set[at] = true;
  }
  bool all = true;
  for (size_t i = 0; i < kAll.size(); ++i) all &= set[i];
  std::string letters(all ? "A" : "");
  for (size_t i = all ? kAll.size() : 0; i < kOrder.size(); ++i) {
    if (set[i]) letters.push_back(kOrder[i]);
  }
  return letters;
}

Text NormalizePercentiles(std::string_view text) {
  std::string line;
  for (std::string_view word : SplitSpaces(text)) {
    const std::optional<double> value = base::ParseDouble(word);
    if (!value) return Error("Invalid latency-tracking-info-percentiles parameters");
    if (!(*value >= 0 && *value <= 100)) {
      return Error("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
    }
    // Six decimals, without the zeros at the end.
    const int64_t millionths = std::llround(*value * 1e6);
    std::string number = base::Int64Text(millionths / 1000000);
    std::string decimals = base::Int64Text(millionths % 1000000 + 1000000).substr(1);
    decimals.erase(decimals.find_last_not_of('0') + 1);
    if (!decimals.empty()) number += "." + decimals;
    AppendWord(&line, number);
  }
  return line;
}

bool IsKnownTitleTemplate(std::string_view text) {
  constexpr std::string_view kVariables[] = {"title",    "listen-addr", "server-mode", "port",
                                             "tls-port", "unixsocket",  "config-file"};
  if (text.empty()) return false;
  for (size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const size_t end = text.find('}', at);
    if (end == std::string_view::npos) return false;
    bool known = false;
    for (std::string_view variable : kVariables) {
      known |= text.substr(at + 1, end - at - 1) == variable;
    }
    if (!known) return false;
  }
  return true;
}

bool HasOnlyHostCharacters(std::string_view text) {
  for (char c : text) {
    const char lower = base::ToLower(c);
    if (!(lower >= 'a' && lower <= 'z') && !base::IsDigit(c) && c != '-' && c != '.') return false;
  }
  return true;
}

Text NormalizeText(const Directive& directive, std::string_view text) {
  const std::string_view name = directive.name;
  const bool path = text.find('/') != std::string_view::npos;
  if (name == "dbfilename" && path) return Error("dbfilename can't be a path, just a filename");
  if (name == "appendfilename") {
    if (text.empty()) return Error("appendfilename can't be empty");
    if (path) return Error("appendfilename can't be a path, just a filename");
  }
  if (name == "appenddirname") {
    if (text.empty()) return Error("appenddirname can't be empty");
    if (path) return Error("appenddirname can't be a path, just a dirname");
  }
  if (name == "proc-title-template" && !IsKnownTitleTemplate(text)) {
    return Error("template format is invalid or contains unknown variables");
  }
  if (name == "cluster-announce-hostname") {
    if (text.size() >= 256) return Error("Hostnames must be less than 256 characters");
    if (!HasOnlyHostCharacters(text)) {
      return Error("Hostnames may only contain alphanumeric characters, hyphens or dots");
    }
  }
  if (name == "cluster-announce-human-nodename" &&
      text.find_first_of("!#$%&()*+:;<>?@[]^{|}~") != std::string_view::npos) {
    return Error("Announced human node name contained invalid character");
  }
  // There is one locale: bytes.
  if (name == "locale-collate" && !text.empty() && text != "C" && text != "POSIX") {
    return Error("Invalid locale name");
  }
  return std::string(text);
}

}  // namespace

std::optional<uint64_t> ParseMemory(std::string_view text) {
  size_t digits = 0;
  uint64_t value = 0;
  bool saturated = false;
  while (digits < text.size() && base::IsDigit(text[digits])) {
    const auto digit = static_cast<uint64_t>(text[digits++] - '0');
    saturated |= __builtin_mul_overflow(value, uint64_t{10}, &value) ||
                 __builtin_add_overflow(value, digit, &value);
  }
  if (saturated) value = std::numeric_limits<uint64_t>::max();
  for (const Unit& unit : kUnits) {
    if (base::EqualsIgnoreCase(text.substr(digits), unit.name)) return value * unit.bytes;
  }
  return std::nullopt;
}

Text NormalizeValue(const Directive& directive, std::string_view text, std::string_view current) {
  switch (directive.type) {
    case DirectiveType::kBool:
      if (base::EqualsIgnoreCase(text, "yes")) return std::string("yes");
      if (base::EqualsIgnoreCase(text, "no")) return std::string("no");
      return Error("argument must be 'yes' or 'no'");
    case DirectiveType::kInteger:
      return NormalizeInteger(directive, text);
    case DirectiveType::kOctal:
      return NormalizeOctal(directive, text);
    case DirectiveType::kMemory:
    case DirectiveType::kMemoryPercent:
      return NormalizeMemory(directive, text);
    case DirectiveType::kEnum:
      return NormalizeEnum(directive, text);
    case DirectiveType::kFlags:
      return NormalizeFlags(directive, text);
    case DirectiveType::kText:
      return NormalizeText(directive, text);
    case DirectiveType::kSave:
      return NormalizeSave(text);
    case DirectiveType::kBufferLimits:
      return NormalizeBufferLimits(text, current);
    case DirectiveType::kOomScores:
      return NormalizeOomScores(text);
    case DirectiveType::kEvents:
      return NormalizeEvents(text);
    case DirectiveType::kAddresses:
      if (SplitSpaces(text).size() > kAddressesMax) {
        return Error("Too many bind addresses specified.");
      }
      return std::string(text);
    case DirectiveType::kReplicaOf: {
      const std::vector<std::string_view> words = SplitSpaces(text);
      if (words.size() != 2) return Error("wrong number of arguments");
      if (base::EqualsIgnoreCase(text, "no one")) return std::string();
      const std::optional<int64_t> port = base::ParseInt64(words[1]);
      if (!port || *port < 0 || *port > 65535) return Error("Invalid master port");
      return std::string(text);
    }
    case DirectiveType::kPercentiles:
      return NormalizePercentiles(text);
  }
  return Error("unknown type of directive");
}

}  // namespace kvasm::services
