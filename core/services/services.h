// The services a command may use besides the keyspace. Borrowed from the engine.
#pragma once

#include "core/services/acl.h"
#include "core/services/config.h"
#include "core/services/effects.h"
#include "core/services/identity.h"
#include "core/services/pubsub.h"
#include "core/services/session.h"
#include "core/services/stats.h"
#include "core/services/waiters.h"

namespace kvasm::services {

class LatencyMonitor;
class Monitors;
class ReplyRooms;
class SlowLog;
class Tracking;

struct Services {
  Config& config;
  Stats& stats;
  Sessions& sessions;
  Effects& effects;
  Identity& identity;
  Waiters& waiters;
  Pubsub& pubsub;
  Acl& acl;
  SlowLog& slow_log;
  LatencyMonitor& latency;
  Tracking& tracking;
  Monitors& monitors;
  ReplyRooms& reply_rooms;

  const Settings& settings() const { return config.settings(); }
};

}  // namespace kvasm::services
