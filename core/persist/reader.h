// Reads the elements of the RDB format from a bounded view of bytes. Whatever the bytes say, it
// reads nothing outside the view and allocates nothing it has not checked against what is left.
//
// The first fault latches: from then on every reader returns a harmless value (zero, empty), so
// that a decoder checks once, at the places where it would act. A reader that ran out of bytes
// (kCutShort) may be tried again from the value's start with a longer view.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/numbers.h"
#include "core/persist/block.h"
#include "core/persist/format.h"

namespace kvasm::persist {

enum class Fault : uint8_t {
  kNone,
  kCutShort,     // the view ends too early
  kCorrupt,      // the bytes are no such value
  kEmpty,        // a collection without elements, which no key may hold
  kOutOfMemory,  // there is no room for the value
};

// Holds a string that does not stand in the input as it is, until the next one is read into it.
class StringScratch {
 private:
  friend class Reader;
  char number_[base::kIntCharsMax];
  Block expanded_;
};

class Reader {
 public:
  // `input` is borrowed for the reader's life and that of the strings it gives.
  explicit Reader(std::string_view input) : input_(input) {}

  bool ok() const { return fault_ == Fault::kNone; }
  Fault fault() const { return fault_; }
  // Latches a fault that the caller found; false, so that a decoder can return it. The cause, in
  // words, outlives everything.
  bool Fail(Fault fault, std::string_view cause = {}) {
    if (ok()) {
      fault_ = fault;
      cause_ = cause;
    }
    return false;
  }
  // Says what is corrupt, if nobody has.
  void Explain(std::string_view cause) {
    if (cause_.empty()) cause_ = cause;
  }
  // What is corrupt; may be empty.
  std::string_view cause() const { return cause_; }
  size_t position() const { return at_; }
  size_t left() const { return ok() ? input_.size() - at_ : 0; }

  uint8_t Byte();
  // The byte at hand, which stays; 0 when there is none.
  uint8_t Peek() const { return left() == 0 ? 0 : static_cast<uint8_t>(input_[at_]); }
  // Exactly `count` bytes, a view of the input; empty after a fault.
  std::string_view Bytes(uint64_t count);
  uint64_t Fixed64();
  double Double();
  // A length of any form; the special forms of strings are corrupt here.
  uint64_t Length();
  // A number of elements, each of which takes `bytes_each` bytes or more of the input: larger
  // numbers than can follow are a fault, so that room may be made for all of them.
  uint32_t Count(uint32_t bytes_each);
  // A string of any form: a view of the input, or of `scratch` until it is used again.
  std::string_view String(StringScratch& scratch);

 private:
  uint64_t LengthAfter(uint8_t first);
  std::string_view Integer(uint32_t bytes, StringScratch& scratch);
  std::string_view Compressed(StringScratch& scratch);

  std::string_view input_;
  size_t at_ = 0;
  Fault fault_ = Fault::kNone;
  std::string_view cause_;
};

}  // namespace kvasm::persist
