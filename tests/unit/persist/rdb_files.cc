#include "tests/unit/persist/rdb_files.h"

#include "core/base/bytes.h"
#include "core/base/crc64.h"
#include "core/keyspace/edit.h"

namespace kvasm::testing {

using persist::RdbReader;

std::string SaveFile(TestEngine& engine, const persist::WriteOptions& options,
                     const persist::SavedAccess& access) {
  keyspace::Keyspace& keyspace = engine.engine.keyspace();
  TextSink sink;
  persist::RdbWriter out(sink, options);
  out.Begin(
      {.redis_version = "7.2.6", .created_s = engine.now_ms() / 1000, .used_memory = 1 << 20});
  for (int id = 0; id < keyspace.database_count(); ++id) {
    keyspace::Database& db = keyspace.db(id);
    if (db.size() == 0) continue;
    out.Resize(id, db.size(), db.volatile_size());
    db.entries().ForEach([&](keyspace::Entry* entry) {
      out.Put(id, *entry, db.ExpireAt(*entry), keyspace.context(), access);
    });
  }
  out.End();
  return out.failed() ? "failed" : sink.text;
}

bool LoadTarget::Aux(std::string_view name, std::string_view value) {
  told.push_back("aux " + std::string(name) + " " + std::string(value));
  return name != "fatal";
}

base::Status LoadTarget::Function(std::string_view code) {
  told.push_back("function " + std::string(code));
  if (code == "bad") return base::Error("it is bad");
  return base::Status::Ok();
}

base::Status LoadTarget::SelectDb(int64_t db) {
  if (db >= engine_.engine.keyspace().database_count()) return base::Error("no such database");
  db_ = static_cast<int>(db);
  told.push_back("db " + std::to_string(db));
  return base::Status::Ok();
}

void LoadTarget::Resize(uint64_t key_count, uint64_t volatile_keys) {
  told.push_back("resize " + std::to_string(key_count) + " " + std::to_string(volatile_keys));
}

bool LoadTarget::WantsKey(std::string_view key, int64_t) { return key != unwanted || key.empty(); }

base::Status LoadTarget::Put(std::string_view key, persist::LoadedValue& value,
                             int64_t expire_at_ms, int64_t idle_s, int frequency) {
  keyspace::Keyspace& keyspace = engine_.engine.keyspace();
  keyspace::Database& db = keyspace.db(db_);
  std::string line = "put " + std::string(key);
  if (expire_at_ms != -1) line += " at " + std::to_string(expire_at_ms);
  if (idle_s != -1) line += " idle " + std::to_string(idle_s);
  if (frequency != -1) line += " frequency " + std::to_string(frequency);
  told.push_back(line);
  ++keys;
  if (keyspace.Peek(db, key) != nullptr) return base::Error("duplicate");
  keyspace::Edit edit(keyspace, db, key);
  value.PutInto(edit);
  if (expire_at_ms != -1) edit.SetExpiry(expire_at_ms);
  edit.Changed();
  return base::Status::Ok();
}

void LoadTarget::Empty(std::string_view key) { told.push_back("empty " + std::string(key)); }

void LoadTarget::Module(std::string_view key, std::string_view module) {
  told.push_back("module " + std::string(key) + " " + std::string(module));
}

void LoadTarget::End(bool checked) { told.push_back(checked ? "end, checked" : "end"); }

LoadOutcome LoadFile(TestEngine& engine, std::string_view file, size_t chunk_bytes,
                     const persist::RdbReadOptions& options) {
  constexpr size_t kCopiedBytesMax = 64 * 1024;
  keyspace::Keyspace& keyspace = engine.engine.keyspace();
  for (int id = 0; id < keyspace.database_count(); ++id) keyspace.Flush(keyspace.db(id), false);
  keyspace.PauseExpiry(true);
  LoadTarget target(engine);
  RdbReader reader(target, keyspace.context(), options);
  LoadOutcome outcome;
  RdbReader::Progress progress = RdbReader::Progress::kMore;
  size_t at = 0;
  while (at < file.size() && progress == RdbReader::Progress::kMore) {
    std::string_view chunk = file.substr(at, chunk_bytes == 0 ? file.size() : chunk_bytes);
    // A copy of its own, so that a sanitizer sees who reads past its end or keeps it.
    const std::string copy(chunk.size() < kCopiedBytesMax ? chunk : std::string_view());
    if (!copy.empty()) chunk = copy;
    size_t used = 0;
    progress = reader.Feed(chunk, &used);
    at += used;
  }
  progress = reader.Finish();
  keyspace.PauseExpiry(false);
  outcome.whole = progress == RdbReader::Progress::kDone;
  outcome.error = outcome.whole ? "" : reader.Describe();
  outcome.used = at;
  outcome.told = std::move(target.told);
  return outcome;
}

std::string WithChecksum(std::string file) {
  char sum[sizeof(uint64_t)];
  base::Store64(sum, base::Crc64(0, file));
  file.append(sum, sizeof sum);
  return file;
}

}  // namespace kvasm::testing
