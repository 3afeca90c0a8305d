// Who wants to know what the write gate does. The gate calls a listener only for what it declared
// an interest in, so an engine without listeners pays one test of a mask per write.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/keyspace/events.h"
#include "core/types/value.h"

namespace kvasm::keyspace {

class Database;
struct Entry;

class Listener {
 public:
  enum Interest : uint32_t {
    kPreImage = 1u << 0,  // BeforeWrite, BeforeFlush
    kChanges = 1u << 1,   // KeyChanged, KeyGone, Flushed
    kEvents = 1u << 2,    // KeyEvent
    kReady = 1u << 3,     // KeyReady
  };

  virtual ~Listener() = default;
  virtual uint32_t Interests() const = 0;

  // The entry is about to be changed, moved or deleted for the first time since the current
  // snapshot epoch began; it is still whole. Must not touch the keyspace.
  virtual void BeforeWrite(Database&, Entry&) {}
  // All entries of the database are about to go; the listener may take them (SnapshotCut does).
  virtual void BeforeFlush(Database&) {}
  // The value, the expiry or the existence of a key has changed (WATCH, client side caching).
  virtual void KeyChanged(Database&, std::string_view /*key*/) {}
  // A key has gone although no command removed it: its time was up, or memory was short.
  virtual void KeyGone(Database& db, std::string_view key) { KeyChanged(db, key); }
  // A database has been emptied, or has traded contents with another one (SWAPDB).
  virtual void Flushed(Database&) {}
  // A keyspace event, named as Redis names it.
  virtual void KeyEvent(EventClass, std::string_view /*event*/, Database&,
                        std::string_view /*key*/) {}
  // A list, sorted set or stream has been written and exists: whoever waits for it may be served.
  virtual void KeyReady(Database&, std::string_view /*key*/, types::Type) {}
};

}  // namespace kvasm::keyspace
