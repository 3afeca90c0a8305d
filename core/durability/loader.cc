#include "core/durability/loader.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/base/alloc.h"
#include "core/base/numbers.h"
#include "core/keyspace/access.h"
#include "core/keyspace/edit.h"
#include "core/persist/rdb_check.h"

namespace kvasm::durability {

using persist::AofFault;
using persist::AofReader;
using persist::Operation;
using persist::Outcome;
using persist::RdbReader;
using Lane = persist::StorageQueue::Lane;

namespace {

constexpr std::string_view kRdbMark = "REDIS";
constexpr std::string_view kNoMemory = "Out of memory reading RDB file";
constexpr std::string_view kMayBeSound =
    ": the file may be sound, but there is not enough memory for what it holds";

std::string Number(uint64_t value) { return base::Int64Text(static_cast<int64_t>(value)); }

}  // namespace

Loader::Loader(const Parts& parts, LoadOrder order, Done done)
    : parts_(parts), order_(std::move(order)), done_(std::move(done)) {
  progress_.began_ms = parts_.host.clock.NowUs() / 1000;
  sizes_.resize(order_.files.size());
  parts_.keyspace.PauseExpiry(true);
  Measure(0);
}

void Loader::Measure(size_t index) {
  if (index == order_.files.size()) return OpenNext();
  parts_.storage.Add(Lane::kLog,
                     {.kind = Operation::Kind::kSize,
                      .file = order_.files[index].path,
                      .done = [this, index](const Outcome& outcome, Operation&) {
                        if (!outcome.ok() || outcome.absent) {
                          at_ = index;
                          const std::string_view why =
                              outcome.absent ? "No such file or directory" : outcome.error;
                          return Finish("Fatal error: can't open the append log file " +
                                        file().name + " for reading: " + std::string(why));
                        }
                        sizes_[index] = outcome.size;
                        progress_.bytes_total += outcome.size;
                        Measure(index + 1);
                      }});
}

void Loader::OpenNext() {
  parts_.executor.BeginRecords();
  if (at_ == order_.files.size()) return Finish({});
  offset_ = 0;
  db_ = 0;
  rdb_.reset();
  log_.reset();
  Read();
}

void Loader::Read() {
  parts_.storage.Add(Lane::kLog,
                     {.kind = Operation::Kind::kRead,
                      .file = file().path,
                      .offset = offset_,
                      .length = kPieceBytes,
                      .done = [this](const Outcome& outcome, Operation&) {
                        if (!outcome.ok()) {
                          return FailFile("Error reading it: " + std::string(outcome.error));
                        }
                        TakePiece(outcome.bytes);
                      }});
}

void Loader::TakePiece(std::string_view bytes) {
  if (bytes.empty()) return EndFile();
  if (offset_ == 0) {
    if (!file().is_log || bytes.starts_with(kRdbMark)) {
      persist::RdbReader::Target& target = *this;
      rdb_.emplace(target, parts_.keyspace.context(),
                   persist::RdbReadOptions{.verify_checksum = order_.verify_checksum});
    } else {
      persist::AofReader::Target& target = *this;
      log_.emplace(target);
    }
  }
  offset_ += bytes.size();
  progress_.bytes_loaded += bytes.size();
  if (rdb_ && !log_ && !TakeRdb(&bytes)) return;
  if (log_ && !TakeLog(bytes)) return;
  Read();
}

bool Loader::TakeRdb(std::string_view* bytes) {
  size_t used = 0;
  switch (rdb_->Feed(*bytes, &used)) {
    case RdbReader::Progress::kMore:
      return true;
    case RdbReader::Progress::kFailed:
      FailRdb();
      return false;
    case RdbReader::Progress::kDone:
      break;
  }
  bytes->remove_prefix(used);
  if (!file().is_log) {
    Next();
    return false;
  }
  persist::AofReader::Target& target = *this;
  log_.emplace(target, rdb_->offset());
  return true;
}

bool Loader::TakeLog(std::string_view bytes) {
  if (log_->Feed(bytes) != AofReader::Outcome::kFailed) return true;
  if (!unknown_command_.empty()) {
    FailFile("Unknown command '" + unknown_command_ + "' reading the append only file");
  } else if (out_of_memory_ || log_->fault().kind == AofFault::Kind::kOutOfMemory) {
    FailFile("Out of memory reading the append only file at offset " +
             Number(log_->fault().offset) + std::string(kMayBeSound));
  } else {
    FailFile(
        "Bad file format reading the append only file at offset " + Number(log_->fault().offset) +
        ": make a backup of your AOF file, then use kvasm-check-aof --fix <filename.manifest>");
  }
  return false;
}

void Loader::EndFile() {
  if (log_) return EndLog();
  if (rdb_) {
    rdb_->Finish();
    return FailRdb();
  }
  // An empty log is one; an empty file is no RDB file.
  if (file().is_log) return Next();
  FailFile("Unexpected EOF reading RDB file (offset 0): it is empty, restore a backup");
}

void Loader::EndLog() {
  const AofReader::End end = log_->Finish();
  if (end == AofReader::End::kWhole) return Next();
  if (end == AofReader::End::kTransaction) {
    parts_.host.log.Write(host::LogLevel::kWarning,
                          "Revert incomplete MULTI/EXEC transaction from AOF file " + file().name);
  }
  // A next one that was made, and not written to before the power went, is as good as none.
  const bool is_last = std::all_of(sizes_.begin() + static_cast<std::ptrdiff_t>(at_) + 1,
                                   sizes_.end(), [](uint64_t bytes) { return bytes == 0; });
  if (order_.takes_truncated && is_last) return CutBack(log_->good_offset());
  FailFile(
      "Unexpected end of file reading the append only file at offset " + Number(log_->offset()) +
      ". You can: 1) Make a backup of your AOF file, then use kvasm-check-aof --fix "
      "<filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration "
      "option to yes and restart the server.");
}

void Loader::CutBack(uint64_t bytes) {
  parts_.host.log.Write(host::LogLevel::kWarning,
                        "!!! Warning: short read while loading the AOF file " + file().name +
                            "!!! AOF loaded anyway because aof-load-truncated is enabled");
  parts_.host.log.Write(host::LogLevel::kWarning, "Truncating the AOF " + file().name +
                                                      " at offset " + Number(bytes) + " of " +
                                                      Number(offset_));
  sizes_[at_] = bytes;
  parts_.storage.Add(Lane::kLog,
                     {.kind = Operation::Kind::kTruncate,
                      .file = file().path,
                      .offset = bytes,
                      .done = [this](const Outcome& outcome, Operation&) {
                        if (outcome.ok()) return Next();
                        FailFile("Error truncating the AOF file: " + std::string(outcome.error));
                      }});
}

void Loader::Next() {
  ++at_;
  OpenNext();
}

void Loader::FailRdb() {
  has_failed_rdb_ = true;
  const auto warn = [this](std::string_view line) {
    parts_.host.log.Write(host::LogLevel::kWarning, line);
  };
  warn("Internal error in RDB reading offset " + Number(rdb_->offset()) + ": " + file().name);
  for (const std::string& line : persist::TellFault(*rdb_)) warn(line);
  const std::string_view hint = rdb_->error() == kNoMemory
                                    ? kMayBeSound
                                    : ": restore a backup, or see what kvasm-check-rdb tells of it";
  FailFile(rdb_->Describe() + std::string(hint));
}

void Loader::FailFile(std::string_view text) { Finish(file().name + ": " + std::string(text)); }

void Loader::Finish(std::string_view error) {
  parts_.keyspace.PauseExpiry(false);
  rdb_.reset();
  log_.reset();
  const std::string reason(error);
  // It may end this object.
  const Done done = std::exchange(done_, nullptr);
  done(reason);
}

bool Loader::Aux(std::string_view name, std::string_view value) {
  if (name == "used-mem") {
    progress_.rdb_used_memory = static_cast<uint64_t>(base::ParseInt64(value).value_or(0));
  }
  return true;
}

base::Status Loader::Function(std::string_view code) {
  base::Result<std::string_view> loaded = parts_.libraries.Load(code, order_.replaces);
  return loaded.ok() ? base::Status::Ok() : base::Status(loaded.TakeError());
}

base::Status Loader::SelectDb(int64_t db) {
  if (db < 0 || db >= parts_.keyspace.database_count()) {
    return base::Error(
        "FATAL: Data file was created with a Redis server configured to handle "
        "more than " +
        Number(static_cast<uint64_t>(parts_.keyspace.database_count())) + " databases");
  }
  db_ = static_cast<int>(db);
  return base::Status::Ok();
}

// The table is made for all at once: it need not grow. A file may lie, but not beyond its size.
void Loader::Resize(uint64_t keys, uint64_t) {
  constexpr uint64_t kLeastBytesOfKey = 4;
  keyspace::EntryDict& entries = parts_.keyspace.db(db_).entries();
  if (!entries.empty()) return;
  const uint64_t most = std::min<uint64_t>(sizes_[at_] / kLeastBytesOfKey, UINT32_MAX);
  // Without the memory for it the table grows with what is loaded, or fails then.
  static_cast<void>(entries.Reserve(static_cast<uint32_t>(std::min(keys, most))));
}

// A log goes on with commands that count on the keys of its base, expired or not.
bool Loader::WantsKey(std::string_view, int64_t expire_at_ms) {
  if (file().is_log || expire_at_ms < 0 || expire_at_ms >= parts_.keyspace.recent_ms()) return true;
  ++progress_.keys_expired;
  return false;
}

base::Status Loader::Put(std::string_view key, persist::LoadedValue& value, int64_t expire_at_ms,
                         int64_t idle_s, int frequency) {
  // Values that are not large are built unasked, of what is kept for that.
  if (base::HeapExhausted()) return base::Error(kNoMemory);
  keyspace::Keyspace& keyspace = parts_.keyspace;
  keyspace::Edit edit(keyspace, keyspace.db(db_), key, keyspace::Expired::kStays);
  if (edit.exists()) {
    if (!order_.replaces) return base::Error("it has a key twice: '" + std::string(key) + "'");
    edit.Delete();
  }
  if (expire_at_ms >= 0 && !edit.HasRoomForExpiry()) return base::Error(kNoMemory);
  value.PutInto(edit);
  if (expire_at_ms >= 0) edit.SetExpiry(expire_at_ms);
  keyspace::Entry& entry = *edit.entry();
  if (keyspace.access().lfu) {
    if (frequency >= 0) {
      keyspace::SetFrequency(entry, static_cast<uint8_t>(frequency), keyspace.recent_ms());
    }
  } else if (idle_s >= 0) {
    keyspace::SetIdleSeconds(entry, idle_s, keyspace.recent_ms());
  }
  ++progress_.keys_loaded;
  return base::Status::Ok();
}

void Loader::Empty(std::string_view key) {
  ++progress_.keys_empty;
  parts_.host.log.Write(host::LogLevel::kNotice,
                        "Loading: skipping empty key: " + std::string(key));
}

bool Loader::Command(std::span<const std::string_view> arguments) {
  switch (parts_.executor.ExecuteRecord(arguments)) {
    case Executed::kDone:
      return true;
    case Executed::kUnknown:
      unknown_command_ = arguments[0];
      return false;
    case Executed::kNoMemory:
      out_of_memory_ = true;
      return false;
  }
  return false;
}

}  // namespace kvasm::durability
