#include "core/services/tracking.h"

#include <algorithm>
#include <memory>

#include "core/base/alloc.h"
#include "core/base/numbers.h"
#include "core/resp/writer.h"

namespace kvasm::services {
namespace {

// Keys forgotten at a time when the table is too large, times the rounds it has been so.
constexpr uint32_t kForgottenAtATime = 100;
// Changed keys are told before the turn ends once they take this much.
constexpr uint64_t kChangedBytesMax = 1 << 20;
constexpr uint64_t kChangedKeyBytes = 64;

constexpr std::string_view kPush = ">2\r\n$10\r\ninvalidate\r\n";
constexpr std::string_view kMessage = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n";
constexpr std::string_view kBrokenPush = ">2\r\n$21\r\ntracking-redir-broken\r\n:";
constexpr std::string_view kLineEnd = "\r\n";

size_t CommonBytes(std::string_view a, std::string_view b) {
  const size_t shorter = std::min(a.size(), b.size());
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<ptrdiff_t>(shorter), b.begin()).first -
      a.begin());
}

// What it takes of the heap, which is more than what it says.
uint64_t HeldBytes(const Session& session) {
  return uint64_t{session.out.capacity()} + session.pushes.capacity();
}

}  // namespace

Tracking::~Tracking() {
  if (attached_) keyspace_.Detach(*this);
}

void Tracking::Enable(Session& session, const TrackingState& options,
                      std::span<const std::string_view> prefixes) {
  if (session.tracking == nullptr) {
    session.tracking = std::make_unique<TrackingState>();
    ++session_count_;
  }
  TrackingState& state = *session.tracking;
  state.redirect = options.redirect;
  state.broadcast = options.broadcast;
  state.opt_in = options.opt_in;
  state.opt_out = options.opt_out;
  state.no_loop = options.no_loop;
  state.redirect_broken = false;
  if (state.broadcast) {
    if (prefixes.empty()) AddPrefix(session, {});
    for (const std::string_view prefix : prefixes) AddPrefix(session, prefix);
  }
  UpdateAttachment();
}

void Tracking::AddPrefix(Session& session, std::string_view name) {
  auto at = prefixes_.find(name);
  if (at == prefixes_.end()) at = prefixes_.emplace(name, Prefix()).first;
  at->second.sessions.emplace(session.id, &session);
  session.tracking->prefixes.insert(at->first);
}

void Tracking::Disable(Session& session) {
  if (session.tracking == nullptr) return;
  for (const std::string_view name : session.tracking->prefixes) {
    const auto at = prefixes_.find(name);
    at->second.sessions.erase(session.id);
    if (!at->second.sessions.empty()) continue;
    changed_prefixes_.erase(at->first);
    prefixes_.erase(at);
  }
  session.tracking = nullptr;
  --session_count_;
  UpdateAttachment();
}

// What is in the table goes with the changes of its keys, even if nobody is there to be told.
void Tracking::UpdateAttachment() {
  const bool wanted = session_count_ != 0 || table_.size() != 0;
  if (wanted == attached_) return;
  attached_ = wanted;
  wanted ? keyspace_.Attach(*this) : keyspace_.Detach(*this);
}

void Tracking::Remember(Session& session, std::string_view key) {
  if (table_.Add(key, session.id)) [[likely]]
    return;
  Hold(session.tracking->redirect, key);
}

void Tracking::KeyChanged(keyspace::Database&, std::string_view key) {
  const Session* running = pubsub_.running();
  if (!prefixes_.empty()) NoteForPrefixes(key, running == nullptr ? 0 : running->id);
  Invalidate(key);
}

void Tracking::KeyGone(keyspace::Database&, std::string_view key) {
  if (!prefixes_.empty()) NoteForPrefixes(key, 0);
  Invalidate(key);
}

void Tracking::Invalidate(std::string_view key) {
  if (table_.size() == 0) return;
  TrackedKey* tracked = table_.Take(key);
  if (tracked == nullptr) return;
  TellReaders(*tracked);
  TrackingTable::Free(tracked);
}

void Tracking::TellReaders(const TrackedKey& key) {
  for (const uint64_t id : key.ids()) {
    Session* reader = sessions_.Find(id);
    if (reader == nullptr || reader->tracking == nullptr || reader->tracking->broadcast) continue;
    const uint64_t redirect = reader->tracking->redirect;
    if (reader != pubsub_.running()) {
      TellKey(*reader, redirect, key.name());
    } else if (!reader->tracking->no_loop) {
      Hold(redirect, key.name());
    }
  }
}

void Tracking::ForgetAll(bool lazy) {
  TellAll(false);
  table_.Clear(lazy);
}

void Tracking::TellAll(bool only_local) {
  if (session_count_ == 0) return;
  for (const auto& session : sessions_.all()) {
    if (session->tracking == nullptr || (only_local && session->network)) continue;
    const uint64_t redirect = session->tracking->redirect;
    session.get() == pubsub_.running() ? Hold(redirect, std::nullopt)
                                       : Tell(*session, redirect, {});
  }
}

void Tracking::LimitTable(uint64_t keys_max) {
  if (keys_max == 0 || table_.size() <= keys_max) {
    limit_rounds_ = 0;
    return;
  }
  ++limit_rounds_;
  for (uint64_t i = uint64_t{kForgottenAtATime} * limit_rounds_; i > 0; --i) {
    TrackedKey* key = table_.TakeRandom(keyspace_.prng());
    TellReaders(*key);
    TrackingTable::Free(key);
    if (table_.size() > keys_max) continue;
    limit_rounds_ = 0;
    return;
  }
}

bool Tracking::Chore(uint32_t budget_units) {
  UpdateAttachment();
  return table_.Step(budget_units);
}

// --- what is told later ---

void Tracking::Hold(uint64_t redirect, std::optional<std::string_view> key) {
  if (key && base::HeapExhausted()) [[unlikely]] {
    // That all are gone takes less to remember, and says what the keys before say.
    std::erase_if(held_, [&](const Held& held) { return held.redirect == redirect; });
    key.reset();
  }
  held_.push_back({redirect, key ? std::optional<std::string>(*key) : std::nullopt});
}

void Tracking::TellHeld(Session& session) {
  for (const Held& held : std::exchange(held_, {})) {
    held.key ? TellKey(session, held.redirect, *held.key) : Tell(session, held.redirect, {});
  }
}

// Steps from the longest prefix of the key to shorter ones: the greatest name that is not above the
// key either is a prefix of it, or no prefix is longer than what the two have in common.
void Tracking::NoteForPrefixes(std::string_view key, uint64_t changed_by) {
  std::string_view rest = key;
  for (;;) {
    auto at = prefixes_.upper_bound(rest);
    if (at == prefixes_.begin()) break;
    --at;
    const size_t common = CommonBytes(at->first, rest);
    if (common < at->first.size()) {
      rest = rest.substr(0, common);
      continue;
    }
    ChangedKeys& changed = at->second.changed;
    if (changed.empty()) changed_prefixes_.emplace(at->first, &at->second);
    const auto known = changed.find(key);
    if (known != changed.end()) {
      known->second = changed_by;
    } else {
      changed.emplace(key, changed_by);
      changed_bytes_ += key.size() + kChangedKeyBytes;
    }
    if (common == 0) break;
    rest = rest.substr(0, common - 1);
  }
  if (changed_bytes_ > kChangedBytesMax) Broadcast();
}

void Tracking::TellPrefixes() {
  const auto write = [](const ChangedKeys& changed, uint64_t but_of, resp::Buffer& array) {
    uint64_t count = 0;
    for (const auto& [key, changed_by] : changed) count += but_of == 0 || changed_by != but_of;
    resp::Writer writer(array);
    writer.Array(count);
    for (const auto& [key, changed_by] : changed) {
      if (but_of == 0 || changed_by != but_of) writer.Bulk(key);
    }
    return count;
  };
  // Without the memory to tell which, all are gone.
  const auto tell = [this](Session& session, const resp::Buffer& array) {
    const std::string_view parts[] = {array.view()};
    Tell(session, session.tracking->redirect,
         array.failed() ? std::span<const std::string_view>() : parts);
  };
  for (const auto& [name, prefix] : std::exchange(changed_prefixes_, {})) {
    const ChangedKeys changed = std::exchange(prefix->changed, {});
    resp::Buffer all;
    write(changed, 0, all);
    for (const auto& [id, session] : prefix->sessions) {
      if (!session->tracking->no_loop) {
        tell(*session, all);
        continue;
      }
      resp::Buffer of_others;
      if (write(changed, id, of_others) != 0) tell(*session, of_others);
    }
  }
  changed_bytes_ = 0;
}

// --- messages ---

void Tracking::TellKey(Session& session, uint64_t redirect, std::string_view key) {
  char digits[base::kIntCharsMax];
  const std::string_view size(digits, base::FormatUint64(digits, key.size()));
  const std::string_view parts[] = {"*1\r\n$", size, kLineEnd, key, kLineEnd};
  Tell(session, redirect, parts);
}

void Tracking::Tell(Session& session, uint64_t redirect, std::span<const std::string_view> keys) {
  Session* receiver = redirect == 0 ? &session : sessions_.Find(redirect);
  // One that is about to be closed (QUIT) will not read it.
  if (receiver == nullptr || (redirect != 0 && receiver->close_after_reply)) {
    return TellBroken(session, redirect);
  }
  const bool push = receiver->reply.protocol() > 2;
  // RESP2 has no way to tell what nobody has asked for, but to a subscriber.
  if (!push && (redirect == 0 || receiver->subscriptions == nullptr)) return;
  std::string_view parts[8] = {push ? kPush : kMessage};
  size_t count = 1;
  for (const std::string_view part : keys) parts[count++] = part;
  if (keys.empty()) parts[count++] = push ? "_\r\n" : "$-1\r\n";
  const uint64_t before = HeldBytes(*receiver);
  pubsub_.Send(*receiver, std::span(parts, count));
  if (!evicting_) return;
  const uint64_t grown = std::max(HeldBytes(*receiver), before) - before;
  told_[receiver->id] += grown;
  told_bytes_ += grown;
}

void Tracking::SettleTold() {
  told_bytes_ = 0;
  for (auto at = told_.begin(); at != told_.end();) {
    Session* session = sessions_.Find(at->first);
    if (session != nullptr) session->out.Trim(0);
    at->second = session == nullptr ? 0 : std::min(at->second, HeldBytes(*session));
    told_bytes_ += at->second;
    at = at->second == 0 ? told_.erase(at) : std::next(at);
  }
}

void Tracking::TellBroken(Session& session, uint64_t redirect) {
  if (session.tracking != nullptr) session.tracking->redirect_broken = true;
  if (session.reply.protocol() == 2) return;
  const std::string id = base::Int64Text(static_cast<int64_t>(redirect));
  const std::string_view parts[] = {kBrokenPush, id, kLineEnd};
  pubsub_.Send(session, parts);
}

}  // namespace kvasm::services
