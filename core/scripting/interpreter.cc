#include "core/scripting/interpreter.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/base/errors.h"
#include "core/base/numbers.h"
#include "core/scripting/libraries.h"
#include "core/scripting/sandbox.h"
#include "core/scripting/values.h"

namespace kvasm::scripting {
namespace {

// Instructions between two looks at the clock: prime, for a loop whose length divides them would
// always be seen at the same place, which may be one that cannot be suspended. They are few at
// first and when a look has come late, and become more with each that has not: what a script calls
// may take a million times as long as an instruction of its own, and the host waits.
constexpr int kPaces[] = {1, 7, 61, 499, 4'999};
constexpr size_t kFirstPace = 1;
constexpr int64_t kLateUs = 20'000;
// Lua collects when its memory has doubled. What one script may have left behind beyond this goes
// sooner: in steps of so many KB, one every so many runs.
constexpr uint64_t kUncollectedBytes = 1 << 20;
constexpr uint32_t kRunsPerCollection = 50;
// With so much memory all of it is collected after a run: the next one shall find room.
constexpr uint64_t kBytesToCollect = Interpreter::kBytesMax / 4;
constexpr int kCollectionKb = 50;
constexpr int kChoreKb = 400;  // of a tick, when there is time
// What a value takes in one of Lua's tables, at least. What is replied has no more values than
// these and some, unless tables are in it many times: a few then make a reply without end.
constexpr uint64_t kValueBytes = 16;
constexpr uint64_t kReplyValues = 1 << 22;

void OnCount(lua_State* L, lua_Debug*) { Interpreter::Of(L).Interrupt(L, true); }

// Lua calls it for an error outside of any protected call: there must be none.
int OnPanic(lua_State*) {
  CHECK(false);
  return 0;
}

void PushTable(lua_State* L, std::span<const std::string_view> texts) {
  lua_createtable(L, static_cast<int>(texts.size()), 0);
  int index = 0;
  for (const std::string_view text : texts) {
    lua_pushlstring(L, text.data(), text.size());
    lua_rawseti(L, -2, ++index);
  }
}

void SetGlobal(lua_State* L, const char* name) {
  kvasm_lua_set_readonly(L, LUA_GLOBALSINDEX, 0);
  lua_pushstring(L, name);
  lua_insert(L, -2);
  lua_rawset(L, LUA_GLOBALSINDEX);
  kvasm_lua_set_readonly(L, LUA_GLOBALSINDEX, 1);
}

}  // namespace

Interpreter::Interpreter(Server& server, Api api) : server_(server) {
  main_ = lua_newstate(&Reallocate, this);
  if (main_ == nullptr) return;
  lua_atpanic(main_, &OnPanic);
  if (!Protected([&](lua_State* L) { Open(L, api); })) {
    lua_close(main_);
    main_ = nullptr;
  }
}

Interpreter::~Interpreter() {
  if (main_ != nullptr) lua_close(main_);
}

void Interpreter::Open(lua_State* L, Api api) {
  // Threads take it over from the one that creates them.
  lua_sethook(main_, &OnCount, LUA_MASKCOUNT, kPaces[kFirstPace]);
  OpenSandbox(L, scheduler_, api);
  if (api == Api::kEval) return;
  LibraryApi tables;
  OpenLibraryApi(L, &tables);
  api_loading_ = tables.loading;
  api_running_ = tables.running;
}

// Lua counts on blocks that shrink to stay.
void* Interpreter::Reallocate(void* self, void* block, size_t old_bytes, size_t new_bytes) {
  auto& bytes = static_cast<Interpreter*>(self)->bytes_;
  if (new_bytes == 0) {
    base::Free(block);
    bytes -= old_bytes;
    return nullptr;
  }
  const bool grows = new_bytes > old_bytes;
  if (grows && bytes + (new_bytes - old_bytes) > kBytesMax) return nullptr;
  void* moved = base::TryReallocate(block, new_bytes);
  if (moved == nullptr) {
    if (grows) return nullptr;
    moved = block;
  }
  bytes = bytes - old_bytes + new_bytes;
  return moved;
}

base::Result<int> Interpreter::Compile(std::string_view text, const char* name) {
  int reference = LUA_NOREF;
  std::string error = "not enough memory";
  Protected([&](lua_State* L) {
    if (luaL_loadbuffer(L, text.data(), text.size(), name) == 0) {
      reference = luaL_ref(L, LUA_REGISTRYINDEX);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
      error = lua_tostring(L, -1);
    }
  });
  if (reference == LUA_NOREF) return base::Error(std::move(error));
  return reference;
}

void Interpreter::Release(int reference) {
  Protected([&](lua_State* L) { luaL_unref(L, LUA_REGISTRYINDEX, reference); });
}

bool Interpreter::StartChunk(int reference, std::span<const std::string_view> keys,
                             std::span<const std::string_view> arguments) {
  return Start(reference, keys, arguments, true);
}

bool Interpreter::StartFunction(int reference, std::span<const std::string_view> keys,
                                std::span<const std::string_view> arguments) {
  return Start(reference, keys, arguments, false);
}

void Interpreter::BeginRun() {
  random_.Seed(server_.RandomSeed());
  started_us_ = slice_began_us_ = server_.ExactUs();
  is_new_ = true;
  looked_us_ = started_us_;
  pace_ = kFirstPace;
  stuck_since_us_ = 0;
  busy_ = too_long_ = false;
}

bool Interpreter::Start(int reference, std::span<const std::string_view> keys,
                        std::span<const std::string_view> arguments, bool as_globals) {
  BeginRun();
  running_ = true;
  return Protected([&](lua_State* L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
    if (as_globals) {
      // A run before may have given the chunk other globals.
      lua_pushvalue(L, LUA_GLOBALSINDEX);
      lua_setfenv(L, -2);
    }
    PushTable(L, keys);
    if (as_globals) SetGlobal(L, "KEYS");
    PushTable(L, arguments);
    if (as_globals) SetGlobal(L, "ARGV");
    scheduler_.Start(L, as_globals ? 0 : 2);
    lua_sethook(scheduler_.thread(), &OnCount, LUA_MASKCOUNT, kPaces[kFirstPace]);
  });
}

base::Status Interpreter::RunLibrary(int reference, Library& library, int64_t limit_us) {
  BeginRun();
  ShowApi(main_, api_loading_);
  loading_ = &library;
  const bool started = Protected([&](lua_State* L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
    scheduler_.Start(L, 0);
  });
  base::Status status = base::Status::Ok();
  if (!started) {
    status = base::Error(errors::kOom);
  } else if (Resume({.limit_us = limit_us}) != Status::kDone) {
    status = base::Error(errors::LibraryFailed(too_long_ ? std::string(errors::kLibraryTimeout)
                                                         : DescribeFailure({}).text));
  }
  loading_ = nullptr;
  ShowApi(main_, api_running_);
  End();
  return status;
}

int64_t Interpreter::elapsed_us() const { return server_.ExactUs() - started_us_; }

Interpreter::Status Interpreter::Resume(const TimeLimits& limits) {
  limits_ = limits;
  if (!std::exchange(is_new_, false)) slice_began_us_ = server_.ExactUs();
  outcome_ = scheduler_.Resume(main_);
  if (outcome_ == Scheduler::Outcome::kSuspended) return Status::kSuspended;
  return outcome_ == Scheduler::Outcome::kDone ? Status::kDone : Status::kFailed;
}

bool Interpreter::IsLate(int64_t now_us) const {
  return now_us - std::max(looked_us_, slice_began_us_) > kLateUs;
}

void Interpreter::Look(lua_State* L) {
  const bool is_ruled = running_ || loading_ != nullptr;
  if (!is_ruled || scheduler_.aborting() || !IsLate(server_.ExactUs())) return;
  lua_sethook(L, &OnCount, LUA_MASKCOUNT, 1);
}

void Interpreter::Interrupt(lua_State* L, bool may_suspend) {
  if (scheduler_.aborting()) luaL_error(L, "script aborted");
  const int64_t now_us = server_.ExactUs();
  if (may_suspend) {
    pace_ = IsLate(now_us) ? 0 : std::min(pace_ + 1, std::size(kPaces) - 1);
    looked_us_ = now_us;
    // Elsewhere it would begin to count anew, and in a loop of such calls never end.
    lua_sethook(L, &OnCount, LUA_MASKCOUNT, kPaces[pace_]);
  }
  const int64_t elapsed_us = now_us - started_us_;
  if (limits_.busy_us > 0 && elapsed_us >= limits_.busy_us) busy_ = true;
  const bool is_due = busy_ && now_us - slice_began_us_ >= limits_.slice_us;
  if (is_due && limits_.slice_us > 0) {
    if (may_suspend && scheduler_.CanSuspend(L)) {
      stuck_since_us_ = 0;
      // Lua counts the instruction once more when it goes on: at a pace of 1, on a machine that is
      // late for each look, it would never get past it.
      pace_ = kFirstPace;
      lua_sethook(L, &OnCount, LUA_MASKCOUNT, kPaces[pace_]);
      // Once it is suspended nobody can tell.
      if (!FindPlace(L, 0, &suspended_at_)) suspended_at_.source = nullptr;
      return scheduler_.Suspend(L);
    }
    if (stuck_since_us_ == 0) stuck_since_us_ = now_us;
  }
  const bool is_stuck = stuck_since_us_ != 0 && now_us - stuck_since_us_ >= limits_.stuck_us;
  const bool is_over = limits_.limit_us > 0 && elapsed_us >= limits_.limit_us;
  if (!is_stuck && !is_over) return;
  too_long_ = true;
  scheduler_.set_aborting(true);
  // Whatever catches this error is stopped at its next line.
  lua_sethook(L, &OnCount, LUA_MASKLINE | LUA_MASKCOUNT, 1);
  luaL_error(L, "script aborted");
}

std::string_view Interpreter::WriteResult(resp::Writer& reply, int script_protocol) {
  const uint64_t values_max = kReplyValues + bytes_ / kValueBytes;
  bool is_whole = false;
  const bool fits = Protected([&](lua_State* L) {
    lua_State* thread = scheduler_.thread();
    if (lua_gettop(thread) == 0) lua_pushnil(thread);
    lua_settop(thread, 1);
    lua_xmove(thread, L, 1);
    is_whole = WriteValue(L, reply, script_protocol, server_, open_tables_, values_max);
  });
  if (!fits) return errors::kOom;
  return is_whole ? std::string_view() : errors::kScriptReplyTooLong;
}

Failure Interpreter::DescribeFailure(std::string_view name) {
  if (too_long_) return {std::string(errors::kScriptTooLong)};
  const bool is_plain =
      outcome_ == Scheduler::Outcome::kNoMemory || scheduler_.status() != LUA_ERRRUN;
  Failure failure{errors::ScriptFailed(name, "not enough memory")};
  if (is_plain && outcome_ == Scheduler::Outcome::kNoMemory) return failure;
  Protected([&](lua_State* L) {
    lua_State* thread = scheduler_.thread();
    if (is_plain) {
      const bool is_text = lua_type(thread, -1) == LUA_TSTRING;
      failure.text = errors::ScriptFailed(name, is_text ? lua_tostring(thread, -1) : "failed");
    } else {
      DescribeError(L, thread, name, &failure);
    }
  });
  return failure;
}

Failure Interpreter::DescribeKill(std::string_view name) {
  const lua_Debug& at = suspended_at_;
  return {errors::ScriptKilled(
      at.source != nullptr ? errors::ScriptPlace(name, at.source, at.currentline) : "")};
}

void Interpreter::End() {
  running_ = false;
  // Nothing of this may need memory: a script may have taken all there is.
  const auto end = [](lua_State* L, void* self) { static_cast<Scheduler*>(self)->End(L); };
  kvasm_lua_try(main_, end, &scheduler_);
  // What scripts may have changed for those that follow.
  kvasm_lua_end_gc_stop(main_);
  lua_gc(main_, LUA_GCSETPAUSE, 200);
  lua_gc(main_, LUA_GCSETSTEPMUL, 200);
  // Of what is in the midst of being marked some survives the first.
  if (bytes_ > collected_bytes_ + kUncollectedBytes) collections_due_ = 2;
  if (bytes_ > kBytesToCollect || scheduler_.status() == LUA_ERRMEM) {
    Collect();
  } else if (bytes_ > kUncollectedBytes && ++runs_ % kRunsPerCollection == 0) {
    Protected([](lua_State* L) { lua_gc(L, LUA_GCSTEP, kCollectionKb); });
  }
}

void Interpreter::Collect() {
  if (collections_due_ == 0) return;
  const auto collect = [](lua_State* L, void*) { lua_gc(L, LUA_GCCOLLECT, 0); };
  kvasm_lua_try(main_, collect, nullptr);
  collections_due_ = 0;
  collected_bytes_ = bytes_;
}

bool Interpreter::CollectSome() {
  if (collections_due_ == 0) return false;
  bool is_done = true;
  Protected([&](lua_State* L) { is_done = lua_gc(L, LUA_GCSTEP, kChoreKb) != 0; });
  if (!is_done) return true;
  collected_bytes_ = bytes_;
  return --collections_due_ != 0;
}

std::span<const std::string_view> Interpreter::CommandArguments(lua_State* L) {
  const auto count = static_cast<size_t>(lua_gettop(L));
  arguments_.resize(count);
  if (number_texts_.size() < count) number_texts_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const int index = static_cast<int>(i) + 1;
    const int type = lua_type(L, index);
    if (type == LUA_TNUMBER) {
      char* text = number_texts_[i].data();
      arguments_[i] = {text, FormatArgument(text, lua_tonumber(L, index))};
    } else if (type == LUA_TSTRING) {
      size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      arguments_[i] = {text, size};
    } else {
      return {};
    }
  }
  return arguments_;
}

}  // namespace kvasm::scripting

extern "C" void kvasm_lua_interrupt(lua_State* L) {
  kvasm::scripting::Interpreter::Of(L).Interrupt(L, false);
}

extern "C" void kvasm_lua_look(lua_State* L) { kvasm::scripting::Interpreter::Of(L).Look(L); }
