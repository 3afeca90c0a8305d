// All directives of Redis 7.2: their types, defaults, bounds and whether they may change at run time.
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
  enum class Source : uint8_t { kStartup, kRuntime };  // kRuntime refuses immutable directives
  using Pair = std::pair<std::string, std::string>;

  Config();
  ~Config();

  const Settings& settings() const { return settings_; }
  Settings& mutable_settings() { return settings_; }

  // The value as CONFIG GET shows it; false if there is no such directive. Aliases are known.
  bool Get(std::string_view name, std::string* value) const;
  // Directives whose name matches the glob pattern, aliases too when named, in Redis's order.
  std::vector<Pair> Match(std::string_view pattern) const;
  std::vector<std::string> Names() const;

  // Sets all or none. The error text is what CONFIG SET replies, e.g.
  // "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value".
  base::Status Set(std::span<const Pair> values, Source source);

  // Called after each directive that changed, with its canonical name and new value.
  void OnChange(std::function<void(std::string_view name, std::string_view value)> listener) {
    listener_ = std::move(listener);
  }

 private:
  struct State;
  Settings settings_;
  std::unique_ptr<State> state_;
  std::function<void(std::string_view, std::string_view)> listener_;
};

}  // namespace kvasm::services
