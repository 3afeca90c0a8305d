// ACL: the users, what they may do, and what was refused. The rules live in services/acl*.
#include <optional>
#include <string>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/numbers.h"
#include "core/command/access.h"
#include "core/command/arguments.h"
#include "core/command/names.h"
#include "core/command/table.h"
#include "core/commands/all.h"
#include "core/commands/help.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using services::Acl;
using services::AclLog;
using services::AclSelector;
using services::AclUser;

// What a bulk string takes besides its bytes.
constexpr uint64_t kBulkBytes = 16;

Acl::Ending EndingBy(Call& call) {
  return {call.services.sessions, call.services.pubsub, &call.session};
}

// --- users ---

// At most what rules take: as they are read, as the user has them, and on the copy that is changed.
// A selector in parentheses may be of many short words.
uint64_t BytesFor(std::span<const std::string_view> rules) {
  constexpr uint64_t kEach = 768;
  uint64_t bytes = 0;
  for (const std::string_view rule : rules) {
    const uint64_t times = rule.starts_with('(') ? 64 : 4;
    bytes += kEach + times * rule.size();
  }
  return bytes;
}

void AclSetuser(Call& call) {
  const std::string_view name = call.arg(2);
  if (services::AclHasSpaces(name)) return call.reply.Error(errors::kAclUsername);
  Acl& acl = call.services.acl;
  const AclUser* user = acl.Find(name);
  const uint64_t known = user == nullptr ? 2 * uint64_t{name.size()} : user->DescriptionBytes();
  if (!call.HaveRoomToKeep(2 * known + BytesFor(call.args.subspan(2)))) return;
  const base::Status status = acl.Set(name, call.args.subspan(3), EndingBy(call));
  if (!status.ok()) return call.reply.Error(status.error());
  call.reply.Ok();
}

void AclDeluser(Call& call) {
  for (const std::string_view name : call.args.subspan(2)) {
    if (services::AclWord(name) == "default") return call.reply.Error(errors::kAclDefaultUser);
  }
  int64_t removed = 0;
  for (const std::string_view name : call.args.subspan(2)) {
    removed += call.services.acl.Remove(name, EndingBy(call)) ? 1 : 0;
  }
  call.reply.Integer(removed);
}

void ReplySelector(Call& call, const AclSelector& selector) {
  call.reply.Bulk("commands");
  call.reply.Bulk(selector.DescribeCommands());
  call.reply.Bulk("keys");
  call.reply.Bulk(selector.DescribeKeys());
  call.reply.Bulk("channels");
  call.reply.Bulk(selector.DescribeChannels());
}

void AclGetuser(Call& call) {
  const AclUser* user = call.services.acl.Find(call.arg(2));
  if (user == nullptr) return call.reply.Null();
  if (!call.HaveRoom(2 * user->DescriptionBytes())) return;
  call.reply.Map(6);
  call.reply.Bulk("flags");
  const std::vector<std::string_view> flags = user->Flags();
  call.reply.Set(flags.size());
  for (const std::string_view flag : flags) call.reply.Bulk(flag);
  call.reply.Bulk("passwords");
  call.reply.Array(user->passwords().size());
  for (const std::string& password : user->passwords()) call.reply.Bulk(password);
  ReplySelector(call, user->selectors().front());
  call.reply.Bulk("selectors");
  call.reply.Array(user->selectors().size() - 1);
  for (size_t i = 1; i < user->selectors().size(); ++i) {
    call.reply.Map(3);
    ReplySelector(call, user->selectors()[i]);
  }
}

void AclList(Call& call) {
  const Acl::Users& users = call.services.acl.users();
  if (!call.HaveRoom(2 * call.services.acl.DescriptionBytes())) return;
  call.reply.Array(users.size());
  for (const auto& [name, user] : users) {
    call.reply.Bulk("user " + name + " " + user->Describe());
  }
}

void AclUsers(Call& call) {
  const Acl::Users& users = call.services.acl.users();
  uint64_t bytes = 0;
  for (const auto& [name, user] : users) bytes += name.size() + kBulkBytes;
  if (!call.HaveRoom(bytes)) return;
  call.reply.Array(users.size());
  for (const auto& [name, user] : users) call.reply.Bulk(name);
}

void AclWhoami(Call& call) { call.reply.Bulk(call.session.user->name()); }

// --- the file of users ---

// False after replying why there is none. In a program of its own there is no server that would
// open files.
bool HasFile(Call& call) {
  const bool served = call.services.identity.standalone && call.session.network;
  if (served && !call.services.settings().aclfile.empty()) return true;
  call.reply.Error(errors::kAclNoFile);
  return false;
}

void AclLoad(Call& call) {
  if (!HasFile(call)) return;
  call.services.effects.Add({.kind = services::Effect::Kind::kAclLoad,
                             .name = call.services.settings().aclfile,
                             .session = call.session.id});
  call.waits_for_host = true;
}

void AclSave(Call& call) {
  if (!HasFile(call)) return;
  if (!call.HaveRoom(2 * call.services.acl.DescriptionBytes())) return;
  call.services.effects.Add({.kind = services::Effect::Kind::kAclSave,
                             .name = call.services.settings().aclfile,
                             .value = call.services.acl.Save(),
                             .session = call.session.id});
  call.waits_for_host = true;
}

// --- commands and permissions ---

void AclCat(Call& call) {
  if (call.argc() > 3) return call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "ACL"));
  if (call.argc() == 2) {
    call.reply.Array(std::size(kCategoryTexts));
    for (const std::string_view name : kCategoryTexts) call.reply.Bulk(name);
    return;
  }
  const std::optional<uint32_t> category = CategoryByName(services::AclWord(call.arg(2)));
  if (!category) return call.reply.Error(errors::AclUnknownCategory(call.arg(2)));
  const resp::Writer::Mark mark = call.reply.Begin();
  uint64_t count = 0;
  for (size_t i = 0; i < call.table.size(); ++i) {
    if (!(CategoriesOf(call.table.at(i)) & *category)) continue;
    call.reply.Bulk(call.table.at(i).name);
    ++count;
  }
  call.reply.EndArray(mark, count);
}

void AclDryrun(Call& call) {
  const AclUser* user = call.services.acl.Find(call.arg(2));
  if (user == nullptr) return call.reply.Error(errors::AclUserNotFound(call.arg(2)));
  const std::span<const std::string_view> args = call.args.subspan(3);
  const int32_t index = call.table.Resolve(args);
  if (index == Table::kNone) return call.reply.Error(errors::AclCommandNotFound(args[0]));
  const CommandSpec& spec = call.table.at(static_cast<size_t>(index));
  if (!spec.Takes(args.size())) return call.reply.Error(errors::WrongArity(spec.name));
  const Access access = CheckAccess(*user, spec, static_cast<size_t>(index), args);
  if (access.ok()) return call.reply.Ok();
  const std::string_view object = args[access.argument];
  if (!call.HaveRoom(2 * uint64_t{object.size()})) return;
  if (access.denied == services::AclReason::kKey) {
    return call.reply.Bulk(errors::DeniedKey(user->name(), object));
  }
  if (access.denied == services::AclReason::kChannel) {
    return call.reply.Bulk(errors::DeniedChannel(user->name(), object));
  }
  call.reply.Bulk(errors::DeniedCommand(user->name(), spec.name));
}

void AclGenpass(Call& call) {
  constexpr int64_t kBitsMax = 4096;
  constexpr int64_t kBitsUsual = 256;
  if (call.argc() > 3) return call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "ACL"));
  Arguments in(call, 2);
  const int64_t bits = in.More() ? in.Int() : kBitsUsual;
  if (in.ok() && (bits <= 0 || bits > kBitsMax)) in.Fail(errors::kAclGenpassBits);
  if (!in.ok()) return;
  // Not the engine's own generator, whose replies are repeatable.
  std::string password;
  uint64_t random = 0;
  for (int64_t digit = 0; digit < (bits + 3) / 4; ++digit) {
    if (digit % 16 == 0) random = call.host.entropy.Next();
    password.push_back("0123456789abcdef"[random & 15]);
    random >>= 4;
  }
  call.reply.Bulk(password);
}

// --- what was refused ---

void ReplyEntry(Call& call, const AclLog::Entry& entry) {
  call.reply.Map(10);
  call.reply.Bulk("count");
  call.reply.Integer(static_cast<int64_t>(entry.count));
  call.reply.Bulk("reason");
  call.reply.Bulk(services::ReasonText(entry.reason));
  call.reply.Bulk("context");
  call.reply.Bulk(services::ContextText(entry.context));
  call.reply.Bulk("object");
  call.reply.Bulk(entry.object);
  call.reply.Bulk("username");
  call.reply.Bulk(entry.username);
  call.reply.Bulk("age-seconds");
  call.reply.Double(static_cast<double>(call.now_ms() - entry.updated_ms) / 1000);
  call.reply.Bulk("client-info");
  call.reply.Bulk(entry.client);
  call.reply.Bulk("entry-id");
  call.reply.Integer(entry.id);
  call.reply.Bulk("timestamp-created");
  call.reply.Integer(entry.created_ms);
  call.reply.Bulk("timestamp-last-updated");
  call.reply.Integer(entry.updated_ms);
}

void AclLogCommand(Call& call) {
  constexpr int64_t kEntriesUsual = 10;
  constexpr uint64_t kEntryBytes = 400;  // all but the texts
  if (call.argc() > 3) return call.reply.Error(errors::WrongSubcommandSyntax(call.arg(1), "ACL"));
  AclLog& log = call.services.acl.log();
  Arguments in(call, 2);
  if (in.Take("RESET")) {
    log.Clear();
    return call.reply.Ok();
  }
  int64_t left = in.More() ? in.Int() : kEntriesUsual;
  if (!in.ok()) return;
  left = std::clamp<int64_t>(left, 0, static_cast<int64_t>(log.entries().size()));
  if (!call.HaveRoom(log.text_bytes() + uint64_t{log.entries().size()} * kEntryBytes)) return;
  call.reply.Array(static_cast<uint64_t>(left));
  for (const AclLog::Entry& entry : log.entries()) {
    if (left-- == 0) break;
    ReplyEntry(call, entry);
  }
}

void AclHelp(Call& call) {
  ReplyHelp(call, {
                      "CAT [<category>]",
                      "    The categories, or the commands of one.",
                      "DELUSER <username> [<username> ...]",
                      "    Remove users and end their connections.",
                      "DRYRUN <username> <command> [<arg> ...]",
                      "    Whether the user might run this, without running it.",
                      "GENPASS [<bits>]",
                      "    A random password, of 256 bits unless told otherwise.",
                      "GETUSER <username>",
                      "    All about one user.",
                      "LIST",
                      "    All users, in the form of a configuration file.",
                      "LOAD",
                      "    Replace the users by those of the file.",
                      "LOG [<count> | RESET]",
                      "    What has been refused lately.",
                      "SAVE",
                      "    Write the users to the file.",
                      "SETUSER <username> <attribute> [<attribute> ...]",
                      "    Change a user, or make one.",
                      "USERS",
                      "    The names of all users.",
                      "WHOAMI",
                      "    The user of this connection.",
                  });
}

constexpr uint32_t kOpen = kNoScript | kLoading | kStale;
constexpr uint32_t kForAdmin = kOpen | kAdmin;
constexpr std::string_view kOnAllNodes = "request_policy:all_nodes,response_policy:all_succeeded";

constexpr CommandSpec kSpecs[] = {
    {.name = "acl",
     .arity = -2,
     .group = Group::kServer,
     .since = "6.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Looks after users and what they may do."},
    {.name = "acl|cat",
     .handler = &AclCat,
     .arity = -2,
     .group = Group::kServer,
     .flags = kOpen,
     .since = "6.0.0",
     .syntax = "[category]",
     .complexity = "O(1), a constant number of commands and categories",
     .summary = "Lists the categories of commands, or the commands of one."},
    {.name = "acl|deluser",
     .handler = &AclDeluser,
     .arity = -3,
     .group = Group::kServer,
     .flags = kForAdmin,
     .since = "6.0.0",
     .syntax = "username...",
     .tips = kOnAllNodes,
     .complexity = "O(N) in the connections, for each user",
     .summary = "Removes users and ends their connections."},
    {.name = "acl|dryrun",
     .handler = &AclDryrun,
     .arity = -4,
     .group = Group::kServer,
     .flags = kForAdmin,
     .since = "7.0.0",
     .syntax = "username command [arg...]",
     .complexity = "O(1)",
     .summary = "Tells whether a user might run a command, without running it."},
    {.name = "acl|genpass",
     .handler = &AclGenpass,
     .arity = -2,
     .group = Group::kServer,
     .flags = kOpen,
     .since = "6.0.0",
     .syntax = "[bits:integer]",
     .complexity = "O(1)",
     .summary = "Returns a random password."},
    {.name = "acl|getuser",
     .handler = &AclGetuser,
     .arity = 3,
     .group = Group::kServer,
     .flags = kForAdmin,
     .since = "6.0.0",
     .syntax = "username",
     .complexity = "O(N) in the user's passwords, commands and patterns",
     .summary = "Returns all about one user."},
    {.name = "acl|help",
     .handler = &AclHelp,
     .arity = 2,
     .group = Group::kServer,
     .flags = kLoading | kStale,
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands of ACL."},
    {.name = "acl|list",
     .handler = &AclList,
     .arity = 2,
     .group = Group::kServer,
     .flags = kForAdmin,
     .since = "6.0.0",
     .complexity = "O(N) in the users and their rules",
     .summary = "Returns all users in the form of a configuration file."},
    {.name = "acl|load",
     .handler = &AclLoad,
     .arity = 2,
     .group = Group::kServer,
     .flags = kForAdmin,
     .since = "6.0.0",
     .complexity = "O(N) in the users and their rules",
     .summary = "Replaces the users by those of the file."},
    {.name = "acl|log",
     .handler = &AclLogCommand,
     .arity = -2,
     .group = Group::kServer,
     .flags = kForAdmin,
     .since = "6.0.0",
     .syntax = "[<operation count:integer | RESET>]",
     .complexity = "O(N) in the entries returned",
     .summary = "Returns what was refused lately, or forgets it."},
    {.name = "acl|save",
     .handler = &AclSave,
     .arity = 2,
     .group = Group::kServer,
     .flags = kForAdmin,
     .since = "6.0.0",
     .tips = kOnAllNodes,
     .complexity = "O(N) in the users and their rules",
     .summary = "Writes the users to the file."},
    {.name = "acl|setuser",
     .handler = &AclSetuser,
     .arity = -3,
     .group = Group::kServer,
     .flags = kForAdmin,
     .since = "6.0.0",
     .syntax = "username [rule...]",
     .tips = kOnAllNodes,
     .complexity = "O(N) in the rules given",
     .summary = "Changes what a user is and may do; makes the user if there is none."},
    {.name = "acl|users",
     .handler = &AclUsers,
     .arity = 2,
     .group = Group::kServer,
     .flags = kForAdmin,
     .since = "6.0.0",
     .complexity = "O(N) in the users",
     .summary = "Returns the names of all users."},
    {.name = "acl|whoami",
     .handler = &AclWhoami,
     .arity = 2,
     .group = Group::kServer,
     .flags = kOpen,
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Returns the name of the connection's user."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs AclCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
