#include "tests/sim/player.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace kvasm::sim {
namespace {

std::string Encoded(const std::vector<std::string>& arguments) {
  std::string bytes = "*" + std::to_string(arguments.size()) + "\r\n";
  for (const std::string& argument : arguments) {
    bytes += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
  return bytes;
}

std::string Line(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments) line += (line.empty() ? "" : " ") + argument;
  return line;
}

// Errors that a well-behaved program may meet here.
bool IsExpectedError(std::string_view text) {
  for (const std::string_view code : {"WRONGTYPE", "OOM", "NOGROUP", "BUSYGROUP", "EXECABORT",
                                      "UNBLOCKED", "BUSY ", "NOTBUSY", "UNKILLABLE"}) {
    if (text.starts_with(code)) return true;
  }
  return text == "ERR no such key" ||
         text.starts_with("ERR value is not an integer or out of range") ||
         text.starts_with("ERR unknown command 'NOSUCH'") ||
         text.find("given up") != std::string_view::npos ||
         text.find("Script killed by user") != std::string_view::npos;
}

constexpr std::string_view kPushKinds[] = {"message",      "pmessage",    "smessage",
                                           "subscribe",    "unsubscribe", "psubscribe",
                                           "punsubscribe", "ssubscribe",  "sunsubscribe"};

}  // namespace

// --- the connection ---

void Player::Step() {
  if (session_ == nullptr) return Connect();
  if (world_.OneIn(60)) return Disconnect();
  if (!unsent_.empty()) {
    if (world_.OneIn(3)) return;
    const std::string rest = std::exchange(unsent_, {});
    return Feed(rest);
  }
  Act();
}

void Player::Connect() {
  session_ = &world_.engine().Open({.network = true, .address = "127.0.0.1:50000"});
  world_.Note(name_ + " connects as " + std::to_string(session_->id));
  seen_ = 0;
  protocol_ = 2;
  if (world_.OneIn(2)) {
    Send({"HELLO", "3"}, [this](const Value&) { protocol_ = 3; });
  }
  OnConnect();
}

void Player::Disconnect() {
  if (session_ == nullptr) return;
  Receive();  // what was executed counts, whether its reply arrives or not
  world_.Note(name_ + " is gone");
  world_.engine().Close(session_->id);
  session_ = nullptr;
  unsent_.clear();
  pending_.clear();
  OnLost();
}

void Player::Feed(std::string_view bytes) {
  // What is not on the way whole is sent in two pieces, the second one later.
  size_t now = bytes.size();
  if (world_.OneIn(8)) now = world_.Below(bytes.size() + 1);
  unsent_ = bytes.substr(now);
  // A copy of its own, so that a sanitizer sees it if it outlives the call.
  const auto piece = std::make_unique<std::string>(bytes.substr(0, now));
  world_.engine().Feed(*session_, *piece);
}

void Player::SendAll(std::vector<Request> requests) {
  std::string bytes;
  for (Request& request : requests) {
    world_.Note(name_ + "> " + Line(request.arguments));
    bytes += Encoded(request.arguments);
    pending_.push_back(std::move(request));
  }
  if (!unsent_.empty()) {
    unsent_ += bytes;
  } else {
    Feed(bytes);
  }
}

void Player::SendSilent(std::vector<std::string> arguments) {
  Send(Request{.arguments = std::move(arguments), .is_silent = true});
}

void Player::SendTransaction(std::vector<Request> parts, bool discard, const OnReply& on_exec,
                             const std::function<void()>& on_void) {
  std::vector<Request> all;
  all.push_back({{"MULTI"}, {}, {}});
  auto replies = std::make_shared<std::vector<OnReply>>();
  for (Request& part : parts) {
    replies->push_back(std::move(part.on_reply));
    all.push_back({std::move(part.arguments),
                   [this](const Value& reply) {
                     if (!reply.is_error() && reply.text != "QUEUED") {
                       world_.Fail(name_ + ": not queued: " + reply.Show());
                     }
                   },
                   {}});
  }
  all.push_back({{discard ? "DISCARD" : "EXEC"},
                 [this, replies, discard, on_exec, on_void](const Value& reply) {
                   if (reply.is_error() || reply.is_null() || discard) {
                     if (on_void) on_void();
                   } else if (reply.items.size() != replies->size()) {
                     world_.Fail(name_ + ": EXEC answered " + reply.Show());
                   } else {
                     for (size_t i = 0; i < replies->size(); ++i) {
                       if ((*replies)[i]) (*replies)[i](reply.items[i]);
                     }
                   }
                   if (on_exec) on_exec(reply);
                 },
                 {}});
  SendAll(std::move(all));
}

bool Player::Receive() {
  if (session_ == nullptr) return false;
  if (session_->cut_off) seen_ = session_->out.size();  // what there was is forgotten
  bool any = false;
  while (seen_ < session_->out.size()) {
    size_t at = seen_;
    const std::string_view bytes = session_->out.view();
    const std::optional<Value> value = ReadValue(bytes, &at);
    if (!value) {
      world_.Fail(name_ + " got what is no whole reply: " + std::string(bytes.substr(seen_, 80)));
      return false;
    }
    seen_ = at;
    any = true;
    world_.Note(name_ + "< " + value->Show().substr(0, 200));
    Take(*value);
  }
  return any;
}

bool Player::IsPush(const Value& value) const {
  if (value.type == '>') return true;
  return protocol_ == 2 && value.type == '*' &&
         std::any_of(std::begin(kPushKinds), std::end(kPushKinds),
                     [&](std::string_view kind) { return value.IsTagged(kind); });
}

void Player::Take(const Value& value) {
  if (IsPush(value)) {
    ++world_.counts.pushes;
    const bool answers = value.items[0].text.ends_with("subscribe");
    if (answers && !pending_.empty() && pending_.front().is_silent) pending_.pop_front();
    return OnPush(value);
  }
  if (pending_.empty()) return world_.Fail(name_ + " got a reply to nothing: " + value.Show());
  const Request request = std::move(pending_.front());
  pending_.pop_front();
  ++world_.counts.replies;
  if (value.is_error() && !IsExpectedError(value.text)) {
    world_.Fail(name_ + ": " + Line(request.arguments) + ": " + value.Show());
  }
  if (request.wait.began) CheckServed(request, value);
  if (request.on_reply) request.on_reply(value);
}

void Player::OnPush(const Value& message) {
  world_.Fail(name_ + " got a message it did not ask for: " + message.Show());
}

void Player::Read() {
  if (session_ == nullptr) return;
  if (session_->cut_off) {
    ++world_.counts.cut_off;
    return Disconnect();
  }
  if (world_.OneIn(world_.temper().reads_slowly ? 2 : 5)) return;
  session_->out.Consume(static_cast<uint32_t>(seen_));
  seen_ = 0;
  if (session_->close_after_reply) return Disconnect();
  if (session_->input_held) world_.engine().Feed(*session_, {});
}

// --- waiting ---

bool Player::HasBegunToWait() const {
  return session_ != nullptr && session_->waiting && !pending_.empty() &&
         !pending_.front().wait.keys.empty() && !pending_.front().wait.began;
}

void Player::BeginWait(bool vague) {
  Wait& wait = pending_.front().wait;
  wait.began = true;
  wait.vague = vague;
  wait.arrival = world_.NextArrival();
  wait.deadline_ms = wait.timeout_ms == 0 ? 0 : world_.now_ms() + wait.timeout_ms;
  ++world_.counts.waits;
}

const Wait* Player::waiting() const {
  if (session_ == nullptr || !session_->waiting || pending_.empty()) return nullptr;
  const Wait& wait = pending_.front().wait;
  return wait.began ? &wait : nullptr;
}

void Player::NotePause() {
  if (!pending_.empty()) pending_.front().wait.vague = true;
}

void Player::CheckServed(const Request& request, const Value& value) {
  const Wait& wait = request.wait;
  if (value.is_null()) {
    ++world_.counts.timed_out;
    const bool early = wait.deadline_ms == 0 || world_.now_ms() < wait.deadline_ms;
    if (early && !wait.vague && unblocks_on_the_way_ == 0) {
      world_.Fail(name_ + ": the wait ended " + std::to_string(wait.deadline_ms - world_.now_ms()) +
                  " ms before its time: " + Line(request.arguments));
    }
    return;
  }
  if (value.is_error()) return;
  ++world_.counts.served;
  // One who waited for several keys is called for one of them, but takes from the first that is
  // there: that may be another one's turn.
  if (wait.vague || wait.keys.size() > 1) return;
  world_.NoteServed({name_, wait.keys[0], wait.type, wait.arrival});
}

// Somebody who came later must not be served while one who came before still waits for the key.
void Player::CheckTurn(const Served& served) {
  const Wait* wait = waiting();
  if (wait == nullptr || wait->vague || wait->type != served.type) return;
  if (wait->arrival > served.arrival) return;
  if (std::find(wait->keys.begin(), wait->keys.end(), served.key) == wait->keys.end()) return;
  world_.Fail(served.name + " was served from " + served.key + " before " + name_ +
              ", who has waited for longer");
}

void Player::CheckWait() {
  const Wait* wait = waiting();
  if (wait == nullptr || world_.paused()) return;
  if (wait->deadline_ms != 0 && !wait->vague && world_.now_ms() >= wait->deadline_ms) {
    return world_.Fail(name_ + " waits for longer than it wanted to");
  }
  for (const std::string& key : wait->keys) {
    if (world_.Ask({"TYPE", key}).text != wait->type || wait->type == "stream") continue;
    world_.Fail(name_ + " waits for " + key + ", which is there");
  }
}

}  // namespace kvasm::sim
