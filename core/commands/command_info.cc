// COMMAND: the table told to clients. COMMAND DOCS is in command_docs.cc.
#include <optional>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/glob.h"
#include "core/command/arguments.h"
#include "core/command/keys.h"
#include "core/command/names.h"
#include "core/command/table.h"
#include "core/commands/all.h"
#include "core/commands/command_docs.h"
#include "core/commands/help.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs

void ReplyKeySpec(resp::Writer& reply, const KeySpec& key) {
  reply.Map(3);
  reply.Bulk("flags");
  const auto mark = reply.Begin();
  uint64_t count = 0;
  ForEachKeyFlagText(key.flags, [&](std::string_view text) {
    reply.Simple(text);
    ++count;
  });
  reply.EndSet(mark, count);

  reply.Bulk("begin_search");
  reply.Map(2);
  reply.Bulk("type");
  switch (key.begin) {
    case KeySpec::Begin::kIndex:
      reply.Bulk("index");
      reply.Bulk("spec");
      reply.Map(1);
      reply.Bulk("index");
      reply.Integer(key.pos);
      break;
    case KeySpec::Begin::kKeyword:
      reply.Bulk("keyword");
      reply.Bulk("spec");
      reply.Map(2);
      reply.Bulk("keyword");
      reply.Bulk(key.keyword);
      reply.Bulk("startfrom");
      reply.Integer(key.pos);
      break;
    default:
      reply.Bulk("unknown");
      reply.Bulk("spec");
      reply.Map(0);
  }

  reply.Bulk("find_keys");
  reply.Map(2);
  reply.Bulk("type");
  if (key.find == KeySpec::Find::kUnknown) {
    reply.Bulk("unknown");
    reply.Bulk("spec");
    reply.Map(0);
    return;
  }
  const bool range = key.find == KeySpec::Find::kRange;
  reply.Bulk(range ? "range" : "keynum");
  reply.Bulk("spec");
  reply.Map(3);
  reply.Bulk(range ? "lastkey" : "keynumidx");
  reply.Integer(key.last);
  reply.Bulk(range ? "keystep" : "firstkey");
  reply.Integer(range ? key.step : key.limit);
  reply.Bulk(range ? "limit" : "keystep");
  reply.Integer(range ? key.limit : key.step);
}

void ReplyFlags(resp::Writer& reply, uint32_t flags, bool movable) {
  // "movablekeys" is derived, and stands before the last flag.
  const auto mark = reply.Begin();
  uint64_t count = 0;
  const auto add = [&](std::string_view text) {
    reply.Simple(text);
    ++count;
  };
  ForEachFlagText(flags & ~kAllowBusy, add);
  if (movable) add("movablekeys");
  ForEachFlagText(flags & kAllowBusy, add);
  reply.EndSet(mark, count);
}

void ReplyTips(resp::Writer& reply, std::string_view tips) {
  const auto mark = reply.Begin();
  uint64_t count = 0;
  while (!tips.empty()) {
    const size_t comma = tips.find(',');
    reply.Bulk(tips.substr(0, comma));
    ++count;
    tips = comma == std::string_view::npos ? std::string_view() : tips.substr(comma + 1);
  }
  reply.EndSet(mark, count);
}

void ReplyInfo(Call& call, size_t index) {
  const CommandSpec& spec = call.table.at(index);
  resp::Writer& reply = call.reply;
  const LegacyRange range = LegacyRangeOf(spec);
  reply.Array(10);
  reply.Bulk(spec.name);
  reply.Integer(spec.arity);
  ReplyFlags(reply, spec.flags, range.movable);
  reply.Integer(range.first);
  reply.Integer(range.last);
  reply.Integer(range.step);

  const auto categories = reply.Begin();
  uint64_t count = 0;
  ForEachCategoryText(CategoriesOf(spec), [&](std::string_view text) {
    reply.Simple("@" + std::string(text));
    ++count;
  });
  reply.EndSet(categories, count);

  ReplyTips(reply, spec.tips);

  const auto keys = reply.Begin();
  count = 0;
  for (const KeySpec& key : spec.keys) {
    if (key.begin == KeySpec::Begin::kNone) break;
    ReplyKeySpec(reply, key);
    ++count;
  }
  reply.EndSet(keys, count);

  if (Table::IsSubcommand(spec) || !call.table.IsContainer(index)) return reply.Set(0);
  const auto subcommands = reply.Begin();
  count = 0;
  call.table.ForEachSubcommand(index, [&](size_t subcommand, const CommandSpec&) {
    ReplyInfo(call, subcommand);
    ++count;
  });
  reply.EndArray(subcommands, count);
}

void ReplyAllInfo(Call& call) {
  call.reply.Array(call.table.top_level_count());
  for (size_t i = 0; i < call.table.size(); ++i) {
    if (!Table::IsSubcommand(call.table.at(i))) ReplyInfo(call, i);
  }
}

void Command(Call& call) { ReplyAllInfo(call); }

void CommandInfo(Call& call) {
  if (call.argc() == 2) return ReplyAllInfo(call);
  call.reply.Array(call.argc() - 2);
  for (size_t i = 2; i < call.argc(); ++i) {
    const int32_t index = call.table.Find(call.arg(i));
    if (index == Table::kNone) {
      call.reply.Null();
    } else {
      ReplyInfo(call, static_cast<size_t>(index));
    }
  }
}

void CommandCount(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.table.top_level_count()));
}

void CommandList(Call& call) {
  Arguments in(call, 2);
  std::optional<std::string_view> pattern;
  uint32_t categories = ~0u;
  if (in.More()) {
    if (!in.Take("FILTERBY") || in.left() != 2) in.Fail(errors::kSyntax);
    if (in.Take("PATTERN")) {
      pattern = in.Next();
    } else if (in.Take("ACLCAT")) {
      categories = CategoryByName(in.Next()).value_or(0);
    } else if (in.Take("MODULE")) {
      categories = 0;  // there are no modules, so none has a command
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (!in.ok()) return;
  const auto mark = call.reply.Begin();
  uint64_t count = 0;
  for (size_t i = 0; i < call.table.size(); ++i) {
    const CommandSpec& spec = call.table.at(i);
    if (pattern && !base::GlobMatch(*pattern, spec.name, base::Case::kIgnored)) continue;
    if ((CategoriesOf(spec) & categories) == 0) continue;
    call.reply.Bulk(spec.name);
    ++count;
  }
  call.reply.EndArray(mark, count);
}

void ReplyKeys(Call& call, bool with_flags) {
  const auto args = call.args.subspan(2);
  const int32_t index = call.table.Resolve(args);
  if (index == Table::kNone) return call.reply.Error(errors::kInvalidCommand);
  const CommandSpec& spec = call.table.at(static_cast<size_t>(index));
  if (!HasKeys(spec)) return call.reply.Error(errors::kNoKeyArguments);
  if (!spec.Takes(args.size())) return call.reply.Error(errors::kInvalidCommandArity);
  std::vector<KeyPosition> keys;
  if ((!FindKeys(spec, args, &keys) || keys.empty()) && !(spec.flags & kNoMandatoryKeys)) {
    return call.reply.Error(errors::kInvalidCommandArguments);
  }
  call.reply.Array(keys.size());
  for (const KeyPosition& key : keys) {
    if (!with_flags) {
      call.reply.Bulk(args[key.index]);
      continue;
    }
    call.reply.Array(2);
    call.reply.Bulk(args[key.index]);
    const auto mark = call.reply.Begin();
    uint64_t flags = 0;
    ForEachKeyFlagText(key.flags, [&](std::string_view text) {
      call.reply.Simple(text);
      ++flags;
    });
    call.reply.EndSet(mark, flags);
  }
}

void CommandGetkeys(Call& call) { ReplyKeys(call, false); }
void CommandGetkeysandflags(Call& call) { ReplyKeys(call, true); }

void CommandHelp(Call& call) {
  ReplyHelp(call, {
                      "(no subcommand)",
                      "    All commands, as INFO describes them.",
                      "COUNT",
                      "    How many commands there are.",
                      "LIST [FILTERBY <MODULE|ACLCAT|PATTERN> <value>]",
                      "    Names of commands.",
                      "INFO [<command-name> ...]",
                      "    Arity, flags, keys and categories; of all commands without a name.",
                      "DOCS [<command-name> ...]",
                      "    Summary and arguments; of all commands without a name.",
                      "GETKEYS <full-command>",
                      "    The keys in a command with its arguments.",
                      "GETKEYSANDFLAGS <full-command>",
                      "    The keys, and what the command does with each.",
                  });
}

constexpr uint32_t kFlags = kLoading | kStale;

// Of this file, because under the sanitizers the address of a function from another one is no
// constant.
void Docs(Call& call) { CommandDocs(call); }

constexpr CommandSpec kSpecs[] = {
    {.name = "command",
     .handler = &Command,
     .arity = -1,
     .group = Group::kServer,
     .flags = kFlags,
     .categories = kCatConnection,
     .since = "2.8.13",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the commands there are",
     .summary = "Describes all commands."},
    {.name = "command|count",
     .handler = &CommandCount,
     .arity = 2,
     .group = Group::kServer,
     .flags = kFlags,
     .categories = kCatConnection,
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Counts the commands there are."},
    {.name = "command|docs",
     .handler = &Docs,
     .arity = -2,
     .group = Group::kServer,
     .flags = kFlags,
     .categories = kCatConnection,
     .since = "7.0.0",
     .syntax = "[command-name...]",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the commands described",
     .summary = "Tells what commands do and which arguments they take."},
    {.name = "command|getkeys",
     .handler = &CommandGetkeys,
     .arity = -3,
     .group = Group::kServer,
     .flags = kFlags,
     .categories = kCatConnection,
     .since = "2.8.13",
     .syntax = "command [arg...]",
     .complexity = "O(N) in the arguments",
     .summary = "Finds the keys in a command with its arguments."},
    {.name = "command|getkeysandflags",
     .handler = &CommandGetkeysandflags,
     .arity = -3,
     .group = Group::kServer,
     .flags = kFlags,
     .categories = kCatConnection,
     .since = "7.0.0",
     .syntax = "command [arg...]",
     .complexity = "O(N) in the arguments",
     .summary = "Finds the keys in a command, and what it does with each."},
    {.name = "command|help",
     .handler = &CommandHelp,
     .arity = 2,
     .group = Group::kServer,
     .flags = kFlags,
     .categories = kCatConnection,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of COMMAND."},
    {.name = "command|info",
     .handler = &CommandInfo,
     .arity = -2,
     .group = Group::kServer,
     .flags = kFlags,
     .categories = kCatConnection,
     .since = "2.8.13",
     .syntax = "[command-name...]",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the commands described",
     .summary = "Describes some commands, or all."},
    {.name = "command|list",
     .handler = &CommandList,
     .arity = -2,
     .group = Group::kServer,
     .flags = kFlags,
     .categories = kCatConnection,
     .since = "7.0.0",
     .syntax =
         "[FILTERBY <filterby MODULE module-name | ACLCAT category | PATTERN pattern:pattern>]",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the commands there are",
     .summary = "Lists the names of commands."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs CommandCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
