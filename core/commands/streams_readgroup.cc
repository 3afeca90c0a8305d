// Streams: XREADGROUP, reading as a consumer of a group.
#include <algorithm>
#include <vector>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/collections.h"
#include "core/commands/streams_groups.h"
#include "core/commands/streams_shared.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;
using types::Consumer;
using types::ConsumerGroup;
using types::Pending;
using types::PendingReader;
using types::Stream;
using types::StreamId;
using types::StreamReader;
using types::Type;

// ">", what was never delivered, is kept as the highest id, as Redis keeps it.
constexpr StreamId kNewMessages = StreamId::Highest();

// How many messages behind last_id will be read.
uint64_t CountNew(const StreamReadRequest& request, const Stream& stream,
                  const ConsumerGroup& group) {
  StreamId from = group.last_id;
  if (!from.Increment()) return 0;
  uint64_t messages = 0;
  for (StreamReader reader(stream, from, StreamId::Highest()); reader.Next();) {
    if (++messages == request.count) break;
  }
  return messages;
}

// Heap bytes that may become pending of one stream; the reply looks after itself.
uint64_t BytesToRead(const StreamReadRequest& request, const Stream& stream,
                     const ConsumerGroup& group, bool history) {
  uint64_t messages = history ? group.pending().size() : stream.length();
  if (request.count != 0) messages = std::min(messages, request.count);
  // Where it matters the messages are counted: nothing else that is known of them is certain.
  constexpr uint64_t kManyMessages = 4096;
  if (!history && messages > kManyMessages) messages = CountNew(request, stream, group);
  return messages * types::kPendingBytesMax + uint64_t{3} * request.consumer.size();
}

// Checks each key, its group and its id, and that there is room, before anything is read. False
// after replying an error.
bool ReadIds(Call& call, const StreamReadRequest& request, std::vector<StreamId>* ids) {
  uint64_t bytes = 0;
  bool keeps = false;
  for (size_t i = 0; i < request.keys.size(); ++i) {
    Entry* entry;
    if (!FindCollection(call, request.keys[i], Type::kStream, &entry)) return false;
    const ConsumerGroup* group = FindGroup(entry, request.group);
    if (group == nullptr) {
      call.reply.Error(errors::NoSuchKeyOrGroupToRead(request.keys[i], request.group));
      return false;
    }
    const std::string_view text = request.ids[i];
    if (text == "$") {
      call.reply.Error(errors::kDollarWithGroup);
      return false;
    }
    const auto id = text == ">" ? kNewMessages : types::ParseStreamId(text, 0);
    if (!id) {
      call.reply.Error(errors::kInvalidStreamId);
      return false;
    }
    ids->push_back(*id);
    const bool history = *id != kNewMessages;
    bytes += BytesToRead(request, Stream::Of(entry->data), *group, history);
    keeps |= !history || group->FindConsumer(request.consumer) == nullptr;
  }
  return keeps ? call.HaveRoomToKeep(bytes) : call.HaveRoom(bytes);
}

// One stream of a request, its value ready to be changed.
struct Reading {
  Call& call;
  const StreamReadRequest& request;
  StreamReadReply& reply;
  Edit& edit;
  const Stream& stream;
  ConsumerGroup& group;
  Consumer& consumer;
};

// Replies what was never delivered to the group, and has it delivered. False if memory cannot hold
// the reply: nothing is delivered.
bool ReplyNewMessages(const Reading& at) {
  Call& call = at.call;
  const resp::Writer::Mark mark = call.reply.Begin();
  std::vector<StreamId> ids;
  StreamId from = at.group.last_id;
  from.Increment();
  for (StreamReader reader(at.stream, from, StreamId::Highest()); reader.Next();) {
    ReplyStreamEntry(call.reply, reader.entry());
    ids.push_back(reader.entry().id);
    if (ids.size() == at.request.count || call.reply.buffer().failed()) break;
  }
  call.reply.EndArray(mark, ids.size());
  if (!at.reply.Keep()) return false;
  for (const StreamId id : ids) {
    at.group.Advance(at.stream, id);
    if (at.request.noack) continue;
    const Pending& pending = at.group.Deliver(id, at.consumer, call.now_ms());
    RecordClaim(call, at.edit.key(), at.group, id, pending);
  }
  if (ids.empty()) return true;
  if (at.request.noack) {
    RecordProgress(call, at.edit.key(), at.group);
  } else {
    at.consumer.active_ms = call.now_ms();
  }
  return true;
}

// Replies what is pending with the consumer behind an id; counts as another delivery. False if
// memory cannot hold the reply: nothing is counted.
bool ReplyHistory(const Reading& at, StreamId behind) {
  Call& call = at.call;
  resp::Writer& reply = call.reply;
  const resp::Writer::Mark mark = reply.Begin();
  std::vector<Pending*> delivered;
  StreamId from = behind;
  from.Increment();
  uint64_t replied = 0;
  for (PendingReader pending(at.consumer.pending, from); pending.valid(); pending.Next()) {
    if (reply.buffer().failed()) break;
    const StreamId id = pending.id();
    StreamReader reader(at.stream, id, id);
    if (reader.Next()) {
      ReplyStreamEntry(reply, reader.entry());
      delivered.push_back(&*pending);
    } else {
      // Its entry was deleted meanwhile.
      reply.Array(2);
      ReplyStreamId(reply, id);
      reply.NullArray();
    }
    if (++replied == at.request.count) break;
  }
  reply.EndArray(mark, replied);
  if (!at.reply.Keep()) return false;
  for (Pending* pending : delivered) {
    pending->delivery_ms = call.now_ms();
    pending->delivery_count += 1;
  }
  return true;
}

// Reads one stream, if there is something to reply.
void ReadStream(Call& call, const StreamReadRequest& request, std::string_view key, StreamId behind,
                StreamReadReply& reply) {
  Edit edit(call.keyspace, call.db, key);
  ConsumerGroup* group = FindGroup(edit.entry(), request.group);
  if (group == nullptr) return;
  const bool history = behind != kNewMessages;
  const Stream& stream = Stream::Of(edit.Value());
  bool created;
  Consumer& consumer = SeeConsumer(call, edit, *group, request.consumer, &created);
  if (created && request.noack) {
    call.Record({"XGROUP", "CREATECONSUMER", key, group->name(), consumer.name});
  }
  if (!history && (stream.length() == 0 || stream.LastEntryId() <= group->last_id)) {
    return;
  }
  reply.Begin(key);
  const Reading reading{call, request, reply, edit, stream, *group, consumer};
  if (history ? ReplyHistory(reading, behind) : ReplyNewMessages(reading)) edit.ChangedAside();
}

void Xreadgroup(Call& call) {
  StreamReadRequest request;
  if (!ParseStreamRead(call, true, &request)) return;
  if (!request.has_group) return call.reply.Error(errors::kMissingGroup);
  std::vector<StreamId> ids;
  if (!ReadIds(call, request, &ids)) return;

  call.RecordNothing();  // but what was delivered
  StreamReadReply reply(call.reply);
  // What is delivered has to be replied. Where memory cannot hold the reply of all streams, the
  // later ones are left to the next call, as if they had nothing new.
  for (size_t i = 0; i < ids.size() && !reply.full(); ++i) {
    ReadStream(call, request, request.keys[i], ids[i], reply);
  }
  if (!reply.empty()) return reply.End();
  if (reply.full()) return;  // the engine replies that there is no memory
  if (!request.blocks) return call.reply.NullArray();
  call.WaitFor(Type::kStream, request.keys, request.deadline_ms);
  // A key or a group that goes away is an error.
  call.wakes_on_any_change = true;
}

constexpr CommandSpec kSpecs[] = {
    {.name = "xreadgroup",
     .handler = &Xreadgroup,
     .arity = -7,
     .group = Group::kStream,
     .flags = kWrite | kBlocking | kVariableKeys,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{KeysAfter(kRo | kAccess, "STREAMS", 4, -1, 1, 2)}},
     .syntax = "GROUP {group-block group consumer} [COUNT count:integer] [BLOCK "
               "milliseconds:integer] [NOACK] STREAMS {streams key:key... id...}",
     .complexity = "O(M) for each stream, M the number of messages returned",
     .summary = "Returns messages of streams to a consumer of a group: new ones, or those still "
                "pending with it. Waits for new ones if BLOCK is given."}};
static_assert(AllValid(kSpecs));

}  // namespace

Specs StreamReadGroupCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
