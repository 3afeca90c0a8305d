// The settings that the engine reads while it works. services::Config parses, checks and reports
// them (CONFIG GET / SET, redis.conf) and keeps these fields current. Names and defaults: Redis
// 7.2.
#pragma once

#include <cstdint>
#include <string>

#include "core/types/value.h"

namespace kvasm::services {

// What a class of clients may leave unread; 0: as much as it likes.
struct OutputLimit {
  uint64_t hard_bytes = 0;
  uint64_t soft_bytes = 0;
  int64_t soft_seconds = 0;
};
struct OutputLimitClasses {
  OutputLimit normal;
  OutputLimit replica;
  OutputLimit pubsub;
};

struct Settings {
  types::Limits limits;
  int64_t databases = 16;
  int64_t proto_max_bulk_len = 512ll << 20;
  int64_t maxclients = 10000;
  int64_t maxmemory = 0;
  int64_t maxmemory_clients = 0;  // negative: percent of maxmemory
  std::string maxmemory_policy = "noeviction";
  int64_t maxmemory_samples = 5;
  int64_t maxmemory_eviction_tenacity = 10;
  int64_t lfu_log_factor = 10;
  int64_t lfu_decay_time = 1;
  bool lazyfree_lazy_eviction = false;
  bool lazyfree_lazy_expire = false;
  bool lazyfree_lazy_server_del = false;
  bool lazyfree_lazy_user_del = false;
  bool lazyfree_lazy_user_flush = false;
  bool active_expire = true;    // DEBUG SET-ACTIVE-EXPIRE
  bool chores_paused = false;   // DEBUG PAUSE-CRON
  bool skip_checksums = false;  // DEBUG SET-SKIP-CHECKSUM-VALIDATION
  bool activerehashing = true;
  bool latency_tracking = true;
  std::string latency_tracking_info_percentiles = "50 99 99.9";
  int64_t latency_monitor_threshold = 0;    // milliseconds; 0: nothing is monitored
  int64_t slowlog_log_slower_than = 10000;  // microseconds; negative: nothing is logged
  int64_t slowlog_max_len = 128;
  int64_t tracking_table_max_keys = 1'000'000;
  bool protected_mode = true;
  std::string save = "3600 1 300 100 60 10000";  // pairs of seconds and changes
  std::string dbfilename = "dump.rdb";
  bool rdbcompression = true;
  bool rdbchecksum = true;
  bool stop_writes_on_bgsave_error = true;
  bool appendonly = false;
  std::string appendfilename = "appendonly.aof";
  std::string appenddirname = "appendonlydir";
  std::string appendfsync = "everysec";
  bool no_appendfsync_on_rewrite = false;
  int64_t auto_aof_rewrite_percentage = 100;
  int64_t auto_aof_rewrite_min_size = 64 << 20;
  bool aof_load_truncated = true;
  bool aof_use_rdb_preamble = true;
  bool aof_timestamp_enabled = false;
  bool aof_disable_auto_gc = false;
  int64_t rdb_version = 11;
  int64_t rdb_key_save_delay = 0;  // microseconds a key, for tests
  int64_t timeout = 0;             // seconds an idle client is kept, 0 = for ever
  std::string notify_keyspace_events;
  OutputLimitClasses output_limits;  // client-output-buffer-limit
  std::string requirepass;
  std::string aclfile;
  std::string acl_pubsub_default = "resetchannels";
  int64_t acllog_max_len = 128;
  std::string enable_protected_configs = "no";  // no, yes, local
  std::string enable_debug_command = "no";      // no, yes, local
  int64_t port = 6379;
  int64_t hz = 10;
  int64_t busy_reply_threshold = 5000;  // milliseconds; 0: scripts take what they need
  std::string loglevel = "notice";
  int64_t min_replicas_to_write = 0;  // without so many good ones writes are refused; 0: never
  int64_t min_replicas_max_lag = 10;  // seconds; 0: any replica will do
};

}  // namespace kvasm::services
