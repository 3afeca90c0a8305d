#include "core/services/acl.h"

#include <algorithm>

#include "core/base/errors.h"

namespace kvasm::services {
namespace {

AclUser DefaultUser(const AclDefaults& defaults) {
  AclUser user(std::string(kDefaultUserName), defaults);
  for (const std::string_view rule : {"+@all", "~*", "&*", "on", "nopass"}) {
    CHECK(user.Apply(rule).empty());
  }
  return user;
}

void End(Session& session, const Acl::Ending& ending) {
  if (session.close_after_reply) return;
  session.close_after_reply = true;
  if (&session == ending.current) return;
  // Nothing is sent to another one any more.
  session.cut_off = true;
  session.out.Clear();
  ending.pubsub.UnsubscribeAll(session);
  ending.sessions.MarkReady(session);
}

// Whether the user may listen to all that the session listens to.
bool AllowsAll(const AclUser& user, const Subscriptions& subscriptions) {
  for (size_t kind = 0; kind < kTopicKinds; ++kind) {
    const bool is_pattern = kind == static_cast<size_t>(TopicKind::kPattern);
    for (const auto& [name, topic] : subscriptions.of[kind]) {
      if (!user.AllowsChannel(name, is_pattern)) return false;
    }
  }
  return true;
}

bool HasChannel(const AclUser& user, std::string_view glob) {
  for (const AclSelector& selector : user.selectors()) {
    for (const std::string& channel : selector.channels()) {
      if (channel == glob) return true;
    }
  }
  return false;
}

// Whether somebody who listens to channels by the rights of `before` may lose one by `after`.
bool TakesChannels(const AclUser& before, const AclUser& after) {
  for (const AclSelector& selector : after.selectors()) {
    if (selector.all_channels()) return false;
  }
  for (const AclSelector& selector : before.selectors()) {
    if (selector.all_channels()) return true;
    for (const std::string& channel : selector.channels()) {
      if (!HasChannel(after, channel)) return true;
    }
  }
  return false;
}

}  // namespace

Acl::Acl(AclCommands commands)
    : commands_(std::move(commands)),
      defaults_{commands_, false},
      default_user_(
          users_.emplace(kDefaultUserName, std::make_unique<AclUser>(DefaultUser(defaults_)))
              .first->second.get()),
      host_user_(DefaultUser(defaults_)) {}

const AclUser* Acl::Find(std::string_view name) const {
  const auto at = users_.find(name);
  return at == users_.end() ? nullptr : at->second.get();
}

void Acl::SetDefaultPassword(std::string_view password) {
  CHECK(default_user_->Apply("resetpass").empty());
  const std::string rule = password.empty() ? "nopass" : ">" + std::string(password);
  CHECK(default_user_->Apply(rule).empty());
  NotePasswords(*default_user_);
}

void Acl::NotePasswords(const AclUser& user) {
  password_rounds_ = std::max(password_rounds_, user.passwords().size());
}

void Acl::Welcome(Session& session) const {
  session.user = session.network ? default_user_ : &host_user_;
  session.authenticated = !session.network || (default_user_->nopass() && default_user_->enabled());
}

const AclUser* Acl::Authenticate(std::string_view name, std::string_view password) const {
  const AclUser* user = Find(name);
  // Whether there is such a user, whether he is on and how many passwords he has must not show in
  // the time it takes.
  const AclUser& tried = user == nullptr ? *default_user_ : *user;
  const bool knows_password = tried.HasPassword(base::Sha256(password), password_rounds_);
  if (user == nullptr || !user->enabled()) return nullptr;
  return user->nopass() || knows_password ? user : nullptr;
}

void Acl::Bury(std::unique_ptr<AclUser> user, const AclUser* successor, const Ending& ending) {
  for (const auto& session : ending.sessions.all()) {
    if (session->user != user.get()) continue;
    // What has done it goes on as "default", to its end.
    if (session.get() == ending.current) session->user = default_user_;
    session->authenticated = false;
    End(*session, ending);
  }
  if (successor != nullptr) {
    user->CopyFrom(*successor);
  } else {
    CHECK(user->Apply("reset").empty());
  }
  gone_.push_back(std::move(user));
}

void Acl::FreeGone(const Sessions& sessions) {
  std::erase_if(gone_, [&](const std::unique_ptr<AclUser>& user) {
    return std::none_of(sessions.all().begin(), sessions.all().end(),
                        [&](const auto& session) { return session->user == user.get(); });
  });
}

base::Result<AclUser> Acl::Preview(std::string_view name,
                                   std::span<const std::string_view> rules) const {
  base::Result<std::vector<std::string>> merged = MergeSelectors(rules);
  if (!merged.ok()) return merged.TakeError();
  AclUser user(std::string(name), defaults_);
  if (const AclUser* known = Find(name)) user.CopyFrom(*known);
  for (const std::string& rule : merged.value()) {
    const std::string_view problem = user.Apply(rule);
    if (!problem.empty()) return base::Error(errors::AclRule(rule, problem));
  }
  return user;
}

base::Status Acl::Set(std::string_view name, std::span<const std::string_view> rules,
                      const Ending& ending) {
  base::Result<AclUser> user = Preview(name, rules);
  if (!user.ok()) return user.TakeError();
  NotePasswords(user.value());
  const auto at = users_.find(name);
  if (at == users_.end()) {
    users_.emplace(name, std::make_unique<AclUser>(user.TakeValue()));
    return base::Status::Ok();
  }
  AclUser& known = *at->second;
  const bool takes_channels =
      ending.pubsub.session_count() > 0 && TakesChannels(known, user.value());
  known.CopyFrom(user.value());
  if (!takes_channels) return base::Status::Ok();
  for (const auto& session : ending.sessions.all()) {
    if (session->user != &known || session->subscriptions == nullptr) continue;
    if (!AllowsAll(known, *session->subscriptions)) End(*session, ending);
  }
  return base::Status::Ok();
}

bool Acl::Remove(std::string_view name, const Ending& ending) {
  const auto at = users_.find(name);
  if (at == users_.end() || at->second.get() == default_user_) return false;
  Bury(std::move(at->second), nullptr, ending);
  users_.erase(at);
  return true;
}

uint64_t Acl::DescriptionBytes() const {
  uint64_t bytes = 0;
  for (const auto& [name, user] : users_) bytes += user->DescriptionBytes();
  return bytes;
}

std::string Acl::Save() const {
  std::string text;
  for (const auto& [name, user] : users_) text += "user " + name + " " + user->Describe() + "\n";
  return text;
}

}  // namespace kvasm::services
