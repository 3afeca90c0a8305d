// A client program: a connection that it loses and makes again, requests it sends, and what it
// expects of the replies.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "core/services/session.h"
#include "tests/sim/value.h"
#include "tests/sim/world.h"

namespace kvasm::sim {

// A request that may wait for one of its keys.
struct Wait {
  std::vector<std::string> keys;  // none: it does not wait
  std::string type;               // that a key must have, as TYPE says it
  int64_t timeout_ms = 0;         // 0: for ever

  // Set when it begins to wait. Vague: what it waits for began at a time nobody knows (a pause, or
  // several at once).
  bool began = false;
  bool vague = false;
  int64_t deadline_ms = 0;  // 0: none
  uint64_t arrival = 0;
};

class Player {
 public:
  using OnReply = std::function<void(const Value&)>;
  struct Request {
    std::vector<std::string> arguments;
    OnReply on_reply;
    Wait wait;
    bool is_silent = false;  // answered by push messages
  };

  Player(World& world, std::string name) : world_(world), name_(std::move(name)) {}
  virtual ~Player() = default;
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  // Does one thing: connects, sends, goes on sending, or hangs up.
  void Step();
  // Sees what has arrived. False if there was nothing.
  bool Receive();
  // Takes some of the output, as a socket would, and closes what is to be closed.
  void Read();
  // Marks the request that has begun to wait; how many there are at once says whether in order.
  bool HasBegunToWait() const;
  void BeginWait(bool vague);
  // The invariants.
  void CheckWait();
  void CheckTurn(const Served& served);
  virtual void Check() {}
  void Disconnect();

  const services::Session* session() const { return session_; }
  uint64_t id() const { return session_ == nullptr ? 0 : session_->id; }
  const Wait* waiting() const;
  // A CLIENT UNBLOCK that ends its wait is on the way, or (-1) has come.
  void NoteUnblock(int change) { unblocks_on_the_way_ += change; }
  // A pause has begun: when what waits ends is not known any more.
  void NotePause();
  // How many of its subscriptions a message of the channel meets.
  virtual int SubscriptionsTo(const std::string&) const { return 0; }
  // Databases were swapped, of which servers tell nobody who keeps values.
  virtual void OnSwap() {}

 protected:
  // What the program does when it has sent all it wanted to send.
  virtual void Act() = 0;
  // A push message, or in RESP2 what stands for one.
  virtual void OnPush(const Value& message);
  // The connection is new.
  virtual void OnConnect() {}
  // The connection is gone, and with it all that was not answered.
  virtual void OnLost() {}

  // Everything it asked for is answered.
  bool idle() const { return pending_.empty() && unsent_.empty(); }

  void Send(Request request) { SendAll(std::vector<Request>{std::move(request)}); }
  void Send(std::vector<std::string> arguments, OnReply on_reply = {}) {
    Send(Request{std::move(arguments), std::move(on_reply), {}});
  }
  // A request whose answers are push messages.
  void SendSilent(std::vector<std::string> arguments);
  // A pipeline.
  void SendAll(std::vector<Request> requests);
  // MULTI, these, and EXEC (or DISCARD). `on_exec` sees EXEC's reply after the parts have seen
  // theirs; `on_void` of each that will never run.
  void SendTransaction(std::vector<Request> parts, bool discard, const OnReply& on_exec,
                       const std::function<void()>& on_void);

  World& world_;
  const std::string name_;
  int protocol_ = 2;

 private:
  void Connect();
  void Feed(std::string_view bytes);
  void Take(const Value& value);
  bool IsPush(const Value& value) const;
  void CheckServed(const Request& request, const Value& value);

  services::Session* session_ = nullptr;
  int unblocks_on_the_way_ = 0;
  size_t seen_ = 0;     // bytes of the output that were looked at
  std::string unsent_;  // the rest of a request of which a part was sent
  std::deque<Request> pending_;
};

}  // namespace kvasm::sim
