#include "core/persist/ziplist.h"

#include "core/base/bytes.h"

namespace kvasm::persist {
namespace {

constexpr uint8_t kEnd = 0xff;
constexpr uint8_t kLongLength = 0xfe;
constexpr size_t kZiplistHeaderBytes = 10;
constexpr uint32_t kCountUnknown = 65535;

template <class Block>
std::optional<uint32_t> CountWith(std::string_view block) {
  Block reader(block);
  uint32_t count = 0;
  for (; reader.More(); ++count) reader.Take();
  if (!reader.ok()) return std::nullopt;
  return count;
}

}  // namespace

ZiplistReader::ZiplistReader(std::string_view block) : block_(block), at_(kZiplistHeaderBytes) {
  ok_ = block.size() > kZiplistHeaderBytes && base::Load32(block.data()) == block.size() &&
        static_cast<uint8_t>(block.back()) == kEnd;
}

std::optional<uint32_t> ZiplistReader::Count(std::string_view block) {
  return CountWith<ZiplistReader>(block);
}

bool ZiplistReader::More() {
  if (!ok_ || static_cast<uint8_t>(block_[at_]) != kEnd) return ok_;
  const uint32_t last = base::Load32(block_.data() + 4);
  const uint32_t announced = base::Load16(block_.data() + 8);
  ok_ = at_ == block_.size() - 1 && (announced == kCountUnknown || announced == taken_) &&
        (taken_ == 0 ? last <= at_ : last == previous_);
  return false;
}

ds::Item ZiplistReader::Flaw() {
  ok_ = false;
  return ds::Item(std::string_view());
}

ds::Item ZiplistReader::Take() {
  const size_t end = block_.size() - 1;  // where the end mark is
  const auto byte = [this](size_t at) { return static_cast<uint8_t>(block_[at]); };
  size_t head = at_;
  uint64_t previous_bytes = byte(head++);
  if (previous_bytes == kLongLength) {
    if (end - head < sizeof(uint32_t)) return Flaw();
    previous_bytes = base::Load32(block_.data() + head);
    head += sizeof(uint32_t);
  }
  if (previous_bytes != previous_bytes_ || head >= end) return Flaw();
  const uint8_t form = byte(head++);
  switch (form >> 6) {
    case 0:
      return Text(head, form & 0x3f);
    case 1:
      if (head >= end) return Flaw();
      return Text(head + 1, uint64_t{form & 0x3fu} << 8 | byte(head));
    case 2:
      if (form != 0x80 || end - head < sizeof(uint32_t)) return Flaw();
      return Text(head + sizeof(uint32_t), __builtin_bswap32(base::Load32(block_.data() + head)));
    default:
      break;
  }
  switch (form) {
    case 0xc0:
      return Integer(head, 2);
    case 0xd0:
      return Integer(head, 4);
    case 0xe0:
      return Integer(head, 8);
    case 0xf0:
      return Integer(head, 3);
    case 0xfe:
      return Integer(head, 1);
    default:
      if (form < 0xf1 || form > 0xfd) return Flaw();
      End(head);
      return ds::Item(int64_t{form & 15} - 1);
  }
}

ds::Item ZiplistReader::Text(size_t head, uint64_t text_bytes) {
  if (text_bytes > block_.size() - 1 - head) return Flaw();
  const std::string_view text = block_.substr(head, static_cast<size_t>(text_bytes));
  End(head + text.size());
  return ds::Item::Of(text);
}

ds::Item ZiplistReader::Integer(size_t head, uint32_t bytes) {
  if (block_.size() - 1 - head < bytes) return Flaw();
  End(head + bytes);
  return ds::Item(base::LoadSigned(block_.data() + head, bytes));
}

void ZiplistReader::End(size_t entry_end) {
  previous_ = at_;
  previous_bytes_ = entry_end - at_;
  at_ = entry_end;
  ++taken_;
}

ZipmapReader::ZipmapReader(std::string_view block) : block_(block) {
  ok_ = block.size() >= 2 && static_cast<uint8_t>(block.back()) == kEnd;
}

std::optional<uint32_t> ZipmapReader::Count(std::string_view block) {
  return CountWith<ZipmapReader>(block);
}

bool ZipmapReader::More() {
  // A value is due after a key, whatever its first byte is: the end may only follow a pair.
  if (!ok_ || taken_ % 2 != 0 || static_cast<uint8_t>(block_[at_]) != kEnd) return ok_;
  const auto announced = static_cast<uint8_t>(block_[0]);
  ok_ = at_ == block_.size() - 1 && (announced >= kLongLength || announced == taken_ / 2);
  return false;
}

ds::Item ZipmapReader::Flaw() {
  ok_ = false;
  return ds::Item(std::string_view());
}

ds::Item ZipmapReader::Take() {
  const size_t end = block_.size() - 1;  // where the end mark is
  if (at_ >= end) return Flaw();
  uint64_t text_bytes = static_cast<uint8_t>(block_[at_++]);
  if (text_bytes == kEnd) return Flaw();
  if (text_bytes == kLongLength) {
    if (end - at_ < sizeof(uint32_t)) return Flaw();
    text_bytes = base::Load32(block_.data() + at_);
    at_ += sizeof(uint32_t);
  }
  uint64_t unused_bytes = 0;
  if (taken_ % 2 != 0) {
    if (at_ >= end) return Flaw();
    unused_bytes = static_cast<uint8_t>(block_[at_++]);
  }
  if (text_bytes + unused_bytes > end - at_) return Flaw();
  const std::string_view text = block_.substr(at_, static_cast<size_t>(text_bytes));
  at_ += text.size() + static_cast<size_t>(unused_bytes);
  ++taken_;
  return ds::Item::Of(text);
}

}  // namespace kvasm::persist
