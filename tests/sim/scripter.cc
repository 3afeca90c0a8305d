// The program that has others' work done by scripts.
#include <string>
#include <utility>

#include "tests/sim/cast.h"

namespace kvasm::sim {
namespace {

// Takes from one account, turns for a while, gives to another.
constexpr const char* kTransfer =
    "redis.call('DECRBY', KEYS[1], ARGV[1])\n"
    "for i = 1, tonumber(ARGV[2]) do end\n"
    "redis.call('INCRBY', KEYS[2], ARGV[1])\n"
    "return 'done'";
// Turns for a while before it looks: it can be killed.
constexpr const char* kLook =
    "for i = 1, tonumber(ARGV[1]) do end\n"
    "return redis.call('GET', KEYS[1])";
// Fails before it has done anything.
constexpr const char* kGivenUp = "error({err = 'ERR given up'})";

class Scripter final : public Player {
 public:
  using Player::Player;

 protected:
  void Act() override {
    switch (world_.Below(9)) {
      case 0:
        return Send({"EVAL", kGivenUp, "0"});
      case 1:
        return Send({"EVAL", kLook, "1", Account(), ManyTurns()}, Ended());
      case 2:
        return Send({"FCALL_RO", "look", "1", Account(), ManyTurns()}, Ended());
      case 3: {
        std::vector<Request> parts;
        parts.push_back({{"DECRBY", "account0", "7"}, {}, {}});
        parts.push_back(Transfer());
        if (world_.OneIn(3)) parts.push_back(Transfer());
        parts.push_back({{"INCRBY", "account1", "7"}, {}, {}});
        return SendTransaction(std::move(parts), world_.OneIn(8), {}, {});
      }
      case 4:
      case 5:
        // Mostly nothing runs, or what has written already.
        return Send({world_.OneIn(2) ? "SCRIPT" : "FUNCTION", "KILL"});
      default:
        return Send(Transfer());
    }
  }

 private:
  std::string Account() { return "account" + std::to_string(world_.Below(4)); }
  // How often a script turns; the clock is looked at now and then.
  std::string Turns() { return world_.OneIn(3) ? "600000" : "10"; }
  std::string ManyTurns() { return world_.OneIn(2) ? "1500000" : "10"; }
  OnReply Ended() {
    return [this](const Value& reply) {
      if (!reply.is_error()) ++world_.counts.scripts;
      if (reply.text.find("killed") != std::string::npos) ++world_.counts.killed;
    };
  }
  Request Transfer() {
    std::vector<std::string> arguments{"EVAL", kTransfer};
    if (world_.OneIn(2)) arguments = {"FCALL", "transfer"};
    const std::string amount = std::to_string(1 + world_.Below(100));
    for (const std::string& argument : {std::string("2"), Account(), Account(), amount, Turns()}) {
      arguments.push_back(argument);
    }
    return {std::move(arguments), Ended(), {}};
  }
};

}  // namespace

void LoadFunctions(World& world) {
  const std::string library =
      "#!lua name=bank\n"
      "redis.register_function('transfer', function(KEYS, ARGV)\n" +
      std::string(kTransfer) +
      "\nend)\n"
      "redis.register_function{function_name = 'look', flags = {'no-writes'},\n"
      "callback = function(KEYS, ARGV)\n" +
      kLook + "\nend}";
  if (world.Ask({"FUNCTION", "LOAD", library}).text != "bank") world.Fail("no functions");
}

std::unique_ptr<Player> MakeScripter(World& world, std::string name) {
  return std::make_unique<Scripter>(world, std::move(name));
}

}  // namespace kvasm::sim
