// Users from files: the lines of a file of users, and the "user" directives of a configuration.
#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/services/acl.h"

namespace kvasm::services {
namespace {

std::string_view Trim(std::string_view text, std::string_view characters) {
  const size_t begin = text.find_first_not_of(characters);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(characters) - begin + 1);
}

// Between two blanks there is an empty word, which is no rule but may be a name.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = 0;;) {
    const size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    if (end == text.size()) return parts;
    at = end + 1;
  }
}

// Reads a file line by line and collects what is wrong with it.
class Reader {
 public:
  Reader(std::string_view file, const AclDefaults& defaults) : file_(file), defaults_(defaults) {}

  void Read(size_t number, std::string_view line) {
    const std::vector<std::string_view> words = Split(line, ' ');
    if (words.size() < 2 || words[0] != "user") {
      return Complain(number, " should start with user keyword followed by the username. ");
    }
    const std::string_view name = words[1];
    if (AclHasSpaces(name)) {
      problems += errors::AclLineUsername(file_, number, name);
      return;
    }
    const auto [at, is_new] = users.try_emplace(std::string(name));
    if (!is_new) {
      problems += errors::AclLineTwice(name, number);
      return;
    }
    at->second = std::make_unique<AclUser>(std::string(name), defaults_);
    ReadRules(number, std::span(words).subspan(2), *at->second);
  }

  std::string problems;
  Acl::Users users;

 private:
  void Complain(size_t number, std::string_view problem) {
    problems += errors::AclLine(file_, number, problem);
  }

  void ReadRules(size_t number, std::span<const std::string_view> words, AclUser& user) {
    const auto merged = MergeSelectors(words);
    if (!merged.ok()) {
      return Complain(number, ": " + std::string(errors::kAclLineParenthesis));
    }
    // Rules are not repeated in the log, save those about commands: they hold no secret.
    bool told = false;
    for (const std::string& rule : merged.value()) {
      const std::string_view word = Trim(rule, "\t\r\n");
      const std::string_view problem = user.Apply(word);
      if (problem == errors::kAclUnknownCommand) {
        Complain(number, errors::AclLineRule(word, problem));
      } else if (!problem.empty() && !told) {
        Complain(number, ": " + std::string(problem) + ". ");
        told = true;
      }
    }
  }

  std::string_view file_;
  const AclDefaults& defaults_;
};

}  // namespace

base::Status Acl::Load(std::string_view name, std::string_view text, const Ending& ending) {
  Reader reader(name, defaults_);
  size_t number = 0;
  for (const std::string_view raw : Split(text, '\n')) {
    ++number;
    const std::string_view line = Trim(raw, " \t\r\n");
    if (!line.empty()) reader.Read(number, line);
  }
  if (!reader.problems.empty()) {
    return base::Error(errors::AclNothingLoaded(reader.problems));
  }
  // "default" stays the object that everybody knows; all others are new, even of the same name.
  const auto loaded = reader.users.find(kDefaultUserName);
  default_user_->CopyFrom(loaded == reader.users.end() ? host_user_ : *loaded->second);
  reader.users[std::string(kDefaultUserName)] = std::move(users_.find(kDefaultUserName)->second);
  users_.swap(reader.users);
  for (auto& [known, user] : reader.users) {
    if (user != nullptr) Bury(std::move(user), Find(known), ending);
  }
  for (const auto& [known, user] : users_) NotePasswords(*user);
  return base::Status::Ok();
}

base::Status Acl::Define(std::span<const std::string_view> arguments) {
  const std::string_view name = arguments[0];
  if (std::find(defined_.begin(), defined_.end(), name) != defined_.end()) {
    return base::Error(errors::AclDeclaration(name, errors::kAclTwice));
  }
  if (AclHasSpaces(name)) return base::Error(errors::kAclUserSpaces);
  const auto merged = MergeSelectors(arguments.subspan(1));
  if (!merged.ok()) {
    return base::Error(errors::AclDeclaration(merged.error(), errors::kAclLineParenthesis));
  }
  AclUser user(std::string(name), defaults_);
  for (const std::string& rule : merged.value()) {
    const std::string_view problem = user.Apply(rule);
    if (problem.empty()) continue;
    return base::Error(errors::AclDeclaration(rule, problem));
  }
  defined_.emplace_back(name);
  NotePasswords(user);
  if (name == kDefaultUserName) {
    default_user_->CopyFrom(user);
  } else {
    users_[std::string(name)] = std::make_unique<AclUser>(std::move(user));
  }
  return base::Status::Ok();
}

}  // namespace kvasm::services
