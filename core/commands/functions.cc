// FCALL, FCALL_RO and FUNCTION. A handler finds the function; the engine runs it.
#include <algorithm>
#include <string>

#include "core/base/glob.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/help.h"
#include "core/persist/payload.h"
#include "core/persist/reader.h"
#include "core/persist/writer.h"
#include "core/scripting/scripting.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using scripting::Function;
using scripting::Library;

// In front of a library, where RDB files have the type of a value.
constexpr uint8_t kLibraryCode = 0xf5;
constexpr uint8_t kPreGaCode = 0xf6;

void FcallAs(Call& call, bool read_only) {
  const Function* function = call.scripting.libraries().Find(call.arg(1));
  if (function == nullptr) return call.reply.Error(errors::kFunctionNotFound);
  Arguments in(call, 2);
  const int64_t count = in.Int(errors::kFunctionKeyCount);
  if (count > static_cast<int64_t>(call.argc()) - 3) in.Fail(errors::kScriptKeysTooMany);
  if (count < 0) in.Fail(errors::kScriptKeysNegative);
  if (!in.ok()) return;
  const auto key_count = static_cast<size_t>(count);
  call.RecordNothing();  // its commands are
  call.runs_script = true;
  call.scripting.Request({.interpreter = &call.scripting.libraries().interpreter(),
                          .reference = function->reference,
                          .name = function->name,
                          .flags = function->flags,
                          .read_only = read_only,
                          .keys = call.args.subspan(3, key_count),
                          .arguments = call.args.subspan(3 + key_count)});
}

void Fcall(Call& call) { FcallAs(call, false); }
void FcallRo(Call& call) { FcallAs(call, true); }

void FunctionLoad(Call& call) {
  Arguments in(call, 2);
  bool replace = false;
  while (in.left() > 1) {
    if (!in.Take("REPLACE")) {
      return call.reply.Error(errors::UnknownFunctionOption(in.Peek()));
    }
    replace = true;
  }
  const auto loaded = call.scripting.libraries().Load(in.Next(), replace);
  if (!loaded) return call.reply.Error(loaded.error());
  call.keyspace.CountChange();
  call.reply.Bulk(*loaded);
}

void FunctionDelete(Call& call) {
  if (!call.scripting.libraries().Delete(call.arg(2))) {
    return call.reply.Error(errors::kLibraryNotFound);
  }
  call.keyspace.CountChange();
  call.reply.Ok();
}

void FunctionFlush(Call& call) {
  if (call.argc() > 3) {
    return call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "FUNCTION"));
  }
  Arguments in(call, 2);
  if (in.More() && !in.Take("SYNC") && !in.Take("ASYNC")) {
    return call.reply.Error(errors::kFunctionFlushMode);
  }
  call.scripting.libraries().Clear();
  call.keyspace.CountChange();
  call.reply.Ok();
}

void DescribeFunction(resp::Writer& reply, const Function& function) {
  reply.Map(3);
  reply.Bulk("name");
  reply.Bulk(function.name);
  reply.Bulk("description");
  function.is_described ? reply.Bulk(function.description) : reply.Null();
  reply.Bulk("flags");
  reply.Set(static_cast<uint64_t>(__builtin_popcount(function.flags)));
  for (uint32_t flag = 1; flag < scripting::kCompatible; flag <<= 1) {
    if (function.flags & flag) reply.Simple(scripting::ScriptFlagName(flag));
  }
}

void DescribeLibrary(resp::Writer& reply, const Library& library, bool with_code) {
  reply.Map(with_code ? 4 : 3);
  reply.Bulk("library_name");
  reply.Bulk(library.name);
  reply.Bulk("engine");
  reply.Bulk("LUA");
  reply.Bulk("functions");
  reply.Array(library.functions.size());
  for (const auto& function : library.functions) DescribeFunction(reply, *function);
  if (!with_code) return;
  reply.Bulk("library_code");
  reply.Bulk(library.code);
}

void FunctionList(Call& call) {
  Arguments in(call, 2);
  bool with_code = false;
  bool is_named = false;
  std::string_view pattern;
  while (in.More()) {
    if (!with_code && in.Take("WITHCODE")) {
      with_code = true;
    } else if (!is_named && in.Take("LIBRARYNAME")) {
      if (!in.More()) return call.reply.Error(errors::kFunctionLibraryName);
      pattern = in.Next();
      is_named = true;
    } else {
      return call.reply.Error(errors::UnknownFunctionArgument(in.Peek()));
    }
  }
  const scripting::LibrarySet& set = call.scripting.libraries().set();
  constexpr uint64_t kBytesEach = 160;
  if (!call.HaveRoom(set.bytes + set.functions.size() * kBytesEach)) return;
  const resp::Writer::Mark mark = call.reply.Begin();
  uint64_t count = 0;
  for (const auto& library : set.libraries) {
    if (is_named && !base::GlobMatch(pattern, library->name, base::Case::kIgnored)) continue;
    DescribeLibrary(call.reply, *library, with_code);
    ++count;
  }
  call.reply.EndArray(mark, count);
}

void FunctionStats(Call& call) {
  const scripting::Scripting& scripting = call.scripting;
  const bool is_running = scripting.is_running();
  if (is_running && scripting.run().is_eval) return call.reply.Error(errors::kBusyScript);
  resp::Writer& reply = call.reply;
  reply.Map(2);
  reply.Bulk("running_script");
  if (is_running) {
    const scripting::ScriptRun& run = scripting.run();
    reply.Map(3);
    reply.Bulk("name");
    reply.Bulk(run.name);
    reply.Bulk("command");
    reply.Array(run.command.size());
    for (const std::string& argument : run.command) reply.Bulk(argument);
    reply.Bulk("duration_ms");
    reply.Integer(run.interpreter->elapsed_us() / 1000);
  } else {
    reply.Null();
  }
  const scripting::LibrarySet& set = call.scripting.libraries().set();
  reply.Bulk("engines");
  reply.Map(1);
  reply.Bulk("LUA");
  reply.Map(2);
  reply.Bulk("libraries_count");
  reply.Integer(static_cast<int64_t>(set.libraries.size()));
  reply.Bulk("functions_count");
  reply.Integer(static_cast<int64_t>(set.functions.size()));
}

void FunctionKill(Call& call) {
  const base::Status killed = call.scripting.Kill(false);
  if (!killed) return call.reply.Error(killed.error());
  call.reply.Ok();
}

class TextSink final : public persist::Sink {
 public:
  std::string text;
  void Append(std::string_view bytes) override { text += bytes; }
};

void FunctionDump(Call& call) {
  const scripting::LibrarySet& set = call.scripting.libraries().set();
  // The text grows by doubling, and is copied into the reply.
  if (!call.HaveRoom(4 * set.bytes)) return;
  const services::Settings& settings = call.services.settings();
  const persist::WriteOptions options{.version = static_cast<int>(settings.rdb_version),
                                      .compress = settings.rdbcompression};
  TextSink sink;
  persist::Writer out(sink, options);
  for (const auto& library : set.libraries) {
    out.Byte(kLibraryCode);
    out.String(library->code);
  }
  if (out.failed()) return call.OutOfMemory();
  sink.text += persist::PayloadFooter(sink.text, options.version);
  call.reply.Bulk(sink.text);
}

enum class Policy { kAppend, kReplace, kFlush };

// Loads what a payload holds into a new set. All of it together may take a while, not for ever.
base::Status LoadPayload(Call& call, std::string_view body, scripting::LibrarySet& set) {
  constexpr int64_t kRestoreUsMax = 10 * scripting::Libraries::kLoadUsMax;
  const int64_t end_us = call.host.clock.ExactUs() + kRestoreUsMax;
  persist::Reader reader(body);
  persist::StringScratch scratch;
  while (reader.left() > 0) {
    const uint8_t code = reader.Byte();
    if (code == kPreGaCode) return base::Error(errors::kPreGaFunction);
    if (code != kLibraryCode) return base::Error(errors::kNotAFunction);
    const std::string_view text = reader.String(scratch);
    if (reader.fault() == persist::Fault::kOutOfMemory) return base::Error(errors::kOom);
    if (!reader.ok()) return base::Error(errors::kLibraryPayload);
    const int64_t left_us = std::max<int64_t>(end_us - call.host.clock.ExactUs(), 1);
    base::Status loaded = call.scripting.libraries().LoadInto(set, text, left_us);
    if (!loaded) return loaded;
  }
  return base::Status::Ok();
}

void FunctionRestore(Call& call) {
  if (call.argc() > 4) {
    return call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "FUNCTION"));
  }
  Policy policy = Policy::kAppend;
  Arguments in(call, 3);
  if (in.More() && !in.Take("APPEND")) {
    if (in.Take("REPLACE")) {
      policy = Policy::kReplace;
    } else if (in.Take("FLUSH")) {
      policy = Policy::kFlush;
    } else {
      return call.reply.Error(errors::kRestorePolicy);
    }
  }
  const auto body = persist::PayloadBody(call.arg(2), !call.services.settings().skip_checksums);
  if (!body) return call.reply.Error(errors::kDumpPayload);
  scripting::Libraries& libraries = call.scripting.libraries();
  scripting::LibrarySet set;
  base::Status status = LoadPayload(call, *body, set);
  if (!status) {
    libraries.Abandon(set);
  } else if (policy == Policy::kFlush) {
    libraries.Adopt(set);
  } else {
    status = libraries.Join(set, policy == Policy::kReplace);
  }
  if (!status) return call.reply.Error(status.error());
  call.keyspace.CountChange();
  call.reply.Ok();
}

void FunctionHelp(Call& call) {
  ReplyHelp(call, {
                      "DELETE <library-name>",
                      "    Removes a library and its functions.",
                      "DUMP",
                      "    Gives all libraries in a serialized form that RESTORE reads.",
                      "FLUSH [ASYNC|SYNC]",
                      "    Removes all libraries.",
                      "KILL",
                      "    Ends the function that runs.",
                      "LIST [LIBRARYNAME <pattern>] [WITHCODE]",
                      "    Describes the libraries: name, engine, functions and, if asked for,",
                      "    code.",
                      "LOAD [REPLACE] <code>",
                      "    Loads a library; with REPLACE there may be one of that name.",
                      "RESTORE <payload> [FLUSH|APPEND|REPLACE]",
                      "    Loads what DUMP gave. FLUSH removes all other libraries first, APPEND",
                      "    (unless told otherwise) refuses what there is already, REPLACE",
                      "    replaces it.",
                      "STATS",
                      "    Describes the function that runs, and the engines.",
                  });
}

constexpr uint32_t kRunning = kNoScript | kStale | kSkipMonitor | kNoMandatoryKeys | kVariableKeys;

constexpr CommandSpec kSpecs[] = {
    {.name = "fcall",
     .handler = &Fcall,
     .arity = -3,
     .group = Group::kScripting,
     .flags = kRunning | kMayReplicate,
     .categories = kCatScripting,
     .since = "7.0.0",
     .keys = {{CountedKeys(kRw | kAccess | kUpdate, 2, 0, 1)}},
     .syntax = "function numkeys:integer [key:key...] [arg...]",
     .complexity = "Depends on the function.",
     .summary = "Calls a function."},
    {.name = "fcall_ro",
     .handler = &FcallRo,
     .arity = -3,
     .group = Group::kScripting,
     .flags = kRunning | kReadonly,
     .categories = kCatScripting,
     .since = "7.0.0",
     .keys = {{CountedKeys(kRo | kAccess, 2, 0, 1)}},
     .syntax = "function numkeys:integer [key:key...] [arg...]",
     .complexity = "Depends on the function.",
     .summary = "Calls a function that only reads."},
    {.name = "function",
     .arity = -2,
     .group = Group::kScripting,
     .since = "7.0.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Manages libraries of functions."},
    {.name = "function|delete",
     .handler = &FunctionDelete,
     .arity = 3,
     .group = Group::kScripting,
     .flags = kWrite | kNoScript,
     .categories = kCatScripting,
     .since = "7.0.0",
     .syntax = "library-name",
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .complexity = "O(1)",
     .summary = "Removes a library and its functions."},
    {.name = "function|dump",
     .handler = &FunctionDump,
     .arity = 2,
     .group = Group::kScripting,
     .flags = kNoScript,
     .categories = kCatScripting,
     .since = "7.0.0",
     .complexity = "O(N) in the number of functions",
     .summary = "Gives all libraries in a serialized form."},
    {.name = "function|flush",
     .handler = &FunctionFlush,
     .arity = -2,
     .group = Group::kScripting,
     .flags = kWrite | kNoScript,
     .categories = kCatScripting,
     .since = "7.0.0",
     .syntax = "[<flush-type ASYNC | SYNC>]",
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .complexity = "O(N) in the number of functions",
     .summary = "Removes all libraries of functions."},
    {.name = "function|help",
     .handler = &FunctionHelp,
     .arity = 2,
     .group = Group::kScripting,
     .flags = kLoading | kStale,
     .categories = kCatScripting,
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
    {.name = "function|kill",
     .handler = &FunctionKill,
     .arity = 2,
     .group = Group::kScripting,
     .flags = kNoScript | kAllowBusy,
     .categories = kCatScripting,
     .since = "7.0.0",
     .tips = "request_policy:all_shards,response_policy:one_succeeded",
     .complexity = "O(1)",
     .summary = "Ends the function that runs."},
    {.name = "function|list",
     .handler = &FunctionList,
     .arity = -2,
     .group = Group::kScripting,
     .flags = kNoScript,
     .categories = kCatScripting,
     .since = "7.0.0",
     .syntax = "[LIBRARYNAME library-name-pattern] [WITHCODE]",
     .tips = "nondeterministic_output_order",
     .complexity = "O(N) in the number of functions",
     .summary = "Describes the libraries of functions."},
    {.name = "function|load",
     .handler = &FunctionLoad,
     .arity = -3,
     .group = Group::kScripting,
     .flags = kWrite | kDenyOom | kNoScript,
     .categories = kCatScripting,
     .since = "7.0.0",
     .syntax = "[REPLACE] function-code",
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .complexity = "O(N) in the length of the code",
     .summary = "Loads a library of functions."},
    {.name = "function|restore",
     .handler = &FunctionRestore,
     .arity = -3,
     .group = Group::kScripting,
     .flags = kWrite | kDenyOom | kNoScript,
     .categories = kCatScripting,
     .since = "7.0.0",
     .syntax = "serialized-value [<policy FLUSH | APPEND | REPLACE>]",
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .complexity = "O(N) in the size of the payload",
     .summary = "Loads the libraries of a payload that FUNCTION DUMP gave."},
    {.name = "function|stats",
     .handler = &FunctionStats,
     .arity = 2,
     .group = Group::kScripting,
     .flags = kNoScript | kAllowBusy,
     .categories = kCatScripting,
     .since = "7.0.0",
     .tips = "nondeterministic_output,request_policy:all_shards,response_policy:special",
     .complexity = "O(1)",
     .summary = "Describes the function that runs, and the engines."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs FunctionCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
