#include "core/scripting/shebang.h"

#include "core/base/errors.h"
#include "core/resp/inline_arguments.h"

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

bool FirstLine(std::string_view code, std::string_view* line) {
  *line = code.substr(0, code.find('\n'));
  return line->size() < code.size() && line->find('\0') == std::string_view::npos;
}

base::Result<ScriptHeader> ReadScriptHeader(std::string_view body) {
  ScriptHeader header;
  if (!body.starts_with("#!")) return header;
  std::string_view line;
  std::vector<std::string> words;
  if (!FirstLine(body, &line)) return base::Error(errors::kScriptShebang);
  if (!resp::SplitInlineArguments(line, &words)) return base::Error(errors::kScriptNoEngine);
  header.bytes = line.size();
  if (words[0] != "#!lua") return base::Error(errors::ScriptEngine(words[0]));
  header.flags = 0;
  for (size_t i = 1; i < words.size(); ++i) {
    constexpr std::string_view kOption = "flags=";
    std::string_view names = words[i];
    if (!names.starts_with(kOption)) return base::Error(errors::ScriptShebangOption(names));
    names.remove_prefix(kOption.size());
    for (bool more = !names.empty(); more;) {
      const size_t comma = names.find(',');
      const std::string_view name = names.substr(0, comma);
      const uint32_t flag = ScriptFlagNamed(name);
      if (flag == 0) return base::Error(errors::ScriptShebangFlag(name));
      header.flags |= flag;
      more = comma != std::string_view::npos;
      if (more) names.remove_prefix(comma + 1);
    }
  }
  return header;
}

}  // namespace kvasm::scripting
