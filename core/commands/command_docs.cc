#include "core/commands/command_docs.h"

#include <string>
#include <vector>

#include "core/base/ascii.h"
#include "core/command/names.h"
#include "core/command/syntax.h"
#include "core/command/table.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs

// Writes the pairs of a map whose number is known at the end.
class MapWriter {
 public:
  explicit MapWriter(resp::Writer& reply) : reply_(reply), mark_(reply.Begin()) {}
  void Text(std::string_view name, std::string_view text) {
    Name(name);
    reply_.Bulk(text);
  }
  void TextUnlessEmpty(std::string_view name, std::string_view text) {
    if (!text.empty()) Text(name, text);
  }
  void Name(std::string_view name) {
    reply_.Bulk(name);
    ++pairs_;
  }
  void End() { reply_.EndMap(mark_, pairs_); }

 private:
  resp::Writer& reply_;
  resp::Writer::Mark mark_;
  uint64_t pairs_ = 0;
};

void ReplyArguments(resp::Writer& reply, const std::vector<Argument>& arguments);

void ReplyArgument(resp::Writer& reply, const Argument& argument) {
  MapWriter map(reply);
  map.Text("name", argument.name);
  map.Text("type", TypeText(argument.type));
  if (argument.parts.empty()) {
    map.Text("display_text", argument.display.empty() ? argument.name : argument.display);
  }
  if (argument.key_spec >= 0) {
    map.Name("key_spec_index");
    reply.Integer(argument.key_spec);
  }
  if (argument.has_token) map.Text("token", base::UpperCopy(argument.token));
  map.TextUnlessEmpty("since", argument.since);
  map.TextUnlessEmpty("deprecated_since", argument.deprecated_since);
  if (argument.optional || argument.multiple || argument.multiple_token) {
    map.Name("flags");
    reply.Set(uint64_t{argument.optional} + argument.multiple + argument.multiple_token);
    if (argument.optional) reply.Simple("optional");
    if (argument.multiple) reply.Simple("multiple");
    if (argument.multiple_token) reply.Simple("multiple_token");
  }
  if (!argument.parts.empty()) {
    map.Name("arguments");
    ReplyArguments(reply, argument.parts);
  }
  map.End();
}

void ReplyArguments(resp::Writer& reply, const std::vector<Argument>& arguments) {
  reply.Array(arguments.size());
  for (const Argument& argument : arguments) ReplyArgument(reply, argument);
}

void ReplyDocs(Call& call, size_t index) {
  const CommandSpec& spec = call.table.at(index);
  resp::Writer& reply = call.reply;
  reply.Bulk(spec.name);
  MapWriter map(reply);
  map.TextUnlessEmpty("summary", spec.summary);
  map.Text("since", spec.since);
  map.Text("group", GroupText(spec.group));
  map.TextUnlessEmpty("complexity", spec.complexity);
  const bool deprecated = !spec.deprecated_since.empty();
  const bool system = (spec.flags & kSyscmd) != 0;
  if (deprecated || system) {
    map.Name("doc_flags");
    reply.Set(uint64_t{deprecated} + system);
    if (deprecated) reply.Simple("deprecated");
    if (system) reply.Simple("syscmd");
  }
  map.TextUnlessEmpty("deprecated_since", spec.deprecated_since);
  map.TextUnlessEmpty("replaced_by", spec.replaced_by);
  std::vector<Argument> arguments;
  if (ParseSyntax(spec.syntax, &arguments) && !arguments.empty()) {
    map.Name("arguments");
    ReplyArguments(reply, arguments);
  }
  if (!Table::IsSubcommand(spec) && call.table.IsContainer(index)) {
    map.Name("subcommands");
    const auto mark = reply.Begin();
    uint64_t count = 0;
    call.table.ForEachSubcommand(index, [&](size_t subcommand, const CommandSpec&) {
      ReplyDocs(call, subcommand);
      ++count;
    });
    reply.EndMap(mark, count);
  }
  map.End();
}

}  // namespace

void CommandDocs(Call& call) {
  const auto mark = call.reply.Begin();
  uint64_t count = 0;
  for (size_t i = 0; call.argc() == 2 && i < call.table.size(); ++i) {
    if (Table::IsSubcommand(call.table.at(i))) continue;
    ReplyDocs(call, i);
    ++count;
  }
  for (size_t i = 2; i < call.argc(); ++i) {
    const int32_t index = call.table.Find(call.arg(i));
    if (index == Table::kNone) continue;
    ReplyDocs(call, static_cast<size_t>(index));
    ++count;
  }
  call.reply.EndMap(mark, count);
}

}  // namespace kvasm::commands
