#pragma once

#include <string>
#include <vector>

#include "core/keyspace/keyspace.h"

namespace kvasm::testing {

// Collects keyspace events as "event key".
class ListEvents final : public keyspace::Listener {
 public:
  std::vector<std::string> events;
  uint32_t Interests() const override { return kEvents; }
  void KeyEvent(keyspace::EventClass event_class, std::string_view event, keyspace::Database&,
                std::string_view key) override {
    if (event_class == keyspace::kEventKeyMiss || event_class == keyspace::kEventNew) return;
    events.push_back(std::string(event) + " " + std::string(key));
  }
};

}  // namespace kvasm::testing
