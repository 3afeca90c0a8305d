// INFO. What this engine does not do is zero. Of Redis's fields those of the event loop
// (eventloop_*, instantaneous_eventloop_*) are left out: the loop is the host program's, not the
// engine's.
#include <algorithm>
#include <string>

#include "core/base/ascii.h"
#include "core/base/numbers.h"
#include "core/command/call.h"
#include "core/command/table.h"
#include "core/commands/all.h"
#include "core/commands/info_text.h"
#include "core/commands/memory_overview.h"
#include "core/durability/durability.h"
#include "core/scripting/scripting.h"
#include "core/services/tracking.h"
#include "core/services/version.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs

std::string HumanBytes(uint64_t bytes) {
  constexpr std::string_view kUnits = "KMGTP";
  if (bytes < 1024) return base::Int64Text(static_cast<int64_t>(bytes)) + "B";
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return base::Fixed(value, 2) + kUnits[unit];
}

std::string Percent(uint64_t part, uint64_t whole) {
  const double ratio = whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  return base::Fixed(ratio * 100, 2) + "%";
}

int64_t UptimeSeconds(const Call& call) {
  return std::max<int64_t>(0, (call.now_ms() - call.services.stats.started_ms) / 1000);
}

// "listener0:name=tcp,bind=*,bind=-::*,port=6379", as far as the configuration asks for it.
void Listeners(Call& call, InfoText& out) {
  const services::Config& config = call.services.config;
  int number = 0;
  const auto add = [&](std::string_view facts) {
    out.Line("listener" + base::Int64Text(number++), facts);
  };
  std::string bind;
  config.Get("bind", &bind);
  const int64_t port = call.services.settings().port;
  if (port != 0) {
    std::string facts = "name=tcp";
    for (std::string_view left = bind; !left.empty();) {
      const size_t end = std::min(left.find(' '), left.size());
      facts += ",bind=" + std::string(left.substr(0, end));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
    add(facts + ",port=" + base::Int64Text(port));
  }
  std::string path;
  config.Get("unixsocket", &path);
  if (!path.empty()) add("name=unix,bind=" + path);
}

void Server(Call& call, InfoText& out) {
  const services::Identity& identity = call.services.identity;
  const services::Settings& settings = call.services.settings();
  const int64_t now_us = call.host.clock.NowUs();
  out.Line("redis_version", services::kRedisVersion);
  out.Line("redis_git_sha1", "00000000");
  out.Line("redis_git_dirty", "0");
  out.Line("redis_build_id", "0");
  out.Line("redis_mode", "standalone");
#ifdef __wasm__
  out.Line("os", "WebAssembly");
#else
  out.Line("os", "native");
#endif
  out.Line("arch_bits", sizeof(void*) * 8);
  out.Line("monotonic_clock", "host");
  out.Line("multiplexing_api", "host");
  out.Line("atomicvar_api", "none");
#ifdef __clang__
  out.Line("gcc_version", "0.0.0");
#else
  out.Line("gcc_version", __VERSION__);
#endif
  out.Line("process_id", static_cast<uint64_t>(identity.process_id));
  out.Line("process_supervised", "no");
  out.Line("run_id", identity.run_id);
  out.Line("tcp_port", static_cast<uint64_t>(settings.port));
  out.Line("server_time_usec", static_cast<uint64_t>(now_us));
  out.Line("uptime_in_seconds", static_cast<uint64_t>(UptimeSeconds(call)));
  out.Line("uptime_in_days", static_cast<uint64_t>(UptimeSeconds(call) / 86400));
  out.Line("hz", static_cast<uint64_t>(settings.hz));
  out.Line("configured_hz", static_cast<uint64_t>(settings.hz));
  out.Line("lru_clock", static_cast<uint64_t>(now_us / 1000000) & 0xffffff);
  out.Line("executable", identity.executable);
  out.Line("config_file", identity.config_file);
  out.Line("io_threads_active", "0");
  if (identity.standalone) Listeners(call, out);
}

void Clients(Call& call, InfoText& out) {
  uint64_t connected = 0;
  uint64_t input_max = 0;
  uint64_t output_max = 0;
  for (const auto& session : call.services.sessions.all()) {
    if (!session->cut_off) ++connected;
    input_max = std::max<uint64_t>(input_max, session->parser.pending_bytes());
    output_max = std::max<uint64_t>(output_max, session->out.size());
  }
  out.Line("connected_clients", connected);
  out.Line("cluster_connections", "0");
  out.Line("maxclients", static_cast<uint64_t>(call.services.settings().maxclients));
  out.Line("client_recent_max_input_buffer", input_max);
  out.Line("client_recent_max_output_buffer", output_max);
  out.Line("blocked_clients", call.services.waiters.size());
  out.Line("tracking_clients", call.services.tracking.session_count());
  out.Line("pubsub_clients", call.services.pubsub.session_count());
  out.Line("clients_in_timeout_table", call.services.waiters.deadline_count());
  out.Line("total_blocking_keys", call.services.waiters.key_count());
  out.Line("total_blocking_keys_on_nokey", call.services.waiters.any_change_key_count());
}

void ScriptMemory(Call& call, const MemoryOverview& memory, InfoText& out) {
  const scripting::LibrarySet& set = call.scripting.libraries().set();
  out.Line("used_memory_lua", memory.script_vm);
  out.Line("used_memory_vm_eval", memory.script_vm);
  out.Line("used_memory_lua_human", HumanBytes(memory.script_vm));
  out.Line("used_memory_scripts_eval", memory.scripts);
  out.Line("number_of_cached_scripts", call.scripting.cache().size());
  out.Line("number_of_functions", set.functions.size());
  out.Line("number_of_libraries", set.libraries.size());
  out.Line("used_memory_vm_functions", memory.function_vm);
  const uint64_t vms = memory.script_vm + memory.function_vm;
  out.Line("used_memory_vm_total", vms);
  out.Line("used_memory_vm_total_human", HumanBytes(vms));
  out.Line("used_memory_functions", memory.functions);
  const uint64_t scripts = memory.scripts + memory.functions;
  out.Line("used_memory_scripts", scripts);
  out.Line("used_memory_scripts_human", HumanBytes(scripts));
}

void Memory(Call& call, InfoText& out) {
  const MemoryOverview memory = OverviewOfMemory(call);
  const std::string fragmentation =
      base::Fixed(static_cast<double>(memory.resident) /
                      static_cast<double>(std::max<uint64_t>(memory.used, 1)),
                  2);
  const uint64_t system = call.services.identity.system_memory_bytes;
  out.Line("used_memory", memory.used);
  out.Line("used_memory_human", HumanBytes(memory.used));
  out.Line("used_memory_rss", memory.resident);
  out.Line("used_memory_rss_human", HumanBytes(memory.resident));
  out.Line("used_memory_peak", memory.peak);
  out.Line("used_memory_peak_human", HumanBytes(memory.peak));
  out.Line("used_memory_peak_perc", Percent(memory.used, memory.peak));
  out.Line("used_memory_overhead", memory.overhead);
  out.Line("used_memory_startup", memory.startup);
  out.Line("used_memory_dataset", memory.dataset());
  out.Line("used_memory_dataset_perc", Percent(memory.dataset(), memory.net()));
  out.Line("allocator_allocated", memory.used);
  out.Line("allocator_active", memory.used);
  out.Line("allocator_resident", memory.resident);
  out.Line("total_system_memory", system);
  out.Line("total_system_memory_human", HumanBytes(system));
  ScriptMemory(call, memory, out);
  std::string maxmemory;
  call.services.config.Get("maxmemory", &maxmemory);
  out.Line("maxmemory", maxmemory);
  out.Line("maxmemory_human", HumanBytes(base::ParseUint64(maxmemory).value_or(0)));
  out.Line("maxmemory_policy", call.services.settings().maxmemory_policy);
  out.Line("allocator_frag_ratio", "1.00");
  out.Line("allocator_frag_bytes", "0");
  out.Line("allocator_rss_ratio", fragmentation);
  out.Line("allocator_rss_bytes", memory.resident - memory.used);
  out.Line("rss_overhead_ratio", "1.00");
  out.Line("rss_overhead_bytes", "0");
  out.Line("mem_fragmentation_ratio", fragmentation);
  out.Line("mem_fragmentation_bytes", memory.resident - memory.used);
  out.Line("mem_not_counted_for_evict", call.durability.held_bytes());
  out.Lines({"mem_replication_backlog", "mem_total_replication_buffers", "mem_clients_slaves"},
            "0");
  out.Line("mem_clients_normal", memory.clients);
  out.Line("mem_cluster_links", "0");
  out.Line("mem_aof_buffer", call.durability.log().buffered_bytes());
  out.Line("mem_allocator", "libc");
  out.Line("active_defrag_running", "0");
  out.Line("lazyfree_pending_objects", call.keyspace.lazy_free().pending());
  out.Line("lazyfreed_objects", call.keyspace.lazy_free().freed());
}

std::string Kilobytes(const services::Rate& rate) {
  return base::Fixed(static_cast<double>(rate.PerSecond()) / 1024, 2);
}

void Statistics(Call& call, InfoText& out) {
  const services::Stats& stats = call.services.stats;
  const keyspace::KeyspaceStats& keys = call.keyspace.stats();
  out.Line("total_connections_received", stats.total_connections_received);
  out.Line("total_commands_processed", stats.total_commands_processed);
  out.Line("instantaneous_ops_per_sec", stats.commands_rate.PerSecond());
  out.Line("total_net_input_bytes", stats.net_input_bytes);
  out.Line("total_net_output_bytes", stats.net_output_bytes);
  out.Lines({"total_net_repl_input_bytes", "total_net_repl_output_bytes"}, "0");
  out.Line("instantaneous_input_kbps", Kilobytes(stats.net_input_rate));
  out.Line("instantaneous_output_kbps", Kilobytes(stats.net_output_rate));
  out.Lines({"instantaneous_input_repl_kbps", "instantaneous_output_repl_kbps"}, "0.00");
  out.Line("rejected_connections", stats.rejected_connections);
  out.Lines({"sync_full", "sync_partial_ok", "sync_partial_err"}, "0");
  out.Line("expired_subkeys", keys.expired_subkeys);
  out.Line("expired_keys", keys.expired_keys);
  out.Line("expired_stale_perc", "0.00");
  out.Line("expired_time_cap_reached_count", "0");
  out.Line("expire_cycle_cpu_milliseconds", stats.expire_us / 1000);
  out.Line("evicted_keys", keys.evicted_keys);
  out.Line("evicted_clients", stats.evicted_clients);
  const int64_t since_ms = stats.eviction_exceeded_since_ms;
  const int64_t exceeded_ms = since_ms == 0 ? 0 : std::max<int64_t>(call.now_ms() - since_ms, 0);
  out.Line("total_eviction_exceeded_time",
           stats.eviction_exceeded_ms + static_cast<uint64_t>(exceeded_ms));
  out.Line("current_eviction_exceeded_time", static_cast<uint64_t>(exceeded_ms));
  out.Line("keyspace_hits", keys.hits);
  out.Line("keyspace_misses", keys.misses);
  const services::Pubsub& pubsub = call.services.pubsub;
  using services::TopicKind;
  out.Line("pubsub_channels", pubsub.topics(TopicKind::kChannel).size());
  out.Line("pubsub_patterns", pubsub.topics(TopicKind::kPattern).size());
  out.Line("pubsubshard_channels", pubsub.topics(TopicKind::kShardChannel).size());
  out.Line("latest_fork_usec", "0");
  out.Line("total_forks", call.durability.background_jobs());
  out.Lines({"migrate_cached_sockets", "slave_expires_tracked_keys", "active_defrag_hits",
             "active_defrag_misses", "active_defrag_key_hits", "active_defrag_key_misses",
             "total_active_defrag_time", "current_active_defrag_time"},
            "0");
  out.Line("tracking_total_keys", call.services.tracking.key_count());
  out.Line("tracking_total_items", call.services.tracking.item_count());
  out.Line("tracking_total_prefixes", call.services.tracking.prefix_count());
  out.Line("unexpected_error_replies", "0");
  out.Line("total_error_replies", stats.total_error_replies);
  out.Line("dump_payload_sanitizations", "0");
  out.Line("total_reads_processed", stats.reads);
  out.Line("total_writes_processed", stats.writes);
  out.Lines({"io_threaded_reads_processed", "io_threaded_writes_processed"}, "0");
  out.Line("reply_buffer_shrinks", stats.reply_buffer_shrinks);
  out.Line("reply_buffer_expands", stats.reply_buffer_expands);
  const services::AclLog& denied = call.services.acl.log();
  out.Line("acl_access_denied_auth", denied.count(services::AclReason::kAuth));
  out.Line("acl_access_denied_cmd", denied.count(services::AclReason::kCommand));
  out.Line("acl_access_denied_key", denied.count(services::AclReason::kKey));
  out.Line("acl_access_denied_channel", denied.count(services::AclReason::kChannel));
}

void Replication(Call& call, InfoText& out) {
  out.Line("role", "master");
  out.Line("connected_slaves", "0");
  out.Line("master_failover_state", "no-failover");
  out.Line("master_replid", call.services.identity.replication_id);
  out.Line("master_replid2", std::string(40, '0'));
  out.Line("master_repl_offset", "0");
  out.Line("second_repl_offset", "-1");
  out.Line("repl_backlog_active", "0");
  std::string size;
  call.services.config.Get("repl-backlog-size", &size);
  out.Line("repl_backlog_size", size);
  out.Lines({"repl_backlog_first_byte_offset", "repl_backlog_histlen"}, "0");
}

// The engine is one thread.
void Cpu(Call& call, InfoText& out) {
  const host::CpuTimes times = call.host.clock.ProcessCpu();
  const std::string system = base::Fixed(static_cast<double>(times.system_us) / 1e6, 6);
  const std::string user = base::Fixed(static_cast<double>(times.user_us) / 1e6, 6);
  out.Line("used_cpu_sys", system);
  out.Line("used_cpu_user", user);
  out.Lines({"used_cpu_sys_children", "used_cpu_user_children"}, "0.000000");
  out.Line("used_cpu_sys_main_thread", system);
  out.Line("used_cpu_user_main_thread", user);
}

void Modules(Call&, InfoText&) {}

void Commandstats(Call& call, InfoText& out) {
  const services::Stats& stats = call.services.stats;
  for (size_t i = 0; i < stats.commands.size(); ++i) {
    const services::CommandStats& command = stats.commands[i];
    if (command.calls == 0 && command.rejected_calls == 0 && command.failed_calls == 0) continue;
    const double mean =
        command.calls == 0 ? 0
                           : static_cast<double>(command.usec) / static_cast<double>(command.calls);
    const auto number = [](uint64_t value) { return base::Int64Text(static_cast<int64_t>(value)); };
    out.Line("cmdstat_" + std::string(call.table.at(i).name),
             "calls=" + number(command.calls) + ",usec=" + number(command.usec) +
                 ",usec_per_call=" + base::Fixed(mean, 2) + ",rejected_calls=" +
                 number(command.rejected_calls) + ",failed_calls=" + number(command.failed_calls));
  }
}

void Errorstats(Call& call, InfoText& out) {
  for (const auto& [code, count] : call.services.stats.errors) {
    std::string name = "errorstat_" + code;
    for (char& c : name) {
      if (c == ':' || c == ',' || c == '=' || c <= ' ') c = '_';
    }
    out.Line(name, "count=" + base::Int64Text(static_cast<int64_t>(count)));
  }
}

// "p50=1.003,p99=12.031", in microseconds.
std::string Percentiles(const services::Histogram& durations, std::string_view percents) {
  std::string text;
  while (!percents.empty()) {
    const size_t end = std::min(percents.find(' '), percents.size());
    const double percent = base::ParseDouble(percents.substr(0, end)).value_or(0);
    percents.remove_prefix(std::min(end + 1, percents.size()));
    if (!text.empty()) text += ',';
    text += "p" + base::DoubleText(percent) + "=" +
            base::Fixed(static_cast<double>(durations.AtPercentile(percent)) / 1000, 3);
  }
  return text;
}

void Latencystats(Call& call, InfoText& out) {
  const services::Stats& stats = call.services.stats;
  const std::string_view percents = call.services.settings().latency_tracking_info_percentiles;
  if (!call.services.settings().latency_tracking) return;
  for (size_t i = 0; i < stats.commands.size(); ++i) {
    const services::Histogram* durations = stats.commands[i].durations.get();
    if (durations == nullptr) continue;
    out.Line("latency_percentiles_usec_" + std::string(call.table.at(i).name),
             Percentiles(*durations, percents));
  }
}

void Cluster(Call&, InfoText& out) { out.Line("cluster_enabled", "0"); }

// The mean time to live of some entries evenly picked from the order in which they end.
int64_t AverageTtlMs(const Call& call, const keyspace::Database& db) {
  constexpr uint32_t kSamples = 128;
  const keyspace::ExpiryHeap& expiry = db.expiry();
  const uint32_t size = expiry.size();
  if (size == 0) return 0;
  const uint32_t samples = std::min(size, kSamples);
  int64_t sum = 0;
  for (uint32_t i = 0; i < samples; ++i) {
    const auto place = static_cast<uint32_t>(uint64_t{size} * i / samples);
    const int64_t left = expiry.KeyAt(place) - call.now_ms();
    constexpr int64_t kLeftMax = INT64_MAX / kSamples;
    sum += std::clamp<int64_t>(left, 0, kLeftMax);
  }
  return sum / samples;
}

void Keyspace(Call& call, InfoText& out) {
  for (int id = 0; id < call.keyspace.database_count(); ++id) {
    const keyspace::Database& db = call.keyspace.db(id);
    if (db.size() == 0) continue;
    out.Line("db" + base::Int64Text(id),
             "keys=" + base::Int64Text(static_cast<int64_t>(db.size())) +
                 ",expires=" + base::Int64Text(static_cast<int64_t>(db.volatile_size())) +
                 ",avg_ttl=" + base::Int64Text(AverageTtlMs(call, db)) +
                 ",subexpiry=" + base::Int64Text(static_cast<int64_t>(db.field_volatile_size())));
  }
}

struct Section {
  std::string_view name;
  std::string_view title;
  bool by_default;
  void (*write)(Call&, InfoText&);
};
constexpr Section kSections[] = {
    {"server", "Server", true, &Server},
    {"clients", "Clients", true, &Clients},
    {"memory", "Memory", true, &Memory},
    {"persistence", "Persistence", true, &InfoPersistence},
    {"stats", "Stats", true, &Statistics},
    {"replication", "Replication", true, &Replication},
    {"cpu", "CPU", true, &Cpu},
    {"modules", "Modules", true, &Modules},
    {"commandstats", "Commandstats", false, &Commandstats},
    {"errorstats", "Errorstats", true, &Errorstats},
    {"latencystats", "Latencystats", false, &Latencystats},
    {"cluster", "Cluster", true, &Cluster},
    {"keyspace", "Keyspace", true, &Keyspace},
};

// "all" leaves out what modules tell, "everything" does not.
bool IsAskedFor(const Section& section, std::string_view word) {
  if (base::EqualsIgnoreCase(word, "default")) return section.by_default;
  if (base::EqualsIgnoreCase(word, "all")) return section.name != "modules";
  return base::EqualsIgnoreCase(word, "everything") || base::EqualsIgnoreCase(word, section.name);
}

void Info(Call& call) {
  InfoText out;
  for (const Section& section : kSections) {
    bool wanted = call.argc() == 1 && section.by_default;
    for (const std::string_view word : call.args.subspan(1)) wanted |= IsAskedFor(section, word);
    if (!wanted) continue;
    out.Section(section.title);
    section.write(call, out);
  }
  call.reply.Verbatim("txt", out.text());
}

constexpr CommandSpec kSpecs[] = {
    {.name = "info",
     .handler = &Info,
     .arity = -1,
     .group = Group::kServer,
     .flags = kLoading | kStale,
     .categories = kCatDangerous,
     .since = "1.0.0",
     .syntax = "[section...]",
     .tips = "nondeterministic_output,request_policy:all_shards,response_policy:special",
     .complexity = "O(1)",
     .summary = "Tells the state of the server in numbers, by section."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs InfoCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
