// Writes the elements of the RDB format, one after the other, into whatever takes bytes: a DUMP
// payload, a file, a replica's socket. Nothing is kept but one scratch block, so a value of any
// size streams through (a compressed string and a compact block excepted: these are made whole
// first).
#pragma once

#include <cstdint>
#include <string_view>

#include "core/persist/block.h"
#include "core/persist/format.h"

namespace kvasm::persist {

// Takes bytes in order.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Append(std::string_view bytes) = 0;

 protected:
  friend class Writer;
  // Room that the next bytes may be put into, without a call: nearly all a file consists of are a
  // few bytes each. The sink knows by `at_` how much of it has been used. Most have none.
  char* at_ = nullptr;
  char* end_ = nullptr;
};

// Counts only: how long would it be?
class CountingSink final : public Sink {
 public:
  uint64_t bytes = 0;
  void Append(std::string_view appended) override { bytes += appended.size(); }
};

struct WriteOptions {
  int version = kRdbVersion;  // kRdbVersionLeast or more: which type codes a reader knows
  bool compress = true;       // rdbcompression
  bool checksum = true;       // rdbchecksum: of whole files
};

class Writer {
 public:
  // `sink` is borrowed.
  explicit Writer(Sink& sink, WriteOptions options = {}) : sink_(sink), options_(options) {}

  int version() const { return options_.version; }

  void Byte(uint8_t byte) {
    const auto as_char = static_cast<char>(byte);
    if (sink_.at_ == sink_.end_) return sink_.Append({&as_char, 1});
    *sink_.at_++ = as_char;
  }
  void Bytes(std::string_view bytes);
  // The shortest form:  00nnnnnn | 01nnnnnn n | 80 nnnn | 81 nnnnnnnn  (big endian).
  void Length(uint64_t length);
  void Fixed64(uint64_t value);  // 8 bytes, little endian
  void Double(double value);     // its 8 bytes
  // Length and bytes; an integer of 32 bits as such; compressed where that saves 4 bytes or more.
  void String(std::string_view text);
  // The decimal text of an integer, as a string.
  void Integer(int64_t value);
  // A string that is not tried as an integer (a compact block).
  void Blob(std::string_view bytes);

  // An empty block for what has to be made before it is written, free until the next call of it.
  Block& Scratch() {
    scratch_.Clear();
    return scratch_;
  }
  // Memory ran out where it could not be done without: what was written is not whole.
  bool failed() const { return failed_; }
  void Fail() { failed_ = true; }

 private:
  bool TryInteger(int64_t value);
  bool TryCompressed(std::string_view bytes);

  Sink& sink_;
  const WriteOptions options_;
  Block scratch_;
  Block compressed_;
  bool failed_ = false;
};

}  // namespace kvasm::persist
