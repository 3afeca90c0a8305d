// Keyspace notifications: tells channels what happens to keys (notify-keyspace-events). Listens to
// the write gate only while the setting asks for something.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/keyspace/keyspace.h"
#include "core/keyspace/listener.h"
#include "core/services/pubsub.h"

namespace kvasm::services {

class KeyspaceEvents : public keyspace::Listener {
 public:
  KeyspaceEvents(keyspace::Keyspace& keyspace, Pubsub& pubsub)
      : keyspace_(keyspace), pubsub_(pubsub) {}
  KeyspaceEvents(const KeyspaceEvents&) = delete;
  KeyspaceEvents& operator=(const KeyspaceEvents&) = delete;

  // `letters` is the directive's value, checked.
  void Configure(std::string_view letters);

  uint32_t Interests() const override { return kEvents; }
  void KeyEvent(keyspace::EventClass event_class, std::string_view event, keyspace::Database& db,
                std::string_view key) override;

 private:
  keyspace::Keyspace& keyspace_;
  Pubsub& pubsub_;
  uint32_t classes_ = 0;
  bool by_key_ = false;    // K
  bool by_event_ = false;  // E
  bool attached_ = false;
};

}  // namespace kvasm::services
