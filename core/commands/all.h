// Every family's table of commands. Adding a family is a line here and one in all.cc.
#pragma once

#include <vector>

#include "core/command/packed.h"

namespace kvasm::commands {

using Specs = command::PackedSpecs;

Specs AclCommands();
Specs ClientCommands();
Specs ClusterCommands();
Specs TrackingCommands();
Specs CommandCommands();
Specs ConfigCommands();
Specs ConnectionCommands();
Specs DebugCommands();
Specs InfoCommands();
Specs MemoryCommands();
Specs ServerCommands();
Specs ExpireCommands();
Specs GenericCommands();
Specs ObjectCommands();
Specs SavingCommands();
Specs ScanCommands();
Specs StringCommands();
Specs StringNumberCommands();
Specs HashCommands();
Specs HashExpireCommands();
Specs ListCommands();
Specs ListEndCommands();
Specs ListBlockingCommands();
Specs SetCommands();
Specs SetAlgebraCommands();
Specs SortedSetCommands();
Specs SortedSetPopCommands();
Specs SortedSetRangeCommands();
Specs SortedSetAlgebraCommands();
Specs StreamCommands();
Specs StreamInfoCommands();
Specs StreamReadCommands();
Specs StreamGroupCommands();
Specs StreamPendingCommands();
Specs StreamReadGroupCommands();
Specs StringLcsCommands();
Specs GeoCommands();
Specs GeoSearchCommands();
Specs SortCommands();
Specs BitCommands();
Specs BitFieldCommands();
Specs HyperLogLogCommands();
Specs FunctionCommands();
Specs ScriptCommands();
Specs TransactionCommands();
Specs DumpCommands();
Specs PubsubCommands();
Specs WaitCommands();
Specs SlowLogCommands();
Specs LatencyCommands();

// All of them, for command::Table.
std::vector<Specs> AllCommands();

}  // namespace kvasm::commands
