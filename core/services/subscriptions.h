// What a session listens to. Kept apart from Pubsub, which fills it, because every session has one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kvasm::services {

struct Session;

enum class TopicKind : uint8_t { kChannel, kPattern, kShardChannel };
inline constexpr size_t kTopicKinds = 3;

// Sessions in the order in which they came. Borrowed: a session leaves before it ends.
using Subscribers = std::vector<Session*>;
// By name; an entry stays where it is while it has subscribers.
using Topics = std::map<std::string, Subscribers, std::less<>>;

struct Subscriptions {
  // By name, which is borrowed from the topic.
  std::array<std::map<std::string_view, Topics::value_type*>, kTopicKinds> of;

  size_t count(TopicKind kind) const { return of[static_cast<size_t>(kind)].size(); }
  // What SUBSCRIBE and PSUBSCRIBE count together.
  size_t channels_and_patterns() const {
    return count(TopicKind::kChannel) + count(TopicKind::kPattern);
  }
  bool empty() const { return of[0].empty() && of[1].empty() && of[2].empty(); }
};

}  // namespace kvasm::services
