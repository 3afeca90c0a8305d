#include "core/services/acl_selector.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/bytes.h"
#include "core/base/errors.h"
#include "core/base/glob.h"

namespace kvasm::services {
namespace {

constexpr size_t kWordBits = 64;

bool IsWord(std::string_view text, std::string_view word, std::string_view alias) {
  return base::EqualsIgnoreCase(text, word) || base::EqualsIgnoreCase(text, alias);
}

void AppendWord(std::string* text, std::string_view word) {
  if (!text->empty()) *text += ' ';
  *text += word;
}

std::string_view PatternSign(uint8_t permissions) {
  if (permissions == kAclReadWrite) return "~";
  return permissions == kAclRead ? "%R~" : "%W~";
}

}  // namespace

bool AclHasSpaces(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return base::IsSpace(c) || c == '\0'; });
}

AclSelector::AclSelector(const AclDefaults& defaults)
    : commands_(&defaults.commands),
      all_channels_(defaults.all_channels),
      allowed_((defaults.commands.size() + kWordBits - 1) / kWordBits) {}

std::string_view AclSelector::Apply(std::string_view rule) {
  const std::string_view word = AclWord(rule);
  if (IsWord(word, "allkeys", "~*")) {
    all_keys_ = true;
    keys_.clear();
  } else if (base::EqualsIgnoreCase(word, "resetkeys")) {
    all_keys_ = false;
    keys_.clear();
  } else if (IsWord(word, "allchannels", "&*")) {
    all_channels_ = true;
    channels_.clear();
  } else if (base::EqualsIgnoreCase(word, "resetchannels")) {
    all_channels_ = false;
    channels_.clear();
  } else if (IsWord(word, "allcommands", "+@all")) {
    SetAllCommands(true);
  } else if (IsWord(word, "nocommands", "-@all")) {
    SetAllCommands(false);
  } else if (word.starts_with('~') || word.starts_with('%')) {
    return ApplyKeyPattern(rule);
  } else if (word.starts_with('&')) {
    return ApplyChannel(rule);
  } else if (word.starts_with("+@") || word.starts_with("-@")) {
    return ApplyCategory(word);
  } else if (word.starts_with('+')) {
    return Allow(word.substr(1));
  } else if (word.starts_with('-')) {
    return Forbid(word.substr(1));
  } else {
    return errors::kAclSyntax;
  }
  return {};
}

std::string_view AclSelector::ApplyKeyPattern(std::string_view rule) {
  if (all_keys_) return errors::kAclAfterAllKeys;
  uint8_t permissions = kAclReadWrite;
  size_t at = 1;
  if (rule[0] == '%') {
    permissions = 0;
    for (; at < rule.size(); ++at) {
      const char c = base::ToUpper(rule[at]);
      const uint8_t permission = c == 'R' ? kAclRead : c == 'W' ? kAclWrite : 0;
      if (permission != 0 && !(permissions & permission)) {
        permissions |= permission;
      } else if (c == '~' && permissions != 0) {
        break;
      } else {
        return errors::kAclSyntax;
      }
    }
    if (permissions == 0) return errors::kAclSyntax;
    // "%R" alone is, as in Redis, the empty pattern, which matches the empty key only.
    at = std::min(at + 1, rule.size());
  }
  const std::string_view glob = rule.substr(at);
  if (AclHasSpaces(glob)) return errors::kAclSyntax;
  for (KeyPattern& known : keys_) {
    if (known.glob != glob) continue;
    known.permissions |= permissions;
    return {};
  }
  keys_.push_back({std::string(glob), permissions});
  return {};
}

std::string_view AclSelector::ApplyChannel(std::string_view rule) {
  if (all_channels_) return errors::kAclAfterAllChannels;
  const std::string_view glob = rule.substr(1);
  if (AclHasSpaces(glob)) return errors::kAclSyntax;
  if (std::find(channels_.begin(), channels_.end(), glob) == channels_.end()) {
    channels_.emplace_back(glob);
  }
  return {};
}

std::string_view AclSelector::ApplyCategory(std::string_view rule) {
  const bool allowed = rule[0] == '+';
  const uint32_t category = commands_->CategoryBit(rule.substr(2));
  if (category == 0) return errors::kAclUnknownCommand;
  Note(rule.substr(1), allowed);
  for (size_t i = 0; i < commands_->size(); ++i) {
    if (commands_->at(i).categories & category) SetCommand(i, allowed);
  }
  return {};
}

std::string_view AclSelector::Allow(std::string_view rule) {
  if (const size_t bar = rule.rfind('|'); bar != std::string_view::npos) {
    return AllowPart(rule, bar);
  }
  const int32_t command = commands_->Find(rule);
  if (command == AclCommands::kNone) return errors::kAclUnknownCommand;
  SetCommand(static_cast<size_t>(command), true);
  Note(rule, true);
  return {};
}

// A subcommand, or a command with some first arguments only.
std::string_view AclSelector::AllowPart(std::string_view rule, size_t bar) {
  const std::string_view part = rule.substr(bar + 1);
  const int32_t found = commands_->Find(rule.substr(0, bar));
  if (found == AclCommands::kNone) return errors::kAclUnknownCommand;
  const AclCommand& command = commands_->at(static_cast<size_t>(found));
  if (command.container >= 0) return errors::kAclFirstArgument;
  if (part.empty()) return errors::kAclSyntax;
  if (command.has_subcommands) {
    const int32_t subcommand = commands_->Find(rule);
    if (subcommand == AclCommands::kNone) return errors::kAclUnknownCommand;
    SetCommand(static_cast<size_t>(subcommand), true);
  } else {
    // Could not be written as a rule.
    if (AclHasSpaces(part)) return errors::kAclSyntax;
    const auto index = static_cast<size_t>(found);
    if (!AllowsFirst(index, part)) first_arguments_.push_back({index, std::string(part)});
  }
  Note(rule, true);
  return {};
}

std::string_view AclSelector::Forbid(std::string_view rule) {
  const int32_t command = commands_->Find(rule);
  if (command == AclCommands::kNone) return errors::kAclUnknownCommand;
  SetCommand(static_cast<size_t>(command), false);
  Note(rule, false);
  return {};
}

void AclSelector::SetAllCommands(bool allowed) {
  std::fill(allowed_.begin(), allowed_.end(), allowed ? ~uint64_t{0} : 0);
  all_commands_ = future_commands_ = allowed;
  command_rules_.clear();
  first_arguments_.clear();
}

void AclSelector::SetBit(size_t command, bool allowed) {
  const uint64_t bit = uint64_t{1} << (command % kWordBits);
  if (allowed) {
    allowed_[command / kWordBits] |= bit;
  } else {
    allowed_[command / kWordBits] &= ~bit;
    all_commands_ = false;
  }
}

void AclSelector::SetCommand(size_t command, bool allowed) {
  SetBit(command, allowed);
  std::erase_if(first_arguments_,
                [command](const FirstArgument& first) { return first.command == command; });
  if (!commands_->at(command).has_subcommands) return;
  for (size_t i = 0; i < commands_->size(); ++i) {
    if (commands_->at(i).container == static_cast<int32_t>(command)) SetBit(i, allowed);
  }
}

// A rule about a command makes earlier ones about it, and about its parts, void.
void AclSelector::Note(std::string_view rule, bool allowed) {
  std::string noted = (allowed ? "+" : "-") + base::LowerCopy(rule);
  const std::string_view name = std::string_view(noted).substr(1);
  std::erase_if(command_rules_, [name](std::string_view known) {
    known.remove_prefix(1);
    return known.starts_with(name) && (known.size() == name.size() || known[name.size()] == '|');
  });
  command_rules_.push_back(std::move(noted));
}

bool AclSelector::AllowsCommand(size_t command, bool has_argument,
                                std::string_view first_argument) const {
  if (allowed_[command / kWordBits] >> (command % kWordBits) & 1) return true;
  return has_argument && AllowsFirst(command, AclWord(first_argument));
}

bool AclSelector::AllowsFirst(size_t command, std::string_view word) const {
  return std::any_of(first_arguments_.begin(), first_arguments_.end(),
                     [=](const FirstArgument& first) {
                       return first.command == command && base::EqualsIgnoreCase(first.word, word);
                     });
}

bool AclSelector::AllowsKey(std::string_view key, uint8_t permissions) const {
  if (all_keys_) return true;
  return std::any_of(keys_.begin(), keys_.end(), [=](const KeyPattern& pattern) {
    return (pattern.permissions & permissions) == permissions && base::GlobMatch(pattern.glob, key);
  });
}

bool AclSelector::AllowsEveryKey(uint8_t permissions) const {
  if (all_keys_) return true;
  return std::any_of(keys_.begin(), keys_.end(), [=](const KeyPattern& pattern) {
    return (pattern.permissions & permissions) == permissions && pattern.glob == "*";
  });
}

bool AclSelector::AllowsChannel(std::string_view channel, bool is_pattern) const {
  if (all_channels_) return true;
  return std::any_of(channels_.begin(), channels_.end(), [=](const std::string& pattern) {
    return is_pattern ? base::Equal(pattern, channel) : base::GlobMatch(pattern, channel);
  });
}

uint64_t AclSelector::DescriptionBytes() const {
  constexpr uint64_t kFixedBytes = 64;  // all that has no list
  constexpr uint64_t kSignBytes = 4;    // "%R~" and the blank
  uint64_t bytes = kFixedBytes;
  for (const std::string& rule : command_rules_) bytes += rule.size() + kSignBytes;
  for (const KeyPattern& pattern : keys_) bytes += pattern.glob.size() + kSignBytes;
  for (const std::string& channel : channels_) bytes += channel.size() + kSignBytes;
  return bytes;
}

std::string AclSelector::DescribeCommands() const {
  std::string text = future_commands_ ? "+@all" : "-@all";
  for (const std::string& rule : command_rules_) AppendWord(&text, rule);
  return text;
}

std::string AclSelector::DescribeKeys() const {
  if (all_keys_) return "~*";
  std::string text;
  for (const KeyPattern& pattern : keys_) {
    AppendWord(&text, PatternSign(pattern.permissions));
    text += pattern.glob;
  }
  return text;
}

std::string AclSelector::DescribeChannels() const {
  if (all_channels_) return "&*";
  std::string text;
  for (const std::string& pattern : channels_) {
    AppendWord(&text, "&");
    text += pattern;
  }
  return text;
}

std::string AclSelector::Describe() const {
  std::string text = DescribeKeys();
  if (!all_channels_) AppendWord(&text, "resetchannels");
  if (const std::string channels = DescribeChannels(); !channels.empty()) {
    AppendWord(&text, channels);
  }
  AppendWord(&text, DescribeCommands());
  return text;
}

}  // namespace kvasm::services
