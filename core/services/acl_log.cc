#include "core/services/acl_log.h"

#include <utility>

#include "core/base/alloc.h"

namespace kvasm::services {
namespace {

constexpr int64_t kGroupingMs = 60'000;
// Only the newest entries are looked at for one of the same kind.
constexpr int kLookedAt = 10;

bool IsOfOneKind(const AclLog::Entry& known, const AclLog::Entry& entry, int64_t now_ms) {
  const int64_t apart_ms = now_ms - known.updated_ms;
  return known.reason == entry.reason && known.context == entry.context &&
         apart_ms <= kGroupingMs && apart_ms >= -kGroupingMs && known.object == entry.object &&
         known.username == entry.username;
}

}  // namespace

void AclLog::Add(const Refusal& refusal, int64_t now_ms, uint64_t entries_max) {
  const bool is_full = base::HeapExhausted();
  const auto bounded = [is_full](std::string_view text) {
    return std::string(text.substr(0, is_full ? kTextBytesWhenFull : kTextBytesMax));
  };
  Entry entry{.reason = refusal.reason,
              .context = refusal.context,
              .object = bounded(refusal.object),
              .username = bounded(refusal.username),
              .client = bounded(refusal.client)};
  ++counts_[static_cast<size_t>(entry.reason)];
  int looked_at = 0;
  for (auto at = entries_.begin(); at != entries_.end() && looked_at < kLookedAt; ++at) {
    ++looked_at;
    if (!IsOfOneKind(*at, entry, now_ms)) continue;
    at->client = std::move(entry.client);
    at->updated_ms = now_ms;
    ++at->count;
    entries_.splice(entries_.begin(), entries_, at);
    return;
  }
  entry.id = next_id_++;
  entry.created_ms = entry.updated_ms = now_ms;
  entries_.push_front(std::move(entry));
  if (is_full && entries_.size() > 1) entries_.pop_back();
  while (entries_.size() > entries_max) entries_.pop_back();
}

uint64_t AclLog::text_bytes() const {
  uint64_t bytes = 0;
  for (const Entry& entry : entries_) {
    bytes += uint64_t{entry.object.size()} + entry.username.size() + entry.client.size();
  }
  return bytes;
}

std::string_view ReasonText(AclReason reason) {
  constexpr std::string_view kTexts[] = {"", "command", "key", "channel", "auth"};
  return kTexts[static_cast<size_t>(reason)];
}

std::string_view ContextText(AclContext context) {
  constexpr std::string_view kTexts[] = {"toplevel", "multi", "lua"};
  return kTexts[static_cast<size_t>(context)];
}

}  // namespace kvasm::services
