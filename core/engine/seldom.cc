// What is seldom done, compiled for size: the engine's beginning, its settings and sessions, what
// replies to unknown commands, monitors, tracking and waiting ask of it.
#include <algorithm>

#include "core/base/alloc.h"
#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/command/access.h"
#include "core/command/keys.h"
#include "core/command/names.h"
#include "core/command/redaction.h"
#include "core/commands/all.h"
#include "core/engine/admission.h"
#include "core/engine/engine.h"

namespace kvasm::engine {

using command::CommandSpec;
using command::Table;
using services::Session;

namespace {

services::AclCommands AclCommandsOf(const Table& table) {
  std::vector<services::AclCommand> commands(table.size());
  for (size_t i = 0; i < table.size(); ++i) {
    const CommandSpec& spec = table.at(i);
    commands[i].name = spec.name;
    commands[i].categories = command::CategoriesOf(spec);
    commands[i].has_subcommands = table.IsContainer(i);
    const size_t bar = spec.name.find('|');
    if (bar != std::string_view::npos) commands[i].container = table.Find(spec.name.substr(0, bar));
  }
  return {std::move(commands), command::kCategoryTexts};
}

}  // namespace

Engine::Engine(const host::Host& host, const Options& options)
    : host_(host),
      hash_seed_(options.has_seed ? base::HashSeed{options.seed, ~options.seed}
                                  : base::HashSeed{host.entropy.Next(), host.entropy.Next()}),
      prng_(options.has_seed ? options.seed : host.entropy.Next()),
      table_(commands::AllCommands()),
      acl_(AclCommandsOf(table_)),
      services_{config_, stats_,    sessions_, effects_,  identity_, waiters_,    pubsub_,
                acl_,    slow_log_, latency_,  tracking_, monitors_, reply_rooms_},
      keyspace_(options.databases, {&hash_seed_, &config_.settings().limits, &prng_}),
      waiters_(keyspace_),
      output_limits_(config_.settings(), keyspace_, sessions_, host.log),
      pubsub_(sessions_, output_limits_),
      keyspace_events_(keyspace_, pubsub_),
      tracking_(keyspace_, sessions_, pubsub_),
      monitors_(pubsub_),
      client_memory_(config_.settings(), sessions_, output_limits_, stats_),
      reply_rooms_(sessions_, stats_),
      timer_(host.clock, table_, services_),
      script_limit_us_(options.script_limit_ms * 1000),
      durability_({host, keyspace_, config_, stats_, identity_, effects_, scripting_.libraries(),
                   static_cast<durability::Server&>(*this)}) {
  identity_.process_id = options.process_id;
  identity_.standalone = options.standalone;
  identity_.executable = options.executable;
  identity_.config_file = options.config_file;
  identity_.system_memory_bytes = options.system_memory_bytes;
  identity_.run_id = services::NewId(prng_);
  identity_.replication_id = services::NewId(prng_);
  stats_.commands.resize(table_.size());
  log_session_.user = &acl_.host_user();
  SampleClock();
  stats_.started_ms = keyspace_.now_ms();
  config_.OnChange(
      [this](std::string_view name, std::string_view value) { ApplySetting(name, value); });
  stats_.startup_memory_bytes = base::HeapUsedBytes();
}

Engine::~Engine() = default;

void Engine::ApplySetting(std::string_view name, std::string_view value) {
  const services::Settings& settings = config_.settings();
  keyspace::AccessPolicy& access = keyspace_.access();
  access.lfu = settings.maxmemory_policy.ends_with("-lfu");
  access.lfu_log_factor = settings.lfu_log_factor;
  access.lfu_decay_time = settings.lfu_decay_time;
  if (name == "databases") {
    int in_use = 1;
    for (const auto& session : sessions_.all()) in_use = std::max(in_use, session->db + 1);
    keyspace_.SetDatabaseCount(std::max(in_use, static_cast<int>(settings.databases)));
  }
  if (name == "notify-keyspace-events") keyspace_events_.Configure(settings.notify_keyspace_events);
  if (name == "client-output-buffer-limit") output_limits_.ApplyToAll();
  if (name == "maxmemory" || name == "maxmemory-clients") client_memory_.Apply();
  keyspace_.memory_limit = static_cast<uint64_t>(settings.maxmemory);
  eviction_.Configure(keyspace::EvictionPolicyNamed(settings.maxmemory_policy),
                      settings.maxmemory_samples);
  keyspace_.lazy_evict = settings.lazyfree_lazy_eviction;
  if (name == "requirepass") acl_.SetDefaultPassword(value);
  acl_.set_all_channels_by_default(settings.acl_pubsub_default == "allchannels");
  keyspace_.lazy_expire = settings.lazyfree_lazy_expire;
  keyspace_.lazy_server_delete = settings.lazyfree_lazy_server_del;
  keyspace_.lazy_user_delete = settings.lazyfree_lazy_user_del;
  durability_.ApplySetting(name);
  effects_.Add({services::Effect::Kind::kConfig, std::string(name), std::string(value)});
}

Session& Engine::Open(const SessionOptions& options) {
  SampleClock();
  Session& session = sessions_.Open();
  session.network = options.network;
  session.address = options.address;
  session.local_address = options.local_address;
  session.created_ms = session.last_interaction_ms = keyspace_.now_ms();
  acl_.Welcome(session);
  if (options.network) {
    ++stats_.total_connections_received;
  } else {
    session.reply.set_protocol(3);
  }
  output_limits_.Apply(session);
  return session;
}

void Engine::Close(uint64_t session_id) {
  if (suspension_ && suspension_->session_id == session_id) {
    // Its script goes on to the end.
    suspension_->is_closed = true;
    sessions_.Find(session_id)->close_after_reply = true;
    return;
  }
  waiters_.Remove(session_id);
  if (Session* session = sessions_.Find(session_id)) {
    session->transaction.Close(keyspace_);
    pubsub_.UnsubscribeAll(*session);
    tracking_.Disable(*session);
    monitors_.Remove(*session);
    client_memory_.Forget(*session);
  }
  sessions_.Close(session_id);
}

void Engine::ReplyUnknown(Session& session, std::span<const std::string_view> args) {
  if (session.network &&
      (base::EqualsIgnoreCase(args[0], "POST") || base::EqualsIgnoreCase(args[0], "Host:"))) {
    return EndBrowser(session);
  }
  std::string quoted;
  for (size_t i = 1; i < args.size() && quoted.size() < errors::kQuotedMax; ++i) {
    const size_t room = errors::kQuotedMax - quoted.size();
    quoted += '\'';
    quoted += errors::Quoted(args[i], room);
    quoted += "' ";
  }
  session.reply.Error(errors::UnknownCommand(args[0], quoted));
}

void Engine::EndBrowser(Session& session) {
  constexpr int64_t kQuietMs = 60'000;  // so that nobody fills the log
  session.close_after_reply = true;
  const int64_t now_ms = keyspace_.now_ms();
  if (now_ms - browser_logged_ms_ < kQuietMs) return;
  browser_logged_ms_ = now_ms;
  host_.log.Write(host::LogLevel::kWarning,
                  "Possible SECURITY ATTACK: " + session.address +
                      " has sent POST or Host:, as a web browser does that was tricked into "
                      "talking to this port. Its connection is ended.");
}

void Engine::ReplyUnknownSubcommand(Session& session, size_t container,
                                    std::span<const std::string_view> args) {
  session.reply.Error(
      errors::UnknownSubcommand(args[1], base::UpperCopy(table_.at(container).name)));
}

void Engine::ShowMonitors(const Session& session, const CommandSpec& spec,
                          std::span<const std::string_view> args) {
  if (spec.flags & (command::kSkipMonitor | command::kAdmin)) return;
  monitors_.Show(session, command::WithoutSecrets(spec, args), host_.clock.ExactUs(),
                 script_caller_ != nullptr);
}

void Engine::TrackKeys(Session& session, const CommandSpec& spec,
                       std::span<const std::string_view> args) {
  std::vector<command::KeyPosition> keys;
  if (!command::FindKeys(spec, args, &keys)) return;
  for (const command::KeyPosition& key : keys) tracking_.Remember(session, args[key.index]);
}

void Engine::Park(Session& session, size_t index, std::span<const std::string_view> args,
                  services::Waiter waiter) {
  if (session.waiting) return;
  // The waiter keeps them as arguments, as keys and as keys somebody waits for.
  constexpr uint64_t kCopies = 6;
  if (base::HeapExhausted() || !HaveRoomFor(args, kCopies)) [[unlikely]] {
    return Reject(session, index, errors::kOom);
  }
  session.waiting = true;
  waiter.session_id = session.id;
  waiter.command_index = index;
  if (waiter.arguments.empty()) waiter.arguments = {args.begin(), args.end()};
  waiter.database = session.db;
  waiters_.Park(std::move(waiter));
}

}  // namespace kvasm::engine
