// FUNCTION, as far as an engine without a scripting language can have it: no library can be loaded,
// so the set of libraries is empty, which FLUSH leaves it and LIST shows. Clients and test suites
// send FUNCTION FLUSH to get a clean server.
#include "core/command/arguments.h"
#include "core/commands/all.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs

void FunctionFlush(Call& call) {
  if (call.argc() > 3) {
    return call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "FUNCTION"));
  }
  Arguments in(call, 2);
  if (in.More() && !in.Take("SYNC") && !in.Take("ASYNC")) {
    return call.reply.Error(errors::kFunctionFlushMode);
  }
  call.Record(call.args);
  call.reply.Ok();
}

void FunctionList(Call& call) {
  Arguments in(call, 2);
  bool with_code = false;
  bool named = false;
  while (in.More()) {
    if (!with_code && in.Take("WITHCODE")) {
      with_code = true;
    } else if (!named && in.Take("LIBRARYNAME")) {
      if (!in.More()) return call.reply.Error(errors::kFunctionLibraryName);
      in.Skip();
      named = true;
    } else {
      return call.reply.Error(errors::UnknownFunctionArgument(in.Peek()));
    }
  }
  call.reply.Array(0);
}

constexpr CommandSpec kSpecs[] = {
    {.name = "function",
     .arity = -2,
     .group = Group::kScripting,
     .since = "7.0.0",
     .complexity = "Depends on the subcommand.",
     .summary = "Manages libraries of functions."},
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
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs FunctionCommands() { return kSpecs; }

}  // namespace kvasm::commands
