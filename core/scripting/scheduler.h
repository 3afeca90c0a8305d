// Runs a script's thread and the threads it starts, so that the script can be suspended: by the
// host at any time, or because a coroutine yields.
//
// Lua 5.1 cannot yield through a C function, and pcall and coroutine.resume are C functions. Here
// they do not call anything. They leave a request and yield; the scheduler, which no Lua frame
// stands on, then starts the new thread itself and resumes the one that asked once that has ended.
// Where a C function is on the stack all the same (a comparison for table.sort, a metamethod) they
// work as in plain Lua, and the script cannot be suspended until it has left.
//
// Replaces pcall, xpcall and the library coroutine.
#pragma once

#include <cstddef>
#include <vector>

#include "core/scripting/lua_api.h"

namespace kvasm::scripting {

// Where the part of coroutine.wrap that is written in Lua comes from: no place of a script.
inline constexpr char kCoroutineSource[] = "=coroutine";

class Scheduler {
 public:
  enum class Outcome {
    kDone,       // the values it returned are on top of thread()'s stack
    kFailed,     // the error is on top of thread()'s stack, and its frames are still there
    kNoMemory,   // there was none to go on
    kSuspended,  // by Suspend()
  };

  // Creates what it needs and sets the functions it replaces. May raise an error.
  void Open(lua_State* main);

  // Takes a function and its `argument_count` arguments from the main thread's stack. May raise.
  void Start(lua_State* main, int argument_count);
  // Runs the script, from where it was suspended.
  Outcome Resume(lua_State* main);
  // Forgets the threads. Needs no memory.
  void End(lua_State* main);

  // The script's own thread.
  lua_State* thread() const { return frames_.front().thread; }
  // Status of thread() after kFailed: LUA_ERRRUN, LUA_ERRMEM or LUA_ERRERR.
  int status() const { return status_; }

  // Whether the running function may suspend the script.
  bool CanSuspend(lua_State* running) const {
    return direct_depth_ == 0 && kvasm_lua_can_yield(running) != 0;
  }
  // Suspends it; to be the last act of a hook that CanSuspend.
  void Suspend(lua_State* running) {
    request_ = Request::kSuspend;
    lua_yield(running, 0);
  }
  // No error is caught any more: the whole script fails with the next one.
  void set_aborting(bool aborting) { aborting_ = aborting; }
  bool aborting() const { return aborting_; }

 private:
  enum class Kind { kMain, kPcall, kXpcall, kHandler, kCoroutine, kDirect };
  enum class Request { kNone, kSuspend, kStart, kYield };
  struct Frame {
    lua_State* thread;
    Kind kind;
  };

  static Scheduler& Of(lua_State* L);
  static int Pcall(lua_State* L);
  static int Xpcall(lua_State* L);
  static int Create(lua_State* L);
  static int Wrap(lua_State* L);
  static int ResumeCoroutine(lua_State* L);
  static int Yield(lua_State* L);
  static int Running(lua_State* L);
  static int Status(lua_State* L);
  static int CheckWrapped(lua_State* L);

  // A new thread, kept alive as the one of frame number `frame`.
  lua_State* NewThread(lua_State* L, size_t frame);
  // Keeps the thread on top of the stack alive, and pops it.
  void Anchor(lua_State* L, size_t frame);
  // Raises an error if no further thread may be started.
  void CheckDepth(lua_State* L) const;
  int Ask(lua_State* L, lua_State* thread, Kind kind, int argument_count);
  int DirectPcall(lua_State* L, int handler);
  int DirectResume(lua_State* L, lua_State* thread, int argument_count);
  const char* StatusText(lua_State* running, lua_State* thread) const;
  // Hands what the last thread has returned, yielded or raised to the one before. May raise.
  void Deliver(lua_State* main);
  void DeliverError(lua_State* main, Frame ended);
  static void KeepErrorText(lua_State* L);

  std::vector<Frame> frames_;
  int threads_ref_ = LUA_NOREF;  // the table that keeps them alive
  int anchored_ = 0;             // the last slot of that table in use
  Request request_ = Request::kNone;
  Frame asked_{};
  int values_ = 0;  // for the thread that is resumed next
  int status_ = 0;
  int direct_depth_ = 0;
  bool aborting_ = false;
};

}  // namespace kvasm::scripting
