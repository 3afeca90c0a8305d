#include "core/command/names.h"

#include "core/base/ascii.h"

namespace kvasm::command {

std::string_view GroupText(Group group) {
  constexpr std::string_view kTexts[] = {"generic",    "string", "list",      "set",
                                         "sorted-set", "hash",   "pubsub",    "transactions",
                                         "connection", "server", "scripting", "hyperloglog",
                                         "cluster",    "geo",    "stream",    "bitmap"};
  return kTexts[static_cast<size_t>(group)];
}

uint32_t CategoriesOf(const CommandSpec& spec) {
  uint32_t categories = spec.categories;
  const bool scripting = (categories & kCatScripting) != 0;
  if (spec.flags & kWrite) categories |= kCatWrite;
  if ((spec.flags & kReadonly) && !scripting) categories |= kCatRead;
  if (spec.flags & kAdmin) categories |= kCatAdmin | kCatDangerous;
  if (spec.flags & kPubsub) categories |= kCatPubsub;
  if (spec.flags & kBlocking) categories |= kCatBlocking;
  categories |= (spec.flags & kFast) ? kCatFast : kCatSlow;
  return categories;
}

std::optional<uint32_t> CategoryByName(std::string_view name) {
  for (size_t i = 0; i < std::size(kCategoryTexts); ++i) {
    if (base::EqualsIgnoreCase(kCategoryTexts[i], name)) return 1u << i;
  }
  return std::nullopt;
}

}  // namespace kvasm::command
