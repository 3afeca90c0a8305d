// CONFIG. What the directives are is known to services/config_table.cc.
#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "core/base/ascii.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/connection.h"
#include "core/commands/help.h"
#include "core/durability/durability.h"

namespace kvasm::commands {

void RewriteConfig(command::Call& call, bool is_forced) {
  const services::Services& services = call.services;
  const std::string& file = services.identity.config_file;
  if (file.empty()) return call.reply.Error(errors::kNoConfigFile);
  // In a program of its own there is no server that would write files.
  if (!services.identity.standalone || !call.session.network) {
    return call.reply.Error(errors::ConfigRewrite("Operation not supported"));
  }
  // Users who are in a file of their own stay there.
  const bool with_users = services.settings().aclfile.empty();
  if (with_users && !call.HaveRoom(4 * services.acl.DescriptionBytes())) return;
  std::string content;
  services::AppendCounted(&content, is_forced ? "1" : "");
  services::AppendCounted(&content, with_users ? services.acl.Save() : std::string());
  content += services.config.Export();
  call.services.effects.Add({.kind = services::Effect::Kind::kConfigRewrite,
                             .name = file,
                             .value = std::move(content),
                             .session = call.session.id});
  call.waits_for_host = true;
}

namespace {

using namespace command;  // the vocabulary of specs
using services::Config;

void ConfigGet(Call& call) {
  std::vector<Config::Pair> found;
  for (const std::string_view pattern : call.args.subspan(2)) {
    for (Config::Pair& pair : call.services.config.Match(pattern)) {
      bool known = false;
      for (const Config::Pair& other : found) {
        known |= base::EqualsIgnoreCase(other.first, pair.first);
      }
      if (!known) found.push_back(std::move(pair));
    }
  }
  call.reply.Map(found.size());
  for (const Config::Pair& pair : found) {
    call.reply.Bulk(pair.first);
    call.reply.Bulk(pair.second);
  }
}

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view each) { return base::EqualsIgnoreCase(name, each); });
}

// Whether a directive that the server applies, and may fail to, has another value than before.
bool ChangesHost(const Config& config, std::span<const Config::Pair> before) {
  for (const auto& [name, old_value] : before) {
    if (!IsOneOf(name, {"port", "bind", "dir"})) continue;
    std::string value;
    config.Get(name, &value);
    if (value != old_value) return true;
  }
  return false;
}

// What a database that is kept in memory only would not obey.
bool AsksForFiles(std::string_view name, std::string_view value) {
  if (base::EqualsIgnoreCase(name, "appendonly")) return base::EqualsIgnoreCase(value, "yes");
  return base::EqualsIgnoreCase(name, "save") && !value.empty();
}

// Whether the append-only file was off, and has been spoken of.
bool TurnsLogOn(std::span<const Config::Pair> before) {
  return std::any_of(before.begin(), before.end(), [](const Config::Pair& pair) {
    return base::EqualsIgnoreCase(pair.first, "appendonly") && pair.second == "no";
  });
}

void ConfigSet(Call& call) {
  if (call.argc() % 2 != 0) return call.SyntaxError();
  std::vector<Config::Pair> pairs;
  for (size_t i = 2; i < call.argc(); i += 2) {
    if (call.durability.is_loading() &&
        IsOneOf(call.arg(i), {"dir", "appendonly", "repl-diskless-load"})) {
      return call.reply.Error(errors::kLoading);
    }
    if (!call.durability.has_storage() && AsksForFiles(call.arg(i), call.arg(i + 1))) {
      return call.reply.Error(errors::ConfigFailed(call.arg(i), errors::kNoStorage.substr(4)));
    }
    pairs.emplace_back(call.arg(i), call.arg(i + 1));
  }
  const std::string& trusted = call.services.settings().enable_protected_configs;
  const bool privileged = trusted == "yes" || (trusted == "local" && IsLocal(call.session));
  Config& config = call.services.config;
  std::vector<Config::Pair> before = config.Present(pairs);
  const base::Status status =
      config.Set(pairs, privileged ? Config::Source::kPrivileged : Config::Source::kRuntime);
  if (!status.ok()) return call.reply.Error(status.error());
  if (!call.services.identity.standalone || !ChangesHost(config, before)) {
    call.waits_for_host =
        TurnsLogOn(before) && call.durability.AwaitLog(call.session.id, std::move(before));
    if (!call.waits_for_host) call.reply.Ok();
    return;
  }
  // The server takes back what it cannot apply, whoever waits for that.
  const bool waits = call.session.network;
  const uint64_t session_id = waits ? call.session.id : 0;
  config.KeepUndo(session_id, std::move(before));
  call.services.effects.Add({.kind = services::Effect::Kind::kConfigSet, .session = session_id});
  if (!waits) return call.reply.Ok();
  call.waits_for_host = true;
}

void ConfigResetstat(Call& call) {
  call.services.stats.Reset();
  const uint64_t dirty = call.keyspace.stats().dirty;
  call.keyspace.stats() = {};
  call.keyspace.lazy_free().ResetFreed();
  call.keyspace.stats().dirty = dirty;
  call.reply.Ok();
}

void ConfigRewrite(Call& call) { RewriteConfig(call, false); }

void ConfigHelp(Call& call) {
  ReplyHelp(call, {
                      "GET <pattern>",
                      "    Directives whose name matches, and their values.",
                      "SET <directive> <value>",
                      "    Give a directive a new value.",
                      "RESETSTAT",
                      "    Begin the counters of INFO anew.",
                      "REWRITE",
                      "    Write the present values into the configuration file.",
                  });
}

constexpr uint32_t kFlags = kAdmin | kNoScript | kLoading | kStale;

constexpr CommandSpec kSpecs[] = {
    {.name = "config",
     .arity = -2,
     .group = Group::kServer,
     .since = "2.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Reads and changes the configuration."},
    {.name = "config|get",
     .handler = &ConfigGet,
     .arity = -3,
     .group = Group::kServer,
     .flags = kFlags,
     .since = "2.0.0",
     .syntax = "parameter...",
     .complexity = "O(N) in the patterns given",
     .summary = "Returns directives and their values."},
    {.name = "config|help",
     .handler = &ConfigHelp,
     .arity = 2,
     .group = Group::kServer,
     .flags = kLoading | kStale,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of CONFIG."},
    {.name = "config|resetstat",
     .handler = &ConfigResetstat,
     .arity = 2,
     .group = Group::kServer,
     .flags = kFlags,
     .since = "2.0.0",
     .tips = "request_policy:all_nodes,response_policy:all_succeeded",
     .complexity = "O(1)",
     .summary = "Begins the counters of INFO anew."},
    {.name = "config|rewrite",
     .handler = &ConfigRewrite,
     .arity = 2,
     .group = Group::kServer,
     .flags = kFlags,
     .since = "2.8.0",
     .tips = "request_policy:all_nodes,response_policy:all_succeeded",
     .complexity = "O(1)",
     .summary = "Writes the present values into the configuration file."},
    {.name = "config|set",
     .handler = &ConfigSet,
     .arity = -4,
     .group = Group::kServer,
     .flags = kFlags,
     .since = "2.0.0",
     .syntax = "{data parameter value}...",
     .tips = "request_policy:all_nodes,response_policy:all_succeeded",
     .complexity = "O(N) in the directives given",
     .summary = "Gives directives new values, all of them or none."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs ConfigCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
