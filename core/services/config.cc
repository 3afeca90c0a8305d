#include "core/services/config.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/base/glob.h"
#include "core/base/numbers.h"
#include "core/services/config_table.h"
#include "core/services/config_value.h"
#include "core/services/effects.h"

namespace kvasm::services {
namespace {

// Which directive feeds which field.
struct BoolField {
  std::string_view name;
  bool Settings::*field;
};
struct NumberField {
  std::string_view name;
  int64_t Settings::*field;
};
struct TextField {
  std::string_view name;
  std::string Settings::*field;
};
struct LimitField {
  std::string_view name;
  int64_t types::Limits::*field;
};

constexpr BoolField kBoolFields[] = {
    {"activerehashing", &Settings::activerehashing},
    {"aof-disable-auto-gc", &Settings::aof_disable_auto_gc},
    {"aof-load-truncated", &Settings::aof_load_truncated},
    {"aof-timestamp-enabled", &Settings::aof_timestamp_enabled},
    {"aof-use-rdb-preamble", &Settings::aof_use_rdb_preamble},
    {"appendonly", &Settings::appendonly},
    {"latency-tracking", &Settings::latency_tracking},
    {"lazyfree-lazy-eviction", &Settings::lazyfree_lazy_eviction},
    {"lazyfree-lazy-expire", &Settings::lazyfree_lazy_expire},
    {"lazyfree-lazy-server-del", &Settings::lazyfree_lazy_server_del},
    {"lazyfree-lazy-user-del", &Settings::lazyfree_lazy_user_del},
    {"lazyfree-lazy-user-flush", &Settings::lazyfree_lazy_user_flush},
    {"no-appendfsync-on-rewrite", &Settings::no_appendfsync_on_rewrite},
    {"protected-mode", &Settings::protected_mode},
    {"rdbchecksum", &Settings::rdbchecksum},
    {"rdbcompression", &Settings::rdbcompression},
    {"stop-writes-on-bgsave-error", &Settings::stop_writes_on_bgsave_error},
};
constexpr NumberField kNumberFields[] = {
    {"acllog-max-len", &Settings::acllog_max_len},
    {"auto-aof-rewrite-min-size", &Settings::auto_aof_rewrite_min_size},
    {"auto-aof-rewrite-percentage", &Settings::auto_aof_rewrite_percentage},
    {"busy-reply-threshold", &Settings::busy_reply_threshold},
    {"databases", &Settings::databases},
    {"hz", &Settings::hz},
    {"latency-monitor-threshold", &Settings::latency_monitor_threshold},
    {"lfu-decay-time", &Settings::lfu_decay_time},
    {"lfu-log-factor", &Settings::lfu_log_factor},
    {"maxclients", &Settings::maxclients},
    {"maxmemory", &Settings::maxmemory},
    {"maxmemory-clients", &Settings::maxmemory_clients},
    {"maxmemory-eviction-tenacity", &Settings::maxmemory_eviction_tenacity},
    {"maxmemory-samples", &Settings::maxmemory_samples},
    {"min-replicas-max-lag", &Settings::min_replicas_max_lag},
    {"min-replicas-to-write", &Settings::min_replicas_to_write},
    {"port", &Settings::port},
    {"proto-max-bulk-len", &Settings::proto_max_bulk_len},
    {"rdb-key-save-delay", &Settings::rdb_key_save_delay},
    {"rdb-version", &Settings::rdb_version},
    {"slowlog-log-slower-than", &Settings::slowlog_log_slower_than},
    {"slowlog-max-len", &Settings::slowlog_max_len},
    {"timeout", &Settings::timeout},
    {"tracking-table-max-keys", &Settings::tracking_table_max_keys},
};
constexpr TextField kTextFields[] = {
    {"acl-pubsub-default", &Settings::acl_pubsub_default},
    {"aclfile", &Settings::aclfile},
    {"appenddirname", &Settings::appenddirname},
    {"appendfilename", &Settings::appendfilename},
    {"appendfsync", &Settings::appendfsync},
    {"dbfilename", &Settings::dbfilename},
    {"enable-debug-command", &Settings::enable_debug_command},
    {"enable-protected-configs", &Settings::enable_protected_configs},
    {"latency-tracking-info-percentiles", &Settings::latency_tracking_info_percentiles},
    {"loglevel", &Settings::loglevel},
    {"maxmemory-policy", &Settings::maxmemory_policy},
    {"notify-keyspace-events", &Settings::notify_keyspace_events},
    {"requirepass", &Settings::requirepass},
    {"save", &Settings::save},
};
constexpr LimitField kLimitFields[] = {
    {"hash-max-listpack-entries", &types::Limits::hash_max_listpack_entries},
    {"hash-max-listpack-value", &types::Limits::hash_max_listpack_value},
    {"set-max-intset-entries", &types::Limits::set_max_intset_entries},
    {"set-max-listpack-entries", &types::Limits::set_max_listpack_entries},
    {"set-max-listpack-value", &types::Limits::set_max_listpack_value},
    {"zset-max-listpack-entries", &types::Limits::zset_max_listpack_entries},
    {"zset-max-listpack-value", &types::Limits::zset_max_listpack_value},
    {"list-max-listpack-size", &types::Limits::list_max_listpack_size},
    {"list-compress-depth", &types::Limits::list_compress_depth},
    {"stream-node-max-bytes", &types::Limits::stream_node_max_bytes},
    {"stream-node-max-entries", &types::Limits::stream_node_max_entries},
    {"hll-sparse-max-bytes", &types::Limits::hll_sparse_max_bytes},
};

// What this build cannot do is refused.
struct Refusal {
  std::string_view name;
  std::string_view only_value;
  std::string_view reason;
  bool at_startup_too;
};
constexpr Refusal kRefusals[] = {
    {"activedefrag", "no",
     "Active defragmentation cannot be enabled: it requires a Redis server compiled with a "
     "modified Jemalloc like the one shipped by default with the Redis source distribution",
     true},
    {"tls-port", "0", "TLS is not supported", true},
    {"cluster-enabled", "no", "Cluster mode is not supported", true},
};

bool IsPattern(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

template <class Field, size_t N>
auto FieldOf(const Field (&fields)[N], std::string_view name)
    -> std::optional<decltype(fields[0].field)> {
  for (const Field& field : fields) {
    if (field.name == name) return field.field;
  }
  return std::nullopt;
}

// Values above the range of int64 (maxmemory is unsigned) are as good as its end. A percentage is a
// negative number.
int64_t NumberOf(std::string_view text) {
  if (text.ends_with('%')) {
    return -base::ParseInt64(text.substr(0, text.size() - 1)).value_or(0);
  }
  return base::ParseInt64(text).value_or(std::numeric_limits<int64_t>::max());
}

// "normal <hard> <soft> <seconds> slave ... pubsub ...", as CONFIG GET shows it.
OutputLimitClasses OutputLimitsOf(std::string_view text) {
  OutputLimitClasses classes;
  for (OutputLimit* limit : {&classes.normal, &classes.replica, &classes.pubsub}) {
    uint64_t numbers[4] = {};  // the first is the name
    for (uint64_t& number : numbers) {
      const size_t end = std::min(text.find(' '), text.size());
      number = base::ParseUint64(text.substr(0, end)).value_or(0);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    *limit = {numbers[1], numbers[2], static_cast<int64_t>(numbers[3])};
  }
  return classes;
}

}  // namespace

struct Config::State {
  struct Found {
    size_t index;
    bool by_alias;
    bool operator==(const Found&) const = default;
  };

  const std::vector<Directive> directives = Directives();
  std::vector<std::string> values;             // by index of the directive
  std::map<uint64_t, std::vector<Pair>> undo;  // by session
  bool save_given = false;                     // a start-up source has given save points of its own

  // As CONFIG GET shows it. Redis does not tell of new keys beside all other events.
  std::string Shown(size_t index) const {
    std::string value = values[index];
    if (directives[index].type == DirectiveType::kEvents && value.starts_with('A')) {
      std::erase(value, 'n');
    }
    return value;
  }

  std::optional<Found> Find(std::string_view name) const {
    for (size_t i = 0; i < directives.size(); ++i) {
      if (base::EqualsIgnoreCase(directives[i].name, name)) return Found{i, false};
      if (base::EqualsIgnoreCase(directives[i].alias, name) && !name.empty()) {
        return Found{i, true};
      }
    }
    return std::nullopt;
  }

  // What stands in the way of setting this directive at all; empty if nothing does.
  static std::string_view Barrier(const Directive& directive, Source source) {
    if (source == Source::kStartup) return {};
    if (directive.flags & kImmutable) return "can't set immutable config";
    if ((directive.flags & kProtected) && source != Source::kPrivileged) {
      return "can't set protected config";
    }
    return {};
  }

  // The value a directive would get. `pending` holds those set before in the same call.
  base::Result<std::string> NewValue(size_t index, std::string_view text, Source source,
                                     const std::vector<std::string>& pending) const {
    const Directive& directive = directives[index];
    std::string value = TRY(NormalizeValue(directive, text, pending[index]));
    // A folder that the host has not named yet is "", but nobody can choose it.
    if (directive.name == "dir" && value.empty() && source != Source::kStartup) {
      return base::Error("No such file or directory");
    }
    for (const Refusal& refusal : kRefusals) {
      if (refusal.name == directive.name && value != refusal.only_value &&
          (refusal.at_startup_too || source != Source::kStartup)) {
        return base::Error(refusal.reason);
      }
    }
    // Save points of a configuration file stand on lines of their own and add up.
    if (directive.type == DirectiveType::kSave && source == Source::kStartup && save_given &&
        !value.empty() && !pending[index].empty()) {
      value = pending[index] + " " + value;
    }
    return value;
  }
};

Config::Config() : state_(std::make_unique<State>()) {
  for (const Directive& directive : state_->directives) {
    state_->values.emplace_back(directive.initial);
    UpdateSetting(directive.name, directive.initial);
  }
}

Config::~Config() = default;

void Config::UpdateSetting(std::string_view name, std::string_view value) {
  if (const auto flag = FieldOf(kBoolFields, name)) settings_.*(*flag) = value == "yes";
  if (const auto number = FieldOf(kNumberFields, name)) settings_.*(*number) = NumberOf(value);
  if (const auto text = FieldOf(kTextFields, name)) settings_.*(*text) = value;
  if (const auto limit = FieldOf(kLimitFields, name)) settings_.limits.*(*limit) = NumberOf(value);
  if (name == "client-output-buffer-limit") settings_.output_limits = OutputLimitsOf(value);
}

bool Config::Get(std::string_view name, std::string* value) const {
  const auto found = state_->Find(name);
  if (!found) return false;
  *value = state_->Shown(found->index);
  return true;
}

std::vector<Config::Pair> Config::Match(std::string_view pattern) const {
  std::vector<Pair> pairs;
  if (!IsPattern(pattern)) {
    std::string value;
    if (Get(pattern, &value)) pairs.emplace_back(pattern, std::move(value));
    return pairs;
  }
  const auto& directives = state_->directives;
  for (size_t i = 0; i < directives.size(); ++i) {
    if (directives[i].flags & kHidden) continue;
    for (std::string_view name : {directives[i].name, directives[i].alias}) {
      if (!name.empty() && base::GlobMatch(pattern, name, base::Case::kIgnored)) {
        pairs.emplace_back(name, state_->Shown(i));
      }
    }
  }
  return pairs;
}

std::vector<std::string> Config::Names() const {
  std::vector<std::string> names;
  for (const Directive& directive : state_->directives) {
    names.emplace_back(directive.name);
    if (!directive.alias.empty()) names.emplace_back(directive.alias);
  }
  return names;
}

std::string Config::Export() const {
  std::string text;
  const auto& directives = state_->directives;
  for (size_t i = 0; i < directives.size(); ++i) {
    const Directive& directive = directives[i];
    const std::string& value = state_->values[i];
    const bool is_text =
        directive.type == DirectiveType::kText || directive.type == DirectiveType::kEvents;
    const bool is_memory = directive.type == DirectiveType::kMemory ||
                           directive.type == DirectiveType::kMemoryPercent ||
                           directive.type == DirectiveType::kBufferLimits;
    AppendCounted(&text, directive.name);
    AppendCounted(&text, directive.alias);
    AppendCounted(&text, value);
    AppendCounted(&text, is_text ? "t" : is_memory ? "m" : "");
    AppendCounted(&text, value == directive.initial ? "1" : "");
  }
  return text;
}

base::Status Config::Set(std::span<const Pair> values, Source source) {
  std::vector<State::Found> targets;
  for (const auto& [name, value] : values) {
    const auto found = state_->Find(name);
    if (!found) return base::Error(errors::ConfigUnknown(name));
    const std::string_view barrier = State::Barrier(state_->directives[found->index], source);
    if (!barrier.empty()) return base::Error(errors::ConfigFailed(name, barrier));
    // An alias counts as a directive of its own.
    for (const State::Found& earlier : targets) {
      if (earlier == *found) {
        return base::Error(errors::ConfigFailed(name, "duplicate parameter"));
      }
    }
    targets.push_back(*found);
  }

  std::vector<std::string> pending = state_->values;
  for (size_t i = 0; i < targets.size(); ++i) {
    const Directive& directive = state_->directives[targets[i].index];
    auto value = state_->NewValue(targets[i].index, values[i].second, source, pending);
    if (!value.ok()) {
      return base::Error(errors::ConfigFailed(
          targets[i].by_alias ? directive.alias : directive.name, value.error()));
    }
    pending[targets[i].index] = value.TakeValue();
  }

  std::vector<size_t> changed;
  for (const State::Found& target : targets) {
    std::string& value = state_->values[target.index];
    if (source == Source::kStartup &&
        state_->directives[target.index].type == DirectiveType::kSave) {
      state_->save_given = true;
    }
    if (value == pending[target.index]) continue;
    value = pending[target.index];
    UpdateSetting(state_->directives[target.index].name, value);
    changed.push_back(target.index);
  }
  if (listener_) {
    for (size_t index : changed) listener_(state_->directives[index].name, state_->Shown(index));
  }
  return base::Status::Ok();
}

std::vector<Config::Pair> Config::Present(std::span<const Pair> of) const {
  std::vector<Pair> present;
  for (const auto& [name, value] : of) {
    const auto found = state_->Find(name);
    if (found) present.emplace_back(name, state_->values[found->index]);
  }
  return present;
}

void Config::KeepUndo(uint64_t session_id, std::vector<Pair> before) {
  state_->undo[session_id] = std::move(before);
}

std::vector<Config::Pair> Config::TakeUndo(uint64_t session_id) {
  auto node = state_->undo.extract(session_id);
  return node.empty() ? std::vector<Pair>() : std::move(node.mapped());
}

void Config::Restore(std::span<const Pair> values) {
  for (const auto& [name, value] : values) {
    const auto found = state_->Find(name);
    if (!found || state_->values[found->index] == value) continue;
    const std::string_view directive = state_->directives[found->index].name;
    state_->values[found->index] = value;
    UpdateSetting(directive, value);
    if (listener_) listener_(directive, state_->Shown(found->index));
  }
}

}  // namespace kvasm::services
