#include "core/commands/all.h"

#include <vector>

namespace kvasm::commands {

// The order here is the order of COMMAND and of command indexes.
std::vector<Specs> AllCommands() {
  // One a line, so that additions merge.
  // clang-format off
  return {
      AclCommands(),
      ClientCommands(),
      ClusterCommands(),
      TrackingCommands(),
      CommandCommands(),
      ConfigCommands(),
      ConnectionCommands(),
      DebugCommands(),
      InfoCommands(),
      MemoryCommands(),
      ServerCommands(),
      SavingCommands(),
      ExpireCommands(),
      GenericCommands(),
      ObjectCommands(),
      ScanCommands(),
      StringCommands(),
      StringNumberCommands(),
      HashCommands(),
      HashExpireCommands(),
      ListCommands(),
      ListEndCommands(),
      ListBlockingCommands(),
      SetCommands(),
      SetAlgebraCommands(),
      SortedSetCommands(),
      SortedSetPopCommands(),
      SortedSetRangeCommands(),
      SortedSetAlgebraCommands(),
      StreamCommands(),
      StreamInfoCommands(),
      StreamReadCommands(),
      StreamGroupCommands(),
      StreamPendingCommands(),
      StreamReadGroupCommands(),
      StringLcsCommands(),
      GeoCommands(),
      GeoSearchCommands(),
      SortCommands(),
      BitCommands(),
      BitFieldCommands(),
      HyperLogLogCommands(),
      FunctionCommands(),
      ScriptCommands(),
      TransactionCommands(),
      DumpCommands(),
      PubsubCommands(),
      WaitCommands(),
      SlowLogCommands(),
      LatencyCommands(),
  };
  // clang-format on
}

}  // namespace kvasm::commands
