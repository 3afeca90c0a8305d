// A user: who he is, how he proves it, what he may do.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/sha256.h"
#include "core/services/acl_selector.h"

namespace kvasm::services {

class AclUser {
 public:
  // Off, without a password, nothing allowed. `defaults` is borrowed.
  AclUser(std::string name, const AclDefaults& defaults);

  const std::string& name() const { return name_; }
  bool enabled() const { return enabled_; }
  bool nopass() const { return nopass_; }
  bool skips_sanitizing() const { return skips_sanitizing_; }
  // Whether no command of this user needs a check.
  bool all_powerful() const { return all_powerful_; }
  // SHA-256 digests, as 64 hexadecimal digits.
  const std::vector<std::string>& passwords() const { return passwords_; }
  // The first is the root; there always is one.
  const std::vector<AclSelector>& selectors() const { return selectors_; }

  // Obeys one rule of ACL SETUSER. Returns "" or what is wrong with it; nothing has changed then.
  std::string_view Apply(std::string_view rule);
  // Takes over everything but the name.
  void CopyFrom(const AclUser& other);

  // Whether the digest is one of the passwords'. Takes the same time wherever they begin to differ,
  // whichever it is, and however many there are: as many as for a user with `rounds` of them.
  bool HasPassword(const base::Sha256Digest& digest, size_t rounds) const;
  bool AllowsChannel(std::string_view channel, bool is_pattern) const;

  // At least what Describe takes, and about what the user takes.
  uint64_t DescriptionBytes() const;
  // All of it as rules, e.g. "on nopass sanitize-payload ~* &* +@all".
  std::string Describe() const;
  // The words of `flags` in ACL GETUSER.
  std::vector<std::string_view> Flags() const;

 private:
  std::string_view ApplyPassword(std::string_view rule);
  std::string_view AddSelector(std::string_view rules);
  void Reset();
  // Whether the rule was one about the user himself.
  bool ApplyFlag(std::string_view word);

  std::string name_;
  const AclDefaults* defaults_;
  bool enabled_ = false;
  bool nopass_ = false;
  bool skips_sanitizing_ = false;
  bool all_powerful_ = false;
  std::vector<std::string> passwords_;
  std::vector<AclSelector> selectors_;
};

// Joins the words of selectors that were written in several: "(+get", "~a)". The error is what ACL
// SETUSER replies.
base::Result<std::vector<std::string>> MergeSelectors(std::span<const std::string_view> rules);

}  // namespace kvasm::services
