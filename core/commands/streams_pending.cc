// Streams: messages that were delivered and not yet acknowledged: looked at, acknowledged, claimed
// by another consumer.
#include <algorithm>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/numbers.h"
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

// --- XACK ---

void Xack(Call& call) {
  call.keyspace.Find(call.db, call.arg(1));  // counted, and told, as a look-up
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kStream)) return call.WrongType();
  ConsumerGroup* group = FindGroup(edit.entry(), call.arg(2));
  if (group == nullptr) return call.reply.Integer(0);
  constexpr size_t kFirstId = 3;
  if (!call.HaveRoom(call.argc() * sizeof(StreamId))) return;
  std::vector<StreamId> ids;
  ids.reserve(call.argc() - kFirstId);
  Arguments in(call, kFirstId);
  while (in.More()) ids.push_back(ReadStreamId(in));
  if (!in.ok()) return;
  edit.Value();
  uint64_t acknowledged = 0;
  for (const StreamId id : ids) acknowledged += group->Acknowledge(id) ? 1 : 0;
  edit.ChangedAside(acknowledged);
  call.reply.Integer(static_cast<int64_t>(acknowledged));
}

// --- XPENDING ---

struct PendingQuery {
  int64_t idle_ms_min = 0;
  StreamId from;
  StreamId to;
  uint64_t count = 0;
  bool of_consumer = false;
  std::string_view consumer;
};

// [IDLE ms] start end count [consumer], in the order in which Redis finds errors. False after
// replying one.
bool ReadPendingQuery(Call& call, PendingQuery* query) {
  size_t first = 3;
  if (base::EqualsIgnoreCase(call.arg(first), "IDLE")) {
    Arguments in(call, first + 1);
    query->idle_ms_min = in.Int();
    constexpr size_t kWithIdleMin = 8;
    if (in.ok() && call.argc() < kWithIdleMin) in.Fail(errors::kSyntax);
    if (!in.ok()) return false;
    first += 2;
  }
  Arguments count(call, first + 2);
  query->count = static_cast<uint64_t>(std::max<int64_t>(count.Int(), 0));
  if (!count.ok()) return false;
  Arguments range(call, first);
  query->from = ReadRangeStart(range);
  query->to = ReadRangeEnd(range);
  if (!range.ok()) return false;
  query->of_consumer = first + 3 < call.argc();
  if (query->of_consumer) query->consumer = call.arg(first + 3);
  return true;
}

void ReplyPendingSummary(resp::Writer& reply, const ConsumerGroup& group) {
  reply.Array(4);
  reply.Integer(static_cast<int64_t>(group.pending().size()));
  if (group.pending().empty()) {
    reply.Null();
    reply.Null();
    reply.NullArray();
    return;
  }
  PendingReader at(group.pending());
  ReplyStreamId(reply, at.id());
  at.SeekLast();
  ReplyStreamId(reply, at.id());
  uint64_t busy = 0;
  group.ForEachConsumer([&](const Consumer& consumer) { busy += !consumer.pending.empty(); });
  reply.Array(busy);
  group.ForEachConsumer([&](const Consumer& consumer) {
    if (consumer.pending.empty()) return;
    reply.Array(2);
    reply.Bulk(consumer.name);
    reply.BulkInteger(static_cast<int64_t>(consumer.pending.size()));
  });
}

void ReplyPending(Call& call, const ConsumerGroup& group, const PendingQuery& query) {
  const ds::RadixTree* list = &group.pending();
  if (query.of_consumer) {
    const Consumer* consumer = group.FindConsumer(query.consumer);
    if (consumer == nullptr) return call.reply.Array(0);
    list = &consumer->pending;
  }
  resp::Writer& reply = call.reply;
  const resp::Writer::Mark mark = reply.Begin();
  uint64_t replied = 0;
  for (PendingReader at(*list, query.from); at.valid() && replied < query.count; at.Next()) {
    const StreamId id = at.id();
    if (id > query.to || reply.buffer().failed()) break;
    const int64_t idle_ms = ElapsedMs(call.now_ms(), at->delivery_ms);
    if (query.idle_ms_min != 0 && idle_ms < query.idle_ms_min) continue;
    ++replied;
    reply.Array(4);
    ReplyStreamId(reply, id);
    reply.Bulk(at->owner->name);
    reply.Integer(std::max<int64_t>(idle_ms, 0));
    reply.Integer(static_cast<int64_t>(at->delivery_count));
  }
  reply.EndArray(mark, replied);
}

void Xpending(Call& call) {
  const bool summary = call.argc() == 3;
  if (!summary && (call.argc() < 6 || call.argc() > 9)) return call.SyntaxError();
  PendingQuery query;
  if (!summary && !ReadPendingQuery(call, &query)) return;
  Entry* entry;
  if (!FindCollection(call, call.arg(1), Type::kStream, &entry)) return;
  const ConsumerGroup* group = FindGroup(entry, call.arg(2));
  if (group == nullptr) return call.reply.Error(errors::NoSuchKeyOrGroup(call.arg(1), call.arg(2)));
  if (summary) return ReplyPendingSummary(call.reply, *group);
  ReplyPending(call, *group, query);
}

// --- XCLAIM ---

struct ClaimOptions {
  int64_t idle_ms_min = 0;
  std::vector<StreamId> ids;
  int64_t delivery_ms = -1;  // -1: now
  int64_t retry_count = -1;  // negative: one more, or with JUSTID as many as before
  StreamId last_id;
  bool force = false;
  bool just_id = false;
};

int64_t ReadIdleMin(Arguments& in, std::string_view error) {
  return std::max<int64_t>(in.Int(error), 0);
}

// min-idle-time id... options. False after replying an error.
bool ReadClaim(Call& call, ClaimOptions* options) {
  Arguments in(call, 4);
  options->idle_ms_min = ReadIdleMin(in, errors::kClaimMinIdle);
  if (!in.ok() || !call.HaveRoom(call.argc() * sizeof(StreamId))) return false;
  options->ids.reserve(in.left());
  for (; in.More(); in.Skip()) {
    const auto id = types::ParseStreamId(in.Peek(), 0);
    if (!id) break;  // perhaps an option
    options->ids.push_back(*id);
  }
  const int64_t now_ms = call.now_ms();
  while (in.More()) {
    if (in.Take("FORCE")) {
      options->force = true;
    } else if (in.Take("JUSTID")) {
      options->just_id = true;
    } else if (in.TakeWithValue("IDLE")) {
      options->delivery_ms = ElapsedMs(now_ms, in.Int(errors::kClaimIdle));
    } else if (in.TakeWithValue("TIME")) {
      options->delivery_ms = in.Int(errors::kClaimTime);
    } else if (in.TakeWithValue("RETRYCOUNT")) {
      options->retry_count = in.Int(errors::kClaimRetryCount);
    } else if (in.TakeWithValue("LASTID")) {
      options->last_id = ReadStreamId(in);
    } else {
      in.Fail(errors::UnknownClaimOption(in.Peek()));
    }
  }
  // A clock that is off is no reason to fail.
  if (options->delivery_ms < 0 || options->delivery_ms > now_ms) options->delivery_ms = now_ms;
  return in.ok();
}

// Heap bytes that the reply and the new pending messages of XCLAIM may take.
uint64_t ClaimBytes(const Stream& stream, const ClaimOptions& options) {
  uint64_t bytes = options.ids.size() * (types::kStreamIdCharsMax + types::kPendingBytesMax);
  if (options.just_id) return bytes;
  for (const StreamId id : options.ids) {
    StreamReader reader(stream, id, id);
    if (!reader.Next()) continue;
    reader.entry().ForEach([&](const ds::Item& field, const ds::Item& value) {
      bytes += field.TextSize() + value.TextSize() + 2 * base::kIntCharsMax;
    });
  }
  return bytes;
}

enum class ClaimOutcome : uint8_t {
  kUnchanged,
  kForgotten,  // the message is deleted, and no longer pending
  kClaimed,    // and replied
};

// Claims one message.
ClaimOutcome Claim(Call& call, const Stream& stream, ConsumerGroup& group, Consumer& consumer,
                   const ClaimOptions& options, StreamId id) {
  Pending* pending = group.FindPending(id);
  StreamReader reader(stream, id, id);
  if (!reader.Next()) {
    if (pending == nullptr) return ClaimOutcome::kUnchanged;
    RecordClaim(call, call.arg(1), group, id, *pending);
    group.Acknowledge(id);
    return ClaimOutcome::kForgotten;
  }
  if (pending == nullptr) {
    if (!options.force) return ClaimOutcome::kUnchanged;
    pending = &group.Deliver(id, consumer, call.now_ms());
  } else if (options.idle_ms_min != 0 &&
             ElapsedMs(call.now_ms(), pending->delivery_ms) < options.idle_ms_min) {
    return ClaimOutcome::kUnchanged;
  }
  group.Reassign(id, *pending, consumer);
  pending->delivery_ms = options.delivery_ms;
  if (options.retry_count >= 0) {
    pending->delivery_count = static_cast<uint64_t>(options.retry_count);
  } else if (!options.just_id) {
    pending->delivery_count += 1;
  }
  consumer.active_ms = call.now_ms();
  if (options.just_id) {
    ReplyStreamId(call.reply, id);
  } else {
    ReplyStreamEntry(call.reply, reader.entry());
  }
  RecordClaim(call, call.arg(1), group, id, *pending);
  return ClaimOutcome::kClaimed;
}

void Xclaim(Call& call) {
  call.keyspace.Find(call.db, call.arg(1));  // counted, and told, as a look-up
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kStream)) return call.WrongType();
  ConsumerGroup* group = FindGroup(edit.entry(), call.arg(2));
  if (group == nullptr) return call.reply.Error(errors::NoSuchKeyOrGroup(call.arg(1), call.arg(2)));
  ClaimOptions options;
  if (!ReadClaim(call, &options)) return;
  const std::string_view name = call.arg(3);
  if (!HasRoomForName(call, name)) return;
  if (!call.HaveRoomToKeep(ClaimBytes(Stream::Of(edit.entry()->data), options))) return;

  call.RecordNothing();  // but what follows
  const Stream& stream = Stream::Of(edit.Value());
  const bool progresses = options.last_id > group->last_id;
  if (progresses) group->last_id = options.last_id;
  Consumer& consumer = SeeConsumer(call, edit, *group, name);
  const resp::Writer::Mark mark = call.reply.Begin();
  uint64_t claimed = 0;
  uint64_t changes = 0;
  for (const StreamId id : options.ids) {
    const ClaimOutcome outcome = Claim(call, stream, *group, consumer, options, id);
    if (outcome != ClaimOutcome::kUnchanged) ++changes;
    if (outcome == ClaimOutcome::kClaimed) ++claimed;
  }
  call.reply.EndArray(mark, claimed);
  edit.ChangedAside(changes);
  // Records of claims tell last_id as well.
  if (progresses && changes == 0) {
    RecordProgress(call, call.arg(1), *group);
    edit.ChangedAside();
  }
}

// --- XAUTOCLAIM ---

// A message to be claimed, or one to be forgotten because its entry was deleted.
struct Found {
  StreamId id;
  Pending* pending;
  bool deleted;
};

struct AutoclaimOptions {
  int64_t idle_ms_min = 0;
  StreamId start;
  int64_t count = 100;
  bool just_id = false;
};

constexpr int64_t kAttemptsPerCount = 10;

// False after replying an error.
bool ReadAutoclaim(Call& call, AutoclaimOptions* options) {
  Arguments in(call, 4);
  options->idle_ms_min = ReadIdleMin(in, errors::kAutoclaimMinIdle);
  options->start = ReadRangeStart(in);
  constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / sizeof(StreamId);
  while (in.More()) {
    if (in.TakeWithValue("COUNT")) {
      options->count = in.IntIn(1, kCountMax, errors::kAutoclaimCount);
    } else if (in.Take("JUSTID")) {
      options->just_id = true;
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  return in.ok();
}

// Finds what to claim from options.start on and replies it, without changing anything. Returns
// where the next call goes on: 0-0 at the end of the list.
StreamId FindClaims(Call& call, const Stream& stream, const ConsumerGroup& group,
                    const AutoclaimOptions& options, std::vector<Found>* found) {
  const resp::Writer::Mark mark = call.reply.Begin();
  PendingReader at(group.pending(), options.start);
  int64_t attempts = options.count * kAttemptsPerCount;
  uint64_t claimed = 0;
  auto wanted = static_cast<uint64_t>(options.count);
  for (; at.valid() && attempts > 0 && wanted > 0; at.Next(), --attempts) {
    if (call.reply.buffer().failed()) break;
    const StreamId id = at.id();
    StreamReader reader(stream, id, id);
    const bool deleted = !reader.Next();
    if (!deleted && options.idle_ms_min != 0 &&
        ElapsedMs(call.now_ms(), at->delivery_ms) < options.idle_ms_min) {
      continue;
    }
    --wanted;
    found->push_back({id, &*at, deleted});
    if (deleted) continue;
    ++claimed;
    if (options.just_id) {
      ReplyStreamId(call.reply, id);
    } else {
      ReplyStreamEntry(call.reply, reader.entry());
    }
  }
  call.reply.EndArray(mark, claimed);
  return at.valid() ? at.id() : StreamId{};
}

void ApplyClaims(Call& call, ConsumerGroup& group, Consumer& consumer,
                 const std::vector<Found>& found, bool just_id) {
  for (const Found& each : found) {
    Pending& pending = *each.pending;
    if (!each.deleted) {
      group.Reassign(each.id, pending, consumer);
      pending.delivery_ms = call.now_ms();
      if (!just_id) pending.delivery_count += 1;
      consumer.active_ms = call.now_ms();
    }
    RecordClaim(call, call.arg(1), group, each.id, pending);
    if (each.deleted) group.Acknowledge(each.id);
  }
}

void Xautoclaim(Call& call) {
  AutoclaimOptions options;
  if (!ReadAutoclaim(call, &options)) return;
  call.keyspace.Find(call.db, call.arg(1));  // counted, and told, as a look-up
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kStream)) return call.WrongType();
  ConsumerGroup* group = FindGroup(edit.entry(), call.arg(2));
  if (group == nullptr) return call.reply.Error(errors::NoSuchKeyOrGroup(call.arg(1), call.arg(2)));
  // Redis sets an id aside for each of `count` messages; beyond any address space it refuses.
  constexpr int64_t kAddressBits = 47;
  if (options.count > (int64_t{1} << kAddressBits) / static_cast<int64_t>(sizeof(StreamId))) {
    return call.reply.Error(errors::kAutoclaimMemory);
  }
  const std::string_view name = call.arg(3);
  if (!HasRoomForName(call, name)) return;
  const uint64_t found_max =
      std::min(static_cast<uint64_t>(options.count), group->pending().size());
  if (!call.HaveRoomToKeep(found_max * (sizeof(Found) + types::kPendingBytesMax))) return;

  call.RecordNothing();  // but the claims
  const Stream& stream = Stream::Of(edit.Value());
  resp::Writer& reply = call.reply;
  reply.Array(3);
  const resp::Writer::Mark mark = reply.Begin();
  std::vector<Found> found;
  const StreamId next = FindClaims(call, stream, *group, options, &found);
  const types::StreamIdChars next_text(next);
  reply.buffer().InsertAt(mark.at, "$" + base::Int64Text(next_text.size) + "\r\n" +
                                       std::string(next_text.view()) + "\r\n");
  reply.Array(static_cast<uint64_t>(
      std::count_if(found.begin(), found.end(), [](const Found& each) { return each.deleted; })));
  for (const Found& each : found) {
    if (each.deleted) ReplyStreamId(reply, each.id);
  }
  if (reply.buffer().failed()) return;
  Consumer& consumer = SeeConsumer(call, edit, *group, name);
  ApplyClaims(call, *group, consumer, found, options.just_id);
  edit.ChangedAside(found.size());
}

constexpr CommandSpec kSpecs[] = {
    {.name = "xack",
     .handler = &Xack,
     .arity = -4,
     .group = Group::kStream,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key group id...",
     .complexity = "O(1) for each id",
     .summary = "Acknowledges messages: they are no longer pending. Returns how many were."},
    {.name = "xautoclaim",
     .handler = &Xautoclaim,
     .arity = -6,
     .group = Group::kStream,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .since = "6.2.0",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key group consumer min-idle-time start [COUNT count:integer] [JUSTID]",
     .tips = "nondeterministic_output",
     .complexity = "O(1) if COUNT is small",
     .summary = "Gives a consumer the pending messages that have been idle for long, from an id "
                "on."},
    {.name = "xclaim",
     .handler = &Xclaim,
     .arity = -6,
     .group = Group::kStream,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key group consumer min-idle-time id... [IDLE ms:integer] [TIME "
               "unix-time-milliseconds:unix-time] [RETRYCOUNT count:integer] [FORCE] [JUSTID] "
               "[LASTID lastid]",
     .tips = "nondeterministic_output",
     .complexity = "O(log N) for each id, N the number of pending messages",
     .summary = "Gives a consumer pending messages, whoever they were delivered to."},
    {.name = "xpending",
     .handler = &Xpending,
     .arity = -3,
     .group = Group::kStream,
     .flags = kReadonly,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key group [{filters [IDLE min-idle-time:integer~6.2.0] start end "
               "count:integer [consumer]}]",
     .tips = "nondeterministic_output",
     .complexity = "O(N), N the number of messages returned or passed over",
     .summary = "Tells which messages of a group are pending, and with whom."}};
static_assert(AllValid(kSpecs));

}  // namespace

Specs StreamPendingCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
