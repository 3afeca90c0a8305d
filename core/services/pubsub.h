// Channels, patterns and shard channels: who listens to what, and the delivery of messages.
//
// A message is written once for each protocol spoken among its receivers and appended to the output
// of each; its cost is O(receivers + patterns). A session whose output cannot take it, because
// memory has run out or the session's limit is passed, is ended (OutputLimits).
//
// What a session is told while its own command runs follows the reply of that command: it waits in
// Session::pushes until FlushPushes. In-process sessions get all their messages there: the host
// takes them apart from replies.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/services/output_limits.h"
#include "core/services/session.h"
#include "core/services/subscriptions.h"

namespace kvasm::services {

class PushMessage;

class Pubsub {
 public:
  Pubsub(Sessions& sessions, OutputLimits& limits) : sessions_(sessions), limits_(limits) {}
  Pubsub(const Pubsub&) = delete;
  Pubsub& operator=(const Pubsub&) = delete;

  // False if the session listens to it already.
  bool Subscribe(Session& session, TopicKind kind, std::string_view name);
  // False if the session does not listen to it.
  bool Unsubscribe(Session& session, TopicKind kind, std::string_view name);
  // Everything, without telling. To be called before a session ends.
  void UnsubscribeAll(Session& session);

  // Returns how many were told. A channel is matched with patterns, too; a shard channel is not.
  uint64_t Publish(std::string_view channel, std::string_view message);
  uint64_t PublishShard(std::string_view channel, std::string_view message);
  // Sends a message that is written in the session's protocol already, in parts.
  void Send(Session& session, std::span<const std::string_view> parts);
  // Sends a push of these parts to one session.
  void Push(Session& session, std::initializer_list<std::string_view> parts);

  // Whether anybody could hear a message on a channel that is no shard channel.
  bool has_listeners() const { return !topics(TopicKind::kChannel).empty() || has_patterns(); }
  const Topics& topics(TopicKind kind) const { return topics_[static_cast<size_t>(kind)]; }
  size_t SubscriberCount(TopicKind kind, std::string_view name) const;
  // Sessions that listen to anything.
  size_t session_count() const { return session_count_; }

  // The session whose command runs from now on.
  void SetRunning(Session* session) { running_ = session; }
  // Null between commands.
  const Session* running() const { return running_; }
  // The command is done and its reply is written: what was held back follows.
  void FlushPushes(Session& session) {
    running_ = nullptr;
    SendHeld(session);
  }
  // What was held back of a session is sent, unless its command waits for the host: then it is to
  // be called again behind the reply.
  void SendHeld(Session& session) {
    if (!session.pushes.empty() || session.pushes.failed()) [[unlikely]]
      MovePushes(session);
  }

 private:
  Topics& Of(TopicKind kind) { return topics_[static_cast<size_t>(kind)]; }
  bool has_patterns() const { return !topics(TopicKind::kPattern).empty(); }
  uint64_t Deliver(const Subscribers& subscribers, PushMessage& message);
  // `append(resp::Buffer&)` adds the message, false if it cannot.
  template <class Append>
  void DeliverTo(Session& session, Append append);
  void MovePushes(Session& session);

  Sessions& sessions_;
  OutputLimits& limits_;
  std::array<Topics, kTopicKinds> topics_;
  size_t session_count_ = 0;
  Session* running_ = nullptr;
};

}  // namespace kvasm::services
