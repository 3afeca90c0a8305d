// What the writers of the several types share. Internal to this layer.
#pragma once

#include <string_view>

#include "core/persist/listpack.h"
#include "core/persist/writer.h"

namespace kvasm::types {
class Stream;
}

namespace kvasm::persist {

// Writes what `add(ListpackWriter&)` adds as one listpack.
template <class Add>
void SaveListpack(Writer& out, Add add) {
  Block& block = out.Scratch();
  ListpackWriter listpack(block);
  add(listpack);
  const std::string_view bytes = listpack.Finish();
  if (block.failed()) return out.Fail();
  out.Blob(bytes);
}

void SaveStream(Writer& out, const types::Stream& stream, ValueType type);

}  // namespace kvasm::persist
