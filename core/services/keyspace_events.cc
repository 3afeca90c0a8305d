#include "core/services/keyspace_events.h"

#include <string>

#include "core/base/numbers.h"

namespace kvasm::services {
namespace {

using namespace keyspace;  // the event classes

uint32_t ClassesOf(char letter) {
  switch (letter) {
    case 'g':
      return kEventGeneric;
    case '$':
      return kEventString;
    case 'l':
      return kEventList;
    case 's':
      return kEventSet;
    case 'h':
      return kEventHash;
    case 'z':
      return kEventZset;
    case 'x':
      return kEventExpired;
    case 'e':
      return kEventEvicted;
    case 't':
      return kEventStream;
    case 'd':
      return kEventModule;
    case 'm':
      return kEventKeyMiss;
    case 'n':
      return kEventNew;
    case 'A':
      return kEventGeneric | kEventString | kEventList | kEventSet | kEventHash | kEventZset |
             kEventExpired | kEventEvicted | kEventStream | kEventModule;
    default:
      return 0;
  }
}

}  // namespace

void KeyspaceEvents::Configure(std::string_view letters) {
  classes_ = 0;
  for (const char letter : letters) classes_ |= ClassesOf(letter);
  by_key_ = letters.find('K') != std::string_view::npos;
  by_event_ = letters.find('E') != std::string_view::npos;
  const bool wanted = classes_ != 0 && (by_key_ || by_event_);
  if (wanted == attached_) return;
  attached_ = wanted;
  wanted ? keyspace_.Attach(*this) : keyspace_.Detach(*this);
}

void KeyspaceEvents::KeyEvent(EventClass event_class, std::string_view event, Database& db,
                              std::string_view key) {
  if (!(classes_ & event_class) || !pubsub_.has_listeners()) return;
  const std::string number = base::Int64Text(db.id());
  // The key may be borrowed from an entry, which delivery leaves alone.
  if (by_key_) {
    std::string channel = "__keyspace@" + number + "__:";
    channel += key;
    pubsub_.Publish(channel, event);
  }
  if (by_event_) {
    std::string channel = "__keyevent@" + number + "__:";
    channel += event;
    pubsub_.Publish(channel, key);
  }
}

}  // namespace kvasm::services
