// The words for a spec's flags, groups and categories, in the order in which Redis lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/command/spec.h"

namespace kvasm::command {

std::string_view GroupText(Group group);

// All ACL categories of a command: those declared and those that follow from its flags.
uint32_t CategoriesOf(const CommandSpec& spec);
// The bit of a category by its name without '@', in any case; nullopt if there is none.
std::optional<uint32_t> CategoryByName(std::string_view name);

// Each calls visit(text) for the bits that are set.
template <class F>
void ForEachFlagText(uint32_t flags, F visit);
template <class F>
void ForEachCategoryText(uint32_t categories, F visit);
template <class F>
void ForEachKeyFlagText(uint16_t flags, F visit);

// --- implementation ---

inline constexpr std::string_view kFlagTexts[] = {
    "write",    "readonly",     "denyoom",           "admin",
    "pubsub",   "noscript",     "blocking",          "loading",
    "stale",    "skip_monitor", "skip_slowlog",      "asking",
    "fast",     "no_auth",      "no_mandatory_keys", "no_async_loading",
    "no_multi", "allow_busy"};
inline constexpr std::string_view kCategoryTexts[] = {
    "keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
    "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting"};
inline constexpr std::string_view kKeyFlagTexts[] = {
    "RO",     "RW",     "OW",      "RM",         "access",        "update",
    "insert", "delete", "not_key", "incomplete", "variable_flags"};

template <size_t N, class F>
void ForEachText(const std::string_view (&texts)[N], uint32_t bits, F visit) {
  for (size_t i = 0; i < N; ++i) {
    if (bits & (1u << i)) visit(texts[i]);
  }
}
template <class F>
void ForEachFlagText(uint32_t flags, F visit) {
  ForEachText(kFlagTexts, flags, visit);
}
template <class F>
void ForEachCategoryText(uint32_t categories, F visit) {
  ForEachText(kCategoryTexts, categories, visit);
}
template <class F>
void ForEachKeyFlagText(uint16_t flags, F visit) {
  ForEachText(kKeyFlagTexts, flags, visit);
}

}  // namespace kvasm::command
