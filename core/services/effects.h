// What the engine asks its host to do. Commands queue effects; the host takes them after each call.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/numbers.h"

namespace kvasm::services {

struct Effect {
  // Those of files ask for an answer: Engine::EndAclLoad, EndAclSave, EndConfigRewrite. So does
  // kConfigSet, which follows the kConfig of directives that the host applies: EndConfigSet.
  enum class Kind : uint8_t {
    kShutdown,
    kConfig,
    kAclLoad,
    kAclSave,
    kConfigRewrite,
    kConfigSet,
    kCrash,
    kDone,  // what the host asked for has ended
  };
  Kind kind;
  std::string name{};    // kConfig: the setting; kCrash: the signal that ends the process; else the
                         // file
  std::string value{};   // kConfig: its new value; kAclSave: what to write; kConfigRewrite: see
                         // RewriteConfig; kCrash: who asked for it; kDone: why it failed, or ""
  uint64_t session = 0;  // who waits for the answer; kDone: what the host knows it by
};

// Several texts in one value: "<bytes>:<text>" each.
inline void AppendCounted(std::string* value, std::string_view text) {
  *value += base::Int64Text(text.size());
  *value += ':';
  *value += text;
}

class Effects {
 public:
  void Add(Effect effect) { queue_.push_back(std::move(effect)); }
  size_t pending() const { return queue_.size(); }
  std::vector<Effect> Take() { return std::exchange(queue_, {}); }

 private:
  std::vector<Effect> queue_;
};

}  // namespace kvasm::services
