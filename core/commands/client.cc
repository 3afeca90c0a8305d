// CLIENT: sessions looked at and looked after. What concerns client side caching is in tracking.cc.
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/numbers.h"
#include "core/command/arguments.h"
#include "core/commands/all.h"
#include "core/commands/connection.h"
#include "core/commands/help.h"
#include "core/services/client_memory.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using services::ReplyMode;
using services::Session;

// Replicas and masters are not known here.
enum class ClientType : uint8_t { kNormal, kReplica, kMaster, kPubsub };

std::optional<ClientType> ClientTypeByName(std::string_view name) {
  if (base::EqualsIgnoreCase(name, "normal")) return ClientType::kNormal;
  if (base::EqualsIgnoreCase(name, "slave")) return ClientType::kReplica;
  if (base::EqualsIgnoreCase(name, "replica")) return ClientType::kReplica;
  if (base::EqualsIgnoreCase(name, "pubsub")) return ClientType::kPubsub;
  if (base::EqualsIgnoreCase(name, "master")) return ClientType::kMaster;
  return std::nullopt;
}

ClientType TypeOf(const Session& session) {
  return session.subscriptions == nullptr ? ClientType::kNormal : ClientType::kPubsub;
}

// --- one's own session ---

void ClientId(Call& call) { call.reply.Integer(static_cast<int64_t>(call.session.id)); }

void ClientGetname(Call& call) {
  if (call.session.name.empty()) return call.reply.Null();
  call.reply.Bulk(call.session.name);
}

void ClientSetname(Call& call) {
  if (!IsOneWord(call.arg(2))) return call.reply.Error(errors::kClientName);
  call.session.name = call.arg(2);
  call.reply.Ok();
}

void ClientSetinfo(Call& call) {
  const std::string_view option = call.arg(2);
  const bool name = base::EqualsIgnoreCase(option, "lib-name");
  if (!name && !base::EqualsIgnoreCase(option, "lib-ver")) {
    return call.reply.Error(errors::UnrecognizedOption(option));
  }
  if (!IsOneWord(call.arg(3))) return call.reply.Error(errors::SetInfoCharacters(option));
  (name ? call.session.library_name : call.session.library_version) = call.arg(3);
  call.reply.Ok();
}

// ON or OFF; nullopt after the error has been replied.
std::optional<bool> ReadSwitch(Call& call) {
  Arguments in(call, 2);
  const bool on = in.Take("ON");
  if (!on && !in.Take("OFF")) in.Fail(errors::kSyntax);
  return in.ok() ? std::optional(on) : std::nullopt;
}

void ClientNoEvict(Call& call) {
  const std::optional<bool> on = ReadSwitch(call);
  if (!on) return;
  call.session.no_evict = *on;
  call.reply.Ok();
}

void ClientNoTouch(Call& call) {
  const std::optional<bool> on = ReadSwitch(call);
  if (!on) return;
  call.session.no_touch = *on;
  call.reply.Ok();
}

void ClientReply(Call& call) {
  Arguments in(call, 2);
  if (in.Take("ON")) {
    // A SKIP before it, in a transaction, is about what follows the transaction.
    if (call.session.reply_mode != ReplyMode::kSkipNext) call.session.reply_mode = ReplyMode::kOn;
    call.reply.Ok();
  } else if (in.Take("OFF")) {
    call.session.reply_mode = ReplyMode::kOff;
  } else if (in.Take("SKIP")) {
    if (call.session.reply_mode != ReplyMode::kOff) call.session.reply_mode = ReplyMode::kSkipNext;
  } else {
    in.Fail(errors::kSyntax);
  }
}

// --- all sessions ---

uint64_t ArgumentBytes(std::span<const std::string_view> args) {
  uint64_t bytes = 0;
  for (const std::string_view argument : args) bytes += argument.size();
  return bytes;
}

// The request being executed, as client libraries send it.
uint64_t RequestBytes(std::span<const std::string_view> args) {
  if (args.empty()) return 0;
  const auto header = [](uint64_t number) {
    return base::Int64Text(static_cast<int64_t>(number)).size() + 3;  // "*", CR, LF
  };
  uint64_t bytes = header(args.size()) + ArgumentBytes(args);
  for (const std::string_view argument : args) bytes += header(argument.size()) + 2;
  return bytes;
}

std::string Flags(const Session& session, keyspace::Keyspace& keyspace) {
  std::string flags;
  if (session.monitors) flags += 'O';
  if (session.subscriptions != nullptr) flags += 'P';
  if (session.transaction.open()) flags += 'x';
  if (session.waiting) flags += 'b';
  const services::TrackingState* tracking = session.tracking.get();
  if (tracking != nullptr) {
    flags += 't';
    if (tracking->redirect_broken) flags += 'R';
    if (tracking->broadcast) flags += 'B';
  }
  if (session.transaction.WatchedWasTouched(keyspace)) flags += 'd';
  if (session.close_after_reply) flags += 'c';
  if (services::IsUnixSocket(session)) flags += 'U';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  return flags;
}

}  // namespace

// What a session here does not have (a file descriptor) is told as Redis tells its absence.
std::string DescribeSession(const Session& session, keyspace::Keyspace& keyspace,
                            std::span<const std::string_view> args) {
  std::string line;
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!line.empty()) line += ' ';
    line += name;
    line += '=';
    line += value;
  };
  const auto number = [&](std::string_view name, uint64_t value) {
    text(name, base::Int64Text(static_cast<int64_t>(value)));
  };
  const auto seconds_since = [&](int64_t then_ms) {
    return static_cast<uint64_t>(std::max<int64_t>(0, (keyspace.now_ms() - then_ms) / 1000));
  };
  const std::string flags = Flags(session, keyspace);
  const uint64_t pending = session.parser.unread_bytes() + RequestBytes(args);
  number("id", session.id);
  text("addr", session.address);
  text("laddr", session.local_address);
  text("fd", "-1");
  text("name", session.name);
  number("age", seconds_since(session.created_ms));
  number("idle", seconds_since(session.last_interaction_ms));
  text("flags", flags.empty() ? "N" : flags);
  number("db", static_cast<uint64_t>(session.db));
  const services::Subscriptions* topics = session.subscriptions.get();
  const auto subscribed = [&](services::TopicKind kind) {
    return topics == nullptr ? 0 : topics->count(kind);
  };
  number("sub", subscribed(services::TopicKind::kChannel));
  number("psub", subscribed(services::TopicKind::kPattern));
  number("ssub", subscribed(services::TopicKind::kShardChannel));
  const services::Transaction& transaction = session.transaction;
  text("multi", transaction.open() ? base::Int64Text(static_cast<int64_t>(transaction.size()))
                                   : base::Int64Text(-1));
  number("qbuf", pending);
  text("qbuf-free", "0");
  number("argv-mem", ArgumentBytes(args));
  number("multi-mem", transaction.memory_bytes());
  number("rbs", session.reply_room.bytes);
  number("rbp", session.reply_room.peak);
  const services::OutputUse output(session.out.size());
  number("obl", output.fixed_bytes);
  number("oll", output.blocks);
  number("omem", output.block_bytes());
  number("tot-mem", services::MemoryOf(session) + RequestBytes(args));
  text("events", session.out.empty() ? "r" : "rw");
  text("cmd", session.last_command.empty() ? "NULL" : session.last_command);
  text("user", session.user == nullptr ? "(superuser)" : session.user->name());
  text("redir", base::Int64Text(RedirectOf(session)));
  number("resp", static_cast<uint64_t>(session.reply.protocol()));
  text("lib-name", session.library_name);
  text("lib-ver", session.library_version);
  return line;
}

namespace {

std::string Describe(const Call& call, const Session& session) {
  const bool own = &session == &call.session;
  return DescribeSession(session, call.keyspace,
                         own ? call.args : std::span<const std::string_view>()) +
         "\n";
}

void ClientInfo(Call& call) { call.reply.Verbatim("txt", Describe(call, call.session)); }

void ClientList(Call& call) {
  Arguments in(call, 2);
  std::optional<ClientType> type;
  std::vector<int64_t> ids;
  bool by_id = false;
  if (in.left() == 2 && in.Take("TYPE")) {
    type = ClientTypeByName(in.Peek());
    if (!type) in.Fail(errors::UnknownClientType(in.Peek()));
    in.Skip();
  } else if (in.left() > 1 && in.Take("ID")) {
    by_id = true;
    while (in.More()) ids.push_back(in.Int(errors::kInvalidClientId));
  } else if (in.More()) {
    in.Fail(errors::kSyntax);
  }
  if (!in.ok()) return;
  std::string lines;
  bool fits = true;
  // Ids may be repeated and names be long: the text may outgrow memory.
  const auto add = [&](const Session& session) {
    if (session.cut_off) return;  // gone, but for the host
    const std::string line = Describe(call, session);
    const uint64_t bytes = uint64_t{lines.size()} + line.size();
    fits = fits && (bytes <= lines.capacity() || call.HaveRoom(3 * bytes));
    if (fits) lines += line;
  };
  if (by_id) {
    for (const int64_t id : ids) {
      const Session* session =
          id < 0 ? nullptr : call.services.sessions.Find(static_cast<uint64_t>(id));
      if (session != nullptr && fits) add(*session);
    }
  } else {
    for (const auto& session : call.services.sessions.all()) {
      if (fits && (!type || *type == TypeOf(*session))) add(*session);
    }
  }
  if (fits) call.reply.Verbatim("txt", lines);
}

// Which sessions CLIENT KILL ends.
struct Filter {
  std::optional<uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<ClientType> type;
  std::optional<std::string_view> user;
  bool skip_me = true;

  bool Takes(const Session& session) const {
    return (!id || session.id == *id) && (!address || session.address == *address) &&
           (!local_address || session.local_address == *local_address) &&
           (!type || *type == TypeOf(session)) && (!user || session.user->name() == *user);
  }
};

// Ends a connection: one's own after the reply, another's as soon as the host gets to it. Sessions
// of the program around the engine are ended only if they are `meant`: asked for by id.
bool Kill(Call& call, Session& session, bool meant) {
  if (!(session.network || meant) || session.close_after_reply) return false;
  session.close_after_reply = true;
  if (&session == &call.session) return true;
  // Nothing is sent to another one any more.
  session.cut_off = true;
  session.out.Clear();
  call.services.pubsub.UnsubscribeAll(session);
  call.services.sessions.MarkReady(session);
  return true;
}

Filter ReadFilter(Call& call, Arguments& in) {
  Filter filter;
  while (in.More()) {
    if (in.TakeWithValue("ID")) {
      filter.id = static_cast<uint64_t>(in.IntIn(1, INT64_MAX, errors::kClientIdPositive));
    } else if (in.TakeWithValue("TYPE")) {
      filter.type = ClientTypeByName(in.Peek());
      if (!filter.type) in.Fail(errors::UnknownClientType(in.Peek()));
      in.Skip();
    } else if (in.TakeWithValue("ADDR")) {
      filter.address = in.Next();
    } else if (in.TakeWithValue("LADDR")) {
      filter.local_address = in.Next();
    } else if (in.TakeWithValue("USER")) {
      filter.user = in.Next();
      if (call.services.acl.Find(*filter.user) == nullptr) {
        in.Fail(errors::NoSuchUser(*filter.user));
      }
    } else if (in.TakeWithValue("SKIPME")) {
      filter.skip_me = in.Take("YES");
      if (!filter.skip_me && !in.Take("NO")) in.Fail(errors::kSyntax);
    } else {
      in.Fail(errors::kSyntax);
    }
  }
  return filter;
}

void ClientKill(Call& call) {
  Arguments in(call, 2);
  const bool old_form = in.left() == 1;
  Filter filter;
  if (old_form) {
    filter.address = in.Next();
    filter.skip_me = false;
  } else {
    filter = ReadFilter(call, in);
  }
  if (!in.ok()) return;
  int64_t killed = 0;
  for (const auto& session : call.services.sessions.all()) {
    if (filter.skip_me && session.get() == &call.session) continue;
    if (!filter.Takes(*session) || !Kill(call, *session, filter.id.has_value())) continue;
    ++killed;
    if (old_form) break;
  }
  if (!old_form) return call.reply.Integer(killed);
  if (killed == 0) return call.reply.Error(errors::kNoSuchClient);
  call.reply.Ok();
}

void ClientUnblock(Call& call) {
  if (call.argc() > 4) {
    return call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "CLIENT"));
  }
  Arguments reason(call, 3);
  const bool with_error = reason.Take("ERROR");
  if (reason.More() && !reason.Take("TIMEOUT")) reason.Fail(errors::kUnblockReason);
  if (!reason.ok()) return;
  Arguments in(call, 2);
  const int64_t id = in.Int();
  if (!in.ok()) return;
  const auto session_id = static_cast<uint64_t>(id);
  const Session* session = call.services.sessions.Find(session_id);
  const bool killed = session != nullptr && session->close_after_reply;
  const bool ended = !killed && call.services.waiters.Unblock(session_id, with_error);
  call.reply.Integer(ended ? 1 : 0);
}

// --- all sessions ---

void ClientPause(Call& call) {
  bool only_writes = false;
  if (call.argc() > 4) {
    return call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "CLIENT"));
  }
  Arguments mode(call, 3);
  if (mode.More() && !mode.Take("ALL")) {
    only_writes = mode.Take("WRITE");
    if (!only_writes) mode.Fail(errors::kPauseMode);
  }
  if (!mode.ok()) return;
  Arguments in(call, 2);
  const int64_t timeout_ms = in.Int(errors::kTimeoutNotInteger);
  if (in.ok() && timeout_ms < 0) in.Fail(errors::kTimeoutNegative);
  if (in.ok() && timeout_ms > std::numeric_limits<int64_t>::max() - call.now_ms()) {
    in.Fail(errors::kTimeoutOutOfRange);
  }
  if (!in.ok()) return;
  call.services.waiters.Pause(call.now_ms() + timeout_ms, only_writes);
  call.reply.Ok();
}

void ClientUnpause(Call& call) {
  call.services.waiters.Unpause();
  call.reply.Ok();
}

void ClientHelp(Call& call) {
  ReplyHelp(call, {
                      "CACHING (YES|NO)",
                      "    Remember, or do not, what the next command reads (OPTIN, OPTOUT).",
                      "GETREDIR",
                      "    The id of the client that invalidation messages go to, -1 for none.",
                      "GETNAME",
                      "    The name of this connection.",
                      "ID",
                      "    The id of this connection.",
                      "INFO",
                      "    A line about this connection.",
                      "KILL <ip:port>",
                      "    End the connection from there.",
                      "KILL <option> <value> [<option> <value> [...]]",
                      "    End connections: ADDR <address>, LADDR <address>, ID <id>,",
                      "    TYPE (NORMAL|MASTER|REPLICA|PUBSUB), USER <name>, SKIPME (YES|NO).",
                      "LIST [options ...]",
                      "    A line about each connection: TYPE (NORMAL|MASTER|REPLICA|PUBSUB), or",
                      "    ID <id> [<id> ...].",
                      "NO-EVICT (ON|OFF)",
                      "    Keep this connection when memory for connections runs out.",
                      "NO-TOUCH (ON|OFF)",
                      "    Do not count what this connection reads as use of the keys.",
                      "PAUSE <timeout> [WRITE|ALL]",
                      "    Hold back all commands, or all writes, for so many milliseconds.",
                      "REPLY (ON|OFF|SKIP)",
                      "    Whether this connection wants replies.",
                      "SETINFO <LIB-NAME|LIB-VER> <value>",
                      "    Tell which library the client uses.",
                      "SETNAME <name>",
                      "    Name this connection.",
                      "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
                      "         [OPTIN] [OPTOUT] [NOLOOP]",
                      "    Tell this connection when keys it has read, or keys below the",
                      "    prefixes, change.",
                      "TRACKINGINFO",
                      "    What this connection has asked of CLIENT TRACKING.",
                      "UNBLOCK <clientid> [TIMEOUT|ERROR]",
                      "    End the wait of a blocked client.",
                      "UNPAUSE",
                      "    End a pause.",
                  });
}

constexpr uint32_t kOwn = kNoScript | kLoading | kStale;
constexpr uint32_t kOthers = kOwn | kAdmin;
constexpr std::string_view kKillSyntax =
    "<filter old-format'ip:port'!2.8.12 | <new-format [ID client-id:integer~2.8.12] | "
    "[TYPE <client-type NORMAL | MASTER~3.2.0 | SLAVE | REPLICA~5.0.0 | PUBSUB>~2.8.12] | "
    "[USER username] | [ADDR addr'ip:port'] | [LADDR laddr'ip:port'~6.2.0] | "
    "[SKIPME <skipme YES | NO>]>...>";

constexpr CommandSpec kSpecs[] = {
    {.name = "client",
     .arity = -2,
     .group = Group::kConnection,
     .since = "2.4.0",
     .complexity = "Depends on the subcommand",
     .summary = "Looks at connections and looks after them."},
    {.name = "client|getname",
     .handler = &ClientGetname,
     .arity = 2,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "2.6.9",
     .complexity = "O(1)",
     .summary = "Returns the name of the connection."},
    {.name = "client|help",
     .handler = &ClientHelp,
     .arity = 2,
     .group = Group::kConnection,
     .flags = kLoading | kStale,
     .categories = kCatConnection,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of CLIENT."},
    {.name = "client|id",
     .handler = &ClientId,
     .arity = 2,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Returns the id of the connection."},
    {.name = "client|info",
     .handler = &ClientInfo,
     .arity = 2,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "6.2.0",
     .tips = "nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Describes the connection in one line."},
    {.name = "client|kill",
     .handler = &ClientKill,
     .arity = -3,
     .group = Group::kConnection,
     .flags = kOthers,
     .categories = kCatConnection,
     .since = "2.4.0",
     .syntax = kKillSyntax,
     .complexity = "O(N) in the connections",
     .summary = "Ends connections."},
    {.name = "client|list",
     .handler = &ClientList,
     .arity = -2,
     .group = Group::kConnection,
     .flags = kOthers,
     .categories = kCatConnection,
     .since = "2.4.0",
     .syntax = "[TYPE <client-type NORMAL | MASTER | REPLICA | PUBSUB>~5.0.0] "
               "[ID client-id:integer...~6.2.0]",
     .tips = "nondeterministic_output",
     .complexity = "O(N) in the connections",
     .summary = "Describes each connection in one line."},
    {.name = "client|no-evict",
     .handler = &ClientNoEvict,
     .arity = 3,
     .group = Group::kConnection,
     .flags = kOthers,
     .categories = kCatConnection,
     .since = "7.0.0",
     .syntax = "<enabled ON | OFF>",
     .complexity = "O(1)",
     .summary = "Keeps the connection when memory for connections runs out."},
    {.name = "client|no-touch",
     .handler = &ClientNoTouch,
     .arity = 3,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "7.2.0",
     .syntax = "<enabled ON | OFF>",
     .complexity = "O(1)",
     .summary = "Lets the connection read without counting as use of the keys."},
    {.name = "client|pause",
     .handler = &ClientPause,
     .arity = -3,
     .group = Group::kConnection,
     .flags = kOthers,
     .categories = kCatConnection,
     .since = "3.0.0",
     .syntax = "timeout:integer [<mode WRITE | ALL>~6.2.0]",
     .complexity = "O(1)",
     .summary = "Holds back the commands of all clients, or their writes, for a time."},
    {.name = "client|reply",
     .handler = &ClientReply,
     .arity = 3,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "3.2.0",
     .syntax = "<action ON | OFF | SKIP>",
     .complexity = "O(1)",
     .summary = "Chooses whether commands are answered."},
    {.name = "client|setinfo",
     .handler = &ClientSetinfo,
     .arity = 4,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "7.2.0",
     .syntax = "<attr LIB-NAME libname | LIB-VER libver>",
     .tips = "request_policy:all_nodes,response_policy:all_succeeded",
     .complexity = "O(1)",
     .summary = "Notes which library the client uses."},
    {.name = "client|setname",
     .handler = &ClientSetname,
     .arity = 3,
     .group = Group::kConnection,
     .flags = kOwn,
     .categories = kCatConnection,
     .since = "2.6.9",
     .syntax = "connection-name",
     .tips = "request_policy:all_nodes,response_policy:all_succeeded",
     .complexity = "O(1)",
     .summary = "Names the connection."},
    {.name = "client|unblock",
     .handler = &ClientUnblock,
     .arity = -3,
     .group = Group::kConnection,
     .flags = kOthers,
     .categories = kCatConnection,
     .since = "5.0.0",
     .syntax = "client-id:integer [<unblock-type TIMEOUT | ERROR>]",
     .complexity = "O(log N) in the clients that wait",
     .summary = "Ends the wait of a blocked client."},
    {.name = "client|unpause",
     .handler = &ClientUnpause,
     .arity = 2,
     .group = Group::kConnection,
     .flags = kOthers,
     .categories = kCatConnection,
     .since = "6.2.0",
     .complexity = "O(N), N the number of commands held back",
     .summary = "Ends a pause."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs ClientCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
