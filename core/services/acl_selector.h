// One set of permissions: which commands, on which keys, on which channels. A user has one of his
// own (the root) and any number in parentheses; a command has to be allowed by one of them whole.
//
// The rules are those of ACL SETUSER in Redis 7.2; a rule takes effect in the order given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/acl_commands.h"

namespace kvasm::services {

// What may be done with a key.
enum AclPermission : uint8_t { kAclRead = 1u << 0, kAclWrite = 1u << 1 };
inline constexpr uint8_t kAclReadWrite = kAclRead | kAclWrite;

// What new selectors and users are made with.
struct AclDefaults {
  const AclCommands& commands;
  bool all_channels = false;  // acl-pubsub-default allchannels
};

class AclSelector {
 public:
  struct KeyPattern {
    std::string glob;
    uint8_t permissions;
  };

  explicit AclSelector(const AclDefaults& defaults);

  // Obeys one rule, e.g. "+get", "-@write", "~cache:*". Returns "" or what is wrong with it (one of
  // the texts in errors.h); nothing has changed then.
  std::string_view Apply(std::string_view rule);

  // Whether nothing at all is forbidden.
  bool all_powerful() const { return all_commands_ && all_keys_ && all_channels_; }
  bool all_keys() const { return all_keys_; }
  bool all_channels() const { return all_channels_; }
  const std::vector<std::string>& channels() const { return channels_; }

  // `has_argument`: the command was called with at least one argument, the first of which decides
  // where only some first arguments are allowed.
  bool AllowsCommand(size_t command, bool has_argument, std::string_view first_argument) const;
  bool AllowsKey(std::string_view key, uint8_t permissions) const;
  // Whether the permissions are given for all keys there may ever be.
  bool AllowsEveryKey(uint8_t permissions) const;
  // `is_pattern`: what PSUBSCRIBE asks for has to be allowed literally.
  bool AllowsChannel(std::string_view channel, bool is_pattern) const;

  uint64_t DescriptionBytes() const;
  // "-@all +get"
  std::string DescribeCommands() const;
  // "~a* %R~b*"
  std::string DescribeKeys() const;
  // "&a* &b*"
  std::string DescribeChannels() const;
  // All of it, as rules that make such a selector of an empty one.
  std::string Describe() const;

 private:
  std::string_view ApplyKeyPattern(std::string_view rule);
  std::string_view ApplyChannel(std::string_view rule);
  std::string_view ApplyCategory(std::string_view rule);
  std::string_view Allow(std::string_view rule);
  std::string_view Forbid(std::string_view rule);
  std::string_view AllowPart(std::string_view rule, size_t bar);
  void SetAllCommands(bool allowed);
  void SetBit(size_t command, bool allowed);
  // The command and, of a container, its subcommands.
  void SetCommand(size_t command, bool allowed);
  // Keeps the rule for descriptions; `rule` has no sign.
  void Note(std::string_view rule, bool allowed);

  // Allowed for a command that is not allowed whole.
  struct FirstArgument {
    size_t command;
    std::string word;
  };
  // Whether the command may be called with this word.
  bool AllowsFirst(size_t command, std::string_view word) const;

  const AclCommands* commands_;
  bool all_commands_ = false;  // no command has been taken away since "+@all"
  bool future_commands_ = false;
  bool all_keys_ = false;
  bool all_channels_ = false;
  std::vector<uint64_t> allowed_;  // a bit for each command
  std::vector<FirstArgument> first_arguments_;
  std::vector<std::string> command_rules_;  // after "+@all" or "-@all", with sign, lower case
  std::vector<KeyPattern> keys_;
  std::vector<std::string> channels_;
};

// Names and patterns must not hold blanks or NUL, so that descriptions can be read back.
bool AclHasSpaces(std::string_view text);
// As Redis reads words that are compared: up to the first NUL.
inline std::string_view AclWord(std::string_view text) { return text.substr(0, text.find('\0')); }

}  // namespace kvasm::services
