// Engine: what is looked at before a command runs.
#include "core/engine/admission.h"

#include <algorithm>

#include "core/base/alloc.h"
#include "core/base/errors.h"
#include "core/command/access.h"
#include "core/commands/connection.h"
#include "core/engine/engine.h"

namespace kvasm::engine {

using command::CommandSpec;
using services::Session;

namespace {

// Elements freed between two looks at whether that is enough.
constexpr uint32_t kFreedAtATime = 4096;

}  // namespace

bool HaveRoomFor(std::span<const std::string_view> args, uint64_t copies) {
  constexpr uint64_t kNodeBytes = 64;
  constexpr uint64_t kSmall = 64 * 1024;
  uint64_t bytes = kNodeBytes * args.size();
  for (const std::string_view arg : args) bytes += arg.size();
  return bytes <= kSmall || base::HaveRoom(copies * bytes);
}

std::string NoMoreText(services::AclReason denied) {
  if (denied == services::AclReason::kNone) return std::string(errors::kOom);
  if (denied == services::AclReason::kKey) return errors::NoPermissionAnyMore(errors::kNoMoreKey);
  return errors::NoPermissionAnyMore(
      denied == services::AclReason::kChannel ? errors::kNoMoreChannel : errors::kNoMoreCommand);
}

std::string DeniedText(const Session& session, const CommandSpec& spec,
                       services::AclReason denied) {
  if (denied == services::AclReason::kNone) return std::string(errors::kOom);
  if (denied == services::AclReason::kKey) return errors::NoPermission(errors::kDeniedKey);
  if (denied == services::AclReason::kChannel) return errors::NoPermission(errors::kDeniedChannel);
  return errors::NoPermission(errors::DeniedCommand(session.user->name(), spec.name));
}

void Engine::Reject(Session& session, size_t index, std::string_view error) {
  session.transaction.Fail();
  ++stats_.commands[index].rejected_calls;
  stats_.CountError(error);
  if (table_.at(index).name != "exec") return session.reply.Error(error);
  session.transaction.Close(keyspace_);
  session.reply.Error(errors::ExecAborted(error));
}

bool Engine::Admit(Session& session, const CommandSpec& spec, size_t index,
                   std::span<const std::string_view> args, uint32_t* output_before) {
  const size_t argc = args.size();
  const bool arity_ok = spec.arity > 0 ? argc == static_cast<size_t>(spec.arity)
                                       : argc >= static_cast<size_t>(-spec.arity);
  if (!arity_ok) [[unlikely]] {
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

bool Engine::HasReplicas() const {
  const services::Settings& settings = config_.settings();
  constexpr int64_t kGoodReplicas = 0;  // nobody can become one yet
  return settings.min_replicas_max_lag == 0 || settings.min_replicas_to_write <= kGoodReplicas;
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
  // A transaction's are EXEC's, as CLIENT LIST tells it; a script's are its caller's.
  const bool in_script = script_caller_ != nullptr;
  if (!in_transaction_ && !in_script) session.last_command = spec.name;
  const bool queued = in_transaction_ || session.transaction.open();
  const services::AclContext context = in_script ? services::AclContext::kLua
                                       : queued  ? services::AclContext::kMulti
                                                 : services::AclContext::kToplevel;
  const bool by_name = access.denied == services::AclReason::kCommand;
  acl_.log().Add({.reason = access.denied,
                  .context = context,
                  .object = by_name ? spec.name : args[access.argument],
                  .username = session.user->name(),
                  .client = commands::DescribeSession(ClientOf(session), keyspace_, args)},
                 keyspace_.now_ms(), static_cast<uint64_t>(config_.settings().acllog_max_len));
  return false;
}

bool Engine::IsOverLimit() const {
  const int64_t maxmemory = config_.settings().maxmemory;
  return maxmemory != 0 &&
         base::HeapUsedBytes() > static_cast<uint64_t>(maxmemory) + tracking_.told_bytes();
}

bool Engine::MakeRoom() {
  if (!MayEvict()) return true;
  constexpr int64_t kKeysPerTenacity = 50;
  const int64_t tenacity = config_.settings().maxmemory_eviction_tenacity;
  int64_t keys = tenacity >= 100 ? INT64_MAX : std::max<int64_t>(1, tenacity * kKeysPerTenacity);
  tracking_.SettleTold();
  // What a transaction or a script has recorded stays together, with what is evicted meanwhile.
  const bool in_midst = keyspace_.journal().pending();
  tracking_.set_evicting(true);
  bool has_more = true;
  while (has_more && IsOverLimit() && keys > 0) {
    if (keyspace_.lazy_free().Step(kFreedAtATime)) continue;
    if (!IsOverLimit()) break;
    has_more = eviction_.EvictOne();
    --keys;
  }
  tracking_.set_evicting(false);
  if (!in_midst) keyspace_.journal().Commit(false);
  NoteLimit();
  return has_more || !IsOverLimit();
}

void Engine::NoteLimit() {
  int64_t& since_ms = stats_.eviction_exceeded_since_ms;
  const int64_t now_ms = keyspace_.recent_ms();
  if (since_ms != 0) {
    stats_.eviction_exceeded_ms += static_cast<uint64_t>(std::max<int64_t>(now_ms - since_ms, 0));
  }
  since_ms = IsOverLimit() ? now_ms : 0;
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
