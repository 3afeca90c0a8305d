// The scripts of EVAL: compiled once, kept by their SHA-1 until SCRIPT FLUSH.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/scripting/interpreter.h"
#include "core/scripting/shebang.h"

namespace kvasm::scripting {

class ScriptCache {
 public:
  struct Script {
    std::string sha;  // 40 lower-case hexadecimal digits
    std::string body;
    uint32_t flags;  // ScriptFlag bits
    int reference;   // of the interpreter
  };

  // `server` is borrowed. Nothing is set up before a script comes.
  explicit ScriptCache(Server& server) : server_(server) {}

  // Null if there is none. `sha` in any case, of any length.
  const Script* Find(std::string_view sha) const;
  // The script of this text, compiled if it is new. The error is what EVAL replies.
  base::Result<const Script*> Load(std::string_view body);
  // Forgets all scripts, and what the interpreter holds.
  void Clear();

  // Of the scripts; there is one as soon as there is a script.
  bool has_interpreter() const { return interpreter_ != nullptr; }
  Interpreter& interpreter() { return *interpreter_; }

  size_t size() const { return scripts_.size(); }
  // Heap bytes of the interpreter; of the texts, roughly.
  uint64_t interpreter_bytes() const;
  uint64_t script_bytes() const { return script_bytes_; }

 private:
  Server& server_;
  std::unique_ptr<Interpreter> interpreter_;
  std::map<std::string_view, std::unique_ptr<Script>> scripts_;  // keys in the values
  uint64_t script_bytes_ = 0;
};

}  // namespace kvasm::scripting
