// Checks an RDB file without keeping what is in it, and tells in lines what it finds, as
// redis-check-rdb does:
//
//     [offset 26] AUX FIELD redis-ver = '7.2.6'
//     [offset 166] Selecting DB ID 0
//     [offset 39714] Checksum OK
//     [offset 39714] \o/ RDB looks OK! \o/
//     [info] 70 keys read
//
// or "--- RDB ERROR DETECTED ---" and where, what and while doing what. Every value is read as the
// server reads it, then dropped: memory is bounded by the largest one. Values of modules are passed
// over. Bytes of texts that do not print are shown as \xNN.
//
// Differs from Redis 7.2: a collection without elements is told and counted, not taken for the end
// of the file; an error before the first key does not speak of a type 0.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/base/prng.h"
#include "core/persist/rdb_reader.h"

namespace kvasm::persist {

// Where a reader has failed, what at, and while doing what, in the lines of the checker.
std::vector<std::string> TellFault(const RdbReader& reader);

class RdbCheck final : private RdbReader::Target {
 public:
  // Takes lines without line ends.
  class Output {
   public:
    virtual ~Output() = default;
    virtual void Line(std::string_view text) = 0;
  };

  struct Counts {
    uint64_t keys = 0;
    uint64_t expires = 0;
    uint64_t already_expired = 0;
    uint64_t empty = 0;
    uint64_t modules = 0;
    uint64_t functions = 0;
    std::array<uint64_t, 6> of_type{};  // by types::Type
  };

  // `output` is borrowed. `now_ms` decides what has expired already. The seed is a secret of the
  // process, lest a file made for it take long. About 18 KB.
  RdbCheck(Output& output, int64_t now_ms, const base::HashSeed& seed);

  // Tells which file it is.
  void Begin(std::string_view name);
  // As RdbReader's. The last of them tells the result.
  RdbReader::Progress Feed(std::string_view bytes, size_t* used);
  RdbReader::Progress Finish();
  // More lines: how many keys of which type.
  void TellTypes();

  uint64_t offset() const { return reader_.offset(); }
  const Counts& counts() const { return counts_; }

 private:
  bool Aux(std::string_view name, std::string_view value) override;
  base::Status Function(std::string_view code) override;
  base::Status SelectDb(int64_t db) override;
  void Resize(uint64_t, uint64_t) override {}
  base::Status Put(std::string_view key, LoadedValue& value, int64_t expire_at_ms, int64_t idle_s,
                   int frequency) override;
  void Empty(std::string_view key) override;
  void Module(std::string_view key, std::string_view module) override;
  void End(bool checked) override;

  void Info(std::string_view text);
  void Count(std::string_view what, uint64_t count);
  RdbReader::Progress Conclude(RdbReader::Progress progress);

  Output& output_;
  const int64_t now_ms_;
  Counts counts_;
  bool concluded_ = false;
  const base::HashSeed seed_;
  const types::Limits limits_{};
  base::Prng prng_{1};
  const types::Context context_;
  RdbReader reader_;
};

}  // namespace kvasm::persist
