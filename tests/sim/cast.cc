#include "tests/sim/cast.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace kvasm::sim {
namespace {

std::string Numbered(std::string_view name, uint64_t number) {
  return std::string(name) + std::to_string(number);
}

// --- elements that are passed around ---

constexpr int kQueues = 4;
constexpr int kSets = 2;
constexpr std::string_view kStream = "stream";

// Where every element is, as far as replies tell.
class Ledger {
 public:
  explicit Ledger(World& world) : world_(world) {}

  std::string Make() {
    elements_.emplace_back();
    return Numbered("e", elements_.size() - 1);
  }
  // The push was answered: the element is there, unless somebody has taken it already.
  void Arrived(const std::string& name) { At(name).arrived = true; }
  // The push will never happen.
  void Void(const std::string& name) { At(name).is_void = true; }

  // All elements in a reply are the client's now.
  void Taken(const Value& reply) {
    for (const Value& item : reply.items) Taken(item);
    if (!IsElement(reply)) return;
    Element& element = At(reply.text);
    if (element.taken) world_.Fail(reply.text + " was taken twice");
    if (element.is_void) world_.Fail(reply.text + " was taken, but its push did not happen");
    element.taken = true;
    ++world_.counts.taken;
  }

  void Check() {
    std::set<std::string> there;
    for (const char* db : {"0", "1"}) {
      world_.Ask({"SELECT", db});
      for (int i = 0; i < kQueues; ++i)
        Add(world_.Ask({"LRANGE", Numbered("q", i), "0", "-1"}), &there);
      for (int i = 0; i < kSets; ++i)
        Add(world_.Ask({"ZRANGE", Numbered("z", i), "0", "-1"}), &there);
    }
    world_.Ask({"SELECT", "0"});
    if (world_.temper().destroys) return;
    for (size_t i = 0; i < elements_.size(); ++i) {
      const Element& element = elements_[i];
      const std::string name = Numbered("e", i);
      if (element.arrived && !element.taken && !element.in_stream && !there.contains(name)) {
        world_.Fail(name + " is lost");
      }
    }
  }
  void SetInStream(const std::string& name) { At(name).in_stream = true; }

 private:
  struct Element {
    bool arrived = false;
    bool taken = false;
    bool is_void = false;
    bool in_stream = false;
  };

  static bool IsElement(const Value& value) {
    return value.text.size() > 1 && value.text[0] == 'e' &&
           std::all_of(value.text.begin() + 1, value.text.end(),
                       [](unsigned char c) { return std::isdigit(c) != 0; });
  }
  Element& At(const std::string& name) { return elements_[std::stoull(name.substr(1))]; }

  void Add(const Value& reply, std::set<std::string>* there) {
    for (const Value& item : reply.items) {
      if (!IsElement(item)) continue;
      if (!there->insert(item.text).second) world_.Fail(item.text + " is there twice");
      if (At(item.text).taken) world_.Fail(item.text + " is there, but was taken");
      if (At(item.text).is_void) world_.Fail(item.text + " is there, but its push did not happen");
    }
  }

  World& world_;
  std::vector<Element> elements_;
};

class Worker final : public Player {
 public:
  Worker(World& world, std::string name, std::shared_ptr<Ledger> ledger)
      : Player(world, std::move(name)), ledger_(std::move(ledger)) {}

 protected:
  void Act() override {
    switch (world_.Below(10)) {
      case 0: {
        std::vector<Request> parts;
        std::vector<std::string> made;
        for (uint64_t i = 0; i <= world_.Below(4); ++i) {
          parts.push_back(world_.OneIn(2)   ? Push(&made)
                          : world_.OneIn(6) ? Request{{"BLPOP", Queue(), "0"}, Taken(), {}}
                                            : Pop());
        }
        const bool broken = world_.OneIn(6);
        if (broken) parts.insert(parts.begin(), Request{{"NOSUCH"}, {}, {}});
        return SendTransaction(std::move(parts), world_.OneIn(5), {}, [this, made] {
          for (const std::string& name : made) ledger_->Void(name);
        });
      }
      case 1:
      case 2:
      case 3:
        return Send(Push(nullptr));
      case 4:
        return Send(Pop());
      case 5:
        return Send(Move());
      case 6: {
        std::vector<Request> pipeline;
        pipeline.push_back(BlockingPop());
        pipeline.push_back(Push(nullptr));
        return SendAll(std::move(pipeline));
      }
      default:
        return Send(BlockingPop());
    }
  }

  void Check() override {
    if (world_.OneIn(40)) ledger_->Check();
  }

 private:
  std::string Queue() { return Numbered("q", world_.Below(kQueues)); }
  std::string Set() { return Numbered("z", world_.Below(kSets)); }
  std::string End() { return world_.OneIn(2) ? "LEFT" : "RIGHT"; }
  // Milliseconds; 0 is for ever.
  int64_t Timeout() { return world_.OneIn(3) ? 0 : static_cast<int64_t>(1 + world_.Below(200)); }
  static std::string Seconds(int64_t ms) {
    std::string digits = std::to_string(ms % 1000);
    digits.insert(0, 3 - digits.size(), '0');
    return std::to_string(ms / 1000) + "." + digits;
  }
  OnReply Taken() {
    return [this](const Value& reply) { ledger_->Taken(reply); };
  }

  // `made` collects the elements, for a transaction that may come to nothing.
  Request Push(std::vector<std::string>* made) {
    std::vector<std::string> names{ledger_->Make()};
    std::vector<std::string> arguments;
    const uint64_t dice = world_.Below(8);
    if (dice == 0) {
      arguments = {"ZADD", Set(), std::to_string(world_.Below(5)), names[0]};
    } else if (dice == 1) {
      arguments = {"XADD", std::string(kStream), "*", "f", names[0]};
      ledger_->SetInStream(names[0]);
    } else {
      if (world_.OneIn(3)) names.push_back(ledger_->Make());
      arguments = {world_.OneIn(2) ? "LPUSH" : "RPUSH", Queue()};
      if (world_.temper().has_scripts && world_.OneIn(3)) {
        arguments = {"EVAL", "return redis.call('RPUSH', KEYS[1], unpack(ARGV))", "1", Queue()};
      }
      arguments.insert(arguments.end(), names.begin(), names.end());
    }
    if (made != nullptr) made->insert(made->end(), names.begin(), names.end());
    return {std::move(arguments),
            [this, names](const Value& reply) {
              for (const std::string& name : names) {
                reply.is_error() ? ledger_->Void(name) : ledger_->Arrived(name);
              }
            },
            {}};
  }

  Request Pop() {
    switch (world_.Below(5)) {
      case 0:
        if (world_.temper().has_scripts) {
          return {{"EVAL", "return redis.call('LPOP', KEYS[1])", "1", Queue()}, Taken(), {}};
        }
        return {{"LPOP", Queue(), "2"}, Taken(), {}};
      case 1:
        return {{"LMPOP", "2", Queue(), Queue(), End(), "COUNT", "2"}, Taken(), {}};
      case 2:
        return {{"ZPOPMAX", Set()}, Taken(), {}};
      case 3:
        return {{"ZMPOP", "1", Set(), "MIN", "COUNT", "2"}, Taken(), {}};
      default:
        return {{"RPOP", Queue()}, Taken(), {}};
    }
  }

  Request Move() {
    switch (world_.Below(3)) {
      case 0:
        return {{"RENAMENX", Queue(), Queue()}, {}, {}};
      case 1:
        return {{"RPOPLPUSH", Queue(), Queue()}, {}, {}};
      default:
        return {{"LMOVE", Queue(), Queue(), End(), End()}, {}, {}};
    }
  }

  Request BlockingPop() {
    const int64_t ms = Timeout();
    const std::string seconds = ms == 0 ? "0" : Seconds(ms);
    const std::string a = Queue();
    const std::string b = Queue();
    const std::string z = Set();
    switch (world_.Below(9)) {
      case 0:
        return {{"BRPOP", a, seconds}, Taken(), {{a}, "list", ms}};
      case 1:
        return {{"BLMPOP", seconds, "2", a, b, End(), "COUNT", "3"}, Taken(), {{a, b}, "list", ms}};
      case 2:
        return {{"BLMOVE", a, b, End(), End(), seconds}, {}, {{a}, "list", ms}};
      case 3:
        return {{"BRPOPLPUSH", a, b, seconds}, {}, {{a}, "list", ms}};
      case 4:
        return {{"BZPOPMIN", z, seconds}, Taken(), {{z}, "zset", ms}};
      case 5:
        return {{"BZMPOP", seconds, "1", z, "MAX"}, Taken(), {{z}, "zset", ms}};
      case 6: {
        const std::string stream(kStream);
        return {{"XREADGROUP", "GROUP", "g", name_, "COUNT", "1", "BLOCK", std::to_string(ms),
                 "STREAMS", stream, ">"},
                Taken(),
                {{stream}, "stream", ms}};
      }
      default:
        return {{"BLPOP", a, b, seconds}, Taken(), {{a, b}, "list", ms}};
    }
  }

  std::shared_ptr<Ledger> ledger_;
};

// --- transactions ---

class Counter final : public Player {
 public:
  Counter(World& world, std::string name, std::shared_ptr<int64_t> commits)
      : Player(world, std::move(name)), commits_(std::move(commits)) {}

 protected:
  // One request a step, so that others come in between.
  void Act() override {
    if (!idle()) return;
    switch (stage_++) {
      case 0:
        return Send({"WATCH", "counter"});
      case 1:
        return Send({"GET", "counter"}, [this](const Value& reply) {
          const bool is_number = reply.type == '$' && std::isdigit(reply.text[0]) != 0;
          seen_ = is_number ? std::stoll(reply.text) : 0;
          if (reply.is_error()) stage_ = 0;  // a script is busy
        });
      case 2:
        if (world_.OneIn(8)) {
          stage_ = 0;
          return Send({"UNWATCH"});
        }
        return Send({"MULTI"});
      case 3:
        return Send({"SET", "counter", std::to_string(seen_ + 1)});
      default:
        stage_ = 0;
        if (world_.OneIn(8)) return Send({"DISCARD"});
        return Send({"EXEC"}, [this](const Value& reply) {
          if (reply.is_null()) ++world_.counts.conflicts;
          if (reply.items.empty() || reply.items[0].is_error()) return;
          ++world_.counts.commits;
          ++*commits_;
        });
    }
  }
  void OnLost() override { stage_ = 0; }

  void Check() override {
    if (world_.temper().destroys || !world_.OneIn(10)) return;
    const Value value = world_.Ask({"GET", "counter"});
    const std::string is = value.is_null() ? "0" : value.text;
    if (is != std::to_string(*commits_)) {
      world_.Fail("the counter is " + is + " after " + std::to_string(*commits_) + " transactions");
    }
  }

 private:
  std::shared_ptr<int64_t> commits_;
  int stage_ = 0;
  int64_t seen_ = 0;
};

class Teller final : public Player {
 public:
  using Player::Player;

 protected:
  void Act() override {
    const std::string from = Account();
    const std::string to = Account();
    const std::string amount = std::to_string(1 + world_.Below(100));
    std::vector<Request> parts;
    parts.push_back({{"DECRBY", from, amount}, {}, {}});
    if (world_.OneIn(4)) parts.push_back({{"LPUSH", from, "x"}, {}, {}});
    if (world_.OneIn(8)) parts.push_back({{"NOSUCH"}, {}, {}});
    parts.push_back({{"INCRBY", to, amount}, {}, {}});
    SendTransaction(std::move(parts), world_.OneIn(8), {}, {});
  }

  void Check() override {
    if (world_.temper().destroys || !world_.OneIn(10)) return;
    int64_t sum = 0;
    for (int i = 0; i < kAccounts; ++i) {
      const Value value = world_.Ask({"GET", Numbered("account", i)});
      sum += value.is_null() ? 0 : std::stoll(value.text);
    }
    if (sum != 0) world_.Fail("the accounts add up to " + std::to_string(sum));
  }

 private:
  static constexpr int kAccounts = 4;
  std::string Account() { return Numbered("account", world_.Below(kAccounts)); }
};

// --- messages ---

struct Publication {
  int64_t told = -1;  // by PUBLISH
  int64_t got = 0;
  bool unsure = false;  // a listener was cut off meanwhile
};

// What was published, by its text.
using Board = std::map<std::string, Publication>;

class Listener final : public Player {
 public:
  Listener(World& world, std::string name, std::shared_ptr<Board> board)
      : Player(world, std::move(name)), board_(std::move(board)) {}

  int SubscriptionsTo(const std::string& channel) const override {
    int count = topics_.contains({"subscribe", channel}) ? 1 : 0;
    for (const std::string pattern : {"c*", "c[01]"}) {
      if (Matches(pattern, channel) && topics_.contains({"psubscribe", pattern})) ++count;
    }
    return count;
  }

 protected:
  void Act() override {
    const std::string channel = Numbered("c", world_.Below(3));
    const std::string pattern = world_.OneIn(2) ? "c*" : "c[01]";
    switch (world_.Below(6)) {
      case 0:
      case 1:
        return SendSilent({"SUBSCRIBE", channel});
      case 2:
        return SendSilent({"PSUBSCRIBE", pattern});
      case 3:
        return SendSilent({"UNSUBSCRIBE", channel});
      case 4:
        return SendSilent({"PUNSUBSCRIBE", pattern});
      default:
        return Send({"PING"});
    }
  }

  void OnPush(const Value& message) override {
    const std::string& kind = message.items[0].text;
    const std::string& topic = message.items[1].text;
    if (kind == "message" || kind == "pmessage") return OnMessage(message);
    if (kind.starts_with("un") || kind.starts_with("pun")) {
      topics_.erase({kind.starts_with("un") ? "subscribe" : "psubscribe", topic});
    } else {
      topics_.insert({kind, topic});
    }
    if (message.items[2].text != std::to_string(topics_.size())) {
      world_.Fail(name_ + " has " + std::to_string(topics_.size()) + " subscriptions, was told " +
                  message.items[2].text);
    }
  }
  void OnLost() override {
    topics_.clear();
    latest_.clear();
    // What it was sent last may not have been seen.
    for (auto& [text, publication] : *board_) publication.unsure = true;
  }

 private:
  static bool Matches(std::string_view pattern, std::string_view channel) {
    return pattern == "c*" || channel == "c0" || channel == "c1";
  }

  void OnMessage(const Value& message) {
    const bool by_pattern = message.items[0].text == "pmessage";
    const std::string& topic = message.items[1].text;
    const std::string& channel = message.items[by_pattern ? 2 : 1].text;
    const std::string& text = message.items.back().text;
    if (!topics_.contains({by_pattern ? "psubscribe" : "subscribe", topic})) {
      world_.Fail(name_ + " got a message of " + topic + ", to which it does not listen");
    }
    if (by_pattern && !Matches(topic, channel)) world_.Fail(topic + " let in " + channel);
    ++(*board_)[text].got;
    // "who:number:channel"
    const size_t colon = text.find(':');
    const int64_t number = std::stoll(text.substr(colon + 1));
    int64_t& latest = latest_[topic + " " + text.substr(0, colon)];
    if (number <= latest) world_.Fail(name_ + " got " + text + " after " + std::to_string(latest));
    latest = number;
    if (!text.ends_with(':' + channel)) world_.Fail(text + " came on " + channel);
  }

  std::shared_ptr<Board> board_;
  std::set<std::pair<std::string, std::string>> topics_;
  std::map<std::string, int64_t> latest_;  // by topic and publisher
};

class Publisher final : public Player {
 public:
  Publisher(World& world, std::string name, std::shared_ptr<Board> board)
      : Player(world, std::move(name)), board_(std::move(board)) {}

 protected:
  void Act() override {
    const uint64_t count = 1 + world_.Below(4);
    std::vector<Request> requests;
    for (uint64_t i = 0; i < count; ++i) requests.push_back(Publish());
    if (world_.OneIn(3)) {
      SendTransaction(std::move(requests), world_.OneIn(4), {}, {});
    } else {
      SendAll(std::move(requests));
    }
  }

  void Check() override {
    // All of a step's messages have been seen by now.
    for (const auto& [text, publication] : *board_) {
      if (publication.told < 0 || publication.unsure || publication.told == publication.got)
        continue;
      world_.Fail(text + " went to " + std::to_string(publication.told) + ", but " +
                  std::to_string(publication.got) + " got it");
    }
    std::erase_if(*board_, [](const auto& each) { return each.second.told >= 0; });
  }

 private:
  Request Publish() {
    const std::string channel = Numbered("c", world_.Below(3));
    const std::string text = name_ + ":" + std::to_string(++number_) + ":" + channel;
    return {{"PUBLISH", channel, text},
            [this, text, channel](const Value& reply) {
              if (reply.is_error()) return;
              (*board_)[text].told = std::stoll(reply.text);
              if (!world_.was_paused()) CheckReach(channel, reply);
            },
            {}};
  }

  // Who listens has not changed in the step that publishes.
  void CheckReach(const std::string& channel, const Value& reply) {
    int listeners = 0;
    for (const auto& player : world_.players()) listeners += player->SubscriptionsTo(channel);
    if (reply.text == std::to_string(listeners)) return;
    world_.Fail(channel + " reached " + reply.text + " of " + std::to_string(listeners));
  }

  std::shared_ptr<Board> board_;
  int64_t number_ = 0;
};

// --- caches ---

class Cacher final : public Player {
 public:
  using Player::Player;

 protected:
  void OnConnect() override {
    Send({"HELLO", "3"});
    tracks_ = false;
    Track();
  }

  void Act() override {
    if (!tracks_) return idle() ? Track() : void();
    const std::string key = Key();
    switch (world_.Below(8)) {
      case 0:
        return Send({"SET", key, std::to_string(world_.Below(1000))});
      case 1:
        if (world_.temper().has_scripts) {
          return Send({"EVAL", "return redis.call('INCR', KEYS[1])", "1", key});
        }
        return Send({"INCR", key});
      case 2: {
        const std::string ms = std::to_string(1 + world_.Below(30));
        return Send({"SET", key, "mortal", "PX", ms});
      }
      case 3: {
        std::vector<Request> parts{{{"INCR", key}, {}, {}}, Get(Key()), {{"DEL", Key()}, {}, {}}};
        return SendTransaction(std::move(parts), world_.OneIn(5), {}, {});
      }
      default:
        return Send(Get(key));
    }
  }

  void OnPush(const Value& message) override {
    if (!message.IsTagged("invalidate")) return Player::OnPush(message);
    if (message.items[1].is_null()) return cache_.clear();
    for (const Value& key : message.items[1].items) cache_.erase(key.text);
  }
  void OnLost() override { cache_.clear(); }
  void OnSwap() override { cache_.clear(); }

  void Check() override {
    for (const auto& [key, value] : std::map(cache_)) {
      if (world_.Ask({"GET", key}).Show() == value) continue;
      // To look at it may just have ended it; then that is told now.
      world_.Settle();
      const auto at = cache_.find(key);
      if (session() == nullptr || session()->cut_off || at == cache_.end()) continue;
      if (at->second == value) world_.Fail(name_ + " still has an old value of " + key);
    }
  }

 private:
  // Refused while a script is busy.
  void Track() {
    std::vector<std::string> tracking{"CLIENT", "TRACKING", "ON"};
    if (world_.OneIn(3)) tracking.insert(tracking.end(), {"BCAST", "PREFIX", "cached"});
    Send(std::move(tracking), [this](const Value& reply) { tracks_ = !reply.is_error(); });
  }
  std::string Key() { return Numbered("cached", world_.Below(5)); }
  Request Get(const std::string& key) {
    return {{"GET", key},
            [this, key](const Value& reply) {
              if (reply.is_error()) return;
              cache_[key] = reply.Show();
              ++world_.counts.cached;
            },
            {}};
  }

  std::map<std::string, std::string> cache_;
  bool tracks_ = false;
};

// --- trouble ---

class Vandal final : public Player {
 public:
  using Player::Player;

 protected:
  void Act() override {
    const auto& players = world_.players();
    Player& victim = *players[world_.Below(players.size())];
    const std::string id = std::to_string(victim.id());
    const uint64_t dice = world_.Below(world_.temper().destroys ? 24 : 12);
    if (dice < 4) {
      unblocking_.push_back(&victim);
      victim.NoteUnblock(1);
      return Send({"CLIENT", "UNBLOCK", id, world_.OneIn(2) ? "TIMEOUT" : "ERROR"},
                  [this](const Value&) {
                    unblocking_.front()->NoteUnblock(-1);
                    unblocking_.pop_front();
                  });
    }
    switch (dice) {
      case 4:
        // Not while requests are held back: what they have taken could be lost unseen.
        if (world_.paused() || &victim == this || id == "0") return;
        return Send({"CLIENT", "KILL", "ID", id});
      case 5: {
        for (const auto& player : players) player->NotePause();
        const std::string ms = std::to_string(1 + world_.Below(60));
        return Send({"CLIENT", "PAUSE", ms, world_.OneIn(2) ? "WRITE" : "ALL"});
      }
      case 6:
        return Send({"CLIENT", "UNPAUSE"});
      case 7:
        return Send({"CLIENT", "LIST"});
      case 8:
        return Send({"INFO", "clients", "stats"});
      case 9:
      case 10:
      case 11:
        return Send({"XTRIM", "nothing", "MAXLEN", "0"});
      default:
        return Destroy();
    }
  }

 private:
  std::string Key() {
    constexpr std::string_view kKeys[] = {"q0",       "q1",       "q2",      "q3",
                                          "z0",       "z1",       "stream",  "counter",
                                          "account0", "account1", "cached0", "cached1"};
    return std::string(kKeys[world_.Below(std::size(kKeys))]);
  }

  // The vandal is the last player: when it sees a reply the victim has seen its own.
  void OnLost() override {
    for (Player* victim : unblocking_) victim->NoteUnblock(-1);
    unblocking_.clear();
  }

  void Destroy() {
    const std::string key = Key();
    switch (world_.Below(14)) {
      case 0:
        return Send({"DEL", key});
      case 1:
        return Send({"UNLINK", key, Key()});
      case 2:
        return Send({"FLUSHALL", world_.OneIn(2) ? "ASYNC" : "SYNC"});
      case 3:
        return Send({"SWAPDB", "0", "1"}, [this](const Value&) {
          for (const auto& player : world_.players()) player->OnSwap();
        });
      case 4:
        return Send({"SET", key, "x", "PX", std::to_string(1 + world_.Below(50))});
      case 5:
        return Send({"MOVE", key, "1"});
      case 6:
        return Send({"RENAME", key, Key()});
      case 7:
        return Send({"CONFIG", "SET", "maxmemory", "1", "maxmemory-policy",
                     world_.OneIn(2) ? "allkeys-random" : "volatile-ttl"});
      case 8:
      case 9:
        return Send({"CONFIG", "SET", "maxmemory", "0"});
      case 10:
        return Send({"XGROUP", "CREATE", "stream", "g", "0", "MKSTREAM"});
      case 11:
        return Send({"PERSIST", key});
      default:
        return Send({"PEXPIRE", key, std::to_string(world_.Below(100))});
    }
  }

  std::deque<Player*> unblocking_;
};

}  // namespace

std::vector<std::unique_ptr<Player>> MakeCast(World& world) {
  const auto ledger = std::make_shared<Ledger>(world);
  const auto commits = std::make_shared<int64_t>(0);
  const auto board = std::make_shared<Board>();
  std::vector<std::unique_ptr<Player>> cast;
  for (int i = 0; i < 6; ++i)
    cast.push_back(std::make_unique<Worker>(world, Numbered("worker", i), ledger));
  for (int i = 0; i < 3; ++i) {
    cast.push_back(std::make_unique<Counter>(world, Numbered("counter", i), commits));
    cast.push_back(std::make_unique<Listener>(world, Numbered("listener", i), board));
  }
  for (int i = 0; i < 2; ++i) {
    cast.push_back(std::make_unique<Cacher>(world, Numbered("cacher", i)));
    cast.push_back(std::make_unique<Teller>(world, Numbered("teller", i)));
    cast.push_back(std::make_unique<Publisher>(world, Numbered("publisher", i), board));
  }
  if (world.temper().has_scripts) {
    for (int i = 0; i < 2; ++i) cast.push_back(MakeScripter(world, Numbered("scripter", i)));
  }
  cast.push_back(std::make_unique<Vandal>(world, "vandal"));
  return cast;
}

}  // namespace kvasm::sim
