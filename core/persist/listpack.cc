#include "core/persist/listpack.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace kvasm::persist {
namespace {

constexpr size_t kHeaderBytes = 6;
constexpr uint32_t kCountUnknown = 65535;
constexpr uint8_t kEnd = 0xff;
constexpr uint8_t kText32 = 0xf0;
constexpr uint8_t kInt16 = 0xf1;
constexpr uint8_t kInt24 = 0xf2;
constexpr uint8_t kInt32 = 0xf3;
constexpr uint8_t kInt64 = 0xf4;
constexpr size_t kHeadBytesMax = 5;  // of a text
constexpr size_t kBacklenBytesMax = 5;

// Redis's limits are strict ones: 16383 takes three bytes already.
size_t BacklenBytes(uint64_t form_bytes) {
  if (form_bytes <= 127) return 1;
  if (form_bytes < 16383) return 2;
  if (form_bytes < 2097151) return 3;
  return form_bytes < 268435455 ? 4 : 5;
}

void StoreBacklen(uint8_t* to, uint64_t form_bytes, size_t width) {
  for (size_t i = width; i-- > 0; form_bytes >>= 7) {
    to[i] = static_cast<uint8_t>((form_bytes & 127) | (i > 0 ? 128 : 0));
  }
}

}  // namespace

ListpackReader::ListpackReader(std::string_view block) : block_(block), at_(kHeaderBytes) {
  ok_ = block.size() > kHeaderBytes && base::Load32(block.data()) == block.size() &&
        static_cast<uint8_t>(block.back()) == kEnd;
}

std::optional<uint32_t> ListpackReader::Count(std::string_view block) {
  ListpackReader reader(block);
  while (reader.More()) reader.TakeAsWritten();
  if (!reader.ok()) return std::nullopt;
  return reader.taken_;
}

std::optional<uint32_t> ListpackReader::Announced(std::string_view block) {
  constexpr size_t kElementBytesLeast = 2;
  if (!ListpackReader(block).ok()) return std::nullopt;
  const uint32_t announced = base::Load16(block.data() + sizeof(uint32_t));
  if (announced == kCountUnknown) return Count(block);
  if (announced > (block.size() - kHeaderBytes) / kElementBytesLeast) return std::nullopt;
  return announced;
}

bool ListpackReader::More() {
  if (!ok_ || static_cast<uint8_t>(block_[at_]) != kEnd) return ok_;
  // The end has to be the end, and the header has to agree.
  const uint32_t announced = base::Load16(block_.data() + sizeof(uint32_t));
  ok_ = at_ == block_.size() - 1 && (announced == kCountUnknown || announced == taken_);
  return false;
}

ds::Item ListpackReader::Flaw() {
  ok_ = false;
  return ds::Item(std::string_view());
}

ds::Item ListpackReader::Take() {
  const ds::Item item = TakeAsWritten();
  return item.is_integer() ? item : ds::Item::Of(item.bytes());
}

ds::Item ListpackReader::TakeAsWritten() {
  // The last byte is the end mark: what stands at `at_` may use the bytes before it.
  const size_t left = block_.size() - 1 - at_;
  const char* at = block_.data() + at_;
  const auto byte = [at](size_t i) { return static_cast<uint8_t>(at[i]); };
  const auto integer = [&](uint32_t bytes) {
    if (left < 1 + bytes) return Flaw();
    const int64_t value = base::LoadSigned(at + 1, bytes);
    return SkipBacklen(1 + bytes) ? ds::Item(value) : Flaw();
  };
  if (left == 0) return Flaw();
  const uint8_t first = byte(0);
  if (first < 0x80) return SkipBacklen(1) ? ds::Item(int64_t{first}) : Flaw();
  if (first < 0xc0) return TakeText(1, first & 0x3f);
  if (first < 0xf0) {
    if (left < 2) return Flaw();
    if (first >= 0xe0) return TakeText(2, (first & 0x0fu) << 8 | byte(1));
    const int64_t bits = (first & 0x1f) << 8 | byte(1);
    return SkipBacklen(2) ? ds::Item(bits < 0x1000 ? bits : bits - 0x2000) : Flaw();
  }
  switch (first) {
    case kText32:
      return left < 5 ? Flaw() : TakeText(5, base::Load32(at + 1));
    case kInt16:
      return integer(2);
    case kInt24:
      return integer(3);
    case kInt32:
      return integer(4);
    case kInt64:
      return integer(8);
    default:
      return Flaw();
  }
}

ds::Item ListpackReader::TakeText(size_t head_bytes, uint64_t text_bytes) {
  if (text_bytes > block_.size() - 1 - at_ - head_bytes) return Flaw();
  const auto size = static_cast<size_t>(text_bytes);
  const std::string_view text = block_.substr(at_ + head_bytes, size);
  return SkipBacklen(head_bytes + size) ? ds::Item(text) : Flaw();
}

bool ListpackReader::SkipBacklen(size_t form_bytes) {
  const size_t width = BacklenBytes(form_bytes);
  if (width > block_.size() - 1 - at_ - form_bytes) return false;
  const char* const backlen = block_.data() + at_ + form_bytes;
  if (width == 1) {
    if (static_cast<uint8_t>(backlen[0]) != form_bytes) return false;
  } else {
    uint8_t expected[kBacklenBytesMax];
    StoreBacklen(expected, form_bytes, width);
    if (std::memcmp(backlen, expected, width) != 0) return false;
  }
  at_ += form_bytes + width;
  ++taken_;
  return true;
}

ListpackWriter::ListpackWriter(Block& out) : out_(out) {
  constexpr char kRoomForHeader[kHeaderBytes] = {};
  out_.Append({kRoomForHeader, kHeaderBytes});
}

void ListpackWriter::AddInteger(int64_t value) {
  char element[1 + sizeof value + 1];
  size_t bytes = 1;
  const auto wide = [&](uint8_t form, size_t value_bytes) {
    element[0] = static_cast<char>(form);
    std::memcpy(element + 1, &value, sizeof value);
    bytes = 1 + value_bytes;
  };
  if (value >= 0 && value <= 127) {
    element[0] = static_cast<char>(value);
  } else if (base::FitsSigned(value, 13)) {
    const auto bits = static_cast<uint32_t>(value) & 0x1fff;
    element[0] = static_cast<char>(0xc0 | bits >> 8);
    element[1] = static_cast<char>(bits);
    bytes = 2;
  } else if (base::FitsSigned(value, 16)) {
    wide(kInt16, 2);
  } else if (base::FitsSigned(value, 24)) {
    wide(kInt24, 3);
  } else if (base::FitsSigned(value, 32)) {
    wide(kInt32, 4);
  } else {
    wide(kInt64, 8);
  }
  element[bytes] = static_cast<char>(bytes);
  ++count_;
  out_.Append({element, bytes + 1});
}

void ListpackWriter::AddString(std::string_view text) {
  const auto number = base::ParseInt64(text);
  number ? AddInteger(*number) : AddText(text);
}

void ListpackWriter::AddText(std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  const size_t start = out_.size();
  if (out_.failed() || !out_.Reserve(start + kHeadBytesMax + size + kBacklenBytesMax)) return;
  char* const element = out_.data() + start;
  size_t head_bytes = 1;
  if (size < 64) {
    element[0] = static_cast<char>(0x80 | size);
  } else if (size < 4096) {
    element[0] = static_cast<char>(0xe0 | size >> 8);
    element[1] = static_cast<char>(size);
    head_bytes = 2;
  } else {
    element[0] = static_cast<char>(kText32);
    base::Store32(element + 1, size);
    head_bytes = kHeadBytesMax;
  }
  base::Copy(element + head_bytes, text.data(), size);
  const size_t form_bytes = head_bytes + size;
  const size_t width = BacklenBytes(form_bytes);
  StoreBacklen(reinterpret_cast<uint8_t*>(element + form_bytes), form_bytes, width);
  ++count_;
  out_.Resize(start + form_bytes + width);
}

std::string_view ListpackWriter::Finish() {
  out_.AppendByte(kEnd);
  if (out_.failed()) return {};
  base::Store32(out_.data(), static_cast<uint32_t>(out_.size()));
  base::Store16(out_.data() + sizeof(uint32_t),
                static_cast<uint16_t>(std::min<uint64_t>(count_, kCountUnknown)));
  return out_.view();
}

uint64_t ListpackWriter::TextElementBytes(uint64_t text_bytes) {
  const uint64_t form_bytes = text_bytes + (text_bytes < 64 ? 1 : text_bytes < 4096 ? 2 : 5);
  return form_bytes + BacklenBytes(form_bytes);
}

}  // namespace kvasm::persist
