// A session: one client, whether a socket, a port or the host program itself. Pure state; the
// engine drives it.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/resp/buffer.h"
#include "core/resp/request_parser.h"
#include "core/resp/writer.h"
#include "core/services/subscriptions.h"
#include "core/services/tracking_state.h"
#include "core/services/transaction.h"

namespace kvasm::services {

class AclUser;

// CLIENT REPLY.
enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkip };
inline bool IsSilent(ReplyMode mode) { return mode == ReplyMode::kOff || mode == ReplyMode::kSkip; }

// How much room the emptied output buffer keeps, which services::ReplyRooms adjusts.
struct ReplyRoom {
  static constexpr uint32_t kLeast = 1024;
  static constexpr uint32_t kMost = 16 * 1024;

  uint32_t bytes = kMost;
  uint32_t peak = 0;  // the most there was to send of late, up to `bytes`
  int64_t peak_since_ms = 0;
};

struct Session {
  explicit Session(uint64_t session_id) : id(session_id), reply(out) {}

  const uint64_t id;
  bool network = false;            // false: the host program calls commands in-process
  bool authenticated = true;       // as `user`
  bool close_after_reply = false;  // output is still to be written, input is not read any more
  bool cut_off = false;            // and nobody waits for what the client has not read yet
  bool being_fed = false;          // its requests are being executed
  bool input_held = false;         // requests wait for the output to be taken
  bool no_evict = false;
  bool no_touch = false;
  bool monitors = false;  // MONITOR
  bool in_ready_list = false;
  bool in_output_list = false;  // of Sessions, of those to be counted
  bool awaits_host = false;     // `waiting` for the answer to an effect
  bool waiting = false;         // a blocking command has parked; input is kept until it is served
  ReplyMode reply_mode = ReplyMode::kOn;
  int db = 0;

  const AclUser* user = nullptr;  // services::Acl tells who it is; borrowed

  Transaction transaction;
  std::unique_ptr<Subscriptions> subscriptions;  // null: none
  std::unique_ptr<TrackingState> tracking;       // null: off

  // "ip:port", "path:0" for unix sockets, "127.0.0.1:0" for connections in memory, "?:0" if it is
  // not known, "" in-process.
  std::string address;
  std::string local_address;
  std::string name;          // CLIENT SETNAME
  std::string library_name;  // CLIENT SETINFO
  std::string library_version;
  int64_t created_ms = 0;
  int64_t last_interaction_ms = 0;  // when a request came, or the reply to one that waited
  int64_t above_soft_since_ms = 0;  // its output is too large since then; 0: it is not
  std::string_view last_command;    // spec name, static; empty if there was no such command
  uint64_t counted_bytes = 0;       // by ClientMemory
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;

  // Replies that wait until the append-only log is durable up to a point. Ends are positions in all
  // that is ever sent, as bytes_out is.
  struct HeldReply {
    uint64_t until;  // in bytes recorded
    uint64_t turn;   // of the log: those of one are released together
    uint64_t end;
  };
  std::vector<HeldReply> held;
  uint64_t free_end = 0;  // up to where its output may be sent while some is held

  // Bytes of the output that may be sent now.
  uint32_t SendableBytes() const {
    return held.empty() ? out.size() : static_cast<uint32_t>(free_end - bytes_out);
  }

  resp::RequestParser parser;
  resp::Buffer out;
  ReplyRoom reply_room;
  resp::Writer reply;
  // Messages that follow the reply of the running command; in-process sessions get all theirs here.
  resp::Buffer pushes;
};

// Whether it came by a unix socket, whose address ends with a port that is none.
bool IsUnixSocket(const Session& session);

// All sessions, by id in order of creation. Ids are never reused.
class Sessions {
 public:
  Session& Open();
  // The session's memory is freed; references to it end.
  void Close(uint64_t id);
  // Null if there is none.
  Session* Find(uint64_t id);

  // Queues a session whose output, or whose end, is another one's doing, for the host to see to.
  void MarkReady(Session& session);
  // Takes the first out of that queue; null when it is empty.
  Session* NextReady();
  bool has_ready() const { return !ready_.empty(); }

  // With this on, sessions that MarkReady is called for are noted also for NextWithOutput.
  void set_notes_output(bool on) { notes_output_ = on; }
  // Takes one of them; null when there is none left.
  Session* NextWithOutput();

  size_t size() const { return sessions_.size(); }
  const std::vector<std::unique_ptr<Session>>& all() const { return sessions_; }

 private:
  std::vector<std::unique_ptr<Session>> sessions_;  // sorted by id
  uint64_t next_id_ = 1;
  std::list<uint64_t> ready_;
  bool notes_output_ = false;
  std::vector<uint64_t> with_output_;
  Session* last_ = nullptr;  // most calls are for the session of the call before
};

}  // namespace kvasm::services
