// A connection's own affairs: who it is, which protocol it speaks, which database it uses. CLIENT
// is in client.cc.
#include "core/commands/connection.h"

#include <optional>

#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/services/monitors.h"
#include "core/services/tracking.h"
#include "core/services/version.h"

namespace kvasm::commands {

bool IsLocal(const services::Session& session) {
  const std::string_view address = session.address;
  return !session.network || address.starts_with("127.") || address.starts_with("[::1]:") ||
         services::IsUnixSocket(session);
}

bool IsOneWord(std::string_view text) {
  for (char c : text) {
    if (c < '!' || c > '~') return false;
  }
  return true;
}

void NoteFailedAuthentication(command::Call& call, std::string_view user) {
  const bool queued = !call.may_wait || call.session.transaction.open();
  call.services.acl.log().Add(
      {.reason = services::AclReason::kAuth,
       .context = queued ? services::AclContext::kMulti : services::AclContext::kToplevel,
       .object = call.arg(0),
       .username = user,
       .client = DescribeSession(call.session, call.keyspace, call.args)},
      call.now_ms(), static_cast<uint64_t>(call.services.settings().acllog_max_len));
}

void ResetSession(command::Call& call) {
  services::Session& session = call.session;
  call.services.acl.Welcome(session);
  session.transaction.Close(call.keyspace);
  call.services.pubsub.UnsubscribeAll(session);
  call.services.tracking.Disable(session);
  call.services.monitors.Remove(session);
  // What is skipped already stays so.
  if (session.reply_mode != services::ReplyMode::kSkip) {
    session.reply_mode = services::ReplyMode::kOn;
  }
  session.no_evict = session.no_touch = false;
  session.db = 0;
  session.name.clear();
  session.reply.set_protocol(2);
}

namespace {

using namespace command;  // the vocabulary of specs

// False after replying the error.
bool Authenticate(Call& call, std::string_view name, std::string_view password) {
  const services::AclUser* user = call.services.acl.Authenticate(name, password);
  if (user == nullptr) {
    NoteFailedAuthentication(call, name);
    call.reply.Error(errors::kWrongPass);
    return false;
  }
  call.session.user = user;
  call.session.authenticated = true;
  return true;
}

void Auth(Call& call) {
  if (call.argc() > 3) return call.SyntaxError();
  const bool named = call.argc() == 3;
  if (!named && call.services.acl.default_user().nopass()) {
    return call.reply.Error(errors::kAuthNoPassword);
  }
  if (Authenticate(call, named ? call.arg(1) : "default", call.args.back())) call.reply.Ok();
}

void Echo(Call& call) { call.reply.Bulk(call.arg(1)); }

void Ping(Call& call) {
  if (call.argc() > 2) return call.reply.Error(errors::WrongArity("ping"));
  if (call.session.subscriptions != nullptr && call.reply.protocol() == 2) {
    // Told apart from messages by its first word.
    call.reply.Array(2);
    call.reply.Bulk("pong");
    return call.reply.Bulk(call.argc() == 2 ? call.arg(1) : "");
  }
  if (call.argc() == 2) return call.reply.Bulk(call.arg(1));
  call.reply.Simple("PONG");
}

void ReplyHello(Call& call) {
  call.reply.Map(7);
  call.reply.Bulk("server");
  call.reply.Bulk("redis");
  call.reply.Bulk("version");
  call.reply.Bulk(services::kRedisVersion);
  call.reply.Bulk("proto");
  call.reply.Integer(call.reply.protocol());
  call.reply.Bulk("id");
  call.reply.Integer(static_cast<int64_t>(call.session.id));
  call.reply.Bulk("mode");
  call.reply.Bulk("standalone");
  call.reply.Bulk("role");
  call.reply.Bulk("master");
  call.reply.Bulk("modules");
  call.reply.Array(0);
}

void Hello(Call& call) {
  Arguments in(call);
  std::optional<int64_t> version;
  std::optional<std::string_view> user, name;
  std::string_view password;
  if (in.More()) {
    version = in.Int(errors::kProtoNotInteger);
    if (*version < 2 || *version > 3) in.Fail(errors::kNoProto);
  }
  while (in.More()) {
    if (in.left() >= 3 && in.Take("AUTH")) {
      user = in.Next();
      password = in.Next();
    } else if (in.TakeWithValue("SETNAME")) {
      name = in.Next();
      if (!IsOneWord(*name)) in.Fail(errors::kClientName);
    } else {
      in.Fail(errors::HelloOption(in.Peek()));
    }
  }
  if (!in.ok()) return;
  if (user && !Authenticate(call, *user, password)) return;
  if (!call.session.authenticated) return call.reply.Error(errors::kHelloNeedsAuth);
  if (name) call.session.name = *name;
  if (version) call.reply.set_protocol(static_cast<int>(*version));
  ReplyHello(call);
}

void Quit(Call& call) {
  call.reply.Ok();
  call.session.close_after_reply = true;
}

void Reset(Call& call) {
  ResetSession(call);
  call.reply.Simple("RESET");
}

void Select(Call& call) {
  Arguments in(call);
  const int64_t db = in.Int();
  if (in.ok() && (db < 0 || db >= call.keyspace.database_count())) {
    in.Fail(errors::kDbIndexOutOfRange);
  }
  if (!in.ok()) return;
  call.session.db = static_cast<int>(db);
  call.reply.Ok();
}

constexpr uint32_t kAnyTime = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;

constexpr CommandSpec kSpecs[] = {
    {.name = "auth",
     .handler = &Auth,
     .arity = -2,
     .group = Group::kConnection,
     .flags = kAnyTime,
     .categories = kCatConnection,
     .since = "1.0.0",
     .syntax = "[username~6.0.0] password",
     .complexity = "O(N) in the length of the password",
     .summary = "Authenticates the connection."},
    {.name = "echo",
     .handler = &Echo,
     .arity = 2,
     .group = Group::kConnection,
     .flags = kLoading | kStale | kFast,
     .categories = kCatConnection,
     .since = "1.0.0",
     .syntax = "message",
     .complexity = "O(1)",
     .summary = "Returns its argument."},
    {.name = "hello",
     .handler = &Hello,
     .arity = -1,
     .group = Group::kConnection,
     .flags = kAnyTime,
     .categories = kCatConnection,
     .since = "6.0.0",
     .syntax =
         "[{arguments protover:integer [AUTH {auth username password}] [SETNAME clientname]}]",
     .complexity = "O(1)",
     .summary = "Chooses the protocol version and introduces the server."},
    {.name = "ping",
     .handler = &Ping,
     .arity = -1,
     .group = Group::kConnection,
     .flags = kFast,
     .categories = kCatConnection,
     .since = "1.0.0",
     .syntax = "[message]",
     .tips = "request_policy:all_shards,response_policy:all_succeeded",
     .complexity = "O(1)",
     .summary = "Answers, to show that the connection lives."},
    {.name = "quit",
     .handler = &Quit,
     .arity = -1,
     .group = Group::kConnection,
     .flags = kAnyTime,
     .categories = kCatConnection,
     .since = "1.0.0",
     .deprecated_since = "7.2.0",
     .replaced_by = "just closing the connection",
     .complexity = "O(1)",
     .summary = "Closes the connection after answering."},
    {.name = "reset",
     .handler = &Reset,
     .arity = 1,
     .group = Group::kConnection,
     .flags = kAnyTime,
     .categories = kCatConnection,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Puts the connection back to how it began."},
    {.name = "select",
     .handler = &Select,
     .arity = 2,
     .group = Group::kConnection,
     .flags = kLoading | kStale | kFast,
     .categories = kCatConnection,
     .since = "1.0.0",
     .syntax = "index:integer",
     .complexity = "O(1)",
     .summary = "Chooses the database that later commands use."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs ConnectionCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
