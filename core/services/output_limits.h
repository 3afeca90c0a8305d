// client-output-buffer-limit: what a client does not read may not pile up without end. A session
// that has more to send than its class may is ended at once, and its output is forgotten.
//
// Counted is what exceeds the kFixedBytes that every session may always have, in whole blocks:
// Redis keeps output so, and clients know the figures. In-process sessions have no limits: the
// program that owns them takes their output after every call.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/host/host.h"
#include "core/keyspace/keyspace.h"
#include "core/services/session.h"
#include "core/services/settings.h"

namespace kvasm::services {

// How a session's output is told to clients (CLIENT LIST: obl, oll, omem).
struct OutputUse {
  static constexpr uint32_t kFixedBytes = 16 * 1024;
  static constexpr uint32_t kBlockBytes = 20 * 1024;

  explicit OutputUse(uint32_t bytes)
      : fixed_bytes(bytes < kFixedBytes ? bytes : kFixedBytes),
        blocks((bytes - fixed_bytes + kBlockBytes - 1) / kBlockBytes) {}

  uint64_t block_bytes() const { return uint64_t{blocks} * kBlockBytes; }

  uint32_t fixed_bytes;
  uint32_t blocks;
};

class OutputLimits {
 public:
  OutputLimits(const Settings& settings, const keyspace::Keyspace& keyspace, Sessions& sessions,
               host::Log& log)
      : settings_(settings), keyspace_(keyspace), sessions_(sessions), log_(log) {}

  // Whether there is one for the session.
  bool HasLimit(const Session& session) const {
    const OutputLimit& limit = LimitOf(session);
    return limit.hard_bytes != 0 || limit.soft_bytes != 0;
  }
  // Stops a reply that passes the hard limit while it is written. To be called for a new session,
  // for one that begins or ceases to listen to channels, and for all when the setting changes.
  void Apply(Session& session) const;
  void ApplyToAll() const;

  // To be called when a session has got output: ends it if that is more than it may have.
  void Check(Session& session) {
    if (session.out.size() > OutputUse::kFixedBytes) [[unlikely]]
      CheckLarge(session);
  }
  // Ends the sessions that have been above their soft limit for too long.
  void Tick();
  // True if the output stopped at the limit of the session, which is ended then.
  bool EndIfStopped(Session& session);
  // Ends a session at once. `why` goes to the log.
  void End(Session& session, std::string_view why);

 private:
  const OutputLimit& LimitOf(const Session& session) const;
  void CheckLarge(Session& session);

  const Settings& settings_;
  const keyspace::Keyspace& keyspace_;
  Sessions& sessions_;
  host::Log& log_;
  std::vector<uint64_t> above_soft_;  // ids
};

}  // namespace kvasm::services
