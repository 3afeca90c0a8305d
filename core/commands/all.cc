#include "core/commands/all.h"

#include <vector>

namespace kvasm::commands {

// The order here is the order of COMMAND and of command indexes.
std::vector<Specs> AllCommands() {
  return {
      CommandCommands(),          ExpireCommands(),    GenericCommands(),
      ObjectCommands(),           ScanCommands(),      StringCommands(),
      StringNumberCommands(),     HashCommands(),      SetCommands(),
      SetAlgebraCommands(),       SortedSetCommands(), SortedSetRangeCommands(),
      SortedSetAlgebraCommands(), StringLcsCommands(), BitCommands(),
      FunctionCommands(),
  };
}

}  // namespace kvasm::commands
