// Reads the commands of an append-only file as its bytes come, in pieces of any size; the outcome
// is the same however they are cut. (An RDB file that such a file may begin with is read by others,
// see rdb_reader.h; this one is then told where it begins.)
//
//     AofReader reader(target);
//     while (pieces are left && reader.Feed(piece) == Outcome::kMore) {}
//     if (!reader.failed()) reader.Finish() says how the file ended.
//
// What is not quite as AppendRecord writes it is a fault, also where Redis would read over it (a
// line end that is none, say): a damaged byte is found rather than executed. A record that comes
// whole is not copied. Memory: the bytes of one record, as they come; never what it announces.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/resp/buffer.h"

namespace kvasm::persist {

struct AofFault {
  enum class Kind : uint8_t {
    kNone,
    kMark,         // another byte than `expected` ('*' also stands for '#') begins a line
    kNumber,       // a count or length is none, or out of range
    kLineEnd,      // other bytes than CR LF end a line or an argument
    kAnnotation,   // an annotation without an end
    kCutShort,     // Finish: the file ends where a line should begin
    kLineCut,      // Finish: it ends inside a line
    kBytesCut,     // Finish: it ends inside an argument
    kTransaction,  // Finish: it ends between MULTI and EXEC
    kRefused,      // the target said stop
    kOutOfMemory,
  };
  Kind kind = Kind::kNone;
  uint64_t offset = 0;   // of the line or argument in the file
  char expected = '\0';  // kMark
  char got[2] = {0, 0};  // kMark: one; kLineEnd, kLineCut: two, NUL where there is none
  uint64_t wanted = 0;   // kBytesCut: bytes with the line end
  uint64_t present = 0;  // kBytesCut
};

class AofReader {
 public:
  class Target {
   public:
    virtual ~Target() = default;
    // A command, valid during the call. False stops the reader; the target knows why.
    virtual bool Command(std::span<const std::string_view> arguments) = 0;
    // A line between commands that begins with '#', with its end. False stops as well.
    virtual bool Annotation(std::string_view line) {
      static_cast<void>(line);
      return true;
    }
  };

  enum class Outcome : uint8_t { kMore, kFailed };
  enum class End : uint8_t {
    kWhole,        // behind a record
    kCutShort,     // inside one
    kTransaction,  // behind one, but EXEC is missing
  };

  // An argument may not be longer. (proto-max-bulk-len may have allowed more than its default.)
  static constexpr uint64_t kArgumentBytesMax = 0x7fff0000;

  // `target` is borrowed. `offset` of the first byte fed, in the file.
  explicit AofReader(Target& target, uint64_t offset = 0)
      : target_(target), base_(offset), good_offset_(offset) {}

  // After a failure nothing is read any more.
  Outcome Feed(std::string_view bytes);
  // All bytes have been fed, and none failed. But for kWhole there is a fault then, too.
  End Finish();

  bool failed() const { return fault_.kind != AofFault::Kind::kNone; }
  const AofFault& fault() const { return fault_; }
  // Of the first byte of the record being read; behind the last one if none is.
  uint64_t offset() const { return base_ + start_; }
  // Behind the last whole command that no MULTI holds open: what follows is cut off when a file
  // that ends too early is to be used all the same.
  uint64_t good_offset() const { return good_offset_; }
  bool in_transaction() const { return in_transaction_; }
  // Commands handed over.
  uint64_t commands() const { return commands_; }
  // Line ends of records passed (not of annotations), those of an unfinished record included.
  uint64_t lines() const;
  // Heap bytes held, roughly.
  uint64_t memory_bytes() const {
    return pending_.capacity() + ranges_.capacity() * sizeof(Range) +
           arguments_.capacity() * sizeof(std::string_view);
  }

 private:
  struct Range {
    size_t begin;  // relative to the start of the record
    size_t size;
  };
  enum class Line : uint8_t { kRead, kMore, kFailed };

  // False when more bytes are needed, or it failed.
  bool ReadRecord();
  bool ReadAnnotation();
  bool ReadArguments();
  bool HandOver();
  Line ReadNumber(char mark, uint64_t* number);
  bool Fail(AofFault::Kind kind, size_t at);
  bool FailAtLineEnd(size_t line, size_t at);
  void Keep(std::string_view bytes);
  void KeepRest();
  AofFault FaultAtEnd() const;

  Target& target_;
  std::string_view input_;   // what is being read: the bytes fed or pending_
  uint64_t base_;            // of input_ in the file
  size_t at_ = 0;            // next byte of input_ to look at
  size_t start_ = 0;         // where the record begins
  uint64_t remaining_ = 0;   // arguments still to come; 0: between records
  int64_t bulk_bytes_ = -1;  // size of the argument that is due; -1: its header is due
  std::vector<Range> ranges_;
  std::vector<std::string_view> arguments_;
  resp::Buffer pending_;  // the record being read, if it did not come whole
  AofFault fault_;
  uint64_t good_offset_;
  uint64_t commands_ = 0;
  uint64_t lines_ = 0;  // of whole records
  bool in_transaction_ = false;
};

}  // namespace kvasm::persist
