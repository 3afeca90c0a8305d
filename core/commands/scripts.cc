// EVAL and its kin, SCRIPT. A handler finds the script; the engine runs it.
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/help.h"
#include "core/scripting/scripting.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using Script = scripting::ScriptCache::Script;

// Reads the number of keys. False if the error has been replied.
bool ReadKeyCount(Call& call, size_t* count) {
  Arguments in(call, 2);
  const int64_t given = in.Int();
  if (!in.ok()) return false;
  const auto rest = static_cast<int64_t>(call.argc()) - 3;
  if (given > rest) in.Fail(errors::kScriptKeysTooMany);
  if (given < 0) in.Fail(errors::kScriptKeysNegative);
  *count = static_cast<size_t>(given);
  return in.ok();
}

void Run(Call& call, const Script& script, size_t key_count, bool read_only) {
  call.RecordNothing();  // its commands are
  call.runs_script = true;
  call.scripting.Request({.interpreter = &call.scripting.cache().interpreter(),
                          .reference = script.reference,
                          .name = script.sha,
                          .flags = script.flags,
                          .is_eval = true,
                          .read_only = read_only,
                          .keys = call.args.subspan(3, key_count),
                          .arguments = call.args.subspan(3 + key_count)});
}

void EvalAs(Call& call, bool read_only) {
  size_t key_count = 0;
  if (!ReadKeyCount(call, &key_count)) return;
  const base::Result<const Script*> script = call.scripting.cache().Load(call.arg(1));
  if (!script) return call.reply.Error(script.error());
  Run(call, **script, key_count, read_only);
}

void EvalshaAs(Call& call, bool read_only) {
  constexpr size_t kShaChars = 40;
  if (call.arg(1).size() != kShaChars) return call.reply.Error(errors::kNoScript);
  size_t key_count = 0;
  if (!ReadKeyCount(call, &key_count)) return;
  const Script* script = call.scripting.cache().Find(call.arg(1));
  if (script == nullptr) return call.reply.Error(errors::kNoScript);
  Run(call, *script, key_count, read_only);
}

void Eval(Call& call) { EvalAs(call, false); }
void EvalRo(Call& call) { EvalAs(call, true); }
void Evalsha(Call& call) { EvalshaAs(call, false); }
void EvalshaRo(Call& call) { EvalshaAs(call, true); }

void ScriptLoad(Call& call) {
  const base::Result<const Script*> script = call.scripting.cache().Load(call.arg(2));
  if (!script) return call.reply.Error(script.error());
  call.reply.Bulk((*script)->sha);
}

void ScriptExists(Call& call) {
  call.reply.Array(call.argc() - 2);
  for (const std::string_view sha : call.args.subspan(2)) {
    call.reply.Integer(call.scripting.cache().Find(sha) != nullptr);
  }
}

void ScriptFlush(Call& call) {
  Arguments in(call, 2);
  const bool is_known =
      call.argc() == 2 || (call.argc() == 3 && (in.Take("SYNC") || in.Take("ASYNC")));
  if (!is_known) return call.reply.Error(errors::kScriptFlushMode);
  call.scripting.cache().Clear();
  call.reply.Ok();
}

void ScriptKill(Call& call) {
  const base::Status killed = call.scripting.Kill(true);
  if (!killed) return call.reply.Error(killed.error());
  call.reply.Ok();
}

void ScriptDebug(Call& call) {
  Arguments in(call, 2);
  if (in.Take("NO")) return call.reply.Ok();
  const bool is_mode = in.Take("YES") || in.Take("SYNC");
  call.reply.Error(is_mode ? errors::kNoScriptDebugger : errors::kScriptDebugMode);
}

void ScriptHelp(Call& call) {
  ReplyHelp(call, {
                      "DEBUG (YES|SYNC|NO)",
                      "    Sets the debug mode of scripts: there is no debugger here.",
                      "EXISTS <sha1> [<sha1> ...]",
                      "    Tells which of these scripts are cached.",
                      "FLUSH [ASYNC|SYNC]",
                      "    Forgets all cached scripts.",
                      "KILL",
                      "    Ends the script that runs.",
                      "LOAD <script>",
                      "    Caches a script without running it.",
                  });
}

constexpr uint32_t kRunning = kNoScript | kStale | kSkipMonitor | kNoMandatoryKeys | kVariableKeys;

constexpr CommandSpec kSpecs[] = {
    {.name = "eval",
     .handler = &Eval,
     .arity = -3,
     .group = Group::kScripting,
     .flags = kRunning | kMayReplicate,
     .categories = kCatScripting,
     .since = "2.6.0",
     .keys = {{CountedKeys(kRw | kAccess | kUpdate, 2, 0, 1)}},
     .syntax = "script numkeys:integer [key:key...] [arg...]",
     .complexity = "Depends on the script.",
     .summary = "Runs a Lua script."},
    {.name = "eval_ro",
     .handler = &EvalRo,
     .arity = -3,
     .group = Group::kScripting,
     .flags = kRunning | kReadonly,
     .categories = kCatScripting,
     .since = "7.0.0",
     .keys = {{CountedKeys(kRo | kAccess, 2, 0, 1)}},
     .syntax = "script numkeys:integer [key:key...] [arg...]",
     .complexity = "Depends on the script.",
     .summary = "Runs a Lua script that only reads."},
    {.name = "evalsha",
     .handler = &Evalsha,
     .arity = -3,
     .group = Group::kScripting,
     .flags = kRunning | kMayReplicate,
     .categories = kCatScripting,
     .since = "2.6.0",
     .keys = {{CountedKeys(kRw | kAccess | kUpdate, 2, 0, 1)}},
     .syntax = "sha1 numkeys:integer [key:key...] [arg...]",
     .complexity = "Depends on the script.",
     .summary = "Runs a cached Lua script, named by its SHA-1."},
    {.name = "evalsha_ro",
     .handler = &EvalshaRo,
     .arity = -3,
     .group = Group::kScripting,
     .flags = kRunning | kReadonly,
     .categories = kCatScripting,
     .since = "7.0.0",
     .keys = {{CountedKeys(kRo | kAccess, 2, 0, 1)}},
     .syntax = "sha1 numkeys:integer [key:key...] [arg...]",
     .complexity = "Depends on the script.",
     .summary = "Runs a cached Lua script that only reads, named by its SHA-1."},
    {.name = "script",
     .arity = -2,
     .group = Group::kScripting,
     .since = "2.6.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Manages the cache of scripts."},
    {.name = "script|debug",
     .handler = &ScriptDebug,
     .arity = 3,
     .group = Group::kScripting,
     .flags = kNoScript,
     .categories = kCatScripting,
     .since = "3.2.0",
     .syntax = "<mode YES | SYNC | NO>",
     .complexity = "O(1)",
     .summary = "Sets the debug mode of scripts."},
    {.name = "script|exists",
     .handler = &ScriptExists,
     .arity = -3,
     .group = Group::kScripting,
     .flags = kNoScript,
     .categories = kCatScripting,
     .since = "2.6.0",
     .syntax = "sha1...",
     .tips = "request_policy:all_shards,response_policy:agg_logical_and",
     .complexity = "O(N) in the number of scripts asked for",
     .summary = "Tells which scripts are cached."},
    {.name = "script|flush",
     .handler = &ScriptFlush,
     .arity = -2,
     .group = Group::kScripting,
     .flags = kNoScript,
     .categories = kCatScripting,
     .since = "2.6.0",
     .syntax = "[<flush-type ASYNC | SYNC>~6.2.0]",
     .tips = "request_policy:all_nodes,response_policy:all_succeeded",
     .complexity = "O(N) in the number of scripts",
     .summary = "Forgets all cached scripts."},
    {.name = "script|help",
     .handler = &ScriptHelp,
     .arity = 2,
     .group = Group::kScripting,
     .flags = kLoading | kStale,
     .categories = kCatScripting,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
    {.name = "script|kill",
     .handler = &ScriptKill,
     .arity = 2,
     .group = Group::kScripting,
     .flags = kNoScript | kAllowBusy,
     .categories = kCatScripting,
     .since = "2.6.0",
     .tips = "request_policy:all_shards,response_policy:one_succeeded",
     .complexity = "O(1)",
     .summary = "Ends the script that runs."},
    {.name = "script|load",
     .handler = &ScriptLoad,
     .arity = 3,
     .group = Group::kScripting,
     .flags = kNoScript | kStale,
     .categories = kCatScripting,
     .since = "2.6.0",
     .syntax = "script",
     .tips = "request_policy:all_nodes,response_policy:all_succeeded",
     .complexity = "O(N) in the length of the script",
     .summary = "Caches a script."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs ScriptCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
