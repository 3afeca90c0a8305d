// MONITOR: sessions that are shown every command as it is executed.
//
// A line is written once and appended to the output of each monitor, in-process sessions getting
// theirs among their pushes; what a monitor runs itself is shown to it after the reply. A monitor
// that does not read is bounded like any normal client (client-output-buffer-limit).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/services/pubsub.h"
#include "core/services/session.h"

namespace kvasm::services {

class Monitors {
 public:
  explicit Monitors(Pubsub& pubsub) : pubsub_(pubsub) {}
  Monitors(const Monitors&) = delete;
  Monitors& operator=(const Monitors&) = delete;

  // False if the session is one already.
  bool Add(Session& session);
  // Harmless if the session is none. To be called before a session ends.
  void Remove(Session& session);

  bool any() const { return !monitors_.empty(); }
  // `arguments` are without secrets. A line that does not fit into memory is shown to nobody.
  // `by_script`: a script of the caller's has called the command.
  void Show(const Session& caller, std::span<const std::string_view> arguments, int64_t now_us,
            bool by_script);

 private:
  Pubsub& pubsub_;
  std::vector<Session*> monitors_;  // in the order in which they came
};

}  // namespace kvasm::services
