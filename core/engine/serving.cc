// Engine: how sessions that wait, for keys or for the host, get their replies.
#include <optional>

#include "core/base/errors.h"
#include "core/engine/engine.h"

namespace kvasm::engine {

using services::Session;

void Engine::EndWait(Session& session) {
  if (RunsScript(session.id)) {
    // What follows it in a transaction may be another script, or wait for the host.
    const uint64_t id = session.id;
    while (RunsScript(id) && !ContinueScript({.limit_us = script_limit_us_})) {
    }
    return;
  }
  const services::Waiter* waiter = waiters_.Find(session.id);
  if (waiter != nullptr && waiter->held) {
    const size_t index = waiter->command_index;
    const uint32_t before = session.out.size();
    waiters_.Remove(session.id);
    session.waiting = false;
    Reject(session, index, errors::kHeldByPause);
    return Settle(session, index, before);
  }
  if (waiters_.Unblock(session.id, false)) ServeWaiters();
}

base::Status Engine::LoadUsers(std::string_view file, std::string_view text,
                               const Session* current) {
  return acl_.Load(file, text, {sessions_, pubsub_, current});
}

void Engine::EndAclLoad(uint64_t session_id, bool read, std::string_view text) {
  Session* session = sessions_.Find(session_id);
  if (session == nullptr || !session->awaits_host) return;
  const std::string& file = config_.settings().aclfile;
  AnswerForHost(*session, read ? LoadUsers(file, text, session)
                               : base::Status(base::Error(errors::AclOpen(file, text))));
}

void Engine::EndAclSave(uint64_t session_id, bool written) {
  Session* session = sessions_.Find(session_id);
  if (session == nullptr || !session->awaits_host) return;
  AnswerForHost(*session,
                written ? base::Status::Ok() : base::Status(base::Error(errors::kAclSave)));
}

void Engine::EndConfigRewrite(uint64_t session_id, std::string_view reason) {
  Session* session = sessions_.Find(session_id);
  if (session == nullptr || !session->awaits_host) return;
  AnswerForHost(*session, reason.empty()
                              ? base::Status::Ok()
                              : base::Status(base::Error(errors::ConfigRewrite(reason))));
}

void Engine::EndConfigSet(uint64_t session_id, std::string_view directive,
                          std::string_view reason) {
  const std::vector<services::Config::Pair> before = config_.TakeUndo(session_id);
  if (!reason.empty()) config_.Restore(before);
  Session* session = sessions_.Find(session_id);
  if (session == nullptr || !session->awaits_host) return;
  AnswerForHost(*session, reason.empty()
                              ? base::Status::Ok()
                              : base::Status(base::Error(errors::ConfigFailed(directive, reason))));
}

void Engine::AnswerForHost(Session& session, const base::Status& status) {
  if (awaits_host_ && suspension_->session_id == session.id) return ContinueTransaction(status);
  session.waiting = session.awaits_host = false;
  const uint32_t before = session.out.size();
  ReplyStatus(session, status);
  EndReply(session, before);
  if (durability_.HoldsReplies()) HoldReply(session);
  pubsub_.SendHeld(session);
  sessions_.MarkReady(session);
  if (session.network && !session.close_after_reply) {
    served_.push_back(session.id);
    ResumeServed();
  }
}

void Engine::ReplyStatus(Session& session, const base::Status& status) {
  if (status.ok()) return session.reply.Ok();
  session.reply.Error(status.error());
  stats_.CountError(status.error());
}

void Engine::ServeWaiters() {
  serving_ = true;
  while (waiters_.has_calls() && !is_aside()) {
    StartInstant();
    const std::optional<services::Waiters::Call> call = waiters_.NextCall();
    if (!call) break;
    Session* session = sessions_.Find(call->session_id);
    // One that is being ended must not take anything any more.
    if (session == nullptr || !session->waiting || session->close_after_reply) continue;
    Serve(*session, call->wake);
  }
  serving_ = false;
  if (!feeding_) ResumeServed();
}

// What they sent meanwhile comes after all that waited when the key was written, and after all that
// the session who wrote it has sent. It may wake others, who queue behind: one loop for all, lest a
// chain of them exhaust the stack.
void Engine::ResumeServed() {
  if (resuming_) return;
  resuming_ = true;
  while (!served_.empty()) {
    Session* session = sessions_.Find(served_.front());
    served_.pop_front();
    // One that was served while its own request was still running goes on from there.
    if (session != nullptr && !session->being_fed) Feed(*session, {});
  }
  resuming_ = false;
}

bool Engine::IsHeldStill(const Session& session, const services::Waiter& waiter) {
  const std::vector<std::string_view> args(waiter.arguments.begin(), waiter.arguments.end());
  return IsHeld(session, table_.at(waiter.command_index), args);
}

void Engine::Serve(Session& session, services::Waiters::Wake wake) {
  const services::Waiter& waiter = *waiters_.Find(session.id);
  const size_t index = waiter.command_index;
  const uint32_t before = session.out.size();
  if (wake == services::Waiters::Wake::kAttempt) {
    if (waiter.held && IsHeldStill(session, waiter)) return waiters_.Hold(session.id);
    waiter.held ? RunHeld(session, waiter) : Attempt(session, waiter, true);
    if (session.waiting && is_aside()) return;
    if (session.waiting) return EndCommand(session, table_.at(index).name);
  } else if (wake == services::Waiters::Wake::kTimeout && waiter.keys.empty()) {
    Attempt(session, waiter, false);
  } else {
    const std::vector<std::string_view> args(waiter.arguments.begin(), waiter.arguments.end());
    timer_.Account(session, index, args, 0);  // to wait is no work
    if (wake == services::Waiters::Wake::kError) {
      session.reply.Error(errors::kUnblocked);
      ++stats_.commands[index].failed_calls;
      stats_.CountError(errors::kUnblocked);
    } else {
      session.reply.NullArray();
    }
    waiters_.Remove(session.id);
    session.waiting = false;
  }
  Settle(session, index, before);
  EndCommand(session, table_.at(index).name);
  session.last_interaction_ms = keyspace_.recent_ms();
  sessions_.MarkReady(session);
  if (session.network) served_.push_back(session.id);
}

// The waiter stays where it is, in its place among the others, until it has found something.
void Engine::Attempt(Session& session, const services::Waiter& waiter, bool may_wait) {
  const std::vector<std::string_view> args(waiter.arguments.begin(), waiter.arguments.end());
  RunLater(session, waiter.command_index, args, may_wait);
  session.waiting ? waiters_.Requeue(session.id) : waiters_.Remove(session.id);
}

void Engine::RunHeld(Session& session, const services::Waiter& waiter) {
  const size_t index = waiter.command_index;
  const std::vector<std::string> kept = waiter.arguments;
  const std::vector<std::string_view> args(kept.begin(), kept.end());
  waiters_.Remove(session.id);
  session.waiting = false;
  // A transaction looks by itself.
  const bool adds = (table_.at(index).flags & command::kDenyOom) != 0;
  if (!HasMemoryFor(adds, args)) return Reject(session, index, errors::kOom);
  RunLater(session, index, args, true);
}

}  // namespace kvasm::engine
