#include "core/command/table.h"

#include <bit>

#include "core/base/ascii.h"
#include "core/base/check.h"

namespace kvasm::command {
namespace {

// FNV-1a over lower-case bytes. The table's keys are fixed, so flooding is no concern.
uint32_t HashOf(std::string_view text, uint32_t hash = 2166136261u) {
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    hash = (hash ^ byte) * 16777619u;
  }
  return hash;
}

uint32_t HashOf(std::string_view first, std::string_view second) {
  const uint32_t hash = HashOf(first);
  return second.empty() ? hash : HashOf(second, HashOf("|", hash));
}

// Whether `name` is "first" or "first|second".
bool Matches(std::string_view name, std::string_view first, std::string_view second) {
  if (second.empty()) return base::EqualsIgnoreCase(name, first);
  return name.size() == first.size() + 1 + second.size() && name[first.size()] == '|' &&
         base::EqualsIgnoreCase(name.substr(0, first.size()), first) &&
         base::EqualsIgnoreCase(name.substr(first.size() + 1), second);
}

}  // namespace

Table::Table(std::span<const PackedSpecs> families) {
  size_t count = 0;
  for (const PackedSpecs& family : families) count += family.count;
  specs_.reserve(count);
  for (const PackedSpecs& family : families) Unpack(family, &specs_);
  slots_.assign(std::bit_ceil(specs_.size() * 2 + 1), kNone);
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < specs_.size(); ++i) {
    size_t slot = HashOf(specs_[i].name) & mask;
    while (slots_[slot] != kNone) {
      CHECK(specs_[static_cast<size_t>(slots_[slot])].name != specs_[i].name);
      slot = (slot + 1) & mask;
    }
    slots_[slot] = static_cast<int32_t>(i);
  }
  subcommands_.assign(specs_.size(), 0);
  for (const CommandSpec& spec : specs_) {
    const size_t bar = spec.name.find('|');
    if (bar == std::string_view::npos) {
      ++top_level_count_;
      continue;
    }
    const int32_t container = Find(spec.name.substr(0, bar));
    CHECK(container != kNone);
    ++subcommands_[static_cast<size_t>(container)];
  }
}

int32_t Table::Lookup(std::string_view first, std::string_view second) const {
  const size_t mask = slots_.size() - 1;
  for (size_t slot = HashOf(first, second) & mask; slots_[slot] != kNone;
       slot = (slot + 1) & mask) {
    if (Matches(specs_[static_cast<size_t>(slots_[slot])].name, first, second)) {
      return slots_[slot];
    }
  }
  return kNone;
}

int32_t Table::Find(std::string_view name) const {
  for (const auto& [other, index] : renamed_) {
    if (base::EqualsIgnoreCase(other, name)) return index;
  }
  return Lookup(name, {});
}

std::string_view Table::Rename(std::string_view from, std::string_view to) {
  const int32_t index = Find(from);
  if (index == kNone || IsSubcommand(at(static_cast<size_t>(index))))
    return "No such command in rename-command";
  if (!base::EqualsIgnoreCase(from, to) && Find(to) != kNone)
    return "Target command name already exists";
  SetName(from, kNone);
  if (!to.empty()) SetName(to, index);
  return {};
}

void Table::SetName(std::string_view name, int32_t index) {
  for (auto& [other, known] : renamed_) {
    if (!base::EqualsIgnoreCase(other, name)) continue;
    known = index;
    return;
  }
  renamed_.emplace_back(name, index);
}

int32_t Table::Resolve(std::span<const std::string_view> args) const {
  const int32_t found = Find(args[0]);
  if (found == kNone || IsSubcommand(at(static_cast<size_t>(found)))) return kNone;
  const auto index = static_cast<size_t>(found);
  return IsContainer(index) && args.size() > 1 ? FindSubcommand(index, args[1]) : found;
}

int32_t Table::FindSubcommand(size_t container, std::string_view name) const {
  return name.empty() ? kNone : Lookup(specs_[container].name, name);
}

}  // namespace kvasm::command
