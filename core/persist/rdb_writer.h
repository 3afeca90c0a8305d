// A whole RDB file, written piece by piece into a sink:
//
//     RdbWriter out(sink, {.version = 11, .compress = true, .checksum = true});
//     out.Begin({.redis_version = "7.2.6", .created_s = now_s, .used_memory = bytes});
//     for each library     out.Function(source);
//     for each database    out.Resize(db, keys, volatile_keys);      // a hint; may be left out
//     for each entry       out.Put(db, entry, expire_at_ms, context, access);
//     out.End();                                                     // all is with the sink now
//
// Entries may come in any order of databases (a snapshot's pre-images come when they are about to
// change): the database is said wherever it is another one. What is written is kept back up to
// kBufferBytes and handed on in blocks, so that the checksum costs little; nothing else is held,
// save what the Writer needs for the value at hand.
//
// Ends of hash fields are written from version 12 on only; whoever begins a file knows whether
// there are any (VersionFor tells of one entry).
//
// Format: RDB versions 10 (Redis 7.0), 11 (7.2), 12 (7.4).
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/crc64_sum.h"
#include "core/keyspace/access.h"
#include "core/persist/value.h"
#include "core/persist/writer.h"

namespace kvasm::persist {

// What a file says of itself.
struct RdbHeader {
  std::string_view redis_version;
  int64_t created_s = 0;
  uint64_t used_memory = 0;
  bool aof_base = false;
  bool has_replication = false;
  int stream_db = -1;  // the database the stream of replication has selected
  std::string_view replication_id;
  int64_t replication_offset = 0;
};

// What is kept of an entry's use: what maxmemory-policy goes by.
struct SavedAccess {
  enum class Kind : uint8_t { kNone, kIdle, kFrequency };
  Kind kind = Kind::kNone;
  keyspace::AccessPolicy policy{};
  int64_t now_ms = 0;
};

// About 24 KB: not for the stack.
class RdbWriter {
 public:
  // `sink` is borrowed. It is called from Begin to End; blocks are of kBufferBytes or less, long
  // strings excepted.
  RdbWriter(Sink& sink, WriteOptions options)
      : file_(sink), options_(options), out_(file_, options) {}

  void Begin(const RdbHeader& header);
  void Function(std::string_view code);
  // Selects the database and says how much is to come.
  void Resize(int db, uint64_t keys, uint64_t volatile_keys);
  // `expire_at_ms` -1 = persistent. The entry is only read.
  void Put(int db, keyspace::Entry& entry, int64_t expire_at_ms, const types::Context& context,
           const SavedAccess& access);
  // The end and the checksum. Nothing may follow.
  void End();

  // Bytes of the file so far, those kept back included.
  uint64_t bytes() const { return file_.bytes(); }
  // Memory ran out: the file is not whole.
  bool failed() const { return out_.failed(); }

 private:
  // Gathers blocks and sums them up.
  class File final : public Sink {
   public:
    explicit File(Sink& sink) : sink_(sink) {
      at_ = kept_;
      end_ = kept_ + kBufferBytes;
    }
    void Append(std::string_view bytes) override;
    void Flush();
    uint64_t bytes() const { return passed_bytes_ + kept_bytes(); }
    // Of all bytes; flushes them.
    uint64_t Checksum();
    bool sums = true;

   private:
    static constexpr size_t kBufferBytes = 8192;
    size_t kept_bytes() const { return static_cast<size_t>(at_ - kept_); }
    void Pass(std::string_view bytes);

    Sink& sink_;
    uint64_t passed_bytes_ = 0;
    base::Crc64Sum checksum_;
    char kept_[kBufferBytes];
  };

  void Code(Opcode code) { out_.Byte(static_cast<uint8_t>(code)); }
  void Aux(std::string_view name, std::string_view value);
  void Aux(std::string_view name, int64_t value);
  void Select(int db);
  void SaveAccess(const keyspace::Entry& entry, const SavedAccess& access);

  File file_;
  const WriteOptions options_;
  Writer out_;
  int db_ = -1;
};

}  // namespace kvasm::persist
