#include "core/scripting/shebang.h"

#include <algorithm>

#include "core/base/errors.h"

namespace kvasm::scripting {
namespace {

struct NamedFlag {
  std::string_view name;
  uint32_t flag;
};
constexpr NamedFlag kFlags[] = {
    {"no-writes", kNoWrites},
    {"allow-oom", kAllowOom},
    {"allow-stale", kAllowStale},
    {"no-cluster", kNoCluster},
    {"allow-cross-slot-keys", kAllowCrossSlotKeys},
};

}  // namespace

uint32_t ScriptFlagNamed(std::string_view name) {
  for (const NamedFlag& known : kFlags) {
    if (known.name == name) return known.flag;
  }
  return 0;
}

std::string_view ScriptFlagName(uint32_t flag) {
  for (const NamedFlag& known : kFlags) {
    if (known.flag == flag) return known.name;
  }
  return {};
}

std::string_view TakeWord(std::string_view* rest) {
  constexpr std::string_view kSpaces = " \t\r\v\f";
  const size_t begin = rest->find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) {
    *rest = {};
    return {};
  }
  const size_t end = std::min(rest->find_first_of(kSpaces, begin), rest->size());
  const std::string_view word = rest->substr(begin, end - begin);
  rest->remove_prefix(end);
  return word;
}

base::Result<ScriptHeader> ReadScriptHeader(std::string_view body) {
  ScriptHeader header;
  if (!body.starts_with("#!")) return header;
  header.bytes = body.find('\n');
  if (header.bytes == std::string_view::npos) return base::Error(errors::kScriptShebang);
  std::string_view rest = body.substr(0, header.bytes);
  const std::string_view engine = TakeWord(&rest);
  if (engine != "#!lua") return base::Error(errors::ScriptEngine(engine));
  header.flags = 0;
  for (std::string_view word = TakeWord(&rest); !word.empty(); word = TakeWord(&rest)) {
    constexpr std::string_view kOption = "flags=";
    if (!word.starts_with(kOption)) return base::Error(errors::ScriptShebangOption(word));
    word.remove_prefix(kOption.size());
    while (!word.empty()) {
      const size_t comma = std::min(word.find(','), word.size());
      const uint32_t flag = ScriptFlagNamed(word.substr(0, comma));
      if (flag == 0) return base::Error(errors::ScriptShebangFlag(word.substr(0, comma)));
      header.flags |= flag;
      word.remove_prefix(std::min(comma + 1, word.size()));
    }
  }
  return header;
}

}  // namespace kvasm::scripting
