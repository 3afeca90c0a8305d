// XINFO: what is known of a stream.
#include "core/commands/all.h"
#include "core/commands/help.h"
#include "core/commands/streams_shared.h"
#include "core/types/stream_group.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using types::Stream;
using types::StreamId;

// XINFO STREAM key [FULL [COUNT n]], options from argument 3 on. False after replying an error.
bool ReadInfoOptions(Call& call, bool* full, uint64_t* count) {
  const size_t options = call.argc() - 3;
  *full = options > 0;
  Arguments in(call, 3);
  const bool well_formed = options == 0 || (options == 1 && in.Take("FULL")) ||
                           (options == 3 && in.Take("FULL") && in.Take("COUNT"));
  if (!well_formed) {
    in.Fail(errors::WrongSubcommandSyntax(call.arg(1), "XINFO"));
  } else if (options == 3) {
    const int64_t wanted = in.Int();
    if (wanted >= 0) *count = static_cast<uint64_t>(wanted);
  }
  return in.ok();
}

void ReplyState(resp::Writer& reply, const Stream& stream) {
  auto number = [&](std::string_view name, uint64_t value) {
    reply.Bulk(name);
    reply.Integer(static_cast<int64_t>(value));
  };
  auto id = [&](std::string_view name, StreamId value) {
    reply.Bulk(name);
    ReplyStreamId(reply, value);
  };
  number("length", stream.length());
  number("radix-tree-keys", stream.node_count());
  number("radix-tree-nodes", stream.RadixNodes());
  id("last-generated-id", stream.last_id);
  id("max-deleted-entry-id", stream.max_deleted_id);
  number("entries-added", stream.entries_added);
  id("recorded-first-entry-id", stream.first_id);
}

// The first entry, or the last.
void ReplyEdge(resp::Writer& reply, const Stream& stream, bool last) {
  types::StreamReader reader(stream, last);
  if (!reader.Next()) return reply.Null();
  ReplyStreamEntry(reply, reader.entry());
}

void XinfoStream(Call& call) {
  keyspace::Entry* entry = call.keyspace.Find(call.db, call.arg(2));
  if (entry == nullptr) return call.reply.Error(errors::kNoSuchKey);
  if (entry->type() != types::Type::kStream) return call.WrongType();
  const Stream& stream = Stream::Of(entry->value());
  bool full;
  uint64_t count = 10;
  if (!ReadInfoOptions(call, &full, &count)) return;
  resp::Writer& reply = call.reply;
  reply.Map(full ? 9 : 10);
  ReplyState(reply, stream);
  if (full) {
    reply.Bulk("entries");
    ReplyStreamRange(reply, stream, StreamId::Lowest(), StreamId::Highest(), count);
    reply.Bulk("groups");
    return ReplyGroupsInFull(reply, stream, count);
  }
  reply.Bulk("groups");
  reply.Integer(stream.groups == nullptr ? 0 : static_cast<int64_t>(stream.groups->size()));
  reply.Bulk("first-entry");
  ReplyEdge(reply, stream, false);
  reply.Bulk("last-entry");
  ReplyEdge(reply, stream, true);
}

void XinfoHelp(Call& call) {
  ReplyHelp(call, {
                      "CONSUMERS <key> <group>",
                      "    The consumers of a group, and what each has not acknowledged.",
                      "GROUPS <key>",
                      "    The consumer groups of a stream.",
                      "STREAM <key> [FULL [COUNT <count>]]",
                      "    Length, ids and counters of a stream. FULL adds its entries and groups,",
                      "    10 of each list, or <count> (0 for all).",
                  });
}

constexpr CommandSpec kSpecs[] = {
    {.name = "xinfo",
     .arity = -2,
     .group = Group::kStream,
     .since = "5.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Tells what is known of a stream and its groups."},
    {.name = "xinfo|help",
     .handler = &XinfoHelp,
     .arity = 2,
     .group = Group::kStream,
     .flags = kLoading | kStale,
     .categories = kCatStream,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Explains the subcommands of XINFO."},
    {.name = "xinfo|stream",
     .handler = &XinfoStream,
     .arity = -3,
     .group = Group::kStream,
     .flags = kReadonly,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRo | kAccess, 2)}},
     .syntax = "key:key [{full-block FULL [COUNT count:integer]}]",
     .complexity = "O(N) in the entries returned and in the nodes of the stream",
     .summary = "Tells length, ids and counters of a stream."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs StreamInfoCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
