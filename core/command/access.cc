#include "core/command/access.h"

#include <tuple>
#include <vector>

namespace kvasm::command {
namespace {

using services::AclReason;
using services::AclSelector;
using Args = std::span<const std::string_view>;

uint8_t PermissionsFor(uint16_t key_flags) {
  uint8_t permissions = 0;
  if (key_flags & kAccess) permissions |= services::kAclRead;
  if (key_flags & (kInsert | kDelete | kUpdate)) permissions |= services::kAclWrite;
  return permissions;
}

// One call, looked at by one selector after the other; keys and channels are found once.
class Check {
 public:
  Check(const CommandSpec& spec, size_t index, Args args)
      : spec_(spec), index_(index), args_(args) {}

  Access By(const AclSelector& selector) {
    if (!(spec_.flags & kNoAuth) &&
        !selector.AllowsCommand(index_, args_.size() > 1,
                                args_.size() > 1 ? args_[1] : std::string_view())) {
      return {AclReason::kCommand, 0};
    }
    if (!selector.all_keys() && HasKeys(spec_)) {
      for (const KeyPosition& key : Keys()) {
        if (!selector.AllowsKey(args_[key.index], PermissionsFor(key.flags))) {
          return {AclReason::kKey, key.index};
        }
      }
    }
    if (!selector.all_channels() && (spec_.flags & kPubsub)) {
      const ChannelRange channels = FindChannels(spec_, args_.size());
      for (size_t i = channels.begin; i < channels.end; ++i) {
        if (!selector.AllowsChannel(args_[i], channels.are_patterns)) {
          return {AclReason::kChannel, i};
        }
      }
    }
    return {};
  }

 private:
  const std::vector<KeyPosition>& Keys() {
    if (!found_) {
      found_ = true;
      // Arguments that make no sense name no keys; the command itself will say so.
      if (!FindKeys(spec_, args_, &keys_)) keys_.clear();
    }
    return keys_;
  }

  const CommandSpec& spec_;
  size_t index_;
  Args args_;
  bool found_ = false;
  std::vector<KeyPosition> keys_;
};

}  // namespace

Access CheckAccess(const services::AclUser& user, const CommandSpec& spec, size_t index,
                   Args args) {
  Access nearest{AclReason::kCommand, 0};
  Check check(spec, index, args);
  for (const AclSelector& selector : user.selectors()) {
    const Access access = check.By(selector);
    if (access.ok()) return access;
    if (std::tie(nearest.denied, nearest.argument) < std::tie(access.denied, access.argument)) {
      nearest = access;
    }
  }
  return nearest;
}

bool MayReadAnyKey(const services::AclUser& user, const CommandSpec& spec, size_t index,
                   Args args) {
  Check check(spec, index, args);
  for (const AclSelector& selector : user.selectors()) {
    if (check.By(selector).ok() && selector.AllowsEveryKey(services::kAclRead)) return true;
  }
  return false;
}

ChannelRange FindChannels(const CommandSpec& spec, size_t argc) {
  const std::string_view name = spec.name;
  if (name == "publish" || name == "spublish") return {.end = 2};
  if (name == "subscribe" || name == "ssubscribe") return {.end = argc};
  if (name == "psubscribe") return {.end = argc, .are_patterns = true};
  return {};
}

}  // namespace kvasm::command
