#include "core/services/acl_user.h"

#include <algorithm>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/resp/inline_arguments.h"

namespace kvasm::services {
namespace {

constexpr size_t kHexDigits = 2 * sizeof(base::Sha256Digest);

bool IsPasswordHash(std::string_view text) {
  return text.size() == kHexDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return base::IsDigit(c) || (c >= 'a' && c <= 'f');
         });
}

// Looks at all digits, whatever it has seen before.
bool IsSameHash(const std::string& a, const std::string& b) {
  unsigned difference = 0;
  for (size_t i = 0; i < kHexDigits; ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace

AclUser::AclUser(std::string name, const AclDefaults& defaults)
    : name_(std::move(name)), defaults_(&defaults) {
  selectors_.emplace_back(defaults);
}

void AclUser::CopyFrom(const AclUser& other) {
  enabled_ = other.enabled_;
  nopass_ = other.nopass_;
  skips_sanitizing_ = other.skips_sanitizing_;
  all_powerful_ = other.all_powerful_;
  passwords_ = other.passwords_;
  selectors_ = other.selectors_;
}

std::string_view AclUser::Apply(std::string_view rule) {
  if (rule.empty()) return {};
  const std::string_view word = AclWord(rule);
  std::string_view problem;
  if (ApplyFlag(word)) {
    // done
  } else if (rule[0] == '>' || rule[0] == '#' || rule[0] == '<' || rule[0] == '!') {
    problem = ApplyPassword(rule);
  } else if (rule[0] == '(' && rule.back() == ')') {
    problem = AddSelector(rule.substr(1, rule.size() - 2));
  } else if (base::EqualsIgnoreCase(word, "clearselectors")) {
    selectors_.erase(selectors_.begin() + 1, selectors_.end());
  } else if (base::EqualsIgnoreCase(word, "reset")) {
    Reset();
  } else {
    problem = selectors_.front().Apply(rule);
  }
  all_powerful_ = std::any_of(selectors_.begin(), selectors_.end(),
                              [](const AclSelector& s) { return s.all_powerful(); });
  return problem;
}

bool AclUser::ApplyFlag(std::string_view word) {
  if (base::EqualsIgnoreCase(word, "on")) {
    enabled_ = true;
  } else if (base::EqualsIgnoreCase(word, "off")) {
    enabled_ = false;
  } else if (base::EqualsIgnoreCase(word, "skip-sanitize-payload")) {
    skips_sanitizing_ = true;
  } else if (base::EqualsIgnoreCase(word, "sanitize-payload")) {
    skips_sanitizing_ = false;
  } else if (base::EqualsIgnoreCase(word, "nopass")) {
    nopass_ = true;
    passwords_.clear();
  } else if (base::EqualsIgnoreCase(word, "resetpass")) {
    nopass_ = false;
    passwords_.clear();
  } else {
    return false;
  }
  return true;
}

std::string_view AclUser::ApplyPassword(std::string_view rule) {
  const std::string_view text = rule.substr(1);
  const bool hashed = rule[0] == '#' || rule[0] == '!';
  if (hashed && !IsPasswordHash(text)) return errors::kAclPasswordHash;
  std::string hash = hashed ? std::string(text) : base::HexText(base::Sha256(text));
  const auto known = std::find(passwords_.begin(), passwords_.end(), hash);
  if (rule[0] == '<' || rule[0] == '!') {
    if (known == passwords_.end()) return errors::kAclNoSuchPassword;
    passwords_.erase(known);
    return {};
  }
  if (known == passwords_.end()) passwords_.push_back(std::move(hash));
  nopass_ = false;
  return {};
}

std::string_view AclUser::AddSelector(std::string_view rules) {
  AclSelector selector(*defaults_);
  std::vector<std::string> words;
  // As in Redis, words whose quotes are unbalanced say nothing.
  if (!resp::SplitInlineArguments(rules, &words)) words.clear();
  for (const std::string& rule : words) {
    const std::string_view problem = selector.Apply(rule);
    if (!problem.empty()) return problem;
  }
  selectors_.push_back(std::move(selector));
  return {};
}

void AclUser::Reset() {
  AclUser fresh(name_, *defaults_);
  CopyFrom(fresh);
}

bool AclUser::HasPassword(const base::Sha256Digest& digest, size_t rounds) const {
  const std::string given = base::HexText(digest);
  const std::string nobodys(kHexDigits, '-');
  const size_t count = passwords_.size();
  bool found = false;
  for (size_t i = 0; i < std::max(count, rounds); ++i) {
    found |= IsSameHash(i < count ? passwords_[i] : nobodys, given);
  }
  return found;
}

bool AclUser::AllowsChannel(std::string_view channel, bool is_pattern) const {
  return std::any_of(selectors_.begin(), selectors_.end(), [=](const AclSelector& selector) {
    return selector.AllowsChannel(channel, is_pattern);
  });
}

std::vector<std::string_view> AclUser::Flags() const {
  std::vector<std::string_view> flags = {enabled_ ? "on" : "off"};
  if (nopass_) flags.push_back("nopass");
  flags.push_back(skips_sanitizing_ ? "skip-sanitize-payload" : "sanitize-payload");
  return flags;
}

uint64_t AclUser::DescriptionBytes() const {
  constexpr uint64_t kFlagBytes = 64;
  uint64_t bytes = kFlagBytes + name_.size() + uint64_t{passwords_.size()} * (kHexDigits + 2);
  for (const AclSelector& selector : selectors_) bytes += selector.DescriptionBytes();
  return bytes;
}

std::string AclUser::Describe() const {
  std::string text;
  for (const std::string_view flag : Flags()) {
    text += flag;
    text += ' ';
  }
  for (const std::string& password : passwords_) {
    text += '#';
    text += password;
    text += ' ';
  }
  text += selectors_.front().Describe();
  for (size_t i = 1; i < selectors_.size(); ++i) {
    text += " (" + selectors_[i].Describe() + ")";
  }
  return text;
}

base::Result<std::vector<std::string>> MergeSelectors(std::span<const std::string_view> rules) {
  std::vector<std::string> merged;
  std::string_view open;
  std::string selector;
  for (const std::string_view rule : rules) {
    if (!open.empty()) {
      selector += ' ';
      selector += rule;
    } else if (rule.starts_with('(') && !rule.ends_with(')')) {
      open = rule;
      selector = rule;
    } else {
      merged.emplace_back(rule);
      continue;
    }
    if (!rule.ends_with(')')) continue;
    merged.push_back(std::exchange(selector, {}));
    open = {};
  }
  if (!open.empty()) return base::Error(errors::AclParenthesis(open));
  return merged;
}

}  // namespace kvasm::services
