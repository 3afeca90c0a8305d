#include "core/persist/reader.h"

#include "core/base/bytes.h"
#include "core/base/lzf.h"

namespace kvasm::persist {
namespace {

constexpr std::string_view kBadCompression = "Invalid LZF compressed string";

}  // namespace

uint8_t Reader::Byte() {
  const std::string_view byte = Bytes(1);
  return byte.empty() ? 0 : static_cast<uint8_t>(byte[0]);
}

std::string_view Reader::Bytes(uint64_t count) {
  if (count > left()) {
    Fail(Fault::kCutShort);
    return {};
  }
  const std::string_view bytes = input_.substr(at_, static_cast<size_t>(count));
  at_ += static_cast<size_t>(count);
  return bytes;
}

uint64_t Reader::Fixed64() {
  const std::string_view bytes = Bytes(sizeof(uint64_t));
  return bytes.empty() ? 0 : base::Load64(bytes.data());
}

double Reader::Double() { return base::BitCast<double>(Fixed64()); }

uint64_t Reader::Length() { return LengthAfter(Byte()); }

uint64_t Reader::LengthAfter(uint8_t first) {
  if (first < length_byte::k14Bits) return first;
  if (first < length_byte::k32Bits) return uint64_t{first & 0x3fu} << 8 | Byte();
  if (first == length_byte::k32Bits) {
    const std::string_view bytes = Bytes(sizeof(uint32_t));
    return bytes.empty() ? 0 : __builtin_bswap32(base::Load32(bytes.data()));
  }
  if (first == length_byte::k64Bits) return __builtin_bswap64(Fixed64());
  Fail(Fault::kCorrupt, "Unknown RDB length or string encoding");
  return 0;
}

uint32_t Reader::Count(uint32_t bytes_each) {
  const uint64_t count = Length();
  if (count <= left() / bytes_each && count <= UINT32_MAX) return static_cast<uint32_t>(count);
  Fail(Fault::kCutShort);
  return 0;
}

std::string_view Reader::String(StringScratch& scratch) {
  const uint8_t first = Byte();
  if (!ok()) return {};
  switch (first) {
    case length_byte::kInt8:
      return Integer(1, scratch);
    case length_byte::kInt16:
      return Integer(2, scratch);
    case length_byte::kInt32:
      return Integer(4, scratch);
    case length_byte::kCompressed:
      return Compressed(scratch);
    default:
      break;
  }
  const uint64_t size = LengthAfter(first);
  if (size > kStringBytesMax) {
    Fail(Fault::kCorrupt, "Length of a string out of range");
    return {};
  }
  return Bytes(size);
}

std::string_view Reader::Integer(uint32_t bytes, StringScratch& scratch) {
  const std::string_view form = Bytes(bytes);
  if (form.empty()) return {};
  int64_t value = 0;
  if (bytes == 1) {
    value = static_cast<int8_t>(form[0]);
  } else if (bytes == 2) {
    value = static_cast<int16_t>(base::Load16(form.data()));
  } else {
    value = static_cast<int32_t>(base::Load32(form.data()));
  }
  return {scratch.number_, base::FormatInt64(scratch.number_, value)};
}

std::string_view Reader::Compressed(StringScratch& scratch) {
  const uint64_t compressed_bytes = Length();
  const uint64_t size = Length();
  const std::string_view compressed = Bytes(compressed_bytes);
  if (!ok()) return {};
  if (size == 0 || size > kStringBytesMax || size > base::LzfExpandedBytesMax(compressed.size())) {
    Fail(Fault::kCorrupt, kBadCompression);
    return {};
  }
  scratch.expanded_.Clear();
  const auto bytes = static_cast<size_t>(size);
  if (!scratch.expanded_.Reserve(bytes)) {
    Fail(Fault::kOutOfMemory);
    return {};
  }
  if (!base::LzfExpand(compressed, scratch.expanded_.data(), bytes)) {
    Fail(Fault::kCorrupt, kBadCompression);
    return {};
  }
  scratch.expanded_.Resize(bytes);
  return scratch.expanded_.view();
}

}  // namespace kvasm::persist
