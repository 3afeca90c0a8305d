// Collects what a command owes to the AOF and to replicas, and hands it on when the command is
// done.
//
// By default a command that changed something is recorded as it was called. A command whose effect
// is another one (SPOP -> SREM, EXPIRE -> PEXPIREAT) records that instead. Deletions that a command
// meets on its way (expired keys) come first. More than one record is wrapped in MULTI / EXEC,
// unless they have nothing to do with each other, and SELECT precedes a record for another
// database. Source: shared facts on Redis 7.2's replication stream.
//
// What a script or a transaction owes may be more than memory holds: whoever calls its commands
// asks before each (Prepare), so that nothing has to be forgotten afterwards.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace kvasm::keyspace {

class Journal {
 public:
  Journal() = default;
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Receives finished records one by one, each a command with its arguments.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void Record(std::span<const std::string_view> arguments) = 0;
  };

  // Who a record is for, one bit each: redis.set_repl lets a script choose.
  enum Audience : uint8_t { kNobody = 0, kAof = 1, kReplicas = 2, kAll = 3 };

  // Without a sink nothing is collected. Borrowed; called in the order of attachment.
  void Attach(Sink& sink, Audience audience = kAll);
  void Detach(Sink& sink);
  bool active() const { return !sinks_.empty(); }
  // Of what is noted from now on.
  void set_audience(Audience audience) { audience_ = audience; }

  // Makes room for a record of these arguments, and for its being handed on. False: there is none.
  bool Prepare(std::span<const std::string_view> arguments);
  // Notes a record for database `db`; the bytes are copied. No effect without a sink.
  void Add(int db, std::span<const std::string_view> arguments);
  void Add(int db, std::initializer_list<std::string_view> arguments) {
    Add(db, std::span(arguments.begin(), arguments.size()));
  }
  // As Add and Commit, but nothing is copied.
  void AddLast(int db, std::span<const std::string_view> arguments);
  // Hands all noted records to the sinks. Called at the end of every command (or transaction).
  // `as_one`: as a transaction, if there are several.
  void Commit(bool as_one = true) {
    if (is_open_) [[unlikely]]
      HandOn(nullptr, as_one);
  }
  bool pending() const { return arguments_ > 0; }

 private:
  struct Record {
    int db;
    Audience audience;
    std::span<const std::string_view> arguments;
  };
  struct Attached {
    Sink* sink;
    Audience audience;
    int selected_db = -1;
  };
  struct Chunk;

  // One is kept for the next records; larger ones, each for a single record, are not.
  static constexpr size_t kChunkBytes = 16 * 1024;
  static constexpr size_t kViewsKept = 1024;

  bool HasRoomFor(uint64_t bytes) const;
  // A chunk of that many bytes; null, or for `unasked` never null, when memory is short.
  bool AddChunk(uint64_t bytes, bool unasked);
  // How many of the noted records a sink hears.
  uint64_t HeardBy(const Attached& sink, const Record* last) const;
  void Emit(const Record& record);
  void EmitAll(const Chunk& chunk);
  // All that is noted, and a last record.
  void HandOn(const Record* last, bool as_one);

  std::vector<Attached> sinks_;
  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;  // which records are added to
  // Freed before records are handed on, so that the sinks have room for the copies they make.
  void* spare_ = nullptr;
  uint64_t spare_bytes_ = 0;
  uint64_t records_[kAll + 1] = {};      // noted, by audience
  uint64_t arguments_ = 0;               // of all of them
  std::vector<std::string_view> views_;  // of the record that is being handed on
  Audience audience_ = kAll;
  bool is_open_ = false;  // there is something to hand on, or to free
};

}  // namespace kvasm::keyspace
