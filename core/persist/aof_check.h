// Is an append-only file good, and if not, up to where? What kvasm-check-aof asks; it reads the
// file, speaks and truncates. Beyond what a reader sees, transactions must not be nested, and the
// file may be cut where the notes of the time pass an instant.
//
// An RDB file at the beginning is checked by others (rdb_check.h); this one is then told where the
// commands begin.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/persist/aof_reader.h"

namespace kvasm::persist {

class AofCheck final : private AofReader::Target {
 public:
  enum class Verdict : uint8_t {
    kMore,         // nothing is wrong so far
    kGood,         // Finish
    kFaulty,       // fault() says why
    kNestedMulti,  // MULTI inside a transaction
    kExecWithout,  // EXEC without one
    kNotATime,     // a note of the time that is none (only looked at if the file is to be cut)
    kPastTime,     // the first note of a later time than asked for: cut the file at ok_up_to()
  };

  // `offset` of the first byte fed, in the file. `until_s`: seconds since the epoch up to which the
  // file is wanted; 0: all of it.
  explicit AofCheck(uint64_t offset = 0, int64_t until_s = 0)
      : reader_(*this, offset), until_s_(until_s) {}

  // Anything but kMore is the end of it.
  Verdict Feed(std::string_view bytes);
  // The file has ended.
  Verdict Finish();

  // Before it all is well: whole records (of whole transactions) and annotations.
  uint64_t ok_up_to() const { return in_multi_ ? multi_offset_ : reader_.offset(); }
  // Where the fault stands: the line or argument; for MULTI and EXEC that should not be there their
  // name; for a transaction without an end its last argument.
  uint64_t fault_offset() const;
  const AofFault& fault() const { return reader_.fault(); }
  // Lines of records passed.
  uint64_t lines() const { return reader_.lines() + (refused_multi_or_exec() ? 3 : 0); }

 private:
  bool Command(std::span<const std::string_view> arguments) override;
  bool Annotation(std::string_view line) override;
  bool refused_multi_or_exec() const {
    return verdict_ == Verdict::kNestedMulti || verdict_ == Verdict::kExecWithout;
  }

  AofReader reader_;
  const int64_t until_s_;
  Verdict verdict_ = Verdict::kMore;
  bool in_multi_ = false;
  uint64_t multi_offset_ = 0;
  uint64_t last_offset_ = 0;  // of the last argument (in a transaction) or annotation
};

}  // namespace kvasm::persist
