// What the engine asks its host to do. Commands queue effects; the host takes them after each call.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace kvasm::services {

struct Effect {
  enum class Kind : uint8_t { kShutdown, kConfig };
  Kind kind;
  std::string name;   // kConfig: the setting; kShutdown: "", "SAVE" or "NOSAVE"
  std::string value;  // kConfig: its new value; kShutdown: any of "NOW FORCE ABORT"
};

class Effects {
 public:
  void Add(Effect effect) { queue_.push_back(std::move(effect)); }
  size_t pending() const { return queue_.size(); }
  std::vector<Effect> Take() { return std::exchange(queue_, {}); }

 private:
  std::vector<Effect> queue_;
};

}  // namespace kvasm::services
