#include "core/commands/streams_shared.h"

#include "core/commands/waiting.h"

namespace kvasm::commands {

using command::Arguments;
using command::Call;
using types::StreamId;

uint64_t ReplyStreamRange(resp::Writer& reply, const types::Stream& stream, StreamId from,
                          StreamId to, uint64_t count, bool reverse) {
  const resp::Writer::Mark mark = reply.Begin();
  uint64_t emitted = 0;
  types::StreamReader reader(stream, from, to, reverse);
  while (!reply.buffer().failed() && reader.Next()) {
    ReplyStreamEntry(reply, reader.entry());
    if (++emitted == count) break;
  }
  reply.EndArray(mark, emitted);
  return emitted;
}

namespace {

// The keys and ids behind STREAMS.
void ReadStreams(Call& call, Arguments& in, bool with_group, StreamReadRequest* request) {
  const size_t count = in.left();
  if (count % 2 != 0) {
    return in.Fail(errors::UnbalancedStreams(call.spec.name, with_group ? '>' : '$'));
  }
  request->ids_at = in.position() + count / 2;
  request->keys = call.args.subspan(in.position(), count / 2);
  request->ids = call.args.subspan(request->ids_at);
  in.Skip(count);
}

}  // namespace

bool ParseStreamRead(Call& call, bool with_group, StreamReadRequest* request) {
  Arguments in(call, 1);
  while (in.More()) {
    if (in.TakeWithValue("BLOCK")) {
      if (call.in_script) return in.Fail(errors::BlocksInScript(call.arg(0))), false;
      request->blocks = true;
      request->deadline_ms = ReadDeadlineMs(in, call.now_ms());
    } else if (in.TakeWithValue("COUNT")) {
      request->count = ReadStreamCount(in);
    } else if (in.TakeWithValue("STREAMS")) {
      ReadStreams(call, in, with_group, request);
    } else if (in.left() >= 3 && in.Take("GROUP")) {
      if (!with_group) in.Fail(errors::kReadGroupOption);
      request->has_group = true;
      request->group = in.Next();
      request->consumer = in.Next();
    } else if (in.Take("NOACK")) {
      if (!with_group) in.Fail(errors::kReadNoackOption);
      request->noack = true;
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (in.ok() && request->keys.empty()) in.Fail(errors::kSyntax);
  return in.ok();
}

bool StreamReadReply::Keep() {
  // End() has to find room for the size, whatever becomes of later streams.
  constexpr uint32_t kSizeBytesMax = 32;
  resp::Buffer& out = reply_.buffer();
  if (out.Prepare(kSizeBytesMax) != nullptr) return true;
  full_ = true;
  if (--streams_ > 0) {
    out.TakeFailure();
    out.Truncate(at_);
  }
  return false;
}

}  // namespace kvasm::commands
