#include "core/commands/help.h"

#include <string>

#include "core/base/ascii.h"

namespace kvasm::commands {

void ReplyHelp(command::Call& call, std::initializer_list<std::string_view> lines) {
  call.reply.Array(lines.size() + 3);
  const std::string_view name = call.spec.name;
  call.reply.Simple(base::UpperCopy(name.substr(0, name.find('|'))) +
                    " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string_view line : lines) call.reply.Simple(line);
  call.reply.Simple("HELP");
  call.reply.Simple("    Print this help.");
}

}  // namespace kvasm::commands
