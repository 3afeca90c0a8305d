#include "core/services/output_limits.h"

#include <algorithm>
#include <string>

#include "core/base/numbers.h"

namespace kvasm::services {

const OutputLimit& OutputLimits::LimitOf(const Session& session) const {
  return session.subscriptions == nullptr ? settings_.output_limits.normal
                                          : settings_.output_limits.pubsub;
}

void OutputLimits::Apply(Session& session) const {
  const uint64_t hard = session.network ? LimitOf(session).hard_bytes : 0;
  const uint64_t most = uint64_t{hard} + OutputUse::kFixedBytes;
  session.out.set_limit(hard == 0 || most > resp::Buffer::kBytesMax ? resp::Buffer::kBytesMax
                                                                    : static_cast<uint32_t>(most));
}

void OutputLimits::ApplyToAll() const {
  for (const auto& session : sessions_.all()) Apply(*session);
}

void OutputLimits::CheckLarge(Session& session) {
  if (!session.network || session.close_after_reply) return;
  const OutputLimit& limit = LimitOf(session);
  const uint64_t used = OutputUse(session.out.size()).block_bytes();
  if (limit.hard_bytes != 0 && used >= limit.hard_bytes) {
    return End(session, "its output buffer limit is reached");
  }
  if (limit.soft_bytes == 0 || used < limit.soft_bytes) {
    session.above_soft_since_ms = 0;
  } else if (session.above_soft_since_ms == 0) {
    session.above_soft_since_ms = keyspace_.recent_ms();
    if (std::find(above_soft_.begin(), above_soft_.end(), session.id) == above_soft_.end()) {
      above_soft_.push_back(session.id);
    }
  } else if ((keyspace_.recent_ms() - session.above_soft_since_ms) / 1000 > limit.soft_seconds) {
    End(session, "its output buffer has been above the soft limit for too long");
  }
}

void OutputLimits::Tick() {
  if (above_soft_.empty()) return;
  std::erase_if(above_soft_, [this](uint64_t id) {
    Session* session = sessions_.Find(id);
    if (session == nullptr) return true;
    if (session->out.size() <= OutputUse::kFixedBytes) session->above_soft_since_ms = 0;
    Check(*session);
    return session->close_after_reply || session->above_soft_since_ms == 0;
  });
}

bool OutputLimits::EndIfStopped(Session& session) {
  if (!session.out.TakeStop()) return false;
  End(session, "its output buffer limit is reached");
  return true;
}

void OutputLimits::End(Session& session, std::string_view why) {
  std::string line = "Client id=" + base::Int64Text(static_cast<int64_t>(session.id)) +
                     " addr=" + session.address + " name=" + session.name + " is closed: ";
  line += why;
  log_.Write(host::LogLevel::kWarning, line);
  session.out.TakeFailure();
  session.out.Clear();
  session.pushes.Clear();
  session.close_after_reply = true;
  session.cut_off = true;
  sessions_.MarkReady(session);
}

}  // namespace kvasm::services
