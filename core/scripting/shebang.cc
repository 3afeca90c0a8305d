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

bool SplitFirstLine(std::string_view code, size_t* bytes, std::vector<std::string>* words) {
  *bytes = code.find('\n');
  if (*bytes == std::string_view::npos) return false;
  const std::string_view line = code.substr(0, *bytes);
  return line.find('\0') == std::string_view::npos && resp::SplitInlineArguments(line, words);
}

base::Result<ScriptHeader> ReadScriptHeader(std::string_view body) {
  ScriptHeader header;
  if (!body.starts_with("#!")) return header;
  std::vector<std::string> words;
  if (!SplitFirstLine(body, &header.bytes, &words)) return base::Error(errors::kScriptShebang);
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
