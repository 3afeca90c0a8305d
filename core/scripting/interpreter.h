// One Lua state with Redis's sandbox: its memory is metered and bounded, its globals cannot be
// changed, it reaches nothing but the engine. EVAL has one, functions have another.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/prng48.h"
#include "core/base/result.h"
#include "core/resp/writer.h"
#include "core/scripting/lua_api.h"
#include "core/scripting/scheduler.h"
#include "core/scripting/server.h"
#include "core/scripting/values.h"

namespace kvasm::scripting {

// How long a script may run, in microseconds of Server::ExactUs.
struct TimeLimits {
  int64_t busy_us = 0;   // from then on it is suspended now and then; 0: never
  int64_t slice_us = 0;  // time it has between two suspensions
  int64_t limit_us = 0;  // then it is aborted; 0: never
  // How long it may go on when it should be suspended and cannot be.
  int64_t stuck_us = 5'000'000;
};

struct Library;

class Interpreter {
 public:
  // Lua's memory is bounded, apart from what bounds the whole heap: a script's mistake shall not
  // make the host's memory grow to its end, from where it never shrinks.
  static constexpr uint64_t kBytesMax = 512u << 20;

  enum class Api { kEval, kFunctions };

  // `server` is borrowed.
  Interpreter(Server& server, Api api);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // False if there was no memory for it: it must not be used then.
  bool ok() const { return main_ != nullptr; }

  static Interpreter& Of(lua_State* L) {
    void* self = nullptr;
    lua_getallocf(L, &self);
    return *static_cast<Interpreter*>(self);
  }

  // Compiles a chunk; the result is a reference for Start and Release. `name` as Lua has it
  // ("@user_script"). The error is Lua's text.
  base::Result<int> Compile(std::string_view text, const char* name);
  void Release(int reference);

  enum class Status { kDone, kFailed, kSuspended };

  // Runs a compiled chunk, with KEYS and ARGV as globals (EVAL). False if there is no memory.
  bool StartChunk(int reference, std::span<const std::string_view> keys,
                  std::span<const std::string_view> arguments);
  // Calls a function with keys and arguments as two tables.
  bool StartFunction(int reference, std::span<const std::string_view> keys,
                     std::span<const std::string_view> arguments);
  // Goes on with it until it ends or is suspended.
  Status Resume(const TimeLimits& limits);
  // After kDone: writes the value it has returned, and counts its errors. The error that is to be
  // replied instead of what has been written, if any.
  std::string_view WriteResult(resp::Writer& reply, int script_protocol);
  // After kFailed. `name`: of the script, for the text.
  Failure DescribeFailure(std::string_view name);
  // After kSuspended, of a script that is killed.
  Failure DescribeKill(std::string_view name);
  // Ends the run, in whatever state it is.
  void End();

  // Between runs: frees what they have left behind if it is much, and a part of it. The latter is
  // true while there is more to do.
  void Collect();
  bool CollectSome();

  // Runs a library's chunk, which registers its functions in `library`. It is not suspended. The
  // error is what FUNCTION LOAD replies.
  base::Status RunLibrary(int reference, Library& library, int64_t limit_us);
  // The one that RunLibrary runs; null if none.
  Library* loading() const { return loading_; }
  // Whether a script runs; not while a library is loaded.
  bool is_running() const { return running_; }

  // Whether the running script has passed limits.busy_us.
  bool is_busy() const { return busy_; }
  int64_t elapsed_us() const;

  uint64_t memory_bytes() const { return bytes_; }
  Server& server() { return server_; }
  Scheduler& scheduler() { return scheduler_; }
  base::Prng48& random() { return random_; }
  lua_State* main() { return main_; }

  // Calls `body(L)` so that an error of Lua's ends it and no more. False then; the stack is as
  // before. `body` must not hold anything with a destructor where it may raise.
  template <class Body>
  bool Protected(Body body) {
    const auto call = [](lua_State* L) {
      (*static_cast<Body*>(lua_touserdata(L, 1)))(L);
      return 0;
    };
    if (lua_cpcall(main_, call, &body) == 0) return true;
    lua_pop(main_, 1);
    return false;
  }

  // The arguments of a redis.* call: strings and numbers; empty if there is another value among
  // them. The values must stay on the stack. Valid until the next call.
  std::span<const std::string_view> CommandArguments(lua_State* L);

  // A buffer for texts, which an error of Lua's does not lose.
  std::string& scratch() { return scratch_; }

  // Called now and then while a script runs; may raise an error. Suspends the script if it
  // `may_suspend` and it is time to.
  void Interrupt(lua_State* L, bool may_suspend);
  // Called more often: if a look at the clock is late, the next instruction is interrupted.
  void Look(lua_State* L);

 private:
  static void* Reallocate(void* self, void* block, size_t old_bytes, size_t new_bytes);
  void Open(lua_State* L, Api api);
  void BeginRun();
  bool Start(int reference, std::span<const std::string_view> keys,
             std::span<const std::string_view> arguments, bool as_globals);

  bool IsLate(int64_t now_us) const;

  Server& server_;
  lua_State* main_ = nullptr;
  uint64_t bytes_ = 0;
  Scheduler scheduler_;
  base::Prng48 random_;
  Scheduler::Outcome outcome_{};
  TimeLimits limits_;
  int64_t started_us_ = 0;
  bool is_new_ = false;  // its first slice has begun with it
  int64_t slice_began_us_ = 0;
  int64_t looked_us_ = 0;       // at the clock
  size_t pace_ = 0;             // of the looks, an index
  int64_t stuck_since_us_ = 0;  // it should be suspended and cannot be; 0: no
  bool running_ = false;
  lua_Debug suspended_at_{};  // its source is alive while the function is
  bool busy_ = false;
  bool too_long_ = false;
  Library* loading_ = nullptr;
  int api_loading_ = 0;  // of libraries: what they find, and what their functions find
  int api_running_ = 0;
  uint32_t runs_ = 0;
  uint64_t collected_bytes_ = 0;  // memory after a collection
  int collections_due_ = 0;
  std::string scratch_;
  std::vector<OpenTable> open_tables_;
  std::vector<std::string_view> arguments_;
  std::vector<std::array<char, 32>> number_texts_;
};

}  // namespace kvasm::scripting
