#include "core/services/pubsub.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>

#include "core/base/glob.h"
#include "core/base/numbers.h"
#include "core/resp/writer.h"

namespace kvasm::services {
namespace {

constexpr std::string_view kDoNotFit = "its messages do not fit into its output buffer";

}  // namespace

// A push, written when the first receiver of a protocol asks for it.
class PushMessage {
 public:
  explicit PushMessage(std::span<const std::string_view> parts) : parts_(parts) {
    for (const std::string_view part : parts) bytes_ += part.size() + kPartOverhead;
  }

  // False when the buffer cannot take it; nothing has been added then.
  bool AppendTo(resp::Buffer& out, int protocol) {
    const uint64_t wanted = std::min<uint64_t>(bytes_, resp::Buffer::kBytesMax);
    if (out.Prepare(static_cast<uint32_t>(wanted)) == nullptr) return false;
    // A large one is not held twice.
    constexpr uint64_t kWrittenOnceBytes = 64 * 1024;
    if (bytes_ > kWrittenOnceBytes) {
      Write(out, protocol);
      return true;
    }
    resp::Buffer& ready = ready_[protocol == 2 ? 0 : 1];
    if (ready.empty()) Write(ready, protocol);
    if (ready.failed()) return false;
    out.Append(ready.view());
    return true;
  }

 private:
  // "$", up to ten digits and two line ends for a part; those of the first line are among them.
  static constexpr uint64_t kPartOverhead = 20;

  void Write(resp::Buffer& out, int protocol) const {
    resp::Writer writer(out, protocol);
    writer.Push(parts_.size());
    for (const std::string_view part : parts_) writer.Bulk(part);
  }

  std::span<const std::string_view> parts_;
  uint64_t bytes_ = 16;
  resp::Buffer ready_[2];
};

bool Pubsub::Subscribe(Session& session, TopicKind kind, std::string_view name) {
  if (session.subscriptions == nullptr) {
    session.subscriptions = std::make_unique<Subscriptions>();
    ++session_count_;
    limits_.Apply(session);
  }
  auto& own = session.subscriptions->of[static_cast<size_t>(kind)];
  if (own.contains(name)) return false;
  auto at = Of(kind).find(name);
  if (at == Of(kind).end()) at = Of(kind).emplace(name, Subscribers()).first;
  at->second.push_back(&session);
  own.emplace(at->first, &*at);
  return true;
}

bool Pubsub::Unsubscribe(Session& session, TopicKind kind, std::string_view name) {
  if (session.subscriptions == nullptr) return false;
  auto& own = session.subscriptions->of[static_cast<size_t>(kind)];
  const auto found = own.find(name);
  if (found == own.end()) return false;
  Topics::value_type& topic = *found->second;
  own.erase(found);
  std::erase(topic.second, &session);
  if (topic.second.empty()) Of(kind).erase(Of(kind).find(topic.first));
  if (session.subscriptions->empty()) {
    session.subscriptions = nullptr;
    --session_count_;
    limits_.Apply(session);
  }
  return true;
}

void Pubsub::UnsubscribeAll(Session& session) {
  if (running_ == &session) running_ = nullptr;
  for (size_t kind = 0; kind < kTopicKinds; ++kind) {
    while (session.subscriptions != nullptr && !session.subscriptions->of[kind].empty()) {
      // The name goes with the topic.
      const std::string name(session.subscriptions->of[kind].begin()->first);
      Unsubscribe(session, static_cast<TopicKind>(kind), name);
    }
  }
}

uint64_t Pubsub::Publish(std::string_view channel, std::string_view message) {
  uint64_t receivers = 0;
  const auto at = Of(TopicKind::kChannel).find(channel);
  if (at != Of(TopicKind::kChannel).end()) {
    const std::string_view parts[] = {"message", channel, message};
    PushMessage push(parts);
    receivers += Deliver(at->second, push);
  }
  for (const auto& [pattern, subscribers] : Of(TopicKind::kPattern)) {
    if (!base::GlobMatch(pattern, channel)) continue;
    const std::string_view parts[] = {"pmessage", pattern, channel, message};
    PushMessage push(parts);
    receivers += Deliver(subscribers, push);
  }
  return receivers;
}

uint64_t Pubsub::PublishShard(std::string_view channel, std::string_view message) {
  const auto at = Of(TopicKind::kShardChannel).find(channel);
  if (at == Of(TopicKind::kShardChannel).end()) return 0;
  const std::string_view parts[] = {"smessage", channel, message};
  PushMessage push(parts);
  return Deliver(at->second, push);
}

template <class Append>
void Pubsub::DeliverTo(Session& session, Append append) {
  if (session.close_after_reply) return;
  const bool held = !session.network || &session == running_;
  resp::Buffer& to = held ? session.pushes : session.out;
  if (!append(to)) [[unlikely]] {
    // The running session's output must not go while its reply is being written.
    if (&session != running_) limits_.End(session, kDoNotFit);
    return;
  }
  if (&session != running_ || !session.network) sessions_.MarkReady(session);
  if (!held) limits_.Check(session);
}

void Pubsub::Push(Session& session, std::initializer_list<std::string_view> parts) {
  PushMessage push(std::span(parts.begin(), parts.size()));
  DeliverTo(session, [&](resp::Buffer& to) { return push.AppendTo(to, session.reply.protocol()); });
}

void Pubsub::Send(Session& session, std::span<const std::string_view> parts) {
  uint64_t bytes = 0;
  for (const std::string_view part : parts) bytes += part.size();
  const auto wanted = static_cast<uint32_t>(std::min<uint64_t>(bytes, resp::Buffer::kBytesMax));
  DeliverTo(session, [&](resp::Buffer& to) {
    if (to.Prepare(wanted) == nullptr) return false;
    for (const std::string_view part : parts) to.Append(part);
    return !to.failed();
  });
}

size_t Pubsub::SubscriberCount(TopicKind kind, std::string_view name) const {
  const auto at = topics(kind).find(name);
  return at == topics(kind).end() ? 0 : at->second.size();
}

uint64_t Pubsub::Deliver(const Subscribers& subscribers, PushMessage& message) {
  for (Session* session : subscribers) {
    DeliverTo(*session,
              [&](resp::Buffer& to) { return message.AppendTo(to, session->reply.protocol()); });
  }
  return subscribers.size();
}

void Pubsub::MovePushes(Session& session) {
  if (session.pushes.TakeFailure()) return limits_.End(session, kDoNotFit);
  if (!session.network || session.awaits_host) return;
  if (!session.close_after_reply) {
    session.out.Append(session.pushes.view());
    if (session.out.failed()) return limits_.End(session, kDoNotFit);
    limits_.Check(session);
  }
  session.pushes.Clear();
}

}  // namespace kvasm::services
