// CLIENT TRACKING and what goes with it: client side caching. What is told to whom is decided in
// services::Tracking.
#include "core/services/tracking.h"

#include <optional>
#include <vector>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/connection.h"

namespace kvasm::commands {

int64_t RedirectOf(const services::Session& session) {
  return session.tracking == nullptr ? -1 : static_cast<int64_t>(session.tracking->redirect);
}

namespace {

using namespace command;  // the vocabulary of specs
using services::TrackingState;

struct Request {
  TrackingState options;
  std::vector<std::string_view> prefixes;
};

uint64_t ReadRedirect(Call& call, Arguments& in, uint64_t before) {
  if (before != 0) in.Fail(errors::kOneRedirect);
  const int64_t id = in.Int();
  if (!in.ok()) return 0;
  const services::Session* other =
      id <= 0 ? nullptr : call.services.sessions.Find(static_cast<uint64_t>(id));
  if (other == nullptr) in.Fail(errors::kNoRedirectClient);
  return static_cast<uint64_t>(id);
}

Request ReadRequest(Call& call, Arguments& in) {
  Request request;
  TrackingState& options = request.options;
  while (in.More()) {
    if (in.TakeWithValue("REDIRECT")) {
      options.redirect = ReadRedirect(call, in, options.redirect);
    } else if (in.Take("BCAST")) {
      options.broadcast = true;
    } else if (in.Take("OPTIN")) {
      options.opt_in = true;
    } else if (in.Take("OPTOUT")) {
      options.opt_out = true;
    } else if (in.Take("NOLOOP")) {
      options.no_loop = true;
    } else if (in.TakeWithValue("PREFIX")) {
      request.prefixes.push_back(in.Next());
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  return request;
}

bool Overlap(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

// Two prefixes of one session that cover the same keys; the error has been replied then.
bool PrefixesOverlap(Call& call, const std::vector<std::string_view>& prefixes) {
  for (size_t i = 0; i < prefixes.size(); ++i) {
    if (call.session.tracking != nullptr) {
      for (const std::string_view present : call.session.tracking->prefixes) {
        if (!Overlap(prefixes[i], present)) continue;
        call.reply.Error(errors::PrefixOverlaps(prefixes[i], present, true));
        return true;
      }
    }
    for (size_t j = i + 1; j < prefixes.size(); ++j) {
      if (!Overlap(prefixes[i], prefixes[j])) continue;
      call.reply.Error(errors::PrefixOverlaps(prefixes[i], prefixes[j], false));
      return true;
    }
  }
  return false;
}

// What of the request does not go together, or not with what the session has asked for before.
std::optional<std::string_view> ConflictOf(const Request& request, const TrackingState* present) {
  const TrackingState& wanted = request.options;
  if (!wanted.broadcast && !request.prefixes.empty()) return errors::kPrefixNeedsBcast;
  if (present != nullptr && present->broadcast != wanted.broadcast) return errors::kBcastSwitch;
  if (wanted.broadcast && (wanted.opt_in || wanted.opt_out)) return errors::kOptWithBcast;
  if (wanted.opt_in && wanted.opt_out) return errors::kOptInAndOut;
  if (present != nullptr &&
      ((wanted.opt_in && present->opt_out) || (wanted.opt_out && present->opt_in))) {
    return errors::kOptSwitch;
  }
  return std::nullopt;
}

void ClientTracking(Call& call) {
  Arguments in(call, 3);
  const Request request = ReadRequest(call, in);
  if (!in.ok()) return;
  const bool on = base::EqualsIgnoreCase(call.arg(2), "ON");
  if (!on && !base::EqualsIgnoreCase(call.arg(2), "OFF")) return call.SyntaxError();
  if (!on) {
    call.services.tracking.Disable(call.session);
    return call.reply.Ok();
  }
  const auto conflict = ConflictOf(request, call.session.tracking.get());
  if (conflict) return call.reply.Error(*conflict);
  if (request.options.broadcast && PrefixesOverlap(call, request.prefixes)) return;
  constexpr uint64_t kNodesBytes = 256;
  uint64_t bytes = kNodesBytes;
  for (const std::string_view prefix : request.prefixes) bytes += kNodesBytes + prefix.size();
  if (!call.HaveRoomToKeep(bytes)) return;
  call.services.tracking.Enable(call.session, request.options, request.prefixes);
  call.reply.Ok();
}

void ClientCaching(Call& call) {
  TrackingState* tracking = call.session.tracking.get();
  if (tracking == nullptr) return call.reply.Error(errors::kCachingNotTracking);
  Arguments in(call, 2);
  if (in.Take("YES")) {
    if (!tracking->opt_in) in.Fail(errors::kCachingYes);
  } else if (in.Take("NO")) {
    if (!tracking->opt_out) in.Fail(errors::kCachingNo);
  } else {
    in.Fail(errors::kSyntax);
  }
  if (!in.ok()) return;
  tracking->caching_given = true;
  call.reply.Ok();
}

void ClientGetredir(Call& call) { call.reply.Integer(RedirectOf(call.session)); }

void ClientTrackinginfo(Call& call) {
  const TrackingState* tracking = call.session.tracking.get();
  std::vector<std::string_view> flags = {tracking == nullptr ? "off" : "on"};
  if (tracking != nullptr) {
    const bool given = tracking->caching_given;
    if (tracking->broadcast) flags.push_back("bcast");
    if (tracking->opt_in) flags.push_back("optin");
    if (tracking->opt_in && given) flags.push_back("caching-yes");
    if (tracking->opt_out) flags.push_back("optout");
    if (tracking->opt_out && given) flags.push_back("caching-no");
    if (tracking->no_loop) flags.push_back("noloop");
    if (tracking->redirect_broken) flags.push_back("broken_redirect");
  }
  call.reply.Map(3);
  call.reply.Bulk("flags");
  call.reply.Set(flags.size());
  for (const std::string_view flag : flags) call.reply.Bulk(flag);
  call.reply.Bulk("redirect");
  call.reply.Integer(RedirectOf(call.session));
  call.reply.Bulk("prefixes");
  call.reply.Array(tracking == nullptr ? 0 : tracking->prefixes.size());
  if (tracking == nullptr) return;
  for (const std::string_view prefix : tracking->prefixes) call.reply.Bulk(prefix);
}

constexpr uint32_t kOwn = kNoScript | kLoading | kStale;

constexpr CommandSpec kSpecs[] = {
    {.name = "client|caching",
     .handler = &ClientCaching,
     .arity = 3,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "6.0.0",
     .syntax = "<mode YES | NO>",
     .complexity = "O(1)",
     .summary = "Says whether the keys that the next command reads are tracked."},
    {.name = "client|getredir",
     .handler = &ClientGetredir,
     .arity = 2,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Returns the id of the client that gets this one's invalidation messages."},
    {.name = "client|tracking",
     .handler = &ClientTracking,
     .arity = -3,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "6.0.0",
     .syntax = "<status ON | OFF> [REDIRECT client-id:integer] [PREFIX prefix...+] [BCAST=BCAST] "
               "[OPTIN=OPTIN] [OPTOUT=OPTOUT] [NOLOOP=NOLOOP]",
     .complexity = "O(1) for each prefix and each of the session's prefixes",
     .summary = "Tells the connection of changes to keys that it may have kept."},
    {.name = "client|trackinginfo",
     .handler = &ClientTrackinginfo,
     .arity = 2,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Describes what the connection has asked of CLIENT TRACKING."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs TrackingCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
