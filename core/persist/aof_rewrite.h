// The keyspace as the commands that would make it: the base of an append-only file when
// aof-use-rdb-preamble is off. Which commands, and how many elements each carries, is Redis 7.2's;
// ends of fields follow as HPEXPIREAT (7.4).
#pragma once

#include <cstdint>
#include <string_view>

#include "core/keyspace/entry.h"
#include "core/persist/aof_writer.h"
#include "core/persist/writer.h"
#include "core/types/value.h"

namespace kvasm::types {
class ConsumerGroup;
class Stream;
}  // namespace kvasm::types

namespace kvasm::persist {

class AofRewriter {
 public:
  // `sink` is borrowed. Nothing is buffered: a value of any size streams through.
  explicit AofRewriter(Sink& sink) : out_(sink) {}

  // A library of functions. Before all entries, as in Redis.
  void Function(std::string_view code);
  // An entry of database `db`, which is selected if the one before was of another. The entry is
  // only read. `expire_at_ms` -1: persistent.
  void Put(int db, keyspace::Entry& entry, int64_t expire_at_ms, const types::Context& context);

 private:
  void Command(uint64_t arguments, std::string_view name, std::string_view key);
  void Select(int db);
  void PutList(std::string_view key, keyspace::Entry& entry, const types::Context& context);
  void PutSet(std::string_view key, keyspace::Entry& entry, const types::Context& context);
  void PutSortedSet(std::string_view key, keyspace::Entry& entry, const types::Context& context);
  void PutHash(std::string_view key, keyspace::Entry& entry, const types::Context& context);
  void PutFieldEnd(std::string_view key, std::string_view field, int64_t at_ms);
  void PutStream(std::string_view key, const types::Stream& stream);
  void PutGroup(std::string_view key, const types::ConsumerGroup& group);

  RecordWriter<Sink> out_;
  int db_ = -1;
};

}  // namespace kvasm::persist
