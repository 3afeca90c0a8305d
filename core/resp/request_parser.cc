#include "core/resp/request_parser.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "core/base/alloc.h"
#include "core/base/errors.h"
#include "core/base/numbers.h"
#include "core/resp/inline_arguments.h"

namespace kvasm::resp {
namespace {

// An inline request or a count line without an end may be this long (Redis: PROTO_INLINE_MAX_SIZE).
constexpr size_t kLineBytesMax = 64 * 1024;
constexpr int64_t kArgumentsMax = 0x7fffffff;
constexpr int64_t kUnauthenticatedArgumentsMax = 10;
constexpr int64_t kUnauthenticatedBulkMax = 16384;
// The vector of arguments is not sized by what a request merely announces.
constexpr int64_t kReserveMax = 1024;
// A list of more arguments is given back when its request is done.
constexpr size_t kArgumentsKept = 4096;

}  // namespace

void RequestParser::Feed(std::string_view chunk) {
  if (pending_.empty()) {
    input_ = chunk;
    return;
  }
  Keep(chunk);
  input_ = pending_.view();
}

void RequestParser::Keep(std::string_view bytes) {
  // Once a quarter is there; before, doubling does not lead beyond half of it.
  constexpr uint64_t kPart = 4;
  const uint64_t announced = std::min<uint64_t>(announced_bytes(), Buffer::kBytesMax);
  const uint64_t present = uint64_t{pending_.size()} + bytes.size();
  if (present < announced && kPart * present >= announced && pending_.capacity() < announced) {
    // If there is no room for it, what has come may still find some.
    if (pending_.Prepare(static_cast<uint32_t>(announced) - pending_.size()) == nullptr) {
      pending_.TakeFailure();
    }
  }
  pending_.Append(bytes);
}

void RequestParser::Finish() {
  if (remaining_ < 0) start_ = at_;  // the last request was whole: stopped between two
  const std::string_view rest = input_.substr(start_);
  if (input_.data() == pending_.data() && !pending_.empty()) {
    pending_.Consume(start_);
  } else {
    Keep(rest);
  }
  at_ -= start_;
  start_ = 0;
  input_ = {};
  // One request of many arguments must not pin the memory of their list.
  if (remaining_ < 0 && ranges_.capacity() > kArgumentsKept) {
    std::vector<Range>().swap(ranges_);
    std::vector<std::string_view>().swap(arguments_);
  }
}

RequestParser::Outcome RequestParser::Next(const Limits& limits) {
  for (;;) {
    if (remaining_ < 0) {
      start_ = at_;
      if (at_ >= input_.size()) return Outcome::kNeedMore;
    }
    const uint32_t before = at_;
    const bool multibulk = remaining_ >= 0 || input_[at_] == '*';
    const Outcome outcome = multibulk ? NextMultibulk(limits) : NextInline();
    // An empty request (a bare line end, "*0") is skipped without a reply.
    if (outcome != Outcome::kRequest || !arguments_.empty()) return outcome;
    if (at_ == before) return Outcome::kNeedMore;
  }
}

bool RequestParser::ReadLine(std::string_view* line) {
  const char* from = input_.data() + at_;
  const auto* end = static_cast<const char*>(std::memchr(from, '\r', input_.size() - at_));
  if (end == nullptr || end + 1 >= input_.data() + input_.size()) return false;
  *line = {from, static_cast<size_t>(end - from)};
  at_ += static_cast<uint32_t>(line->size()) + 2;
  return true;
}

// Most counts and lengths have one or two digits: read in place. None if it is any other line.
std::optional<int64_t> RequestParser::ReadShortCount(char mark) {
  constexpr uint32_t kLineBytes = 5;  // mark, two digits, line end
  if (input_.size() - at_ < kLineBytes) return std::nullopt;
  const char* line = input_.data() + at_;
  const auto digit = [line](int i) { return static_cast<uint32_t>(line[i]) - uint32_t{'0'}; };
  if (line[0] != mark || digit(1) > 9) return std::nullopt;
  if (line[2] == '\r') {
    at_ += kLineBytes - 1;
    return digit(1);
  }
  if (digit(1) == 0 || digit(2) > 9 || line[3] != '\r') return std::nullopt;
  at_ += kLineBytes;
  return digit(1) * 10 + digit(2);
}

RequestParser::Outcome RequestParser::ReadCount(const Limits& limits) {
  std::optional<int64_t> count = ReadShortCount('*');
  if (!count) {
    std::string_view line;
    if (!ReadLine(&line)) {
      if (input_.size() - at_ > kLineBytesMax) return Fail(errors::kProtocolCountTooBig);
      return Outcome::kNeedMore;
    }
    count = base::ParseInt64(line.substr(1));
  }
  if (!count || *count > kArgumentsMax) return Fail(errors::kProtocolMultibulkLength);
  if (*count > kUnauthenticatedArgumentsMax && !limits.authenticated) {
    return Fail(errors::kProtocolUnauthMultibulk);
  }
  ranges_.clear();
  remaining_ = std::max<int64_t>(*count, 0);
  ranges_.reserve(static_cast<size_t>(std::min(remaining_, kReserveMax)));
  return Outcome::kRequest;
}

RequestParser::Outcome RequestParser::ReadArgument(const Limits& limits) {
  if (bulk_bytes_ < 0) {
    std::optional<int64_t> bytes = ReadShortCount('$');
    if (!bytes) {
      std::string_view line;
      if (!ReadLine(&line)) {
        if (input_.size() - at_ > kLineBytesMax) return Fail(errors::kProtocolBulkCountTooBig);
        return Outcome::kNeedMore;
      }
      if (line.empty() || line[0] != '$') {
        const char got = line.empty() ? '\r' : line[0];
        return Fail(errors::ProtocolExpectedDollar(got));
      }
      bytes = base::ParseInt64(line.substr(1));
    }
    if (!bytes || *bytes < 0 || *bytes > limits.bulk_bytes_max)
      return Fail(errors::kProtocolBulkLength);
    if (*bytes > kUnauthenticatedBulkMax && !limits.authenticated) {
      return Fail(errors::kProtocolUnauthBulk);
    }
    bulk_bytes_ = *bytes;
  }
  if (static_cast<int64_t>(input_.size() - at_) - 2 < bulk_bytes_) return Outcome::kNeedMore;
  if (ranges_.size() == ranges_.capacity() && ranges_.size() >= kReserveMax &&
      !base::HaveRoom(ranges_.size() * 8 * sizeof(Range))) {
    return Fail(errors::kOom);
  }
  ranges_.push_back({at_ - start_, static_cast<uint32_t>(bulk_bytes_)});
  at_ += static_cast<uint32_t>(bulk_bytes_) + 2;
  bulk_bytes_ = -1;
  --remaining_;
  return Outcome::kRequest;
}

RequestParser::Outcome RequestParser::NextMultibulk(const Limits& limits) {
  if (remaining_ < 0) {
    const Outcome outcome = ReadCount(limits);
    if (outcome != Outcome::kRequest) return outcome;
  }
  while (remaining_ > 0) {
    const Outcome outcome = ReadArgument(limits);
    if (outcome != Outcome::kRequest) return outcome;
  }
  return Complete();
}

RequestParser::Outcome RequestParser::Complete() {
  arguments_.clear();
  for (const Range& range : ranges_) {
    arguments_.emplace_back(input_.data() + start_ + range.begin, range.size);
  }
  remaining_ = -1;
  return Outcome::kRequest;
}

RequestParser::Outcome RequestParser::NextInline() {
  const char* from = input_.data() + at_;
  const size_t left = input_.size() - at_;
  const auto* end = static_cast<const char*>(std::memchr(from, '\n', left));
  if (end == nullptr) {
    if (left > kLineBytesMax) return Fail(errors::kProtocolInlineTooBig);
    return Outcome::kNeedMore;
  }
  std::string_view line(from, static_cast<size_t>(end - from));
  at_ += static_cast<uint32_t>(line.size()) + 1;
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (!SplitInlineArguments(line, &unquoted_)) return Fail(errors::kProtocolUnbalancedQuotes);
  arguments_.assign(unquoted_.begin(), unquoted_.end());
  return Outcome::kRequest;
}

RequestParser::Outcome RequestParser::Fail(std::string_view text) {
  error_ = text;
  return Outcome::kError;
}

}  // namespace kvasm::resp
