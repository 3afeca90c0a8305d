// Publish and subscribe. What a SUBSCRIBE answers is itself a sequence of pushes, one for each
// channel; messages come by services::Pubsub.
#include "core/base/alloc.h"
#include "core/base/ascii.h"
#include "core/base/glob.h"
#include "core/commands/all.h"
#include "core/commands/help.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using services::TopicKind;

std::string_view SubscribedWord(TopicKind kind) {
  if (kind == TopicKind::kPattern) return "psubscribe";
  return kind == TopicKind::kShardChannel ? "ssubscribe" : "subscribe";
}

std::string_view UnsubscribedWord(TopicKind kind) {
  if (kind == TopicKind::kPattern) return "punsubscribe";
  return kind == TopicKind::kShardChannel ? "sunsubscribe" : "unsubscribe";
}

// Confirmations are no replies: CLIENT REPLY does not silence them.
class Confirmations {
 public:
  explicit Confirmations(Call& call)
      : session_(call.session),
        held_(call.session.pushes, call.reply.protocol()),
        out_(services::IsSilent(call.session.reply_mode) ? held_ : call.reply) {}

  // `name` null: there was nothing to unsubscribe from.
  void Add(std::string_view word, TopicKind kind, const std::string_view* name) {
    out_.Push(3);
    out_.Bulk(word);
    name == nullptr ? out_.Null() : out_.Bulk(*name);
    out_.Integer(static_cast<int64_t>(Count(kind)));
  }

 private:
  // Shard channels are counted by themselves.
  size_t Count(TopicKind kind) const {
    const services::Subscriptions* own = session_.subscriptions.get();
    if (own == nullptr) return 0;
    return kind == TopicKind::kShardChannel ? own->count(kind) : own->channels_and_patterns();
  }

  const services::Session& session_;
  resp::Writer held_;
  resp::Writer& out_;
};

void SubscribeTo(Call& call, TopicKind kind) {
  // Subscriptions are small blocks, which are never refused one by one.
  if (base::HeapExhausted()) return call.OutOfMemory();
  Confirmations confirmations(call);
  for (const std::string_view name : call.args.subspan(1)) {
    call.services.pubsub.Subscribe(call.session, kind, name);
    confirmations.Add(SubscribedWord(kind), kind, &name);
  }
}

void UnsubscribeFrom(Call& call, TopicKind kind) {
  Confirmations confirmations(call);
  for (const std::string_view name : call.args.subspan(1)) {
    call.services.pubsub.Unsubscribe(call.session, kind, name);
    confirmations.Add(UnsubscribedWord(kind), kind, &name);
  }
  if (call.argc() > 1) return;
  const auto count = [&] {
    return call.session.subscriptions == nullptr ? 0 : call.session.subscriptions->count(kind);
  };
  if (count() == 0) return confirmations.Add(UnsubscribedWord(kind), kind, nullptr);
  while (count() > 0) {
    const std::string name(
        call.session.subscriptions->of[static_cast<size_t>(kind)].begin()->first);
    const std::string_view view = name;
    call.services.pubsub.Unsubscribe(call.session, kind, name);
    confirmations.Add(UnsubscribedWord(kind), kind, &view);
  }
}

void Subscribe(Call& call) { SubscribeTo(call, TopicKind::kChannel); }
void Psubscribe(Call& call) { SubscribeTo(call, TopicKind::kPattern); }
void Ssubscribe(Call& call) {
  // The other two are let into transactions because they always were.
  if (!call.may_wait) return call.reply.Error(errors::SubscribeDenied("SSUBSCRIBE"));
  SubscribeTo(call, TopicKind::kShardChannel);
}

void Unsubscribe(Call& call) { UnsubscribeFrom(call, TopicKind::kChannel); }
void Punsubscribe(Call& call) { UnsubscribeFrom(call, TopicKind::kPattern); }
void Sunsubscribe(Call& call) { UnsubscribeFrom(call, TopicKind::kShardChannel); }

void Publish(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.services.pubsub.Publish(call.arg(1), call.arg(2))));
}

void Spublish(Call& call) {
  call.reply.Integer(
      static_cast<int64_t>(call.services.pubsub.PublishShard(call.arg(1), call.arg(2))));
}

// --- PUBSUB ---

void ReplyChannels(Call& call, TopicKind kind) {
  if (call.argc() > 3) {
    return call.reply.Error(
        errors::WrongSubcommandSyntax(call.arg(1), base::UpperCopy(call.arg(0))));
  }
  const resp::Writer::Mark mark = call.reply.Begin();
  uint64_t count = 0;
  for (const auto& [name, subscribers] : call.services.pubsub.topics(kind)) {
    if (call.argc() == 3 && !base::GlobMatch(call.arg(2), name)) continue;
    call.reply.Bulk(name);
    ++count;
  }
  call.reply.EndArray(mark, count);
}

void ReplyCounts(Call& call, TopicKind kind) {
  call.reply.Array((call.argc() - 2) * 2);
  for (const std::string_view name : call.args.subspan(2)) {
    call.reply.Bulk(name);
    call.reply.Integer(static_cast<int64_t>(call.services.pubsub.SubscriberCount(kind, name)));
  }
}

void PubsubChannels(Call& call) { ReplyChannels(call, TopicKind::kChannel); }
void PubsubShardchannels(Call& call) { ReplyChannels(call, TopicKind::kShardChannel); }
void PubsubNumsub(Call& call) { ReplyCounts(call, TopicKind::kChannel); }
void PubsubShardnumsub(Call& call) { ReplyCounts(call, TopicKind::kShardChannel); }

void PubsubNumpat(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.services.pubsub.topics(TopicKind::kPattern).size()));
}

void PubsubHelp(Call& call) {
  ReplyHelp(call, {
                      "CHANNELS [<pattern>]",
                      "    The channels somebody listens to, those that match a pattern if given.",
                      "NUMPAT",
                      "    How many patterns somebody listens to.",
                      "NUMSUB [<channel> ...]",
                      "    How many listen to each channel, patterns left aside.",
                      "SHARDCHANNELS [<pattern>]",
                      "    The shard channels somebody listens to.",
                      "SHARDNUMSUB [<shardchannel> ...]",
                      "    How many listen to each shard channel.",
                  });
}

constexpr uint32_t kListening = kPubsub | kNoScript | kLoading | kStale;
constexpr uint32_t kPublishing = kPubsub | kLoading | kStale | kFast | kMayReplicate;
constexpr uint32_t kAsking = kPubsub | kLoading | kStale;

constexpr CommandSpec kSpecs[] = {
    {.name = "psubscribe",
     .handler = &Psubscribe,
     .arity = -2,
     .group = Group::kPubsub,
     .flags = kListening,
     .since = "2.0.0",
     .syntax = "pattern:pattern...",
     .complexity = "O(N) in the patterns",
     .summary = "Listens to all channels that match patterns."},
    {.name = "publish",
     .handler = &Publish,
     .arity = 3,
     .group = Group::kPubsub,
     .flags = kPublishing,
     .since = "2.0.0",
     .syntax = "channel message",
     .complexity = "O(N + M) in the receivers and all patterns anybody listens to",
     .summary = "Sends a message to a channel and returns how many got it."},
    {.name = "pubsub",
     .arity = -2,
     .group = Group::kPubsub,
     .since = "2.8.0",
     .complexity = "Depends on the subcommand",
     .summary = "Tells who listens to what."},
    {.name = "pubsub|channels",
     .handler = &PubsubChannels,
     .arity = -2,
     .group = Group::kPubsub,
     .flags = kAsking,
     .since = "2.8.0",
     .syntax = "[pattern:pattern]",
     .complexity = "O(N) in the channels",
     .summary = "Returns the channels somebody listens to."},
    {.name = "pubsub|help",
     .handler = &PubsubHelp,
     .arity = 2,
     .group = Group::kPubsub,
     .flags = kLoading | kStale,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of PUBSUB."},
    {.name = "pubsub|numpat",
     .handler = &PubsubNumpat,
     .arity = 2,
     .group = Group::kPubsub,
     .flags = kAsking,
     .since = "2.8.0",
     .complexity = "O(1)",
     .summary = "Returns how many patterns somebody listens to."},
    {.name = "pubsub|numsub",
     .handler = &PubsubNumsub,
     .arity = -2,
     .group = Group::kPubsub,
     .flags = kAsking,
     .since = "2.8.0",
     .syntax = "[channel...]",
     .complexity = "O(N) in the channels asked for",
     .summary = "Returns how many listen to each of these channels."},
    {.name = "pubsub|shardchannels",
     .handler = &PubsubShardchannels,
     .arity = -2,
     .group = Group::kPubsub,
     .flags = kAsking,
     .since = "7.0.0",
     .syntax = "[pattern:pattern]",
     .complexity = "O(N) in the shard channels",
     .summary = "Returns the shard channels somebody listens to."},
    {.name = "pubsub|shardnumsub",
     .handler = &PubsubShardnumsub,
     .arity = -2,
     .group = Group::kPubsub,
     .flags = kAsking,
     .since = "7.0.0",
     .syntax = "[shardchannel...]",
     .complexity = "O(N) in the shard channels asked for",
     .summary = "Returns how many listen to each of these shard channels."},
    {.name = "punsubscribe",
     .handler = &Punsubscribe,
     .arity = -1,
     .group = Group::kPubsub,
     .flags = kListening,
     .since = "2.0.0",
     .syntax = "[pattern:pattern...]",
     .complexity = "O(N) in the patterns",
     .summary = "Ends listening to patterns, to all of them without arguments."},
    {.name = "spublish",
     .handler = &Spublish,
     .arity = 3,
     .group = Group::kPubsub,
     .flags = kPublishing,
     .since = "7.0.0",
     .keys = {{Keys(kNotKey, 1)}},
     .syntax = "shardchannel message",
     .complexity = "O(N) in the receivers",
     .summary = "Sends a message to a shard channel and returns how many got it."},
    {.name = "ssubscribe",
     .handler = &Ssubscribe,
     .arity = -2,
     .group = Group::kPubsub,
     .flags = kListening,
     .since = "7.0.0",
     .keys = {{Keys(kNotKey, 1, -1)}},
     .syntax = "shardchannel...",
     .complexity = "O(N) in the shard channels",
     .summary = "Listens to shard channels."},
    {.name = "subscribe",
     .handler = &Subscribe,
     .arity = -2,
     .group = Group::kPubsub,
     .flags = kListening,
     .since = "2.0.0",
     .syntax = "channel...",
     .complexity = "O(N) in the channels",
     .summary = "Listens to channels."},
    {.name = "sunsubscribe",
     .handler = &Sunsubscribe,
     .arity = -1,
     .group = Group::kPubsub,
     .flags = kListening,
     .since = "7.0.0",
     .keys = {{Keys(kNotKey, 1, -1)}},
     .syntax = "[shardchannel...]",
     .complexity = "O(N) in the shard channels",
     .summary = "Ends listening to shard channels, to all of them without arguments."},
    {.name = "unsubscribe",
     .handler = &Unsubscribe,
     .arity = -1,
     .group = Group::kPubsub,
     .flags = kListening,
     .since = "2.0.0",
     .syntax = "[channel...]",
     .complexity = "O(N) in the channels",
     .summary = "Ends listening to channels, to all of them without arguments."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs PubsubCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
