#include "core/base/crc64_sum.h"

#include "core/base/bytes.h"
#include "core/base/crc64.h"

namespace kvasm::base {

Crc64Sum::Crc64Sum() {
  for (int byte = 0; byte < 256; ++byte) {
    const char as_char = static_cast<char>(byte);
    tables_[0][byte] = Crc64(0, {&as_char, 1});
  }
  for (int lane = 1; lane < kLanes; ++lane) {
    for (int byte = 0; byte < 256; ++byte) {
      const uint64_t before = tables_[lane - 1][byte];
      tables_[lane][byte] = tables_[0][before & 255] ^ before >> 8;
    }
  }
}

void Crc64Sum::Add(std::string_view data) {
  uint64_t sum = value_;
  const char* at = data.data();
  const char* const end = at + data.size();
  // The effect of eight bytes that are followed by `after` more.
  const auto of = [this](uint64_t word, int after) {
    return tables_[after + 7][word & 255] ^ tables_[after + 6][word >> 8 & 255] ^
           tables_[after + 5][word >> 16 & 255] ^ tables_[after + 4][word >> 24 & 255] ^
           tables_[after + 3][word >> 32 & 255] ^ tables_[after + 2][word >> 40 & 255] ^
           tables_[after + 1][word >> 48 & 255] ^ tables_[after][word >> 56];
  };
  for (; end - at >= kLanes; at += kLanes) sum = of(sum ^ Load64(at), 8) ^ of(Load64(at + 8), 0);
  for (; at < end; ++at) sum = tables_[0][(sum ^ static_cast<uint8_t>(*at)) & 255] ^ sum >> 8;
  value_ = sum;
}

}  // namespace kvasm::base
