// What access control has refused lately (ACL LOG), newest first. Refusals of one kind within a
// minute of each other make one entry.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>

namespace kvasm::services {

enum class AclReason : uint8_t { kNone, kCommand, kKey, kChannel, kAuth };
enum class AclContext : uint8_t { kToplevel, kMulti, kLua };

class AclLog {
 public:
  // What is kept of a name or a key, which may be as long as a request; and while memory is full.
  static constexpr size_t kTextBytesMax = 64 * 1024;
  static constexpr size_t kTextBytesWhenFull = 256;

  struct Refusal {
    AclReason reason;
    AclContext context;
    std::string_view object;  // the command, the key, the channel; AUTH or HELLO
    std::string_view username;
    std::string_view client;  // as CLIENT LIST shows it
  };
  struct Entry {
    AclReason reason;
    AclContext context;
    std::string object;
    std::string username;
    std::string client;  // of the last refusal
    int64_t id = 0;
    uint64_t count = 1;
    int64_t created_ms = 0;
    int64_t updated_ms = 0;
  };

  // Keeps no more than `entries_max` entries. Each reason is counted, too. While memory is full an
  // entry takes the place of the oldest.
  void Add(const Refusal& refusal, int64_t now_ms, uint64_t entries_max);
  const std::list<Entry>& entries() const { return entries_; }
  void Clear() { entries_.clear(); }
  // Bytes of all texts.
  uint64_t text_bytes() const;

  // How often this reason was met; Clear leaves it.
  uint64_t count(AclReason reason) const { return counts_[static_cast<size_t>(reason)]; }

 private:
  std::list<Entry> entries_;
  int64_t next_id_ = 0;
  uint64_t counts_[5] = {};
};

std::string_view ReasonText(AclReason reason);
std::string_view ContextText(AclContext context);

}  // namespace kvasm::services
