// The services a command may use besides the keyspace. Borrowed from the engine.
#pragma once

#include "core/services/acl.h"
#include "core/services/config.h"
#include "core/services/effects.h"
#include "core/services/pubsub.h"
#include "core/services/session.h"
#include "core/services/stats.h"
#include "core/services/waiters.h"

namespace kvasm::services {

class LatencyMonitor;
class Monitors;
class SlowLog;
class Tracking;

// Facts about the program around the engine, for INFO and HELLO.
struct Identity {
  int64_t process_id = 0;
  bool standalone = false;  // a server of its own, rather than embedded in a program
  std::string run_id;       // 40 hexadecimal digits
  std::string executable;
  std::string config_file;
};

struct Services {
  Config& config;
  Stats& stats;
  Sessions& sessions;
  Effects& effects;
  const Identity& identity;
  Waiters& waiters;
  Pubsub& pubsub;
  Acl& acl;
  SlowLog& slow_log;
  LatencyMonitor& latency;
  Tracking& tracking;
  Monitors& monitors;

  const Settings& settings() const { return config.settings(); }
};

}  // namespace kvasm::services
