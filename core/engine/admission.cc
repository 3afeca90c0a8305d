// Engine: what is looked at before a command runs.
#include "core/engine/admission.h"

#include "core/base/alloc.h"
#include "core/base/errors.h"
#include "core/command/access.h"
#include "core/engine/engine.h"

namespace kvasm::engine {

using command::CommandSpec;
using services::Session;

bool HaveRoomFor(std::span<const std::string_view> args, uint64_t copies) {
  constexpr uint64_t kNodeBytes = 64;
  constexpr uint64_t kSmall = 64 * 1024;
  uint64_t bytes = kNodeBytes * args.size();
  for (const std::string_view arg : args) bytes += arg.size();
  return bytes <= kSmall || base::HaveRoom(copies * bytes);
}

bool Engine::Admit(Session& session, const CommandSpec& spec, size_t index,
                   std::span<const std::string_view> args, uint32_t* output_before) {
  if (!spec.Takes(args.size())) [[unlikely]] {
    Reject(session, index, errors::WrongArity(spec.name));
    return false;
  }
  if (!session.authenticated && !(spec.flags & command::kNoAuth) && acl_.MustAuthenticate(session))
      [[unlikely]] {
    Reject(session, index, errors::kNoAuth);
    return false;
  }
  const uint32_t flags = FlagsOf(spec, args);
  bool adds = (flags & command::kDenyOom) != 0;
  if (session.transaction.open()) [[unlikely]] {
    if (spec.flags & command::kNoMulti) {
      Reject(session, index, errors::kNotInTransaction);
      return false;
    }
    // A queue has no other bounds.
    adds |= !IsObeyedAtOnce(spec);
  }
  services::AclReason denied{};
  if (!IsPermitted(session, index, args, &denied)) [[unlikely]] {
    Reject(session, index, DeniedText(session, spec, denied));
    return false;
  }
  if (session.subscriptions != nullptr && session.reply.protocol() == 2 &&
      !command::IsForSubscribers(spec)) [[unlikely]] {
    Reject(session, index, errors::NotWhileSubscribed(spec.name));
    return false;
  }
  if (durability_.is_loading() && !(flags & command::kLoading)) [[unlikely]] {
    Reject(session, index, errors::kLoading);
    return false;
  }
  if (scripting_.is_busy() && !(spec.flags & command::kAllowBusy)) [[unlikely]] {
    Reject(session, index, scripting_.run().is_eval ? errors::kBusyScript : errors::kBusyFunction);
    return false;
  }
  // What waits to be freed is no reason to refuse a command.
  const bool fits = scripting_.is_busy() || HasMemoryFor(adds, args) ||
                    (keyspace_.lazy_free().Finish() && HasMemoryFor(adds, args));
  if (tracking_.any()) [[unlikely]] {
    tracking_.LimitTable(static_cast<uint64_t>(config_.settings().tracking_table_max_keys));
    *output_before = session.out.size();
  }
  if (!fits) [[unlikely]] {
    Reject(session, index, errors::kOom);
    return false;
  }
  const uint32_t done = spec.name == "exec" ? session.transaction.flags() : flags;
  if (durability_.is_failing() && ((done & command::kWrite) || spec.name == "ping")) [[unlikely]] {
    Reject(session, index, durability_.WriteRefusal());
    return false;
  }
  if (config_.settings().min_replicas_to_write > 0) [[unlikely]] {
    if ((done & command::kWrite) && !HasReplicas()) {
      Reject(session, index, errors::kNoReplicas);
      return false;
    }
  }
  return true;
}

bool Engine::IsPermitted(Session& session, size_t index, std::span<const std::string_view> args,
                         services::AclReason* denied) {
  if (session.user->all_powerful()) [[likely]]
    return true;
  // For the positions of its keys.
  *denied = services::AclReason::kNone;
  if (!HaveRoomFor(args)) return false;
  const CommandSpec& spec = table_.at(index);
  const command::Access access = command::CheckAccess(*session.user, spec, index, args);
  *denied = access.denied;
  if (access.ok()) return true;
  NoteDenied(session, index, args, access);
  return false;
}

bool Engine::IsOverLimit() const {
  const int64_t maxmemory = config_.settings().maxmemory;
  return maxmemory != 0 && base::HeapUsedBytes() > static_cast<uint64_t>(maxmemory) +
                                                       tracking_.told_bytes() +
                                                       durability_.held_bytes();
}

bool Engine::HasMemory() { return !base::HeapExhausted() && (!IsOverLimit() || MakeRoom()); }

bool Engine::HasMemoryFor(bool adds, std::span<const std::string_view> args) {
  // Keys go before any command; only one that adds is refused if that does not help.
  if (!adds && IsOverLimit()) [[unlikely]]
    MakeRoom();
  // What comes with many or large arguments needs memory for them, even if it frees other.
  return (!adds || HasMemory()) && HaveRoomFor(args);
}

bool Engine::HasHeapFor(const CommandSpec& spec, std::span<const std::string_view> args) {
  if ((spec.flags & command::kDenyOom) && base::HeapExhausted()) return false;
  if (!HaveRoomFor(args)) return false;
  return !(spec.flags & command::kWrite) || keyspace_.journal().Prepare(args);
}

}  // namespace kvasm::engine
