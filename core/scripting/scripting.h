// Scripts and functions, and the one that runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/scripting/interpreter.h"
#include "core/scripting/libraries.h"
#include "core/scripting/script_cache.h"

namespace kvasm::scripting {

// What is to be run: a script of the cache, or a function of a library. All borrowed.
struct ScriptRequest {
  Interpreter* interpreter = nullptr;
  int reference = 0;
  std::string_view name;  // the script's SHA-1, the function's name
  uint32_t flags = 0;     // ScriptFlag bits
  bool is_eval = false;
  bool read_only = false;  // EVAL_RO and its kin
  std::span<const std::string_view> keys;
  std::span<const std::string_view> arguments;
};

// The script that runs.
struct ScriptRun {
  Interpreter* interpreter = nullptr;
  std::string name;
  bool is_eval = false;
  bool read_only = false;      // it may not call commands that write
  bool allows_oom = false;     // it may call what needs memory though there is none
  bool out_of_memory = false;  // maxmemory was exceeded when it began
  bool has_written = false;
  bool suspended = false;   // the host has its turn
  bool was_logged = false;  // as slow
  int64_t began_ms = 0;
  int64_t told_us = 0;               // what TIME has replied to it in its turn; 0: nothing
  std::vector<std::string> command;  // that has called it; known from when it is suspended
};

class Scripting {
 public:
  explicit Scripting(Server& server) : cache_(server), libraries_(server) {}

  ScriptCache& cache() { return cache_; }
  Libraries& libraries() { return libraries_; }

  // What a command wants run: it is, by the engine, when the command's handler has returned.
  void Request(const ScriptRequest& request) { request_ = request; }
  const ScriptRequest& request() const { return request_; }

  bool is_running() const { return run_.interpreter != nullptr; }
  // Meaningful while one is running.
  ScriptRun& run() { return run_; }
  const ScriptRun& run() const { return run_; }
  // A running script waits for its next turn, and other commands are refused meanwhile.
  bool is_busy() const { return is_running() && run_.suspended; }
  // Asks for the end of the running script. The error is what SCRIPT KILL or, `is_eval` being
  // false, FUNCTION KILL replies.
  base::Status Kill(bool is_eval);
  bool was_killed() const { return killed_; }

  // Between runs: see Interpreter.
  void Collect();
  bool CollectSome();

  // DEBUG SET-DISABLE-DENY-SCRIPTS: scripts may call commands that are not made for them.
  void set_allows_all_commands(bool allows) { allows_all_commands_ = allows; }
  bool allows_all_commands() const { return allows_all_commands_; }

  void Begin(ScriptRun run) {
    run_ = std::move(run);
    killed_ = false;
  }
  void End() { run_ = {}; }

 private:
  ScriptCache cache_;
  Libraries libraries_;
  ScriptRequest request_;
  ScriptRun run_;
  bool killed_ = false;
  bool allows_all_commands_ = false;
};

}  // namespace kvasm::scripting
