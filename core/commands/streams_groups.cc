// Streams: their consumer groups, made, changed and looked at.
#include "core/commands/streams_groups.h"

#include <memory>
#include <optional>

#include "core/base/ascii.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/collections.h"
#include "core/commands/help.h"
#include "core/commands/streams_shared.h"

namespace kvasm::commands {

using types::Consumer;
using types::ConsumerGroup;
using types::ConsumerGroups;
using types::Pending;
using types::PendingReader;
using types::Stream;
using types::StreamId;

ConsumerGroup* FindGroup(const keyspace::Entry* entry, std::string_view name) {
  if (entry == nullptr) return nullptr;
  const Stream& stream = Stream::Of(entry->data);
  return stream.groups == nullptr ? nullptr : stream.groups->Find(name);
}

Consumer& SeeConsumer(command::Call& call, keyspace::Edit& edit, ConsumerGroup& group,
                      std::string_view name, bool* created) {
  Consumer* consumer = group.FindConsumer(name);
  if (created != nullptr) *created = consumer == nullptr;
  if (consumer != nullptr) {
    consumer->seen_ms = call.now_ms();
    return *consumer;
  }
  Consumer& added = group.AddConsumer(name, call.now_ms());
  edit.ChangedAside(keyspace::kEventStream, "xgroup-createconsumer");
  return added;
}

void RecordClaim(command::Call& call, std::string_view key, const ConsumerGroup& group, StreamId id,
                 const Pending& pending) {
  call.recorded = true;
  if (!call.journaling()) return;
  const types::StreamIdChars id_text(id);
  const types::StreamIdChars last_id(group.last_id);
  ds::NumberText time;
  ds::NumberText count;
  call.Record({"XCLAIM", key, group.name(), pending.owner->name, "0", id_text.view(), "TIME",
               ds::Item(pending.delivery_ms).Text(time), "RETRYCOUNT",
               ds::Item(static_cast<int64_t>(pending.delivery_count)).Text(count), "FORCE",
               "JUSTID", "LASTID", last_id.view()});
}

void RecordProgress(command::Call& call, std::string_view key, const ConsumerGroup& group) {
  call.recorded = true;
  if (!call.journaling()) return;
  const types::StreamIdChars last_id(group.last_id);
  ds::NumberText read;
  call.Record({"XGROUP", "SETID", key, group.name(), last_id.view(), "ENTRIESREAD",
               ds::Item(group.entries_read).Text(read)});
}

namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;
using types::Type;

// --- XGROUP ---

void WrongUse(Call& call) {
  call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "XGROUP"));
}

// The options of XGROUP CREATE (MKSTREAM, ENTRIESREAD) and SETID (ENTRIESREAD).
struct GroupOptions {
  bool make_stream = false;
  int64_t entries_read = ConsumerGroup::kUnknown;
};

// False after replying an error.
bool ReadGroupOptions(Call& call, bool creating, GroupOptions* options) {
  Arguments in(call, 5);
  while (in.More()) {
    if (creating && in.Take("MKSTREAM")) {
      options->make_stream = true;
    } else if (in.TakeWithValue("ENTRIESREAD")) {
      options->entries_read = in.Int();
      if (in.ok() && options->entries_read < 0 &&
          options->entries_read != ConsumerGroup::kUnknown) {
        in.Fail(errors::kEntriesReadNegative);
      }
    } else {
      WrongUse(call);
      return false;
    }
  }
  return in.ok();
}

// Whether there is a stream at the key; if not, the error has been replied.
bool HoldsStream(Call& call, const Edit& edit) {
  if (edit.IsNot(Type::kStream)) {
    call.WrongType();
    return false;
  }
  if (!edit.exists()) call.reply.Error(errors::kGroupNeedsKey);
  return edit.exists();
}

// The group that the arguments name, or null after replying the error.
ConsumerGroup* RequireGroup(Call& call, const Edit& edit) {
  if (!HoldsStream(call, edit)) return nullptr;
  ConsumerGroup* group = FindGroup(edit.entry(), call.arg(3));
  if (group == nullptr) call.reply.Error(errors::NoSuchGroup(call.arg(2), call.arg(3)));
  return group;
}

// Where a group is to begin: an id, or "$" for the last one of the stream (null: a new one).
std::optional<StreamId> ReadGroupStart(Call& call, const Entry* entry, bool edges_allowed) {
  const std::string_view text = call.arg(4);
  if (text == "$") return entry == nullptr ? StreamId{} : Stream::Of(entry->data).last_id;
  const auto id =
      edges_allowed ? types::ParseStreamIdOrEdge(text, 0) : types::ParseStreamId(text, 0);
  if (!id) call.reply.Error(errors::kInvalidStreamId);
  return id;
}

void XgroupCreate(Call& call) {
  GroupOptions options;
  if (!ReadGroupOptions(call, true, &options)) return;
  Edit edit(call.keyspace, call.db, call.arg(2));
  if (edit.IsNot(Type::kStream)) return call.WrongType();
  if (!options.make_stream && !HoldsStream(call, edit)) return;
  constexpr size_t kArgumentsMax = 8;
  if (call.argc() > kArgumentsMax) return WrongUse(call);
  const auto start = ReadGroupStart(call, edit.entry(), false);
  if (!start) return;
  const std::string_view name = call.arg(3);
  if (FindGroup(edit.entry(), name) != nullptr) return call.reply.Error(errors::kBusyGroup);
  if (!HasRoomForName(call, name)) return;
  const bool new_stream = !edit.exists();
  Stream& stream = Stream::Of(edit.Collection(types::Encoding::kStream));
  if (stream.groups == nullptr) stream.groups = std::make_unique<ConsumerGroups>();
  stream.groups->Add(name, *start, options.entries_read);
  if (new_stream) {
    edit.Changed(keyspace::kEventStream, "xgroup-create");
  } else {
    edit.ChangedAside(keyspace::kEventStream, "xgroup-create");
  }
  call.reply.Ok();
}

void XgroupSetid(Call& call) {
  GroupOptions options;
  if (!ReadGroupOptions(call, false, &options)) return;
  Edit edit(call.keyspace, call.db, call.arg(2));
  ConsumerGroup* group = RequireGroup(call, edit);
  if (group == nullptr) return;
  if (call.argc() != 5 && call.argc() != 7) return WrongUse(call);
  const auto id = ReadGroupStart(call, edit.entry(), true);
  if (!id) return;
  edit.Value();
  group->last_id = *id;
  group->entries_read = options.entries_read;
  edit.ChangedAside(keyspace::kEventStream, "xgroup-setid");
  call.reply.Ok();
}

void XgroupDestroy(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(2));
  if (!HoldsStream(call, edit)) return;
  if (FindGroup(edit.entry(), call.arg(3)) == nullptr) return call.reply.Integer(0);
  // Freed as the value of a key would be.
  std::unique_ptr<Stream> remains = Stream::Of(edit.Value()).SplitOff(call.arg(3));
  call.keyspace.lazy_free().Add(types::Encoding::kStream, remains.release(), false);
  edit.ChangedAside(keyspace::kEventStream, "xgroup-destroy");
  // Whoever waits for its messages is to hear that it is gone.
  edit.WakeWaiters();
  call.reply.Integer(1);
}

void XgroupCreateconsumer(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(2));
  ConsumerGroup* group = RequireGroup(call, edit);
  if (group == nullptr) return;
  const std::string_view name = call.arg(4);
  if (group->FindConsumer(name) != nullptr) return call.reply.Integer(0);
  if (!HasRoomForName(call, name)) return;
  edit.Value();
  SeeConsumer(call, edit, *group, name);
  call.reply.Integer(1);
}

void XgroupDelconsumer(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(2));
  ConsumerGroup* group = RequireGroup(call, edit);
  if (group == nullptr) return;
  Consumer* consumer = group->FindConsumer(call.arg(4));
  if (consumer == nullptr) return call.reply.Integer(0);
  call.reply.Integer(static_cast<int64_t>(consumer->pending.size()));
  edit.Value();
  group->RemoveConsumer(*consumer);
  edit.ChangedAside(keyspace::kEventStream, "xgroup-delconsumer");
}

void XgroupHelp(Call& call) {
  ReplyHelp(call, {
                      "CREATE <key> <groupname> <id|$> [option]",
                      "    Make a group that begins behind the id. Options:",
                      "    * MKSTREAM",
                      "      Make an empty stream if the key does not exist.",
                      "    * ENTRIESREAD entries_read",
                      "      How many entries the group counts as read.",
                      "CREATECONSUMER <key> <groupname> <consumer>",
                      "    Make a consumer of the group.",
                      "DELCONSUMER <key> <groupname> <consumer>",
                      "    Remove a consumer and what is pending with it.",
                      "DESTROY <key> <groupname>",
                      "    Remove a group.",
                      "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
                      "    Have the group go on behind another id.",
                  });
}

// --- XINFO ---

void ReplyOptional(resp::Writer& reply, std::optional<int64_t> value) {
  value ? reply.Integer(*value) : reply.Null();
}

// entries-read and lag.
void ReplyProgress(resp::Writer& reply, const Stream& stream, const ConsumerGroup& group) {
  reply.Bulk("entries-read");
  if (group.entries_read == ConsumerGroup::kUnknown) {
    reply.Null();
  } else {
    reply.Integer(group.entries_read);
  }
  reply.Bulk("lag");
  ReplyOptional(reply, group.Lag(stream));
}

void XinfoGroups(Call& call) {
  Entry* entry;
  if (!FindCollection(call, call.arg(2), Type::kStream, &entry)) return;
  if (entry == nullptr) return call.reply.Error(errors::kNoSuchKey);
  const Stream& stream = Stream::Of(entry->data);
  if (stream.groups == nullptr) return call.reply.Array(0);
  resp::Writer& reply = call.reply;
  reply.Array(stream.groups->size());
  stream.groups->ForEach([&](const ConsumerGroup& group) {
    reply.Map(6);
    reply.Bulk("name");
    reply.Bulk(group.name());
    reply.Bulk("consumers");
    reply.Integer(static_cast<int64_t>(group.consumer_count()));
    reply.Bulk("pending");
    reply.Integer(static_cast<int64_t>(group.pending().size()));
    reply.Bulk("last-delivered-id");
    ReplyStreamId(reply, group.last_id);
    ReplyProgress(reply, stream, group);
  });
}

void XinfoConsumers(Call& call) {
  Entry* entry;
  if (!FindCollection(call, call.arg(2), Type::kStream, &entry)) return;
  if (entry == nullptr) return call.reply.Error(errors::kNoSuchKey);
  const ConsumerGroup* group = FindGroup(entry, call.arg(3));
  if (group == nullptr) return call.reply.Error(errors::NoSuchGroup(call.arg(2), call.arg(3)));
  resp::Writer& reply = call.reply;
  reply.Array(group->consumer_count());
  group->ForEachConsumer([&](const Consumer& consumer) {
    const int64_t idle_ms = ElapsedMs(call.now_ms(), consumer.seen_ms);
    reply.Map(4);
    reply.Bulk("name");
    reply.Bulk(consumer.name);
    reply.Bulk("pending");
    reply.Integer(static_cast<int64_t>(consumer.pending.size()));
    reply.Bulk("idle");
    reply.Integer(idle_ms < 0 ? 0 : idle_ms);
    reply.Bulk("inactive");
    reply.Integer(consumer.active_ms == -1 ? -1 : ElapsedMs(call.now_ms(), consumer.active_ms));
  });
}

// A pending list of XINFO STREAM FULL; the one of a group tells whose each message is.
void ReplyPendingInFull(resp::Writer& reply, const ds::RadixTree& list, uint64_t count,
                        bool with_owner) {
  reply.Bulk("pending");
  uint64_t left = count == 0 ? list.size() : std::min(count, list.size());
  reply.Array(left);
  for (PendingReader at(list); left > 0; at.Next(), --left) {
    reply.Array(with_owner ? 4 : 3);
    ReplyStreamId(reply, at.id());
    if (with_owner) reply.Bulk(at->owner->name);
    reply.Integer(at->delivery_ms);
    reply.Integer(static_cast<int64_t>(at->delivery_count));
  }
}

void ReplyGroupInFull(resp::Writer& reply, const Stream& stream, const ConsumerGroup& group,
                      uint64_t count) {
  reply.Map(7);
  reply.Bulk("name");
  reply.Bulk(group.name());
  reply.Bulk("last-delivered-id");
  ReplyStreamId(reply, group.last_id);
  ReplyProgress(reply, stream, group);
  reply.Bulk("pel-count");
  reply.Integer(static_cast<int64_t>(group.pending().size()));
  ReplyPendingInFull(reply, group.pending(), count, true);
  reply.Bulk("consumers");
  reply.Array(group.consumer_count());
  group.ForEachConsumer([&](const Consumer& consumer) {
    reply.Map(5);
    reply.Bulk("name");
    reply.Bulk(consumer.name);
    reply.Bulk("seen-time");
    reply.Integer(consumer.seen_ms);
    reply.Bulk("active-time");
    reply.Integer(consumer.active_ms);
    reply.Bulk("pel-count");
    reply.Integer(static_cast<int64_t>(consumer.pending.size()));
    ReplyPendingInFull(reply, consumer.pending, count, false);
  });
}

}  // namespace

void ReplyGroupsInFull(resp::Writer& reply, const Stream& stream, uint64_t count) {
  if (stream.groups == nullptr) return reply.Array(0);
  reply.Array(stream.groups->size());
  stream.groups->ForEach(
      [&](const ConsumerGroup& group) { ReplyGroupInFull(reply, stream, group, count); });
}

namespace {

constexpr CommandSpec kSpecs[] = {
    {.name = "xgroup",
     .arity = -2,
     .group = Group::kStream,
     .since = "5.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Manages the consumer groups of streams."},
    {.name = "xgroup|create",
     .handler = &XgroupCreate,
     .arity = -5,
     .group = Group::kStream,
     .flags = kWrite | kDenyOom,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kInsert, 2)}},
     .syntax = "key:key group <id-selector id | new-id=$> [MKSTREAM] [ENTRIESREAD "
               "entries-read:integer]",
     .complexity = "O(1)",
     .summary = "Makes a consumer group that begins behind an id."},
    {.name = "xgroup|createconsumer",
     .handler = &XgroupCreateconsumer,
     .arity = 5,
     .group = Group::kStream,
     .flags = kWrite | kDenyOom,
     .categories = kCatStream,
     .since = "6.2.0",
     .keys = {{Keys(kRw | kInsert, 2)}},
     .syntax = "key:key group consumer",
     .complexity = "O(1)",
     .summary = "Makes a consumer of a group."},
    {.name = "xgroup|delconsumer",
     .handler = &XgroupDelconsumer,
     .arity = 5,
     .group = Group::kStream,
     .flags = kWrite,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kDelete, 2)}},
     .syntax = "key:key group consumer",
     .complexity = "O(N), N the number of messages pending with the consumer",
     .summary = "Removes a consumer and returns how many messages were pending with it."},
    {.name = "xgroup|destroy",
     .handler = &XgroupDestroy,
     .arity = 4,
     .group = Group::kStream,
     .flags = kWrite,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kDelete, 2)}},
     .syntax = "key:key group",
     .complexity = "O(N), N the number of pending messages of the group",
     .summary = "Removes a consumer group."},
    {.name = "xgroup|help",
     .handler = &XgroupHelp,
     .arity = 2,
     .group = Group::kStream,
     .flags = kLoading | kStale,
     .categories = kCatStream,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of XGROUP."},
    {.name = "xgroup|setid",
     .handler = &XgroupSetid,
     .arity = -5,
     .group = Group::kStream,
     .flags = kWrite,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kUpdate, 2)}},
     .syntax = "key:key group <id-selector id | new-id=$> [ENTRIESREAD "
               "entriesread:integer'entries-read']",
     .complexity = "O(1)",
     .summary = "Has a consumer group go on behind another id."},
    {.name = "xinfo|consumers",
     .handler = &XinfoConsumers,
     .arity = 4,
     .group = Group::kStream,
     .flags = kReadonly,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRo | kAccess, 2)}},
     .syntax = "key:key group",
     .tips = "nondeterministic_output",
     .complexity = "O(N), N the number of consumers",
     .summary = "Lists the consumers of a group with what is pending and how long they are idle."},
    {.name = "xinfo|groups",
     .handler = &XinfoGroups,
     .arity = 3,
     .group = Group::kStream,
     .flags = kReadonly,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRo | kAccess, 2)}},
     .syntax = "key:key",
     .complexity = "O(N), N the number of groups",
     .summary = "Lists the consumer groups of a stream and how far they have come."}};
static_assert(AllValid(kSpecs));

}  // namespace

Specs StreamGroupCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
