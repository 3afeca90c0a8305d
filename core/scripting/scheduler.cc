#include "core/scripting/scheduler.h"

#include <algorithm>

#include "core/scripting/interpreter.h"

namespace kvasm::scripting {
namespace {

// Where the table of threads keeps what frame number `frame` needs: its thread, then a handler.
int ThreadSlot(size_t frame) { return static_cast<int>(2 * frame + 1); }
int HandlerSlot(size_t frame) { return ThreadSlot(frame) + 1; }

// Threads that stand on each other: as many C calls as Lua allows.
constexpr size_t kDepthMax = 197;

constexpr char kYieldBoundary[] = "attempt to yield across metamethod/C-call boundary";

// coroutine.wrap: an error of the coroutine is raised again in its caller.
constexpr char kWrapSource[] =
    "local resume, check = ... "
    "return function(co) return function(...) return check(resume(co, ...)) end end";

}  // namespace

Scheduler& Scheduler::Of(lua_State* L) { return Interpreter::Of(L).scheduler(); }

void Scheduler::Open(lua_State* main) {
  lua_newtable(main);
  threads_ref_ = luaL_ref(main, LUA_REGISTRYINDEX);
  lua_pushcfunction(main, &Pcall);
  lua_setglobal(main, "pcall");
  lua_pushcfunction(main, &Xpcall);
  lua_setglobal(main, "xpcall");

  constexpr luaL_Reg kLibrary[] = {{"create", &Create},   {"resume", &ResumeCoroutine},
                                   {"running", &Running}, {"status", &Status},
                                   {"yield", &Yield},     {nullptr, nullptr}};
  luaL_register(main, "coroutine", kLibrary);
  if (luaL_loadbuffer(main, kWrapSource, sizeof kWrapSource - 1, kCoroutineSource) != 0) {
    lua_error(main);
  }
  lua_getfield(main, -2, "resume");
  lua_pushcfunction(main, &CheckWrapped);
  lua_call(main, 2, 1);
  lua_pushcclosure(main, &Wrap, 1);
  lua_setfield(main, -2, "wrap");
  lua_pop(main, 1);
}

// --- running ---

void Scheduler::Start(lua_State* main, int argument_count) {
  const bool reusable = !frames_.empty() && status_ == 0;
  lua_State* thread = reusable ? frames_.front().thread : NewThread(main, 0);
  frames_.assign(1, {thread, Kind::kMain});
  lua_settop(thread, 0);
  // A script may have given its thread other globals.
  lua_pushvalue(main, LUA_GLOBALSINDEX);
  lua_xmove(main, thread, 1);
  lua_replace(thread, LUA_GLOBALSINDEX);
  lua_xmove(main, thread, argument_count + 1);  // few: there is room for them
  values_ = argument_count;
  status_ = LUA_YIELD;  // not to be reused before it has ended
  direct_depth_ = 0;
  aborting_ = false;
}

Scheduler::Outcome Scheduler::Resume(lua_State* main) {
  for (;;) {
    request_ = Request::kNone;
    const int count = values_;
    values_ = 0;
    status_ = lua_resume(frames_.back().thread, count);
    if (status_ == LUA_YIELD && request_ == Request::kSuspend) return Outcome::kSuspended;
    if (status_ == LUA_YIELD && request_ == Request::kStart) {
      frames_.push_back(asked_);
      continue;
    }
    if (status_ != LUA_YIELD && frames_.size() == 1) {
      return status_ == 0 ? Outcome::kDone : Outcome::kFailed;
    }
    if (aborting_) return Outcome::kFailed;
    const auto deliver = [](lua_State* L) {
      auto* self = static_cast<Scheduler*>(lua_touserdata(L, 1));
      self->Deliver(L);
      return 0;
    };
    if (lua_cpcall(main, deliver, this) != 0) {
      lua_pop(main, 1);
      status_ = LUA_ERRMEM;
      return Outcome::kNoMemory;
    }
  }
}

void Scheduler::End(lua_State* main) {
  lua_rawgeti(main, LUA_REGISTRYINDEX, threads_ref_);
  const bool reusable = status_ == 0;
  for (; anchored_ > (reusable ? ThreadSlot(0) : 0); --anchored_) {
    lua_rawgeti(main, -1, anchored_);
    const bool is_used = !lua_isnil(main, -1);
    lua_pop(main, 1);
    if (!is_used) continue;
    lua_pushnil(main);
    lua_rawseti(main, -2, anchored_);
  }
  lua_pop(main, 1);
  if (reusable) {
    lua_settop(thread(), 0);
  } else {
    frames_.clear();
  }
}

void Scheduler::Deliver(lua_State* main) {
  const Frame ended = frames_.back();
  frames_.pop_back();
  if (status_ != 0 && status_ != LUA_YIELD) return DeliverError(main, ended);
  lua_State* parent = frames_.back().thread;
  // An error handler has one value.
  if (ended.kind == Kind::kHandler) lua_settop(ended.thread, 1);
  const int count = lua_gettop(ended.thread);
  if (!kvasm_lua_reserve(parent, count + 1)) luaL_error(main, "too many results to resume");
  lua_pushboolean(parent, ended.kind != Kind::kHandler);
  lua_xmove(ended.thread, parent, count);
  values_ = count + 1;
}

void Scheduler::DeliverError(lua_State* main, Frame ended) {
  if (ended.kind == Kind::kXpcall && status_ == LUA_ERRRUN) {
    const size_t frame = frames_.size();
    lua_State* thread = lua_newthread(main);
    lua_rawgeti(main, LUA_REGISTRYINDEX, threads_ref_);
    lua_rawgeti(main, -1, HandlerSlot(frame));
    lua_xmove(main, thread, 1);
    lua_pop(main, 1);
    lua_xmove(ended.thread, thread, 1);
    Anchor(main, frame);
    frames_.push_back({thread, Kind::kHandler});
    values_ = 1;
    return;
  }
  lua_State* parent = frames_.back().thread;
  if (!kvasm_lua_reserve(parent, 3)) luaL_error(main, "stack overflow");
  const int before = lua_gettop(main);
  if (ended.kind == Kind::kHandler) {
    lua_pushliteral(main, "error in error handling");
  } else {
    lua_xmove(ended.thread, main, 1);
    if (ended.kind == Kind::kPcall) KeepErrorText(main);
  }
  const int count = lua_gettop(main) - before;
  lua_pushboolean(parent, 0);
  lua_xmove(main, parent, count);
  values_ = count + 1;
}

// Redis's pcall gives the text of its error tables, as when errors were strings. Of other tables it
// gives what they have as `err`, as one more value.
void Scheduler::KeepErrorText(lua_State* L) {
  if (!lua_istable(L, -1)) return;
  lua_pushliteral(L, "err");
  lua_rawget(L, -2);
  if (lua_isstring(L, -1)) lua_replace(L, -2);
}

// --- what scripts call ---

void Scheduler::Anchor(lua_State* L, size_t frame) {
  anchored_ = std::max(anchored_, HandlerSlot(frame));
  lua_rawgeti(L, LUA_REGISTRYINDEX, threads_ref_);
  lua_insert(L, -2);
  lua_rawseti(L, -2, ThreadSlot(frame));
  lua_pop(L, 1);
}

lua_State* Scheduler::NewThread(lua_State* L, size_t frame) {
  lua_State* thread = lua_newthread(L);
  Anchor(L, frame);
  return thread;
}

void Scheduler::CheckDepth(lua_State* L) const {
  if (frames_.size() >= kDepthMax) luaL_error(L, "C stack overflow");
}

int Scheduler::Ask(lua_State* L, lua_State* thread, Kind kind, int argument_count) {
  asked_ = {thread, kind};
  values_ = argument_count;
  request_ = Request::kStart;
  return lua_yield(L, 0);
}

int Scheduler::Pcall(lua_State* L) {
  luaL_checkany(L, 1);
  Scheduler& self = Of(L);
  self.CheckDepth(L);
  if (!self.CanSuspend(L)) return self.DirectPcall(L, 0);
  const int count = lua_gettop(L);
  lua_State* thread = self.NewThread(L, self.frames_.size());
  if (!kvasm_lua_reserve(thread, count)) return luaL_error(L, "too many arguments");
  lua_xmove(L, thread, count);
  return self.Ask(L, thread, Kind::kPcall, count - 1);
}

int Scheduler::Xpcall(lua_State* L) {
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  Scheduler& self = Of(L);
  if (!self.CanSuspend(L)) {
    lua_insert(L, 1);  // the handler comes first
    return self.DirectPcall(L, 1);
  }
  self.CheckDepth(L);
  const size_t frame = self.frames_.size();
  lua_State* thread = self.NewThread(L, frame);
  lua_rawgeti(L, LUA_REGISTRYINDEX, self.threads_ref_);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, HandlerSlot(frame));
  lua_settop(L, 1);
  lua_xmove(L, thread, 1);
  return self.Ask(L, thread, Kind::kXpcall, 0);
}

// `handler` is its index, 0 if there is none.
int Scheduler::DirectPcall(lua_State* L, int handler) {
  const size_t depth = frames_.size();
  const int direct_depth = direct_depth_;
  const int status = lua_pcall(L, lua_gettop(L) - handler - 1, LUA_MULTRET, handler);
  if (status != 0) {
    frames_.resize(depth);
    direct_depth_ = direct_depth;
    if (aborting_) return lua_error(L);
    if (handler == 0) KeepErrorText(L);
  }
  if (handler != 0) lua_remove(L, handler);
  luaL_checkstack(L, 1, "too many results");
  lua_pushboolean(L, status == 0);
  lua_insert(L, 1);
  return lua_gettop(L);
}

int Scheduler::Create(lua_State* L) {
  luaL_argcheck(L, lua_isfunction(L, 1) && !lua_iscfunction(L, 1), 1, "Lua function expected");
  lua_State* thread = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, thread, 1);
  return 1;
}

int Scheduler::Wrap(lua_State* L) {
  Create(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, -2);
  lua_call(L, 1, 1);
  return 1;
}

const char* Scheduler::StatusText(lua_State* running, lua_State* thread) const {
  if (thread == running) return "running";
  bool innermost = true;
  for (size_t i = frames_.size(); i-- > 0;) {
    const bool is_coroutine =
        frames_[i].kind == Kind::kCoroutine || frames_[i].kind == Kind::kDirect;
    if (!is_coroutine) continue;
    if (frames_[i].thread == thread) return innermost ? "running" : "normal";
    innermost = false;
  }
  lua_Debug frame;
  switch (lua_status(thread)) {
    case LUA_YIELD:
      return "suspended";
    case 0:
      if (lua_getstack(thread, 0, &frame) > 0) return "normal";
      return lua_gettop(thread) == 0 ? "dead" : "suspended";
    default:
      return "dead";
  }
}

int Scheduler::Status(lua_State* L) {
  lua_State* thread = lua_tothread(L, 1);
  luaL_argcheck(L, thread, 1, "coroutine expected");
  lua_pushstring(L, Of(L).StatusText(L, thread));
  return 1;
}

int Scheduler::ResumeCoroutine(lua_State* L) {
  lua_State* thread = lua_tothread(L, 1);
  luaL_argcheck(L, thread, 1, "coroutine expected");
  Scheduler& self = Of(L);
  const char* status = self.StatusText(L, thread);
  if (status[0] != 's') {
    lua_pushboolean(L, 0);
    lua_pushfstring(L, "cannot resume %s coroutine", status);
    return 2;
  }
  self.CheckDepth(L);
  const int count = lua_gettop(L) - 1;
  if (!kvasm_lua_reserve(thread, count)) return luaL_error(L, "too many arguments to resume");
  lua_pushvalue(L, 1);
  self.Anchor(L, self.frames_.size());
  lua_xmove(L, thread, count);
  if (!self.CanSuspend(L)) return self.DirectResume(L, thread, count);
  return self.Ask(L, thread, Kind::kCoroutine, count);
}

int Scheduler::DirectResume(lua_State* L, lua_State* thread, int argument_count) {
  const size_t depth = frames_.size();
  frames_.push_back({thread, Kind::kDirect});
  ++direct_depth_;
  const int status = lua_resume(thread, argument_count);
  --direct_depth_;
  frames_.resize(depth);
  const bool failed = status != 0 && status != LUA_YIELD;
  const int count = failed ? 1 : lua_gettop(thread);
  luaL_checkstack(L, count + 1, "too many results to resume");
  lua_pushboolean(L, !failed);
  lua_xmove(thread, L, count);
  if (failed && aborting_) return lua_error(L);
  return count + 1;
}

int Scheduler::Yield(lua_State* L) {
  Scheduler& self = Of(L);
  const Frame& top = self.frames_.back();
  if (top.thread == L && top.kind == Kind::kCoroutine && self.CanSuspend(L)) {
    self.request_ = Request::kYield;
    return lua_yield(L, lua_gettop(L));
  }
  if (top.thread == L && top.kind == Kind::kDirect) return lua_yield(L, lua_gettop(L));
  lua_pushstring(L, kYieldBoundary);
  return lua_error(L);
}

int Scheduler::Running(lua_State* L) {
  const std::vector<Frame>& frames = Of(L).frames_;
  const auto innermost = std::find_if(frames.rbegin(), frames.rend(), [](const Frame& frame) {
    return frame.kind == Kind::kCoroutine || frame.kind == Kind::kDirect;
  });
  if (innermost == frames.rend()) {
    lua_pushnil(L);
  } else {
    if (!kvasm_lua_reserve(innermost->thread, 1)) return luaL_error(L, "stack overflow");
    lua_pushthread(innermost->thread);
    lua_xmove(innermost->thread, L, 1);
  }
  return 1;
}

// What coroutine.wrap's function makes of what resume gave.
int Scheduler::CheckWrapped(lua_State* L) {
  if (lua_toboolean(L, 1)) {
    lua_remove(L, 1);
    return lua_gettop(L);
  }
  lua_settop(L, 2);
  if (lua_isstring(L, 2)) {  // add where it was called
    luaL_where(L, 2);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

}  // namespace kvasm::scripting
