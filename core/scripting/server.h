// What a running script asks of the engine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kvasm::scripting {

class Server {
 public:
  virtual ~Server() = default;

  // Executes a command as the script's caller. True: its reply is in reply() until DropReply.
  // False: it was refused before it began, and `refusal` says why ("-CODE text").
  virtual bool CallCommand(std::span<const std::string_view> args, std::string* refusal) = 0;
  virtual std::string_view reply() const = 0;
  virtual void DropReply() = 0;
  // The protocol of those replies, 2 or 3.
  virtual void SetReplyProtocol(int version) = 0;

  // Who is told of what the script writes from now on: keyspace::Journal::Audience bits.
  virtual void SetAudience(int audience) = 0;

  enum class Permission : uint8_t { kGranted, kDenied, kNoSuchCommand };
  // Whether the script's caller may call this.
  virtual Permission MayCall(std::span<const std::string_view> args) = 0;

  // `level` as redis.log has it: 0 debug to 3 warning.
  virtual void WriteLog(int level, std::string_view text) = 0;
  // Whether lines of that level are kept.
  virtual bool IsLogged(int level) const = 0;

  // Counts an error in the statistics.
  virtual void CountError(std::string_view text) = 0;

  // Where a script's random numbers start.
  virtual int32_t RandomSeed() = 0;

  // Microseconds, for durations.
  virtual int64_t ExactUs() = 0;
};

}  // namespace kvasm::scripting
