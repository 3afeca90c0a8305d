#include "core/command/packed.h"

namespace kvasm::command {
namespace {

using base::PackingReader;

int16_t ReadInt16(PackingReader& in) { return static_cast<int16_t>(in.Signed()); }

void ReadKey(PackingReader& in, KeySpec* key) {
  key->flags = static_cast<uint16_t>(in.Number());
  key->find = static_cast<KeySpec::Find>(in.Number());
  key->pos = ReadInt16(in);
  key->last = ReadInt16(in);
  key->step = ReadInt16(in);
  key->limit = ReadInt16(in);
}

}  // namespace

void Unpack(const PackedSpecs& packed, std::vector<CommandSpec>* specs) {
  PackingReader in(packed.bytes);
  const size_t first = specs->size();
  for (size_t i = 0; i < packed.count; ++i) {
    CommandSpec& spec = specs->emplace_back();
    spec.handler = packed.handlers[i];
    spec.arity = ReadInt16(in);
    spec.group = static_cast<Group>(in.Number());
    spec.flags = static_cast<uint32_t>(in.Number());
    spec.categories = static_cast<uint32_t>(in.Number());
    for (KeySpec& key : spec.keys) {
      key.begin = static_cast<KeySpec::Begin>(in.Number());
      if (key.begin == KeySpec::Begin::kNone) break;
      ReadKey(in, &key);
    }
  }
  for (size_t i = first; i < specs->size(); ++i) {
    CommandSpec& spec = (*specs)[i];
    for (std::string_view* text :
         {&spec.name, &spec.since, &spec.syntax, &spec.tips, &spec.deprecated_since,
          &spec.replaced_by, &spec.complexity, &spec.summary}) {
      *text = in.Text();
    }
    for (KeySpec& key : spec.keys) {
      if (key.begin == KeySpec::Begin::kKeyword) key.keyword = in.Text();
    }
  }
}

}  // namespace kvasm::command
