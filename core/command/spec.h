// The declaration of a command: everything that is known about it apart from its code. Dispatch,
// COMMAND, COMMAND DOCS / GETKEYS, ACL, the TypeScript typings and the REPL's completion are
// derived from it. A family's file ends with its table of specs; command/table.h joins the tables.
//
// Source of the facts: the command reference of Redis 7.2.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kvasm::command {

struct Call;
using Handler = void (*)(Call&);

enum class Group : uint8_t {
  kGeneric,
  kString,
  kList,
  kSet,
  kSortedSet,
  kHash,
  kPubsub,
  kTransactions,
  kConnection,
  kServer,
  kScripting,
  kHyperloglog,
  kCluster,
  kGeo,
  kStream,
  kBitmap,
};

// Command flags, one bit each, in the order in which COMMAND INFO lists them.
enum Flag : uint32_t {
  kWrite = 1u << 0,
  kReadonly = 1u << 1,
  kDenyOom = 1u << 2,
  kAdmin = 1u << 3,
  kPubsub = 1u << 4,
  kNoScript = 1u << 5,
  kBlocking = 1u << 6,
  kLoading = 1u << 7,
  kStale = 1u << 8,
  kSkipMonitor = 1u << 9,
  kSkipSlowlog = 1u << 10,
  kAsking = 1u << 11,
  kFast = 1u << 12,
  kNoAuth = 1u << 13,
  kNoMandatoryKeys = 1u << 14,
  kNoAsyncLoading = 1u << 15,
  kNoMulti = 1u << 16,
  kAllowBusy = 1u << 17,
  // Known to the engine, not reported.
  kMayReplicate = 1u << 18,
  kProtected = 1u << 19,
  kTouchesArbitraryKeys = 1u << 20,
  kSyscmd = 1u << 21,  // internal: documented as "syscmd"
  // key flags or positions depend on the arguments (GETKEYS needs `keys_of`)
  kVariableKeys = 1u << 22,
};

// ACL categories that do not follow from the flags or from being fast or slow.
enum Category : uint32_t {
  kCatKeyspace = 1u << 0,
  kCatRead = 1u << 1,
  kCatWrite = 1u << 2,
  kCatSet = 1u << 3,
  kCatSortedSet = 1u << 4,
  kCatList = 1u << 5,
  kCatHash = 1u << 6,
  kCatString = 1u << 7,
  kCatBitmap = 1u << 8,
  kCatHyperloglog = 1u << 9,
  kCatGeo = 1u << 10,
  kCatStream = 1u << 11,
  kCatPubsub = 1u << 12,
  kCatAdmin = 1u << 13,
  kCatFast = 1u << 14,
  kCatSlow = 1u << 15,
  kCatBlocking = 1u << 16,
  kCatDangerous = 1u << 17,
  kCatConnection = 1u << 18,
  kCatTransaction = 1u << 19,
  kCatScripting = 1u << 20,
};

enum KeyFlag : uint16_t {
  kRo = 1u << 0,
  kRw = 1u << 1,
  kOw = 1u << 2,
  kRm = 1u << 3,
  kAccess = 1u << 4,
  kUpdate = 1u << 5,
  kInsert = 1u << 6,
  kDelete = 1u << 7,
  kNotKey = 1u << 8,
  kIncomplete = 1u << 9,
  kVariableFlags = 1u << 10,
};

// Where one group of keys stands among the arguments (argument 0 is the command's name).
struct KeySpec {
  enum class Begin : uint8_t { kNone, kIndex, kKeyword, kUnknown };
  enum class Find : uint8_t { kRange, kKeynum, kUnknown };

  uint16_t flags = 0;
  Begin begin = Begin::kNone;
  Find find = Find::kRange;
  int16_t pos = 0;             // kIndex: the first argument; kKeyword: where the search starts
  std::string_view keyword{};  // kKeyword: the argument before the keys
  // kRange: relative last key, negative counts from the end; kKeynum: index of the number
  int16_t last = 0;
  int16_t step = 1;  // distance between keys
  // kRange with last == -1: only the first 1/limit of the rest; kKeynum: first key
  int16_t limit = 0;
};

// `count` keys from argument `pos` on, `step` apart, up to argument pos+last (negative: from the
// end).
constexpr KeySpec Keys(uint16_t flags, int16_t pos, int16_t last = 0, int16_t step = 1,
                       int16_t limit = 0) {
  return {.flags = flags,
          .begin = KeySpec::Begin::kIndex,
          .pos = pos,
          .last = last,
          .step = step,
          .limit = limit};
}

// A count at argument pos+count_index, and that many keys from argument pos+first on.
constexpr KeySpec CountedKeys(uint16_t flags, int16_t pos, int16_t count_index, int16_t first,
                              int16_t step = 1) {
  return {.flags = flags,
          .begin = KeySpec::Begin::kIndex,
          .find = KeySpec::Find::kKeynum,
          .pos = pos,
          .last = count_index,
          .step = step,
          .limit = first};
}

// Keys after the argument `keyword`, searched from argument `from` on (negative: backwards from the
// end).
constexpr KeySpec KeysAfter(uint16_t flags, std::string_view keyword, int16_t from,
                            int16_t last = 0, int16_t step = 1, int16_t limit = 0) {
  return {.flags = flags,
          .begin = KeySpec::Begin::kKeyword,
          .pos = from,
          .keyword = keyword,
          .last = last,
          .step = step,
          .limit = limit};
}

// Keys that only the command's own code can find.
constexpr KeySpec UnknownKeys(uint16_t flags) {
  return {.flags = flags, .begin = KeySpec::Begin::kUnknown, .find = KeySpec::Find::kUnknown};
}

// Syntax, a line of text from which COMMAND DOCS, typings and completion are derived:
//   name            a string argument            name:key, name:integer, name:double, name:pattern,
//                                                name:unix-time   an argument of another type
//   NX              a token of the name "nx"     change=CH        a token under another name
//   EX seconds:integer   an argument introduced by a token
//   [...]           optional                    item...  repeated    TOKEN item...+  with its token
//   <name a | b>    one of                       {name a b}  a block
//   item~6.2.0      since                        item!2.8.12   deprecated since
//   item'ip:port'   called so in documentation   token and group:  AGGREGATE <aggregate SUM | MIN>
// Keys take the key specs in order; `name:key#2` names another one.
struct CommandSpec {
  std::string_view name;      // lower case; a subcommand is "container|name"
  Handler handler = nullptr;  // null for a pure container
  int16_t arity = 0;          // with the name; negative: at least
  Group group = Group::kGeneric;
  uint32_t flags = 0;
  uint32_t categories = 0;
  std::string_view since{};
  std::array<KeySpec, 3> keys{};
  std::string_view syntax{};
  std::string_view tips{};              // comma separated
  std::string_view deprecated_since{};  // "" = not deprecated
  std::string_view replaced_by{};
  std::string_view complexity{};
  std::string_view summary{};

  // Whether it may be called with so many arguments, its name among them.
  constexpr bool Takes(size_t argc) const {
    return arity > 0 ? argc == static_cast<size_t>(arity) : argc >= static_cast<size_t>(-arity);
  }
};

// Whether a session that listens to channels may call it in RESP2, where messages and replies look
// alike.
constexpr bool IsForSubscribers(const CommandSpec& spec) {
  constexpr uint32_t kSubscribing = kPubsub | kNoScript;
  return (spec.flags & kSubscribing) == kSubscribing || spec.name == "ping" ||
         spec.name == "quit" || spec.name == "reset";
}

// True when the declaration agrees with itself; used as static_assert(AllValid(kSpecs)).
consteval bool Valid(const CommandSpec& spec) {
  if (spec.name.empty() || spec.since.empty() || spec.arity == 0) return false;
  for (char c : spec.name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '|')) {
      return false;
    }
  }
  if ((spec.flags & kWrite) && (spec.flags & kReadonly)) return false;
  if ((spec.flags & kDenyOom) && !(spec.flags & (kWrite | kMayReplicate)) &&
      spec.group != Group::kScripting && spec.group != Group::kTransactions &&
      spec.group != Group::kHyperloglog) {
    return false;
  }
  if (!spec.deprecated_since.empty() && spec.replaced_by.empty()) return false;
  // The summary first: to a sanitizing g++ the address of a function is no constant.
  if (spec.summary.empty() && spec.handler != nullptr) return false;
  int least = spec.arity < 0 ? -spec.arity : spec.arity;
  for (const KeySpec& key : spec.keys) {
    if (key.begin == KeySpec::Begin::kNone) continue;
    if (key.flags == 0) return false;
    if (key.begin == KeySpec::Begin::kIndex &&
        (key.pos < 1 || (key.pos >= least && key.last >= 0 && key.find == KeySpec::Find::kRange &&
                         !(spec.flags & kNoMandatoryKeys)))) {
      return false;
    }
  }
  return true;
}

template <size_t N>
consteval bool AllValid(const CommandSpec (&specs)[N]) {
  for (const CommandSpec& spec : specs) {
    if (!Valid(spec)) return false;
  }
  return true;
}

}  // namespace kvasm::command
