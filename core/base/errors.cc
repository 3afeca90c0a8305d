#include "core/base/errors.h"

#include <algorithm>
#include <initializer_list>

#include "core/base/numbers.h"
#include "core/base/printf_number.h"

namespace kvasm::errors {
namespace {

std::string Join(std::initializer_list<std::string_view> parts) {
  size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view part : parts) text.append(part);
  return text;
}

// A rule of ACL SETUSER as it may be repeated: passwords and their hashes are left out, those that
// somebody put into a selector, too. (Redis repeats them to who sent them, who may keep a log.)
std::string WithoutPasswords(std::string_view rule) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const bool is_selector = rule.starts_with('(');
  std::string shown;
  for (size_t i = 0; i < rule.size(); ++i) {
    shown += rule[i];
    const bool begins_word =
        i == 0 || (is_selector && std::string_view("( \t\r\n\"'").find(rule[i - 1]) != rule.npos);
    if (!begins_word || std::string_view("><#!").find(rule[i]) == rule.npos) continue;
    shown += "(redacted)";
    if (!is_selector) break;
    const size_t end = std::min(rule.find_first_of(kBlanks, i), rule.size());
    i = end - 1;
    if (end == rule.size() && rule.ends_with(')')) shown += ')';
  }
  return std::string(Quoted(shown, shown.size()));
}

}  // namespace

std::string InvalidExpire(std::string_view command) {
  return Join({"ERR invalid expire time in '", command, "' command"});
}

std::string UnsupportedOption(std::string_view option) {
  return Join({"ERR Unsupported option ", Quoted(option, option.size())});
}

std::string UnknownArgument(std::string_view argument) {
  return Join({"ERR unknown argument: ", Quoted(argument, argument.size())});
}

std::string UnknownPfdebugSubcommand(std::string_view name) {
  return Join({"ERR Unknown PFDEBUG subcommand '", Quoted(name, name.size()), "'"});
}

std::string HllRegister(uint64_t index, uint64_t expected, uint64_t got) {
  return Join({"ERR TESTFAILED Register ", base::Int64Text(index), " should be ",
               base::Int64Text(expected), " but is ", base::Int64Text(got)});
}

std::string HllCountError(uint64_t elements, uint64_t error) {
  return Join({"ERR TESTFAILED Too big error. card:", base::Int64Text(elements),
               " abserr:", base::Int64Text(error)});
}

std::string NeedsInputKey(std::string_view command) {
  return Join({"ERR at least 1 input key is needed for '", command, "' command"});
}

std::string UnknownClaimOption(std::string_view option) {
  return Join({"ERR Unrecognized XCLAIM option '", Quoted(option, option.size()), "'"});
}

std::string NoSuchKeyOrGroup(std::string_view key, std::string_view group) {
  return Join({"NOGROUP No such key '", Quoted(key, key.size()), "' or consumer group '",
               Quoted(group, group.size()), "'"});
}

std::string NoSuchKeyOrGroupToRead(std::string_view key, std::string_view group) {
  return NoSuchKeyOrGroup(key, group) + " in XREADGROUP with GROUP option";
}

std::string NoSuchGroup(std::string_view key, std::string_view group) {
  return Join({"NOGROUP No such consumer group '", Quoted(group, group.size()), "' for key name '",
               Quoted(key, key.size()), "'"});
}

std::string UnbalancedStreams(std::string_view command, char symbol) {
  return Join({"ERR Unbalanced '", command, "' list of streams: for each stream key an ID or '",
               std::string_view(&symbol, 1), "' must be specified."});
}

std::string GeoPair(double longitude, double latitude) {
  return Join({"ERR invalid longitude,latitude pair ", base::FixedText(longitude, 6), ",",
               base::FixedText(latitude, 6)});
}

std::string GeoNeedsCentre(std::string_view command) {
  return Join({"ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ",
               Quoted(command, command.size())});
}

std::string GeoNeedsShape(std::string_view command) {
  return Join({"ERR exactly one of BYRADIUS and BYBOX can be specified for ",
               Quoted(command, command.size())});
}

std::string ProtocolExpectedDollar(char got) {
  return Join({"ERR Protocol error: expected '$', got '", std::string_view(&got, 1), "'"});
}

std::string ExecAborted(std::string_view reason) {
  if (reason.starts_with("ERR ")) reason.remove_prefix(4);
  return "EXECABORT Transaction discarded because of: " + std::string(reason);
}

std::string WrongArity(std::string_view full_name) {
  return Join({"ERR wrong number of arguments for '", full_name, "' command"});
}

std::string_view Quoted(std::string_view text, size_t bytes_max) {
  text = text.substr(0, bytes_max);
  return text.substr(0, text.find('\0'));
}

std::string UnknownCommand(std::string_view name, std::string_view arguments) {
  return Join({"ERR unknown command '", Quoted(name, kQuotedMax),
               "', with args beginning with: ", arguments});
}

std::string UnknownSubcommand(std::string_view subcommand, std::string_view command) {
  return Join(
      {"ERR unknown subcommand '", Quoted(subcommand, kQuotedMax), "'. Try ", command, " HELP."});
}

std::string WrongSubcommandSyntax(std::string_view subcommand, std::string_view command) {
  return Join({"ERR unknown subcommand or wrong number of arguments for '",
               Quoted(subcommand, kQuotedMax), "'. Try ", command, " HELP."});
}

std::string MisconfLog(std::string_view reason) {
  return Join({"MISCONF Errors writing to the AOF file: ", reason});
}

std::string NoPermission(std::string_view reason) { return Join({"NOPERM ", reason}); }

std::string CommandDisabled(std::string_view command, std::string_view option) {
  return Join({"ERR ", command, " command not allowed. If the ", option,
               " option is set to \"local\", you can run it from a local connection, otherwise "
               "you need to set this option in the configuration file, and then restart the "
               "server."});
}

std::string HelloOption(std::string_view option) {
  return Join({"ERR Syntax error in HELLO option '", option, "'"});
}

std::string UnrecognizedOption(std::string_view option) {
  return Join({"ERR Unrecognized option '", option, "'"});
}

std::string SetInfoCharacters(std::string_view option) {
  return Join({"ERR ", option, " cannot contain spaces, newlines or special characters."});
}

std::string UnknownClientType(std::string_view type) {
  return Join({"ERR Unknown client type '", type, "'"});
}

std::string NoSuchUser(std::string_view user) { return Join({"ERR No such user '", user, "'"}); }

std::string DeniedCommand(std::string_view user, std::string_view command) {
  return Join({"User ", user, " has no permissions to run the '", command, "' command"});
}

std::string DeniedKey(std::string_view user, std::string_view key) {
  return Join({"User ", user, " has no permissions to access the '", key, "' key"});
}

std::string DeniedChannel(std::string_view user, std::string_view channel) {
  return Join({"User ", user, " has no permissions to access the '", channel, "' channel"});
}

std::string NoPermissionAnyMore(std::string_view reason) {
  return Join(
      {"NOPERM ACLs rules changed between the moment the transaction was accumulated and "
       "the EXEC call. This command is no longer allowed for the following reason: ",
       reason});
}

std::string PrefixOverlaps(std::string_view prefix, std::string_view other, bool is_present) {
  return Join({"ERR Prefix '", Quoted(prefix, prefix.size()), "' overlaps with ",
               is_present ? "an existing prefix '" : "another provided prefix '",
               Quoted(other, other.size()), "'. Prefixes for a single client must not overlap."});
}

std::string AclRule(std::string_view rule, std::string_view problem) {
  return Join({"ERR Error in ACL SETUSER modifier '", WithoutPasswords(rule), "': ", problem});
}

std::string AclParenthesis(std::string_view rule) {
  return Join(
      {"ERR Unmatched parenthesis in acl selector starting at '", WithoutPasswords(rule), "'."});
}

std::string AclOpen(std::string_view file, std::string_view reason) {
  return Join({"ERR Error loading ACLs, opening file '", file, "': ", reason});
}

std::string AclDeclaration(std::string_view rule, std::string_view problem) {
  return Join({"Error in user declaration '", WithoutPasswords(rule), "': ", problem});
}

std::string AclLine(std::string_view file, size_t line, std::string_view problem) {
  return Join({file, ":", base::Int64Text(line), problem});
}

std::string AclLineRule(std::string_view rule, std::string_view problem) {
  return Join({": Error in applying operation '", Quoted(rule, rule.size()), "': ", problem, ". "});
}

std::string AclLineUsername(std::string_view file, size_t line, std::string_view name) {
  return Join({"'", file, ":", base::Int64Text(line), ": username '", Quoted(name, name.size()),
               "' contains invalid characters. "});
}

std::string AclLineTwice(std::string_view name, size_t line) {
  return Join({"WARNING: Duplicate user '", Quoted(name, name.size()), "' found on line ",
               base::Int64Text(line), ". "});
}

std::string AclNothingLoaded(std::string_view problems) {
  return Join({"ERR ", problems,
               "WARNING: ACL errors detected, no change to the previously active ACL rules was "
               "performed"});
}

std::string AclUnknownCategory(std::string_view name) {
  return Join({"ERR Unknown category '", Quoted(name, kQuotedMax), "'"});
}

std::string AclUserNotFound(std::string_view name) {
  return Join({"ERR User '", Quoted(name, name.size()), "' not found"});
}

std::string AclCommandNotFound(std::string_view name) {
  return Join({"ERR Command '", Quoted(name, name.size()), "' not found"});
}

std::string NotWhileSubscribed(std::string_view command) {
  return Join(
      {"ERR Can't execute '", command,
       "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
       "context"});
}

std::string SubscribeDenied(std::string_view command) {
  return Join({"ERR ", command, " isn't allowed for a DENY BLOCKING client"});
}

std::string ConfigRewrite(std::string_view reason) {
  return Join({"ERR Rewriting config file: ", reason});
}

std::string ConfigUnknown(std::string_view name) {
  return Join({"ERR Unknown option or number of arguments for CONFIG SET - '", name, "'"});
}

std::string ConfigFailed(std::string_view name, std::string_view reason) {
  if (reason.empty()) {
    return Join({"ERR CONFIG SET failed (possibly related to argument '", name, "')"});
  }
  return Join({"ERR CONFIG SET failed (possibly related to argument '", name, "') - ", reason});
}

std::string NoLatencySamples(std::string_view event) {
  return Join({"ERR No samples available for event '", Quoted(event, event.size()), "'"});
}

std::string UnknownFunctionArgument(std::string_view argument) {
  return Join({"ERR Unknown argument ", Quoted(argument, argument.size())});
}

std::string UnknownFunctionOption(std::string_view option) {
  return Join({"ERR Unknown option given: ", Quoted(option, option.size())});
}

std::string LibraryMetadataValue(std::string_view value) {
  return Join({"ERR Invalid metadata value given: ", value});
}

std::string LibraryEngine(std::string_view engine) {
  return Join({"ERR Engine '", engine, "' not found"});
}

std::string LibraryExists(std::string_view name) {
  return Join({"ERR Library '", name, "' already exists"});
}

std::string RestoredLibraryExists(std::string_view name) {
  return Join({"ERR Library ", name, " already exists"});
}

std::string FunctionExists(std::string_view name) {
  return Join({"ERR Function ", name, " already exists"});
}

std::string LibraryCompile(std::string_view reason) {
  return Join({"ERR Error compiling function: ", reason});
}

std::string LibraryFailed(std::string_view error) {
  return Join({"ERR Error registering functions: ", error});
}

std::string NotEncodedAs(std::string_view encoding) {
  return Join({"ERR Not a ", encoding, " encoded object."});
}

std::string ScriptEngine(std::string_view engine) {
  return Join({"ERR Unexpected engine in script shebang: ", engine});
}

std::string ScriptShebangOption(std::string_view option) {
  return Join({"ERR Unknown lua shebang option: ", option});
}

std::string ScriptShebangFlag(std::string_view flag) {
  return Join({"ERR Unexpected flag in script shebang: ", flag});
}

std::string ScriptCompile(std::string_view reason) {
  return Join({"ERR Error compiling script (new function): ", reason});
}

std::string ScriptFailed(std::string_view name, std::string_view reason) {
  constexpr size_t kReasonChars = 100;
  return Join({"ERR Error running script ", name, ", ", reason.substr(0, kReasonChars)});
}

std::string ScriptPlace(std::string_view name, std::string_view source, int line) {
  return Join({" script: ", name, ", on ", source, ":", base::Int64Text(line), "."});
}

std::string ScriptKilled(std::string_view place) {
  return Join({"ERR Script killed by user with SCRIPT KILL...", place});
}

std::string BlocksInScript(std::string_view command) {
  return Join({"ERR ", command, " command is not allowed with BLOCK option from scripts"});
}

std::string DeniedInScript(std::string_view reason) {
  return Join({"-ERR ACL failure in script: ", reason});
}

}  // namespace kvasm::errors
