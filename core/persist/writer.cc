#include "core/persist/writer.h"

#include "core/base/bytes.h"
#include "core/base/lzf.h"
#include "core/base/numbers.h"

namespace kvasm::persist {
namespace {

// Strings that may be written as integers are no longer than this: "-2147483648".
constexpr size_t kIntegerCharsMax = 11;
constexpr size_t kCompressedLeast = 21;
constexpr size_t kSavedLeast = 4;

template <class Value>
std::string_view BytesOf(const Value& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

void Writer::Bytes(std::string_view bytes) {
  if (bytes.size() > static_cast<size_t>(sink_.end_ - sink_.at_)) return sink_.Append(bytes);
  base::Copy(sink_.at_, bytes.data(), bytes.size());
  sink_.at_ += bytes.size();
}

void Writer::Length(uint64_t length) {
  if (length < 0x40) return Byte(static_cast<uint8_t>(length));
  if (length < 0x4000) {
    const auto swapped =
        __builtin_bswap16(static_cast<uint16_t>(length | length_byte::k14Bits << 8));
    return Bytes(BytesOf(swapped));
  }
  if (length <= UINT32_MAX) {
    Byte(length_byte::k32Bits);
    const uint32_t swapped = __builtin_bswap32(static_cast<uint32_t>(length));
    return Bytes(BytesOf(swapped));
  }
  Byte(length_byte::k64Bits);
  const uint64_t swapped = __builtin_bswap64(length);
  Bytes(BytesOf(swapped));
}

void Writer::Fixed64(uint64_t value) { Bytes(BytesOf(value)); }

void Writer::Double(double value) { Bytes(BytesOf(value)); }

void Writer::String(std::string_view text) {
  if (text.size() <= kIntegerCharsMax) {
    const auto number = base::ParseInt64(text);
    if (number && TryInteger(*number)) return;
  }
  Blob(text);
}

void Writer::Integer(int64_t value) {
  if (TryInteger(value)) return;
  char text[base::kIntCharsMax];
  const size_t length = base::FormatInt64(text, value);
  Length(length);
  Bytes({text, length});
}

void Writer::Blob(std::string_view bytes) {
  if (options_.compress && bytes.size() >= kCompressedLeast && TryCompressed(bytes)) return;
  Length(bytes.size());
  Bytes(bytes);
}

bool Writer::TryInteger(int64_t value) {
  char form[1 + sizeof(int32_t)];
  std::memcpy(form + 1, &value, sizeof(int32_t));
  size_t bytes = 0;
  if (value == static_cast<int8_t>(value)) {
    form[0] = static_cast<char>(length_byte::kInt8);
    bytes = sizeof(int8_t);
  } else if (value == static_cast<int16_t>(value)) {
    form[0] = static_cast<char>(length_byte::kInt16);
    bytes = sizeof(int16_t);
  } else if (value == static_cast<int32_t>(value)) {
    form[0] = static_cast<char>(length_byte::kInt32);
    bytes = sizeof(int32_t);
  } else {
    return false;
  }
  Bytes({form, 1 + bytes});
  return true;
}

bool Writer::TryCompressed(std::string_view bytes) {
  const size_t room = bytes.size() - kSavedLeast;
  compressed_.Clear();
  if (!compressed_.Reserve(room)) return false;  // then it is written as it is
  const size_t size = base::LzfCompress(bytes, compressed_.data(), room);
  if (size == 0) return false;
  Byte(length_byte::kCompressed);
  Length(size);
  Length(bytes.size());
  Bytes({compressed_.data(), size});
  return true;
}

}  // namespace kvasm::persist
