// DUMP and RESTORE: one value as bytes that any server of Redis's kind understands.
#include <optional>
#include <string>
#include <vector>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/keyspace/access.h"
#include "core/persist/payload.h"
#include "core/persist/value.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;

// Writes straight into the reply: a dumped value is held once.
class ReplySink final : public persist::Sink {
 public:
  explicit ReplySink(resp::Writer& reply) : reply_(reply) {}
  void Append(std::string_view bytes) override { reply_.Raw(bytes); }

 private:
  resp::Writer& reply_;
};

void Dump(Call& call) {
  Entry* entry = call.keyspace.Find(call.db, call.arg(1));
  if (entry == nullptr) return call.reply.Null();
  const services::Settings& settings = call.services.settings();
  const persist::WriteOptions options{
      .version = persist::VersionFor(*entry, static_cast<int>(settings.rdb_version)),
      .compress = settings.rdbcompression};
  resp::Writer& reply = call.reply;
  const resp::Writer::Mark start = reply.Begin();
  ReplySink sink(reply);
  persist::Writer out(sink, options);
  out.Byte(static_cast<uint8_t>(persist::SavedType(*entry, options.version)));
  persist::SaveValue(out, *entry, call.context());
  if (out.failed()) {
    reply.Withdraw(start);
    return call.OutOfMemory();
  }
  if (reply.buffer().failed()) return;  // the engine replies that there is no memory
  const std::string footer =
      persist::PayloadFooter(reply.buffer().view().substr(start.at), options.version);
  reply.Raw(footer);
  const uint64_t bytes = reply.buffer().size() - start.at;
  reply.buffer().InsertAt(start.at, "$" + base::Int64Text(static_cast<int64_t>(bytes)) + "\r\n");
  reply.Raw("\r\n");
}

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
  int64_t idle_seconds = -1;  // -1: not given
  int64_t frequency = -1;
};

// None after replying the error.
std::optional<RestoreOptions> ReadOptions(Call& call) {
  RestoreOptions options;
  Arguments in(call, 4);
  while (in.More()) {
    if (in.Take("REPLACE")) {
      options.replace = true;
    } else if (in.Take("ABSTTL")) {
      options.absolute = true;
    } else if (options.frequency < 0 && in.TakeWithValue("IDLETIME")) {
      options.idle_seconds = in.Int();
      if (options.idle_seconds < 0) in.Fail(errors::kInvalidIdletime);
    } else if (options.idle_seconds < 0 && in.TakeWithValue("FREQ")) {
      options.frequency = in.Int();
      if (options.frequency < 0 || options.frequency > 255) in.Fail(errors::kInvalidFreq);
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (!in.ok()) return std::nullopt;
  return options;
}

void NoteAccess(Call& call, Entry& entry, const RestoreOptions& options) {
  const keyspace::AccessPolicy& policy = call.keyspace.access();
  if (policy.lfu && options.frequency >= 0) {
    keyspace::SetFrequency(entry, static_cast<uint8_t>(options.frequency), call.now_ms());
  } else if (!policy.lfu && options.idle_seconds >= 0) {
    keyspace::SetIdleSeconds(entry, options.idle_seconds, call.now_ms());
  }
}

// The end of life is recorded as an instant.
void RecordRestore(Call& call, int64_t expire_at_ms, const RestoreOptions& options) {
  if (expire_at_ms == 0 || options.absolute || !call.journaling()) return;
  const std::string time = base::Int64Text(expire_at_ms);
  std::vector<std::string_view> record(call.args.begin(), call.args.end());
  record[2] = time;
  record.push_back("ABSTTL");
  call.Record(record);
}

// A value that is past its time is not stored; what it would have replaced goes all the same.
void DropReplaced(Call& call, Edit& edit) {
  const bool lazy = call.keyspace.lazy_server_delete;
  if (!edit.Delete(lazy)) return;
  edit.Changed(keyspace::kEventGeneric, "del");
  call.Record({lazy ? "UNLINK" : "DEL", edit.key()});
}

void Store(Call& call, const RestoreOptions& options, Edit& edit, int64_t ttl_ms,
           persist::LoadedValue& value) {
  // As in Redis the sum may wrap; the result is then in the past.
  const int64_t expire_at_ms = ttl_ms == 0 || options.absolute
                                   ? ttl_ms
                                   : static_cast<int64_t>(static_cast<uint64_t>(ttl_ms) +
                                                          static_cast<uint64_t>(call.now_ms()));
  if (expire_at_ms != 0 && call.keyspace.IsPast(expire_at_ms)) {
    DropReplaced(call, edit);
    return call.reply.Ok();
  }
  if (expire_at_ms != 0 && !edit.HasRoomForExpiry()) return call.OutOfMemory();
  edit.Delete(call.keyspace.lazy_server_delete);
  value.PutInto(edit);
  if (expire_at_ms != 0) edit.SetExpiry(expire_at_ms);
  NoteAccess(call, *edit.entry(), options);
  edit.Changed(keyspace::kEventGeneric, "restore");
  RecordRestore(call, expire_at_ms, options);
  call.reply.Ok();
}

void LogFault(Call& call, const persist::Reader& reader, persist::Fault fault) {
  std::string_view cause = reader.cause();
  if (fault == persist::Fault::kEmpty) cause = "Empty collection";
  if (fault == persist::Fault::kCutShort) cause = "The value is cut short";
  call.host.log.Write(host::LogLevel::kVerbose,
                      "RESTORE of a damaged value: " + std::string(cause));
}

void Restore(Call& call) {
  const std::optional<RestoreOptions> options = ReadOptions(call);
  if (!options) return;
  Edit edit(call.keyspace, call.db, call.arg(1),
            options->replace ? keyspace::Expired::kStays : keyspace::Expired::kGoes);
  if (edit.exists() && !options->replace) return call.reply.Error(errors::kBusyKey);
  Arguments in(call, 2);
  const int64_t ttl_ms = in.Int();
  if (ttl_ms < 0) in.Fail(errors::kInvalidTtl);
  if (!in.ok()) return;
  const std::optional<std::string_view> body =
      persist::PayloadBody(call.arg(3), !call.services.settings().skip_checksums);
  if (!body) return call.reply.Error(errors::kDumpPayload);
  persist::Reader reader(*body);
  persist::LoadedValue value;
  const uint8_t type = reader.Byte();
  const persist::Fault fault = persist::LoadValue(reader, type, call.context(), value);
  if (fault == persist::Fault::kOutOfMemory) return call.OutOfMemory();
  if (fault != persist::Fault::kNone) {
    LogFault(call, reader, fault);
    return call.reply.Error(errors::kDumpFormat);
  }
  Store(call, *options, edit, ttl_ms, value);
}

constexpr std::string_view kRestoreSyntax =
    "key:key ttl:integer serialized-value [REPLACE~3.0.0] [ABSTTL~5.0.0] "
    "[IDLETIME seconds:integer~5.0.0] [FREQ frequency:integer~5.0.0]";
constexpr std::string_view kRestoreComplexity =
    "O(1) to make the key, O(N*M) to read the value: N parts of M bytes on average. Sorted sets: "
    "O(N*M*log(N)).";

constexpr CommandSpec kSpecs[] = {
    {.name = "dump",
     .handler = &Dump,
     .arity = 2,
     .group = Group::kGeneric,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .since = "2.6.0",
     .keys = {{Keys(kRo | kAccess, 1)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output",
     .complexity =
         "O(1) to find the key, O(N*M) to write the value: N parts of M bytes on average.",
     .summary = "Gives a value in a serialized form that RESTORE reads."},
    {.name = "restore",
     .handler = &Restore,
     .arity = -4,
     .group = Group::kGeneric,
     .flags = kWrite | kDenyOom,
     .categories = kCatDangerous | kCatKeyspace,
     .since = "2.6.0",
     .keys = {{Keys(kOw | kUpdate, 1)}},
     .syntax = kRestoreSyntax,
     .complexity = kRestoreComplexity,
     .summary = "Makes a key of a value that DUMP serialized."},
    {.name = "restore-asking",
     .handler = &Restore,
     .arity = -4,
     .group = Group::kServer,
     .flags = kWrite | kDenyOom | kAsking | kSyscmd,
     .categories = kCatDangerous | kCatKeyspace,
     .since = "3.0.0",
     .keys = {{Keys(kOw | kUpdate, 1)}},
     .syntax = kRestoreSyntax,
     .complexity = kRestoreComplexity,
     .summary = "RESTORE as a cluster sends it to the node a key moves to."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs DumpCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
