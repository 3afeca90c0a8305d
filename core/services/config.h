// All directives of Redis 7.2: their types, defaults, bounds and whether they may change at run
// time.
// CONFIG GET / SET, redis.conf and command-line options all come through here.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/services/settings.h"

namespace kvasm::services {

class Config {
 public:
  enum class Source : uint8_t {
    kStartup,     // configuration file, command line, the host program: anything may be set
    kRuntime,     // CONFIG SET: not what is fixed at start-up, not what is protected
    kPrivileged,  // CONFIG SET by a client whom enable-protected-configs trusts
  };
  using Pair = std::pair<std::string, std::string>;

  Config();
  ~Config();

  const Settings& settings() const { return settings_; }
  Settings& mutable_settings() { return settings_; }

  // The value as CONFIG GET shows it; false if there is no such directive. Aliases are known.
  bool Get(std::string_view name, std::string* value) const;
  // Directives whose name or alias matches the glob pattern, letter case ignored. A name without
  // pattern characters is looked up exactly, finds hidden directives too and is returned as given.
  std::vector<Pair> Match(std::string_view pattern) const;
  // All names and aliases.
  std::vector<std::string> Names() const;

  // All directives for who writes them into a file, as "<bytes>:<text>" each: name, alias, value,
  // "t" for texts, "m" for bytes or "" for others, "1" if the value is the default or "".
  std::string Export() const;

  // Sets all or none. The error text is what CONFIG SET replies, e.g.
  // "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory
  // value".
  base::Status Set(std::span<const Pair> values, Source source);

  // Changes that the host has yet to apply: what a session's CONFIG SET has replaced. Restore gives
  // the directives those values again, and tells the listener.
  std::vector<Pair> Present(std::span<const Pair> of) const;
  void KeepUndo(uint64_t session_id, std::vector<Pair> before);
  std::vector<Pair> TakeUndo(uint64_t session_id);
  void Restore(std::span<const Pair> values);

  // Called for each directive that changed, after all of them have, with its canonical name and its
  // value as CONFIG GET shows it.
  void OnChange(std::function<void(std::string_view name, std::string_view value)> listener) {
    listener_ = std::move(listener);
  }

 private:
  struct State;
  void UpdateSetting(std::string_view name, std::string_view value);

  Settings settings_;
  std::unique_ptr<State> state_;
  std::function<void(std::string_view, std::string_view)> listener_;
};

}  // namespace kvasm::services
