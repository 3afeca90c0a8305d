// Writes replies, in RESP2 or RESP3 as the session asked for. Aggregates announce their size and
// are followed by that many elements; where the size is not known beforehand, a Mark is closed with
// it.
//
// A type that RESP2 lacks is written as Redis writes it there: maps and sets as arrays, doubles as
// bulk strings, booleans as integers, null as "$-1" or "*-1".
#pragma once

#include <cstdint>
#include <string_view>

#include "core/resp/buffer.h"

namespace kvasm::resp {

class Writer {
 public:
  // `out` is borrowed.
  explicit Writer(Buffer& out, int protocol = 2) : out_(out), protocol_(protocol) {}

  int protocol() const { return protocol_; }
  void set_protocol(int version) { protocol_ = version; }

  void Ok() { Raw("+OK\r\n"); }
  void Simple(std::string_view text);
  // `text` starts with the code, e.g. "ERR syntax error". Line breaks in it become spaces.
  void Error(std::string_view text);
  void Integer(int64_t value);
  void Bulk(std::string_view bytes);
  void BulkInteger(int64_t value);
  void Null();
  // The null that commands with an array reply give in RESP2.
  void NullArray();
  void Bool(bool value);
  // Shortest form that reads back to the same value; "inf", "-inf", "nan".
  void Double(double value);
  // A number given as text (RESP3 "(").
  void BigNumber(std::string_view digits);
  // `format` is three letters, "txt" or "mkd".
  void Verbatim(std::string_view format, std::string_view text);

  void Array(uint64_t count) { Header('*', count); }
  void Map(uint64_t pairs) { protocol_ == 2 ? Header('*', pairs * 2) : Header('%', pairs); }
  void Set(uint64_t count) { Header(protocol_ == 2 ? '*' : '~', count); }
  void Push(uint64_t count) { Header(protocol_ == 2 ? '*' : '>', count); }
  void Attribute(uint64_t pairs) { Header('|', pairs); }

  // A place where a size is written later.
  struct Mark {
    uint32_t at;
  };
  Mark Begin() const { return {out_.size()}; }
  void EndArray(Mark mark, uint64_t count) { End(mark, '*', count); }
  void EndMap(Mark mark, uint64_t pairs) {
    protocol_ == 2 ? End(mark, '*', pairs * 2) : End(mark, '%', pairs);
  }
  void EndSet(Mark mark, uint64_t count) { End(mark, protocol_ == 2 ? '*' : '~', count); }

  // Takes back what has been written since the mark.
  void Withdraw(Mark mark) { out_.Truncate(mark.at); }

  // Bytes that are RESP already.
  void Raw(std::string_view bytes) { out_.Append(bytes); }
  Buffer& buffer() { return out_; }

  // Errors written so far, and the text of the last: the engine keeps statistics of them.
  uint64_t errors() const { return errors_; }

 private:
  void Header(char type, uint64_t count);
  void End(Mark mark, char type, uint64_t count);

  Buffer& out_;
  int protocol_;
  uint64_t errors_ = 0;
};

}  // namespace kvasm::resp
