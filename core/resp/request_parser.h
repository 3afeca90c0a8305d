// Cuts a stream of bytes into requests: multibulk ("*2\r\n$3\r\nGET\r\n...") and inline ("GET
// key"), in any mix and in pieces of any size. Arguments are views into the bytes given, or into
// the parser's own buffer when a request arrived in pieces; nothing else is copied, and a request
// is scanned once however many pieces it comes in.
//
//     parser.Feed(chunk, limits);
//     while (parser.Next() == Outcome::kRequest) use(parser.arguments());  // views, until the next
//     parser.Finish();                                          // keeps the unfinished rest
//
// Limits and error texts: Redis 7.2.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/resp/buffer.h"

namespace kvasm::resp {

class RequestParser {
 public:
  enum class Outcome : uint8_t {
    kNeedMore,  // no whole request left
    kRequest,   // arguments() holds one, at least one argument
    kError,     // malformed: error() says how; the connection has to be closed
  };

  struct Limits {
    int64_t bulk_bytes_max = 512ll << 20;  // proto-max-bulk-len
    bool authenticated = true;             // before AUTH: 10 arguments of 16384 bytes
  };

  void Feed(std::string_view chunk);
  Outcome Next(const Limits& limits);
  void Finish();

  std::span<const std::string_view> arguments() const { return arguments_; }
  // "ERR Protocol error: ..."
  const std::string& error() const { return error_; }
  // Bytes of an unfinished request held back.
  uint32_t pending_bytes() const { return pending_.size(); }
  // Those of them that are not read yet: without the arguments that have come whole.
  uint32_t unread_bytes() const { return pending_.size() > at_ ? pending_.size() - at_ : 0; }
  // Heap bytes, roughly, without the arguments of an inline request. What an argument has announced
  // counts as if it were there.
  uint64_t memory_bytes() const {
    return std::max<uint64_t>(pending_.capacity(), announced_bytes()) +
           ranges_.capacity() * sizeof(Range) + arguments_.capacity() * sizeof(std::string_view);
  }
  bool failed() const { return pending_.failed(); }

 private:
  // Up to the end of the argument that is due, from the start of the request.
  uint64_t announced_bytes() const {
    return bulk_bytes_ < 0 ? 0 : uint64_t{at_ - start_} + static_cast<uint64_t>(bulk_bytes_) + 2;
  }
  // Appends to what is pending, and makes room for no more than the request has announced.
  void Keep(std::string_view bytes);
  struct Range {
    uint32_t begin;  // relative to the start of the request
    uint32_t size;
  };

  Outcome NextInline();
  Outcome NextMultibulk(const Limits& limits);
  Outcome ReadCount(const Limits& limits);
  Outcome ReadArgument(const Limits& limits);
  Outcome Complete();
  Outcome Fail(std::string_view text);
  // A line from `at_`, without its end; false if its end has not arrived.
  bool ReadLine(std::string_view* line);
  std::optional<int64_t> ReadShortCount(char mark);

  std::string_view input_;   // what is being parsed: the fed chunk or pending_
  uint32_t at_ = 0;          // next byte to look at
  uint32_t start_ = 0;       // where the current request begins
  int64_t remaining_ = -1;   // arguments still to come; -1: between requests
  int64_t bulk_bytes_ = -1;  // size of the argument that is due; -1: its header is due
  std::vector<Range> ranges_;
  std::vector<std::string_view> arguments_;
  std::vector<std::string> unquoted_;  // the arguments of an inline request
  Buffer pending_;
  std::string error_;
};

}  // namespace kvasm::resp
