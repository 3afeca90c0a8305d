#include "core/scripting/script_cache.h"

#include <utility>

#include "core/base/alloc.h"
#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/base/sha1.h"

namespace kvasm::scripting {

const ScriptCache::Script* ScriptCache::Find(std::string_view sha) const {
  constexpr size_t kShaChars = 40;
  if (sha.size() != kShaChars) return nullptr;
  auto found = scripts_.find(sha);
  if (found == scripts_.end()) found = scripts_.find(base::LowerCopy(sha));
  return found == scripts_.end() ? nullptr : found->second.get();
}

base::Result<const ScriptCache::Script*> ScriptCache::Load(std::string_view body) {
  std::string sha = base::HexText(base::Sha1(body));
  const auto found = scripts_.find(sha);
  if (found != scripts_.end()) return found->second.get();

  base::Result<ScriptHeader> header = ReadScriptHeader(body);
  if (!header) return header.TakeError();
  if (interpreter_ == nullptr) {
    auto interpreter = std::make_unique<Interpreter>(server_, Interpreter::Api::kEval);
    if (!interpreter->ok()) return base::Error(errors::kOom);
    interpreter_ = std::move(interpreter);
  }
  constexpr uint64_t kNodeBytes = 256;
  const uint64_t bytes = body.size() + kNodeBytes;
  if (!base::HaveRoom(2 * bytes)) return base::Error(errors::kOom);
  const base::Result<int> compiled =
      interpreter_->Compile(body.substr(header->bytes), "@user_script");
  if (!compiled) return base::Error(errors::ScriptCompile(compiled.error()));
  auto script =
      std::make_unique<Script>(Script{std::move(sha), std::string(body), header->flags, *compiled});
  script_bytes_ += bytes;
  const Script* loaded = script.get();
  scripts_.emplace(loaded->sha, std::move(script));
  return loaded;
}

void ScriptCache::Clear() {
  scripts_.clear();
  script_bytes_ = 0;
  interpreter_.reset();
}

uint64_t ScriptCache::interpreter_bytes() const {
  return interpreter_ == nullptr ? 0 : interpreter_->memory_bytes();
}

}  // namespace kvasm::scripting
