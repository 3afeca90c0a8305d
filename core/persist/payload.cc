#include "core/persist/payload.h"

#include "core/base/bytes.h"
#include "core/base/crc64.h"

namespace kvasm::persist {
namespace {

constexpr size_t kVersionBytes = 2;
constexpr size_t kFooterBytes = kVersionBytes + sizeof(uint64_t);

}  // namespace

std::string PayloadFooter(std::string_view body, int version) {
  std::string footer(kFooterBytes, '\0');
  base::Store16(footer.data(), static_cast<uint16_t>(version));
  const std::string_view version_bytes = std::string_view(footer).substr(0, kVersionBytes);
  base::Store64(footer.data() + kVersionBytes, base::Crc64(base::Crc64(0, body), version_bytes));
  return footer;
}

std::optional<std::string_view> PayloadBody(std::string_view payload, bool check) {
  if (payload.size() < kFooterBytes) return std::nullopt;
  const std::string_view body = payload.substr(0, payload.size() - kFooterBytes);
  const char* footer = payload.data() + body.size();
  if (base::Load16(footer) > kRdbVersionMost) return std::nullopt;
  if (!check) return body;
  const uint64_t crc = base::Crc64(0, payload.substr(0, body.size() + kVersionBytes));
  if (crc != base::Load64(footer + kVersionBytes)) return std::nullopt;
  return body;
}

}  // namespace kvasm::persist
