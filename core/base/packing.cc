#include "core/base/packing.h"

namespace kvasm::base {

std::string_view PackingReader::Text() {
  const std::string_view text(at_);
  at_ += text.size() + 1;
  return text;
}

uint64_t PackingReader::Number() {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(*at_++);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
}

int64_t PackingReader::Signed() {
  const uint64_t value = Number();
  return static_cast<int64_t>((value & 1) != 0 ? ~(value >> 1) : value >> 1);
}

}  // namespace kvasm::base
