// Snapshots and the append-only file: SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF, SHUTDOWN.
#include <string>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/durability/durability.h"
#include "core/scripting/scripting.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using durability::ShutdownSave;

void Save(Call& call) {
  const base::Status status = call.durability.Save(call.session.id);
  if (!status.ok()) return call.reply.Error(status.error());
  call.waits_for_host = true;
}

void Bgsave(Call& call) {
  Arguments in(call);
  const bool schedule = in.More() && in.Take("SCHEDULE");
  if (in.More() || (call.argc() > 1 && !schedule)) in.Fail(errors::kSyntax);
  if (!in.ok()) return;
  const base::Result<bool> scheduled = call.durability.SaveInBackground(schedule);
  if (!scheduled) return call.reply.Error(scheduled.error());
  call.reply.Simple(*scheduled ? "Background saving scheduled" : "Background saving started");
}

void Lastsave(Call& call) { call.reply.Integer(call.durability.last_save_s()); }

void Bgrewriteaof(Call& call) {
  // A transaction is not to be cut in the middle.
  const base::Result<bool> scheduled = call.durability.Rewrite(!call.may_wait);
  if (!scheduled) return call.reply.Error(scheduled.error());
  call.reply.Simple(*scheduled ? "Background append only file rewriting scheduled"
                               : "Background append only file rewriting started");
}

// Ends without a reply: the program around the engine closes the connections as it ends.
void Shutdown(Call& call) {
  Arguments in(call);
  std::string_view save;
  bool now = false, force = false, abort = false;
  while (in.More()) {
    if (save != "SAVE" && in.Take("NOSAVE")) {
      save = "NOSAVE";
    } else if (save != "NOSAVE" && in.Take("SAVE")) {
      save = "SAVE";
    } else if (in.Take("NOW")) {
      now = true;
    } else if (in.Take("FORCE")) {
      force = true;
    } else if (in.Take("ABORT")) {
      abort = true;
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  if (abort && (!save.empty() || now || force)) in.Fail(errors::kSyntax);
  if (!in.ok()) return;
  if (abort) {
    if (!call.durability.AbortShutdown()) return call.reply.Error(errors::kNoShutdown);
    return call.reply.Ok();
  }
  if (call.scripting.is_busy() && save != "NOSAVE") {
    const bool is_eval = call.scripting.run().is_eval;
    return call.reply.Error(is_eval ? errors::kBusyScript : errors::kBusyFunction);
  }
  const ShutdownSave mode = save.empty()     ? ShutdownSave::kAsConfigured
                            : save == "SAVE" ? ShutdownSave::kYes
                                             : ShutdownSave::kNo;
  const base::Result<bool> is_under_way = call.durability.Shutdown(mode, force, call.session.id);
  if (!is_under_way) return call.reply.Error(is_under_way.error());
  call.waits_for_host = *is_under_way;
}

constexpr CommandSpec kSpecs[] = {
    {.name = "bgrewriteaof",
     .handler = &Bgrewriteaof,
     .arity = 1,
     .group = Group::kServer,
     .flags = kAdmin | kNoScript | kNoAsyncLoading,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Rewrites the append-only file in the background."},
    {.name = "bgsave",
     .handler = &Bgsave,
     .arity = -1,
     .group = Group::kServer,
     .flags = kAdmin | kNoScript | kNoAsyncLoading,
     .since = "1.0.0",
     .syntax = "[SCHEDULE~3.2.2]",
     .complexity = "O(1)",
     .summary = "Saves all databases to disk in the background."},
    {.name = "lastsave",
     .handler = &Lastsave,
     .arity = 1,
     .group = Group::kServer,
     .flags = kLoading | kStale | kFast,
     .categories = kCatAdmin | kCatDangerous,
     .since = "1.0.0",
     .tips = "nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Tells when the databases were last saved."},
    {.name = "save",
     .handler = &Save,
     .arity = 1,
     .group = Group::kServer,
     .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
     .since = "1.0.0",
     .complexity = "O(N) in all keys",
     .summary = "Saves all databases to disk, and waits for that."},
    {.name = "shutdown",
     .handler = &Shutdown,
     .arity = -1,
     .group = Group::kServer,
     .flags = kAdmin | kNoScript | kLoading | kStale | kNoMulti | kAllowBusy,
     .since = "1.0.0",
     .syntax = "[<save-selector NOSAVE | SAVE>] [NOW~7.0.0] [FORCE~7.0.0] [ABORT~7.0.0]",
     .complexity = "O(1), plus saving where that is asked for",
     .summary = "Ends the server."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs SavingCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
