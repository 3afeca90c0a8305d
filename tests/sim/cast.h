// The programs that live in the world, and what must hold for them.
//
// worker     pushes, pops, moves and waits for elements of lists, sorted sets and a stream: each
//            element is taken once, and none is lost
// counter    WATCH, GET, MULTI, SET, EXEC: the counter is the number of transactions that went
//            through
// teller     transfers between accounts, some given up, some with a command that fails: the sum
//            stays zero
// listener   subscribes and unsubscribes: it gets what it listens to, once, and nothing else
// publisher  publishes: as many get a message as PUBLISH said
// cacher     keeps what it reads, under CLIENT TRACKING: it never keeps an old value
// scripter   transfers between accounts in scripts and functions, quick ones and slow ones, some of
//            which are killed; inside transactions, too
// vandal     unblocks, kills, pauses; destroys where the temper says so
#pragma once

#include <memory>
#include <vector>

#include "tests/sim/player.h"

namespace kvasm::sim {

std::vector<std::unique_ptr<Player>> MakeCast(World& world);

// What scripters call with FCALL.
void LoadFunctions(World& world);
std::unique_ptr<Player> MakeScripter(World& world, std::string name);

}  // namespace kvasm::sim
