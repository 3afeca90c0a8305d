// DEBUG: what tests and bug hunts need. Off unless enable-debug-command allows it.
#include <cstdlib>
#include <limits>
#include <string>

#include "core/base/alloc.h"
#include "core/base/ascii.h"
#include "core/base/numbers.h"
#include "core/base/printf_number.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/connection.h"
#include "core/commands/data_digest.h"
#include "core/commands/debug_internals.h"
#include "core/commands/help.h"
#include "core/durability/durability.h"
#include "core/keyspace/access.h"
#include "core/scripting/scripting.h"
#include "core/services/config_value.h"
#include "core/services/reply_rooms.h"
#include "core/types/list.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Edit;
using keyspace::Entry;

// As C's atoi: what is no number is 0.
int64_t LooseInt(std::string_view text) {
  size_t digits = text.starts_with('-') ? 1 : 0;
  while (digits < text.size() && base::IsDigit(text[digits])) ++digits;
  return base::ParseInt64(text.substr(0, digits)).value_or(0);
}

void Sleep(Call& call) {
  const double seconds = base::ParseDouble(call.arg(2)).value_or(0);
  constexpr double kSecondsMax = 1e6;
  if (seconds > 0) {
    call.host.clock.SleepUs(static_cast<int64_t>(std::min(seconds, kSecondsMax) * 1e6));
  }
  call.reply.Ok();
}

void SetActiveExpire(Call& call) {
  call.services.config.mutable_settings().active_expire = LooseInt(call.arg(2)) != 0;
  call.reply.Ok();
}

void PauseCron(Call& call) {
  call.services.config.mutable_settings().chores_paused = LooseInt(call.arg(2)) != 0;
  call.reply.Ok();
}

void SetSkipChecksums(Call& call) {
  call.services.config.mutable_settings().skip_checksums = LooseInt(call.arg(2)) != 0;
  call.reply.Ok();
}

void SetDisableDenyScripts(Call& call) {
  call.scripting.set_allows_all_commands(LooseInt(call.arg(2)) != 0);
  call.reply.Ok();
}

void ChangeReplicationId(Call& call) {
  call.services.identity.replication_id = services::NewId(*call.context().prng);
  call.reply.Ok();
}

// REPLYBUFFER PEAK-RESET-TIME <milliseconds|NEVER|RESET> | RESIZING <0|1>.
void ReplyBuffer(Call& call) {
  Arguments in(call, 2);
  services::ReplyRooms& rooms = call.services.reply_rooms;
  if (in.Take("PEAK-RESET-TIME")) {
    if (in.Take("NEVER")) {
      rooms.set_peak_ms(-1);
    } else if (in.Take("RESET")) {
      rooms.set_peak_ms(services::ReplyRooms::kUsualPeakMs);
    } else {
      const int64_t peak_ms = in.Int();
      if (!in.ok()) return;
      rooms.set_peak_ms(peak_ms);
    }
  } else if (in.Take("RESIZING")) {
    rooms.set_resizing(LooseInt(in.Peek()) != 0);
  } else {
    return call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "DEBUG"));
  }
  call.reply.Ok();
}

// SEGFAULT, ASSERT, PANIC, OOM: the process ends as if by this signal, after it has told so.
void Crash(Call& call) {
  if (!call.services.identity.standalone) return call.reply.Error(errors::kCrashEmbedded);
  const bool fault = base::EqualsIgnoreCase(call.arg(1), "segfault");
  call.services.effects.Add({.kind = services::Effect::Kind::kCrash,
                             .name = fault ? "SIGSEGV" : "SIGABRT",
                             .value = "DEBUG " + base::UpperCopy(call.arg(1))});
}

void Log(Call& call) {
  call.host.log.Write(host::LogLevel::kWarning, "DEBUG LOG: " + std::string(call.arg(2)));
  call.reply.Ok();
}

// RELOAD [MERGE] [NOFLUSH] [NOSAVE]: the data set is saved and loaded again.
void Reload(Call& call) {
  Arguments in(call, 2);
  durability::Durability::ReloadOptions options;
  while (in.More()) {
    if (in.Take("MERGE")) {
      options.merges = true;
    } else if (in.Take("NOFLUSH")) {
      options.flushes = false;
    } else if (in.Take("NOSAVE")) {
      options.saves = false;
    } else {
      return call.reply.Error(errors::kReloadOptions);
    }
  }
  const base::Status status = call.durability.Reload(call.session.id, options);
  if (!status.ok()) return call.reply.Error(status.error());
  call.waits_for_host = true;
}

void LogFlushSleep(Call& call) {
  call.durability.log().set_flush_sleep_us(LooseInt(call.arg(2)));
  call.reply.Ok();
}

void ReloadLog(Call& call) {
  const base::Status status = call.durability.ReloadLog(call.session.id);
  if (!status.ok()) return call.reply.Error(status.error());
  call.waits_for_host = true;
}

void ReplyError(Call& call) { call.reply.Error(call.arg(2)); }

// Bytes that a length takes in front of a string in an RDB file.
uint64_t LengthPrefixBytes(uint64_t length) {
  if (length < 64) return 1;
  if (length < 16384) return 2;
  return length <= std::numeric_limits<uint32_t>::max() ? 5 : 9;
}

// A string as an RDB file holds it, without compression; of collections, the heap they take.
uint64_t SerializedBytes(const Entry& entry) {
  if (!entry.IsString()) return types::ValueMemoryBytes(entry.encoding, entry.data, 0);
  if (entry.encoding == types::Encoding::kInt) {
    const int64_t value = entry.IntValue();
    if (value == static_cast<int8_t>(value)) return 2;
    if (value == static_cast<int16_t>(value)) return 3;
    if (value == static_cast<int32_t>(value)) return 5;
  }
  const uint64_t bytes = keyspace::StringBytes(entry);
  return LengthPrefixBytes(bytes) + bytes;
}

// What is known of the nodes of a long list.
std::string QuickListFacts(const ds::QuickList& list) {
  const double average = static_cast<double>(list.size()) / static_cast<double>(list.node_count());
  return " ql_nodes:" + base::Int64Text(list.node_count()) +
         " ql_avg_node:" + base::FixedText(average, 2) +
         " ql_listpack_max:" + base::Int64Text(list.node_limit()) +
         " ql_compressed:" + (list.compress_depth() != 0 ? "1" : "0") +
         " ql_uncompressed_size:" + base::Int64Text(static_cast<int64_t>(list.ListpackBytes()));
}

void Object(Call& call) {
  // An expired key, too, as long as it is there.
  Entry* entry = call.keyspace.Peek(call.db, call.arg(2));
  if (entry == nullptr) return call.reply.Error(errors::kNoSuchKey);
  const uint32_t clock = entry->lru[0] | entry->lru[1] << 8 | uint32_t{entry->lru[2]} << 16;
  char address[2 + 16 + 1] = "0x";
  size_t length = 2;
  for (int shift = static_cast<int>(sizeof(void*)) * 8 - 4; shift >= 0; shift -= 4) {
    const auto digit = (reinterpret_cast<uintptr_t>(entry) >> shift) & 15;
    if (digit != 0 || length > 2) address[length++] = "0123456789abcdef"[digit];
  }
  const bool lfu = call.keyspace.access().lfu;
  std::string text = "Value at:" + std::string(address, length) + " refcount:1 encoding:";
  text += types::EncodingName(entry->encoding);
  text += " serializedlength:" + base::Int64Text(static_cast<int64_t>(SerializedBytes(*entry)));
  text += " lru:" + base::Int64Text(clock);
  const uint64_t idle = lfu ? 0 : keyspace::IdleSeconds(*entry, call.now_ms());
  text += " lru_seconds_idle:" + base::Int64Text(static_cast<int64_t>(idle));
  if (entry->encoding == types::Encoding::kListQuicklist) {
    text += QuickListFacts(*types::List(entry->value(), call.context()).quick_list());
  }
  call.reply.Simple(text);
}

void SetPlainThreshold(Call& call) {
  constexpr uint64_t kMost = (uint64_t{1} << 32) - (uint64_t{1} << 20);
  const auto bytes = services::ParseMemory(call.arg(2));
  if (!bytes || *bytes > kMost) {
    return call.reply.Error(errors::kPackedThreshold);
  }
  types::Limits& limits = call.services.config.mutable_settings().limits;
  limits.list_plain_bytes_min = *bytes != 0 ? *bytes : types::Limits{}.list_plain_bytes_min;
  call.reply.Ok();
}

// LISTPACK and QUICKLIST: Redis prints the structure where its log goes; here its outline is
// logged.
void ListStructure(Call& call) {
  Entry* entry =
      call.keyspace.Find(call.db, call.arg(2), keyspace::kLookupNoTouch | keyspace::kLookupNoStats);
  if (entry == nullptr) return call.reply.Error(errors::kNoSuchKey);
  const bool wants_nodes = base::EqualsIgnoreCase(call.arg(1), "quicklist");
  const std::string_view name = wants_nodes ? "quicklist" : "listpack";
  if (!types::EncodingName(entry->encoding).starts_with(name)) {  // or listpackex
    return call.reply.Error(errors::NotEncodedAs(name));
  }
  std::string outline =
      "elements:" +
      base::Int64Text(static_cast<int64_t>(types::ValueSize(entry->encoding, entry->data)));
  if (wants_nodes) {
    outline += QuickListFacts(*types::List(entry->value(), call.context()).quick_list());
  }
  call.host.log.Write(host::LogLevel::kNotice, outline);
  call.reply.Simple(wants_nodes ? "Quicklist structure printed on stdout"
                                : "Listpack structure printed on stdout");
}

void Digest(Call& call) { call.reply.Simple(base::HexText(DatasetDigest(call.keyspace))); }

void DigestValue(Call& call) {
  call.reply.Array(call.argc() - 2);
  for (size_t i = 2; i < call.argc(); ++i) {
    // Not a look-up: what has expired but is still there has a digest.
    Entry* entry = call.db.entries().Find(call.arg(i));
    const base::Sha1Digest digest =
        entry == nullptr ? base::Sha1Digest{} : ValueDigest(call.keyspace, *entry);
    call.reply.Simple(base::HexText(digest));
  }
}

// POPULATE count [prefix] [size]: strings "value:0" ... under keys that do not exist yet.
void Populate(Call& call) {
  Arguments in(call, 2);
  const int64_t count = in.IntIn(0, std::numeric_limits<int32_t>::max(), errors::kMustBePositive);
  const std::string prefix(in.More() ? in.Next() : "key");
  const int64_t size = in.More() ? in.IntIn(0, int64_t{512} << 20, errors::kMustBePositive) : 0;
  if (!in.ok()) return;
  call.RecordNothing();
  const auto pair_bytes = static_cast<uint64_t>(size) + prefix.size();
  for (int64_t i = 0; i < count; ++i) {
    if (base::HeapExhausted() || !base::HaveRoom(4 * pair_bytes)) return call.OutOfMemory();
    const std::string number = ":" + base::Int64Text(i);
    const std::string key = prefix + number;
    std::string value = "value" + number;
    if (size > 0) value.resize(static_cast<size_t>(size));
    Edit edit(call.keyspace, call.db, key);
    if (edit.exists()) continue;
    if (!edit.SetString(value)) return call.OutOfMemory();
    edit.Changed();
  }
  call.reply.Ok();
}

// PROTOCOL type: a sample of each kind of reply, for tests of clients.
void Protocol(Call& call) {
  resp::Writer& reply = call.reply;
  const std::string type = base::LowerCopy(call.arg(2));
  if (type == "string") return reply.Bulk("Hello World");
  if (type == "integer") return reply.Integer(12345);
  if (type == "double") return reply.Double(3.141);
  if (type == "null") return reply.Null();
  if (type == "array" || type == "set") {
    type == "set" ? reply.Set(3) : reply.Array(3);
    for (int i = 0; i < 3; ++i) reply.Integer(i);
    return;
  }
  if (type == "map") {
    reply.Map(3);
    for (int i = 0; i < 3; ++i) {
      reply.Integer(i);
      reply.Bool(i == 1);
    }
    return;
  }
  if (type == "attrib") {
    if (reply.protocol() > 2) {
      reply.Attribute(1);
      reply.Bulk("key-popularity");
      reply.Array(2);
      reply.Bulk("key:123");
      reply.Integer(90);
    }
    return reply.Bulk("Some real reply following the attribute");
  }
  if (type == "push") {
    if (reply.protocol() == 2) {
      return reply.Error(errors::kNeedsResp3);
    }
    reply.Bulk("Some real reply following the push reply");
    reply.Push(2);
    reply.Bulk("server-cpu-usage");
    return reply.Integer(42);
  }
  if (type == "true" || type == "false") return reply.Bool(type == "true");
  if (type == "verbatim") return reply.Verbatim("txt", "This is a verbatim\nstring");
  if (type == "bignum") return reply.BigNumber("1234567999999999999999999999999999999");
  reply.Error(errors::kProtocolType);
}

void Help(Call& call) {
  ReplyHelp(call, {
                      "AOF-FLUSH-SLEEP <microseconds>",
                      "    Make each write to the append-only file slow.",
                      "ASSERT | OOM | PANIC | SEGFAULT",
                      "    End the server as if it had crashed.",
                      "CHANGE-REPL-ID",
                      "    Change the id of the data's history.",
                      "CONFIG-REWRITE-FORCE-ALL",
                      "    As CONFIG REWRITE, with all directives.",
                      "DIGEST",
                      "    A fingerprint of all data.",
                      "DIGEST-VALUE <key> [<key> ...]",
                      "    Fingerprints of the values of keys.",
                      "ERROR <string>",
                      "    Reply the error <string>.",
                      "HTSTATS <dbid> [full]",
                      "    How the hash table of a database lies.",
                      "HTSTATS-KEY <key> [full]",
                      "    How the hash table of a value lies.",
                      "LISTPACK <key>",
                      "    Log the outline of a value that is packed into one block.",
                      "LOADAOF",
                      "    Load the data again from the append-only file.",
                      "LOG <message>",
                      "    Write a line into the server's log.",
                      "OBJECT <key>",
                      "    What is known of a value: encoding, size, last access.",
                      "PAUSE-CRON <0|1>",
                      "    Whether what is done in the background rests.",
                      "POPULATE <count> [<prefix>] [<size>]",
                      "    Create string keys named <prefix>:<number>.",
                      "PROTOCOL <type>",
                      "    Reply a sample: string|integer|double|bignum|null|array|set|map|",
                      "    attrib|push|verbatim|true|false.",
                      "QUICKLIST <key> [<0|1>]",
                      "    Log the outline of a long list.",
                      "QUICKLIST-PACKED-THRESHOLD <size>",
                      "    From which size on elements of lists are nodes of their own; 0: 1gb.",
                      "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
                      "    Save all data and load it again.",
                      "REPLYBUFFER PEAK-RESET-TIME <milliseconds|NEVER|RESET>",
                      "    For how long a large reply counts when output buffers shrink.",
                      "REPLYBUFFER RESIZING <0|1>",
                      "    Whether the output buffers of clients shrink and grow.",
                      "SDSLEN <key>",
                      "    The bytes of a key and of its string.",
                      "SET-ACTIVE-EXPIRE <0|1>",
                      "    Whether keys past their time are removed without being asked for.",
                      "SET-DISABLE-DENY-SCRIPTS <0|1>",
                      "    With 1 scripts may call commands that are not made for them.",
                      "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
                      "    Whether RESTORE takes payloads with a wrong checksum.",
                      "SLEEP <seconds>",
                      "    Stop serving for some time; decimals are allowed.",
                      "STRINGMATCH-TEST",
                      "    Match random patterns with random strings.",
                      "STRUCTSIZE",
                      "    The bytes of what there are many of.",
                  });
}

struct Subcommand {
  std::string_view name;
  size_t argc_min;
  size_t argc_max;
  void (*run)(Call&);
};
constexpr size_t kManyArguments = std::numeric_limits<size_t>::max();

constexpr Subcommand kSubcommands[] = {
    {"AOF-FLUSH-SLEEP", 3, 3, &LogFlushSleep},
    {"ASSERT", 2, 2, &Crash},
    {"CHANGE-REPL-ID", 2, 2, &ChangeReplicationId},
    {"CONFIG-REWRITE-FORCE-ALL", 2, 2, [](Call& call) { RewriteConfig(call, true); }},
    {"DIGEST", 2, 2, &Digest},
    {"DIGEST-VALUE", 2, kManyArguments, &DigestValue},
    {"ERROR", 3, 3, &ReplyError},
    {"HELP", 2, 2, &Help},
    {"HTSTATS", 3, kManyArguments, &DebugHtstats},
    {"HTSTATS-KEY", 3, kManyArguments, &DebugHtstatsKey},
    {"LISTPACK", 3, 3, &ListStructure},
    {"LOADAOF", 2, 2, &ReloadLog},
    {"LOG", 3, 3, &Log},
    {"OBJECT", 3, 3, &Object},
    {"OOM", 2, 2, &Crash},
    {"PANIC", 2, 2, &Crash},
    {"PAUSE-CRON", 3, 3, &PauseCron},
    {"POPULATE", 3, 5, &Populate},
    {"PROTOCOL", 3, 3, &Protocol},
    {"QUICKLIST", 3, 4, &ListStructure},
    {"QUICKLIST-PACKED-THRESHOLD", 3, 3, &SetPlainThreshold},
    {"RELOAD", 2, kManyArguments, &Reload},
    {"REPLYBUFFER", 4, 4, &ReplyBuffer},
    {"SDSLEN", 3, 3, &DebugSdslen},
    {"SEGFAULT", 2, 2, &Crash},
    {"SET-ACTIVE-EXPIRE", 3, 3, &SetActiveExpire},
    {"SET-DISABLE-DENY-SCRIPTS", 3, 3, &SetDisableDenyScripts},
    {"SET-SKIP-CHECKSUM-VALIDATION", 3, 3, &SetSkipChecksums},
    {"SLEEP", 3, 3, &Sleep},
    {"STRINGMATCH-TEST", 2, 2, &DebugStringmatchTest},
    {"STRUCTSIZE", 2, 2, &DebugStructsize},
};

void Debug(Call& call) {
  const std::string& allowed = call.services.settings().enable_debug_command;
  if (allowed == "no" || (allowed == "local" && !IsLocal(call.session))) {
    return call.reply.Error(errors::CommandDisabled("DEBUG", "enable-debug-command"));
  }
  for (const Subcommand& subcommand : kSubcommands) {
    if (base::EqualsIgnoreCase(subcommand.name, call.arg(1)) &&
        call.argc() >= subcommand.argc_min && call.argc() <= subcommand.argc_max) {
      return subcommand.run(call);
    }
  }
  call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "DEBUG"));
}

constexpr CommandSpec kSpecs[] = {
    {.name = "debug",
     .handler = &Debug,
     .arity = -2,
     .group = Group::kServer,
     .flags = kAdmin | kNoScript | kLoading | kStale | kProtected | kSyscmd,
     .since = "1.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "What tests and bug hunts need."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs DebugCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
