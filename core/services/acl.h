// Access control: the users, the log of what was refused, and how both come and go.
//
// A session has a user (Session::user), never null once the engine has opened it. Commands from the
// program around the engine run as `host_user()`, who may do everything whatever becomes of
// "default". A user who is deleted or replaced stays, with the rights of his successor or none,
// until no session has him any more and no script runs that may (FreeGone).
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/services/acl_commands.h"
#include "core/services/acl_log.h"
#include "core/services/acl_user.h"
#include "core/services/pubsub.h"
#include "core/services/session.h"

namespace kvasm::services {

inline constexpr std::string_view kDefaultUserName = "default";

class Acl {
 public:
  // What is needed to end sessions whose user goes or loses a right.
  struct Ending {
    Sessions& sessions;
    Pubsub& pubsub;
    const Session* current = nullptr;  // who did it: his ends after the reply
  };
  using Users = std::map<std::string, std::unique_ptr<AclUser>, std::less<>>;

  // Begins with one user, "default", who needs no password and may do everything.
  explicit Acl(AclCommands commands);
  Acl(const Acl&) = delete;
  Acl& operator=(const Acl&) = delete;

  const AclCommands& commands() const { return commands_; }
  const AclUser& default_user() const { return *default_user_; }
  const AclUser& host_user() const { return host_user_; }
  const Users& users() const { return users_; }
  // Null if there is none.
  const AclUser* Find(std::string_view name) const;
  AclLog& log() { return log_; }
  const AclLog& log() const { return log_; }

  // acl-pubsub-default.
  void set_all_channels_by_default(bool all) { defaults_.all_channels = all; }
  // requirepass: the default user's only password, or none.
  void SetDefaultPassword(std::string_view password);

  // --- sessions ---

  // The user of a session that has just been opened, or reset.
  void Welcome(Session& session) const;
  // Whether the session has to authenticate before anything else.
  bool MustAuthenticate(const Session& session) const {
    return !session.authenticated && (!default_user_->nopass() || !default_user_->enabled());
  }
  // The user whose password this is; null if there is none such, or he is off. Takes the same time
  // for all failures.
  const AclUser* Authenticate(std::string_view name, std::string_view password) const;

  // --- users ---

  // Gives a user all of these rules, or none; a new name makes a new user. The error is what ACL
  // SETUSER replies. Sessions that listen to a channel the user may not listen to any more are
  // ended.
  base::Status Set(std::string_view name, std::span<const std::string_view> rules,
                   const Ending& ending);
  // What Set would make of the user; the users stay as they are.
  base::Result<AclUser> Preview(std::string_view name,
                                std::span<const std::string_view> rules) const;
  // False if there is none. "default" must not be removed.
  bool Remove(std::string_view name, const Ending& ending);

  // A "user" directive of a configuration file: name and rules. A name may be given once only.
  base::Status Define(std::span<const std::string_view> arguments);

  // Replaces all users by those of a file, or none: the error tells every bad line. The sessions of
  // all users but "default" are ended. `name` is the file's, for the error.
  base::Status Load(std::string_view name, std::string_view text, const Ending& ending);
  // Frees the users who are gone and whom no session has. To be called while no script runs, nor is
  // put aside.
  void FreeGone(const Sessions& sessions);
  bool has_gone() const { return !gone_.empty(); }
  // At least what Save and ACL LIST take.
  uint64_t DescriptionBytes() const;
  // Such a file, of the users there are.
  std::string Save() const;

 private:
  void NotePasswords(const AclUser& user);
  // Ends the sessions of a user who goes; what they have begun goes on with his successor's rights,
  // or with none.
  void Bury(std::unique_ptr<AclUser> user, const AclUser* successor, const Ending& ending);

  AclCommands commands_;
  AclDefaults defaults_;
  Users users_;
  std::vector<std::unique_ptr<AclUser>> gone_;
  AclUser* default_user_;
  AclUser host_user_;
  std::vector<std::string> defined_;  // by Define
  size_t password_rounds_ = 1;        // the most passwords that any user has ever had
  AclLog log_;
};

}  // namespace kvasm::services
