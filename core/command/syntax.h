// Reads the syntax line of a CommandSpec (its notation is described in spec.h) into a tree of
// arguments, from which COMMAND DOCS is written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvasm::command {

struct Argument {
  enum class Type : uint8_t {
    kString,
    kInteger,
    kDouble,
    kKey,
    kPattern,
    kUnixTime,
    kPureToken,
    kOneof,
    kBlock,
  };

  std::string name;
  Type type = Type::kString;
  // The word before the argument, or the whole of a pure token. May be the empty word.
  bool has_token = false;
  std::string token;
  std::string display;  // what documentation calls it; "" for the name
  std::string since;    // "" = as old as the command
  std::string deprecated_since;
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;  // each repetition brings its token again
  int key_spec = -1;            // index into CommandSpec::keys
  std::vector<Argument> parts;  // of a oneof or block
};

// "string", "pure-token" ... as COMMAND DOCS says.
std::string_view TypeText(Argument::Type type);

// False if the line does not follow the notation; `arguments` then holds what came before.
bool ParseSyntax(std::string_view syntax, std::vector<Argument>* arguments);

}  // namespace kvasm::command
