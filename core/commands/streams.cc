// Streams: adding, removing and trimming entries.
#include <algorithm>
#include <optional>
#include <vector>

#include "core/commands/all.h"
#include "core/commands/streams_shared.h"
#include "core/durability/durability.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using types::NewStreamId;
using types::Stream;
using types::StreamId;
using types::StreamTrim;
using types::Type;

// --- options of XADD and XTRIM ---

struct TrimOptions {
  StreamTrim trim;
  size_t trim_at = 0;  // argument that is the threshold
  bool limit_given = false;
  int64_t limit = 0;
  // XADD only
  bool no_create = false;
  std::optional<NewStreamId> id;  // none: "*"
  size_t id_at = 0;               // argument that is the id; none given: the end
};

// The threshold behind MAXLEN or MINID.
void ReadThreshold(Arguments& in, StreamTrim::Strategy strategy, TrimOptions* options) {
  StreamTrim& trim = options->trim;
  if (trim.strategy != StreamTrim::Strategy::kNone) return in.Fail(errors::kTrimTwice);
  trim.strategy = strategy;
  if (in.left() >= 2 && in.Take("~")) {
    trim.whole_nodes = true;
  } else if (in.left() >= 2) {
    in.Take("=");
  }
  options->trim_at = in.position();
  if (strategy == StreamTrim::Strategy::kMinId) {
    trim.min_id = ReadStreamId(in);
    return;
  }
  const int64_t length = in.Int();
  if (length < 0) in.Fail(errors::kTrimLengthNegative);
  trim.max_length = static_cast<uint64_t>(length);
}

// How many entries `~` may remove when it is not told: those of a hundred nodes.
uint64_t UsualLimit(const types::Limits& limits) {
  constexpr int64_t kUnlimitedNodes = 10'000;
  constexpr int64_t kMost = 1'000'000;
  const int64_t entries = limits.stream_node_max_entries;
  if (entries <= 0) return kUnlimitedNodes;
  return static_cast<uint64_t>(entries > kMost / 100 ? kMost : 100 * entries);
}

// Checks what only shows when all options are known, and sets the limit.
void FinishOptions(Call& call, Arguments& in, bool adds, TrimOptions* options) {
  StreamTrim& trim = options->trim;
  const bool trims = trim.strategy != StreamTrim::Strategy::kNone;
  if (options->limit != 0 && !trims) return in.Fail(errors::kTrimLimitAlone);
  if (!adds && !trims) return in.Fail(errors::kTrimNothing);
  // The thresholds of a log are those of what was done; Redis leaves LIMIT beside them.
  if (call.durability.is_loading()) return;
  if (options->limit_given && !trim.whole_nodes) return in.Fail(errors::kTrimLimitExact);
  if (options->limit_given) {
    trim.limit = static_cast<uint64_t>(options->limit);
  } else if (trim.whole_nodes) {
    trim.limit = UsualLimit(*call.context().limits);
  }
}

// Reads the options from argument 2 on, for XADD up to and with the id. False after an error.
bool ReadOptions(Call& call, bool adds, TrimOptions* options) {
  Arguments in(call, 2);
  options->id_at = call.argc();
  while (in.More()) {
    if (adds && in.Peek() == "*") {
      options->id_at = in.position();
      break;
    }
    if (in.TakeWithValue("MAXLEN")) {
      ReadThreshold(in, StreamTrim::Strategy::kMaxLength, options);
    } else if (in.TakeWithValue("MINID")) {
      ReadThreshold(in, StreamTrim::Strategy::kMinId, options);
    } else if (in.TakeWithValue("LIMIT")) {
      options->limit = in.Int();
      if (options->limit < 0) in.Fail(errors::kTrimLimitNegative);
      options->limit_given = true;
    } else if (adds && in.Take("NOMKSTREAM")) {
      options->no_create = true;
    } else if (adds) {
      options->id_at = in.position();
      options->id = types::ParseNewStreamId(in.Next());
      if (!options->id) in.Fail(errors::kInvalidStreamId);
      break;
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (in.ok()) FinishOptions(call, in, adds, options);
  return in.ok();
}

// The call with its arguments told precisely, for the journal: the id that was made, and instead of
// what `~` and LIMIT allow, what was done.
class PreciseCall {
 public:
  explicit PreciseCall(Call& call) : call_(call), arguments_(call.args.begin(), call.args.end()) {}

  void SetId(size_t at, StreamId id) { Set(at, id_.emplace(id).view()); }
  void SetTrim(const TrimOptions& options, const Stream& stream) {
    if (!options.trim.whole_nodes) return;
    Set(options.trim_at - 1, "=");
    if (options.trim.strategy == StreamTrim::Strategy::kMaxLength) {
      Set(options.trim_at, {digits_, base::FormatUint64(digits_, stream.length())});
    } else {
      Set(options.trim_at, min_id_.emplace(stream.FirstMarkedId()).view());
    }
    if (!options.limit_given) return;
    // LIMIT goes only with "~".
    const size_t options_end = options.id_at;
    for (size_t i = 2; i + 1 < options_end; ++i) {
      if (i == options.trim_at || !base::EqualsIgnoreCase(call_.arg(i), "LIMIT")) continue;
      left_out_.push_back(i);
      left_out_.push_back(++i);
    }
  }
  void Record() {
    for (; !left_out_.empty(); left_out_.pop_back()) {
      arguments_.erase(arguments_.begin() + static_cast<std::ptrdiff_t>(left_out_.back()));
    }
    call_.Record(arguments_);
  }

 private:
  void Set(size_t at, std::string_view text) { arguments_[at] = text; }

  Call& call_;
  std::vector<std::string_view> arguments_;
  std::vector<size_t> left_out_;
  std::optional<types::StreamIdChars> id_;
  std::optional<types::StreamIdChars> min_id_;
  char digits_[base::kIntCharsMax];
};

// --- XADD ---

// The id of the next entry; none if it would not be above `last`, which is not the highest.
std::optional<StreamId> NextId(const std::optional<NewStreamId>& wanted, StreamId last,
                               int64_t now_ms) {
  StreamId id;
  if (!wanted) {
    const auto now = static_cast<uint64_t>(now_ms);
    if (now > last.ms) return StreamId{now, 0};
    id = last;
    id.Increment();
    return id;
  }
  id = wanted->id;
  if (!wanted->seq_given && id.ms == last.ms) {
    id.seq = last.seq + 1;
    if (id.seq == 0) return std::nullopt;
  }
  if (id <= last) return std::nullopt;
  return id;
}

uint64_t TextBytes(std::span<const std::string_view> texts) {
  uint64_t bytes = 0;
  for (std::string_view text : texts) bytes += text.size();
  return bytes;
}

// What is owed after the entry `id` has been added.
void FinishAdd(Call& call, Edit& edit, Stream& stream, const TrimOptions& options, StreamId id) {
  edit.Changed(keyspace::kEventStream, "xadd");
  edit.WakeWaiters();
  if (stream.Trim(options.trim) > 0) {
    call.keyspace.Notify(keyspace::kEventStream, "xtrim", call.db, edit.key());
  }
  const bool made_id = !options.id || !options.id->seq_given;
  if (call.journaling() && (made_id || options.trim.whole_nodes)) {
    PreciseCall precise(call);
    if (made_id) precise.SetId(options.id_at, id);
    precise.SetTrim(options, stream);
    precise.Record();
  }
  ReplyStreamId(call.reply, id);
}

void Xadd(Call& call) {
  TrimOptions options;
  if (!ReadOptions(call, true, &options)) return;
  const size_t first_field = options.id_at + 1;
  if (call.argc() < first_field + 2 || (call.argc() - first_field) % 2 != 0) {
    return call.reply.Error(errors::WrongArity(call.spec.name));
  }
  if (options.id && options.id->seq_given && options.id->id.is_zero()) {
    return call.reply.Error(errors::kAddIdZero);
  }
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kStream)) return call.WrongType();
  if (!edit.exists() && options.no_create) return call.reply.Null();
  const bool creates = !edit.exists();
  const StreamId last = creates ? StreamId{} : Stream::Of(edit.entry()->data).last_id;
  if (last == StreamId::Highest()) return call.reply.Error(errors::kStreamIdsExhausted);
  const std::optional<StreamId> id = NextId(options.id, last, call.now_ms());
  if (!id) return call.reply.Error(errors::kAddIdTooSmall);
  const auto pairs = call.args.subspan(first_field);
  if (TextBytes(pairs) > types::kStreamNodeBytesMax)
    return call.reply.Error(errors::kEntryTooLarge);

  Stream& stream = Stream::Of(edit.Collection(types::Encoding::kStream));
  if (!stream.Add(*id, pairs, *call.context().limits)) {
    if (creates) edit.Delete();
    return call.OutOfMemory();
  }
  FinishAdd(call, edit, stream, options, *id);
}

// --- removing ---

void Xtrim(Call& call) {
  TrimOptions options;
  if (!ReadOptions(call, false, &options)) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kStream)) return call.WrongType();
  if (!edit.exists()) return call.reply.Integer(0);
  Stream& stream = Stream::Of(edit.Value());
  const uint64_t removed = stream.Trim(options.trim);
  if (removed > 0) {
    edit.Changed(keyspace::kEventStream, "xtrim", removed, keyspace::Tell::kAfter);
    if (call.journaling() && options.trim.whole_nodes) {
      PreciseCall precise(call);
      precise.SetTrim(options, stream);
      precise.Record();
    }
  }
  call.reply.Integer(static_cast<int64_t>(removed));
}

void Xdel(Call& call) {
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (edit.IsNot(Type::kStream)) return call.WrongType();
  if (!edit.exists()) return call.reply.Integer(0);
  Arguments in(call, 2);
  while (in.More()) ReadStreamId(in);
  if (!in.ok()) return;
  Stream& stream = Stream::Of(edit.Value());
  uint64_t removed = 0;
  for (std::string_view text : call.args.subspan(2)) {
    if (stream.Delete(*types::ParseStreamId(text, 0))) ++removed;
  }
  if (removed > 0) edit.Changed(keyspace::kEventStream, "xdel", removed);
  call.reply.Integer(static_cast<int64_t>(removed));
}

// --- XSETID ---

struct NewState {
  StreamId last_id;
  std::optional<uint64_t> entries_added;
  StreamId max_deleted_id;  // 0-0: as it is
};

// False after replying an error.
bool ReadNewState(Call& call, NewState* state) {
  Arguments in(call, 2);
  state->last_id = ReadStreamId(in);
  while (in.More()) {
    if (in.TakeWithValue("ENTRIESADDED")) {
      const int64_t count = in.Int();
      if (count < 0) in.Fail(errors::kEntriesAddedNegative);
      state->entries_added = static_cast<uint64_t>(count);
    } else if (in.TakeWithValue("MAXDELETEDID")) {
      state->max_deleted_id = ReadStreamId(in);
      if (state->last_id < state->max_deleted_id) in.Fail(errors::kSetIdBelowGivenDeleted);
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  return in.ok();
}

void Xsetid(Call& call) {
  NewState state;
  if (!ReadNewState(call, &state)) return;
  Edit edit(call.keyspace, call.db, call.arg(1));
  if (!edit.exists()) return call.reply.Error(errors::kNoSuchKey);
  if (edit.IsNot(Type::kStream)) return call.WrongType();
  const Stream& before = Stream::Of(edit.entry()->data);
  if (state.last_id < before.max_deleted_id) return call.reply.Error(errors::kSetIdBelowDeleted);
  if (before.length() > 0) {
    if (state.last_id < before.LastEntryId()) return call.reply.Error(errors::kSetIdBelowTop);
    if (state.entries_added && *state.entries_added < before.length()) {
      return call.reply.Error(errors::kEntriesAddedBelowLength);
    }
  }
  Stream& stream = Stream::Of(edit.Value());
  stream.last_id = state.last_id;
  if (state.entries_added) stream.entries_added = *state.entries_added;
  if (!state.max_deleted_id.is_zero()) stream.max_deleted_id = state.max_deleted_id;
  edit.ChangedAside(keyspace::kEventStream, "xsetid");
  call.reply.Ok();
}

constexpr CommandSpec kSpecs[] = {
    {.name = "xadd",
     .handler = &Xadd,
     .arity = -5,
     .group = Group::kStream,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key [NOMKSTREAM~6.2.0] [{trim <strategy MAXLEN | MINID~6.2.0> "
               "[<operator equal== | approximately=~>] threshold [LIMIT count:integer~6.2.0]}] "
               "<id-selector auto-id=* | id> {data field value}...",
     .tips = "nondeterministic_output",
     .complexity = "O(1) to add an entry; to trim, O(N) in the entries removed",
     .summary = "Appends an entry to a stream, creating the stream if needed."},
    {.name = "xdel",
     .handler = &Xdel,
     .arity = -3,
     .group = Group::kStream,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key id...",
     .complexity = "O(1) for each id, whatever the size of the stream",
     .summary = "Removes entries from a stream and returns how many there were."},
    {.name = "xsetid",
     .handler = &Xsetid,
     .arity = -3,
     .group = Group::kStream,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kUpdate, 1)}},
     .syntax = "key:key last-id [ENTRIESADDED entries-added:integer~7.0.0] "
               "[MAXDELETEDID max-deleted-id~7.0.0]",
     .complexity = "O(1)",
     .summary = "Sets the last id of a stream, for use inside replication and loading."},
    {.name = "xtrim",
     .handler = &Xtrim,
     .arity = -4,
     .group = Group::kStream,
     .flags = kWrite,
     .categories = kCatStream,
     .since = "5.0.0",
     .keys = {{Keys(kRw | kDelete, 1)}},
     .syntax = "key:key {trim <strategy MAXLEN | MINID~6.2.0> "
               "[<operator equal== | approximately=~>] threshold [LIMIT count:integer~6.2.0]}",
     .tips = "nondeterministic_output",
     .complexity = "O(N) in the entries removed",
     .summary = "Removes entries from the beginning of a stream."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs StreamCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
