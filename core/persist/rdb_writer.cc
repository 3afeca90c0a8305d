#include "core/persist/rdb_writer.h"

#include "core/base/bytes.h"
#include "core/base/numbers.h"

namespace kvasm::persist {

void RdbWriter::File::Append(std::string_view bytes) {
  if (bytes.size() > static_cast<size_t>(end_ - at_)) {
    Flush();
    if (bytes.size() >= kBufferBytes) return Pass(bytes);
  }
  base::Copy(at_, bytes.data(), bytes.size());
  at_ += bytes.size();
}

void RdbWriter::File::Flush() {
  if (kept_bytes() == 0) return;
  Pass({kept_, kept_bytes()});
  at_ = kept_;
}

void RdbWriter::File::Pass(std::string_view bytes) {
  if (sums) checksum_.Add(bytes);
  passed_bytes_ += bytes.size();
  sink_.Append(bytes);
}

uint64_t RdbWriter::File::Checksum() {
  Flush();
  return sums ? checksum_.value() : 0;
}

void RdbWriter::Begin(const RdbHeader& header) {
  constexpr int kDecimal = 10;
  char magic[sizeof kRdbMagic + kRdbVersionDigits];
  std::memcpy(magic, kRdbMagic, sizeof kRdbMagic);
  int rest = options_.version;
  for (size_t i = sizeof magic; i-- > sizeof kRdbMagic; rest /= kDecimal) {
    magic[i] = static_cast<char>('0' + rest % kDecimal);
  }
  file_.sums = options_.checksum;
  out_.Bytes({magic, sizeof magic});
  Aux("redis-ver", header.redis_version);
  Aux("redis-bits", 64);
  Aux("ctime", header.created_s);
  Aux("used-mem", static_cast<int64_t>(header.used_memory));
  if (header.has_replication) {
    Aux("repl-stream-db", header.stream_db);
    Aux("repl-id", header.replication_id);
    Aux("repl-offset", header.replication_offset);
  }
  Aux("aof-base", header.aof_base ? 1 : 0);
}

void RdbWriter::Aux(std::string_view name, std::string_view value) {
  Code(Opcode::kAux);
  out_.String(name);
  out_.String(value);
}

void RdbWriter::Aux(std::string_view name, int64_t value) {
  Code(Opcode::kAux);
  out_.String(name);
  out_.Integer(value);
}

void RdbWriter::Function(std::string_view code) {
  Code(Opcode::kFunction);
  out_.String(code);
}

void RdbWriter::Select(int db) {
  if (db == db_) return;
  db_ = db;
  Code(Opcode::kSelectDb);
  out_.Length(static_cast<uint64_t>(db));
}

void RdbWriter::Resize(int db, uint64_t keys, uint64_t volatile_keys) {
  Select(db);
  Code(Opcode::kResizeDb);
  out_.Length(keys);
  out_.Length(volatile_keys);
}

void RdbWriter::SaveAccess(const keyspace::Entry& entry, const SavedAccess& access) {
  if (access.kind == SavedAccess::Kind::kIdle) {
    Code(Opcode::kIdle);
    out_.Length(keyspace::IdleSeconds(entry, access.now_ms));
  } else if (access.kind == SavedAccess::Kind::kFrequency) {
    Code(Opcode::kFrequency);
    out_.Byte(keyspace::Frequency(entry, access.policy, access.now_ms));
  }
}

void RdbWriter::Put(int db, keyspace::Entry& entry, int64_t expire_at_ms,
                    const types::Context& context, const SavedAccess& access) {
  Select(db);
  if (expire_at_ms != -1) {
    Code(Opcode::kExpireMs);
    out_.Fixed64(static_cast<uint64_t>(expire_at_ms));
  }
  SaveAccess(entry, access);
  out_.Byte(static_cast<uint8_t>(SavedType(entry, options_.version)));
  out_.String(entry.key());
  SaveValue(out_, entry, context);
}

void RdbWriter::End() {
  Code(Opcode::kEof);
  out_.Fixed64(file_.Checksum());
  file_.Flush();
}

}  // namespace kvasm::persist
