// Engine: what it does for durability: commands of a log, replies that wait for the disk.
#include <algorithm>
#include <utility>

#include "core/base/alloc.h"
#include "core/base/errors.h"
#include "core/commands/waiting.h"
#include "core/engine/admission.h"
#include "core/engine/engine.h"

namespace kvasm::engine {

using command::CommandSpec;
using services::Session;

void Engine::EndStorage(persist::StorageQueue::Lane lane, const persist::Outcome& outcome) {
  SampleClock();
  durability_.End(lane, outcome);
  if (waiters_.has_calls() && !serving_) ServeWaiters();
}

void Engine::Shutdown(durability::ShutdownSave save, bool force) {
  durability_.RequestShutdown(save, force);
}

durability::Executed Engine::ExecuteRecord(std::span<const std::string_view> arguments) {
  using durability::Executed;
  const int32_t found = table_.Resolve(arguments);
  if (found == command::Table::kNone) return Executed::kUnknown;
  const auto index = static_cast<size_t>(found);
  Session& session = log_session_;
  const CommandSpec& spec = table_.at(index);
  if (!spec.Takes(arguments.size())) {
    host_.log.Write(host::LogLevel::kWarning, errors::WrongArity(spec.name));
    return Executed::kUnknown;
  }
  // A log is of data. What is for the server or a connection (a reload in the middle of the load,
  // another user) nobody has recorded.
  const bool is_of_data = (spec.flags & (command::kAdmin | command::kNoScript)) == 0 ||
                          (spec.flags & command::kWrite) != 0 ||
                          spec.group == command::Group::kTransactions ||
                          spec.group == command::Group::kScripting;
  if (!is_of_data) return Executed::kDone;
  StartInstant();
  const bool is_queued = session.transaction.open() && !IsObeyedAtOnce(spec);
  const bool adds = is_queued || (spec.flags & command::kDenyOom) != 0;
  if ((adds && base::HeapExhausted()) || !HaveRoomFor(arguments)) {
    const bool has_freed = keyspace_.lazy_free().Finish();
    if (!has_freed || base::HeapExhausted() || !HaveRoomFor(arguments)) return Executed::kNoMemory;
  }
  const uint64_t errors_before = session.reply.errors();
  is_queued ? Queue(session, index, arguments) : Run(session, index, arguments, false);
  // Nobody reads what it replies, but that it has failed.
  bool is_refused = false;
  if (session.reply.errors() != errors_before) {
    std::string_view text = session.out.view();
    is_refused = text.find(errors::kOom) != text.npos;
    const size_t inner = text.find("\n-");  // of what EXEC replies
    if (inner != text.npos) text.remove_prefix(inner + 1);
    host_.log.Write(host::LogLevel::kWarning,
                    "== CRITICAL == This server is sending an error to its AOF-loading-client: '" +
                        std::string(text.substr(0, text.find('\r'))) +
                        "' after processing the command '" + std::string(spec.name) + "'");
  }
  session.out.Clear();
  session.waiting = session.awaits_host = replied_in_parts_ = false;
  return is_refused ? Executed::kNoMemory : Executed::kDone;
}

void Engine::BeginRecords() {
  log_session_.transaction.Close(keyspace_);
  log_session_.db = 0;
}

void Engine::EndHostWait(uint64_t session_id, const base::Status& status) {
  Session* session = sessions_.Find(session_id);
  if (session == nullptr || !session->awaits_host) return;
  AnswerForHost(*session, status);
}

void Engine::DropData() {
  for (int id = 0; id < keyspace_.database_count(); ++id) keyspace_.Flush(keyspace_.db(id), true);
  scripting_.libraries().Clear();
  tracking_.ForgetAll(true);
}

void Engine::HoldCommands(bool hold) {
  waiters_.Freeze(hold);
  if (!hold && !serving_) ServeWaiters();
}

void Engine::HoldReply(Session& session) {
  // One of this process is given its reply with a mark; its host holds it.
  if (!session.network) return;
  const durability::AppendLog& log = durability_.log();
  const uint64_t end = session.bytes_out + session.out.size();
  if (session.held.empty()) {
    session.free_end = session.bytes_out;
    held_.push_back(session.id);
  }
  if (!session.held.empty() && session.held.back().turn == log.turn()) {
    session.held.back().until = log.recorded();
    session.held.back().end = end;
  } else {
    session.held.push_back({.until = log.recorded(), .turn = log.turn(), .end = end});
  }
}

void Engine::ReleaseReplies() {
  std::erase_if(held_, [this](uint64_t id) {
    Session* session = sessions_.Find(id);
    if (session == nullptr) return true;
    size_t released = 0;
    for (const Session::HeldReply& reply : session->held) {
      if (!durability_.Covers(reply.until)) break;
      session->free_end = reply.end;
      ++released;
    }
    if (released == 0) return false;
    session->held.erase(session->held.begin(), session->held.begin() + static_cast<long>(released));
    sessions_.MarkReady(*session);
    return session->held.empty();
  });
  for (const auto& [id, until] : durability_.TakeSynced()) {
    // It may wait for something else by now.
    const services::Waiter* waiter = waiters_.Find(id);
    if (waiter == nullptr || table_.at(waiter->command_index).name != "waitaof") continue;
    if (waiter->arguments[3] == commands::SyncMark(until)) waiters_.Unblock(id, false);
  }
}

}  // namespace kvasm::engine
