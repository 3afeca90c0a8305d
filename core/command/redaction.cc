#include "core/command/redaction.h"

#include <algorithm>

#include "core/base/ascii.h"

namespace kvasm::command {
namespace {

using Arguments = std::span<std::string_view>;

// Hides `count` arguments from `first` on, as far as there are any.
void Hide(Arguments args, size_t first, size_t count) {
  for (size_t i = first; i < args.size() && i - first < count; ++i) args[i] = "(redacted)";
}

bool Is(std::string_view argument, std::string_view word) {
  return base::EqualsIgnoreCase(argument, word);
}

// HELLO protover [AUTH username password] [SETNAME name].
void HidePasswordOfHello(Arguments args) {
  for (size_t i = 2; i < args.size(); ++i) {
    if (Is(args[i], "AUTH")) {
      Hide(args, i + 1, 2);
      i += 2;
    } else if (Is(args[i], "SETNAME")) {
      ++i;
    }
  }
}

// MIGRATE host port key db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password] ...
void HidePasswordOfMigrate(Arguments args) {
  for (size_t i = 6; i < args.size() && !Is(args[i], "KEYS"); ++i) {
    const size_t secrets = Is(args[i], "AUTH") ? 1 : Is(args[i], "AUTH2") ? 2 : 0;
    Hide(args, i + 1, secrets);
    i += secrets;
  }
}

void HidePasswordsOfConfig(Arguments args) {
  for (size_t i = 2; i + 1 < args.size(); i += 2) {
    for (const std::string_view name : {"requirepass", "masterauth", "masteruser",
                                        "tls-key-file-pass", "tls-client-key-file-pass"}) {
      if (Is(args[i], name)) Hide(args, i + 1, 1);
    }
  }
}

}  // namespace

std::vector<std::string_view> WithoutSecrets(const CommandSpec& spec,
                                             std::span<const std::string_view> args) {
  std::vector<std::string_view> shown(args.begin(), args.end());
  if (spec.name == "auth") {
    Hide(shown, 1, shown.size());
  } else if (spec.name == "acl|setuser") {
    Hide(shown, 2, shown.size());
  } else if (spec.name == "hello") {
    HidePasswordOfHello(shown);
  } else if (spec.name == "migrate") {
    HidePasswordOfMigrate(shown);
  } else if (spec.name == "config|set") {
    HidePasswordsOfConfig(shown);
  }
  return shown;
}

}  // namespace kvasm::command
