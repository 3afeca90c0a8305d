// Finds where a record of an RDB file ends without reading what it says: for records that arrive in
// pieces, and for those that are to be passed over. Keeps a few dozen bytes; each byte is looked at
// once at most, the bytes of strings not at all.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvasm::persist {

class RecordScanner {
 public:
  // Begins a record behind its first byte, which is a type code (a key and a value follow) or an
  // opcode. A code that is neither is a record of this byte alone.
  void Begin(uint8_t code);
  // Begins what is just so many bytes.
  void BeginBytes(uint64_t bytes);

  // Goes on with these bytes, which follow those before. Returns how many of them belong to the
  // record: all, unless it is over then.
  size_t Take(std::string_view bytes);

  // Whether the record is over, or so damaged that it cannot be followed further.
  bool done() const { return skip_ == 0 && *at_ == '\0'; }
  bool damaged() const { return damaged_; }
  // At least so many more bytes belong to the record.
  uint64_t known_bytes() const { return skip_; }
  // How many bytes have been taken of an element that is not whole: of a fixed number of bytes, of
  // a string without its length, of a length without its first byte.
  uint64_t begun_bytes() const;

 private:
  struct Loop {
    const char* body;
    uint64_t rounds;  // left, the present one included
  };
  static constexpr int kLoopsMax = 3;
  static constexpr int kHeadBytesMax = 24;

  char letter() const { return module_piece_ != 0 ? module_piece_ : *at_; }
  size_t TakeHead(std::string_view bytes);
  void Enter(uint64_t rounds);
  void EndRound();
  void TakeModuleCode(uint64_t code);
  void Advance();
  void Stop();

  const char* at_ = "";    // the rest of the form, see the source
  char module_piece_ = 0;  // a letter that comes before it
  uint64_t skip_ = 0;      // bytes to pass over before it goes on
  uint64_t passed_ = 0;    // of these, if any are left
  Loop loops_[kLoopsMax];
  int depth_ = 0;
  bool damaged_ = false;
  char head_[kHeadBytesMax];  // the beginning of a number that is cut
  uint8_t head_bytes_ = 0;
};

}  // namespace kvasm::persist
