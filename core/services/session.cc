#include "core/services/session.h"

#include <algorithm>

namespace kvasm::services {

bool IsUnixSocket(const Session& session) {
  const std::string_view address = session.address;
  return session.network && address.ends_with(":0") && address != "127.0.0.1:0" && address != "?:0";
}

Session& Sessions::Open() {
  sessions_.push_back(std::make_unique<Session>(next_id_++));
  return *sessions_.back();
}

Session* Sessions::Find(uint64_t id) {
  if (last_ != nullptr && last_->id == id) return last_;
  const auto at = std::lower_bound(sessions_.begin(), sessions_.end(), id,
                                   [](const std::unique_ptr<Session>& session, uint64_t wanted) {
                                     return session->id < wanted;
                                   });
  if (at == sessions_.end() || (*at)->id != id) return nullptr;
  last_ = at->get();
  return last_;
}

void Sessions::MarkReady(Session& session) {
  if (notes_output_ && !session.in_output_list) {
    session.in_output_list = true;
    with_output_.push_back(session.id);
  }
  if (session.in_ready_list) return;
  session.in_ready_list = true;
  ready_.push_back(session.id);
}

Session* Sessions::NextReady() {
  while (!ready_.empty()) {
    Session* session = Find(ready_.front());
    ready_.pop_front();
    if (session == nullptr) continue;
    session->in_ready_list = false;
    return session;
  }
  return nullptr;
}

Session* Sessions::NextWithOutput() {
  while (!with_output_.empty()) {
    Session* session = Find(with_output_.back());
    with_output_.pop_back();
    if (session == nullptr) continue;
    session->in_output_list = false;
    return session;
  }
  return nullptr;
}

void Sessions::Close(uint64_t id) {
  last_ = nullptr;
  std::erase_if(sessions_,
                [id](const std::unique_ptr<Session>& session) { return session->id == id; });
}

}  // namespace kvasm::services
