// A family's specs as the module carries them (core/base/packing.h); command::Table unpacks them
// when an engine starts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "core/base/packing.h"
#include "core/command/spec.h"

namespace kvasm::command {

// Borrows what Pack made: lives as long as the program.
struct PackedSpecs {
  // The numbers of all specs, then their texts, each with a NUL after it.
  const char* bytes;
  const Handler* handlers;
  size_t count;
};

// Appends the specs, whose texts are those of `packed`.
void Unpack(const PackedSpecs& packed, std::vector<CommandSpec>* specs);

namespace packing {

// In the order in which Unpack reads.
template <size_t N>
constexpr size_t Write(const CommandSpec (&specs)[N], char* out) {
  base::PackingWriter writer(out);
  for (const CommandSpec& spec : specs) {
    writer.Signed(spec.arity);
    writer.Number(static_cast<uint64_t>(spec.group));
    writer.Number(spec.flags);
    writer.Number(spec.categories);
    for (const KeySpec& key : spec.keys) {
      writer.Number(static_cast<uint64_t>(key.begin));
      if (key.begin == KeySpec::Begin::kNone) break;
      writer.Number(key.flags);
      writer.Number(static_cast<uint64_t>(key.find));
      for (const int16_t number : {key.pos, key.last, key.step, key.limit}) writer.Signed(number);
    }
  }
  for (const CommandSpec& spec : specs) {
    for (const std::string_view text :
         {spec.name, spec.since, spec.syntax, spec.tips, spec.deprecated_since, spec.replaced_by,
          spec.complexity, spec.summary}) {
      writer.Text(text);
    }
    for (const KeySpec& key : spec.keys) {
      if (key.begin == KeySpec::Begin::kKeyword) writer.Text(key.keyword);
    }
  }
  return writer.size();
}

template <const auto& kSpecs>
struct Packed {
  static constexpr auto kBytes = [] {
    std::array<char, Write(kSpecs, nullptr)> bytes{};
    Write(kSpecs, bytes.data());
    return bytes;
  }();
  static constexpr auto kHandlers = [] {
    std::array<Handler, std::size(kSpecs)> handlers{};
    for (size_t i = 0; i < handlers.size(); ++i) handlers[i] = kSpecs[i].handler;
    return handlers;
  }();
};

}  // namespace packing

// The packed form of a constexpr array of specs: `return Pack<kSpecs>();`.
template <const auto& kSpecs>
PackedSpecs Pack() {
  using Packed = packing::Packed<kSpecs>;
  return {Packed::kBytes.data(), Packed::kHandlers.data(), Packed::kHandlers.size()};
}

}  // namespace kvasm::command
