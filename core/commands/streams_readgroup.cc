// Streams: XREADGROUP, reading as a consumer of a group.
#include <algorithm>
#include <limits>
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

struct ReadRequest {
  std::string_view group;
  std::string_view consumer;
  uint64_t count = 0;  // of each stream; 0: all
  bool waits = false;
  int64_t deadline_ms = 0;    // 0: none
  bool acknowledged = false;  // NOACK: nothing becomes pending
  std::span<const std::string_view> keys;
  std::span<const std::string_view> ids;  // as they were given, one for each key
};

// BLOCK milliseconds: when waiting ends, 0 for never.
int64_t ReadDeadline(Arguments& in, int64_t now_ms) {
  const int64_t wait_ms = in.Int(errors::kTimeoutNotInteger);
  if (!in.ok()) return 0;
  if (wait_ms < 0) in.Fail(errors::kTimeoutNegative);
  if (wait_ms > std::numeric_limits<int64_t>::max() - now_ms) in.Fail(errors::kTimeoutOutOfRange);
  return in.ok() && wait_ms > 0 ? now_ms + wait_ms : 0;
}

// STREAMS key... id..., from behind that word.
void ReadStreams(Call& call, Arguments& in, ReadRequest* request) {
  const size_t left = in.left();
  if (left % 2 != 0) return in.Fail(errors::UnbalancedStreams(call.spec.name, '>'));
  request->keys = call.args.subspan(in.position(), left / 2);
  request->ids = call.args.subspan(in.position() + left / 2, left / 2);
  in.Skip(left);
}

// False after replying an error.
bool ReadRequestOf(Call& call, ReadRequest* request) {
  Arguments in(call, 1);
  bool grouped = false;
  while (in.More()) {
    if (in.TakeWithValue("BLOCK")) {
      request->waits = true;
      request->deadline_ms = ReadDeadline(in, call.now_ms());
    } else if (in.TakeWithValue("COUNT")) {
      request->count = static_cast<uint64_t>(std::max<int64_t>(in.Int(), 0));
    } else if (in.TakeWithValue("STREAMS")) {
      ReadStreams(call, in, request);
    } else if (in.left() > 2 && in.Take("GROUP")) {
      request->group = in.Next();
      request->consumer = in.Next();
      grouped = true;
    } else if (in.Take("NOACK")) {
      request->acknowledged = true;
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (request->keys.empty()) in.Fail(errors::kSyntax);
  if (!grouped) in.Fail(errors::kMissingGroup);
  return in.ok();
}

// Heap bytes that may become pending of one stream; the reply looks after itself.
uint64_t BytesToRead(const ReadRequest& request, const Stream& stream, const ConsumerGroup& group,
                     bool history) {
  uint64_t messages = history ? group.pending().size() : stream.length();
  if (!history) {
    const int64_t lag = group.Lag(stream).value_or(std::numeric_limits<int64_t>::max());
    messages = std::min(messages, static_cast<uint64_t>(std::max<int64_t>(lag, 0)));
  }
  if (request.count != 0) messages = std::min(messages, request.count);
  return messages * kPendingBytes + uint64_t{3} * request.consumer.size();
}

// Checks each key, its group and its id, and that there is room, before anything is read. False
// after replying an error.
bool ReadIds(Call& call, const ReadRequest& request, std::vector<StreamId>* ids) {
  uint64_t bytes = 0;
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
    bytes += BytesToRead(request, Stream::Of(entry->data), *group, *id != kNewMessages);
  }
  return call.HaveRoom(bytes);
}

// One stream of a request, its value ready to be changed.
struct Reading {
  Call& call;
  const ReadRequest& request;
  Edit& edit;
  const Stream& stream;
  ConsumerGroup& group;
  Consumer& consumer;
};

// Replies what was never delivered to the group, and has it delivered. Nothing is delivered if
// memory cannot hold the reply.
void ReplyNewMessages(const Reading& at) {
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
  if (call.reply.buffer().failed()) return;
  for (const StreamId id : ids) {
    at.group.Advance(at.stream, id);
    if (at.request.acknowledged) continue;
    const Pending& pending = at.group.Deliver(id, at.consumer, call.now_ms());
    RecordClaim(call, at.edit.key(), at.group, id, pending);
  }
  if (ids.empty()) return;
  if (at.request.acknowledged) {
    RecordProgress(call, at.edit.key(), at.group);
  } else {
    at.consumer.active_ms = call.now_ms();
  }
}

// Replies what is pending with the consumer behind an id; counts as another delivery.
void ReplyHistory(const Reading& at, StreamId behind) {
  Call& call = at.call;
  resp::Writer& reply = call.reply;
  const resp::Writer::Mark mark = reply.Begin();
  std::vector<Pending*> delivered;
  StreamId from = behind;
  from.Increment();
  uint64_t replied = 0;
  for (PendingReader pending(at.consumer.pending, from); pending.valid(); pending.Next()) {
    if (reply.buffer().failed()) return;
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
  if (reply.buffer().failed()) return;
  for (Pending* pending : delivered) {
    pending->delivery_ms = call.now_ms();
    pending->delivery_count += 1;
  }
}

// Reads one stream; `begin` writes what precedes its part of the reply. False if there is none.
template <class Begin>
bool ReadStream(Call& call, const ReadRequest& request, std::string_view key, StreamId behind,
                Begin begin) {
  Edit edit(call.keyspace, call.db, key);
  ConsumerGroup* group = FindGroup(edit.entry(), request.group);
  if (group == nullptr) return false;
  const bool history = behind != kNewMessages;
  const Stream& stream = Stream::Of(edit.Value());
  bool created;
  Consumer& consumer = SeeConsumer(call, edit, *group, request.consumer, &created);
  if (created && request.acknowledged) {
    call.Record({"XGROUP", "CREATECONSUMER", key, group->name(), consumer.name});
  }
  if (!history && (stream.length() == 0 || stream.LastEntryId() <= group->last_id)) {
    return false;
  }
  begin();
  call.reply.Bulk(key);
  const Reading reading{call, request, edit, stream, *group, consumer};
  if (history) {
    ReplyHistory(reading, behind);
  } else {
    ReplyNewMessages(reading);
  }
  edit.ChangedAside();
  return true;
}

void Xreadgroup(Call& call) {
  ReadRequest request;
  if (!ReadRequestOf(call, &request)) return;
  std::vector<StreamId> ids;
  if (!ReadIds(call, request, &ids)) return;

  call.RecordNothing();  // but what was delivered
  resp::Writer& reply = call.reply;
  const bool pairs = reply.protocol() == 2;
  const resp::Writer::Mark mark = reply.Begin();
  // The usual single stream needs no size put in afterwards.
  const bool single = request.keys.size() == 1;
  uint64_t replied = 0;
  for (size_t i = 0; i < request.keys.size(); ++i) {
    const auto begin = [&] {
      if (single) pairs ? reply.Array(1) : reply.Map(1);
      if (pairs) reply.Array(2);
    };
    if (ReadStream(call, request, request.keys[i], ids[i], begin)) ++replied;
  }
  if (replied > 0) {
    if (single) return;
    return pairs ? reply.EndArray(mark, replied) : reply.EndMap(mark, replied);
  }
  if (!request.waits) return reply.NullArray();
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

Specs StreamReadGroupCommands() { return kSpecs; }

}  // namespace kvasm::commands
