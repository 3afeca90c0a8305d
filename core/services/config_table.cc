#include "core/services/config_table.h"

#include <array>
#include <iterator>
#include <limits>

#include "core/base/packing.h"

namespace kvasm::services {
namespace {

constexpr int64_t kInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kIntLeast = std::numeric_limits<int32_t>::min();
constexpr int64_t kUint = std::numeric_limits<uint32_t>::max();
constexpr int64_t kLong = std::numeric_limits<int64_t>::max();
constexpr int64_t kPort = 65535;
constexpr int64_t kMegabyte = 1 << 20;

constexpr std::string_view kAllowed = "no|yes|local";
constexpr std::string_view kSignal = "default|save|nosave|now|force";

constexpr Directive Bool(std::string_view name, bool initial, uint8_t flags = 0,
                         std::string_view alias = {}) {
  return {name, alias, DirectiveType::kBool, flags, initial ? "yes" : "no", 0, 0, {}};
}
constexpr Directive Integer(std::string_view name, int64_t least, int64_t most,
                            std::string_view initial, uint8_t flags = 0,
                            std::string_view alias = {}) {
  return {name, alias, DirectiveType::kInteger, flags, initial, least, most, {}};
}
constexpr Directive Memory(std::string_view name, int64_t least, int64_t most,
                           std::string_view initial, uint8_t flags = 0,
                           std::string_view alias = {}) {
  return {name, alias, DirectiveType::kMemory, flags, initial, least, most, {}};
}
constexpr Directive Enum(std::string_view name, std::string_view choices, std::string_view initial,
                         uint8_t flags = 0) {
  return {name, {}, DirectiveType::kEnum, flags, initial, 0, 0, choices};
}
constexpr Directive Text(std::string_view name, std::string_view initial, uint8_t flags = 0,
                         std::string_view alias = {}) {
  return {name, alias, DirectiveType::kText, flags, initial, 0, 0, {}};
}
constexpr Directive Special(std::string_view name, DirectiveType type, std::string_view initial,
                            uint8_t flags = 0, std::string_view alias = {},
                            std::string_view choices = {}) {
  return {name, alias, type, flags, initial, 0, 0, choices};
}

constexpr Directive kDirectives[] = {
    // --- network ---
    // Every address, as Redis has it: kvasm-server listens there, and protected mode keeps all but
    // the machine's own clients out until there is a password. What a program embeds reads neither
    // `bind` nor `port`: it listens nowhere until it is told where (node/listen.ts).
    Special("bind", DirectiveType::kAddresses, "* -::*"),
    Text("bind-source-addr", ""),
    Integer("port", 0, kPort, "6379"),
    Integer("tcp-backlog", 0, kInt, "511", kImmutable),
    Integer("tcp-keepalive", 0, kInt, "300"),
    Integer("timeout", 0, kInt, "0"),
    Bool("protected-mode", true),
    Text("unixsocket", "", kImmutable),
    {"unixsocketperm", {}, DirectiveType::kOctal, kImmutable, "0", 0, 0777, {}},
    Integer("socket-mark-id", 0, kUint, "0", kImmutable),
    Integer("maxclients", 1, kUint, "10000"),
    Memory("client-query-buffer-limit", kMegabyte, kLong, "1073741824", kUnsigned),
    Memory("proto-max-bulk-len", kMegabyte, kLong, "536870912"),
    Special("client-output-buffer-limit", DirectiveType::kBufferLimits,
            "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
    {"maxmemory-clients", {}, DirectiveType::kMemoryPercent, 0, "0", -100, kLong, {}},
    Integer("io-threads", 1, 128, "1", kImmutable),
    Bool("io-threads-do-reads", false, kImmutable),

    // --- TLS ---
    Integer("tls-port", 0, kPort, "0"),
    Integer("tls-session-cache-size", 0, kInt, "20480"),
    Integer("tls-session-cache-timeout", 0, kInt, "300"),
    Bool("tls-cluster", false),
    Bool("tls-replication", false),
    Enum("tls-auth-clients", "no|yes|optional", "yes"),
    Bool("tls-prefer-server-ciphers", false),
    Bool("tls-session-caching", true),
    Text("tls-cert-file", ""),
    Text("tls-key-file", ""),
    Text("tls-key-file-pass", ""),
    Text("tls-client-cert-file", ""),
    Text("tls-client-key-file", ""),
    Text("tls-client-key-file-pass", ""),
    Text("tls-dh-params-file", ""),
    Text("tls-ca-cert-file", ""),
    Text("tls-ca-cert-dir", ""),
    Text("tls-protocols", ""),
    Text("tls-ciphers", ""),
    Text("tls-ciphersuites", ""),

    // --- process, logs ---
    Bool("daemonize", false, kImmutable),
    Enum("supervised", "upstart|systemd|auto|no", "no", kImmutable),
    Text("pidfile", "", kImmutable),
    Enum("loglevel", "debug|verbose|notice|warning|nothing", "notice"),
    Text("logfile", "", kImmutable),
    Bool("syslog-enabled", false, kImmutable),
    Text("syslog-ident", "redis", kImmutable),
    Enum("syslog-facility", "user|local0|local1|local2|local3|local4|local5|local6|local7",
         "local0", kImmutable),
    Bool("crash-log-enabled", true),
    Bool("crash-memcheck-enabled", true),
    Bool("use-exit-on-panic", false, kHidden),
    Integer("watchdog-period", 0, kInt, "0", kHidden),
    Bool("always-show-logo", false, kImmutable),
    Bool("set-proc-title", true, kImmutable),
    Text("proc-title-template", "{title} {listen-addr} {server-mode}"),
    Text("locale-collate", ""),
    Bool("disable-thp", true, kImmutable),
    Text("server_cpulist", "", kImmutable),
    Text("bio_cpulist", "", kImmutable),
    Text("aof_rewrite_cpulist", "", kImmutable),
    Text("bgsave_cpulist", "", kImmutable),
    Text("ignore-warnings", ""),
    Enum("oom-score-adj", "no|yes/relative|absolute", "no"),
    Special("oom-score-adj-values", DirectiveType::kOomScores, "0 200 800"),
    Special("shutdown-on-sigint", DirectiveType::kFlags, "default", 0, {}, kSignal),
    Special("shutdown-on-sigterm", DirectiveType::kFlags, "default", 0, {}, kSignal),
    Integer("shutdown-timeout", 0, kInt, "10"),
    Enum("enable-protected-configs", kAllowed, "no", kImmutable),
    Enum("enable-debug-command", kAllowed, "no", kImmutable),
    Enum("enable-module-command", kAllowed, "no", kImmutable),

    // --- the keyspace ---
    // Redis stops at what memory holds; here that has to be known beforehand.
    Integer("databases", 1, 1000000, "16", kImmutable),
    Integer("hz", 0, kInt, "10"),
    Bool("dynamic-hz", true),
    Bool("activerehashing", true),
    Integer("active-expire-effort", 1, 10, "1"),
    Memory("maxmemory", 0, -1, "0", kUnsigned),
    Enum("maxmemory-policy",
         "volatile-lru|volatile-lfu|volatile-random|volatile-ttl|allkeys-lru|allkeys-lfu|"
         "allkeys-random|noeviction",
         "noeviction"),
    Integer("maxmemory-samples", 1, kInt, "5"),
    Integer("maxmemory-eviction-tenacity", 0, 100, "10"),
    Integer("lfu-log-factor", 0, kInt, "10"),
    Integer("lfu-decay-time", 0, kInt, "1"),
    Bool("lazyfree-lazy-eviction", false),
    Bool("lazyfree-lazy-expire", false),
    Bool("lazyfree-lazy-server-del", false),
    Bool("lazyfree-lazy-user-del", false),
    Bool("lazyfree-lazy-user-flush", false),
    Bool("jemalloc-bg-thread", true),
    Bool("activedefrag", false),
    Integer("active-defrag-cycle-min", 1, 99, "1"),
    Integer("active-defrag-cycle-max", 1, 99, "25"),
    Integer("active-defrag-threshold-lower", 0, 1000, "10"),
    Integer("active-defrag-threshold-upper", 0, 1000, "100"),
    Integer("active-defrag-max-scan-fields", 1, kLong, "1000", kUnsigned),
    Memory("active-defrag-ignore-bytes", 1, kLong, "104857600", kUnsigned),
    Special("notify-keyspace-events", DirectiveType::kEvents, ""),

    // --- encodings ---
    Integer("hash-max-listpack-entries", 0, kLong, "512", kUnsigned, "hash-max-ziplist-entries"),
    Memory("hash-max-listpack-value", 0, kLong, "64", kUnsigned, "hash-max-ziplist-value"),
    Integer("set-max-intset-entries", 0, kLong, "512", kUnsigned),
    Integer("set-max-listpack-entries", 0, kLong, "128", kUnsigned),
    Integer("set-max-listpack-value", 0, kLong, "64", kUnsigned),
    Integer("zset-max-listpack-entries", 0, kLong, "128", kUnsigned, "zset-max-ziplist-entries"),
    Memory("zset-max-listpack-value", 0, kLong, "64", kUnsigned, "zset-max-ziplist-value"),
    Integer("list-max-listpack-size", kIntLeast, kInt, "-2", 0, "list-max-ziplist-size"),
    Integer("list-compress-depth", 0, kInt, "0"),
    Memory("stream-node-max-bytes", 0, kLong, "4096", kUnsigned),
    Integer("stream-node-max-entries", 0, kLong, "100"),
    Memory("hll-sparse-max-bytes", 0, kLong, "3000", kUnsigned),

    // --- monitoring ---
    Integer("slowlog-log-slower-than", -1, kLong, "10000"),
    Integer("slowlog-max-len", 0, kLong, "128", kUnsigned),
    Integer("latency-monitor-threshold", 0, kLong, "0"),
    Bool("latency-tracking", true),
    Special("latency-tracking-info-percentiles", DirectiveType::kPercentiles, "50 99 99.9"),
    Integer("tracking-table-max-keys", 0, kLong, "1000000", kUnsigned),

    // --- access ---
    Text("requirepass", ""),
    Text("aclfile", "", kImmutable),
    Integer("acllog-max-len", 0, kLong, "128", kUnsigned),
    Enum("acl-pubsub-default", "allchannels|resetchannels", "resetchannels"),

    // --- scripts ---
    Integer("busy-reply-threshold", 0, kLong, "5000", 0, "lua-time-limit"),

    // --- persistence ---
    Text("dir", "", kProtected),
    Text("dbfilename", "dump.rdb", kProtected),
    Special("save", DirectiveType::kSave, "3600 1 300 100 60 10000"),
    Bool("stop-writes-on-bgsave-error", true),
    Bool("rdbcompression", true),
    Integer("rdb-version", 10, 12, "11", kHidden),  // ours: 10 is for readers such as Redis 7.0
    Bool("rdbchecksum", true, kImmutable),
    Bool("rdb-del-sync-files", false),
    Bool("rdb-save-incremental-fsync", true),
    Integer("rdb-key-save-delay", kIntLeast, kInt, "0", kHidden),
    Integer("key-load-delay", kIntLeast, kInt, "0", kHidden),
    Integer("loading-process-events-interval-bytes", 1024, kInt, "2097152", kHidden),
    Enum("sanitize-dump-payload", "no|yes|clients", "no"),
    Bool("appendonly", false),
    Text("appendfilename", "appendonly.aof", kImmutable),
    Text("appenddirname", "appendonlydir", kImmutable),
    Enum("appendfsync", "everysec|always|no", "everysec"),
    Bool("no-appendfsync-on-rewrite", false),
    Integer("auto-aof-rewrite-percentage", 0, kInt, "100"),
    Memory("auto-aof-rewrite-min-size", 0, kLong, "67108864"),
    Bool("aof-load-truncated", true),
    Bool("aof-use-rdb-preamble", true),
    Bool("aof-timestamp-enabled", false),
    Bool("aof-rewrite-incremental-fsync", true),
    Bool("aof-disable-auto-gc", false, kHidden),

    // --- replication ---
    Special("replicaof", DirectiveType::kReplicaOf, "", kImmutable, "slaveof"),
    Text("masteruser", ""),
    Text("masterauth", ""),
    Bool("replica-serve-stale-data", true, 0, "slave-serve-stale-data"),
    Bool("replica-read-only", true, 0, "slave-read-only"),
    Bool("replica-lazy-flush", false, 0, "slave-lazy-flush"),
    Bool("replica-ignore-maxmemory", true, 0, "slave-ignore-maxmemory"),
    Bool("replica-ignore-disk-write-errors", false),
    Integer("replica-priority", 0, kInt, "100", 0, "slave-priority"),
    Bool("replica-announced", true),
    Text("replica-announce-ip", "", 0, "slave-announce-ip"),
    Integer("replica-announce-port", 0, kPort, "0", 0, "slave-announce-port"),
    Bool("repl-disable-tcp-nodelay", false),
    Bool("repl-diskless-sync", true),
    Integer("repl-diskless-sync-delay", 0, kInt, "5"),
    Integer("repl-diskless-sync-max-replicas", 0, kInt, "0"),
    Enum("repl-diskless-load", "disabled|on-empty-db|swapdb", "disabled"),
    Integer("repl-timeout", 1, kInt, "60"),
    Integer("repl-ping-replica-period", 1, kInt, "10", 0, "repl-ping-slave-period"),
    Memory("repl-backlog-size", 1, kLong, "1048576"),
    Integer("repl-backlog-ttl", 0, kLong, "3600"),
    Integer("min-replicas-to-write", 0, kInt, "0", 0, "min-slaves-to-write"),
    Integer("min-replicas-max-lag", 0, kInt, "10", 0, "min-slaves-max-lag"),
    Enum("propagation-error-behavior", "ignore|panic|panic-on-replicas", "ignore"),

    // --- cluster ---
    Bool("cluster-enabled", false, kImmutable),
    Text("cluster-config-file", "nodes.conf", kImmutable),
    Integer("cluster-port", 0, kPort, "0", kImmutable),
    Integer("cluster-node-timeout", 0, kLong, "15000"),
    Integer("cluster-ping-interval", 0, kLong, "0", kHidden),
    Integer("cluster-replica-validity-factor", 0, kInt, "10", 0, "cluster-slave-validity-factor"),
    Bool("cluster-replica-no-failover", false, 0, "cluster-slave-no-failover"),
    Integer("cluster-migration-barrier", 0, kInt, "1"),
    Bool("cluster-allow-replica-migration", true),
    Bool("cluster-require-full-coverage", true),
    Bool("cluster-allow-reads-when-down", false),
    Bool("cluster-allow-pubsubshard-when-down", true),
    Memory("cluster-link-sendbuf-limit", 0, -1, "0", kUnsigned),
    Text("cluster-announce-ip", ""),
    Text("cluster-announce-hostname", ""),
    Text("cluster-announce-human-nodename", ""),
    Integer("cluster-announce-port", 0, kPort, "0"),
    Integer("cluster-announce-tls-port", 0, kPort, "0"),
    Integer("cluster-announce-bus-port", 0, kPort, "0"),
    Enum("cluster-preferred-endpoint-type", "ip|hostname|unknown-endpoint", "ip"),
};

// Returns the size; without `out` it only counts.
constexpr size_t Pack(char* out) {
  base::PackingWriter writer(out);
  for (const Directive& directive : kDirectives) {
    writer.Number(static_cast<uint64_t>(directive.type));
    writer.Number(directive.flags);
    writer.Signed(directive.least);
    writer.Signed(directive.most);
  }
  for (const Directive& directive : kDirectives) {
    writer.Text(directive.name);
    writer.Text(directive.alias);
    writer.Text(directive.initial);
    writer.Text(directive.choices);
  }
  return writer.size();
}

constexpr auto kPacked = [] {
  std::array<char, Pack(nullptr)> bytes{};
  Pack(bytes.data());
  return bytes;
}();

}  // namespace

std::vector<Directive> Directives() {
  std::vector<Directive> directives(std::size(kDirectives));
  base::PackingReader in(kPacked.data());
  for (Directive& directive : directives) {
    directive.type = static_cast<DirectiveType>(in.Number());
    directive.flags = static_cast<uint8_t>(in.Number());
    directive.least = in.Signed();
    directive.most = in.Signed();
  }
  for (Directive& directive : directives) {
    directive.name = in.Text();
    directive.alias = in.Text();
    directive.initial = in.Text();
    directive.choices = in.Text();
  }
  return directives;
}

}  // namespace kvasm::services
