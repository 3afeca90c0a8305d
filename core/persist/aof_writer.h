// Commands as an append-only file holds them, one record after the other:
//
//   *<arguments> CRLF  ( $<bytes> CRLF <argument> CRLF )...
//
// and, between records, notes of the time, which readers skip:   #TS:<seconds since the epoch> CRLF
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/numbers.h"
#include "core/persist/block.h"

namespace kvasm::persist {

// Writes bulk strings of records: a line end stands before each header, so that pieces are few.
// `Out` is anything with Append(std::string_view); borrowed.
template <class Out>
class RecordWriter {
 public:
  explicit RecordWriter(Out& out) : out_(out) {}

  // A record of this many arguments begins; they follow.
  void Begin(uint64_t arguments) {
    char head[1 + base::kIntCharsMax];
    head[0] = '*';
    out_.Append({head, 1 + base::FormatUint64(head + 1, arguments)});
  }
  void Bulk(std::string_view argument) {
    char head[3 + base::kIntCharsMax + 2] = {'\r', '\n', '$'};
    const size_t digits = base::FormatUint64(head + 3, argument.size());
    head[3 + digits] = '\r';
    head[4 + digits] = '\n';
    out_.Append({head, 5 + digits});
    out_.Append(argument);
  }
  void Integer(int64_t value) {
    char text[base::kIntCharsMax];
    Bulk({text, base::FormatInt64(text, value)});
  }
  // All its arguments have followed.
  void End() { out_.Append("\r\n"); }

 private:
  Out& out_;
};

template <class Out>
void AppendRecord(Out& out, std::span<const std::string_view> arguments) {
  RecordWriter<Out> record(out);
  record.Begin(arguments.size());
  for (const std::string_view argument : arguments) record.Bulk(argument);
  record.End();
}

// A length as digits; returns where they end. Most have one or two, which take no call.
inline char* PutLength(char* at, uint64_t length) {
  if (length >= 100) return at + base::FormatUint64(at, length);
  if (length >= 10) *at++ = static_cast<char>('0' + length / 10);
  *at++ = static_cast<char>('0' + length % 10);
  return at;
}

// The same; room is made once. Without it the block has failed. What every write pays for.
inline void AppendRecord(Block& block, std::span<const std::string_view> arguments) {
  constexpr size_t kHeadBytes = base::kIntCharsMax + 5;
  size_t most = kHeadBytes;
  for (const std::string_view argument : arguments) most += argument.size() + kHeadBytes;
  if (block.failed() || !block.Reserve(block.size() + most)) return;
  char* at = block.data() + block.size();
  *at++ = '*';
  at = PutLength(at, arguments.size());
  for (const std::string_view argument : arguments) {
    std::memcpy(at, "\r\n$", 3);
    at = PutLength(at + 3, argument.size());
    std::memcpy(at, "\r\n", 2);
    at += 2;
    base::Copy(at, argument.data(), argument.size());
    at += argument.size();
  }
  std::memcpy(at, "\r\n", 2);
  block.Resize(static_cast<size_t>(at + 2 - block.data()));
}

// aof-timestamp-enabled: a note of the time before what is written, at most one a second.
class AofTimestamps {
 public:
  // `unix_s`: now, in seconds since the epoch. `always`: even if the last note is of the same
  // second (the beginning of a file).
  template <class Out>
  void Note(Out& out, int64_t unix_s, bool always = false) {
    if (!always && unix_s <= noted_s_) return;
    noted_s_ = unix_s;
    char text[base::kIntCharsMax];
    out.Append("#TS:");
    out.Append({text, base::FormatInt64(text, unix_s)});
    out.Append("\r\n");
  }

 private:
  int64_t noted_s_ = 0;
};

}  // namespace kvasm::persist
