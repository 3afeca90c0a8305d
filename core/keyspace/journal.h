// Collects what a command owes to the AOF and to replicas, and hands it on when the command is
// done.
//
// By default a command that changed something is recorded as it was called. A command whose effect
// is another one (SPOP -> SREM, EXPIRE -> PEXPIREAT) records that instead. Deletions that a command
// meets on its way (expired keys) come first. More than one record is wrapped in MULTI / EXEC,
// unless they have nothing to do with each other, and SELECT precedes a record for another
// database. Source: shared facts on Redis 7.2's replication stream.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvasm::keyspace {

class Journal {
 public:
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

  // Notes a record for database `db`; the bytes are copied. No effect without a sink.
  void Add(int db, std::span<const std::string_view> arguments);
  void Add(int db, std::initializer_list<std::string_view> arguments) {
    Add(db, std::span(arguments.begin(), arguments.size()));
  }
  // As Add and Commit; of what is the only record nothing is copied.
  void AddLast(int db, std::span<const std::string_view> arguments);
  // Hands all noted records to the sinks. Called at the end of every command (or transaction).
  // `as_one`: as a transaction, if there are several.
  void Commit(bool as_one = true);
  bool pending() const { return !records_.empty(); }

 private:
  struct Pending {
    int db;
    Audience audience;
    uint32_t arguments;
  };
  struct Attached {
    Sink* sink;
    Audience audience;
    int selected_db = -1;

    bool Hears(const Pending& record) const { return (audience & record.audience) != 0; }
  };

  // What has been noted is given back if it takes more.
  static constexpr size_t kKeptBytes = 16 * 1024;

  static void Select(Attached& to, int db);
  void Emit(Attached& to, bool as_one);

  std::vector<Attached> sinks_;
  std::vector<Pending> records_;
  // The arguments of all records, one after the other.
  std::string bytes_;
  std::vector<uint32_t> sizes_;
  std::vector<std::string_view> views_;  // of the record that is being handed on
  Audience audience_ = kAll;
};

}  // namespace kvasm::keyspace
