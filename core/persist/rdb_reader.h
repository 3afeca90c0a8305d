// Reads an RDB file that arrives in pieces, of every version and form that Redis ever wrote, and
// hands what it finds to a target:
//
//     RdbReader reader(target, context, {});
//     while (reader.Feed(chunk, &used) == RdbReader::Progress::kMore) chunk = more();
//     if (no more) reader.Finish();
//
// However the file is cut into chunks, the target is told the same. A record that is not cut is
// read where it stands; one that is cut is put together first: memory is bounded by the largest
// record and the value made of it. What follows the file in a chunk is not touched (an append-only
// file begins with an RDB file and goes on with commands).
//
// Whatever the bytes are, the reader tells a fault and where it is; it does not trap.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/crc64_sum.h"
#include "core/base/result.h"
#include "core/persist/block.h"
#include "core/persist/reader.h"
#include "core/persist/record_scanner.h"
#include "core/persist/value.h"

namespace kvasm::persist {

struct RdbReadOptions {
  bool verify_checksum = true;
  // Values of modules are passed over, not refused.
  bool skip_modules = false;
};

// About 33 KB: not for the stack.
class RdbReader {
 public:
  // What a file says. Views are valid during the call.
  class Target {
   public:
    virtual ~Target() = default;
    // A text about the file. False ends the loading.
    virtual bool Aux(std::string_view name, std::string_view value) = 0;
    // The source of a library. An error ends the loading: "Failed loading library, " and its text.
    virtual base::Status Function(std::string_view code) = 0;
    // The keys that follow are of this database. An error ends the loading.
    virtual base::Status SelectDb(int64_t db) = 0;
    // How many keys follow, if the file is right.
    virtual void Resize(uint64_t keys, uint64_t volatile_keys) = 0;
    // False: the key's value is passed over without being looked at. Asked once or twice.
    virtual bool WantsKey(std::string_view /*key*/, int64_t /*expire_at_ms*/) { return true; }
    // `expire_at_ms` -1 = persistent, perhaps past; `idle_s` and `frequency` -1 = the file does not
    // say. The value may be put into an Edit or left. An error ends the loading.
    virtual base::Status Put(std::string_view key, LoadedValue& value, int64_t expire_at_ms,
                             int64_t idle_s, int frequency) = 0;
    // A collection without elements, which is no key.
    virtual void Empty(std::string_view /*key*/) {}
    // Data of a module that is passed over; `key` empty: none of a key.
    virtual void Module(std::string_view /*key*/, std::string_view /*module*/) {}
    // The end, and whether a checksum was there and has been compared (it is right then).
    virtual void End(bool /*checked*/) {}
  };

  enum class Progress : uint8_t { kMore, kDone, kFailed };

  // What is being read.
  enum class Doing : uint8_t {
    kStart,
    kType,
    kExpire,
    kKey,
    kValue,
    kChecksum,
    kLength,
    kAux,
    kModuleAux,
    kFunction,
  };

  // `target` and `context` are borrowed.
  RdbReader(Target& target, const types::Context& context, RdbReadOptions options = {})
      : target_(target), context_(context), options_(options) {}

  // Reads on. `*used` is how many of the bytes belong to the file: all of them unless it ends in
  // them (kDone) or is faulty (kFailed). `bytes` are borrowed for the call only.
  Progress Feed(std::string_view bytes, size_t* used);
  // No more bytes will come: kFailed unless the file has ended.
  Progress Finish();

  // Bytes read so far, up to the fault if there is one; where bytes are missing, up to the number
  // or text they are missing of. During a call of the target: up to the end of what it is told.
  uint64_t offset() const { return offset_; }
  int version() const { return version_; }

  // --- after a fault ---
  // In words, as Redis has them.
  std::string_view error() const { return error_; }
  bool out_of_memory() const { return out_of_memory_; }
  bool cut_short() const { return cut_short_; }
  Doing doing() const { return doing_; }
  // What key and type code was being read; -1 = none.
  std::string_view key() const { return key_; }
  bool has_key() const { return has_key_; }
  int type() const { return type_; }
  // All of it in one line.
  std::string Describe() const;

 private:
  enum class State : uint8_t { kMagic, kRecords, kChecksum, kDone, kFailed };
  // What came of an attempt to read a record.
  enum class Outcome : uint8_t { kWhole, kCut, kEnd, kFault };

  Progress progress() const;
  void Sum(std::string_view bytes);
  size_t Step(std::string_view bytes);
  void NameWhatIsKept();
  size_t BeginGathering(std::string_view bytes);
  size_t Gather(std::string_view bytes);
  Outcome Parse(std::string_view record, size_t* used);
  Outcome ParseMagic(Reader& in);
  Outcome ParseChecksum(Reader& in);
  Outcome ParseRecord(Reader& in);
  Outcome ParseOpcode(Reader& in, Opcode code);
  Outcome ParseAboutNextKey(Reader& in, Opcode code);
  Outcome ParseAux(Reader& in);
  Outcome ParseFunction(Reader& in);
  Outcome ParseKey(Reader& in, uint8_t type);
  Outcome ParseValue(Reader& in, uint8_t type, std::string_view key);
  Outcome ParseModule(Reader& in, std::string_view key, bool of_key);
  Outcome PassOver(Reader& in);
  Outcome ParseEnd(Reader& in);
  // A record that is read, but for a fault.
  Outcome Read(const Reader& in);
  Outcome Fail(std::string_view what, std::string_view detail = {});
  Outcome FailOf(const Reader& in, Fault fault);

  Target& target_;
  const types::Context& context_;
  const RdbReadOptions options_;
  State state_ = State::kMagic;
  int version_ = 0;
  uint64_t offset_ = 0;
  uint64_t record_offset_ = 0;  // where the record at hand begins
  base::Crc64Sum checksum_;     // of what has come, up to the end of the records
  std::string_view record_;     // what is being parsed and what follows it

  // A record that was cut: what there is of it.
  Block kept_;
  RecordScanner scanner_;
  StringScratch text_;
  StringScratch more_text_;

  // What is said of the next key.
  int64_t expire_at_ms_ = -1;
  int64_t idle_s_ = -1;
  int frequency_ = -1;

  // Of the fault.
  Doing doing_ = Doing::kStart;
  int type_ = -1;
  bool has_key_ = false;
  bool out_of_memory_ = false;
  bool cut_short_ = false;
  std::string key_;
  std::string error_;
};

}  // namespace kvasm::persist
