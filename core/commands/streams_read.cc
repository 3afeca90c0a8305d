// Streams: reading entries, and waiting for them.
#include <vector>

#include "core/commands/all.h"
#include "core/commands/streams_shared.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using types::Stream;
using types::StreamId;
using types::Type;

void Xlen(Call& call) {
  Stream* stream;
  if (!FindStream(call, call.arg(1), &stream)) return;
  call.reply.Integer(stream == nullptr ? 0 : static_cast<int64_t>(stream->length()));
}

// --- ranges ---

void ReplyBetween(Call& call, bool reverse) {
  Arguments start(call, reverse ? 3 : 2);
  const StreamId from = ReadRangeStart(start);
  if (!start.ok()) return;
  Arguments end(call, reverse ? 2 : 3);
  const StreamId to = ReadRangeEnd(end);
  if (!end.ok()) return;
  Arguments in(call, 4);
  bool counted = false;
  uint64_t count = 0;
  while (in.More()) {
    if (in.TakeWithValue("COUNT")) {
      count = ReadStreamCount(in);
      counted = true;
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (!in.ok()) return;
  Stream* stream;
  if (!FindStream(call, call.arg(1), &stream)) return;
  if (stream == nullptr) return call.reply.Array(0);
  if (counted && count == 0) return call.reply.NullArray();
  ReplyStreamRange(call.reply, *stream, from, to, count, reverse);
}

void Xrange(Call& call) { ReplyBetween(call, false); }
void Xrevrange(Call& call) { ReplyBetween(call, true); }

// --- XREAD ---

// The ids after which each stream is read. Empty after replying an error.
std::vector<StreamId> ReadLastIds(Call& call, const StreamReadRequest& request) {
  std::vector<StreamId> ids;
  for (size_t i = 0; i < request.keys.size(); ++i) {
    Stream* stream;
    if (!FindStream(call, request.keys[i], &stream)) return {};
    const std::string_view text = request.ids[i];
    if (text == "$") {
      ids.push_back(stream == nullptr ? StreamId{} : stream->last_id);
      continue;
    }
    const std::optional<StreamId> id = types::ParseStreamId(text, 0);
    if (text == ">" || !id) {
      call.reply.Error(text == ">" ? errors::kReadIdOfGroup : errors::kInvalidStreamId);
      return {};
    }
    ids.push_back(*id);
  }
  return ids;
}

// Later attempts ask for what comes after the last entry of now.
void WaitForEntries(Call& call, const StreamReadRequest& request,
                    const std::vector<StreamId>& ids) {
  call.WaitFor(Type::kStream, request.keys, request.deadline_ms);
  call.retry_arguments.assign(call.args.begin(), call.args.end());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (request.ids[i] == "$") {
      call.retry_arguments[request.ids_at + i] = types::StreamIdText(ids[i]);
    }
  }
}

void Xread(Call& call) {
  StreamReadRequest request;
  if (!ParseStreamRead(call, false, &request)) return;
  const std::vector<StreamId> ids = ReadLastIds(call, request);
  if (ids.empty()) return;
  StreamReadReply reply(call.reply);
  for (size_t i = 0; i < ids.size(); ++i) {
    Stream* stream;
    if (!FindStream(call, request.keys[i], &stream)) return;
    if (stream == nullptr || stream->length() == 0 || stream->LastEntryId() <= ids[i]) continue;
    StreamId from = ids[i];
    from.Increment();
    reply.Begin(request.keys[i]);
    ReplyStreamRange(call.reply, *stream, from, StreamId::Highest(), request.count);
  }
  if (!reply.empty()) return reply.End();
  if (!request.blocks) return call.reply.NullArray();
  WaitForEntries(call, request, ids);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "xlen",
     .handler = &Xlen,
     .arity = 2,
     .group = Group::kStream,
     .flags = kReadonly | kFast,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRo, 1)}},
     .syntax = "key:key",
     .complexity = "O(1)",
     .summary = "Returns the number of entries."},
    {.name = "xrange",
     .handler = &Xrange,
     .arity = -4,
     .group = Group::kStream,
     .flags = kReadonly,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key start end [COUNT count:integer]",
     .complexity = "O(N) in the entries returned",
     .summary = "Returns the entries from one id to another."},
    {.name = "xread",
     .handler = &Xread,
     .arity = -4,
     .group = Group::kStream,
     .flags = kReadonly | kBlocking | kVariableKeys,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{KeysAfter(kRo | kAccess, "STREAMS", 1, -1, 1, 2)}},
     .syntax = "[COUNT count:integer] [BLOCK milliseconds:integer] "
               "STREAMS {streams key:key... id...}",
     .complexity = "O(N) in the entries returned, O(K) in the keys",
     .summary = "Returns the entries behind given ids of several streams; may wait for them."},
    {.name = "xrevrange",
     .handler = &Xrevrange,
     .arity = -4,
     .group = Group::kStream,
     .flags = kReadonly,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key end start [COUNT count:integer]",
     .complexity = "O(N) in the entries returned",
     .summary = "Returns the entries from one id to another, the last first."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs StreamReadCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
