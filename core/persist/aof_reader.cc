#include "core/persist/aof_reader.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/base/alloc.h"
#include "core/base/ascii.h"

namespace kvasm::persist {
namespace {

using Kind = AofFault::Kind;

// Redis reads annotations into a buffer of this size, with a NUL.
constexpr size_t kAnnotationBytesMax = 1023;
constexpr uint64_t kArgumentsMax = 0x7fffffff;
// More digits are no number of ours.
constexpr size_t kDigitsMax = 10;
// The list of arguments is not sized by what a record merely announces, and not kept if larger.
constexpr uint64_t kReserveMax = 1024;
// A kept block that is larger is given back once its record is done.
constexpr uint32_t kPendingKept = 1 << 20;

}  // namespace

AofReader::Outcome AofReader::Feed(std::string_view bytes) {
  if (failed()) return Outcome::kFailed;
  if (pending_.empty()) {
    input_ = bytes;
  } else {
    Keep(bytes);
    input_ = pending_.view();
  }
  if (!failed()) {
    while (ReadRecord()) {
    }
  }
  if (failed()) return Outcome::kFailed;
  KeepRest();
  return failed() ? Outcome::kFailed : Outcome::kMore;
}

// What an argument has announced is asked for once a quarter of it is there.
void AofReader::Keep(std::string_view bytes) {
  constexpr uint64_t kPart = 4;
  const uint64_t announced = bulk_bytes_ < 0
                                 ? 0
                                 : std::min<uint64_t>(at_ + static_cast<uint64_t>(bulk_bytes_) + 2,
                                                      resp::Buffer::kBytesMax);
  const uint64_t present = uint64_t{pending_.size()} + bytes.size();
  if (present < announced && kPart * present >= announced && pending_.capacity() < announced &&
      pending_.Prepare(static_cast<uint32_t>(announced) - pending_.size()) == nullptr) {
    pending_.TakeFailure();
  }
  pending_.Append(bytes);
  if (pending_.failed()) Fail(Kind::kOutOfMemory, start_);
}

void AofReader::KeepRest() {
  const std::string_view rest = input_.substr(start_);
  if (pending_.empty()) {
    if (!rest.empty()) Keep(rest);
  } else if (pending_.capacity() > kPendingKept && rest.size() < kPendingKept / 2) {
    const std::string copy(rest);
    pending_.Clear();
    pending_.Append(copy);
  } else {
    pending_.Consume(static_cast<uint32_t>(start_));
  }
  base_ += start_;
  at_ -= start_;
  start_ = 0;
  input_ = {};
}

bool AofReader::ReadRecord() {
  if (remaining_ == 0) {
    start_ = at_;
    if (at_ == input_.size()) return false;
    if (input_[at_] == '#') return ReadAnnotation();
    uint64_t count = 0;
    if (ReadNumber('*', &count) != Line::kRead) return false;
    if (count == 0 || count > kArgumentsMax) return Fail(Kind::kNumber, start_);
    remaining_ = count;
    ranges_.clear();
    ranges_.reserve(static_cast<size_t>(std::min(count, kReserveMax)));
  }
  return ReadArguments() && HandOver();
}

bool AofReader::ReadAnnotation() {
  const std::string_view line = input_.substr(start_, kAnnotationBytesMax);
  const size_t end = line.find('\n');
  if (end == line.npos) {
    return line.size() == kAnnotationBytesMax && Fail(Kind::kAnnotation, start_);
  }
  if (!target_.Annotation(line.substr(0, end + 1))) return Fail(Kind::kRefused, start_);
  at_ = start_ + end + 1;
  return true;
}

// Each byte is judged when it is there, and but for the pair of a line end on its own: so pieces of
// any size give the same result.
AofReader::Line AofReader::ReadNumber(char mark, uint64_t* number) {
  const char* const line = input_.data() + at_;
  const size_t left = input_.size() - at_;
  if (left == 0) return Line::kMore;
  if (line[0] != mark) {
    fault_.expected = mark;
    fault_.got[0] = line[0];
    Fail(Kind::kMark, at_);
    return Line::kFailed;
  }
  uint64_t value = 0;
  size_t i = 1;
  for (; i < left && base::IsDigit(line[i]); ++i) {
    value = value * 10 + static_cast<uint64_t>(line[i] - '0');
    const bool leading_zero = i == 2 && line[1] == '0';
    if (i <= kDigitsMax && !leading_zero) continue;
    Fail(Kind::kNumber, at_);
    return Line::kFailed;
  }
  if (i == 1 && left > 1) {
    Fail(Kind::kNumber, at_);
    return Line::kFailed;
  }
  if (left - i < 2) return Line::kMore;
  if (line[i] != '\r' || line[i + 1] != '\n') {
    FailAtLineEnd(at_, at_ + i);
    return Line::kFailed;
  }
  at_ += i + 2;
  *number = value;
  return Line::kRead;
}

bool AofReader::ReadArguments() {
  while (remaining_ > 0) {
    if (bulk_bytes_ < 0) {
      const size_t line = at_;
      uint64_t bytes = 0;
      if (ReadNumber('$', &bytes) != Line::kRead) return false;
      if (bytes > kArgumentBytesMax) return Fail(Kind::kNumber, line);
      bulk_bytes_ = static_cast<int64_t>(bytes);
    }
    const auto bytes = static_cast<size_t>(bulk_bytes_);
    if (input_.size() - at_ < bytes + 2) return false;
    const char* const end = input_.data() + at_ + bytes;
    if (end[0] != '\r' || end[1] != '\n') return FailAtLineEnd(at_, at_ + bytes);
    if (ranges_.size() == ranges_.capacity() && ranges_.size() >= kReserveMax &&
        !base::HaveRoom(uint64_t{ranges_.size()} * (2 * sizeof(Range) + 16))) {
      return Fail(Kind::kOutOfMemory, start_);
    }
    ranges_.push_back({at_ - start_, bytes});
    at_ += bytes + 2;
    bulk_bytes_ = -1;
    --remaining_;
  }
  return true;
}

bool AofReader::HandOver() {
  arguments_.clear();
  arguments_.reserve(ranges_.size());
  for (const Range& range : ranges_) {
    arguments_.emplace_back(input_.data() + start_ + range.begin, range.size);
  }
  if (!target_.Command(arguments_)) return Fail(Kind::kRefused, start_);
  ++commands_;
  lines_ += 1 + 2 * uint64_t{ranges_.size()};
  const std::string_view name = arguments_[0];
  // Nobody writes DISCARD.
  if (base::EqualsIgnoreCase(name, "multi")) {
    in_transaction_ = true;
  } else if (base::EqualsIgnoreCase(name, "exec")) {
    in_transaction_ = false;
  }
  start_ = at_;
  if (!in_transaction_) good_offset_ = base_ + at_;
  if (ranges_.capacity() > kReserveMax) {
    std::vector<Range>().swap(ranges_);
    std::vector<std::string_view>().swap(arguments_);
  }
  return true;
}

AofReader::End AofReader::Finish() {
  fault_ = FaultAtEnd();
  switch (fault_.kind) {
    case Kind::kNone:
      return End::kWhole;
    case Kind::kTransaction:
      return End::kTransaction;
    default:
      return End::kCutShort;
  }
}

AofFault AofReader::FaultAtEnd() const {
  const std::string_view rest = pending_.view().substr(std::min<size_t>(at_, pending_.size()));
  AofFault fault;
  fault.offset = base_ + at_;
  if (rest.empty() && remaining_ == 0) {
    if (in_transaction_) fault.kind = Kind::kTransaction;
  } else if (rest.empty() && bulk_bytes_ < 0) {
    fault.kind = Kind::kCutShort;
  } else if (bulk_bytes_ >= 0) {
    fault.kind = Kind::kBytesCut;
    fault.wanted = static_cast<uint64_t>(bulk_bytes_) + 2;
    fault.present = rest.size();
  } else {
    fault.kind = remaining_ == 0 && rest[0] == '#' ? Kind::kAnnotation : Kind::kLineCut;
    size_t end = 1;
    while (end < rest.size() && base::IsDigit(rest[end])) ++end;
    for (size_t i = 0; i < 2 && end + i < rest.size(); ++i) fault.got[i] = rest[end + i];
  }
  return fault;
}

uint64_t AofReader::lines() const {
  const bool inside = remaining_ > 0;
  return lines_ + (inside ? 1 + 2 * uint64_t{ranges_.size()} + (bulk_bytes_ >= 0 ? 1 : 0) : 0);
}

bool AofReader::FailAtLineEnd(size_t line, size_t at) {
  std::copy_n(input_.data() + at, 2, fault_.got);
  return Fail(Kind::kLineEnd, line);
}

bool AofReader::Fail(AofFault::Kind kind, size_t at) {
  fault_.kind = kind;
  fault_.offset = base_ + at;
  return false;
}

}  // namespace kvasm::persist
