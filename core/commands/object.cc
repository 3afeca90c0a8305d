// OBJECT: what the server knows about a value besides the value.
#include "core/commands/all.h"
#include "core/commands/help.h"

namespace kvasm::commands {
namespace {

using namespace command;  // the vocabulary of specs
using keyspace::Entry;

// The key's entry; null after replying null if there is none.
const Entry* Look(Call& call) {
  const Entry* entry = call.keyspace.Find(call.db, call.arg(2),
                                          keyspace::kLookupNoTouch | keyspace::kLookupNoNotify);
  if (entry == nullptr) call.reply.Null();
  return entry;
}

void ObjectEncoding(Call& call) {
  if (const Entry* entry = Look(call)) call.reply.Bulk(types::EncodingName(entry->encoding));
}

void ObjectFreq(Call& call) {
  const Entry* entry = Look(call);
  if (entry == nullptr) return;
  const keyspace::AccessPolicy& policy = call.keyspace.access();
  if (!policy.lfu) return call.reply.Error(errors::kLfuNotSelected);
  call.reply.Integer(keyspace::Frequency(*entry, policy, call.now_ms()));
}

void ObjectIdletime(Call& call) {
  const Entry* entry = Look(call);
  if (entry == nullptr) return;
  if (call.keyspace.access().lfu) return call.reply.Error(errors::kLfuSelected);
  call.reply.Integer(static_cast<int64_t>(keyspace::IdleSeconds(*entry, call.now_ms())));
}

// Nothing is shared here, but clients see Redis's shared small integers: it keeps one object for
// each, unless an eviction policy needs an access clock for every key.
bool LooksShared(Call& call, const Entry& entry) {
  constexpr int64_t kSharedIntegers = 10000;
  if (entry.encoding != types::Encoding::kInt) return false;
  if (entry.IntValue() < 0 || entry.IntValue() >= kSharedIntegers) return false;
  const services::Settings& settings = call.services.settings();
  const bool clocked =
      settings.maxmemory_policy.ends_with("-lru") || settings.maxmemory_policy.ends_with("-lfu");
  return settings.maxmemory == 0 || !clocked;
}

void ObjectRefcount(Call& call) {
  if (const Entry* entry = Look(call)) {
    call.reply.Integer(LooksShared(call, *entry) ? INT32_MAX : 1);
  }
}

void ObjectHelp(Call& call) {
  ReplyHelp(call,
            {
                "ENCODING <key>",
                "    How the value of the key is represented.",
                "FREQ <key>",
                "    How often the key was used lately, on a logarithmic scale (LFU policies).",
                "IDLETIME <key>",
                "    Seconds since the key was last used (all other policies).",
                "REFCOUNT <key>",
                "    The number of references to the value of the key.",
            });
}

constexpr CommandSpec kSpecs[] = {
    {.name = "object",
     .arity = -2,
     .group = Group::kGeneric,
     .since = "2.2.3",
     .complexity = "Depends on the subcommand",
     .summary = "Looks into how a value is kept."},
    {.name = "object|encoding",
     .handler = &ObjectEncoding,
     .arity = 3,
     .group = Group::kGeneric,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .since = "2.2.3",
     .keys = {{Keys(kRo, 2)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Tells how a value is represented."},
    {.name = "object|freq",
     .handler = &ObjectFreq,
     .arity = 3,
     .group = Group::kGeneric,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .since = "4.0.0",
     .keys = {{Keys(kRo, 2)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Tells how often a key was used lately, on a logarithmic scale."},
    {.name = "object|help",
     .handler = &ObjectHelp,
     .arity = 2,
     .group = Group::kGeneric,
     .flags = kLoading | kStale,
     .categories = kCatKeyspace,
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Explains the subcommands of OBJECT."},
    {.name = "object|idletime",
     .handler = &ObjectIdletime,
     .arity = 3,
     .group = Group::kGeneric,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .since = "2.2.3",
     .keys = {{Keys(kRo, 2)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Tells for how many seconds a key has not been used."},
    {.name = "object|refcount",
     .handler = &ObjectRefcount,
     .arity = 3,
     .group = Group::kGeneric,
     .flags = kReadonly,
     .categories = kCatKeyspace,
     .since = "2.2.3",
     .keys = {{Keys(kRo, 2)}},
     .syntax = "key:key",
     .tips = "nondeterministic_output",
     .complexity = "O(1)",
     .summary = "Tells how many references a value has."},
};
static_assert(AllValid(kSpecs));

}  // namespace

Specs ObjectCommands() { return command::Pack<kSpecs>(); }

}  // namespace kvasm::commands
