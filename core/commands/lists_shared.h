// Shared by the files of the list commands.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/command/arguments.h"
#include "core/commands/collections.h"
#include "core/keyspace/edit.h"
#include "core/types/list.h"

namespace kvasm::commands {

using ListEnd = types::List::End;

// The list at `key`, null when absent. False after replying WRONGTYPE.
inline bool FindList(command::Call& call, std::string_view key, keyspace::Entry** entry) {
  return FindCollection(call, key, types::Type::kList, entry);
}

// The number of elements of the list behind an entry.
inline uint64_t ListSize(const keyspace::Entry& entry) {
  return types::ValueSize(entry.encoding, entry.data);
}

inline std::string_view PopEvent(ListEnd end) { return end == ListEnd::kHead ? "lpop" : "rpop"; }
inline std::string_view PushEvent(ListEnd end) { return end == ListEnd::kHead ? "lpush" : "rpush"; }

// LEFT or RIGHT, the next argument.
inline ListEnd ReadEnd(command::Arguments& in) {
  if (in.Take("LEFT")) return ListEnd::kHead;
  if (!in.Take("RIGHT")) in.Fail(errors::kSyntax);
  return ListEnd::kTail;
}

// Removes `count` elements from one end, the nearest first, having replied each of them. False if
// the reply did not fit into memory: nothing has been removed.
bool PopAndReply(command::Call& call, keyspace::Edit& edit, ListEnd end, uint64_t count);

// Moves an element from one end of the list at `source` to an end of the one at `destination` and
// replies it. True if that was done or an error has been replied, false if there is no source.
bool MoveAndReply(command::Call& call, std::string_view source, ListEnd from,
                  std::string_view destination, ListEnd to);

// What LMPOP and BLMPOP are asked for.
struct ListMultiPop {
  std::span<const std::string_view> keys;
  ListEnd end = ListEnd::kHead;
  uint64_t count = 1;
};
// numkeys key... LEFT | RIGHT [COUNT count]. False after replying an error.
bool ReadMultiPop(command::Call& call, command::Arguments& in, ListMultiPop* pop);
// Pops from the first of the keys that holds something. False if none does.
bool PopFromFirst(command::Call& call, const ListMultiPop& pop);

}  // namespace kvasm::commands
