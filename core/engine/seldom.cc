// What is seldom done, compiled for size: the engine's beginning, its settings and sessions, what
// replies to unknown and refused commands, monitors, tracking and waiting ask of it, eviction and
// other chores.
#include <algorithm>

#include "core/base/alloc.h"
#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/command/access.h"
#include "core/command/keys.h"
#include "core/command/names.h"
#include "core/command/redaction.h"
#include "core/commands/all.h"
#include "core/commands/connection.h"
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

// Elements freed between two looks at whether that is enough.
constexpr uint32_t kFreedAtATime = 4096;
// The part of a tick's budget that one kind of work may take before the next has its turn.
constexpr uint32_t kSliceUnits = 256;

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
  if (spec.flags & command::kAdmin) return;
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

std::string NoMoreText(services::AclReason denied) {
  if (denied == services::AclReason::kNone) return std::string(errors::kOom);
  if (denied == services::AclReason::kKey) return errors::NoPermissionAnyMore(errors::kNoMoreKey);
  return errors::NoPermissionAnyMore(
      denied == services::AclReason::kChannel ? errors::kNoMoreChannel : errors::kNoMoreCommand);
}

std::string DeniedText(const Session& session, const CommandSpec& spec,
                       services::AclReason denied) {
  if (denied == services::AclReason::kNone) return std::string(errors::kOom);
  if (denied == services::AclReason::kKey) return errors::NoPermission(errors::kDeniedKey);
  if (denied == services::AclReason::kChannel) return errors::NoPermission(errors::kDeniedChannel);
  return errors::NoPermission(errors::DeniedCommand(session.user->name(), spec.name));
}

void Engine::Reject(Session& session, size_t index, std::string_view error) {
  session.transaction.Fail();
  ++stats_.commands[index].rejected_calls;
  std::string aborted;
  if (table_.at(index).name == "exec") {
    session.transaction.Close(keyspace_);
    error = aborted = errors::ExecAborted(error);
  }
  stats_.CountError(error);
  session.reply.Error(error);
}

bool Engine::HasReplicas() const {
  const services::Settings& settings = config_.settings();
  constexpr int64_t kGoodReplicas = 0;  // nobody can become one yet
  return settings.min_replicas_max_lag == 0 || settings.min_replicas_to_write <= kGoodReplicas;
}

bool Engine::MakeRoom() {
  if (!MayEvict()) return true;
  constexpr int64_t kKeysPerTenacity = 50;
  const int64_t tenacity = config_.settings().maxmemory_eviction_tenacity;
  int64_t keys = tenacity >= 100 ? INT64_MAX : std::max<int64_t>(1, tenacity * kKeysPerTenacity);
  // What scripts have left behind goes before any key.
  if (!scripting_.is_running()) scripting_.Collect();
  tracking_.SettleTold();
  // What a transaction or a script has recorded stays together, with what is evicted meanwhile.
  const bool in_midst = keyspace_.journal().pending();
  tracking_.set_evicting(true);
  bool has_more = true;
  while (has_more && IsOverLimit() && keys > 0) {
    if (keyspace_.lazy_free().Step(kFreedAtATime)) continue;
    if (!IsOverLimit()) break;
    has_more = eviction_.EvictOne();
    --keys;
  }
  tracking_.set_evicting(false);
  if (!in_midst) keyspace_.journal().Commit(false);
  NoteLimit();
  return has_more || !IsOverLimit();
}

void Engine::NoteLimit() {
  int64_t& since_ms = stats_.eviction_exceeded_since_ms;
  const int64_t now_ms = keyspace_.recent_ms();
  if (since_ms != 0) {
    stats_.eviction_exceeded_ms += static_cast<uint64_t>(std::max<int64_t>(now_ms - since_ms, 0));
  }
  since_ms = IsOverLimit() ? now_ms : 0;
}

bool Engine::DoChores(uint32_t budget_units) {
  const services::Settings& settings = config_.settings();
  stats_.SampleRates(keyspace_.now_ms());
  bool busy = false;
  if (settings.active_expire) {
    const int64_t started_us = host_.clock.ExactUs();
    busy = keyspace_.ExpireDue(budget_units);
    const int64_t duration_us = std::max<int64_t>(host_.clock.ExactUs() - started_us, 0);
    stats_.expire_us += static_cast<uint64_t>(duration_us);
    if (services::LatencyMonitor::IsLong(duration_us, settings.latency_monitor_threshold)) {
      latency_.Add("expire-cycle", keyspace_.now_ms() / 1000, duration_us);
    }
    keyspace_.journal().Commit(false);
  }
  output_limits_.Tick();
  client_memory_.Tick();
  reply_rooms_.Tick(keyspace_.now_ms());
  if (tracking_.any()) {
    tracking_.LimitTable(static_cast<uint64_t>(settings.tracking_table_max_keys));
  }
  if (tracking_.told_bytes() != 0) tracking_.SettleTold();
  if (IsOverLimit() && MayEvict()) busy |= MakeRoom() && IsOverLimit();
  if (stats_.eviction_exceeded_since_ms != 0) NoteLimit();
  busy |= keyspace_.Chore(std::min(budget_units, kSliceUnits));
  busy |= tracking_.Chore(std::min(budget_units, kSliceUnits));
  busy |= scripting_.CollectSome();
  busy |= durability_.Tick();
  return busy;
}

void Engine::NoteDenied(Session& session, size_t index, std::span<const std::string_view> args,
                        const command::Access& access) {
  const CommandSpec& spec = table_.at(index);
  // A transaction's are EXEC's, as CLIENT LIST tells it; a script's are its caller's.
  const bool in_script = script_caller_ != nullptr;
  if (!in_transaction_ && !in_script) session.last_command = spec.name;
  const bool queued = in_transaction_ || session.transaction.open();
  const services::AclContext context = in_script ? services::AclContext::kLua
                                       : queued  ? services::AclContext::kMulti
                                                 : services::AclContext::kToplevel;
  const bool by_name = access.denied == services::AclReason::kCommand;
  acl_.log().Add({.reason = access.denied,
                  .context = context,
                  .object = by_name ? spec.name : args[access.argument],
                  .username = session.user->name(),
                  .client = commands::DescribeSession(ClientOf(session), keyspace_, args)},
                 keyspace_.now_ms(), static_cast<uint64_t>(config_.settings().acllog_max_len));
}

}  // namespace kvasm::engine
