// Whole RDB files of an engine's data, and files read into an engine. Tests only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/persist/rdb_reader.h"
#include "core/persist/rdb_writer.h"
#include "tests/unit/support/test_engine.h"

namespace kvasm::testing {

class TextSink final : public persist::Sink {
 public:
  std::string text;
  void Append(std::string_view bytes) override { text += bytes; }
};

// All databases, without libraries.
std::string SaveFile(TestEngine& engine, const persist::WriteOptions& options = {},
                     const persist::SavedAccess& access = {});

// Puts what is read into an engine, and remembers what else it is told.
class LoadTarget final : public persist::RdbReader::Target {
 public:
  explicit LoadTarget(TestEngine& engine) : engine_(engine) {}

  bool Aux(std::string_view name, std::string_view value) override;
  base::Status Function(std::string_view code) override;
  base::Status SelectDb(int64_t db) override;
  void Resize(uint64_t keys, uint64_t volatile_keys) override;
  bool WantsKey(std::string_view key, int64_t expire_at_ms) override;
  base::Status Put(std::string_view key, persist::LoadedValue& value, int64_t expire_at_ms,
                   int64_t idle_s, int frequency) override;
  void Empty(std::string_view key) override;
  void Module(std::string_view key, std::string_view module) override;
  void End(bool checked) override;

  std::string unwanted;           // a key that is passed over
  std::vector<std::string> told;  // "aux redis-ver 7.2.6", "db 0", "put k", ... in order
  uint64_t keys = 0;

 private:
  TestEngine& engine_;
  int db_ = 0;
};

struct LoadOutcome {
  bool whole = false;
  std::string error;  // Describe()
  size_t used = 0;    // bytes of the file
  std::vector<std::string> told;
};

// Feeds a file in chunks of `chunk_bytes` (0 = all at once).
LoadOutcome LoadFile(TestEngine& engine, std::string_view file, size_t chunk_bytes = 0,
                     const persist::RdbReadOptions& options = {});

// With the checksum that the bytes before it have.
std::string WithChecksum(std::string file);

}  // namespace kvasm::testing
